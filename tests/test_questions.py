"""Questions about the whole population: computed once for all who ask the same, by a job where there are many customers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from engine import questions
from engine.errors import RunError
from engine.insight import Insight
from engine.insight_answers import packed, unpacked
from engine.jobs import Cancelled
from engine.progress import Tell
from engine.service import Engine
from engine.worker import Worker
from tests.small_store import AS_OF, DAY, Order, add_orders
from tests.test_dividing import book, opened

ASKED: Mapping[str, dict[str, Any]] = {
    "radar": {"address": "lifecycle.stage", "days": 28, "every": 7},
    "division": {"most": 5},
    "portrait": {"address": "abc.class", "label": "A"},
    "wanted": {"draft": "live", "place": "abc.cuts[0]", "address": "abc.class", "label": "A", "count": 3},
}


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with opened(store_url, book()) as made:
        add_orders(made.store, [Order(1, AS_OF + 9 * DAY, 5_000)], first_id=7000)
        made.run(AS_OF + 10 * DAY)
        yield made


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were many customers."""
    monkeypatch.setattr(questions, "AT_ONCE", 3)


def params(engine: Engine, question: str) -> dict[str, Any]:
    found = dict(ASKED[question])
    if question == "wanted":
        found["draft"] = dict(engine.version().document)
    return found


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each computation of a radar as it happens."""
    seen: list[str] = []
    real = Insight.radar

    def radar(self: Insight, *args: Any, **options: Any) -> Any:
        seen.append("radar")
        return real(self, *args, **options)

    monkeypatch.setattr(Insight, "radar", radar)
    return seen


@pytest.mark.parametrize("question", ASKED)
def test_a_small_store_answers_at_once_and_a_large_one_by_a_job_and_both_say_the_same(
    engine: Engine, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = params(engine, question)
    here = engine.questions.ask(question, asked)
    assert here.status == "done"
    assert here.job is None
    questions._kept.clear()
    monkeypatch.setattr(questions, "AT_ONCE", 3)
    waiting = engine.questions.ask(question, asked)
    assert (waiting.status, waiting.answer) == ("queued", None)
    assert waiting.job is not None
    Worker(engine).do(waiting.job.id)
    there = engine.questions.look(question, asked)
    assert there.status == "done", there.fault
    assert told(question, there.answer) == told(question, here.answer)


def told(question: str, answer: Any) -> dict[str, Any]:
    """An answer as JSON, without how long it took."""
    plain: dict[str, Any] = json.loads(json.dumps(answer if question == "wanted" else packed(answer)))
    if question == "wanted":
        del plain["simulation"]["seconds"]
    return plain


@pytest.mark.parametrize("question", ["radar", "division", "portrait"])
def test_what_is_packed_is_unpacked(engine: Engine, question: str) -> None:
    plain = json.loads(json.dumps(packed(engine.questions.ask(question, params(engine, question)).answer)))
    assert packed(unpacked(question, plain)) == plain


@pytest.mark.usefixtures("many")
def test_two_people_who_ask_the_same_share_one_job_and_the_answer_stands_until_facts_come(engine: Engine) -> None:
    first = engine.questions.ask("radar", ASKED["radar"]).job
    second = engine.acting_as("mei", authenticated=False).questions.ask("radar", ASKED["radar"]).job
    assert first is not None
    assert second is not None
    assert first.id == second.id
    other = engine.questions.ask("radar", {**ASKED["radar"], "days": 35}).job
    assert other is not None
    assert other.id != first.id
    Worker(engine).do(first.id)
    assert engine.questions.ask("radar", ASKED["radar"]).status == "done"
    assert engine.questions.ask("radar", ASKED["radar"]).job is not None
    add_orders(engine.store, [Order(2, AS_OF + 11 * DAY, 700)], first_id=8000)
    from engine.store.facts import next_fact_seq

    with engine.store.write() as connection:
        next_fact_seq(connection)
    assert engine.questions.look("radar", ASKED["radar"]).status == "new"


def test_who_asks_while_it_is_computed_waits_for_the_same_answer(engine: Engine, counted: list[str]) -> None:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda: found.append(engine.questions.ask("radar", ASKED["radar"]).answer)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted == ["radar"]
    assert len(found) == 6
    assert all(each is found[0] for each in found)


@pytest.mark.usefixtures("many")
def test_progress_is_told_and_a_cancelled_question_can_be_asked_again(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    job = engine.questions.ask("radar", ASKED["radar"]).job
    assert job is not None
    steps: list[tuple[str, int, int | None]] = []
    engine.questions.work("radar", ASKED["radar"], lambda *step: steps.append(step))
    assert steps == [("ahead", 0, 28)] + [("ahead", day, 28) for day in (0, 7, 14, 21, 28)]
    engine.jobs.cancel(job.id)
    assert engine.questions.look("radar", ASKED["radar"]).status == "cancelled"
    again = engine.questions.ask("radar", ASKED["radar"])
    assert again.job is not None
    assert (again.job.id, again.status) == (job.id, "queued")


@pytest.mark.parametrize("question", ASKED)
def test_every_question_can_be_stopped(engine: Engine, question: str) -> None:
    def stop(step: str, done: int, total: int | None) -> None:
        if done or step != "read":
            raise Cancelled

    tell: Tell = stop
    with pytest.raises(Cancelled):
        engine.questions.work(question, params(engine, question), tell)


@pytest.mark.usefixtures("many")
def test_a_job_that_cannot_answer_says_why(engine: Engine) -> None:
    job = engine.questions.ask("radar", {"address": "abc.nothing"}).job
    assert job is not None
    Worker(engine).do(job.id)
    found = engine.questions.look("radar", {"address": "abc.nothing"})
    assert found.status == "failed"
    assert "no label 'abc.nothing'" in found.fault


def test_unknown_questions_and_parameters_are_refused(engine: Engine) -> None:
    with pytest.raises(RunError, match="there is no question 'rader'; did you mean 'radar'"):
        engine.questions.ask("rader", {})
    with pytest.raises(RunError, match="the question 'radar' takes no 'day'; did you mean 'days'"):
        engine.questions.ask("radar", {"day": 3})
