"""What blocks publishing: cases over a small company, first publications, empty stores, failing policies."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.gate import blocking, obstacles, refusal
from engine.policy import Label, Output, Policy, Text
from engine.service import Engine
from tests.small_book import NAME, SIZES, Median, Sized

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "governance" / "gate.yaml").read_text(encoding="utf-8"))
TODAY = dt.date(2025, 12, 31)
MOMENT = "2025-12-31"
ABC = {"key": "abc", "type": "abc"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The company of the cases, with a run of the live rulebook."""
    with Engine.open(f"sqlite:///{tmp_path_factory.mktemp('gate')}/shop.db", actor="tester") as opened:
        filled(opened)
        opened.publish(book(params={"cuts": [0.8, 0.95]}))
        opened.run(MOMENT)
        yield opened


def filled(engine: Engine) -> None:
    engine.import_facts([{"customer": f"C{n}"} for n in range(1, 9)], "customers")
    orders = [{"order": f"O{n}", "customer": f"C{n}", "ordered_at": "2025-11-02", "amount": 10**n} for n in range(1, 7)]
    engine.import_facts(orders, "orders")


def book(*more: dict[str, Any], examples: Any = None, limits: Any = None, **entry: Any) -> dict[str, Any]:
    parts = {name: given for name, given in (("examples", examples), ("limits", limits)) if given}
    return {"format": 1, "name": "Shop", "policies": [{**ABC, **entry}, *more], **parts}


def found(engine: Engine, document: dict[str, Any], **options: Any) -> list[Any]:
    return obstacles(engine.check(document), engine.simulate(document).comparison, today=TODAY, **options)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_case(engine: Engine, case: dict[str, Any]) -> None:
    responsible = {"owner": case.get("owner", "Li Wei"), "review_by": case.get("review_by", "2026-12-31")}
    document = book(
        params={"cuts": case["cuts"]},
        examples=case.get("examples"),
        limits=case.get("limits"),
        **{name: given for name, given in responsible.items() if given},
    )
    answers = found(engine, document)
    said = [f"{a.severity} {a.id} {a.place}" + (f" {a.customers}" if a.customers is not None else "") for a in answers]
    assert said == case["expect"]
    for language in ("en", "zh"):
        assert case.get(language, "") in " ".join(answer.text.in_(language) for answer in answers)


def test_a_rulebook_without_any_governance_is_free_only_where_one_person_is_enough(engine: Engine) -> None:
    plain = book(params={"cuts": [0.8, 0.95]})
    assert [a.severity for a in found(engine, plain, four_eyes=False)] == ["warning", "warning"]
    assert [a.id for a in blocking(found(engine, plain))] == ["TW371"]
    partly = book({"key": "lifecycle", "type": "lifecycle", "owner": "Li Wei"})
    assert [a.place for a in blocking(found(engine, partly, four_eyes=False))] == ["policy abc"]
    disabled = book({"key": "off", "type": "abc", "enabled": False}, owner="Li Wei")
    assert blocking(found(engine, disabled)) == []


def test_without_a_simulation_examples_and_limits_block(engine: Engine) -> None:
    limited = engine.check(book(limits=[{"output": "abc.class", "moved": 0.5}], owner="Li Wei"))
    assert [a.id for a in blocking(obstacles(limited, None, today=TODAY))] == ["TW380"]
    assert blocking(obstacles(engine.check(book(owner="Li Wei")), None, today=TODAY)) == []


def test_the_refusal_lists_every_obstacle_and_no_warning(engine: Engine) -> None:
    answers = found(engine, book(examples=[{"name": "x", "customer": "C6", "expect": {"abc.class": "C"}}]))
    error = refusal(answers)
    assert [fault.code for fault in error.faults] == ["TW371", "TW375"]
    assert "cannot be published: 2 obstacles" in str(error)
    assert answers[0].as_dict()["text"]["zh"] == "abc 未指定负责人"


def test_conflicting_rows_block(engine: Engine) -> None:
    rows = [{"when": ["<= 4"], "then": ["a"]}, {"when": [">= 3"], "then": ["b"]}]
    table = {"inputs": ["orders.count"], "outputs": ["grade"], "hit_policy": "unique", "rows": rows}
    params = {"outputs": [{"name": "grade", "labels": [{"key": "a"}, {"key": "b"}]}], "table": table}
    document = book({"key": "table", "type": "decision_table", "owner": "x", "params": params}, owner="x")
    first = blocking(found(engine, document))[0]
    assert (first.id, first.place, first.text.zh) == (
        "TW352",
        "policy table, table",
        "第 1 行与第 2 行冲突；请将其分开，或改用 first 命中策略",
    )


def test_a_first_publication_is_judged_too(tmp_path: Path) -> None:
    document = book(
        examples=[{"name": "x", "customer": "C6", "expect": {"abc.class": "C"}}],
        limits=[{"output": "abc.class", "label": "C", "capacity": 1}, {"output": "abc.class", "moved": 0}],
        owner="Li Wei",
    )
    with Engine.open(f"sqlite:///{tmp_path}/shop.db") as engine:
        answers = found(engine, document)
        assert [(a.id, a.severity) for a in answers] == [("TW375", "error"), ("TW372", "warning")], "nobody is stored yet"
        taught = book(
            examples=[{"name": "x", "features": {"orders.amount": 5, "orders.count": 1}, "expect": {"abc.class": "C"}}], owner="Li Wei"
        )
        assert [(a.id, a.severity) for a in found(engine, taught)] == [("TW372", "warning"), ("TW376", "warning")]
        filled(engine)
        assert [a.id for a in blocking(found(engine, document))] == ["TW375", "TW381"]
        assert engine.simulate(document).comparison.new == ("abc.class", "abc.to_next")


class Broken(Sized):
    name = "broken"

    def apply(self, columns: Any, state: Any) -> Any:
        raise ValueError("no")


class Membership(Policy):
    """In one of two sets, in both, or in none, by the number of orders."""

    name = "membership"
    title = help = NAME

    def inputs(self) -> tuple[str, ...]:
        return ("orders.amount",)

    def outputs(self) -> tuple[Output, ...]:
        return (Output("clubs", kind="set", labels=SIZES), Output("rich", kind="flag"))

    def apply(self, columns: Any, state: Any) -> Any:
        large = columns["orders.amount"] >= 1000
        return {"clubs": large.astype("uint64") + 2 * (columns["orders.amount"] >= 100).astype("uint64"), "rich": large.astype("int8")}


@pytest.fixture
def tested(engine: Engine) -> Engine:
    """The engine with policy types of this module."""
    from tests.small_book import registry_of

    other = engine.acting_as("tester")
    other.registry = registry_of(Broken, Membership, Median)
    return other


def test_a_policy_that_fails_blocks_and_its_examples_break(tested: Engine) -> None:
    document = book(
        {"key": "broken", "type": "broken", "owner": "x"},
        examples=[{"name": "x", "features": {"orders.amount": 5, "orders.count": 1}, "expect": {"broken.size": "large", "abc.class": "C"}}],
        owner="x",
    )
    answers = blocking(found(tested, document))
    assert [a.id for a in answers] == ["TW374", "TW375"]
    assert "broken failed: ValueError: no" in answers[1].text.en


def test_sets_and_flags_have_sizes_and_examples(tested: Engine) -> None:
    document = book(
        {"key": "m", "type": "membership", "owner": "x"},
        examples=[
            {"name": "both", "features": {"orders.amount": 5000}, "expect": {"m.clubs": ["small", "large"], "m.rich": True}},
            {"name": "none", "features": {"orders.amount": 5}, "expect": {"m.rich": True}},
        ],
        limits=[
            {"output": "m.clubs", "label": "small", "capacity": 4},
            {"output": "m.rich", "label": True, "max_customers": 4},
            {"output": "m.clubs", "label": "large", "max_share": 0.8},
        ],
        owner="x",
    )
    sizes = tested.simulate(document).comparison.sizes
    assert dict(sizes["m.clubs"].customers) == {"large": 4, "small": 5}
    assert sizes["m.clubs"].valued == 5
    assert [(a.id, a.place) for a in blocking(found(tested, document))] == [("TW375", "examples[1]"), ("TW381", "limits[0]")]


def test_an_example_uses_what_was_learnt_from_all(tested: Engine) -> None:
    document = book({"key": "median", "type": "median"}, examples=[
        {"name": "above", "features": {"orders.amount": 6000}, "expect": {"median.size": "large"}},
        {"name": "below", "features": {"orders.amount": 20}, "expect": {"median.size": "small"}},
    ])  # fmt: skip
    results = tested.simulate(document).comparison.examples
    assert [result.verdict for result in results] == ["holds", "holds"]
    assert dataclasses.asdict(results[0])["mismatches"] == ()


def test_the_simulation_shows_broken_examples_in_both_languages(engine: Engine) -> None:
    import io

    from rich.console import Console

    from engine import render

    document = book(examples=[{"name": {"en": "The largest", "zh": "最大客户"}, "customer": "C6", "expect": {"abc.class": "C"}}])
    simulation = engine.simulate(document)
    for language, words in (("en", "Example customers that break"), ("zh", "不再成立的示例客户")):
        out = io.StringIO()
        render.simulation(Console(file=out, width=120), simulation, MOMENT, language, currency="CNY", minor_digits=2)
        assert words in out.getvalue()
    assert simulation.as_dict()["examples"][0]["verdict"] == "breaks"


def test_labels_are_not_mixed_up_with_no_value() -> None:
    from engine.examples import same_value

    score = Output("score", kind="score", decimals=2)
    label = Output("l", labels=(Label("A", Text("A", "A")),))
    assert same_value(score, 1.001, 1.0)
    assert not same_value(score, 1.01, 1.0)
    assert same_value(label, None, None)
    assert not same_value(label, "A", None)
    assert not same_value(label, None, "A")


def test_examples_may_give_former_outcomes_and_their_dates(engine: Engine) -> None:
    def segment(key: str, feature: str, op: str, value: str) -> dict[str, Any]:
        return {"key": key, "title": {"en": key, "zh": key}, "when": {"feature": feature, "op": op, "value": value}}

    params = {
        "segments": [
            segment("fell", "previous.abc.class", "=", "A"),
            segment("old", "previous.abc.class.since", "<", "2020-01-01"),
        ],
        "otherwise": [{"key": "rest"}],
    }
    examples = [
        {"name": "was A", "features": {"previous.abc.class": "A"}, "expect": {"s.segment": "fell"}},
        {
            "name": "long B",
            "features": {"previous.abc.class": "B", "previous.abc.class.since": "2019-05-01"},
            "expect": {"s.segment": "old"},
        },
        {"name": "never seen", "features": {"orders.tenure_days": 3}, "expect": {"s.segment": "rest"}},
        {"name": "wrong", "features": {"previous.abc.class": "A"}, "expect": {"s.segment": "rest"}},
    ]
    results = engine.simulate(book({"key": "s", "type": "segments", "params": params}, examples=examples)).comparison.examples
    assert [result.verdict for result in results] == ["holds", "holds", "holds", "breaks"]
    assert results[3].mismatches[0].found == "fell"
