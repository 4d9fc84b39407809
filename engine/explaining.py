"""The verbs about single customers in the past: explain a grade of any run.

Runs stay open for the next customer: a page of a console explains one customer after another of the same run.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from engine.errors import FeatureError, RulebookError, RunError
from engine.explanation import Explanation
from engine.masking import masked_explanation
from engine.moments import Moment, as_moment, written
from engine.store import outcomes
from engine.store.lookups import external_ids, first_owner
from engine.store.outcomes import RunRecord

if TYPE_CHECKING:
    from engine.evidence import Evidence
    from engine.replay import Replay
    from engine.service import Engine

OPEN = 4
"""Runs that stay open."""


class Explaining:
    """Explanations of an engine's runs."""

    def __init__(self, engine: Engine, opened: OrderedDict[tuple[int, str], Replay] | None = None) -> None:
        """opened: runs that stay open between engines that act for different people."""
        self.engine = engine
        self._open = opened if opened is not None else OrderedDict()

    def explain(
        self,
        customer: str,
        policy: str | None = None,
        *,
        language: str = "en",
        run_id: int | None = None,
        at: Moment = None,
        to: str | None = None,
    ) -> list[Explanation]:
        """Explain a customer; see `Engine.explain`."""
        from engine.explain import explain_customer

        replay = self.replay(self.record(run_id, at))
        key, notes = self._who(customer, replay, language)
        replayed = replay.of_customer(key)
        found = explain_customer(replayed, self.engine.business, policy=policy, language=language, to=to, customer=customer, notes=notes)
        if self.engine.sight.personal:
            return found
        return [masked_explanation(each, lambda name: self._hidden(replay, name), language) for each in found]

    def _hidden(self, replay: Replay, name: str) -> bool:
        """Whether a feature may not be seen by whom this is for."""
        catalogue = replay.evaluator.rulebook.catalogue
        try:
            return self.engine.sight.hides_feature(catalogue.resolve(name), catalogue)
        except FeatureError:
            return False  # an output, or what was before

    def evidence(
        self,
        customer: str,
        feature: str,
        *,
        run_id: int | None = None,
        at: Moment = None,
        only: str = "",
        offset: int = 0,
        limit: int = 100,
        language: str = "en",
    ) -> Evidence:
        """The facts that a feature of a customer counted, and those it left out; see `Engine.evidence`."""
        from engine.evidence import Asked, Evidences

        if only not in ("", "counted", "left out"):
            raise FeatureError(f"only: found {only!r}; expected 'counted' or 'left out', or nothing for all facts")
        replay = self.replay(self.record(run_id, at))
        key = self.engine.customer_id(customer)
        if self._hidden(replay, feature):
            raise FeatureError(f"{feature} rests on personal data, which you may not see; ask an administrator for that right")
        evidences = Evidences(self.engine.store, replay.record, replay.evaluator.rulebook, replay.inputs, key, customer, language)
        return evidences.of(feature, Asked(only, offset, limit))

    def record(self, run_id: int | None = None, at: Moment = None) -> RunRecord:
        """The run that is meant: by number, by a moment at which it was in force, or the newest visible one."""
        if run_id is not None and at is not None:
            raise RunError("give a run or a moment, one of the two")
        if at is None:
            return self.engine.run_record(run_id)
        moment = as_moment(at, self.engine.zone, "at")
        with self.engine.store.read() as connection:
            found = outcomes.run_at(connection, moment)
        if found is None:
            raise RunError(f"no run is of {written(moment, self.engine.zone)} or before; tierwise runs lists them")
        return found

    def replay(self, record: RunRecord) -> Replay:
        """The run, opened. Raises `RunError` when its rulebook needs policy types that are no longer there."""
        from engine.evaluate import Evaluator
        from engine.replay import Replay

        found = self._open.get((record.id, record.status))
        if found is None:
            try:
                rulebook = self.engine.rulebook(str(record.version_id))
            except RulebookError as error:
                raise RunError(
                    f"run {record.id} cannot be explained: its rulebook version {record.version_id} no longer fits the plugins "
                    f"and features that are there\n{error}"
                ) from error
            evaluator = Evaluator.of_run(self.engine.store, record, rulebook, self.engine.registry, replay=True)
            found = Replay.of(self.engine.store, evaluator)
            self._open[record.id, record.status] = found
            while len(self._open) > OPEN:
                self._open.popitem(last=False)
        with contextlib.suppress(KeyError):  # another thread may just have closed it
            self._open.move_to_end((record.id, record.status))
        return found

    def _who(self, customer: str, replay: Replay, language: str) -> tuple[int, list[str]]:
        """Whom this id stood for in the run: before a later join it was a customer of its own."""
        now = self.engine.customer_id(customer)
        with self.engine.store.read() as connection:
            then = first_owner(connection, customer, now)
            names = external_ids(connection, [now, then])
        if then == now or not replay.was_there(then):
            return now, []
        survivor = names.get(now, str(now))
        zh = language.startswith("zh")
        return then, [f"该客户此后已并入 {survivor}。" if zh else f"This customer has been joined into {survivor} since."]
