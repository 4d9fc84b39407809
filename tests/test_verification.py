"""A rulebook is verified against stored customers: whom findings touch, which rules nobody hit, what refuses publishing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import RulebookError
from engine.service import Engine
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

ORDERS = {1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 9, 8: 12}
"""Customer -> how many orders."""


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    store = open_store(url)
    add_customers(store, ORDERS)
    add_orders(store, [Order(n, AS_OF - at * DAY, 1000 * n) for n, count in ORDERS.items() for at in range(count)])
    store.close()
    with Engine.open(url, actor="tester") as opened:
        yield opened


def book(*policies: dict[str, Any]) -> dict[str, Any]:
    """All policies answered for, so that what is found is about their rules."""
    answered = [{"owner": "tester", "review_by": "9999-12-31", **policy} for policy in policies]
    return {"name": "Test", "guards": {"customers": None, "amount": None, "label": None, "silent_days": None}, "policies": answered}


def table(policy: str, *rows: tuple[str, str], inputs: str = "orders.count", **entry: Any) -> dict[str, Any]:
    document = {
        "inputs": [inputs],
        "outputs": ["grade"],
        "hit_policy": policy,
        "rows": [{"when": [when], "then": [then]} for when, then in rows],
    }
    return {"key": "t", "type": "decision_table", "params": {"table": document}, **entry}


def segments(*cuts: int, **entry: Any) -> dict[str, Any]:
    each = [{"key": f"from_{cut}", "when": {"feature": "orders.count", "op": ">=", "value": cut}} for cut in cuts]
    return {"key": "s", "type": "segments", "params": {"segments": each}, **entry}


def found(engine: Engine, *policies: dict[str, Any]) -> list[tuple[str, str, str, tuple[int, ...], int | None]]:
    return [(f.policy, f.place, f.finding.kind, f.finding.rows, f.customers) for f in engine.verify(book(*policies))]


def test_without_a_run_nobody_is_counted(engine: Engine) -> None:
    assert found(engine, table("first", (">= 3", "A"))) == [("t", "table", "gap", (), None)]


def test_every_finding_has_its_customers(engine: Engine) -> None:
    engine.publish(book({"key": "abc", "type": "abc"}))
    engine.run(AS_OF)
    assert found(engine, table("first", (">= 3", "A"), (">= 5", "B"), ("< 0", "C"))) == [
        ("t", "table", "gap", (), 3),
        ("t", "table", "unreachable", (2, 1), 3),
        ("t", "table", "impossible", (3,), 0),
    ]
    assert found(engine, table("unique", ("<= 4", "A"), (">= 3", "B"))) == [("t", "table", "conflict", (1, 2), 2)]
    assert found(engine, segments(3, 5)) == [("s", "segments", "gap", (), 3), ("s", "segments", "unreachable", (2,), 3)]
    assert found(engine, {"key": "rfm", "type": "rfm"}, {"key": "abc", "type": "abc"}) == [], "what ships has no finding"


def test_rules_over_outcomes_of_other_policies(engine: Engine) -> None:
    engine.publish(book({"key": "abc", "type": "abc"}))
    engine.run(AS_OF)
    assert found(engine, {"key": "abc", "type": "abc"}, table("first", ('"A"', "x"), ('"B", "C"', "y"), inputs="abc.class")) == [
        ("t", "table", "gap", (), 1)
    ], "the one without an order has no class"
    former = table("first", ("null", "x"), inputs="previous.abc.class")
    assert found(engine, {"key": "abc", "type": "abc"}, former) == [("t", "table", "gap", (), 0)], "there is no run before"


def test_who_is_not_asked_does_not_count(engine: Engine) -> None:
    engine.publish(book({"key": "abc", "type": "abc"}))
    engine.run(AS_OF)
    few = {"feature": "orders.count", "op": ">=", "value": 1}
    assert found(engine, table("first", (">= 3", "A"), **{"for": few})) == [("t", "table", "gap", (), 2)]
    engine.flag_not_graded("C2", "staff")
    assert found(engine, table("first", (">= 3", "A"), **{"for": few})) == [("t", "table", "gap", (), 1)]


def test_rules_that_nobody_hit_in_the_newest_run(engine: Engine) -> None:
    rules = table("first", (">= 20", "A"), (">= 30", "B"), (">= 3", "C"), ("-", "D"))
    engine.publish(book(rules, segments(0)))
    run = engine.run(AS_OF)
    said = [str(f.finding) for f in engine.verify(book(rules, segments(0)))]
    assert said == [
        "TW353 row 2 is unreachable: row 1 already matches everything it matches",
        f"TW361 row 1 decided for nobody in run {run.id}",
    ]
    assert [f.finding.id for f in engine.verify(book(table("first", (">= 21", "A"), ("-", "D")), segments(0)))] == [], "another table"
    assert [f.finding.id for f in engine.verify(book({**rules, "title": "Renamed"}, segments(0)))] == ["TW353", "TW361"]


def test_rules_that_were_not_asked_at_all(engine: Engine) -> None:
    nobody = {"feature": "orders.count", "op": "<", "value": 0}
    both = segments(0, **{"for": nobody}), table("first", ("-", "A"), enabled=False)
    engine.publish(book(*both, {"key": "abc", "type": "abc"}))
    run = engine.run(AS_OF)
    said = [str(f.finding) for f in engine.verify(book(*both, {"key": "abc", "type": "abc"}))]
    assert said == [
        f"TW362 no rule decided for anybody in run {run.id}: every customer was withheld",
        f"TW362 no rule was evaluated in run {run.id}: the policy is disabled",
    ]


def test_conflicts_refuse_publishing_and_only_provable_ones(engine: Engine) -> None:
    with pytest.raises(RulebookError, match=r"TW352 policy t, table: rows 1 and 2 conflict; keep them apart, or take hit_policy first"):
        engine.publish(book(table("unique", ("<= 4", "A"), (">= 3", "B"))))
    assert engine.rulebook_log() == []
    engine.publish(book(table("unique", ("<= 3", "A"), (">= 4", "B"))))
    engine.publish(book(table("unique", ("< 4", "A"), ("> 3", "B"))))
    assert engine.run(AS_OF).report["withheld"] == {"t": {}}, "there is nothing between 3 and 4 orders"
    engine.publish(book(table("any", ("<= 4", "A"), (">= 3", "A"))))


def test_findings_as_plain_objects(engine: Engine) -> None:
    one = engine.verify(book(table("unique", ("<= 4", "A"), (">= 3", "B"))))[0].as_dict()
    assert one == {
        "id": "TW352",
        "kind": "conflict",
        "severity": "error",
        "policy": "t",
        "place": "table",
        "rows": [1, 2],
        "witness": {"orders.count": 3},
        "customers": None,
        "text": {"en": "rows 1 and 2 both match orders.count = 3", "zh": "第 1 行和第 2 行同时命中 orders.count = 3"},
    }


def test_who_answers_for_a_policy_is_a_finding(engine: Engine) -> None:
    def said(*policies: dict[str, Any]) -> list[tuple[str, str, str, str]]:
        found = engine.verify({**book(), "policies": list(policies)})
        return [(f.policy, f.place, f.finding.id, f.finding.severity) for f in found if f.finding.id.startswith("TW37")]

    abc = {"key": "abc", "type": "abc"}
    assert said(abc) == [("", "policies", "TW371", "note")]
    assert said({**abc, "owner": "x"}) == [("abc", "", "TW372", "warning")]
    assert said({**abc, "review_by": "2001-01-01"}) == [("abc", "", "TW371", "warning"), ("abc", "", "TW373", "warning")]
    assert (
        said(
            {**abc, "review_by": "2001-01-01", "owner": "x", "enabled": False}, {**abc, "key": "b", "owner": "x", "review_by": "9999-01-01"}
        )
        == []
    )
