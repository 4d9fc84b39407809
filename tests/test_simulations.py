"""Simulations that are remembered, who is behind their numbers, and why each customer moves."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from engine.errors import DraftError, RulebookError, RunError
from engine.job_kinds import perform
from engine.service import Engine
from tests.small_store import Order, add_orders
from tests.trust.company import AS_OF, BOOK, POLICIES, company

BANDS = {
    "key": "value", "type": "segments", "title": {"en": "Value", "zh": "价值"},
    "params": {"segments": [
        {"key": "high", "title": {"en": "High", "zh": "高"}, "step": 1, "when": {"feature": "orders.amount", "op": ">=", "value": 2000}},
        {"key": "low", "title": {"en": "Low", "zh": "低"}, "step": 8, "when": {"feature": "orders.count", "op": ">=", "value": 0}},
    ]},
}  # fmt: skip
TOMORROW = int(time.time()) + 86_400
RULES = {**BOOK, "policies": [{**policy, "owner": "mei", "review_by": "2099-12-31"} for policy in [*POLICIES, BANDS]]}


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    company(store_url)
    with Engine.open(store_url, actor="mei") as opened:
        opened.publish(RULES)
        opened.run(AS_OF)
        yield opened


def changed(engine: Engine, place: str, value: Any) -> int:
    draft = engine.drafts.new(title="try")
    return engine.drafts.edit(draft.id, revision=draft.revision, changes=[{"place": place, "value": value}]).id


def test_it_is_computed_once_and_again_when_something_changed(engine: Engine) -> None:
    number = changed(engine, "policies[abc].params.cuts", [0.5, 0.9])
    assert engine.simulations.remembered(number) is None
    first = engine.simulations.of(number)
    again, known = engine.simulations.of(number), engine.simulations.remembered(f"d{number}")
    assert known is not None
    assert again.simulation.draft is first.simulation.draft is known.simulation.draft
    key = engine.simulations.key(number)
    engine.drafts.edit(number, revision=2, changes=[{"place": "policies[abc].params.cuts", "value": [0.6, 0.9]}])
    second = engine.simulations.of(number)
    assert second.simulation.draft is not first.simulation.draft
    assert engine.simulations.key(number) != key
    add_orders(engine.store, [Order(1, AS_OF - 5, 90_000_00)], first_id=90_000)
    third = engine.simulations.of(number)
    assert third.simulation.draft is not second.simulation.draft, "facts came"
    engine.fixed_values.request("C1", "value.segment", "low", reason="r", until=TOMORROW)
    assert engine.simulations.of(number).simulation.draft is not third.simulation.draft, "somebody's value may be fixed"


def test_the_picture_is_plain_data_and_agrees_with_itself(engine: Engine) -> None:
    number = changed(engine, "policies[abc].params.cuts", [0.5, 0.9])
    found = engine.simulations.of(number)
    picture = found.as_dict()
    assert json.loads(json.dumps(picture)) == picture
    compared = found.simulation.comparison
    assert (picture["moved"], picture["moved_amount"], picture["customers"]) == (compared.moved, compared.moved_amount, compared.rows)
    for output in picture["outputs"]:
        cells = np.array(output["customers"])
        assert cells.sum() == compared.rows
        assert cells.shape == (len(output["before"]), len(output["after"]))
        assert output["up"] + output["down"] + output["gained"] + output["lost"] <= output["moved"]
    moving = next(each for each in picture["outputs"] if each["address"] == "abc.class")
    assert moving["moved"] == moving["up"] + moving["down"] == compared.migrations["abc.class"].moved > 0
    chain = {row["address"]: row for row in picture["chain"]}
    assert chain["abc.class"]["moved"] == moving["moved"]
    assert chain["rfm.segment"]["moved"] == 0
    assert "rfm.code" not in {each["address"] for each in picture["outputs"]}, "codes are for other policies"


def test_every_number_opens_its_customers(engine: Engine) -> None:
    number = changed(engine, "policies[abc].params.cuts", [0.5, 0.9])
    simulations = engine.simulations
    migration = simulations.of(number).simulation.migrations["abc.class"]
    seen: list[str] = []
    for i, was in enumerate(migration.before):
        for j, now in enumerate(migration.after):
            page = simulations.members(number, "abc.class", was=was, now=now, limit=1000)
            assert (page.total, page.amount) == (migration.customers[i, j], migration.amounts[i, j])
            assert {(row.was, row.now) for row in page.rows} <= {(was, now)}
            seen += [row.customer for row in page.rows]
    assert len(seen) == len(set(seen)) == migration.customers.sum()
    assert simulations.members(number, "abc.class", limit=0).total == migration.moved
    assert simulations.members(number, limit=0).total == simulations.of(number).simulation.comparison.moved
    whole = simulations.members(number, "abc.class", now="A", stay=True, limit=0).total
    assert whole == migration.counts_after["A"]
    gained = simulations.members(number, "abc.class", now="A", limit=0).total
    assert gained == whole - migration.customers[migration.before.index("A"), migration.after.index("A")]


def test_pages_hold_everybody_once_by_revenue(engine: Engine) -> None:
    number = changed(engine, "policies[abc].params.cuts", [0.5, 0.9])
    whole = engine.simulations.members(number, "abc.class", now="B", stay=True, limit=1000)
    amounts = [row.amount for row in whole.rows]
    assert amounts == sorted(amounts, reverse=True)
    pages = [
        row.customer
        for offset in range(0, whole.total, 7)
        for row in engine.simulations.members(number, "abc.class", now="B", stay=True, offset=offset, limit=7).rows
    ]
    assert pages == [row.customer for row in whole.rows]
    assert engine.simulations.members(number, offset=10**9, limit=50).rows == []


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"address": "abc.clas"}, "did you mean 'abc.class'"),
        ({"address": "abc.class", "was": "AA"}, "has no label 'AA'"),
        ({"address": "abc.class", "now": "'; drop table customer; --"}, "has no label"),
    ],
)
def test_what_is_not_there_is_named(engine: Engine, asked: dict[str, str], words: str) -> None:
    number = changed(engine, "policies[abc].params.cuts", [0.5, 0.9])
    with pytest.raises(RunError, match=words):
        engine.simulations.members(number, **asked)


def test_a_draft_with_faults_lists_them(engine: Engine) -> None:
    number = changed(engine, "policies[abc].params.cuts", [3])
    for verb in (engine.simulations.of, engine.simulations.remembered, engine.simulations.key):
        with pytest.raises(RulebookError):
            verb(number)
    with pytest.raises(DraftError):
        engine.simulations.of("x")


def test_why_names_the_cut_that_passed(engine: Engine) -> None:
    number = changed(engine, "policies[abc].params.cuts", [0.5, 0.9])
    rows = engine.simulations.members(number, "abc.class", limit=5).rows
    assert rows
    for row in rows:
        assert row.why.en.startswith("Sales ")
        assert ", cut " in row.why.en
        assert " → " in row.why.en
        assert "，分界 " in row.why.zh


def test_why_names_the_score_and_the_root_of_a_chain(engine: Engine) -> None:
    number = changed(engine, "policies[rfm].params.bins", 4)
    found = engine.simulations.of(number)
    assert found.whys
    texts = [why.en for why in found.whys]
    assert any("score" in text and " → " in text for text in texts), texts[:3]


def test_why_names_the_rule_where_there_is_no_cut(engine: Engine) -> None:
    number = changed(engine, "policies[value].params.segments[0].when.value", 9000)
    rows = engine.simulations.members(number, "value.segment", limit=3).rows
    assert rows
    assert all(row.why.en for row in rows), rows
    hits = engine.simulations.of(number).as_dict()["hits"]
    assert [policy["policy"] for policy in hits] == ["value"]
    assert {rule["gives"]["en"] for rule in hits[0]["rules"]} == {"High", "Low"}


def test_drafts_beside_each_other(engine: Engine) -> None:
    one, other = (changed(engine, "policies[abc].params.cuts", cuts) for cuts in ([0.5, 0.9], [0.7, 0.9]))
    found = engine.simulations.compare([one, f"d{other}", one])
    assert found.names == ("live", f"d{one}", f"d{other}")
    assert found.moved[f"d{one}"] == engine.simulations.of(one).simulation.comparison.moved


def test_a_job_keeps_the_whole_picture(engine: Engine) -> None:
    number = changed(engine, "policies[abc].params.cuts", [0.5, 0.9])
    result = perform(engine, "simulate", {"draft": f"d{number}"}, lambda *_: None)
    assert result["key"] == engine.simulations.key(number)
    assert result["picture"] == json.loads(json.dumps(engine.simulations.of(number).as_dict()))
    assert "name" not in result["picture"]["movers"][0], "no name is kept with a job"


def test_names_are_asked_for_apart(engine: Engine) -> None:
    assert engine.simulations.names(["C1", "nobody"]) == {"C1": "Customer 1"}


def test_only_customers_within_sight_are_named(engine: Engine) -> None:
    from engine.store.models import customer
    from engine.store.reach import Reach
    from engine.store.sight import Sight

    number = changed(engine, "policies[abc].params.cuts", [0.5, 0.9])
    whole = engine.simulations.members(number, limit=1000)

    class Mine(Reach):
        def clause(self) -> Any:
            return customer.c.external_id == whole.rows[0].customer

    su = engine.acting_as("su", sight=Sight(Mine("own", "su"), personal=False))
    seen = su.simulations.members(number, limit=1000)
    assert [row.customer for row in seen.rows] == [whole.rows[0].customer]
    assert (seen.total, seen.hidden) == (1, whole.total - 1)
    assert seen.rows[0].name is None
    picture = su.simulations.of(number).as_dict()
    assert [each["customer"] for each in picture["movers"]] == [whole.rows[0].customer]
    assert picture["moved"] == whole.total, "figures are of all"
    assert su.simulations.names([whole.rows[0].customer]) == {}


def test_a_hidden_value_is_not_told_by_its_reason(engine: Engine) -> None:
    number = changed(engine, "policies[abc].params.cuts", [0.5, 0.9])
    found = engine.simulations.of(number)
    from engine.mover_words import MoverWords

    words = MoverWords(found.simulation.live, found.simulation.draft, found.rulebook, "CNY", 2, lambda name: True)
    row = int((found.simulation.live.column("abc.class").codes != found.simulation.draft.column("abc.class").codes).nonzero()[0][0])
    assert "Sales" not in words.of(row).en
