"""Rule sets: the faults, findings and customers of the rules that people wrote into a policy."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import Codes, ColumnKind, Condition, ConditionRules, DecisionTable, TableRules

KINDS = {
    "orders.count": ColumnKind("number", minimum=0, step=1, nullable=False),
    "rfm.segment": ColumnKind("text", values=("best", "rest")),
}
COLUMNS: dict[str, Any] = {
    "orders.count": np.array([0, 2, 3, 5, 9]),
    "rfm.segment": Codes.of(["rest", "rest", "best", "best", None], ["best", "rest"]),
}


def table(policy: str, *whens: list[str]) -> TableRules:
    rows = [{"when": when, "then": [grade]} for when, grade in zip(whens, "ABCDE", strict=False)]
    document = {"inputs": ["orders.count", "rfm.segment"], "outputs": ["grade"], "hit_policy": policy, "rows": rows}
    return TableRules("table", DecisionTable.load(document), counted=True)


def touched(rules: Any, kind: str) -> list[int]:
    finding = next(finding for finding in rules.verify(KINDS) if finding.kind == kind)
    found = rules.touched(finding, COLUMNS)
    return np.flatnonzero(found).tolist()


def test_a_table_compared_with_its_columns() -> None:
    rules = table("first", ['"many"', '"bset"'])
    assert [str(fault) for fault in rules.check(KINDS)] == [
        'TW326 table.row 1, column orders.count: the cell "many" names a text; the column holds a number',
        "TW327 table.row 1, column rfm.segment: \"bset\" is not a value of this column; did you mean 'best'?",
    ]
    assert table("first", [">= 5", "-"]).check(KINDS) == []
    assert rules.names == ("row 1",)
    assert rules.inputs == ("orders.count", "rfm.segment")


def test_whom_the_findings_of_a_table_touch() -> None:
    assert touched(table("unique", [">= 3", "-"], ["-", '"best"']), "conflict") == [2, 3]
    assert touched(table("first", [">= 3", "-"], ["-", '"best"']), "gap") == [0, 1]
    assert touched(table("first", [">= 2", "-"], [">= 5", '"best"']), "unreachable") == [3]
    assert touched(table("first", ["< 0", "-"], ["-", "-"]), "impossible") == []


def conditions(*documents: Any, **rest: Any) -> ConditionRules:
    loaded = tuple(Condition.load(document) for document in documents)
    return ConditionRules("segments", loaded, tuple(f"s{at}" for at in range(len(loaded))), **rest)


def count(op: str, value: Any) -> dict[str, Any]:
    return {"feature": "orders.count", "op": op, "value": value}


def test_conditions_compared_with_their_columns() -> None:
    rules = conditions(count(">=", 1), {"any": [count("=", "x"), {"feature": "rfm.segment", "op": "=", "value": "bst"}]})
    assert [(fault.code, fault.place) for fault in rules.check(KINDS)] == [
        ("TW305", "segments[1].when.any[0].value"),
        ("TW307", "segments[1].when.any[1].value"),
    ]
    assert conditions(count("=", "x")).check(KINDS)[0].place == "segments[0].when.value"
    assert rules.inputs == ("orders.count", "rfm.segment")


def test_whom_the_findings_of_conditions_touch() -> None:
    assert touched(conditions(count(">=", 3), count(">=", 5)), "unreachable") == [3, 4]
    assert touched(conditions(count(">=", 3)), "gap") == [0, 1]
    assert conditions(count(">=", 3), otherwise=True).verify(KINDS) == []
