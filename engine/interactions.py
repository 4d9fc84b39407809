"""What was said between us and customers: `engine.interactions`. Days since contact come from here.

engine.interactions.add("C1", channel="phone", note="asked about the new model")
engine.interactions.import_file("calls.csv")
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import clock
from engine.errors import Fault, InteractionError, PeopleError, TierwiseError, did_you_mean
from engine.moments import Moment, as_moment
from engine.store import audit
from engine.store import interactions as rows
from engine.store.identity import resolve_in
from engine.store.interactions import IN, OUT, Interaction
from engine.store.session import one_writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

DIRECTIONS = {"out": OUT, "in": IN}
COLUMNS = ("customer", "at", "channel", "direction", "by", "note", "reference")
NEEDED = ("customer", "at")
MOST, MOST_ROWS, MOST_FAULTS = 1_000, 2_000_000, 200
LONGEST_BY, LONGEST_NOTE, LONGEST_REFERENCE = 200, 4_000, 200
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")


@dataclass(frozen=True, slots=True)
class InteractionImport:
    """What came of a file: its rows, how many interactions are new, how many were known."""

    rows: int
    added: int
    known: int

    def as_dict(self) -> dict[str, int]:
        """As plain data."""
        return asdict(self)


class Interactions:
    """The verbs on interactions with customers within sight, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(
        self,
        customer: str,
        *,
        channel: str = "",
        direction: str = "out",
        at: Moment = None,
        by: str | None = None,
        note: str = "",
        reference: str | None = None,
    ) -> Interaction:
        """Write down an interaction. at: None is now. by: who of us; None is the owner word or name of the actor.

        reference: by which another system knows it: written once. Raises `InteractionError`, `UnknownCustomer`.
        """
        moment = clock.now() if at is None else as_moment(at, self.engine.zone, "at")
        values = self._values(
            {
                "channel": channel,
                "direction": direction,
                "by": self._me() if by is None else by,
                "note": note,
                "reference": reference or "",
            },
            moment,
        )
        with self.engine.store.write() as connection:
            one_writer(connection)
            key = resolve_in(connection, customer, reach=self.engine.sight.reach)
            once = f"given {reference}" if reference else f"hand {_hash(key, *values.values(), clock.now())}"
            self.write(connection, [{**values, "customer_id": key, "origin": "hand", "once": once}])
            number = rows.by_once(connection, once)
            self._note(connection, "interaction.add", number, channel=values["channel"])
            found = rows.get(connection, number, self.engine.sight)
        if found is None:
            raise InteractionError(f"reference: {reference!r} names an interaction that was voided; take another")
        return found[0]

    def of(self, customer: str, *, before: int | None = None, limit: int = 100) -> Sequence[Interaction]:
        """Those of a customer, the newest first. before: go on behind the one with this number."""
        with self.engine.store.read() as connection:
            key = resolve_in(connection, customer, reach=self.engine.sight.reach)
            return rows.of(connection, key, self.engine.sight, before=before, limit=min(max(limit, 1), MOST))

    def void(self, number: int) -> None:
        """Take one out that never was; the audit trail keeps that it was there."""
        with self.engine.store.write() as connection:
            one_writer(connection)
            found = rows.get(connection, number, self.engine.sight)
            if found is None:
                raise InteractionError(f"there is no interaction {number}")
            rows.void(connection, number, found[1], clock.now())
            self._note(connection, "interaction.void", number)

    def import_file(self, path: Path | str, *, dry_run: bool = False) -> InteractionImport:
        """Import a CSV file with a head, or JSON lines (.jsonl, .ndjson): all or nothing. Raises `InteractionError` with every fault."""
        return self.import_rows(_read(Path(path)), dry_run=dry_run)

    def import_rows(self, given: Iterable[tuple[int, Mapping[str, Any]]], *, dry_run: bool = False) -> InteractionImport:
        """Import numbered rows: columns customer, at, channel, direction, by, note, reference. The same row again is known."""
        faults: list[Fault] = []
        made: list[tuple[int, str, dict[str, Any], str]] = []
        for line, row in given:
            if len(made) >= MOST_ROWS:
                raise InteractionError(f"the file has more than {MOST_ROWS:,} rows; divide it")
            try:
                made.append((line, *self._row(row)))
            except TierwiseError as error:
                faults.append(Fault("TW424", f"line {line}", str(error)))
                if len(faults) >= MOST_FAULTS:
                    break
        with self.engine.store.together() as whole:
            connection = whole.connection
            one_writer(connection)
            keys = rows.keys_of(connection, sorted({name for _, name, _, _ in made}))
            if not self.engine.sight.reach.everybody:
                names = list(keys)
                seen = self.engine.sight.reach.flags(connection, np.array([keys[name] for name in names], np.int64))
                keys = {name: keys[name] for name, here in zip(names, seen.tolist(), strict=True) if here}
            for line, name, _, _ in made:
                if name not in keys and len(faults) < MOST_FAULTS:
                    faults.append(Fault("TW424", f"line {line}", f"there is no customer {name!r}"))
            if faults:
                raise InteractionError(
                    "the interactions cannot be imported; nothing was kept", sorted(faults, key=lambda each: int(each.place[5:]))
                )
            ready = [
                {**values, "customer_id": keys[name], "origin": "import", "once": reference or f"row {_hash(keys[name], *values.values())}"}
                for _, name, values, reference in made
            ]
            added = self.write(connection, ready)
            if added:
                self._note(connection, "interaction.import", added, rows=len(made))
            if dry_run:
                whole.undo()
        return InteractionImport(len(made), added, len(made) - added)

    # --- for other verbs ---------------------------------------------------------------------------------------

    def write(self, connection: Connection, given: Sequence[Mapping[str, Any]]) -> int:
        """Write interactions in the caller's transaction; how many are new."""
        fixed = {"created_by": self.engine.settings.actor, "created_at": clock.now()}
        return rows.add(connection, [{**each, **fixed} for each in given])

    # --- inside ------------------------------------------------------------------------------------------------

    def _row(self, row: Mapping[str, Any]) -> tuple[str, dict[str, Any], str]:
        for name in row:
            if name not in COLUMNS:
                hint = did_you_mean(str(name), COLUMNS) or "columns are " + ", ".join(COLUMNS)
                raise InteractionError(f"there is no column {str(name)[:40]!r}; {hint}")
        given = {name: str(value).strip() for name, value in row.items() if value not in (None, "")}
        for name in NEEDED:
            if not given.get(name):
                raise InteractionError(f"{name} is missing")
        values = self._values(given, as_moment(given["at"], self.engine.zone, "at"))
        reference = given.get("reference", "")
        return unicodedata.normalize("NFC", given["customer"]), values, f"given {reference}" if reference else ""

    def _values(self, given: Mapping[str, Any], moment: int) -> dict[str, Any]:
        if moment > clock.now():
            raise InteractionError(f"at: {self.engine.written(moment)} lies in the future; an interaction is written down when it was")
        channel, direction = str(given.get("channel") or ""), str(given.get("direction") or "out")
        if channel and not _WORD.match(channel):
            raise InteractionError(f"channel: found {channel[:60]!r}; expected up to 40 lower-case letters, digits and _, such as phone")
        if direction not in DIRECTIONS:
            raise InteractionError(f"direction: found {direction[:30]!r}; expected one of out, in")
        by, note = " ".join(str(given.get("by") or "").split()), str(given.get("note") or "").strip()
        if len(by) > LONGEST_BY or (by and not by.isprintable()):
            raise InteractionError(f"by: expected 1 to {LONGEST_BY} printable characters")
        if len(note) > LONGEST_NOTE or "\0" in note:
            raise InteractionError(f"note: at most {LONGEST_NOTE:,} characters")
        reference = str(given.get("reference") or "")
        if len(reference) > LONGEST_REFERENCE or (reference and not reference.isprintable()):
            raise InteractionError(f"reference: expected 1 to {LONGEST_REFERENCE} printable characters")
        return {"at": moment, "channel": channel, "direction": DIRECTIONS[direction], "by": by, "note": note}

    def _me(self) -> str:
        return word_of(self.engine)

    def _note(self, connection: Connection, action: str, number: int, **details: Any) -> None:
        audit.record(connection, **self.engine.acting, action=action, subject=f"interaction:{number}", details=details or None)


def word_of(engine: Engine) -> str:
    """The word by which facts name the actor: the owner of its user, else its name."""
    try:
        return engine.people.user(engine.settings.actor).owner or engine.settings.actor
    except PeopleError:  # the command line may act for somebody who is no user
        return engine.settings.actor


def _read(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() in (".jsonl", ".ndjson"):
                for line, text in enumerate(file, 1):
                    if text.strip():
                        row = json.loads(text)
                        if not isinstance(row, dict):
                            raise InteractionError(f"line {line}: expected an object")
                        yield line, row
            else:
                reader = csv.DictReader(file, strict=True)
                for row in reader:
                    if None in row or None in row.values():
                        raise InteractionError(f"line {reader.line_num}: expected {len(reader.fieldnames or ())} values, as the head has")
                    yield reader.line_num, row
    except (UnicodeDecodeError, csv.Error, ValueError, RecursionError) as error:
        raise InteractionError(f"the file cannot be read: {error}") from None


def _hash(*values: Any) -> str:
    return blake2b(json.dumps(values, ensure_ascii=False).encode("utf-8", "replace"), digest_size=16).hexdigest()


__all__ = ["COLUMNS", "DIRECTIONS", "Interaction", "InteractionImport", "Interactions"]
