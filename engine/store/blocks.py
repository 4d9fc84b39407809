"""A run's columns as one compressed Arrow table: outcomes with since-when, rule and reason; and the inputs as read.

A block makes history cheap: a million customers with eight outputs are a few megabytes, written in the transaction
that makes the run visible, and comparing two runs is comparing two blocks (ENGINE 3). Rows are ordered by customer id;
labels are the append-only ids of `label`, scores are scaled integers, so that a block says the same for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from engine.columns import Array, Codes, Column, Flags
from engine.effective import COMPUTED, COMPUTED_SINCE, STANDING
from engine.policy import Output

NONE = -1
"""A label id or flag that is not there."""

NO_NUMBER = np.iinfo(np.int64).min
"""A missing score, amount or date: the least value of whatever integer type the column is stored in."""

SINCE, REASON, RULE = "@since", "@reason", "@rule"


@dataclass(slots=True)
class Block:
    """The outcome of one run in stored form.

    values: by address, one array per output: label ids and flags (-1 none), scaled integers, days, set bits.
    since: by address of an output with history, the run in which the value began; 0 stands for the block's own run.
    reason, rule: by policy key, positions in the run's reasons and in the policy's rules; -1 for none.
    computed, standing, computed_since: by address of an output that is damped or fixed for somebody, in the form of values:
    the computed value; the one after damping, where that is another column than values; moments of damped ones, UTC seconds.
    """

    customer_id: Array
    values: dict[str, Array] = field(default_factory=dict)
    since: dict[str, Array] = field(default_factory=dict)
    reason: dict[str, Array] = field(default_factory=dict)
    rule: dict[str, Array] = field(default_factory=dict)
    computed: dict[str, Array] = field(default_factory=dict)
    standing: dict[str, Array] = field(default_factory=dict)
    computed_since: dict[str, Array] = field(default_factory=dict)

    @property
    def marked(self) -> tuple[tuple[str, dict[str, Array]], ...]:
        """Every part beside the values, with the mark behind its names."""
        return (
            (SINCE, self.since),
            (REASON, self.reason),
            (RULE, self.rule),
            (COMPUTED, self.computed),
            (STANDING, self.standing),
            (COMPUTED_SINCE, self.computed_since),
        )

    @property
    def beside(self) -> tuple[dict[str, Array], ...]:
        """The parts that say how effective values came about."""
        return self.computed, self.standing, self.computed_since

    def rows_of(self, customers: Array) -> tuple[Array, Flags]:
        """Where these customers (ascending ids) stand in this block, and which of them do."""
        if len(customers) == len(self.customer_id) and np.array_equal(customers, self.customer_id):
            return np.arange(len(customers)), np.ones(len(customers), dtype=bool)
        if not len(self.customer_id):
            return np.zeros(len(customers), dtype=np.int64), np.zeros(len(customers), dtype=bool)
        at = np.searchsorted(self.customer_id, customers).clip(max=len(self.customer_id) - 1)
        return at, self.customer_id[at] == customers


def encode(block: Block) -> bytes:
    """The block as compressed Arrow IPC."""
    columns = {"customer_id": block.customer_id, **block.values}
    for mark, part in block.marked:
        columns.update({name + mark: array for name, array in part.items()})
    return to_arrow({name: _narrow(array) for name, array in columns.items()})


def decode(data: bytes) -> Block:
    """Read a block back; its integers may be narrower than they were."""
    table = read_arrow(data)
    block = Block(np.asarray(table.pop("customer_id"), dtype=np.int64))
    for name, array in table.items():
        for mark, part in block.marked:
            if name.endswith(mark):
                part[name.removesuffix(mark)] = array
                break
        else:
            block.values[name] = array
    return block


def to_arrow(columns: Mapping[str, Array]) -> bytes:
    """Columns as zstd-compressed Arrow IPC; the fastest level, since blocks are written while a lock is awaited."""
    table = pa.table({name: pa.array(array) for name, array in columns.items()})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1))
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=262_144)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def read_arrow(data: bytes) -> dict[str, Array]:
    """The columns of `to_arrow`."""
    table = pa.ipc.open_file(pa.BufferReader(data)).read_all()
    return {name: table.column(name).to_numpy() for name in table.column_names}


def some_columns(data: bytes, names: Sequence[str]) -> dict[str, Array]:
    """Those of the named columns of a block that it has; the others are not unpacked."""
    there = pa.ipc.open_file(pa.BufferReader(data)).schema
    fields = sorted(there.get_field_index(name) for name in names if name in there.names)
    table = pa.ipc.open_file(pa.BufferReader(data), options=pa.ipc.IpcReadOptions(included_fields=fields)).read_all()
    return {name: table.column(name).to_numpy() for name in table.column_names}


def stored(column: Column, output: Output, label_ids: Mapping[str, int]) -> Array:
    """An output column in the form that a block keeps. label_ids: label key to id, of this output."""
    if isinstance(column, Codes):
        table = np.array([*(label_ids[key] for key in column.values), NONE], dtype=np.int16)
        return table[column.codes]
    if output.kind in ("score", "amount"):
        absent = np.isnan(column)
        scaled = np.rint(np.where(absent, 0.0, column) * 10**output.decimals).astype(np.int64)
        return np.where(absent, NO_NUMBER, scaled) if absent.any() else scaled
    if output.kind == "date":
        return column.astype("datetime64[D]").astype(np.int64)
    return column


def restored(array: Array, output: Output, keys_by_id: Mapping[int, str]) -> Column:
    """The output column again. keys_by_id: label id to key, of this output; ids of labels no longer declared keep theirs."""
    if output.kind == "label":
        keys = list(output.keys)
        keys += [key for key in keys_by_id.values() if key not in keys]
        table = np.full(max(keys_by_id, default=0) + 2, -1, dtype=np.int16)
        for number, key in keys_by_id.items():
            table[number] = keys.index(key)
        return Codes(table[array.astype(np.int64)], keys)
    if output.kind in ("score", "amount"):
        return np.where(array == np.iinfo(array.dtype).min, np.nan, array / 10**output.decimals)
    if output.kind == "date":
        absent = array == np.iinfo(array.dtype).min
        return np.where(absent, np.datetime64("NaT"), array.astype(np.int64).astype("datetime64[D]"))
    return array


def _narrow(array: Array) -> Array:
    """Halve or quarter integers that fit; zstd works on what is left."""
    if array.dtype != np.int64 or not len(array):
        return array
    absent = array == NO_NUMBER
    some = bool(absent.any())
    present = array[~absent] if some else array
    least, most = (int(present.min()), int(present.max())) if len(present) else (0, 0)
    for smaller in (np.int16, np.int32):
        bounds = np.iinfo(smaller)
        if bounds.min < least and most <= bounds.max:
            return np.where(absent, bounds.min, array).astype(smaller) if some else array.astype(smaller)
    return array
