"""Two processes at once: one of them makes a run visible, the other returns the same run or is refused in clear words."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.errors import RunError
from engine.service import Engine
from engine.store.models import publication, rulebook_version, run
from tests.trust.company import AS_OF, BOOK, DAY, POLICIES, assert_whole, company, trials

CHILD = """
import json, sys
from engine.errors import TierwiseError
from engine.service import Engine

with Engine.open(sys.argv[1]) as engine:
    print("ready", flush=True)
    for line in sys.stdin:
        verb, argument = json.loads(line)
        try:
            if verb == "run":
                done = engine.run(argument)
                told = {"run": done.id, "digest": done.digest}
            else:
                told = {"version": engine.publish(argument).number}
        except TierwiseError as error:
            told = {"refused": str(error)}
        print(json.dumps(told), flush=True)
"""


@contextmanager
def two(url: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes with the store open, waiting for orders."""
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    try:
        assert [hear(child) for child in children] == ["ready", "ready"]
        yield children
    finally:
        for child in children:
            child.kill()
            child.communicate()


def say(child: subprocess.Popen[str], verb: str, argument: Any) -> None:
    assert child.stdin is not None
    child.stdin.write(json.dumps([verb, argument]) + "\n")
    child.stdin.flush()


def hear(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def both(children: list[subprocess.Popen[str]], *orders: tuple[str, Any]) -> list[dict[str, Any]]:
    """Give both an order at once and wait for both answers."""
    for child, (verb, argument) in zip(children, orders, strict=True):
        say(child, verb, argument)
    return [json.loads(hear(child)) for child in children]


def test_the_same_run_twice_at_once_is_one_run(store_url: str) -> None:
    company(store_url)
    with two(store_url) as children:
        for number in range(trials(12, 500)):
            order = ("run", AS_OF + number * DAY)
            answers = both(children, order, order)
            done = [answer for answer in answers if "run" in answer]
            assert done, answers
            assert len({(answer["run"], answer["digest"]) for answer in done}) == 1
            assert all("run again" in answer["refused"] for answer in answers if answer not in done)
            with Engine.open(store_url) as engine:
                assert_whole(engine)
                assert engine.run_record().id == done[0]["run"]
                with engine.store.read() as connection:
                    assert connection.scalar(select(func.count()).select_from(run)) == number + 1


def test_two_moments_at_once_leave_the_newer_outcome_or_a_clear_refusal(store_url: str) -> None:
    company(store_url)
    with two(store_url) as children:
        for number in range(trials(6, 300)):
            early, late = AS_OF + 2 * number * DAY, AS_OF + (2 * number + 1) * DAY
            answers = both(children, ("run", early), ("run", late))
            for answer in answers:
                assert "run" in answer or "run again" in answer["refused"] or "--historical" in answer["refused"], answer
            assert any("run" in answer for answer in answers)
            with Engine.open(store_url) as engine:
                assert_whole(engine)


def test_a_publication_during_a_run_leaves_one_version_per_run(store_url: str) -> None:
    company(store_url)
    books = [{**BOOK, "name": f"Book {number % 2}", "policies": POLICIES[: 1 + number % 2]} for number in range(2)]
    with two(store_url) as children:
        for number in range(trials(8, 300)):
            ran, published = both(children, ("run", AS_OF + number * DAY), ("publish", books[number % 2]))
            assert "version" in published
            assert "run" in ran, "a run under way finishes on the version it started with"
            with Engine.open(store_url) as engine:
                record = engine.run_record(ran["run"])
                made_by = engine.version(str(record.version_id))
                assert record.report["rulebook"]["hash"] == made_by.hash
                assert {address.partition(".")[0] for address in record.report["types"]} == {
                    entry["key"] for entry in made_by.document["policies"]
                }


def test_the_same_rulebook_published_twice_at_once_is_one_version(store_url: str) -> None:
    company(store_url)
    with two(store_url) as children:
        for number in range(trials(6, 200)):
            book = {**BOOK, "name": f"Edition {number}", "policies": POLICIES}
            first, second = both(children, ("publish", book), ("publish", book))
            assert first == second == {"version": 2 + number}
    with Engine.open(store_url) as engine, engine.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(rulebook_version)) == 1 + trials(6, 200)
        assert connection.scalar(select(func.count()).select_from(publication)) == 1 + 2 * trials(6, 200)


def test_a_new_store_opened_twice_at_once_is_one_store(store_url: str) -> None:
    with two(store_url), Engine.open(store_url) as engine:
        assert engine.business.currency == "CNY"
        with pytest.raises(RunError, match="nothing has run yet"):
            engine.run_record()
