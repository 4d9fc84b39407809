"""Tickets from files: rows with the moments at which things happened, all of a file or nothing."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.desk.states import RESOLVED
from engine.errors import DeskError, Fault, TierwiseError, did_you_mean
from engine.moments import as_moment

if TYPE_CHECKING:
    from engine.service import Engine

COLUMNS = (
    "reference", "customer", "kind", "subject", "text", "priority", "channel", "category", "cause", "owner", "language",
    "opened_at", "answer", "answered_at", "resolved_at", "closed_at", "compensation",
)  # fmt: skip
NEEDED = ("reference", "customer", "kind", "subject", "opened_at")
MOST_ROWS, MOST_FAULTS = 100_000, 200
MOMENTS = ("opened_at", "answered_at", "resolved_at", "closed_at")


@dataclass(frozen=True, slots=True)
class TicketImport:
    """What came of a file: its rows, how many tickets were opened, how many were known by their reference."""

    rows: int
    opened: int
    known: int


def import_file(engine: Engine, path: Path, *, acknowledge: bool = False) -> TicketImport:
    """Import a CSV file with a head, or JSON lines (.jsonl, .ndjson). Raises `DeskError` with every fault."""
    return import_rows(engine, _rows(path), acknowledge=acknowledge)


def import_rows(engine: Engine, rows: Iterable[tuple[int, Mapping[str, Any]]], *, acknowledge: bool = False) -> TicketImport:
    """Import numbered rows in one transaction; with a fault nothing is kept."""
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


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() in (".jsonl", ".ndjson", ".json"):
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
