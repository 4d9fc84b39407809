"""Simulate a draft rulebook over every stored customer: live and draft at one moment, nothing written.

Both are evaluated over the same facts and the same base run, so that what is predicted is what a run gives after
publishing. Policies that are the same in both, with all that they read, are computed once.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from engine.catalogue import Catalogue
from engine.columns import Array, Codes, freeze
from engine.errors import RunError, UnknownCustomer
from engine.examples import judge_examples
from engine.former import Snapshot, previous_columns, take_snapshot
from engine.loyalty.programme import RightMoved
from engine.plan import Step
from engine.points_effect import PointsMoved, points_moved
from engine.points_effect import plain as plain_points
from engine.rights import plain as plain_rights
from engine.rights import rights_moved
from engine.rulebook import Rulebook, deciding
from engine.run import Facts, Outcome, compute
from engine.run_report import REVENUE
from engine.service_effect import ServiceEffect, service_effect
from engine.side_by_side import SideBySide, side_by_side
from engine.simulate import Comparison, Migration, Mover, compare
from engine.standing import effects_of
from engine.store.facts import store_settings
from engine.store.features import FeatureTable, read_features
from engine.store.identity import resolve_in
from engine.store.ledger_mark import Mark
from engine.store.lookups import external_ids
from engine.store.session import Store
from engine.store.sight import Sight

LIVE = "live"
"""How the live rulebook is called among drafts."""

TRIES = 3
"""How often a simulation starts again because facts were imported between two reads."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a draft would change, as of one moment (UTC epoch seconds).

    comparison: every figure. live, draft: both outcomes, row by row. recomputed: the policies of the draft that were
    computed anew. base_run: the run that former outcomes come from. seconds: per step. amount: revenue per row, minor units.
    """

    as_of: int
    base_run: int | None
    fact_seq: int
    rulebook: str
    draft_rulebook: str
    comparison: Comparison
    recomputed: tuple[str, ...]
    seconds: dict[str, float]
    live: Outcome = field(repr=False)
    draft: Outcome = field(repr=False)
    amount: Array = field(repr=False)

    @property
    def migrations(self) -> dict[str, Migration]:
        """How customers move, by output."""
        return dict(self.comparison.migrations)

    @property
    def movers(self) -> list[Mover]:
        """The customers that move, the largest revenue first."""
        return list(self.comparison.movers)

    @property
    def faults(self) -> dict[str, str]:
        """What fails in the draft, by policy."""
        return dict(self.comparison.faults)

    @property
    def rights(self) -> dict[str, list[RightMoved]]:
        """Rights of members that are gained and lost, by policy."""
        return rights_moved(self.live, self.draft)

    @property
    def points(self) -> dict[str, PointsMoved]:
        """Points that a year of sales would earn and their cost, by policy."""
        return points_moved(self.live, self.draft)

    @property
    def service(self) -> ServiceEffect | None:
        """What the draft does to service levels; None where no policy gives any."""
        return service_effect(self.live, self.draft)

    def seen(self, store: Store, sight: Sight) -> Simulation:
        """The same as somebody may see it: figures are of all, only customers within sight are named."""
        movers = sight.those(store, self.comparison.movers)
        return replace(self, comparison=replace(self.comparison, movers=movers))

    def labels(self, address: str) -> dict[int, str | None]:
        """The label that the draft gives each customer, by internal key."""
        column = self.draft.column(address)
        texts = column.texts() if isinstance(column, Codes) else column.tolist()
        return dict(zip(self.draft.facts.customer_id.tolist(), texts, strict=True))

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain objects: the keys that the reference page lists."""
        found = self.comparison
        return {
            "as_of": self.as_of,
            "base_run": self.base_run,
            "rulebook": self.rulebook,
            "draft": self.draft_rulebook,
            "customers": found.rows,
            "moved": found.moved,
            "amount": found.amount,
            "moved_amount": found.moved_amount,
            "outputs": {address: _migration(one) for address, one in found.migrations.items()},
            "scores": dict(found.scores),
            "new": list(found.new),
            "removed": list(found.removed),
            "faults": dict(found.faults),
            "live_faults": dict(found.live_faults),
            "service": None if (service := self.service) is None else service.as_dict(),
            "hits": {key: [list(hit) for hit in hits] for key, hits in found.hits.items()},
            "withheld": {key: {words: list(pair) for words, pair in both.items()} for key, both in found.withheld.items()},
            "movers": [
                {"customer": mover.external_id, "amount": mover.amount, "moves": [list(move) for move in mover.moves]}
                for mover in found.movers
            ],
            "sizes": {address: {"customers": dict(sizes.customers), "valued": sizes.valued} for address, sizes in found.sizes.items()},
            "rights": plain_rights(self.rights),
            "points": plain_points(self.points),
            "examples": [result.as_dict() for result in found.examples],
            "recomputed": list(self.recomputed),
            "seconds": self.seconds,
        }


def _migration(one: Migration) -> dict[str, Any]:
    return {
        "moved": one.moved,
        "moved_amount": one.moved_amount,
        "up": one.up,
        "down": one.down,
        "gained": one.gained,
        "withheld": one.withheld,
        "before": one.before,
        "after": one.after,
        "customers": one.customers.tolist(),
        "amounts": one.amounts.tolist(),
    }


class Previewer:
    """The live outcome over every customer, kept in memory, for one preview of a draft after another.

    It answers as of the facts that were there when it was made. Raises `RunError` from `preview` when a draft reads
    features that have to be fetched and facts have been imported since.
    """

    def __init__(self, store: Store, live: Rulebook, as_of: int, also: Iterable[str] = ()) -> None:
        """Read and evaluate. also: features that drafts will read, beside those of the live rulebook."""
        started = time.perf_counter()
        self.store, self.live, self.as_of = store, live, as_of
        names = {*live.plan.features, REVENUE, *also}
        self.table, self.snapshot = self._read(names, live.catalogue)
        read = time.perf_counter()
        business = store_settings(store)
        self._scale, self._zone = 10**business.minor_digits, business.timezone
        self._more: dict[tuple[str, str], FeatureTable] = {}
        self.outcome = compute(live.plan, self._facts(live))
        self._before = {"read": round(read - started, 4), "live": round(time.perf_counter() - read, 4)}

    @cached_property
    def amount(self) -> Array:
        """Revenue per customer, whole minor units."""
        revenue = self.table.columns[REVENUE]
        assert not isinstance(revenue, Codes)
        minor: Array = np.rint(revenue * self._scale)
        return minor

    @property
    def fetched(self) -> int:
        """How many columns beside those of the live rulebook are held."""
        return len(self._more)

    def preview(self, draft: Rulebook, *, movers: int = 20) -> Simulation:
        """Evaluate a checked draft and compare. movers: how many single customers to name."""
        seconds, self._before = self._before, {}
        started = time.perf_counter()
        outcome, kept = self.evaluate(draft)
        computed = time.perf_counter()
        found = compare(self.outcome, outcome, self.amount, movers=movers)
        found = replace(found, movers=self._named(found.movers), examples=judge_examples(draft, outcome, self._customers(draft)))
        seconds |= {"draft": round(computed - started, 4), "compare": round(time.perf_counter() - computed, 4)}
        base = self.snapshot.base
        return Simulation(
            as_of=self.as_of,
            base_run=base.id if base else None,
            fact_seq=self.table.fact_seq,
            rulebook=self.live.hash,
            draft_rulebook=draft.hash,
            comparison=found,
            recomputed=tuple(key for key in outcome.policies if key not in kept),
            seconds=seconds,
            live=self.outcome,
            draft=outcome,
            amount=self.amount,
        )

    def evaluate(self, draft: Rulebook, only: str | None = None) -> tuple[Outcome, frozenset[str]]:
        """The outcome of a draft, and the policies that were the same and so were not computed again.

        only: the key of a policy; nothing is computed that it does not need.
        """
        kept = self._same(draft)
        plan = draft.plan if only is None else draft.plan.chain(only)
        return compute(plan, self._facts(draft), kept=kept), frozenset(kept.policies)

    def _read(self, names: Iterable[str], catalogue: Catalogue) -> tuple[FeatureTable, Snapshot]:
        return read_features(
            self.store, sorted(names), self.as_of, catalogue=catalogue, also=lambda connection: take_snapshot(connection, self.as_of)
        )

    def _facts(self, rulebook: Rulebook) -> Facts:
        """The facts that a rulebook reads; what the live one reads in the same meaning is there already."""
        columns = dict(self.table.columns)
        other = [name for name in rulebook.plan.features if not self._known(name, rulebook.catalogue)]
        for name in other:
            columns[name] = self._fetched(name, other, rulebook.catalogue).columns[name]
        customers, not_graded = self.table.customer_id, self.table.not_graded
        previous = previous_columns(rulebook.plan, self.snapshot, customers)
        effects = effects_of(rulebook.plan, self.snapshot, customers, not_graded, self.as_of, self._zone)
        return Facts(customers, self.table.key_hash, freeze(columns), not_graded, previous, effects)

    def _known(self, name: str, catalogue: Catalogue) -> bool:
        return name in self.table.columns and catalogue.resolve(name) == self.live.catalogue.resolve(name)

    def _fetched(self, name: str, names: Iterable[str], catalogue: Catalogue) -> FeatureTable:
        place = (catalogue.hash, name)
        if place not in self._more:
            table, _ = self._read(names, catalogue)
            if table.fact_seq != self.table.fact_seq or self._ledgers(table.ledger) > 1:
                raise FactsMoved("facts were imported, or points moved, since this preview began; begin it again")
            self._more |= {(catalogue.hash, each): table for each in names}
        return self._more[place]

    def _ledgers(self, other: Mark | None) -> int:
        """How many states of the points ledger the columns would be of."""
        return len({mark for mark in (other, self.table.ledger, *(each.ledger for each in self._more.values())) if mark is not None})

    def _same(self, draft: Rulebook) -> Outcome:
        """The live outcome of every policy that is the same in the draft, with all that it reads."""
        live = {step.entry.key: step for step in self.live.plan.steps}
        mine = {step.entry.key: step for step in draft.plan.steps}
        ours, theirs = _written(self.live), _written(draft)
        same = {key for key in mine if key in live and ours[key] == theirs[key] and self._reads_same(mine[key], mine, live, draft)}
        for step in draft.plan.steps:
            if step.entry.key not in same:
                same -= draft.plan.dependents[step.entry.key]
        return Outcome(self.outcome.facts, {key: self.outcome.policies[key] for key in same}, self.outcome.reasons)

    def _reads_same(self, step: Step, mine: dict[str, Step], live: dict[str, Step], draft: Rulebook) -> bool:
        """Whether every feature has the same meaning, and every former outcome the same declaration."""
        for name in step.reads:
            key = name.removeprefix("previous.").partition(".")[0]
            if name.startswith("previous."):
                if key not in live or mine[key].outputs != live[key].outputs or mine[key].entry.type != live[key].entry.type:
                    return False
            elif name in draft.plan.features and not self._known(name, draft.catalogue):
                return False
        return True

    def _customers(self, draft: Rulebook) -> dict[str, int]:
        """The internal keys of the stored customers that examples name, after joins; unknown ones left out."""
        found: dict[str, int] = {}
        names = [example.customer for example in draft.examples if example.customer]
        if names:
            with self.store.read() as connection:
                for name in names:
                    with suppress(UnknownCustomer):
                        found[name] = resolve_in(connection, name)
        return found

    def _named(self, movers: Iterable[Mover]) -> list[Mover]:
        found = list(movers)
        with self.store.read() as connection:
            names = external_ids(connection, [mover.customer_id for mover in found])
        return [replace(mover, external_id=names.get(mover.customer_id, "")) for mover in found]


class FactsMoved(RunError):
    """Facts were imported while a simulation read them."""


def _written(rulebook: Rulebook) -> dict[str, dict[str, Any]]:
    """The canonical entries by key, all that decides an outcome."""
    return {entry["key"]: deciding(entry) for entry in rulebook.document["policies"]}


def simulate_many(store: Store, live: Rulebook, drafts: Mapping[str, Rulebook], as_of: int) -> SideBySide:
    """Evaluate several drafts and the live rulebook over all customers, each policy that is the same but once."""
    also = sorted({name for draft in drafts.values() for name in draft.plan.features if _agree(name, live.catalogue, draft.catalogue)})
    for attempt in range(TRIES):
        try:
            previewer = Previewer(store, live, as_of, also)
            found = {LIVE: previewer.outcome} | {name: previewer.evaluate(draft)[0] for name, draft in drafts.items()}
            return replace(side_by_side(found, previewer.amount), as_of=as_of)
        except FactsMoved:
            if attempt == TRIES - 1:
                raise
    raise AssertionError


def simulate(store: Store, live: Rulebook, draft: Rulebook, as_of: int, *, movers: int = 20) -> Simulation:
    """Evaluate both over all customers and compare; starts again when facts were imported meanwhile."""
    also = [name for name in draft.plan.features if _agree(name, live.catalogue, draft.catalogue)]
    for attempt in range(TRIES):
        try:
            return Previewer(store, live, as_of, also).preview(draft, movers=movers)
        except FactsMoved:
            if attempt == TRIES - 1:
                raise
    raise AssertionError


def _agree(name: str, one: Catalogue, other: Catalogue) -> bool:
    return name in one and one.resolve(name) == other.resolve(name)
