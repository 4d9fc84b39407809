"""Questions about the whole population, answered once for everybody who asks the same: `engine.questions`.

    asked = engine.questions.ask("radar", {"address": "abc.class", "days": 91})
    asked.answer                     # a small store: there at once
    asked.job                        # a large one: the job that computes it; ask again when it is done

An answer stands until something that it rests on changes: the runs it is about, the facts, values fixed by hand, a
draft, a policy's version. Where it is of many customers it is computed by a job, and remembered with it; two people
with the same customers in sight share one.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from engine._version import __version__
from engine.errors import RunError, TierwiseError, did_you_mean
from engine.insight_answers import packed, unpacked
from engine.jobs import Job
from engine.progress import Tell, silent
from engine.rulebook import Rulebook
from engine.store.facts import fact_seq
from engine.store.features import ledger_of
from engine.store.models import customer, fixed_value

if TYPE_CHECKING:
    from engine.service import Engine

AT_ONCE = 100_000
"""Customers up to which an answer is there in about a second; of more it is a job."""

KEPT = 64
"""Answers that one process remembers beside those of jobs."""

_kept: OrderedDict[tuple[str, str], Future[Any]] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Asked:
    """What has become of a question. answer: when it is there. job: that computes or failed to compute it. fault: why not."""

    question: str
    params: Mapping[str, Any]
    answer: Any = None
    job: Job | None = None
    fault: str = ""

    @property
    def status(self) -> str:
        """done, or where its job stands; "new" when nobody has asked yet."""
        return "done" if self.answer is not None else self.job.status if self.job is not None else "failed" if self.fault else "new"


class Questions:
    """The verbs. A question is "radar", "division", "portrait" or "wanted", with the parameters of the verb of `engine.insight`; "care"
    is the preview of care plans."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def slow(self) -> bool:
        """Whether so many customers are stored that answers are computed by jobs."""
        with self._engine.store.read() as connection:
            return (connection.scalar(select(func.count()).select_from(customer)) or 0) > AT_ONCE

    def ask(self, question: str, params: Mapping[str, Any], *, title: str = "") -> Asked:
        """The answer: remembered, computed now, or asked of a job. A job that failed or was cancelled is asked again.

        Raises what the verb raises where it is computed now, and `RunError` for an unknown question or a run that is not there.
        """
        known = self.look(question, params)
        if known.answer is not None or (known.job is not None and known.job.is_open):
            return known
        if not self.slow():
            return Asked(question, known.params, self._now(question, known.params))
        if known.job is not None:
            return Asked(question, known.params, job=self._engine.jobs.retry(known.job.id))
        job = self._engine.jobs.submit(
            "insight", {"question": question, "params": dict(known.params)}, title=title, dedupe=self._key(question, known.params)
        )
        return self.look(question, known.params) if not job.is_open else Asked(question, known.params, job=job)

    def look(self, question: str, params: Mapping[str, Any]) -> Asked:
        """What is there of the answer, without asking for anything. Raises `RunError`."""
        definite = self._definite(question, params)
        key = self._key(question, definite)
        with _lock:
            kept = _kept.get(self._place(key))
        if kept is not None and kept.done() and kept.exception() is None:
            return Asked(question, definite, kept.result())
        job = self._engine.jobs.named(key)
        if job is None:
            return Asked(question, definite)
        if job.status == "done" and job.result is not None:
            return Asked(question, definite, unpacked(question, job.result["answer"]), job)
        return Asked(question, definite, job=job, fault=job.error or "")

    def work(self, question: str, params: Mapping[str, Any], tell: Tell = silent) -> dict[str, Any]:
        """Compute an answer for a job: as JSON, with whose customers it names."""
        found = packed(self._compute(question, params, tell))
        reach = self._engine.sight.reach
        return {"question": question, "sight": [reach.kind, reach.word, self._engine.sight.personal], "answer": found}

    def sees(self, result: Mapping[str, Any]) -> bool:
        """Whether the acting person may read the result of such a job: the same customers are in sight."""
        sight = self._engine.sight
        return sight.everything or [sight.reach.kind, sight.reach.word, sight.personal] == result.get("sight")

    # --- how ---------------------------------------------------------------------------------------------------

    def _now(self, question: str, params: Mapping[str, Any]) -> Any:
        """Compute once in this process: who asks meanwhile waits for the same answer."""
        place = self._place(self._key(question, params))
        with _lock:
            mine = place not in _kept
            found: Future[Any] = _kept.setdefault(place, Future())
            _kept.move_to_end(place)
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
        if mine:
            try:
                answer = self._compute(question, params, silent)
                found.set_result(answer if question != "wanted" else packed(answer))
            except BaseException as error:
                with _lock:
                    _kept.pop(place, None)
                found.set_exception(error if isinstance(error, TierwiseError) else RunError("the computation was stopped; ask again"))
                raise
        return found.result()

    def _compute(self, question: str, params: Mapping[str, Any], tell: Tell) -> Any:
        verbs: Mapping[str, Callable[..., Any]] = {
            "radar": self._engine.insight.radar,
            "division": self._engine.insight.divide,
            "portrait": self._engine.insight.portrait,
            "wanted": self._engine.insight.wanted,
            "care": self._engine.care.preview,
        }
        return verbs[question](**params, tell=tell)

    def _definite(self, question: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters with the runs that are meant now."""
        if question not in PARAMS:
            raise RunError(f"there is no question {question!r}; {did_you_mean(question, PARAMS) or 'there are ' + ', '.join(PARAMS)}")
        unknown = next((name for name in params if name not in PARAMS[question]), None)
        if unknown is not None:
            hint = did_you_mean(unknown, PARAMS[question]) or "it takes " + ", ".join(PARAMS[question])
            raise RunError(f"the question {question!r} takes no {unknown!r}; {hint}")
        found = {name: value for name, value in params.items() if value is not None}
        if question in ("division", "portrait"):
            record = self._engine.run_record(found.get("run_id"))
            found["run_id"] = record.id
            if question == "division" and "since" not in found and record.base_run_id is not None:
                found["since"] = record.base_run_id
        return found

    def _key(self, question: str, params: Mapping[str, Any]) -> str:
        """What an answer rests on, as a short text."""
        engine, sight = self._engine, self._engine.sight
        f = fixed_value.c
        books = self._books(question, params)
        with engine.store.read() as connection:
            fixed = tuple(connection.execute(select(func.count(), func.max(f.decided_at), func.sum(f.ends_at))).one())
            seq = fact_seq(connection)
            points = [ledger_of(connection, each.plan.features, each.catalogue) for each in books]
        rests: list[Any] = [__version__, sight.reach.kind, sight.reach.word, sight.personal, seq, fixed, *points]
        rests += [(each.name, each.version) for each in engine.plugins]
        if question == "care":
            rests += engine.care.rests_on()
        if question in ("radar", "wanted"):
            rests.append(engine.run_record().id)
        if question == "wanted":
            rests.append([repr(each) for each in engine.drafts.log()[:1]])
        written = json.dumps([question, params, rests], sort_keys=True, ensure_ascii=False, default=str)
        return f"insight:{blake2b(written.encode(), digest_size=16).hexdigest()}"

    def _books(self, question: str, params: Mapping[str, Any]) -> list[Rulebook]:
        """The rulebooks that are evaluated anew for an answer."""
        books = [self._engine.live_or_nothing()] if question in ("radar", "wanted") else []
        if question == "wanted" and params.get("draft") is not None:
            books.append(self._engine.check(params["draft"]))
        return books

    def _place(self, key: str) -> tuple[str, str]:
        return str(self._engine.store.sql.url), key


PARAMS: Mapping[str, tuple[str, ...]] = {
    "radar": ("address", "label", "days", "every", "most"),
    "division": ("run_id", "since", "most"),
    "portrait": ("address", "label", "run_id", "features"),
    "care": ("days", "key"),
    "wanted": ("draft", "place", "address", "label", "count", "beyond", "as_of"),
}
"""What each question takes."""

__all__ = ["AT_ONCE", "Asked", "Questions"]
