"""Look into a file before it is imported: its columns, its first rows, and which mapping would fit.

What is proposed is a mapping document like any other; a person sees it, changes it, and tries it without keeping anything.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.documents import Document, read_text
from engine.errors import FactError, did_you_mean
from engine.store.ingest.fields import FIELDS
from engine.store.ingest.mapping import BusinessSettings, any_mapping, built_in_mappings
from engine.store.ingest.readers import Reader, open_reader

ROWS = 20
"""How many rows are shown, and looked at to tell what a column holds."""

ENCODINGS = ("utf-8", "gb18030", "cp1252")
DELIMITERS = (",", ";", "\t", "|")
DATES = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y")
DATES_ZH = ("%Y年%m月%d日 %H:%M", "%Y年%m月%d日", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y%m%d")

NAMES: Mapping[str, str] = {
    "customer": "customer customerid custid clientid client memberid member buyerid buyer userid uid 客户 客户编号 客户id 客户号 会员 会员编号 会员号 买家 用户id",
    "order": "order orderid orderno ordernumber invoice invoiceno invoiceid transaction transactionid receipt 订单 订单号 订单编号 单号 发票号 流水号",
    "ordered_at": "orderedat orderdate ordertime invoicedate date datetime time purchasedate createdat paidat timestamp 下单时间 订单时间 订单日期 日期 时间 付款时间 交易时间",
    "amount": "amount total totalamount ordertotal sales revenue value paid grandtotal 金额 订单金额 实付金额 支付金额 总金额 销售额 总价",
    "quantity": "quantity qty units count pieces 数量 件数",
    "unit_price": "unitprice price priceeach itemprice 单价 价格",
    "product": "product productid sku stockcode item itemid itemcode article 商品 商品编号 货号 产品编号 款号",
    "product.name": "productname description itemname title 商品名称 商品名 产品名称 品名",
    "name": "name fullname customername companyname displayname 姓名 名称 客户名称 客户姓名 公司名称",
    "kind": "kind type customertype 类型 客户类型",
    "gender": "gender sex 性别",
    "birth_date": "birthdate birthday dob dateofbirth 生日 出生日期",
    "country": "country nation 国家",
    "region": "region state province 省份 省 地区 大区",
    "city": "city town 城市 市",
    "industry": "industry sector 行业",
    "education": "education 学历",
    "income": "income yearlyincome salary 收入 年收入",
    "email": "email mail emailaddress 邮箱 电子邮件",
    "phone": "phone mobile telephone tel phonenumber 电话 手机 手机号",
    "joined_at": "joinedat joined registered registeredat signup createdat memberSince 注册时间 入会时间 注册日期 入会日期",
    "cost": "cost costprice 成本",
    "category": "category productcategory department 类目 品类 分类",
    "currency": "currency ccy 币种 货币",
    "seller": "seller salesperson salesrep agent 销售 销售员 业务员 导购",
    "store": "store shop branch location outlet 门店 店铺",
    "channel": "channel source medium 渠道",
    "status": "status state orderstatus 状态 订单状态",
    "refund_of": "refundof originalorder 原订单 原订单号",
    "customer.country": "country 国家",
    "day": "day date validfrom 日期 生效日期",
    "rate": "rate exchangerate 汇率",
}
"""Field to the names under which systems export it, in small letters without spaces."""


@dataclass(frozen=True, slots=True)
class FileView:
    """What a file holds and how it would be read.

    rows: the first rows as texts. total: about how many there are, None when unknown. fits: built-in mappings whose columns
    are all there. proposal: a mapping document; kind is the best guess. notes: what a person should look at.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: int | None
    encoding: str
    delimiter: str
    fits: Sequence[str]
    proposal: Mapping[str, Any]
    unclear: Sequence[str] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


def look(path: Path, settings: BusinessSettings, *, kind: str | None = None) -> FileView:
    """Look into a CSV, Parquet or XLSX file. kind: what it holds; None guesses. Raises `FactError` when it cannot be read."""
    reader, encoding, delimiter = _reader(path, settings)
    try:
        columns = list(reader.names)
        rows: list[list[str]] = []
        for chunk in reader.chunks(columns):
            texts = [[_text(value) for value in chunk.columns[name][:ROWS].to_pylist()] for name in columns]
            rows = [list(row) for row in zip(*texts, strict=True)]
            break
        total = reader.total()
    finally:
        reader.close()
    proposal, unclear = propose(columns, rows, kind)
    if encoding != "utf-8":
        proposal["encoding"] = encoding
    if delimiter != ",":
        proposal["delimiter"] = delimiter
    return FileView(path.name, columns, rows, total, encoding, delimiter, _fitting(columns, settings), proposal, unclear)


def read_rows(path: Path, settings: BusinessSettings, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Every row of such a file with its line, some columns of it as texts. Raises `FactError`, also for a torn row."""
    reader, _, _ = _reader(path, settings)
    try:
        for name in columns:
            if name not in reader.names:
                raise FactError(
                    f"{path.name} has no column {name!r}; {did_you_mean(name, reader.names) or 'it has ' + ', '.join(reader.names)}"
                )
        for chunk in reader.chunks(list(dict.fromkeys(columns))):
            if chunk.broken:
                torn = chunk.broken[0]
                raise FactError(f"line {torn.line} has {torn.cells} cells; expected {torn.expected}, as the head has")
            texts = [["" if value is None else str(value) for value in chunk.columns[name].to_pylist()] for name in columns]
            for line, cells in zip(chunk.lines.tolist(), zip(*texts, strict=True), strict=True):
                yield line, dict(zip(columns, cells, strict=True))
    finally:
        reader.close()


def _reader(path: Path, settings: BusinessSettings) -> tuple[Reader, str, str]:
    """An open reader, the encoding and the delimiter."""
    encoding, delimiter = _text_form(path)
    base: dict[str, Any] = {"kind": "orders", "source": "file", "columns": "native", "encoding": encoding, "delimiter": delimiter}
    return open_reader(path, any_mapping(base, settings=settings)), encoding, delimiter


def propose(columns: Sequence[str], rows: Sequence[Sequence[str]], kind: str | None = None) -> tuple[dict[str, Any], list[str]]:
    """A mapping document for some columns, and the fields of which a person should make sure."""
    kinds = [kind] if kind in FIELDS else list(FIELDS)
    best = max(kinds, key=lambda each: _score(each, columns))
    chosen: dict[str, Any] = {}
    unclear: list[str] = []
    taken: set[str] = set()
    for each in FIELDS[best]:
        found = _column_of(each.name, columns, taken)
        if found is None:
            continue
        taken.add(found)
        values = [row[columns.index(found)] for row in rows if row[columns.index(found)]]
        formats, sure = _formats(values) if each.form in ("moment", "day") else ([], True)
        chosen[each.name] = {"column": found, "formats": formats} if formats else found
        if not sure:
            unclear.append(each.name)
    document: dict[str, Any] = {"kind": best, "source": "file", "columns": chosen}
    if best in ("orders", "lines"):
        document["unknown_customers"] = "create"
    return document, unclear


def missing_fields(document: Mapping[str, Any]) -> list[str]:
    """The required fields that a proposal has no column for."""
    filled = document["columns"] if isinstance(document["columns"], Mapping) else {}
    return [each.name for each in FIELDS[document["kind"]] if each.required and each.name not in filled]


def _score(kind: str, columns: Sequence[str]) -> tuple[bool, int, int]:
    found = [each for each in FIELDS[kind] if _column_of(each.name, columns, set()) is not None]
    required = [each for each in FIELDS[kind] if each.required]
    return all(each in found for each in required), sum(each in found for each in required), len(found)


def _column_of(name: str, columns: Sequence[str], taken: set[str]) -> str | None:
    """The column that holds a field by its name: the same name, else one of the usual ones."""
    wanted = [plain(name), *map(plain, NAMES.get(name, "").split())]
    free = {plain(column): column for column in reversed(columns) if column not in taken}
    return next((free[each] for each in wanted if each in free), None)


def plain(name: str) -> str:
    """A name without spaces, signs and capitals, so that different spellings of it meet."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def _formats(values: Sequence[str]) -> tuple[list[str], bool]:
    """Formats that read every value, and whether only one reading is possible; none for ISO 8601."""
    if not values or all(_reads_iso(value) for value in values):
        return [], True
    fitting = [each for each in (*DATES_ZH, *DATES) if all(_reads(value, each) for value in values)]
    day_first = any(each.startswith("%d/") for each in fitting)
    month_first = any(each.startswith("%m/") for each in fitting)
    return fitting[:1], bool(fitting) and not (day_first and month_first)


def _reads(value: str, pattern: str) -> bool:
    try:
        dt.datetime.strptime(value, pattern)
    except ValueError:
        return False
    return True


def _reads_iso(value: str) -> bool:
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _text_form(path: Path) -> tuple[str, str]:
    """Encoding and delimiter of a text file, from its start; of other files what is usual."""
    with path.open("rb") as file:
        head = file.read(256 * 1024)
    if head[:4] in (b"PAR1", b"PK\x03\x04") or head[:2] == b"\x1f\x8b":
        return "utf-8", ","
    encoding = next((each for each in ENCODINGS if _decodes(head, each)), "utf-8")
    first = head.decode(encoding, errors="replace").lstrip("\ufeff").splitlines()[:1]
    line = first[0] if first else ""
    return encoding, max(DELIMITERS, key=lambda each: (line.count(each), -DELIMITERS.index(each)))


def _decodes(head: bytes, encoding: str) -> bool:
    for cut in range(4):  # the last character may be torn
        try:
            head[: len(head) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return True
    return False


def _fitting(columns: Sequence[str], settings: BusinessSettings) -> list[str]:
    """Built-in mappings whose required columns the file has, the closest first."""
    found = []
    for name, text in built_in_mappings().items():
        try:
            mapping = any_mapping(_body(read_text(text, name)), settings=settings)
        except FactError:
            continue
        needed = {each.column for each in mapping.columns.values() if not each.optional}
        if mapping.native:
            needed = {each.name for each in FIELDS[mapping.kind] if each.required}
        if needed and needed <= set(columns):
            found.append((-len(needed & set(columns)), name))
    return [name for _, name in sorted(found)]


def _body(document: Document) -> Mapping[str, Any]:
    body: Mapping[str, Any] = json.loads(json.dumps(document.value))
    return body


def _text(value: Any) -> str:
    return "" if value is None else str(value)[:200]
