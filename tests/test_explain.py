"""Explanations: the inputs as the run read them, reasons in both languages, and changes that do what they promise."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RulebookError, UnknownCustomer
from engine.explain import Explanation, WhatIf
from engine.service import Engine
from engine.store.inputs import load_inputs
from engine.values import value_at
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

CUSTOMERS = 90

RULEBOOK: dict[str, Any] = {
    "name": "For explanations",
    "policies": [
        {"key": "rfm", "type": "rfm"},
        {"key": "abc", "type": "abc"},
        {"key": "lifecycle", "type": "lifecycle"},
        {"key": "rhythm", "type": "lifecycle", "params": {"basis": "rhythm"}},
        {"key": "nested", "type": "rfm", "params": {"binning": "nested", "bins": 3}},
        {"key": "graded", "type": "grade"},
        {"key": "spenders", "type": "abc", "for": {"feature": "orders.amount", "op": ">=", "value": 120.5}},
    ],
}


GRADE = """
import numpy as np
from engine import Label, Output, Policy, Text, hookimpl

LEVELS = tuple(Label(key, Text(key, key)) for key in ("gold", "silver", "bronze"))

class Grade(Policy):
    name = "grade"
    title = help = Text("Grade", "等级")

    def inputs(self):
        return ("rfm.total?", "abc.class?", "orders.count")

    def outputs(self):
        return (Output("grade", labels=LEVELS),)

    def apply(self, columns, state):
        best = columns["abc.class"] == "A"
        return {"grade": np.select([best & (columns["rfm.total"] > 3.5), best | (columns["rfm.total"] > 3)], [0, 1], default=2)}

@hookimpl
def tierwise_policies():
    return [Grade]
"""
"""A policy on top of others, without bounds or explanation of its own."""


def some_orders(seed: int = 5) -> list[Order]:
    """Orders of all customers but every tenth."""
    dice = random.Random(seed)
    found = []
    for customer in range(1, CUSTOMERS + 1):
        if customer % 10:
            for _ in range(dice.choice([1, 1, 2, 3, 5, 9])):
                found.append(
                    Order(
                        customer,
                        AS_OF - dice.randrange(700) * DAY - dice.randrange(DAY),
                        dice.choice([1999, 5000, dice.randrange(100, 90_000)]),
                    )
                )
    return found


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A store that has run once."""
    url = f"sqlite:///{tmp_path_factory.mktemp('explain') / 'store.db'}"
    with open_store(url) as store:
        add_customers(store, range(1, CUSTOMERS + 1))
        add_orders(store, some_orders())
    plugin = tmp_path_factory.mktemp("plugin") / "grade.py"
    plugin.write_text(GRADE, encoding="utf-8")
    with Engine.open(url, create=False, plugins=[plugin]) as engine:
        engine.publish(RULEBOOK)
        engine.run(AS_OF)
        yield engine


def explained(engine: Engine, customer: int, policy: str) -> Explanation:
    return engine.explain(f"C{customer}", policy)[0]


def outcome_with(engine: Engine, customer: int, feature: str, value: Any, output: str) -> Any:
    """What a customer would be if one feature were different: by way of features given, a path of its own."""
    record = engine.run_record()
    with engine.store.read() as connection:
        read = load_inputs(connection, record)
    assert read is not None
    row = read.row_of(customer)
    assert row is not None
    inputs = {name: value_at(read.columns[name], row) for name in engine.rulebook().plan.features}
    return engine.evaluate(features=[{**inputs, feature: value}])[0].values[output]


class TestNearest:
    """Every proposed change keeps its promise, and one step less does not."""

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        customer=st.integers(1, CUSTOMERS), policy=st.sampled_from(["rfm", "abc", "lifecycle", "rhythm", "nested", "spenders", "graded"])
    )
    def test_the_change_gives_the_outcome_and_a_step_less_does_not(self, graded: Engine, customer: int, policy: str) -> None:
        explanation = explained(graded, customer, policy)
        here = explanation.outputs[0].value
        seen = [what_if.outcome for what_if in explanation.nearest]
        assert len(seen) == len(set(seen))
        assert here not in seen
        for what_if in explanation.nearest:
            assert outcome_with(graded, customer, what_if.feature, what_if.now, what_if.output) == what_if.outcome
            assert outcome_with(graded, customer, what_if.feature, what_if.was, what_if.output) == here
            less = one_step_less(graded, what_if)
            assert outcome_with(graded, customer, what_if.feature, less, what_if.output) != what_if.outcome

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(customer=st.integers(1, CUSTOMERS), policy=st.sampled_from(["rfm", "abc", "lifecycle"]))
    def test_nobody_is_told_to_be_what_nobody_can_become(self, graded: Engine, customer: int, policy: str) -> None:
        for what_if in explained(graded, customer, policy).nearest:
            feature = graded.rulebook().catalogue.resolve(what_if.feature)
            assert feature.actionable != "no"
            assert feature.minimum is None or what_if.now >= feature.minimum
            assert (what_if.now > what_if.was) if feature.actionable == "up" else (what_if.now < what_if.was)

    def test_the_distance_to_the_next_class_is_what_the_policy_itself_says(self, graded: Engine) -> None:
        found = 0
        for customer in range(1, CUSTOMERS + 1):
            explanation = explained(graded, customer, "abc")
            if explanation.outputs[0].value == "C" and explanation.outputs[1].value is not None:
                next_one = {what_if.outcome: what_if for what_if in explanation.nearest}["B"]
                assert next_one.feature == "orders.amount"
                assert round(next_one.now - next_one.was, 2) == explanation.outputs[1].value
                found += 1
        assert found > 5

    def test_a_change_reaches_through_the_policies_before(self, graded: Engine) -> None:
        through = [what_if for customer in range(1, CUSTOMERS + 1) for what_if in explained(graded, customer, "graded").nearest]
        assert {what_if.feature for what_if in through} >= {"orders.recency_days", "orders.amount"}

    def test_without_bounds_and_without_a_population_the_same_steps_are_found(
        self, graded: Engine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with_bounds = {c: explained(graded, c, "abc").nearest for c in range(1, 30)}
        monkeypatch.setattr("plugins.abc.ABC.bounds", lambda self, state: {})
        assert {c: explained(graded, c, "abc").nearest for c in range(1, 30)} == with_bounds


class TestNamed:
    """A named outcome through the whole chain of policies: what is proposed, applied, gives exactly that."""

    OUTCOMES: ClassVar = {
        "rfm": ("champions", "loyal", "lost", "hibernating", "new"),
        "abc": ("A", "B", "C"),
        "lifecycle": ("active", "loyal", "lost", "reactivated"),
        "graded": ("gold", "silver", "bronze"),
        "spenders": ("A", "C"),
    }

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(customer=st.integers(1, CUSTOMERS), named=st.sampled_from([(key, to) for key, many in OUTCOMES.items() for to in many]))
    def test_what_is_proposed_gives_exactly_that(self, graded: Engine, customer: int, named: tuple[str, str]) -> None:
        policy, to = named
        explanation = graded.explain(f"C{customer}", policy, to=to)[0]
        assert explanation.reach is not None
        found = explanation.reach
        assert (found.outcome, found.status == "is") == (to, explanation.outputs[0].value == to)
        near = {what_if.outcome: what_if for what_if in explanation.nearest}
        if to in near:
            assert found.change == near[to]
        if found.change is None:
            assert found.status in ("is", "never")
            return
        values = {change.feature: change.now for change in found.change.changes}
        assert outcomes_with(graded, customer, values, found.output) == to
        for name in values:  # of two, neither alone does
            if len(values) == 2:
                assert outcomes_with(graded, customer, {name: values[name]}, found.output) != to

    def test_sentences_say_what_is_what_would_be_and_why_not(self, graded: Engine) -> None:
        best = next(c for c in range(1, CUSTOMERS + 1) if explained(graded, c, "abc").outputs[0].value == "A")
        said = {to: graded.explain(f"C{best}", "abc", to=to)[0].reach for to in ("A", "C")}
        assert said["A"] is not None
        assert said["C"] is not None
        assert said["A"].sentence == "ABC classes · Class is Class A already."
        assert said["C"].status == "forbidden"
        assert said["C"].sentence.startswith("Nothing within reach gives Class C. If Sales were ")
        assert said["C"].sentence.endswith("But Sales can only rise.")
        missing = graded.explain("C10", "rfm", to="champions", language="zh")[0].reach
        assert missing is not None
        assert (missing.status, missing.sentence.endswith("但距上次下单天数缺失。")) == ("forbidden", True)


def outcomes_with(engine: Engine, customer: int, changed: dict[str, Any], output: str) -> Any:
    """What a customer would be with several features different."""
    with engine.store.read() as connection:
        read = load_inputs(connection, engine.run_record())
    assert read is not None
    row = read.row_of(customer)
    assert row is not None
    inputs = {name: value_at(read.columns[name], row) for name in engine.rulebook().plan.features}
    return engine.evaluate(features=[{**inputs, **changed}])[0].values[output]


def one_step_less(engine: Engine, what_if: WhatIf) -> float:
    """The value one step of the feature closer to where the customer is."""
    step = engine.rulebook().catalogue.resolve(what_if.feature).step or 0.01
    return round(what_if.now - np.sign(what_if.now - what_if.was) * step, 4)


def test_values_inputs_and_since_are_those_of_the_run(graded: Engine) -> None:
    customer = next(c for c in range(1, CUSTOMERS + 1) if explained(graded, c, "rfm").outputs[0].value is not None)
    explanation = explained(graded, customer, "rfm")
    frame = graded.assignments("rfm")
    mine = frame[frame["customer"] == f"C{customer}"].iloc[0]
    assert (explanation.outputs[0].value, explanation.outputs[0].since) == (mine["value"], mine["since"])
    assert explanation.source == "run"
    assert [given.name for given in explanation.inputs] == ["orders.recency_days", "orders.count_365d", "orders.amount_365d"]
    assert explanation.inputs[0].text.endswith("days")
    assert explanation.inputs[2].text.endswith("CNY")
    assert len(explanation.inputs[0].bounds) == 4
    assert explanation.rule is not None


def test_a_run_is_explained_by_the_facts_it_read_and_a_late_customer_by_todays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    with open_store(url) as store:
        add_customers(store, [1, 2])
        add_orders(store, [Order(1, AS_OF - DAY, 5000), Order(2, AS_OF - 9 * DAY, 900)])
    with Engine.open(url, create=False) as engine:
        engine.publish("starter")
        engine.run(AS_OF)
        add_orders(engine.store, [Order(1, AS_OF - 2 * DAY, 700)], first_id=50)
        add_customers(engine.store, [3])
        first, late = engine.explain("C1", "abc")[0], engine.explain("C3", "abc")[0]
    assert first.inputs[0].value == 50
    assert first.source == "run"
    assert late.source == "today"
    assert late.withheld == "no order yet"
    assert late.outputs[0].since is None


def test_without_a_value_the_whole_chain_of_reasons_is_said_in_both_languages(graded: Engine) -> None:
    english, chinese = explained(graded, 10, "rfm"), graded.explain("C10", "rfm", language="zh")[0]
    assert (english.withheld, chinese.withheld) == ("no order yet", "尚无订单")
    assert english.reasons == ()
    outside = next(c for c in range(1, CUSTOMERS + 1) if explained(graded, c, "spenders").withheld)
    assert explained(graded, outside, "spenders").withheld == "outside the population of ABC classes"
    assert graded.explain(f"C{outside}", "spenders", language="zh")[0].withheld == "不在 ABC 分类 的适用范围内"


def test_sentences_in_both_languages(graded: Engine) -> None:
    customer = next(
        c for c in range(1, CUSTOMERS + 1) if explained(graded, c, "abc").outputs[0].value == "C" and explained(graded, c, "abc").nearest
    )
    english, chinese = explained(graded, customer, "abc").nearest[0], graded.explain(f"C{customer}", "abc", language="zh")[0].nearest[0]
    assert (
        english.sentence
        == f"If Sales were {english.now:,.2f} CNY instead of {english.was:,.2f} CNY, all else equal, ABC classes · Class would be Class B."
    )
    assert chinese.sentence == f"若销售额为 {english.now:,.2f} CNY（现为 {english.was:,.2f} CNY），其余不变，ABC 分类 · 等级将为「B 类」。"


def test_everything_is_plain_for_json(graded: Engine) -> None:
    import json

    for customer in range(1, 12):
        json.dumps([explanation.as_dict() for explanation in graded.explain(f"C{customer}")], allow_nan=False)


def test_unknown_policies_and_customers_are_named(graded: Engine) -> None:
    with pytest.raises(RulebookError, match=r"no policy 'abd'; did you mean 'abc'"):
        graded.explain("C1", "abd")
    with pytest.raises(UnknownCustomer, match="there is no customer 'C1000'"):
        graded.explain("C1000")


def test_who_is_not_graded_gets_the_reason_and_no_proposals(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    with open_store(url) as store:
        add_customers(store, [1, 2])
        add_orders(store, [Order(1, AS_OF - DAY, 5000), Order(2, AS_OF - 9 * DAY, 900)])
    with Engine.open(url, create=False) as engine:
        engine.publish("starter")
        engine.flag_not_graded("C2", "staff")
        engine.run(AS_OF)
        engine.flag_not_graded("C2", None)
        found = engine.explain("C2", language="zh")
    assert {explanation.withheld for explanation in found} == {"不参与分级：staff"}
    assert {explanation.nearest for explanation in found} == {()}
