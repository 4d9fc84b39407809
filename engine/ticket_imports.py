"""Tickets from files: rows with the moments at which things happened, all of a file or nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.desk.states import RESOLVED
from engine.errors import DeskError, FactError, Fault, TierwiseError, did_you_mean
from engine.moments import as_moment
from engine.store.ingest.assistant import plain, read_rows

if TYPE_CHECKING:
    from engine.service import Engine

COLUMNS = (
    "reference", "customer", "kind", "subject", "text", "priority", "channel", "category", "cause", "owner", "language",
    "opened_at", "answer", "answered_at", "resolved_at", "closed_at", "compensation",
)  # fmt: skip
NEEDED = ("reference", "customer", "kind", "subject", "opened_at")
MOST_ROWS, MOST_FAULTS = 100_000, 200
JSON_LINES = (".jsonl", ".ndjson", ".json")
MOMENTS = ("opened_at", "answered_at", "resolved_at", "closed_at")


NAMES: Mapping[str, str] = {
    "reference": "reference ticket ticketid ticketno ticketnumber case caseid caseno caseid number id 工单 工单号 工单编号 编号 外部编号",
    "customer": "customer customerid clientid memberid requester 客户 客户编号 客户号 会员号",
    "kind": "kind type tickettype 类型 工单类型 请求类型",
    "subject": "subject title summary 主题 标题",
    "text": "text description message body content 内容 描述 详情",
    "priority": "priority urgency 优先级 紧急程度",
    "channel": "channel source via 渠道 来源",
    "category": "category topic 类别 分类",
    "cause": "cause rootcause 原因 根本原因",
    "owner": "owner assignee agent 负责人 处理人",
    "language": "language locale 语言",
    "opened_at": "openedat opened created createdat createdtime date 创建时间 提交时间 受理时间",
    "answer": "answer firstanswer reply 答复 首次答复 答复内容",
    "answered_at": "answeredat firstansweredat firstreplyat respondedat 首次答复时间 答复时间",
    "resolved_at": "resolvedat solvedat 解决时间",
    "closed_at": "closedat closed 关闭时间",
    "compensation": "compensation refund 补偿 补偿金额",
}
"""What the columns of other systems are usually called; as read without spaces and signs."""


@dataclass(frozen=True, slots=True)
class TicketImport:
    """What came of a file: its rows, how many tickets were opened, how many were known by their reference."""

    rows: int
    opened: int
    known: int


@dataclass(frozen=True, slots=True)
class TicketFile:
    """What a file holds: its columns, first rows, about how many there are; columns: by field the column that is proposed for it."""

    name: str
    names: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: int | None
    columns: Mapping[str, str]

    @property
    def missing(self) -> list[str]:
        """Fields that are needed and have no column."""
        return [name for name in NEEDED if name not in self.columns]


def look(engine: Engine, path: Path) -> TicketFile:
    """What a file of tickets holds. Raises `FactError` or `DeskError` for one that cannot be read."""
    if path.suffix.lower() in JSON_LINES:
        some = [{name: str(value)[:200] for name, value in row.items()} for _, row in islice(_rows(path), 20)]
        names = list(dict.fromkeys(name for row in some for name in row))
        return TicketFile(path.name, names, [[row.get(name, "") for name in names] for row in some], None, _proposed(names))
    view = engine.look_into(path, kind="customers")
    return TicketFile(view.name, view.columns, view.rows, view.total, _proposed(view.columns))


def _proposed(names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field in COLUMNS:
        free = {plain(name): name for name in reversed(names) if name not in found.values()}
        column = next((free[each] for each in (plain(field), *NAMES[field].split()) if each in free), None)
        if column is not None:
            found[field] = column
    return found


def import_file(
    engine: Engine, path: Path, columns: Mapping[str, str] | None = None, *, acknowledge: bool = False, dry_run: bool = False
) -> TicketImport:
    """Import a CSV file with a head, or JSON lines (.jsonl, .ndjson); with columns also XLSX and Parquet, in any encoding.

    columns: by field the column of the file; None: the file's are named as the fields. Raises `DeskError` with every fault.
    """
    rows = _rows(path) if columns is None else _chosen(engine, path, checked_columns(columns))
    return import_rows(engine, rows, acknowledge=acknowledge, dry_run=dry_run)


def try_rows(engine: Engine, path: Path, columns: Mapping[str, str], most: int) -> tuple[int, Sequence[Fault]]:
    """How many of the first rows were tried, and their faults; nothing is kept."""
    rows: list[tuple[int, Mapping[str, Any]]] = []
    try:
        rows += islice(_chosen(engine, path, checked_columns(columns)), most)
        import_rows(engine, rows, dry_run=True)
    except FactError as error:
        return len(rows), [Fault("TW404", "", str(error))]
    except DeskError as error:
        return len(rows), error.faults or [Fault("TW404", "", str(error))]
    return len(rows), []


def checked_columns(columns: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse a choice of columns that lacks what is needed, or names a field that is none."""
    for name in columns:
        if name not in COLUMNS:
            raise DeskError(
                f"there is no column {str(name)[:40]!r}; {did_you_mean(str(name), COLUMNS) or 'columns are ' + ', '.join(COLUMNS)}"
            )
    for name in NEEDED:
        if name not in columns:
            raise DeskError(f"{name} is missing")
    return columns


def import_rows(
    engine: Engine, rows: Iterable[tuple[int, Mapping[str, Any]]], *, acknowledge: bool = False, dry_run: bool = False
) -> TicketImport:
    """Import numbered rows in one transaction; with a fault, or on trial, nothing is kept."""
    faults: list[Fault] = []
    count = opened = 0
    with engine.store.together() as whole:
        for line, row in rows:
            count += 1
            if count > MOST_ROWS:
                raise DeskError(f"the file has more than {MOST_ROWS:,} rows; divide it")
            try:
                before = whole.connection.begin_nested()
                opened += _row(engine, row, acknowledge)
                before.commit()
            except TierwiseError as error:
                before.rollback()
                faults.append(Fault("TW404", f"line {line}", str(error)))
                if len(faults) >= MOST_FAULTS:
                    break
        if faults:
            raise DeskError("the tickets cannot be imported; nothing was kept", faults)
        if dry_run:
            whole.undo()
    return TicketImport(count, opened, count - opened)


def _row(engine: Engine, row: Mapping[str, Any], acknowledge: bool) -> bool:
    """Open one ticket and bring it to where it is; False for one that is known."""
    for name in row:
        if name not in COLUMNS:
            raise DeskError(
                f"there is no column {str(name)[:40]!r}; {did_you_mean(str(name), COLUMNS) or 'columns are ' + ', '.join(COLUMNS)}"
            )
    given = {name: value for name, value in row.items() if value not in (None, "")}
    for name in NEEDED:
        if name not in given:
            raise DeskError(f"{name} is missing")
    at = {name: as_moment(given.get(name), engine.zone, name) if name in given else None for name in MOMENTS}
    _check_order(engine, at)
    newest = engine.tickets.newest()
    found = engine.tickets.open(
        str(given["customer"]),
        str(given["kind"]),
        str(given["subject"]),
        str(given.get("text", "")),
        priority=given.get("priority"),
        channel=str(given.get("channel", "")),
        category=str(given.get("category", "")),
        owner=str(given.get("owner", "")),
        language=given.get("language"),
        at=at["opened_at"],
        reference=str(given["reference"]),
        acknowledge=acknowledge and at["answered_at"] is None and at["resolved_at"] is None,
    )
    if found.id <= newest:
        return False
    if at["answered_at"] is not None:
        engine.tickets.say(found.id, str(given.get("answer") or "–"), at=at["answered_at"])
    changes: dict[str, Any] = {name: str(given[name]) for name in ("cause",) if name in given}
    if "compensation" in given:
        changes["compensation"] = _whole(given["compensation"])
    if changes:
        engine.tickets.edit(found.id, at=at["resolved_at"] or at["answered_at"] or at["opened_at"], **changes)
    if at["resolved_at"] is not None:
        engine.tickets.move(found.id, RESOLVED, at=at["resolved_at"])
        if at["closed_at"] is not None:
            engine.tickets.move(found.id, "closed", at=at["closed_at"])
    return True


def _check_order(engine: Engine, at: Mapping[str, int | None]) -> None:
    if at["closed_at"] is not None and at["resolved_at"] is None:
        raise DeskError("closed_at without resolved_at; a ticket is resolved before it is closed")
    former, name_before = at["opened_at"], "opened_at"
    for name in MOMENTS[1:]:
        moment = at[name]
        if moment is not None:
            if former is not None and moment < former:
                raise DeskError(
                    f"the moment of {name}, {engine.written(moment)}, is before that of {name_before}, {engine.written(former)}"
                )
            former, name_before = moment, name


def _whole(value: Any) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise DeskError(f"compensation: found {str(value)[:40]!r}; expected whole minor units") from None


def _chosen(engine: Engine, path: Path, columns: Mapping[str, str]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a file in any form, by field."""
    if path.suffix.lower() in JSON_LINES:
        for line, row in _rows(path):
            yield line, {field: row[column] for field, column in columns.items() if column in row}
        return
    for line, cells in read_rows(path, engine.business, list(columns.values())):
        yield line, {field: cells[column] for field, column in columns.items()}


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() in JSON_LINES:
                for number, text in enumerate(file, 1):
                    if text.strip():
                        yield number, _object(number, text)
            else:
                reader = csv.DictReader(file, restkey="", strict=True)
                for row in reader:
                    if "" in row:
                        raise DeskError(f"line {reader.line_num} has more cells than the head")
                    yield reader.line_num, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise DeskError(f"{path.name} cannot be read as UTF-8 text with a head line: {error}") from None


def _object(number: int, text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise DeskError(f"line {number} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise DeskError(f"line {number} is no object")
    return found
