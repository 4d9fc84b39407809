"""Evaluating single customers: the values of the run from stored facts, and what-if from given features."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, update

from engine.errors import FeatureError, RunError, UnknownCustomer
from engine.service import Engine
from engine.store.models import custom_field, customer, run_state
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store
from tests.test_runner import BOOK, POLICIES, cells, history

PLUGIN = '''
import numpy as np
from engine import Label, Output, Policy, Text, hookimpl

NAME = Text("Kinds", "种类")


class Kinds(Policy):
    """Tells what it was given, in every kind of output."""

    name = "kinds"
    title = help = NAME

    def inputs(self):
        return ("profile.region?", "custom.vip?", "custom.met_on?", "orders.amount?", "previous.kinds.label", "previous.kinds.since")

    def outputs(self):
        return (
            Output("label", labels=(Label("north", NAME), Label("other", NAME))),
            Output("flag", kind="flag"),
            Output("score", kind="score", decimals=2),
            Output("date", kind="date"),
            Output("set", kind="set", labels=(Label("rich", NAME), Label("former", NAME))),
        )

    def apply(self, columns, state):
        amount = columns["orders.amount"]
        return {
            "label": (columns["profile.region"] != "north").astype(np.int8),
            "flag": columns["custom.vip"],
            "score": amount / 3,
            "date": columns["custom.met_on"],
            "set": (amount > 1000).astype(np.uint64) + 2 * (columns["previous.kinds.label"] == "north").astype(np.uint64),
        }


@hookimpl
def tierwise_policies():
    return [Kinds]
'''


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    store = open_store(store_url)
    add_customers(store, range(1, 31))
    add_orders(store, [order for order in history() if order.customer <= 30])
    store.close()
    with Engine.open(store_url) as opened:
        opened.publish({**BOOK, "policies": POLICIES})
        opened.run(AS_OF)
        yield opened


def test_every_customer_alone_is_what_the_run_said(engine: Engine) -> None:
    live, record = cells(engine), engine.run_record()
    for found in engine.evaluate([f"C{n}" for n in range(1, 31)]):
        assert (found.rulebook, found.run, found.as_of) == (record.version_id, record.id, AS_OF)
        assert not found.faults
        for address in ("rfm.segment", "abc.class", "lifecycle.stage"):
            value = live.get((found.customer_id or 0, address))
            assert found.values[address] == value
            assert (address.partition(".")[0] in found.withheld) == (value is None)


def test_another_moment_reads_the_facts_of_that_moment_and_stores_nothing(engine: Engine) -> None:
    before, live = engine.runs(), cells(engine)
    (now,), (later,) = engine.evaluate(["C1"]), engine.evaluate(["C1"], as_of=AS_OF + 5000 * DAY)
    assert later.as_of == AS_OF + 5000 * DAY
    assert (now.values["lifecycle.stage"], later.values["lifecycle.stage"]) != (None, now.values["lifecycle.stage"])
    assert later.values["lifecycle.stage"] == "lost"
    assert [record.id for record in engine.runs()] == [record.id for record in before]
    assert cells(engine) == live


def test_new_facts_count_at_once_with_the_states_of_the_run(engine: Engine) -> None:
    add_orders(engine.store, [Order(5, AS_OF - DAY, 90_000_00)], first_id=9000)
    (found,) = engine.evaluate(["C5"])
    assert found.values["lifecycle.stage"] == "new"
    assert found.values["abc.class"] == "A"
    assert cells(engine)[(5, "lifecycle.stage")] == "prospect"


def test_given_features_are_graded_like_stored_ones(engine: Engine) -> None:
    rich = {"orders.recency_days": 1, "orders.tenure_days": 700, "orders.gap_days": 9}
    names = engine.rulebook().plan.features
    rows = [dict.fromkeys((name for name in names if "count" in name), 0), {name: rich.get(name, 9e6) for name in names}]
    nobody, best = engine.evaluate(features=rows)
    assert nobody.values["lifecycle.stage"] == "prospect"
    assert nobody.customer_id is None
    assert best.values["lifecycle.stage"] != "prospect"


def test_nobody_asked_is_nobody_told(engine: Engine) -> None:
    assert engine.evaluate([]) == engine.evaluate(features=[]) == engine.evaluate() == []


def test_somebody_unknown_is_named(engine: Engine) -> None:
    with pytest.raises(UnknownCustomer, match="C999"):
        engine.evaluate(["C999"])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"orders.cuont": 1}, "'orders.cuont' is not read by this rulebook; did you mean 'orders.count'?"),
        ({"zzz": 1}, "'zzz' is not read by this rulebook; this rulebook reads "),
        ({7: 1}, "7 is not read by this rulebook"),
        ({"orders.count": "many"}, "orders.count: found 'many'; expected a finite number"),
        ({"orders.count": True}, "orders.count: found True; expected a finite number"),
        ({"orders.count": float("nan")}, "orders.count: found nan; expected a finite number"),
        ({"orders.count": float("-inf")}, "orders.count: found -inf; expected a finite number"),
        ({"orders.count": 10**400}, "orders.count: found a number with too many digits; expected a finite number"),
        ({"orders.count": 10**5000}, "orders.count: found a number with too many digits"),
        ({"orders.count": 1e300}, "orders.count: found 1e+300; expected a finite number"),
        ({"orders.count": [1]}, "orders.count: found [1]; expected a finite number"),
        ({"orders.count": np.float64("nan")}, "orders.count: found "),
    ],
)
def test_a_wrong_feature_is_named_with_what_would_be_right(engine: Engine, row: Any, words: str) -> None:
    with pytest.raises(FeatureError) as caught:
        engine.evaluate(features=[{"orders.count": 1}, row])
    assert words in str(caught.value)


@pytest.mark.parametrize("number", [3, 3.0, np.int64(3), np.float64(3), np.int16(3)])
def test_numbers_of_any_library_are_taken(engine: Engine, number: Any) -> None:
    (found,) = engine.evaluate(features=[{"orders.count": number}])
    assert found.values == engine.evaluate(features=[{"orders.count": 3}])[0].values


def test_states_of_another_version_are_never_applied(engine: Engine) -> None:
    with engine.store.write() as connection:
        connection.execute(update(run_state).where(run_state.c.policy == "rfm").values(version=99))
    with pytest.raises(
        RunError, match="policy rfm of run 1 was made by version 99 of the policy type rfm; version 1 is installed; run again"
    ):
        engine.evaluate(["C1"])


def test_without_a_run_there_is_nothing_to_evaluate_with(store_url: str) -> None:
    open_store(store_url).close()
    with Engine.open(store_url) as engine:
        engine.publish({**BOOK, "policies": POLICIES})
        with pytest.raises(RunError, match="nothing has run yet; start with: tierwise run"):
            engine.evaluate(["C1"])


@pytest.fixture
def kinds(sqlite_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A store whose only policy has every kind of input and output."""
    plugin = tmp_path / "kinds_plugin.py"
    plugin.write_text(PLUGIN, encoding="utf-8")
    store = open_store(sqlite_url)
    add_customers(store, [1, 2, 3])
    add_orders(store, [Order(1, AS_OF - DAY, 500_00), Order(2, AS_OF - DAY, 5000_00)])
    with store.write() as connection:
        connection.execute(update(customer).where(customer.c.id == 3).values(not_graded="staff"))
        fields = [{"name": name, "kind": kind, "title_en": name, "title_zh": name} for name, kind in (("vip", "flag"), ("met_on", "date"))]
        connection.execute(insert(custom_field), fields)
    store.close()
    with Engine.open(sqlite_url, plugins=[plugin]) as opened:
        opened.publish({**BOOK, "policies": [{"type": "kinds"}]})
        opened.run(AS_OF)
        yield opened


def test_values_of_every_kind_are_plain(kinds: Engine) -> None:
    row = {
        "profile.region": "north",
        "custom.vip": True,
        "custom.met_on": dt.date(2024, 2, 29),
        "orders.amount": 2000,
        "previous.kinds.label": "north",
    }
    (found,) = kinds.evaluate(features=[row])
    assert found.values == {
        "kinds.label": "north",
        "kinds.flag": True,
        "kinds.score": 666.67,
        "kinds.date": "2024-02-29",
        "kinds.set": ["rich", "former"],
    }


def test_what_is_not_given_is_missing(kinds: Engine) -> None:
    one, other = kinds.evaluate(features=[{}, {"profile.region": "south", "custom.met_on": "2024-02-29"}])
    assert one.values == {"kinds.label": "north", "kinds.flag": None, "kinds.score": None, "kinds.date": None, "kinds.set": []}
    assert other.values["kinds.label"] == "other"
    assert (other.values["kinds.flag"], other.values["kinds.date"]) == (None, "2024-02-29")


def test_texts_are_compared_in_the_form_in_which_facts_are_kept(kinds: Engine) -> None:
    one, other = kinds.evaluate(features=[{"profile.region": "Gue\u0301ret"}, {"profile.region": "Gu\u00e9ret"}])
    assert one.values == other.values


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"profile.region": 7}, "profile.region: found 7; expected a text"),
        ({"custom.vip": 1}, "custom.vip: found 1; expected true or false"),
        ({"custom.met_on": "soon"}, "custom.met_on: found 'soon'; expected a date such as 2025-12-31"),
        ({"previous.kinds.label": "south"}, "previous.kinds.label: found 'south'; expected one of north, other"),
        ({"previous.kinds.label": ["north"]}, "previous.kinds.label: found ['north']; expected one of north, other"),
        (
            {"previous.kinds.since": "2024-01-01"},
            "previous.kinds.since: only a former label can be given; moments and scores of the past come from the store",
        ),
    ],
)
def test_a_wrong_value_of_any_kind_is_named(kinds: Engine, row: Any, words: str) -> None:
    with pytest.raises(FeatureError) as caught:
        kinds.evaluate(features=[row])
    assert str(caught.value) == words


def test_who_is_not_graded_is_told_so(kinds: Engine) -> None:
    (found,) = kinds.evaluate(["C3"])
    assert found.withheld == {"kinds": "not graded: staff"}
    assert found.values["kinds.label"] is None
