"""The order of policies follows from what they need; among those that are ready it is the document's."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.plan import Input
from engine.policy import Policy
from tests.small_book import Sized, book_of, plan_of


def reading(name: str, *inputs: str) -> type[Policy]:
    """A policy type that reads these."""

    class Reading(Sized):
        def inputs(self) -> tuple[str, ...]:
            return inputs

    Reading.name = name
    return Reading


def order(*policies: type[Policy]) -> list[str]:
    return [step.entry.key for step in plan_of(*policies).steps]


@pytest.mark.parametrize(
    ("written", "name", "optional"),
    [
        ("orders.count", "orders.count", False),
        ("orders.count?", "orders.count", True),
        ("previous.a.b", "previous.a.b", True),
        ("previous.a.b?", "previous.a.b", True),
        ("rfm.segment?", "rfm.segment", True),
    ],
)
def test_an_input_is_read_with_its_mark(written: str, name: str, optional: bool) -> None:
    assert Input.parse(written) == Input(name, optional)


def test_independent_policies_keep_the_order_of_the_document() -> None:
    kinds = [reading(name, "orders.amount") for name in ("c", "a", "b")]
    for many in itertools.permutations(kinds):
        assert order(*many) == [kind.name for kind in many]


def test_who_is_needed_comes_first() -> None:
    a, b, c = reading("a", "b.size"), reading("b", "c.size?"), reading("c", "orders.count")
    assert [order(*many) for many in itertools.permutations([a, b, c])] == [["c", "b", "a"]] * 6


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_graph_without_cycles_is_put_in_order(data: st.DataObject) -> None:
    names = [f"p{n}" for n in range(data.draw(st.integers(1, 7)))]
    needs = {name: data.draw(st.sets(st.sampled_from(names[:i]))) if i else set() for i, name in enumerate(names)}
    kinds = [reading(name, "orders.count", *(f"{other}.size" for other in sorted(needs[name]))) for name in names]
    plan = plan_of(*data.draw(st.permutations(kinds)))
    keys = [step.entry.key for step in plan.steps]
    assert sorted(keys) == sorted(names)
    assert all(keys.index(other) < keys.index(name) for name in names for other in needs[name])
    for name in names:
        reached = closure(needs, name)
        assert {other for other in names if name in plan.dependents[other]} == reached
        part = plan.chain(name)
        assert {step.entry.key for step in part.steps} == {name, *reached}
        assert all(part.dependents[key] <= {name, *reached} for key in part.dependents)


def closure(needs: dict[str, set[str]], name: str) -> set[str]:
    return set().union(needs[name], *(closure(needs, other) for other in needs[name]))


def test_a_population_is_a_need_too() -> None:
    entries: Sequence[dict[str, object]] = [
        {"key": "late", "type": "sized", "for": {"feature": "early.size", "op": "=", "value": "large"}},
        {"key": "early", "type": "sized"},
    ]
    plan = book_of(entries, Sized).plan
    assert [step.entry.key for step in plan.steps] == ["early", "late"]
    assert plan.dependents["early"] == {"late"}
    assert plan.steps[1].reads == ("orders.amount", "early.size")


def test_features_and_former_outcomes_are_collected_once_and_sorted() -> None:
    plan = plan_of(
        reading("a", "orders.recency_days?", "orders.amount", "previous.b.size"),
        reading("b", "orders.amount_30d", "orders.amount", "previous.b.since"),
    )
    assert plan.features == ("orders.amount", "orders.amount_30d", "orders.recency_days")
    assert plan.previous == ("previous.b.since", "previous.b.size")


def test_a_part_of_a_plan_reads_only_what_it_needs() -> None:
    plan = plan_of(
        reading("a", "orders.amount"), reading("b", "a.size", "orders.count"), reading("c", "orders.tenure_days?", "previous.c.size")
    )
    assert plan.chain("b").features == ("orders.amount", "orders.count")
    assert plan.chain("b").previous == ()
    assert plan.chain("a").features == ("orders.amount",)
    assert plan.chain("c").previous == ("previous.c.size",)


def test_a_policy_that_needs_itself_is_told_to_use_what_was_before() -> None:
    with pytest.raises(
        Exception, match="TW009 policies: a cycle: selfish needs selfish; a policy cannot need its own outcome; use previous"
    ):
        plan_of(reading("selfish", "selfish.size"))


def test_a_disabled_policy_is_left_out() -> None:
    plan = book_of([{"type": "sized", "key": "on"}, {"type": "sized", "key": "off", "enabled": False}], Sized).plan
    assert [step.entry.key for step in plan.steps] == ["on"]
    assert plan.step("on").outputs[0].name == "size"
