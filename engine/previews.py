"""Live previews: what an unsaved draft would change for all customers, again and again while somebody types.

One previewer is kept per live version, state of the facts and moment, with the live outcome in it; a preview then
computes only what the draft changes. Of several questions of one asker only the newest is answered.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from engine import clock
from engine.band_figures import BandFigures, band_figures
from engine.rule_findings import RuleFinding, rule_findings
from engine.rule_inspection import RuleInspection, inspect_rules, no_rules
from engine.rulebook import Rulebook
from engine.simulation import FactsMoved, Previewer, Simulation
from engine.store import outcomes, rulebooks
from engine.store.features import ledger_of
from engine.store.models import fact_clock, fixed_value
from engine.verification import with_customers

if TYPE_CHECKING:
    from engine.service import Engine

KEPT = 2
"""Previewers held at a time: the present one, and the one before while its last readers finish."""

FETCHED = 48
"""Columns that drafts asked for beside those of the live rulebook; beyond, the previewer starts anew."""

MEMORY = 2_000
"""Verified rule sets, and histograms, that are remembered."""

ASKERS = 1_000

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would change. simulation: every figure. findings: of its rules, with customers; new: those that the live rulebook lacks.

    bands: of the policy that was asked for. kept: policies that are the same as live. cold: whether the live outcome had
    to be computed first. seconds: from the question to the answer.
    """

    rulebook: Rulebook = field(repr=False)
    live: Rulebook = field(repr=False)
    simulation: Simulation = field(repr=False)
    findings: Sequence[RuleFinding]
    new: Sequence[RuleFinding]
    bands: Sequence[BandFigures]
    cold: bool
    seconds: float

    @property
    def touched(self) -> Sequence[str]:
        """Policies that were computed anew, the changed ones and those that read them."""
        return self.simulation.recomputed


class _Shared:
    """What all who act on a store share: what is warm, and who asked last. Whom they see is their own."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.computing = threading.Lock()
        self.warm: OrderedDict[Key, Previewer] = OrderedDict()
        self.asked: OrderedDict[str, int] = OrderedDict()
        self.question = 0
        self.memo: dict[str, Any] = {}
        self.drawn: dict[Any, Any] = {}


class Previews:
    """`engine.previews`: thread-safe, bounded, nothing stored."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._shared: _Shared = engine.origin.previews._shared if engine.origin is not None else _Shared()

    def preview(self, document: Mapping[str, Any], *, policy: str | None = None, asker: str = "", movers: int = 8) -> Preview | None:
        """Evaluate an unsaved rulebook over all customers against the live one.

        policy: whose cuts are drawn. asker: of several questions of one asker only the newest is answered, an older one
        that still waits gets None. Raises `RulebookError` with every fault of the document.
        """
        started = time.perf_counter()
        mine = self._ask(asker)
        rulebook = self._engine.check(document)
        with self._shared.computing:
            if not self._newest(asker, mine):
                return None
            try:
                return self._answer(rulebook, policy, movers, started)
            except FactsMoved:
                self._forget()
                return self._answer(rulebook, policy, movers, started)

    def inspect(self, document: Mapping[str, Any], policy: str, place: str, *, asker: str = "") -> RuleInspection | None:
        """Look at the rules in one parameter of an unsaved rulebook: hits by row, findings, what would mend them and whom it moves.

        asker: as for `preview`. Raises `RulebookError` with every fault, and where the policy has no such rules.
        """
        mine = self._ask(asker)
        rulebook = self._engine.check(document)
        with self._shared.computing:
            if not self._newest(asker, mine):
                return None
            try:
                return self._inspected(rulebook, policy, place)
            except FactsMoved:
                self._forget()
                return self._inspected(rulebook, policy, place)

    def _inspected(self, rulebook: Rulebook, policy: str, place: str) -> RuleInspection:
        previewer, _ = self._previewer(rulebook)
        if not any(step.entry.key == policy for step in rulebook.plan.steps):
            raise no_rules(rulebook, policy, place)
        outcome, _ = previewer.evaluate(rulebook, only=policy)
        findings = [each for each in rule_findings(rulebook, self._shared.memo) if each.policy == policy]
        counted = with_customers(findings, rulebook.plan, outcome)
        return inspect_rules(policy, place, counted, (rulebook, outcome), (previewer.live, previewer.outcome))

    def _answer(self, rulebook: Rulebook, policy: str | None, movers: int, started: float) -> Preview:
        previewer, cold = self._previewer(rulebook)
        simulation = previewer.preview(rulebook, movers=movers)
        if len(self._shared.memo) > MEMORY:
            self._shared.memo.clear()
        findings = rule_findings(rulebook, self._shared.memo)
        known = {_told(each) for each in rule_findings(previewer.live, self._shared.memo)}
        findings = with_customers(findings, rulebook.plan, simulation.draft)
        return Preview(
            rulebook=rulebook,
            live=previewer.live,
            simulation=simulation.seen(self._engine.store, self._engine.sight),
            findings=findings,
            new=[each for each in findings if _told(each) not in known],
            bands=self._bands(rulebook, policy, simulation, previewer),
            cold=cold,
            seconds=time.perf_counter() - started,
        )

    def _bands(self, rulebook: Rulebook, policy: str | None, simulation: Simulation, previewer: Previewer) -> Sequence[BandFigures]:
        step = next((each for each in rulebook.plan.steps if each.entry.key == policy), None)
        if step is None:
            return ()
        if len(self._shared.drawn) > 32:
            self._shared.drawn.clear()
        return band_figures(step, simulation.draft, simulation.live, previewer.amount, rulebook.catalogue, self._shared.drawn)

    def _previewer(self, draft: Rulebook) -> tuple[Previewer, bool]:
        """The one of now; made when facts, live version, newest run, fixed values, or points that are read have changed."""
        as_of = self._engine.simulated_moment()
        key = self._state(draft)
        found = self._shared.warm.get(key)
        if found is not None and found.fetched <= FETCHED:
            self._shared.warm.move_to_end(key)
            return found, False
        self._shared.drawn.clear()
        self._shared.warm.pop(key, None)
        while len(self._shared.warm) >= KEPT:
            self._shared.warm.popitem(last=False)
        made = self._shared.warm[key] = Previewer(self._engine.store, self._engine.live_or_nothing(), as_of)
        return made, True

    def _state(self, draft: Rulebook) -> Key:
        """All that decides the live outcome, and what the draft reads, read cheaply."""
        live = self._engine.live_or_nothing()
        with self._engine.store.read() as connection:
            run = outcomes.live_run(connection)
            version = rulebooks.live_number(connection)
            facts = connection.scalar(select(fact_clock.c.seq))
            fixed = connection.execute(
                select(func.count(), func.max(fixed_value.c.decided_at), func.sum(fixed_value.c.ends_at)).select_from(fixed_value)
            ).one()
            points = [ledger_of(connection, book.plan.features, book.catalogue) for book in (live, draft)]
        # without any run previews are as of now; kept for a minute, since every second would be another moment
        moment = (run.id, run.as_of) if run is not None else clock.now() // 60
        return (version, facts, moment, tuple(fixed), next((mark for mark in points if mark is not None), None))

    def _ask(self, asker: str) -> int:
        with self._shared.lock:
            self._shared.question += 1
            question = self._shared.asked[asker] = self._shared.question
            self._shared.asked.move_to_end(asker)
            while len(self._shared.asked) > ASKERS:
                self._shared.asked.popitem(last=False)
            return question

    def _newest(self, asker: str, question: int) -> bool:
        with self._shared.lock:
            return not asker or self._shared.asked.get(asker, question) <= question

    def _forget(self) -> None:
        self._shared.warm.clear()
        self._shared.drawn.clear()


def _told(each: RuleFinding) -> tuple[Any, ...]:
    return (each.policy, each.place, each.finding.id, each.finding.rows, each.finding.text.en)
