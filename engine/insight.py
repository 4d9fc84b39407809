"""What only an engine that holds the whole population can answer: `engine.insight`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.errors import RunError
from engine.progress import Tell, silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.cut_finder import WantedCut
    from engine.division import Division
    from engine.moments import Moment
    from engine.policy import Text
    from engine.portrait import Portrait
    from engine.radar import Radar
    from engine.rulebook import Rulebook
    from engine.rulebook_sources import RulebookSource
    from engine.service import Engine
    from engine.side_by_side import SideBySide
    from engine.store.outcomes import RunRecord


class Insight:
    """Verbs about the population: why labels grew and shrank, what a change would do, who falls when.

    Figures are of all; single customers are named as far as they are within sight of the acting person.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def divide(self, run_id: int | None = None, *, since: int | None = None, most: int = 20, tell: Tell = silent) -> Division:
        """Divide the change of every label between two runs into its causes, adding up to the customer.

        run_id: None is the newest visible run. since: the run to compare with; None is the base of `run_id`.
        most: how many single customers within sight to name. tell: hears of the progress. Raises `RunError` when there is nothing to compare with.
        """
        from engine.dividing import divide_runs

        second = self._engine.run_record(run_id)
        if since is None and second.base_run_id is None:
            raise RunError(f"run {second.id} is the first of its store, so nothing has changed yet; run again on a later day")
        first = self._engine.run_record(second.base_run_id if since is None else since)
        if first.id == second.id:
            raise RunError(f"run {first.id} is compared with itself; name another run to compare it with")
        engine = self._engine
        return divide_runs(engine.store, self._with_rules(first), self._with_rules(second), most=most, reach=engine.sight.reach, tell=tell)

    @property
    def causes(self) -> Mapping[str, Text]:
        """The causes of a division in words, in the order in which they are told."""
        from engine.division import PARTS

        return PARTS

    def compare(self, drafts: Mapping[str, RulebookSource], *, as_of: Moment = None) -> SideBySide:
        """Evaluate several drafts and the live rulebook over every customer at one moment, side by side; nothing is stored.

        drafts: by the name that each shall have. as_of: None is the moment of the newest visible run.
        """
        from engine.simulation import LIVE, simulate_many

        if LIVE in drafts:
            raise RunError(f"a draft cannot be called {LIVE!r}: that is the rulebook it is compared with")
        engine = self._engine
        checked = {name: engine.check(draft) for name, draft in drafts.items()}
        return simulate_many(engine.store, engine.rulebook(), checked, engine.simulated_moment(as_of))

    def wanted(
        self,
        draft: RulebookSource,
        place: str,
        address: str,
        label: str,
        count: int,
        *,
        beyond: bool = False,
        as_of: Moment = None,
        tell: Tell = silent,
    ) -> WantedCut:
        """Find the number at a place of a draft with which a label has a wanted count of customers.

        place: such as "abc.cuts[0]". beyond: whether it may be more than `count`, where that is nearer. as_of: None is
        the moment of the newest visible run. Nothing is stored; the answer holds the changed document and what else moves.
        """
        from engine.cut_finder import find_cut

        engine = self._engine
        tell("read", 0, None)
        previewer = engine.previewer(as_of=as_of)
        found = find_cut(previewer, engine.check, engine.check(draft), place, address, label, count, beyond=beyond, tell=tell)
        return replace(found, simulation=found.simulation and found.simulation.seen(engine.store, engine.sight))

    def portrait(
        self, address: str, label: str, *, run_id: int | None = None, features: Sequence[str] = (), tell: Tell = silent
    ) -> Portrait:
        """Say where the customers with a label differ from all others, the strongest difference first.

        run_id: None is the newest visible run. features: further ones to look at beside those that the run read.
        """
        from engine.portraying import portray

        record = self._engine.run_record(run_id)
        return portray(self._engine.store, record, self._engine.rulebook(str(record.version_id)), address, label, features, tell=tell)

    def radar(
        self, address: str, label: str | None = None, *, days: int = 91, every: int = 1, most: int = 20, tell: Tell = silent
    ) -> Radar:
        """Say who loses a label on which day, if everyone stays silent from the newest visible run on.

        label: name single customers of this label only. every: days between two looks. most: how many within sight to name.
        """
        from engine.evaluate import Evaluator
        from engine.foresight import look_ahead

        engine = self._engine
        record, rulebook = self._with_rules(engine.run_record())
        evaluator = Evaluator.of_run(engine.store, record, rulebook, engine.registry)
        return look_ahead(evaluator, address, days, label=label, every=every, most=most, reach=engine.sight.reach, tell=tell)

    def _with_rules(self, record: RunRecord) -> tuple[RunRecord, Rulebook]:
        return record, self._engine.rulebook(str(record.version_id))
