"""Change single fields of stored facts: rows that name a fact and bring only what changes.

Customers, products, rates and orders of one row go through the import, completed by what no row of their kind may lack.
Orders with lines, and their lines, are changed where they stand, since sending a few lines would replace all of them. Either
way a changed order holds until its source sends it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from engine.store.ingest.amend_orders import change_lines, change_orders
from engine.store.ingest.intake import Intake
from engine.store.ingest.naming import IDS, SINGULAR, Name, Stored, check_kind, find, names_of, refusal, source_key, unknown
from engine.store.ingest.report import ImportReport
from engine.store.ingest.rows import Numbered, import_numbered
from engine.store.ingest.stored_rows import order_rows, rate_rows
from engine.store.ingest.tables import Tables
from engine.store.session import Store

Named = tuple[int, Any, Name]


def amend_rows(store: Store, kind: str, rows: Iterable[Numbered], *, source: str, actor: str, authenticated: bool = False) -> ImportReport:
    """Change the facts that numbered rows name; a row that names none, or is wrong, is rejected, with its number and reason.

    rows: the fields of `IDS` and those that change; None clears one. Raises `FactError` for an unknown kind, source or field.
    """
    check_kind(kind)
    if kind != "rates":
        with store.read() as connection:
            source_key(Tables(connection), source)
    change = _Amending(kind)
    return import_numbered(store, kind, rows, source=source, actor=actor, authenticated=authenticated, name="changes of", change=change)


class _Amending:
    """Makes whole rows of rows that bring only what changes, or writes what changes itself."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._seen: set[Name] = set()

    def __call__(self, intake: Intake, block: list[Numbered]) -> list[Numbered]:
        """The rows that the import takes; the others are settled."""
        names, rejected = names_of(self.kind, block)
        named = [(number, row, name) for (number, row), name in zip(block, names, strict=True) if name is not None]
        found = find(intake.tables, self.kind, intake.source, [name for *_, name in named])
        sound: list[Named] = []
        for number, row, name in named:
            if name not in found:
                rejected.append(unknown(self.kind, number, row))
            elif name in self._seen:
                expected = f"one row per {SINGULAR[self.kind]}; it stands further up already"
                rejected.append(refusal(number, row, IDS[self.kind][-1], f"{SINGULAR[self.kind]} twice in the file", expected))
            elif "source" in row:
                rejected.append(refusal(number, row, "source", "cannot be changed", "the source that the request names"))
            else:
                self._seen.add(name)
                sound.append((number, row, name))
        intake.reject(rejected)
        taken = self._settle(intake, sound, found)
        intake.report.rows += len(block) - len(taken)
        return taken

    def _settle(self, intake: Intake, rows: Sequence[Named], found: dict[Name, Stored]) -> list[Numbered]:
        if self.kind == "lines":
            change_lines(intake, rows, found)
            return []
        if self.kind == "orders":
            change_orders(intake, [each for each in rows if found[each[2]].lined], found)
            plain = [each for each in rows if not found[each[2]].lined]
            stored = order_rows(intake, [found[name].key for *_, name in plain])
            return [(number, {**stored[found[name].key], **row}) for number, row, name in plain]
        if self.kind == "rates":
            rates = rate_rows(intake, [name for *_, name in rows])
            return [(number, {**rates[name], **row, "day": rates[name]["day"]}) for number, row, name in rows]
        return [(number, row) for number, row, _ in rows]
