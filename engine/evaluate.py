"""Evaluate single customers with the states of a run: the same `apply`, on columns of a few rows, nothing stored.

For a customer whose facts did not change, evaluated as of the run's own moment, the values equal those of the run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select

from engine.columns import Array, Codes, Column, freeze
from engine.effective import Effects
from engine.errors import FeatureError, RunError, did_you_mean
from engine.former import Snapshot, previous_columns, snapshot_of
from engine.given import given_column
from engine.plan import Plan
from engine.policy import State
from engine.registry import Registry
from engine.rulebook import Rulebook
from engine.run import Facts, Outcome, compute
from engine.standing import effects_of
from engine.store import outcomes
from engine.store.facts import store_settings
from engine.store.features import read_one
from engine.store.fixed_values import in_force
from engine.store.models import run_state
from engine.store.outcomes import RunRecord
from engine.store.session import Store
from engine.values import plain


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one customer would be: values by address (None: withheld), why values are withheld, by policy; faults.

    computed: what was computed for outputs that are damped or fixed by hand, whose value may be another.
    Every answer names what it rests on: rulebook version, run whose states were used, as_of.
    """

    values: Mapping[str, Any]
    withheld: Mapping[str, str]
    faults: Mapping[str, str]
    rulebook: int
    run: int
    as_of: int
    customer_id: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    computed: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Evaluator:
    """A plan with the frozen states of one run.

    stale: policies whose plugin has another version than the run had, and in which words; their states no longer hold.
    moved: policies whose code differs although its version is the same.
    """

    store: Store
    record: RunRecord
    rulebook: Rulebook
    states: Mapping[str, State | None]
    snapshot: Snapshot
    stale: Mapping[str, str] = field(default_factory=dict)
    moved: frozenset[str] = frozenset()

    @classmethod
    def of_run(cls, store: Store, record: RunRecord, rulebook: Rulebook, registry: Registry, *, replay: bool = False) -> Evaluator:
        """Load the states of a run, and the outcomes it was based on.

        Raises `RunError` when a plugin has changed since: its states no longer hold. replay: keep what still holds.
        """
        with store.read() as connection:
            rows = connection.execute(select(run_state).where(run_state.c.run_id == record.id)).all()
            snapshot = snapshot_of(connection, record, block=looks_back(rulebook))
        versions = {entry.key: entry.policy.version for entry in rulebook.entries}
        stale = {
            row.policy: f"made by version {row.version} of the policy type {row.type}; version {versions.get(row.policy)} is installed"
            for row in rows
            if versions.get(row.policy) != row.version
        }
        if stale and not replay:
            key = next(iter(stale))
            raise RunError(f"policy {key} of run {record.id} was {stale[key]}; run again")
        moved = frozenset(row.policy for row in rows if row.policy not in stale and registry.source_hash(row.type) != row.source_hash)
        states = {row.policy: json.loads(row.state) for row in rows if row.policy not in stale}
        return cls(store, record, rulebook, states, snapshot, stale, moved)

    @property
    def plan(self) -> Plan:
        """The plan of the rulebook."""
        return self.rulebook.plan

    def of_customers(self, customers: Sequence[int], as_of: int | None = None) -> list[Evaluation]:
        """Evaluate stored customers from their facts as of a moment (None: that of the run)."""
        at = self.record.as_of if as_of is None else as_of
        found = []
        for customer in customers:  # a handful at most: a batch is a run
            facts = self.facts_of(customer, at)
            found += self._evaluations(self.outcome(facts), at, [customer])
        return found

    def of_features(self, rows: Sequence[Mapping[str, Any]], as_of: int | None = None) -> list[Evaluation]:
        """Evaluate given feature values; what is not given is missing. Raises `FeatureError` naming the feature."""
        return self._evaluations(self.outcome(self.facts_given(rows)), self.record.as_of if as_of is None else as_of, [None] * len(rows))

    def facts_of(self, customer: int, as_of: int) -> Facts:
        """The stored customer as a single row."""
        table = read_one(self.store, customer, self.plan.features, as_of, catalogue=self.rulebook.catalogue)
        before = self._snapshot_at(as_of)
        previous = previous_columns(self.plan, before, table.customer_id) if self.plan.previous else {}
        effects = effects_of(self.plan, before, table.customer_id, table.not_graded, as_of, self._zone)
        return Facts(table.customer_id, table.key_hash, table.columns, table.not_graded, previous, effects)

    def effects_in_run(self, customers: Array, not_graded: Codes | None) -> Effects:
        """What made effective values of computed ones for some customers, in the run itself."""
        return effects_of(self.plan, self.snapshot, customers, not_graded, self.record.as_of, self._zone)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return store_settings(self.store).timezone

    def _snapshot_at(self, as_of: int) -> Snapshot:
        """What was before a moment: for one after the run, the run itself, and the values that are fixed then."""
        if as_of == self.record.as_of:
            return self.snapshot
        with self.store.read() as connection:
            fixed = in_force(connection, as_of)
        later = as_of > self.record.as_of and looks_back(self.rulebook)
        return replace(self._after if later else self.snapshot, fixed=fixed)

    @cached_property
    def _after(self) -> Snapshot:
        with self.store.read() as connection:
            block, moments = outcomes.load_block(connection, self.record.id), outcomes.moments_of_runs(connection)
        return replace(self.snapshot, base=self.record, base_block=block, as_of_by_run=moments)

    def facts_given(self, rows: Sequence[Mapping[str, Any]]) -> Facts:
        """Given values as columns."""
        known = {*self.plan.features, *self.plan.previous}
        for row in rows:
            for name in row:
                if name not in known:
                    hint = did_you_mean(str(name), known) or f"this rulebook reads {', '.join(sorted(known))}"
                    raise FeatureError(f"{name!r} is not read by this rulebook; {hint}")
        columns = {
            name: given_column(self.rulebook.catalogue.resolve(name), [row.get(name) for row in rows]) for name in self.plan.features
        }
        nobody = np.zeros(len(rows), dtype=np.int64)
        previous = dict(previous_columns(self.plan, self.snapshot, nobody)) if self.plan.previous else {}
        for name in previous:
            if any(name in row for row in rows):
                previous[name] = _former(name, previous[name], [row.get(name) for row in rows])
        return Facts(nobody, nobody, freeze(columns), None, freeze(previous))

    def outcome(self, facts: Facts) -> Outcome:
        """Apply the plan to some facts, states frozen."""
        return compute(self.plan, facts, states=self.states)

    def _evaluations(self, outcome: Outcome, as_of: int, customers: Sequence[int | None]) -> list[Evaluation]:
        columns = {address: plain(outcome.column(address), output) for address, output in outcome.outputs()}
        beside = {
            f"{key}.{output.name}": plain(policy.beside[output.name].computed, output)
            for key, policy in outcome.policies.items()
            for output in policy.step.outputs
            if output.name in policy.beside
        }
        faults = {key: p.fault or f"needs {p.stale_because}, which failed" for key, p in outcome.policies.items() if not p.sound}
        found = []
        for row, customer in enumerate(customers):
            withheld = {
                key: str(outcome.reasons[policy.reason[row]])
                for key, policy in outcome.policies.items()
                if policy.sound and policy.reason is not None and policy.reason[row] >= 0
            }
            values = {address: values[row] for address, values in columns.items()}
            computed = {address: values[row] for address, values in beside.items()}
            found.append(Evaluation(values, withheld, faults, self.record.version_id, self.record.id, as_of, customer, computed=computed))
        return found


def looks_back(rulebook: Rulebook) -> bool:
    """Whether outcomes of the base run are needed: something reads what was before, or is damped."""
    return bool(rulebook.plan.previous) or any(step.entry.damping for step in rulebook.plan.steps)


def _former(name: str, column: Column, values: Sequence[Any]) -> Column:
    """Given former labels. Raises `FeatureError` for what was never one, and for anything but labels."""
    if not isinstance(column, Codes):
        raise FeatureError(f"{name}: only a former label can be given; moments and scores of the past come from the store")
    for value in values:
        if value is not None and value not in column.values:
            raise FeatureError(f"{name}: found {value!r}; expected one of {', '.join(column.values)}")
    return Codes.of(values, column.values)
