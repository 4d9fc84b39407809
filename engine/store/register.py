"""Every customer as columns in memory: what lists filter, sort and search, in milliseconds for a million customers.

The register follows the facts: it is read once, and then only customers that the fact clock stamped since are read
again. Beside it stand the columns of the newest visible run, read from its blocks when a list first asks for them. Rows
are in the order of internal keys. A register is never changed, only replaced, so that a list reads one moment.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, select, union

from engine.columns import Array, Flags
from engine.store import outcomes, register_file
from engine.store.blocks import NONE, Block
from engine.store.facts import fact_seq
from engine.store.models import block, custom_field, custom_value, orders, tag_member, term
from engine.store.outcomes import RunRecord
from engine.store.reach import FIELDS, Reach

if TYPE_CHECKING:
    from engine.store.session import Store

INTEGERS = (
    *("kind", "gender", "birth_day", "country_id", "region_id", "city_id", "industry_id", "education_id", "income", "joined_at"),
    *("merged_into", "voided_at"),
)
TEXTS = ("external_id", "name", "email", "phone", "not_graded")
LONG = ("id", "income", "joined_at", "merged_into", "voided_at")
"""Integer columns of 64 bits; the others have 32."""

BATCH = 5_000
KEPT = 4
"""Stores, and orders of one store, that are remembered."""


@dataclass(slots=True)
class Register:
    """Customers as columns. integers, texts: by column of `customer`; texts are Arrow arrays. seq: the state of the facts.

    masks, orders: what was computed of it, by whatever it was computed from.
    """

    seq: int
    customer_id: Array
    integers: dict[str, Array]
    texts: dict[str, Any]
    alive: Flags = field(init=False)
    masks: dict[Any, Flags] = field(default_factory=dict)
    orders: OrderedDict[Any, Array] = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self.alive = (self.integers["merged_into"] == absent("merged_into")) & (self.integers["voided_at"] == absent("voided_at"))

    def __len__(self) -> int:
        return len(self.customer_id)

    def places(self, customers: Array) -> Array:
        """Where these customers stand; those that do not are left out."""
        if not len(self):
            return np.zeros(0, dtype=np.int64)
        at = np.searchsorted(self.customer_id, customers).clip(max=len(self) - 1)
        found: Array = at[self.customer_id[at] == customers]
        return found

    def mask(self, customers: Array) -> Flags:
        """These customers as flags."""
        found = np.zeros(len(self), dtype=bool)
        found[self.places(customers)] = True
        return found


@dataclass(slots=True)
class Graded:
    """The outcome of the newest visible run in the order of a register. Its columns are made when they are asked for.

    kinds: of every output with history, by address. keys: by address label id (or flag) to key. rows, inside: where
    each customer stands in the run's block, and whether it does.
    """

    record: RunRecord
    register: Register
    block: Block
    kinds: dict[str, str]
    keys: dict[str, dict[int, str]]
    rows: Array
    inside: Flags
    columns: dict[Any, Any] = field(default_factory=dict)

    def labels(self, address: str) -> Array:
        """Label ids and flags of an output, -1 for none."""
        if address not in self.columns:
            self.columns[address] = _spread(self.block.values[address], self.rows, self.inside, NONE)
        found: Array = self.columns[address]
        return found

    def since(self, address: str, places: Array) -> list[int | None]:
        """The runs in which the values of some customers began."""
        runs = self.block.since[address][self.rows[places]]
        return [int(run) if there else None for run, there in zip(runs, self.inside[places], strict=True)]


_registers: OrderedDict[str, Register] = OrderedDict()
_graded: OrderedDict[tuple[str, int, str], Graded] = OrderedDict()
_locks: dict[str, threading.Lock] = {}
_lock = threading.Lock()


def register_of(store: Store, connection: Connection) -> Register:
    """The register of a store as of a connection's view of it."""
    url = str(store.sql.url)
    seq = fact_seq(connection)
    with _lock:
        own = _locks.setdefault(url, threading.Lock())
    with own:
        known = _registers.get(url)
        if known is None or known.seq != seq:
            known = known or _kept(store, connection, seq)
            fresh = known is None or known.seq > seq
            found = _read(connection, seq, None) if fresh else _patched(known, _read(connection, seq, known.seq))  # type: ignore[arg-type, union-attr]
            if fresh:
                register_file.save(store, connection, (seq, found.customer_id, found.integers, found.texts))
            with _lock:
                _registers[url] = found
                while len(_registers) > KEPT:
                    _registers.popitem(last=False)
            known = found
        return known


def forget(store: Store) -> None:
    """Drop what is remembered of a store."""
    url = str(store.sql.url)
    with _lock:
        _registers.pop(url, None)
        for key in [key for key in _graded if key[0] == url]:
            del _graded[key]


def _read(connection: Connection, seq: int, after: int | None) -> Register:
    """Everybody, or those whom something happened to since a state of the facts."""
    import pyarrow as pa

    integers = ", ".join(f"coalesce({name}, {absent(name)})" for name in INTEGERS)
    since = "" if after is None else f" where fact_seq > {int(after)}"
    text = f"select id, {integers}, {', '.join(TEXTS)} from customer{since} order by id"
    parts: dict[str, list[Any]] = {name: [] for name in ("id", *INTEGERS, *TEXTS)}
    for rows in _rows(connection, text):
        for (name, kept), cells in zip(parts.items(), zip(*rows, strict=True), strict=True):
            kept.append(pa.array(cells, pa.large_string()) if name in TEXTS else np.array(cells, dtype=_dtype(name)))
    numbers = {name: np.concatenate(parts[name]) if parts[name] else np.zeros(0, dtype=_dtype(name)) for name in ("id", *INTEGERS)}
    texts = {name: pa.concat_arrays(parts[name]) if parts[name] else pa.array([], pa.large_string()) for name in TEXTS}
    return Register(seq, numbers.pop("id"), numbers, texts)


def _dtype(name: str) -> Any:
    return np.int64 if name in LONG else np.int32


def absent(name: str) -> int:
    """What stands for "none" in an integer column: no id, day, moment or amount is so small."""
    return -(2**62) if name in LONG else -(2**31)


def _kept(store: Store, connection: Connection, seq: int) -> Register | None:
    parts = register_file.load(store, connection)
    return Register(*parts) if parts is not None and parts[0] <= seq else None


def _rows(connection: Connection, text: str) -> Iterator[list[Any]]:
    """Rows by the bare driver: what SQLAlchemy adds to each takes longer than reading it."""
    cursor: Any = connection.connection.cursor()
    try:
        cursor.execute(text)
        while rows := cursor.fetchmany(BATCH):
            yield rows
    finally:
        cursor.close()


def _patched(known: Register, news: Register) -> Register:
    """A register with some rows replaced and new ones added."""
    import pyarrow as pa

    if not len(news):
        return Register(news.seq, known.customer_id, known.integers, known.texts)
    ids = np.union1d(known.customer_id, news.customer_id)
    take = np.zeros(len(ids), dtype=np.int64)
    take[np.searchsorted(ids, known.customer_id)] = np.arange(len(known))
    take[np.searchsorted(ids, news.customer_id)] = len(known) + np.arange(len(news))
    integers = {name: np.concatenate([known.integers[name], news.integers[name]])[take] for name in INTEGERS}
    texts = {name: pa.concat_arrays([known.texts[name], news.texts[name]]).take(pa.array(take)) for name in TEXTS}
    return Register(news.seq, ids, integers, texts)


# --- whose customers --------------------------------------------------------------------------------------------


def within_reach(register: Register, connection: Connection, reach: Reach) -> Flags:
    """Who is within reach; by a scan of the orders once per state of the facts, not by a look-up per customer."""
    if reach.everybody:
        return register.alive
    if reach not in register.masks:
        name, column = FIELDS[reach.kind]
        words = select(term.c.id).where(term.c.value == reach.word)
        named = select(custom_value.c.customer_id).join(custom_field, custom_field.c.id == custom_value.c.field_id)
        named = named.where(custom_field.c.name == name, custom_field.c.kind == "text", custom_value.c.value.in_(words))
        sold = select(orders.c.customer_id).where(orders.c[f"{column}_id"].in_(words.where(term.c.field == column)), orders.c.kind >= 0)
        found = np.array(connection.scalars(union(named, sold)).all(), dtype=np.int64)
        register.masks[reach] = register.mask(np.sort(found)) & register.alive
    return register.masks[reach]


def tagged(register: Register, connection: Connection, tag_id: int) -> Flags:
    """Who bears a tag or is in a group."""
    key = ("tag", tag_id)
    if key not in register.masks:
        query = select(tag_member.c.customer_id).where(tag_member.c.tag_id == tag_id).order_by(tag_member.c.customer_id)
        register.masks[key] = register.mask(np.array(connection.scalars(query).all(), dtype=np.int64))
    return register.masks[key]


# --- the newest visible run -------------------------------------------------------------------------------------


def graded_of(store: Store, connection: Connection, register: Register) -> Graded | None:
    """The newest visible run beside a register; None before the first."""
    live = outcomes.live_run(connection)
    if live is None:
        return None
    key = (str(store.sql.url), live.id, live.digest)
    with _lock:
        known = _graded.get(key)
    if known is not None and (known.register is register):
        return known
    found = _graded_of(connection, live, register, known)
    with _lock:
        _graded[key] = found
        while len(_graded) > KEPT:
            _graded.popitem(last=False)
    return found


def _graded_of(connection: Connection, live: RunRecord, register: Register, known: Graded | None) -> Graded:
    loaded = known.block if known is not None else outcomes.load_block(connection, live.id)
    rows, inside = loaded.rows_of(register.customer_id)
    ids = outcomes.all_labels(connection)
    declared = live.report["declared"]
    kinds = {address: declared[address]["kind"] for address in loaded.since if declared.get(address, {}).get("kind") in ("label", "flag")}
    keys = {
        address: {0: "false", 1: "true"}
        if kind == "flag"
        else {number: key for key, number in ids.get((address, live.report["types"][address]), {}).items()}
        for address, kind in kinds.items()
    }
    return Graded(live, register, loaded, kinds, keys, rows, inside)


def _spread(array: Array, rows: Array, inside: Flags, absent: Any) -> Array:
    """A column of a block in the order of the register."""
    if not len(array):
        return np.full(len(rows), absent, dtype=array.dtype)
    found = array[rows]
    found[~inside] = absent
    return found


def number_column(connection: Connection, graded: Graded, name: str) -> Array | None:
    """A feature, score or amount of the run by register row, NaN for none; None where the run did not keep it as a number."""
    if ("number", name) in graded.columns:
        known: Array | None = graded.columns["number", name]
        return known
    found: Array | None = _from_inputs(connection, graded, name)
    if found is None:
        found = _from_outputs(graded, name)
    graded.columns["number", name] = found
    return found


def _from_inputs(connection: Connection, graded: Graded, name: str) -> Array | None:
    if name in graded.record.report["features"] and graded.record.report["features"][name] is not None:
        return None  # a text
    data = connection.scalar(select(block.c.data).where(block.c.run_id == graded.record.id, block.c.kind == "input"))
    columns = some_columns(data, ("customer_id", name)) if data is not None else {}
    if name not in columns or columns[name].dtype.kind not in "if":
        return None
    ids, array = np.asarray(columns["customer_id"], dtype=np.int64), columns[name].astype(np.float64)
    if not len(ids):
        return np.full(len(graded.register), np.nan)
    at = np.searchsorted(ids, graded.register.customer_id).clip(max=len(ids) - 1)
    found: Array = array[at]
    found[ids[at] != graded.register.customer_id] = np.nan
    return found


def _from_outputs(graded: Graded, address: str) -> Array | None:
    declared: Mapping[str, Any] = graded.record.report["declared"].get(address, {})
    if declared.get("kind") not in ("score", "amount") or address not in graded.block.values:
        return None
    array = graded.block.values[address]
    values = np.where(array == np.iinfo(array.dtype).min, np.nan, array / 10 ** declared["decimals"])
    return _spread(values, graded.rows, graded.inside, np.nan)


def some_columns(data: bytes, names: tuple[str, ...]) -> dict[str, Array]:
    """Some columns of a block of inputs, without unpacking the others."""
    import pyarrow as pa

    reader = pa.ipc.open_file(pa.BufferReader(data))
    chosen = [number for number, name in enumerate(reader.schema.names) if name in names]
    table = pa.ipc.open_file(pa.BufferReader(data), options=pa.ipc.IpcReadOptions(included_fields=chosen)).read_all()
    return {name: table.column(name).to_numpy() for name in table.column_names}


__all__ = ["Graded", "Register", "absent", "forget", "graded_of", "number_column", "register_of", "tagged", "within_reach"]
