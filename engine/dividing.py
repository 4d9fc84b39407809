"""Divide what changed between two runs into time, new facts, corrections, thresholds and rules, from what the store keeps.

The path of a customer: what the first run gave; the facts up to its moment as they are known now (corrections); the
later moment without later facts (time); the facts that happened since; the refitted states (thresholds); the other
rulebook (rules). Every point on it is exact: inputs are kept with each run, and what happened up to a moment is read
from the store as it was known to the second run. Where a customer's facts were changed after the second run, that
knowledge is gone, so its corrections, time and new facts stay one undivided part (docs/explanation/division.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import select

from engine.columns import Array, Codes, Column, Columns, Flags, freeze
from engine.division import Division, Path, Stretch, Walker, divide, walkers
from engine.division_side import Side, States, side_of
from engine.effective import Effects
from engine.errors import RunError
from engine.former import previous_columns
from engine.plan import Plan
from engine.policy import Label
from engine.progress import Tell, silent
from engine.row_columns import either, either_flags, places, taken
from engine.rulebook import Rulebook
from engine.run import Facts, Outcome, compute
from engine.run_report import REVENUE
from engine.simulate import FLAG_KEYS, NO_VALUE
from engine.standing import effects_of
from engine.store import outcomes
from engine.store.facts import store_settings
from engine.store.features import FeatureTable, read_features
from engine.store.lookups import external_ids
from engine.store.models import customer
from engine.store.outcomes import RunRecord
from engine.store.reach import ALL, Reach
from engine.store.session import Store

POINTS = 9
"""What is read and computed, told as progress: tables of facts, and points of the path."""

TRIES = 3
"""How often a division starts again because facts were imported between two reads."""


def divide_runs(
    store: Store,
    first: tuple[RunRecord, Rulebook],
    second: tuple[RunRecord, Rulebook],
    *,
    most: int = 20,
    reach: Reach = ALL,
    tell: Tell = silent,
) -> Division:
    """Divide the change from one run to a later one. most: how many single customers to name, of those within `reach`.

    tell: hears of the progress. Raises `RunError` when the first is the later one, or retention has removed the columns of either.
    """
    if first[0].as_of > second[0].as_of:
        raise RunError(f"run {first[0].id} is as of a later moment than run {second[0].id}; name the earlier one first")
    tell("read", 0, POINTS)
    with store.read() as connection:
        sides = [side_of(connection, record, rulebook) for record, rulebook in (first, second)]
        labels = outcomes.all_labels(connection)
    return _Divider(store, sides[0], sides[1], labels, tell).divided(most, reach)


@dataclass(slots=True)
class _Known:
    """Feature columns read from the store, with who is not graded now and whose facts are newer than the second run."""

    table: FeatureTable
    changed: Array


class _Divider:
    """Makes the points of the path; rows are the customers of both runs, by ascending id."""

    def __init__(
        self, store: Store, first: Side, second: Side, labels: Mapping[tuple[str, str], Mapping[str, int]], tell: Tell = silent
    ) -> None:
        self.tell, self.done = tell, 0
        self.store, self.first, self.second, self.labels = store, first, second, labels
        self.zone = store_settings(store).timezone
        self.both = np.intersect1d(first.block.customer_id, second.block.customer_id, assume_unique=True)
        self.at_first = np.searchsorted(first.block.customer_id, self.both)
        self.at_second = np.searchsorted(second.block.customer_id, self.both)
        self.same_inputs = all(
            name in second.inputs.columns and first.rulebook.catalogue.resolve(name) == second.rulebook.catalogue.resolve(name)
            for name in first.plan.features
        )

    def divided(self, most: int, reach: Reach = ALL) -> Division:
        """Everything."""
        corrected, still, later = self._read()
        ids = [known.table.customer_id for known in (corrected, still)]
        gone = ~np.isin(self.both, ids[0]) | ~np.isin(self.both, ids[1])
        apart = np.isin(self.both, corrected.changed) | gone
        outcomes_ = self._outcomes(corrected.table, still.table, later, apart)
        paths: list[Path] = []
        refused: dict[str, str] = {}
        for address in dict.fromkeys([*self.second.addresses, *self.first.addresses]):
            path = self._path(address, outcomes_, apart, refused)
            if path is not None:
                paths.append(path)
        return Division(
            first=self.first.record.id,
            second=self.second.record.id,
            first_as_of=self.first.record.as_of,
            second_as_of=self.second.record.as_of,
            outputs={path.address: divide(path) for path in paths},
            undivided_outputs=refused,
            undivided=int(apart.sum()),
            customers=len(self.second.block.customer_id),
            walkers=self._walkers(paths, most, reach),
        )

    # --- what is read ------------------------------------------------------------------------------------------

    def _read(self) -> tuple[_Known, _Known, FeatureTable | None]:
        """Today's facts up to the first moment; the same seen from the second; and, where inputs differ, all of them."""
        for _ in range(TRIES):
            t0, t1 = self.first.record.as_of, self.second.record.as_of
            corrected = self._table(t0, t0)
            silent = corrected if t0 == t1 else self._table(t1, t0)
            later = None if self.same_inputs else self._table(t1, t1)
            tables = [known.table for known in (corrected, silent, later) if known is not None]
            if len({table.fact_seq for table in tables}) == 1:
                return corrected, silent, later.table if later else None
        raise RunError("facts were imported while the division read them; try again")

    def _step(self, name: str) -> None:
        self.tell(name, min(self.done, POINTS), POINTS)
        self.done += 1

    def _table(self, as_of: int, known_until: int) -> _Known:
        self._step("read")
        after = self.second.record.fact_seq
        query = select(customer.c.id).where(customer.c.fact_seq > after)
        table, changed = read_features(
            self.store,
            sorted(self.first.plan.features),
            as_of,
            catalogue=self.first.rulebook.catalogue,
            also=lambda connection: np.array(connection.scalars(query).all(), dtype=np.int64),
            keep=False,
            known_until=known_until,
        )
        return _Known(table, changed)

    # --- the points of the path --------------------------------------------------------------------------------

    def _outcomes(self, corrected: FeatureTable, silent: FeatureTable, later: FeatureTable | None, apart: Flags) -> list[Outcome | None]:
        """First run again; corrected; time passed; held anew; facts happened; refitted; second run again, None where it is the same."""
        plan, states = self.first.plan, self.first.states
        start = self._stored(self.first, self.at_first)
        one, two = self.first, self.second
        was, now = (previous_columns(plan, side.former, self.both) for side in (self.first, self.second))
        graded = self.first.not_graded()
        flags = graded[self.at_first] if graded is not None else None
        points: list[Outcome | None] = [self._at(plan, start, was, flags, states, one)]
        for table, previous in ((corrected, was), (silent, now)):
            columns = {name: either(apart, start[name], column) for name, column in self._rows(table).items()}
            previous = freeze({name: either(apart, was[name], column) for name, column in previous.items()})
            seen = either_flags(apart, flags, self._graded(table))
            points.append(self._at(plan, columns, previous, seen, states, one))
        points.append(self._at(plan, columns, previous, seen, states, two) if self._holds() else points[-1])
        facts = self._second_facts(later, corrected)
        rows, _ = places(facts.customer_id, self.both)
        flags = facts.not_graded[rows] if facts.not_graded is not None else None
        points.append(self._at(plan, {name: column[rows] for name, column in facts.columns.items()}, now, flags, states, two))
        previous = previous_columns(plan, two.former, facts.customer_id)
        fitted = compute(plan, replace(facts, previous=previous, effects=self._effects(plan, two, facts.customer_id, facts.not_graded)))
        points.append(_of_rows(fitted, rows))
        points.append(None if self.first.rulebook.hash == self.second.rulebook.hash else self._again())
        return points

    def _again(self) -> Outcome:
        """The second run computed once more, by its own states."""
        side = self.second
        columns = self._stored(side, self.at_second)
        previous = previous_columns(side.plan, side.former, self.both)
        graded = side.not_graded()
        return self._at(side.plan, columns, previous, graded[self.at_second] if graded is not None else None, side.states, side)

    def _effects(self, plan: Plan, side: Side, customers: Array, graded: Codes | None) -> Effects:
        """How a run made effective values of computed ones."""
        return effects_of(plan, side.former, customers, graded, side.record.as_of, self.zone)

    def _holds(self) -> bool:
        """Whether anything was damped, or fixed by hand."""
        damped = any(step.entry.damping for side in (self.first, self.second) for step in side.plan.steps)
        return damped or bool(self.first.former.fixed or self.second.former.fixed)

    def _second_facts(self, later: FeatureTable | None, known: FeatureTable) -> Facts:
        """What the second run read, for the first run's plan: everyone, sorted as `fit` expects."""
        side = self.second
        ids = side.block.customer_id
        by_id = np.argsort(known.customer_id, kind="stable")
        at = np.searchsorted(known.customer_id, ids, sorter=by_id).clip(max=max(len(by_id) - 1, 0))
        hashes = ids.copy()
        if len(by_id):
            there = known.customer_id[by_id[at]] == ids
            hashes = np.where(there, known.key_hash[by_id[at]], ids)
        order = np.argsort(hashes, kind="stable")
        if later is None:
            columns = {name: side.inputs.columns[name][order] for name in self.first.plan.features}
        else:
            rows, there = places(later.customer_id, ids[order])
            columns = {name: taken(column, rows, there) for name, column in later.columns.items()}
        graded = side.not_graded()
        return Facts(ids[order], hashes[order], freeze(columns), graded[order] if graded is not None else None)

    def _at(
        self, plan: Plan, columns: Mapping[str, Column], previous: Columns, graded: Codes | None, states: States, side: Side
    ) -> Outcome:
        """The outcome at a point. side: whose damping and fixed values hold."""
        self._step("compute")
        effects = self._effects(plan, side, self.both, graded)
        return compute(plan, Facts(self.both, self.both, freeze(columns), graded, freeze(previous), effects), states=states)

    def _stored(self, side: Side, rows: Array) -> dict[str, Column]:
        return {name: side.inputs.columns[name][rows] for name in side.plan.features}

    def _rows(self, table: FeatureTable) -> dict[str, Column]:
        rows, there = places(table.customer_id, self.both)
        return {name: taken(column, rows, there) for name, column in table.columns.items()}

    def _graded(self, table: FeatureTable) -> Codes | None:
        if table.not_graded is None:
            return None
        rows, there = places(table.customer_id, self.both)
        found = taken(table.not_graded, rows, there)
        assert isinstance(found, Codes)
        return found

    # --- the path of an output ---------------------------------------------------------------------------------

    def _path(self, address: str, points: list[Outcome | None], apart: Flags, refused: dict[str, str]) -> Path | None:
        key = address.partition(".")[0]
        sides = [side for side in (self.first, self.second) if address in side.addresses]
        why = next((side.unsound[key] for side in sides if key in side.unsound), "")
        keys = tuple(dict.fromkeys(key_ for side in reversed(sides) for key_ in side.keys(address)))
        place = {key_: at for at, key_ in enumerate((*keys, NO_VALUE))}
        computed = [self._computed(address, point, place) if point is not None else None for point in points]
        if address in self.first.addresses and any(codes is None for codes in computed[:6]):
            why = why or f"{key} cannot be evaluated with the states of run {self.first.record.id}"
        if why:
            refused[address] = why
            return None
        nobody = np.full(len(self.both), len(keys), dtype=np.int64)
        start, end = (self._kept(side, address, place) for side in (self.first, self.second))
        first = start[self.at_first] if start is not None else nobody
        last = end[self.at_second] if end is not None else nobody
        points_ = [nobody if codes is None else codes for codes in computed[:6]]
        again = points_[5] if points[6] is None else computed[6] if computed[6] is not None else nobody
        if not self.same_inputs:
            points_[4:6] = [np.where(apart, last, codes) for codes in points_[4:6]]
            again = np.where(apart, last, again)
        stretches = [
            Stretch("program", points_[0]),
            Stretch("corrections", points_[1]),
            Stretch("time", points_[2]),
            Stretch("holds", points_[3]),
            Stretch("facts", points_[4], apart, "undivided"),
            Stretch("thresholds", points_[5]),
            Stretch("rules", again),
            Stretch("program", last),
        ]
        left = np.setdiff1d(np.arange(len(self.first.block.customer_id)), self.at_first, assume_unique=True)
        entered = np.setdiff1d(np.arange(len(self.second.block.customer_id)), self.at_second, assume_unique=True)
        side = sides[0] if address not in self.second.addresses else self.second
        return Path(
            address,
            side.record.report["declared"][address]["kind"],
            tuple(place),
            first,
            stretches,
            start[left] if start is not None else np.full(len(left), len(keys)),
            end[entered] if end is not None else np.full(len(entered), len(keys)),
            _labels(self.second.plan, address) or _labels(self.first.plan, address),
        )

    def _computed(self, address: str, outcome: Outcome, place: Mapping[str, int]) -> Array | None:
        policy = outcome.policies.get(address.partition(".")[0])
        if policy is None or not policy.sound or address.partition(".")[2] not in policy.columns:
            return None
        column = outcome.column(address)
        codes, keys = (column.codes, column.values) if isinstance(column, Codes) else (column, FLAG_KEYS)
        table = np.array([*(place.get(key, len(place) - 1) for key in keys), len(place) - 1], dtype=np.int64)
        return np.asarray(table[codes.astype(np.int64)])

    def _kept(self, side: Side, address: str, place: Mapping[str, int]) -> Array | None:
        """What the run stored, every row of it."""
        if address not in side.addresses:
            return None
        stored = side.block.values[address].astype(np.int64)
        if side.record.report["declared"][address]["kind"] == "flag":
            return np.where(stored < 0, len(place) - 1, stored)
        ids = self.labels.get((address, side.record.report["types"][address]), {})
        table = np.full(max(ids.values(), default=0) + 2, len(place) - 1, dtype=np.int64)
        for key, number in ids.items():
            table[number] = place.get(key, len(place) - 1)
        return np.asarray(table[stored])

    def _walkers(self, paths: list[Path], most: int, reach: Reach) -> list[Walker]:
        revenue = self.second.inputs.columns.get(REVENUE)
        amount = np.zeros(len(self.both), dtype=np.int64)
        if revenue is not None and not isinstance(revenue, Codes):
            amount = np.rint(revenue[self.at_second] * 10 ** store_settings(self.store).minor_digits).astype(np.int64)
        with self.store.read() as connection:
            seen = None if reach.everybody else reach.flags(connection, self.both)
            found = walkers(paths, self.both, amount, most, seen)
            names = external_ids(connection, [walker.customer_id for walker in found])
        return [replace(walker, external_id=names.get(walker.customer_id, "")) for walker in found]


def _labels(plan: Plan, address: str) -> tuple[Label, ...]:
    key, _, name = address.partition(".")
    outputs: Iterable[Any] = (output for step in plan.steps if step.entry.key == key for output in step.outputs)
    return next((output.labels for output in outputs if output.name == name), ())


def _of_rows(outcome: Outcome, rows: Array) -> Outcome:
    """The same outcome for some rows: only columns are taken along."""
    policies = {
        key: replace(policy, columns={name: column[rows] for name, column in policy.columns.items()})
        for key, policy in outcome.policies.items()
    }
    return Outcome(outcome.facts, policies, outcome.reasons)
