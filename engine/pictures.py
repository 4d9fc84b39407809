"""The pictures of a run, the trend of a label, the flow between two runs, and who stands behind a mark: `engine.pictures`.

Whatever an installed policy declares is drawn (`Policy.pictures`), from the columns that a run keeps; a finished run never
changes, so what is drawn once is remembered.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from sqlalchemy import select

from engine.columns import Array, Codes
from engine.drawn import Drawn, Shown, declared, draw, failed, shown_labels
from engine.errors import RunError, TierwiseError, did_you_mean
from engine.naming import Naming
from engine.policy import Output, Text
from engine.run_columns import RunColumns
from engine.store.models import customer, label_summary, run
from engine.store.outcomes import RunRecord
from engine.summaries import labels_of, rank_of, title_of

if TYPE_CHECKING:
    from engine.rulebook import PolicyEntry, Rulebook
    from engine.service import Engine
    from engine.store.sight import Sight

KEPT = 32
"""Runs whose pictures are remembered; each is a few kilobytes."""

FLAG = ("false", "true")

_known: OrderedDict[tuple[str, int, str], RunPictures] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class RunPictures:
    """Every picture of one run, in the order of the rulebook."""

    run: RunRecord
    pictures: tuple[Drawn, ...]

    def get(self, id_: str) -> Drawn:
        """One picture by its address `<policy key>.<name>`. Raises `RunError`."""
        known = {drawn.id: drawn for drawn in self.pictures}
        if id_ not in known:
            hint = did_you_mean(id_, known) or ("it has " + ", ".join(known) if known else "it has none")
            raise RunError(f"run {self.run.id} has no picture {id_!r}; {hint}")
        return known[id_]

    def as_dict(self, written: Written = int) -> dict[str, Any]:
        """As plain data. written: how moments are written; as they are, epoch seconds."""
        return {"run": self.run.id, "as_of": written(self.run.as_of), "pictures": [drawn.as_dict() for drawn in self.pictures]}


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a trend. counts: (customers, amount in minor units) by label; "" for no value."""

    run: int
    as_of: int
    counts: Mapping[str, tuple[int, int]]

    @property
    def customers(self) -> int:
        """All customers of the run."""
        return sum(customers for customers, _ in self.counts.values())


@dataclass(frozen=True, slots=True)
class Trend:
    """How many customers each label had, run by run, the oldest first."""

    address: str
    title: Text
    labels: tuple[Shown, ...]
    points: tuple[Point, ...]

    def as_dict(self, written: Written = int) -> dict[str, Any]:
        """As plain data. written: how moments are written; as they are, epoch seconds."""
        points = [
            {"run": p.run, "as_of": written(p.as_of), "counts": {key: list(pair) for key, pair in p.counts.items()}} for p in self.points
        ]
        return {"address": self.address, "labels": [label.key for label in self.labels], "points": points}


@dataclass(frozen=True, slots=True)
class Stream:
    """Customers that went from one label to another ("" is no value). amount: their sales up to the later run, minor units."""

    was: str
    now: str
    customers: int
    amount: int
    way: Literal["up", "down", "stay", "other"]


@dataclass(frozen=True, slots=True)
class Flow:
    """What became of the customers of one run in another. came: who was not in the first; left: who is not in the second."""

    address: str
    title: Text
    first: int
    second: int
    first_as_of: int
    second_as_of: int
    labels: tuple[Shown, ...]
    streams: tuple[Stream, ...]
    came: int
    left: int

    def total(self, way: str) -> int:
        """Customers that went this way: "up", "down", "stay" or "other"."""
        return sum(stream.customers for stream in self.streams if stream.way == way)

    @property
    def moved(self) -> int:
        """Customers with another value than before."""
        return sum(stream.customers for stream in self.streams if stream.way != "stay")

    def as_dict(self, written: Written = int) -> dict[str, Any]:
        """As plain data. written: how moments are written; as they are, epoch seconds."""
        return {
            "address": self.address,
            "first": self.first,
            "second": self.second,
            "first_as_of": written(self.first_as_of),
            "second_as_of": written(self.second_as_of),
            "came": self.came,
            "left": self.left,
            "streams": [
                {"was": each.was, "now": each.now, "customers": each.customers, "amount": each.amount, "way": each.way}
                for each in self.streams
            ],
        }


Condition: TypeAlias = tuple[str, str, str | float]
"""Column, comparison, value."""

OPS = ("=", ">=", ">", "<=", "<", "was")

_CONDITION = re.compile(r"([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)(>=|<=|=|<|>|~)(.{0,200})\Z")

Written: TypeAlias = Callable[[int], int | str]


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on a column of a run, checked."""

    name: str
    op: str
    value: str | float


@dataclass(frozen=True, slots=True)
class Member:
    """A customer behind a mark. amount: sales up to the run's moment, minor units."""

    customer: str
    name: str | None
    amount: int


@dataclass(frozen=True, slots=True)
class Said:
    """A condition as people read it: what it is about, how it is compared, with which label or number."""

    title: Text
    op: str
    value: Text
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Members:
    """The customers behind a mark, the largest sales first: how many, what they bring, and one page of them."""

    run: int
    customers: int
    amount: int
    page: tuple[Member, ...]
    where: tuple[Said, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "run": self.run,
            "customers": self.customers,
            "amount": self.amount,
            "where": [
                {
                    "title": {"en": each.title.en, "zh": each.title.zh},
                    "op": each.op,
                    "value": {"en": each.value.en, "zh": each.value.zh},
                    "unit": each.unit,
                }
                for each in self.where
            ],
            "items": [{"customer": each.customer, "name": each.name, "amount": each.amount} for each in self.page],
        }


class Pictures:
    """Verbs that turn runs into something to look at; nothing is stored."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of_run(self, run_id: int | None = None) -> RunPictures:
        """Every picture that the policies of a run declare. None is the newest visible run.

        A picture that fails carries its fault. Raises `RunError` when nothing has run, or the columns are no longer kept.
        """
        record = self._engine.run_record(run_id)
        key = (str(self._engine.store.sql.url), record.id, record.digest)
        with _lock:
            if key in _known:
                _known.move_to_end(key)
                return _known[key]
        found = RunPictures(record, tuple(_drawn(self._columns(record))))
        with _lock:
            _known[key] = found
            while len(_known) > KEPT:
                _known.popitem(last=False)
        return found

    def outputs(self, run_id: int | None = None) -> tuple[tuple[str, Text], ...]:
        """Address and title of every label and flag of a run that has history: what trends and flows can be about."""
        record = self._engine.run_record(run_id)
        return tuple((address, title_of(entry, output)) for address, entry, output in _shown(self._rulebook(record), record))

    def labels(self, address: str, run_id: int | None = None) -> tuple[Shown, ...]:
        """The labels of an output, in their order. Raises `RunError`."""
        record = self._engine.run_record(run_id)
        _, output = _output(self._rulebook(record), record, address)
        return tuple(shown_labels(labels_of(output)).values())

    def trend(self, address: str, *, most: int = 60) -> Trend:
        """Customers of every label over the newest visible runs (and looks back), the oldest first. Raises `RunError`."""
        record = self._engine.run_record()
        entry, output = _output(self._rulebook(record), record, address)
        with self._engine.store.read() as connection:
            query = (
                select(run.c.id, run.c.as_of)
                .where(run.c.status.in_(("visible", "historical")))
                .order_by(run.c.as_of.desc(), run.c.id.desc())
            )
            runs = {row.id: row.as_of for row in connection.execute(query.limit(most))}
            rows = connection.execute(
                select(label_summary).where(label_summary.c.run_id.in_(list(runs)), label_summary.c.address == address)
            ).all()
        counts: dict[int, dict[str, tuple[int, int]]] = {}
        for row in rows:
            counts.setdefault(row.run_id, {})[row.label] = (row.customers, row.amount)
        labels = shown_labels(labels_of(output))
        alike = [
            number for number, found in counts.items() if set(found) <= {"", *labels}
        ]  # other labels: another policy's, or another scale
        points = tuple(Point(number, runs[number], counts[number]) for number in sorted(alike, key=lambda each: (runs[each], each)))
        return Trend(address, title_of(entry, output), tuple(labels.values()), points)

    def flow(self, address: str, first: int, second: int | None = None) -> Flow:
        """What became of each label's customers between two runs. second: None is the newest visible one.

        Raises `RunError` when the first is as of a later moment, or another policy type stood under the address.
        """
        records = self._engine.run_record(first), self._engine.run_record(second)
        if records[0].as_of > records[1].as_of:
            raise RunError(f"run {first} is as of a later moment than run {records[1].id}; name the earlier one first")
        rulebook = self._rulebook(records[1])
        entry, output = _output(rulebook, records[1], address)
        if records[0].report["types"].get(address) != records[1].report["types"][address]:
            raise RunError(f"{address} of run {first} came from another policy type, or was not there, so its values cannot be compared")
        old, new = self._columns(records[0]), self._columns(records[1])
        return _flow(rulebook, entry, output, address, old, new, self._engine.business.minor_digits)

    @staticmethod
    def condition(text: str) -> Condition:
        """A condition of `members` as people write it: abc.class=A, orders.count>=2, and abc.class~B for what it was.

        Raises `RunError` for what is none.
        """
        match = _CONDITION.match(text)
        if match is None:
            raise RunError(f"{text[:80]!r} is no condition; write such as abc.class=A, orders.count>=2, or abc.class~B for what it was")
        return match[1], "was" if match[2] == "~" else match[2], match[3]

    def members(
        self, where: Iterable[Condition], *, run_id: int | None = None, since: int | None = None, skip: int = 0, most: int = 50
    ) -> Members:
        """The customers of a run for whom every condition holds, the largest sales first.

        where: (column, comparison, value), such as ("abc.class", "=", "A") or ("orders.count", ">=", 2); comparisons are =,
        >=, >, <=, < and "was", which looks at the run `since`; the label "" is no value. Raises `RunError` for a column that
        the run does not have, and for a value that it cannot hold. Only customers within sight of the acting person count.
        """
        asked = [_where(*each) for each in where]
        columns = self._columns(self._engine.run_record(run_id))
        _within_sight(self._engine.sight, columns, asked)
        earlier = self._columns(self._engine.run_record(since)) if since is not None else None
        held = np.ones(columns.rows, dtype=bool)
        for condition in asked:
            held &= _holds(columns, condition, earlier)
        sight = self._engine.sight
        if not sight.reach.everybody:
            with self._engine.store.read() as connection:
                held &= sight.reach.flags(connection, columns.block.customer_id)
        rows = np.flatnonzero(held)
        revenue = columns.revenue[rows]
        order = rows[np.lexsort((columns.block.customer_id[rows], -revenue))][skip : skip + most]
        scale = 10**self._engine.business.minor_digits
        ids = columns.block.customer_id[order].tolist()
        with self._engine.store.read() as connection:
            query = select(customer.c.id, customer.c.external_id, customer.c.name).where(customer.c.id.in_(ids))
            known = {row.id: (row.external_id, row.name) for row in connection.execute(query)}
        amounts = np.rint(columns.revenue[order] * scale).astype(np.int64).tolist()
        page = tuple(
            Member(known[number][0], sight.shown(customer.c.name, known[number][1]), amount)
            for number, amount in zip(ids, amounts, strict=True)
            if number in known
        )
        naming = Naming(columns.rulebook)
        said = tuple(_said(columns, condition, naming) for condition in asked)
        return Members(columns.record.id, len(rows), int(np.rint(revenue * scale).astype(np.int64).sum()), page, said)

    def file(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], format_: str = "xlsx") -> bytes:
        """A table as the bytes of a file: XLSX, CSV, JSON lines or Parquet, with no cell that a spreadsheet would run."""
        from engine.export import write_table
        from engine.exporting.table import Field, Table

        cells = [list(row) for row in rows]
        batch = [list(column) for column in zip(*cells, strict=True)] or [[] for _ in header]
        stream = BytesIO()
        sheet = "".join(" " if c in "[]:*?/\\" else c for c in name)[:31] or "Tierwise"
        write_table(Table(sheet, tuple(Field(title, "any") for title in header), iter([batch])), format_, stream)
        return stream.getvalue()

    def _rulebook(self, record: RunRecord) -> Rulebook:
        return self._engine.rulebook(str(record.version_id))

    def _columns(self, record: RunRecord) -> RunColumns:
        return RunColumns.of(self._engine.store, record, self._rulebook(record))


def _drawn(columns: RunColumns) -> Iterable[Drawn]:
    """Every picture; what a policy's `pictures()` itself gets wrong stands in its place."""
    broken = {**columns.record.report["stale"], **columns.record.faults}
    naming = Naming(columns.rulebook)
    for entry in columns.rulebook.entries:
        if not entry.enabled:
            continue
        try:
            pictures = declared(entry)
        except Exception as error:
            yield failed(entry, "distribution", "pictures", entry.title, error)
            continue
        for picture in pictures:
            if entry.key in broken:
                words = Text(
                    f"the policy failed in run {columns.record.id}, so its figures are those of an earlier run: {broken[entry.key]}",
                    f"该策略在运行 {columns.record.id} 中失败，其结果仍为更早一次运行的数据：{broken[entry.key]}",
                )
                yield failed(entry, picture.kind, picture.name, picture.title, words)
                continue
            try:
                columns.read(picture.needs)
                given = columns.of_policy(entry, picture.needs)
            except TierwiseError as error:
                yield failed(entry, picture.kind, picture.name, picture.title, error)
                continue
            yield draw(entry, picture, given, columns.states.get(entry.key), naming)


def _shown(rulebook: Rulebook, record: RunRecord) -> list[tuple[str, PolicyEntry, Output]]:
    return [
        (f"{entry.key}.{output.name}", entry, output)
        for entry in rulebook.entries
        for output in entry.policy.outputs()
        if output.has_history and f"{entry.key}.{output.name}" in record.outputs
    ]


def _output(rulebook: Rulebook, record: RunRecord, address: str) -> tuple[PolicyEntry, Output]:
    known = {each: (entry, output) for each, entry, output in _shown(rulebook, record)}
    if address not in known:
        hint = did_you_mean(address, known) or ("outputs are " + ", ".join(known) if known else "it has none with labels")
        raise RunError(f"run {record.id} has no output {address!r}; {hint}")
    return known[address]


def _where(name: str, op: str, value: str | float) -> Where:
    if op not in OPS:
        raise RunError(f"there is no comparison {op!r}; comparisons are {', '.join(OPS)}")
    return Where(name, op, value)


def _within_sight(sight: Sight, columns: RunColumns, where: Sequence[Where]) -> None:
    """Who may not see a birthday must not find out by asking for everybody above an age."""
    catalogue = columns.rulebook.catalogue
    for condition in where:
        known = columns.output(condition.name) is None and condition.name in catalogue
        if known and sight.hides_feature(catalogue.resolve(condition.name), catalogue):
            raise RunError(f"{condition.name} is personal data, which you may not see; choose another condition")


def _texts(columns: RunColumns, address: str) -> tuple[Array, tuple[str, ...]]:
    """The values of a label or flag as positions in a tuple of keys, -1 for none."""
    column = columns.column(address)
    if isinstance(column, Codes):
        return column.codes.astype(np.int64), column.values
    if column is None or column.dtype != np.int8:
        raise RunError(f"{address} of run {columns.record.id} has no labels")
    return column.astype(np.int64), FLAG


def _flow(rulebook: Rulebook, entry: PolicyEntry, output: Output, address: str, old: RunColumns, new: RunColumns, digits: int) -> Flow:
    (before, keys_before), (after, keys) = _texts(old, address), _texts(new, address)
    every = list(dict.fromkeys([*keys, *keys_before]))
    place = np.array([*(every.index(key) for key in keys_before), -1])
    rows, there = old.block.rows_of(new.block.customer_id)
    was, now = place[before[rows]][there] if len(before) else np.zeros(0, dtype=np.int64), after[there]
    width = len(every) + 1
    cell = (was + 1) * width + now + 1
    counts = np.bincount(cell, minlength=width * width)
    sales = np.bincount(cell, weights=new.revenue[there], minlength=width * width)
    names = ["", *every]
    ranks = {key: rank_of(rulebook, address, key) if key else None for key in names}
    labels = shown_labels(labels_of(output))
    streams = tuple(
        Stream(
            names[at // width],
            names[at % width],
            int(counts[at]),
            round(float(sales[at]) * 10**digits),
            _way(names[at // width], names[at % width], ranks),
        )
        for at in np.flatnonzero(counts).tolist()
    )
    return Flow(
        address=address,
        title=title_of(entry, output),
        first=old.record.id,
        second=new.record.id,
        first_as_of=old.record.as_of,
        second_as_of=new.record.as_of,
        labels=tuple(labels.get(key, Shown(key, Text(key, key))) for key in every),
        streams=streams,
        came=int((~there).sum()),
        left=int(old.rows - there.sum()),
    )


def _way(was: str, now: str, ranks: Mapping[str, int | None]) -> Literal["up", "down", "stay", "other"]:
    if was == now:
        return "stay"
    first, second = ranks.get(was), ranks.get(now)
    if first is None or second is None or first == second:
        return "other"
    return "up" if second < first else "down"


def _holds(columns: RunColumns, where: Where, earlier: RunColumns | None) -> Array:
    if where.op == "was":
        if earlier is None:
            raise RunError("a condition on what a customer was needs the earlier run")
        codes, keys = _texts(earlier, where.name)
        rows, there = earlier.block.rows_of(columns.block.customer_id)
        held: Array = there & (codes[rows] == _position(where, keys))
        return held
    column = columns.column(where.name)
    if column is None:
        columns.read([where.name])
        column = columns.column(where.name)
    if column is None:
        raise RunError(f"run {columns.record.id} has no column {where.name!r}")
    output = columns.output(where.name)
    if output is not None and output.kind == "set":
        at = _position(where, output.keys)
        found: Array = (column >> np.uint64(max(at, 0)) & np.uint64(1)).astype(bool) & (at >= 0)  # type: ignore[operator]
        return found
    if isinstance(column, Codes) or (output is not None and output.kind == "flag"):
        codes, keys = (column.codes, column.values) if isinstance(column, Codes) else (column, FLAG)
        equal: Array = codes == _position(where, keys)
        return equal
    return _compared(column, where)


def _said(columns: RunColumns, where: Where, naming: Naming) -> Said:
    about = naming.of(where.name)
    output = columns.output(where.name)
    labels = shown_labels(labels_of(output)) if output is not None else {}
    value = str(where.value)
    if value in labels:
        return Said(about.title, where.op, labels[value].title)
    if value == "":
        return Said(about.title, where.op, Text("none", "无"))
    unit = output.unit if output is not None else about.feature.unit if about.feature is not None else ""
    return Said(about.title, where.op, Text(value, value), unit)


def _position(where: Where, keys: Sequence[str]) -> int:
    """Where a key stands; -1 for none; an unknown key is a mistake of the reader."""
    if where.op not in ("=", "was"):
        raise RunError(f"{where.name} holds labels; they can only be equal to one")
    if where.value == "":
        return -1
    key = str(where.value)
    if key not in keys:
        raise RunError(f"{where.name} has no label {key!r}; {did_you_mean(key, keys) or 'it has ' + ', '.join(keys)}")
    return list(keys).index(key)


def _compared(column: Any, where: Where) -> Array:
    try:
        number = float(where.value)
    except ValueError:
        raise RunError(f"{where.name} holds numbers; {where.value!r} is none") from None
    compare = {"=": np.equal, ">=": np.greater_equal, "<": np.less, ">": np.greater, "<=": np.less_equal}
    if column.dtype.kind == "M":
        raise RunError(f"{where.name} holds dates, which cannot be listed by")
    held: Array = compare[where.op](column, number)
    return held


def forget() -> None:
    """Drop what is remembered."""
    with _lock:
        _known.clear()
