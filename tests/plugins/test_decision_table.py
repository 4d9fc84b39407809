"""The decision table as a policy: kinds of outputs, conflicts with their rows, several hits, explanations, the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from engine import Codes, DecisionTable
from engine.outputs import check_outputs
from engine.testing import check_policy, contract_tests
from engine.wording import Words
from plugins.decision_table import DecisionTablePolicy

ROWS = [
    {"when": [">= 3", "-"], "then": ["A", 1.5, True], "note": "the usual case"},
    {"when": ["-", '"north"'], "then": ["B", 2, False]},
    {"when": ["<= 1", "-"], "then": ["C", None, None]},
]
COLUMNS: dict[str, Any] = {"orders.count": np.array([5, 5, 1, 1, 2]), "profile.region": Codes.of(["north", "s", "north", None, "s"])}


def document(policy: str, *outputs: int, **rest: Any) -> dict[str, Any]:
    """The rows with some of the three outputs, all of them by default."""
    kept = outputs or (0, 1, 2)
    rows = [{**row, "then": [row["then"][at] for at in kept]} for row in ROWS]
    names = [("grade", "bonus", "vip")[at] for at in kept]
    return {"inputs": ["orders.count", "profile.region"], "outputs": names, "hit_policy": policy, "rows": rows, **rest}


def ranked(policy: str) -> dict[str, Any]:
    return {**document(policy, 0), "outputs": [{"name": "grade", "values": ["B", "A", "C"]}]}


TestContract = contract_tests(
    DecisionTablePolicy,
    {},
    {"table": document("unique")},
    {"table": document("any", 0)},
    {"table": document("first", default=["C", 0, None])},
    {"table": ranked("priority")},
    {"table": ranked("output_order")},
    {"table": document("rule_order", 0), "several": "first"},
    {"table": document("collect", 1, 2), "several": "first"},
    {"table": document("collect_sum", 1)},
    {"table": document("collect_count", 0)},
)


def result(params: dict[str, Any]) -> Any:
    policy = DecisionTablePolicy(params)
    return check_outputs(policy, policy.apply(COLUMNS, None), 5)


def test_a_label_a_number_and_a_flag_in_one_table() -> None:
    found = result({"table": document("first")})
    assert found["grade"].texts() == ["A", "A", "B", "C", None]
    assert found["bonus"].tolist()[:3] == [1.5, 1.5, 2]
    assert found["vip"].tolist() == [1, 1, 0, -1, -1]
    assert found["rule"].tolist() == [0, 0, 1, 2, -1]
    assert found["withheld"].tolist() == [-1, -1, -1, -1, 0]
    kinds = {
        output.name: (output.kind, output.decimals, output.minimum, output.maximum)
        for output in DecisionTablePolicy({"table": document("first")}).outputs()
    }
    assert kinds["bonus"] == ("score", 1, 1.5, 2)
    assert kinds["vip"][0] == "flag"


def reasons(params: dict[str, Any]) -> list[str | None]:
    declared = [reason.text.en for reason in DecisionTablePolicy(params).reasons()]
    return [None if at < 0 else declared[at] for at in result(params)["withheld"].tolist()]


def test_a_conflict_withholds_the_customer_and_names_the_rows() -> None:
    assert reasons({"table": document("unique")}) == ["conflict: rows 1, 2", None, "conflict: rows 2, 3", None, "no row matches"]
    assert DecisionTablePolicy({"table": document("unique")}).reasons()[1].text.zh == "冲突：第 1、2 行"
    found = result({"table": document("unique")})
    assert found["grade"].texts() == [None, "A", None, "C", None]
    assert found["rule"].tolist() == [-1, 0, -1, 2, -1]


def test_rows_that_agree_are_no_conflict_under_any() -> None:
    table = document("any", 0)
    table["rows"] = [*table["rows"], {"when": [">= 5", "-"], "then": ["A"]}]
    assert reasons({"table": table})[0] == "conflict: rows 1, 2"
    table["rows"][1]["then"] = ["A"]
    assert reasons({"table": table})[0] is None


def test_beyond_the_named_pairs_the_reason_is_general() -> None:
    rows = [{"when": ["-", "-"], "then": [f"g{at % 60}"]} for at in range(60)]
    table = {**document("unique", 0), "rows": rows}
    policy = DecisionTablePolicy({"table": table})
    assert len(policy.reasons()) == 102
    assert set(reasons({"table": table})) == {"conflict: rows 1, 2"}


CELLS = ["-", ">= 2", "< 4", "[1..3]", "5", "not(2)", "null"]
TABLES = st.lists(
    st.tuples(st.sampled_from(CELLS), st.sampled_from(['"north"', '"s"', "-", "null"]), st.sampled_from("ABC")), min_size=1, max_size=6
)


@settings(max_examples=40, deadline=None)
@given(TABLES, st.sampled_from(["unique", "any"]))
def test_the_rows_of_a_reason_stand_against_each_other(rows: list[Any], policy: str) -> None:
    table = {**document(policy, 0), "rows": [{"when": [a, b], "then": [then]} for a, b, then in rows]}
    every = DecisionTable.load({**table, "hit_policy": "rule_order"}).evaluate(COLUMNS).hits
    assert every is not None
    for customer, reason in enumerate(reasons({"table": table})):
        hits = every.rows[every.offsets[customer] : every.offsets[customer + 1]].tolist()
        clashing = [other for other in hits[1:] if policy == "unique" or rows[other][2] != rows[hits[0]][2]]
        if clashing:
            assert reason == f"conflict: rows {hits[0] + 1}, {clashing[0] + 1}"
        else:
            assert reason == (None if hits else "no row matches")


@settings(max_examples=20, deadline=None)
@given(
    TABLES, st.sampled_from(["first", "unique", "any", "priority", "rule_order", "output_order", "collect", "collect_count"]), st.booleans()
)
def test_any_table_keeps_the_contract(rows: list[Any], policy: str, several: bool) -> None:
    outputs = [{"name": "grade", "values": ["C", "A", "B"]}]
    table = {**document(policy, 0), "outputs": outputs, "rows": [{"when": [a, b], "then": [then]} for a, b, then in rows]}
    params: dict[str, Any] = {"table": table, "several": "first" if several else "set"}
    check_policy(DecisionTablePolicy, params, rows=19)


def test_several_hits_are_a_set_or_the_first() -> None:
    assert result({"table": document("collect", 0)})["grade"].tolist() == [0b011, 0b001, 0b110, 0b100, 0]
    assert result({"table": document("collect", 0), "several": "first"})["grade"].texts() == ["A", "A", "B", "C", None]
    assert result({"table": ranked("output_order"), "several": "first"})["grade"].texts() == ["B", "A", "B", "C", None]
    dated = {"table": document("rule_order", 1), "several": "first"}
    assert result(dated)["bonus"].tolist()[:3] == [1.5, 1.5, 2]


def test_collected_numbers() -> None:
    assert result({"table": document("collect_sum", 1)})["bonus"].tolist()[:3] == [3.5, 1.5, 2]
    assert result({"table": document("collect_count", 0)})["grade"].tolist() == [2, 1, 2, 1, 0]
    summed = DecisionTablePolicy({"table": document("collect_sum", 1)}).outputs()[0]
    assert (summed.minimum, summed.maximum, summed.decimals) == (0, 3.5, 1)


def test_outputs_are_shown_as_they_are_named() -> None:
    labels = [{"key": "B", "title": {"en": "Good", "zh": "良"}, "step": 2}, {"key": "A", "title": "Odd"}, {"key": "C", "title": "Bad"}]
    shown = [
        {"name": "grade", "title": {"en": "Grade", "zh": "等级"}, "labels": labels},
        {"name": "bonus", "kind": "amount", "decimals": 2, "unit": "money"},
    ]
    grade, bonus, _ = DecisionTablePolicy({"table": document("first"), "outputs": shown}).outputs()
    assert (grade.keys, grade.labels[0].title.zh, grade.title.zh if grade.title else "") == (("B", "A", "C"), "良", "等级")
    assert (bonus.kind, bonus.decimals, bonus.unit) == ("amount", 2, "money")


def said(row: int, language: str = "en", **params: Any) -> list[str]:
    policy = DecisionTablePolicy({"table": document("first"), **params})
    one = {name: column[row : row + 1] for name, column in COLUMNS.items()}
    return [Words(language).reason(reason) for reason in policy.explain(one, None)]


def test_an_explanation_names_row_cells_outputs_and_note() -> None:
    assert said(0) == ["Row 1 matches: orders.count = 5 (≥ 3); hence grade A, bonus 1.5, vip yes.", "Note: the usual case"]
    assert said(0, "zh")[0] == "命中第 1 行：orders.count = 5（≥ 3）；因此grade A、bonus 1.5、vip 是。"
    assert said(4) == []
    assert said(4, table=document("first", 0, default=["C"])) == ["No row matches, so the default: grade C."]
    assert said(0, table=document("unique")) == []
    assert said(0, table=document("collect", 0))[1] == "Rows 2 match too."


@pytest.mark.parametrize(
    ("params", "field", "message"),
    [
        ({"table": {}}, "table", "TW322"),
        (
            {"table": document("unique"), "outputs": [{"name": "grad"}]},
            "outputs",
            "the table has no output 'grad'; it has grade, bonus, vip",
        ),
        ({"table": document("unique"), "outputs": [{"name": "grade"}] * 2}, "outputs", "stands twice"),
        (
            {"table": document("first", 0), "outputs": [{"name": "grade", "labels": [{"key": "A"}]}]},
            "table",
            "row 2, output grade",
        ),
        ({"table": document("first", 1), "outputs": [{"name": "bonus", "labels": [{"key": "A"}]}]}, "outputs", "which have no labels"),
        ({"table": document("collect", 1)}, "table", "only texts make a set"),
        ({"table": {**document("first", 0), "outputs": ["Grade"]}}, "table", "lower-case letters"),
        ({"table": {**document("first", 0), "outputs": ["rule"]}}, "table", "but not rule or withheld"),
        ({"table": {**document("first", 0), "rows": [{"when": ["-", "-"], "then": [None]}]}}, "table", "never has a value"),
        ({"table": {**document("collect", 0), "rows": [{"when": ["-", "-"], "then": [f"g{i}"]} for i in range(65)]}}, "table", "65 labels"),
        ({"table": document("collect_count", 0, default=["C"])}, "table", "TW330"),
    ],
)
def test_wrong_parameters_are_refused(params: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        DecisionTablePolicy(params)
    messages: Any = caught.value.messages
    assert set(messages) == {field}
    assert message in str(messages[field])


def test_bounds_and_pictures() -> None:
    policy = DecisionTablePolicy({"table": document("first")})
    assert policy.bounds(None) == {"orders.count": [1, 3]}
    assert policy.pictures()[0].data({**COLUMNS, **result({"table": document("first")})}, None)["customers"].tolist() == [2, 1, 1]
    many = DecisionTablePolicy({"table": document("collect", 0)})
    assert many.pictures()[0].data(result({"table": document("collect", 0)}), None)["customers"].tolist() == [2, 2, 2]
    assert DecisionTablePolicy({"table": document("collect_sum", 1)}).pictures() == ()
