"""Who moved in a run, or between two: the list behind a change matrix, as the engine's actor may see it.

Two runs are compared column against column, so a million customers take some tenths of a second the first time; what
was compared is kept, since a run never changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from sqlalchemy import Connection, select

from engine.columns import Array, Flags
from engine.errors import ListError, RunError, did_you_mean
from engine.exporting.table import BATCH, Field, Table
from engine.overview import Changed, changed_between, telling
from engine.run_report import REVENUE
from engine.store import outcomes
from engine.store.blocks import NONE as NO_LABEL
from engine.store.blocks import REASON
from engine.store.listing import Listing
from engine.store.models import block, run
from engine.store.outcomes import RunRecord
from engine.store.register import some_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.service import Engine

NONE = ""
"""Stands where a customer has no value."""

ANY = None
KEPT, MOST_ON_PAGE = 3, 200


@dataclass(frozen=True, slots=True)
class Move:
    """One customer that moved. name: masked for those who may not see it. amount: its sales in the run, minor units.

    reason: why there is no value now. changed: what is different about it, the most telling first.
    """

    customer: str
    name: str | None
    was: str
    now: str
    amount: int
    reason: str | None
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class MovesPage:
    """A page of those who moved, the largest sales first. cells: (was, now) to customers within sight, those who stayed too.

    total: how many fit was and now. came: customers that were not there before. as_of, since: moments of the two runs.
    """

    address: str
    run: int
    since_run: int
    as_of: int
    since: int
    cells: Mapping[tuple[str, str], int]
    came: int
    total: int
    page: int
    size: int
    rows: tuple[Move, ...]

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.size)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        cells = [{"was": was or None, "now": now or None, "customers": n} for (was, now), n in self.cells.items()]
        return {**asdict(self), "cells": cells, "rows": [asdict(row) for row in self.rows]}


@dataclass(frozen=True, slots=True)
class _Compared:
    """Customers of both runs with their label ids, why there is none now, and their sales."""

    customers: Array
    was: Array
    now: Array
    reason: Array | None
    amount: Array
    keys: Mapping[int, str]
    came: Array
    inputs: list[tuple[Mapping[str, Array], Mapping[str, Array]]] = field(default_factory=list)


_known: OrderedDict[tuple[Any, ...], _Compared] = OrderedDict()
_lock = threading.Lock()


def runs_to_compare(engine: Engine, most: int = 60) -> Sequence[tuple[int, int, str]]:
    """(number, as_of, status) of the runs whose columns are kept, the newest moment first."""
    query = select(run.c.id, run.c.as_of, run.c.status).join(block, (block.c.run_id == run.c.id) & (block.c.kind == "outcome"))
    query = query.where(run.c.status.in_(("visible", "historical"))).order_by(run.c.as_of.desc(), run.c.id.desc()).limit(most)
    with engine.store.read() as connection:
        return [(row.id, row.as_of, row.status) for row in connection.execute(query)]


def moves(
    engine: Engine,
    address: str,
    *,
    run_id: int | None = None,
    since: int | None = None,
    was: str | None = None,
    now: str | None = None,
    page: int = 0,
    size: int = 50,
) -> MovesPage:
    """Who moved in an output between two runs. run_id: None is the newest visible. since: None is the run before it.

    was, now: only those that came from, or went to, a label; "" is no value, None any. Raises `RunError`, `ListError`.
    """
    if not 0 <= page <= 10**9 or not 1 <= size <= MOST_ON_PAGE:
        raise ListError(f"page: expected a whole number from 0, with 1 to {MOST_ON_PAGE} rows")
    found = _Moves(engine, address, run_id, since)
    with engine.customers.opened() as listing:
        seen, order = found.chosen(listing, was, now)
        part = order[page * size : (page + 1) * size]
        return MovesPage(
            address=address,
            run=found.new.id,
            since_run=found.old.id,
            as_of=found.new.as_of,
            since=found.old.as_of,
            cells=found.cells(seen),
            came=int(listing_holds(listing, found.both.came).sum()),
            total=len(order),
            page=page,
            size=size,
            rows=tuple(found.rows(listing, part, tell=True)),
        )


def export_moves(engine: Engine, address: str, format_: str, stream: BinaryIO, **options: Any) -> int:
    """Write all that moved to a stream, and enter it into the log of exports; options are those of `moves`."""
    from engine.export import write_table

    found = _Moves(engine, address, options.get("run_id"), options.get("since"))
    with engine.customers.opened() as listing:
        _, order = found.chosen(listing, options.get("was"), options.get("now"))
        fields = (*(Field(name) for name in ("customer", "name", "was", "now")), Field("sales", "number"), Field("reason"))
        rows = write_table(Table("changes", fields, found.batches(listing, order, 10**engine.business.minor_digits)), format_, stream)
        personal = engine.sight.personal
    filters = {"output": address, "run": found.new.id, "since": found.old.id, "was": options.get("was"), "now": options.get("now")}
    engine.people.log_export("moves", format=format_, personal=personal, rows_=rows, filters=filters)
    return rows


def listing_holds(listing: Listing, customers: Array) -> Flags:
    """Which of these customers are there and within sight."""
    from engine.store.register import within_reach

    register = listing.register
    if not len(register):
        return np.zeros(len(customers), dtype=bool)
    at = np.searchsorted(register.customer_id, customers).clip(max=len(register) - 1)
    held: Flags = (register.customer_id[at] == customers) & within_reach(register, listing.connection, listing.sight.reach)[at]
    return held


class _Moves:
    """Two runs and an output."""

    def __init__(self, engine: Engine, address: str, run_id: int | None, since: int | None) -> None:
        self.engine, self.address = engine, address
        with engine.store.read() as connection:
            self.new = _run(connection, run_id)
            self.old = _before(connection, self.new) if since is None else _run(connection, since)
            kinds = {each: kept["kind"] for each, kept in self.new.report["declared"].items() if kept["kind"] in ("label", "flag")}
            if address not in kinds:
                hint = did_you_mean(address, kinds) or f"outputs are {', '.join(kinds)}"
                raise RunError(f"run {self.new.id} has no output with labels {address[:80]!r}; {hint}")
            if self.old.report["types"].get(address) != self.new.report["types"].get(address):
                raise RunError(f"run {self.old.id} has no {address} that run {self.new.id} could be compared with; choose another run")
            self.both = self._compared(connection)

    def _compared(self, connection: Connection) -> _Compared:
        key = (str(self.engine.store.sql.url), self.new.id, self.new.digest, self.old.id, self.old.digest, self.address)
        with _lock:
            if key in _known:
                _known.move_to_end(key)
                return _known[key]
        found = self._compare(connection)
        with _lock:
            _known[key] = found
            while len(_known) > KEPT:
                _known.popitem(last=False)
        return found

    def _compare(self, connection: Connection) -> _Compared:
        policy = self.address.partition(".")[0]
        new = _columns(connection, self.new.id, "outcome", self.address, policy + REASON)
        old = _columns(connection, self.old.id, "outcome", self.address)
        if self.address not in new or self.address not in old:
            raise RunError(f"the columns of run {self.new.id if self.address not in new else self.old.id} are no longer kept")
        at = np.searchsorted(old["customer_id"], new["customer_id"]).clip(max=max(len(old["customer_id"]) - 1, 0))
        there = old["customer_id"][at] == new["customer_id"] if len(old["customer_id"]) else np.zeros(len(at), dtype=bool)
        ids = outcomes.all_labels(connection).get((self.address, self.new.report["types"][self.address]), {})
        flag = self.new.report["declared"][self.address]["kind"] == "flag"
        keys = {0: "false", 1: "true"} if flag else {number: key for key, number in ids.items()}
        reason = new.get(policy + REASON)
        return _Compared(
            customers=new["customer_id"][there],
            was=old[self.address][at][there].astype(np.int64) if len(old["customer_id"]) else np.zeros(0, dtype=np.int64),
            now=new[self.address][there].astype(np.int64),
            reason=None if reason is None else reason[there],
            amount=_sales(connection, self.new.id, new["customer_id"][there], self.engine.business.minor_digits),
            keys={**keys, NO_LABEL: NONE},
            came=new["customer_id"][~there],
        )

    def chosen(self, listing: Listing, was: str | None, now: str | None) -> tuple[Flags, Array]:
        """Who is within sight, and where those stand that moved and fit, the largest sales first."""
        both = self.both
        seen = listing_holds(listing, both.customers)
        fits = seen & (both.was != both.now if was is None or now is None or was != now else np.ones(len(seen), dtype=bool))
        for wanted, column in ((was, both.was), (now, both.now)):
            if wanted is not None:
                fits = fits & (column == self._label(wanted))
        places = np.flatnonzero(fits)
        return seen, places[np.lexsort((both.customers[places], -both.amount[places]))]

    def _label(self, key: str) -> int:
        numbers = {text: number for number, text in self.both.keys.items()}
        if key not in numbers:
            hint = did_you_mean(key, numbers) or f"labels are {', '.join(text for text in numbers if text)}"
            raise RunError(f"output {self.address} has no label {key[:60]!r}; {hint}")
        return numbers[key]

    def cells(self, seen: Flags) -> dict[tuple[str, str], int]:
        """(was, now) to customers."""
        both, keys = self.both, self.both.keys
        width = max(keys) + 2
        table = np.bincount((both.was[seen] + 1) * width + both.now[seen] + 1, minlength=width * width).reshape(width, width)
        return {(keys.get(i - 1, "?"), keys.get(j - 1, "?")): int(table[i, j]) for i, j in np.argwhere(table).tolist()}

    def rows(self, listing: Listing, part: Array, *, tell: bool) -> Iterator[Move]:
        """The customers at these places."""
        both = self.both
        places = listing.register.places(both.customers[part])
        ids, names = listing.column("customer", places), listing.column("name", places)
        told = self._told(listing, both.customers[part]) if tell else [()] * len(part)
        reasons = [words[-1] for words in self.new.report["reasons"]]
        for at, customer, name, changed in zip(part.tolist(), ids, names, told, strict=True):
            number = -1 if both.reason is None else int(both.reason[at])
            yield Move(
                customer,
                name,
                both.keys.get(int(both.was[at]), "?"),
                both.keys.get(int(both.now[at]), "?"),
                int(both.amount[at]),
                reasons[number] if both.now[at] == NO_LABEL and number >= 0 else None,
                tuple(changed),
            )

    def _told(self, listing: Listing, customers: Array) -> list[tuple[Changed, ...]]:
        """What is different about each, of the features that lead to the output and may be seen."""
        rulebook = self.engine.rulebook(str(self.new.version_id))
        features = [each for each in telling(rulebook, self.address) if not listing.sight.hides_feature(each, rulebook.catalogue)]
        names = [each.name for each in features]
        if not self.both.inputs:
            every = [each.name for each in telling(rulebook, self.address)]
            self.both.inputs.append(
                (_columns(listing.connection, self.old.id, "input", *every), _columns(listing.connection, self.new.id, "input", *every))
            )
        old, new = ({name: each[name] for name in ("customer_id", *names) if name in each} for each in self.both.inputs[0])
        if not old or not new:
            return [()] * len(customers)
        return [changed_between(features, old, new, int(number)) for number in customers]

    def batches(self, listing: Listing, order: Array, scale: int) -> Iterator[list[list[Any]]]:
        """All of them as columns of a file."""
        for start in range(0, len(order), BATCH):
            rows = list(self.rows(listing, order[start : start + BATCH], tell=False))
            yield [
                [row.customer for row in rows],
                [row.name for row in rows],
                [row.was or None for row in rows],
                [row.now or None for row in rows],
                [row.amount / scale for row in rows],
                [row.reason for row in rows],
            ]


def _run(connection: Connection, number: int | None) -> RunRecord:
    found = outcomes.live_run(connection) if number is None else outcomes.record(connection, number) if 0 < number < 2**62 else None
    if found is None:
        raise RunError("nothing has run yet; start a run first" if number is None else f"there is no run {number}")
    return found


def _before(connection: Connection, new: RunRecord) -> RunRecord:
    query = select(run.c.id).join(block, (block.c.run_id == run.c.id) & (block.c.kind == "outcome"))
    query = query.where(run.c.status.in_(("visible", "historical")), run.c.as_of < new.as_of)
    number = connection.scalar(query.order_by(run.c.as_of.desc(), run.c.id.desc()).limit(1))
    if number is None:
        raise RunError(f"no run before run {new.id} is kept; the next one can be compared with it")
    return outcomes.record(connection, number)


def _columns(connection: Connection, number: int, kind: str, *names: str) -> dict[str, Array]:
    data = connection.scalar(select(block.c.data).where(block.c.run_id == number, block.c.kind == kind))
    if data is None:
        return {}
    columns = some_columns(data, ("customer_id", *names))
    columns["customer_id"] = np.asarray(columns["customer_id"], dtype=np.int64)
    return columns


def _sales(connection: Connection, number: int, customers: Array, digits: int) -> Array:
    columns = _columns(connection, number, "input", REVENUE)
    if REVENUE not in columns or not len(columns["customer_id"]):
        return np.zeros(len(customers), dtype=np.int64)
    at = np.searchsorted(columns["customer_id"], customers).clip(max=len(columns["customer_id"]) - 1)
    minor: Array = np.rint(np.nan_to_num(columns[REVENUE][at]) * 10**digits).astype(np.int64)
    return np.where(columns["customer_id"][at] == customers, minor, 0)
