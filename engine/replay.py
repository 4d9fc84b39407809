"""A run as it was, for one customer: its rulebook, states and inputs, and what it stored.

A past outcome is explained by what made it. Where something of that is gone (retention took the inputs, a plugin has
another version, the customer came later), the replay stands on what there is, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.columns import Codes, Column, freeze, take_rows
from engine.errors import RunError
from engine.evaluate import Evaluator
from engine.explanation import Source
from engine.former import previous_columns
from engine.nearest import Population
from engine.policy import Output
from engine.run import Facts, Outcome, PolicyOutcome, Withholding, compute, empty_column
from engine.store import outcomes
from engine.store.blocks import Block, restored
from engine.store.inputs import Inputs, load_inputs
from engine.store.outcomes import RunRecord
from engine.store.session import Store
from engine.values import plain


@dataclass
class Replay:
    """One run, opened for looking at customers one after another.

    inputs, block: None where retention has removed them.
    """

    evaluator: Evaluator
    inputs: Inputs | None
    block: Block | None
    moments: Mapping[int, int]
    labels: Mapping[tuple[str, str], Mapping[str, int]]
    population: Population = field(init=False)

    def __post_init__(self) -> None:
        self.population = Population(self.inputs.columns if self.inputs else {})
        self.reasons = [Withholding(*row[:4]) for row in self.record.report["reasons"]]

    @classmethod
    def of(cls, store: Store, evaluator: Evaluator) -> Replay:
        """Load what the run kept."""
        with store.read() as connection:
            inputs = load_inputs(connection, evaluator.record)
            try:
                block = outcomes.load_block(connection, evaluator.record.id)
            except RunError:
                block = None
            return cls(evaluator, inputs, block, outcomes.moments_of_runs(connection), outcomes.all_labels(connection))

    @property
    def record(self) -> RunRecord:
        """The run."""
        return self.evaluator.record

    def was_there(self, customer_id: int) -> bool:
        """Whether the run had this customer, as far as it is still known."""
        return self._row(customer_id) is not None or (self.inputs is not None and self.inputs.row_of(customer_id) is not None)

    def of_customer(self, customer_id: int) -> Replayed:
        """The customer as the run saw it: facts, the outcome computed again, and the values that the run stored."""
        row = self._row(customer_id)
        facts, source = self._facts(customer_id, row)
        kept = self._kept(facts, row)
        outcome = compute(self.evaluator.plan, facts, states=self.evaluator.states, kept=kept)
        for key, words in self.evaluator.stale.items():
            if kept is None or key not in kept.policies:
                outcome.policies[key].fault = words
        since: dict[str, int] = {}
        if row is not None and self.block is not None:
            since = {address: self.moments[int(runs[row])] for address, runs in self.block.since.items() if int(runs[row]) in self.moments}
        return Replayed(self, customer_id, facts, outcome, self._stored(row), since, source)

    def _row(self, customer_id: int) -> int | None:
        if self.block is None:
            return None
        rows, there = self.block.rows_of(np.array([customer_id]))
        return int(rows[0]) if there[0] else None

    def _facts(self, customer_id: int, row: int | None) -> tuple[Facts, Source]:
        at = self.inputs.row_of(customer_id) if self.inputs else None
        plan = self.evaluator.plan
        if self.inputs is None or at is None or not set(plan.features) <= set(self.inputs.columns):
            return self.evaluator.facts_of(customer_id, self.record.as_of), "today"
        ids = np.array([customer_id], dtype=np.int64)
        columns = take_rows({name: self.inputs.columns[name] for name in plan.features}, np.array([at]))
        previous = previous_columns(plan, self.evaluator.snapshot, ids) if plan.previous else freeze({})
        not_graded = self._not_graded(row)
        effects = self.evaluator.effects_in_run(ids, not_graded)
        return Facts(ids, np.zeros(1, dtype=np.int64), columns, not_graded, previous, effects), "run"

    def _not_graded(self, row: int | None) -> Codes | None:
        """Who was not graded then is not graded here."""
        if row is None or self.block is None:
            return None
        numbers = [int(column[row]) for column in self.block.reason.values()]
        flagged = next((self.reasons[at].detail for at in numbers if at >= 0 and self.reasons[at].kind == "not graded"), None)
        return Codes.of([flagged]) if flagged is not None else None

    def _stored(self, row: int | None) -> dict[str, Any]:
        """What the run stored of the customer, by address, as plain values."""
        found: dict[str, Any] = {}
        for step in self.evaluator.plan.steps:
            for output in step.outputs:
                address = f"{step.entry.key}.{output.name}"
                column = self._stored_column(address, step.entry.type, output, row)
                if column is not None:
                    found[address] = plain(column, output)[0]
        return found

    def _stored_column(self, address: str, policy_type: str, output: Output, row: int | None) -> Column | None:
        if self.block is None or row is None or address not in self.block.values:
            return None
        keys = {number: key for key, number in self.labels.get((address, policy_type), {}).items()}
        array = self.block.values[address]
        if output.kind in ("score", "amount", "date") and array.dtype != np.int64:
            lowest = np.iinfo(array.dtype).min
            wide = array[row : row + 1].astype(np.int64)
            array = np.where(wide == lowest, np.iinfo(np.int64).min, wide)
            return restored(array, output, keys)
        return restored(array[row : row + 1], output, keys)

    def _kept(self, facts: Facts, row: int | None) -> Outcome | None:
        """Policies whose code is no longer that of the run stand as the run stored them; others read them so."""
        if not self.evaluator.stale or row is None or self.block is None:
            return None
        policies: dict[str, PolicyOutcome] = {}
        for step in self.evaluator.plan.steps:
            key = step.entry.key
            if key not in self.evaluator.stale or key not in self.block.reason:
                continue
            columns: dict[str, Column] = {}
            for output in step.outputs:
                column = self._stored_column(f"{key}.{output.name}", step.entry.type, output, row)
                columns[output.name] = empty_column(output, 1) if column is None else column
            reason = self.block.reason[key][row : row + 1].astype(np.int16)
            rule = self.block.rule[key][row : row + 1] if key in self.block.rule else None
            policies[key] = PolicyOutcome(step, columns, reason, rule)
        return Outcome(facts, policies, list(self.reasons))


@dataclass
class Replayed:
    """One customer in one run. stored: by address, empty for who was not in it. since: epoch seconds by address."""

    replay: Replay
    customer_id: int
    facts: Facts
    outcome: Outcome
    stored: Mapping[str, Any]
    since: Mapping[str, int]
    source: Source

    def differs(self, key: str) -> bool:
        """Whether a policy computed again gives something else than the run stored."""
        policy = self.outcome.policies[key]
        if not policy.sound:
            return False
        again = {f"{key}.{output.name}": plain(policy.columns[output.name], output)[0] for output in policy.step.outputs}
        return any(address in self.stored and self.stored[address] != value for address, value in again.items())
