"""The columns of one finished run, as its policies read and gave them: from its stored blocks, nothing computed again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.columns import Array, Codes, Column, Columns, freeze
from engine.errors import RunError
from engine.former import previous_columns, snapshot_of
from engine.policy import Output, State
from engine.rulebook import PolicyEntry, Rulebook
from engine.run_report import REVENUE
from engine.store import outcomes
from engine.store.blocks import Block, restored
from engine.store.features import read_features
from engine.store.inputs import Inputs, load_inputs
from engine.store.outcomes import RunRecord
from engine.store.session import Store

KEPT = 2
"""Runs whose columns stay open: a comparison looks at two."""

_open: OrderedDict[tuple[str, int, str], RunColumns] = OrderedDict()
_lock = threading.Lock()


@dataclass
class RunColumns:
    """What a run read and gave. One row per customer of the run, by ascending internal key."""

    store: Store
    record: RunRecord
    rulebook: Rulebook
    block: Block
    inputs: Inputs
    states: Mapping[str, State]
    labels: Mapping[tuple[str, str], Mapping[str, int]]
    _columns: dict[str, Column] = field(default_factory=dict)
    _previous: Columns | None = None

    @classmethod
    def of(cls, store: Store, record: RunRecord, rulebook: Rulebook) -> RunColumns:
        """Open the blocks of a run, or take them from the few that are open. Raises `RunError` where retention has removed them."""
        key = (str(store.sql.url), record.id, record.digest)
        with _lock:
            if key in _open:
                _open.move_to_end(key)
                return _open[key]
        with store.read() as connection:
            block = outcomes.load_block(connection, record.id)
            inputs = load_inputs(connection, record)
            states, labels = outcomes.states(connection, record.id), outcomes.all_labels(connection)
        if inputs is None:
            raise RunError(f"the inputs of run {record.id} are no longer kept; choose a later run")
        found = cls(store, record, rulebook, block, inputs, states, labels)
        with _lock:
            _open[key] = found
            while len(_open) > KEPT:
                _open.popitem(last=False)
        return found

    @property
    def rows(self) -> int:
        """How many customers the run had."""
        return len(self.block.customer_id)

    @property
    def revenue(self) -> Array:
        """Sales of each customer up to the run's moment, in major units; 0 where there are none."""
        column = self.inputs.columns.get(REVENUE)
        return np.zeros(self.rows) if column is None or isinstance(column, Codes) else np.nan_to_num(column)

    def of_policy(self, entry: PolicyEntry, needs: Iterable[str] = ()) -> Columns:
        """What a policy's pictures are given: its inputs, its outputs under their bare names, and those of `needs` that there are."""
        found: dict[str, Column] = {}
        for name in needs:
            column = self.column(name)
            if column is not None:
                found[name] = column
        for written in entry.policy.inputs():
            column = self.column(written.removesuffix("?"))
            if column is not None:
                found[written.removesuffix("?")] = column
        for output in entry.policy.outputs():
            column = self.column(f"{entry.key}.{output.name}")
            if column is not None:
                found[output.name] = column
        return freeze(found)

    def column(self, name: str) -> Column | None:
        """A feature or an output of the run by its name; None where the run had no such column."""
        if name not in self._columns:
            column = self._find(name)
            if column is None:
                return None
            self._columns[name] = column
        return self._columns[name]

    def _find(self, name: str) -> Column | None:
        if name.startswith("previous."):
            return self._former().get(name)
        if name in self.inputs.columns:
            return self.inputs.columns[name]
        output = self.output(name)
        if output is not None and name in self.block.values:
            policy_type = self.record.report["types"].get(name, "")
            keys = {number: key for key, number in self.labels.get((name, policy_type), {}).items()}
            return restored(self.block.values[name], output, keys)
        return None

    def read(self, names: Iterable[str]) -> None:
        """Read features that the run did not keep from the store as it is now, as of the run's moment."""
        wanted = sorted({name for name in names if self.column(name) is None and name in self.rulebook.catalogue})
        if not wanted:
            return
        table, _ = read_features(self.store, wanted, self.record.as_of, catalogue=self.rulebook.catalogue, keep=False)
        order = np.argsort(table.customer_id, kind="stable")
        known = table.customer_id[order]
        at = np.searchsorted(known, self.block.customer_id).clip(max=max(len(known) - 1, 0))
        there = known[at] == self.block.customer_id if len(known) else np.zeros(self.rows, dtype=bool)
        for name in wanted:
            self._columns[name] = _aligned(table.columns[name], order[at] if len(known) else at, there)

    def output(self, address: str) -> Output | None:
        """The declaration of an output."""
        key, _, name = address.partition(".")
        for entry in self.rulebook.entries:
            if entry.key == key and entry.enabled:
                return next((output for output in entry.policy.outputs() if output.name == name), None)
        return None

    def _former(self) -> Columns:
        if self._previous is None:
            plan = self.rulebook.plan
            with self.store.read() as connection:
                snapshot = snapshot_of(connection, self.record, block=bool(plan.previous))
            self._previous = previous_columns(plan, snapshot, self.block.customer_id)
        return self._previous


def _aligned(column: Column, rows: Array, there: Array) -> Column:
    """A column of the store in the order of a run; who is gone from the store has no value."""
    if isinstance(column, Codes):
        return Codes(np.where(there, column.codes[rows], -1), column.values, closed=column.closed)
    if column.dtype.kind == "M":
        return np.where(there, column[rows], np.datetime64("NaT"))
    return np.where(there, column[rows].astype(np.float64), np.nan)


def forget() -> None:
    """Close what is open."""
    with _lock:
        _open.clear()
