"""Imports: upload a file, have its columns recognised, try it, import it; rows that were set aside, to mend and bring again."""

from __future__ import annotations

import csv
import io
import json
import re
import secrets
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from flask import Response, abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may, person
from admin.errors import said
from admin.lists import ListPage
from admin.words import t
from engine import FactError, TierwiseError

KINDS = {
    "customers": ("Customers", "客户"),
    "products": ("Products", "商品"),
    "orders": ("Orders", "订单"),
    "lines": ("Order lines", "订单明细"),
    "rates": ("Exchange rates", "汇率"),
}
ACTS = {
    "undo": ("Taken back", "撤销导入"),
    "void": ("Voided by hand", "手工作废"),
    "unvoid": ("Brought back by hand", "手工恢复"),
    "join": ("Customers joined", "客户合并"),
    "separate": ("Customers separated", "客户拆分"),
    "flag": ("Flagged not graded", "标记不分级"),
}
"""What people did to facts by hand, which is kept among the imports."""
ENDINGS = (".csv", ".txt", ".tsv", ".gz", ".parquet", ".xlsx")
SHOWN = 200


class Imports(ListPage):
    """Every import, newest first, with the upload above."""

    table = "import_batch"
    menu_key = "imports"
    area = "imports"
    areas: ClassVar[dict[str, str]] = {"rejected": "personal_data"}
    title = ("Imports", "导入")
    columns: ClassVar[dict[str, tuple[str, str]]] = {
        "id": ("Import", "批次"),
        "file": ("File", "文件"),
        "kind": ("Kind", "类型"),
        "rows": ("Rows", "行数"),
        "created": ("New", "新增"),
        "updated": ("Changed", "更新"),
        "rejected": ("Set aside", "搁置"),
        "actor": ("By", "操作人"),
        "started_at": ("When", "时间"),
    }
    numbers = ("rows", "created", "updated", "rejected")
    searched = ("file",)
    filtered = ("kind", "actor", "rejected")
    column_default_sort = ("id", True)
    searches = ("File name", "文件名")
    empty = (
        ("Nothing was imported yet", "尚未导入数据"),
        (
            "Orders with customer, date and amount are enough to start; customers, products and rates make grades richer.",
            "含客户、日期与金额的订单即可开始；客户、商品与汇率可使分级更完善。",
        ),
    )
    list_template = "console/imports.html"
    cells: ClassVar[dict[str, Callable[[Any], Any]]] = {
        "kind": lambda row: t(*{**KINDS, **ACTS}.get(row.kind, (row.kind, row.kind))),
        "started_at": lambda row: g.formats.moment(row.started_at),
        "file": lambda row: row.file + (t(" (taken back)", "（已撤销）") if row.undone_at else ""),
    }
    links: ClassVar[dict[str, Callable[[Any], str | None]]] = {
        "id": lambda row: url_for("imports.batch", number=row.id),
        "rejected": lambda row: url_for("imports.batch", number=row.id) if row.rejected else None,
    }

    def heading(self, count: int | None) -> str:
        """What came in last, or that nothing has."""
        last = next((each for each in acting().batches(20) if each["kind"] in KINDS), None)
        if last is None:
            return t("Bring in customers and orders", "导入客户与订单")
        f = g.formats
        if last["rejected"]:
            return t(
                "{n} of {m} rows of {file} were set aside",
                "{file} 的 {m} 行中有 {n} 行被搁置",
                n=f.number(last["rejected"]),
                m=f.number(last["rows"]),
                file=last["file"],
            )
        return t("All {m} rows of {file} were taken", "{file} 的 {m} 行已全部接收", m=f.number(last["rows"]), file=last["file"])

    # --- upload ------------------------------------------------------------------------------------------------

    @expose("/upload", methods=("POST",))
    def upload(self) -> ResponseReturnValue:
        """Keep an uploaded file where only this installation reads it, and look into it."""
        given = request.files.get("file")
        if given is None or not given.filename:
            flash(t("Choose a file first.", "请先选择文件。"), "error")
            return redirect(url_for("imports.index_view"))
        name = safe_name(given.filename)
        if not name.lower().endswith(ENDINGS):
            flash(t("{name} is no CSV, XLSX or Parquet file.", "{name} 不是 CSV、XLSX 或 Parquet 文件。", name=name), "error")
            return redirect(url_for("imports.index_view"))
        token = f"{person().id}-{secrets.token_hex(8)}"
        folder = acting().jobs.files() / token
        folder.mkdir(mode=0o700)
        given.save(folder / name)
        return redirect(url_for("imports.prepare", token=token, name=name))

    @expose("/file/<token>/<name>")
    def prepare(self, token: str, name: str) -> ResponseReturnValue:
        """The first rows, and which column is what."""
        path = self._uploaded(token, name)
        try:
            view = acting().look_into(path, kind=request.args.get("kind") or None)
        except FactError as error:
            flash(str(error), "error")
            return redirect(url_for("imports.index_view"))
        return self._prepare(token, view, view.proposal)

    @expose("/file/<token>/<name>", methods=("POST",))
    def begin(self, token: str, name: str) -> ResponseReturnValue:
        """Try the import and keep nothing, or import for good: a job either way."""
        path = self._uploaded(token, name)
        mapping: Any = request.form.get("built_in") or None
        if mapping is None:
            view = acting().look_into(path, kind=request.form.get("kind") or None)
            mapping = document_of(request.form, view)
        elif mapping not in acting().look_into(path).fits:
            abort(400)
        dry = request.form.get("act") != "import"
        try:
            job = acting().jobs.submit(
                "import",
                {"file": f"{token}/{name}", "mapping": mapping, "name": name, "dry_run": dry},
                title=(t("Trial of {name}", "试导入 {name}", name=name) if dry else t("Import of {name}", "导入 {name}", name=name)),
            )
        except TierwiseError as error:
            flash(str(error), "error")
            return redirect(url_for("imports.prepare", token=token, name=name, kind=request.form.get("kind")))
        return redirect(url_for("imports.job", number=job.id))

    @expose("/job/<int:number>")
    def job(self, number: int) -> ResponseReturnValue:
        """How far an import is, and what came of it."""
        job = acting().jobs.get(number)
        if job.kind != "import":
            abort(404)
        result: Any = job.result or {}
        token, _, name = str(job.params["file"]).partition("/")
        dry = bool(job.params.get("dry_run"))
        return self.render(
            "console/import_job.html",
            title=_outcome(job, result, dry),
            crumb=t("Job {n}", "作业 {n}", n=number),
            crumbs=[(t(*self.title), url_for("imports.index_view"))],
            job=job,
            result=result,
            dry=dry,
            token=token,
            name=name,
            kept=(acting().jobs.files() / token / name).is_file(),
            mapping=json.dumps(job.params["mapping"], ensure_ascii=False),
            may_write=may("imports", "write"),
            step=lambda step: t("reading rows", "读取数据行"),
        )

    @expose("/job/<int:number>", methods=("POST",))
    def again(self, number: int) -> ResponseReturnValue:
        """Import for good what was tried."""
        tried = acting().jobs.get(number)
        if tried.kind != "import":
            abort(404)
        job = acting().jobs.submit(
            "import",
            {**tried.params, "dry_run": False},
            title=t("Import of {name}", "导入 {name}", name=tried.params.get("name", "")),
            dedupe=f"import-of:{number}",
        )
        return redirect(url_for("imports.job", number=job.id))

    # --- one import --------------------------------------------------------------------------------------------

    @expose("/<int:number>")
    def batch(self, number: int) -> ResponseReturnValue:
        """One import: its counts, and the rows that were set aside with the reason of each."""
        found = next((each for each in acting().batches(10_000) if each["batch"] == number), None)
        if found is None:
            abort(404)
        rows = acting().rejected_rows(number, limit=SHOWN)
        return self.render(
            "console/import_batch.html",
            title=t("Import {n}: {file}", "批次 {n}：{file}", n=number, file=found["file"]),
            crumb=t("Import {n}", "批次 {n}", n=number),
            crumbs=[(t(*self.title), url_for("imports.index_view"))],
            batch=found,
            kinds=KINDS,
            rows=rows,
            shown=SHOWN,
            said=said,
            personal=may("personal_data"),
            may_write=may("imports", "write"),
        )

    @expose("/<int:number>/rejected.csv")
    def rejected(self, number: int) -> ResponseReturnValue:
        """The rows that were set aside, in their own columns with the reason behind, to be mended and imported again."""
        rows = acting().rejected_rows(number, limit=100_000)
        acting().people.log_export("rejected", format="csv", personal=True, rows_=len(rows), filters={"batch": number})
        return Response(
            mendable(rows),
            mimetype="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="rejected-{number}.csv"'},
        )

    @expose("/<int:number>/undo", methods=("POST",))
    def undo(self, number: int) -> ResponseReturnValue:
        """Take an import back."""
        acting().undo_import(number)
        flash(t("Import {n} was taken back.", "批次 {n} 已撤销。", n=number), "success")
        return redirect(url_for("imports.batch", number=number))

    # --- inside ------------------------------------------------------------------------------------------------

    def _uploaded(self, token: str, name: str) -> Path:
        """The uploaded file, which only the person who brought it may use."""
        owner = re.fullmatch(r"([0-9]+)-[0-9a-f]{16}", token)
        if owner is None or owner[1] != str(person().id) or safe_name(name) != name:
            abort(404)
        path = acting().jobs.files() / token / name
        if not path.is_file():
            abort(404)
        return path

    def _prepare(self, token: str, view: Any, document: Any) -> str:
        fields = acting().import_fields(document["kind"])
        chosen = {key: (value["column"] if isinstance(value, dict) else value) for key, value in document["columns"].items()}
        formats = {key: (value.get("formats") or [""])[0] for key, value in document["columns"].items() if isinstance(value, dict)}
        missing = [each.name for each in fields if each.required and each.name not in chosen]
        f = g.formats
        if missing:
            title = t("{n} columns of {file} are still to be named", "{file} 还需指定 {n} 列", n=len(missing), file=view.name)
        elif view.total is not None:
            title = t("{file} is understood: {n} rows", "已识别 {file}：{n} 行", file=view.name, n=f.number(view.total))
        else:
            title = t("{file} is understood", "已识别 {file}", file=view.name)
        return self.render(
            "console/import_prepare.html",
            title=title,
            crumb=view.name,
            crumbs=[(t(*self.title), url_for("imports.index_view"))],
            token=token,
            view=view,
            document=document,
            fields=fields,
            chosen=chosen,
            formats=formats,
            missing=missing,
            kinds=KINDS,
        )


def safe_name(name: str) -> str:
    """The bare name of an uploaded file, whatever path or signs came with it."""
    bare = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    bare = "".join(c for c in bare if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, dot, ending = bare.rpartition(".")
    return f"{stem[:100] or 'file'}{dot}{ending[:12]}" if dot else bare[:100] or "file"


def document_of(form: Any, view: Any) -> dict[str, Any]:
    """The mapping document that the form describes; what is wrong with it the engine says."""
    columns: dict[str, Any] = {}
    for key, column in form.items():
        name = key.removeprefix("column:")
        if key.startswith("column:") and column in view.columns:
            pattern = form.get(f"format:{name}", "").strip()[:60]
            columns[name] = {"column": column, "formats": [pattern]} if pattern else column
    document: dict[str, Any] = {
        "kind": form.get("kind", view.proposal["kind"]),
        "source": form.get("source", "").strip() or "file",
        "columns": columns,
    }
    for key in ("encoding", "delimiter"):
        if key in view.proposal:
            document[key] = view.proposal[key]
    if document["kind"] in ("orders", "lines"):
        document["unknown_customers"] = "create" if form.get("create") else "reject"
    return document


def mendable(rows: Any) -> str:
    """Rejected rows as CSV in their own columns; a column at the end says what to mend. No cell starts a formula."""
    names: list[str] = []
    merged: dict[int, tuple[dict[str, Any], list[str]]] = {}
    for row in rows:
        try:
            cells = json.loads(row["row"])
        except ValueError:
            cells = {"row": row["row"]}
        if not isinstance(cells, dict):
            cells = {f"column {at}": cell for at, cell in enumerate(cells, 1)} if isinstance(cells, list) else {"row": cells}
        names += [name for name in cells if name not in names]
        kept = merged.setdefault(row["line"], (cells, []))
        kept[1].append(f"{row['column']}: {row['reason']}; {row['expected']}")
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow([*names, "what to mend"])
    for cells, why in merged.values():
        writer.writerow([*(_inert(cells.get(name)) for name in names), " | ".join(why)])
    return "\ufeff" + stream.getvalue()


def _inert(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not re.fullmatch(r"[+-]?[\d.,]+", text) else text


def _outcome(job: Any, result: Any, dry: bool) -> str:
    f = g.formats
    if job.is_open:
        return t("{name} is being read", "正在读取 {name}", name=job.params.get("name", ""))
    if job.status != "done":
        return t("{name} was not imported", "{name} 未导入", name=job.params.get("name", ""))
    aside = sum(result["rejected"].values())
    n, m = f.number(result["accepted"]), f.number(aside)
    if dry:
        if not aside:
            return t("All {n} rows would be taken", "全部 {n} 行均可接收", n=n)
        return t("{n} rows would be taken, {m} set aside", "可接收 {n} 行，将搁置 {m} 行", n=n, m=m)
    if not aside:
        return t("All {n} rows were taken", "已接收全部 {n} 行", n=n)
    return t("{n} rows were taken, {m} set aside", "已接收 {n} 行，搁置 {m} 行", n=n, m=m)


PAGES = [Imports]
