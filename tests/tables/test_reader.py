"""Faults of table documents: all at once, each with its row and column."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import DecisionTable, Fault, RulebookError
from engine.kinds import ColumnKind

KINDS = {
    "age": ColumnKind("number"),
    "region": ColumnKind("text"),
    "tier": ColumnKind("text", values=("gold", "silver")),
    "vip": ColumnKind("flag"),
}


def document(**changes: Any) -> dict[str, Any]:
    return {
        "inputs": ["age"],
        "outputs": ["grade"],
        "hit_policy": "first",
        "rows": [{"when": [">= 18"], "then": ["A"]}, {"when": ["-"], "then": ["B"]}],
        **changes,
    }


def rows(*cells: Any, then: Any = "A") -> list[dict[str, Any]]:
    return [{"when": [cell], "then": [then]} for cell in cells]


FAULTS: list[tuple[Any, str]] = [
    (None, "TW321 table: null is no table"),
    ([], "TW321 table: [] is no table"),
    (document(rules=[]), "TW321 rules: unknown key"),
    (document(inputs=[]), "TW322 inputs: [] is no list of inputs"),
    (document(inputs="age"), 'TW322 inputs: "age" is no list of inputs'),
    (document(inputs=[5]), "TW322 inputs[0]: 5 is no name"),
    (document(inputs=["agee"]), "TW332 inputs[0]: \"agee\" is not a known column; did you mean 'age'?"),
    (document(inputs=["age", "age"], rows=[{"when": ["1", "2"], "then": ["A"]}]), 'TW322 inputs[1]: "age" stands twice'),
    (document(inputs=["age"] * 65), "TW331 inputs: 65 inputs; at most 64"),
    (document(outputs=[{"name": "grade", "value": []}]), "TW321 outputs[0]: unknown key \"value\"; did you mean 'values'?"),
    (document(outputs=[{"name": "grade", "kind": "txt"}]), 'TW322 outputs[0]: unknown kind "txt"'),
    (document(outputs=[{"name": "grade", "values": []}]), "TW322 outputs[0]: [] is no list of values"),
    (document(outputs=[{"name": "grade", "values": ["A", "B", "A"]}]), "TW322 outputs[0]: a value is declared twice"),
    (document(outputs=[{"name": "grade", "values": ["A", "BB"]}]), 'TW328 row 2, output grade: "B" is not declared'),
    (document(hit_policy="frist"), "TW323 hit_policy: unknown hit policy \"frist\"; did you mean 'first'?"),
    (document(hit_policy=["first"]), "TW323 hit_policy: unknown hit policy"),
    (document(hit_policy="priority"), "TW329 outputs: no output declares its values, and priority needs their order"),
    (document(hit_policy="collect_sum"), "TW330 output grade: collect_sum of a text"),
    (document(rows={}), "TW321 rows: {} is no list of rows"),
    (document(rows=[]), "TW331 rows: 0 rows; 1 to 10,000"),
    (document(rows=rows("-") * 10_001), "TW331 rows: 10,001 rows; 1 to 10,000"),
    (document(rows=[5]), "TW321 row 1: 5 is no row"),
    (document(rows=[{"when": ["-"], "then": ["A"], "than": 1}]), "TW321 row 1: unknown key \"than\"; did you mean 'then'?"),
    (document(rows=[{"when": "-", "then": ["A"]}]), 'TW324 row 1: "-" under "when"; a list of 1 cells'),
    (document(rows=[{"when": ["-", "-"], "then": ["A"]}]), 'TW324 row 1: 2 cells under "when"; 1, one per column'),
    (document(rows=[{"when": ["-"], "then": []}]), 'TW324 row 1: 0 cells under "then"; 1, one per column'),
    (document(rows=[{"when": ["-"]}]), 'TW324 row 1: null under "then"'),
    (document(rows=rows("18+")), "TW325 row 1, column age: the character '+'"),
    (document(rows=rows(None)), 'TW325 row 1, column age: null is no cell; a text; "-" matches anything'),
    (document(rows=rows(float("nan"))), "TW325 row 1, column age: not a finite number"),
    (document(rows=rows('"x"')), 'TW326 row 1, column age: the cell "x" names a text; the column holds a number'),
    (document(rows=rows("2025-01-31")), "TW326 row 1, column age: the cell 2025-01-31 names a date"),
    (document(rows=rows("-", then={"a": 1})), "TW328 row 1, output grade: {'a': 1} is no value"),
    (document(rows=rows("-", then=float("inf"))), "TW328 row 1, output grade: not a finite number"),
    (document(outputs=[{"name": "grade", "kind": "date"}], rows=rows("-")), 'TW328 row 1, output grade: "A" is no date'),
    (document(rows=[*rows("1"), *rows("2", then=5)]), "TW328 row 2, output grade: 5 is a number; this output holds a text"),
    (document(default=["A", "B"]), 'TW324 default: 2 cells under "then"'),
    (document(default=[5]), "TW328 default, output grade: 5 is a number"),
    (document(inputs=["region"], rows=rows('> "a"')), 'TW333 row 1, column region: > "a" orders texts'),
    (
        document(inputs=["tier"], rows=rows('"golden"')),
        "TW327 row 1, column tier: \"golden\" is not a value of this column; did you mean 'gold'?",
    ),
    (document(inputs=["tier"], rows=rows('["gold".."silver"]')), 'TW325 row 1, column tier: ["gold".."silver"] is empty'),
    (document(inputs=["vip"], rows=rows("1")), "TW326 row 1, column vip: the cell 1 names a number; the column holds a flag"),
]


@pytest.mark.parametrize(("table", "message"), FAULTS, ids=[message[:70] for _, message in FAULTS])
def test_fault(table: Any, message: str) -> None:
    with pytest.raises(RulebookError) as caught:
        DecisionTable.load(table, columns=KINDS)
    assert message in str(caught.value)
    assert len(caught.value.faults) == 1
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 our own bytes


def test_all_faults_at_once() -> None:
    table = document(
        inputs=["age", "tier"],
        rows=[
            {"when": ["> x", '"gold"'], "then": ["A"]},
            {"when": ["[5..1]", '"brass"'], "then": ["A"]},
            {"when": ["-"], "then": ["A"]},
            {"when": ["-", "-"], "then": [1]},
        ],
        hit_policy="uniqe",
    )
    with pytest.raises(RulebookError) as caught:
        DecisionTable.load(table, columns=KINDS)
    assert {(fault.code, fault.place) for fault in caught.value.faults} >= {("TW323", "hit_policy")}
    table["hit_policy"] = "unique"
    with pytest.raises(RulebookError, match="the decision table has 5 faults") as caught:
        DecisionTable.load(table, columns=KINDS)
    assert [(fault.code, fault.place) for fault in caught.value.faults] == [
        ("TW325", "row 1, column age"),
        ("TW325", "row 2, column age"),
        ("TW324", "row 3"),
        ("TW327", "row 2, column tier"),
        ("TW328", "row 4, output grade"),
    ]


def test_kinds_are_told_from_the_cells() -> None:
    with pytest.raises(RulebookError, match='TW326 row 2, column x: the cell "a" names a text; the column holds a number'):
        DecisionTable.load(document(inputs=["x"], rows=rows("> 5", '"a"')))
    assert DecisionTable.load(document(inputs=["x"], rows=rows('> "silver"'))).data.kinds["x"].kind == "text"


def test_thousands_of_faults_are_counted_and_the_first_listed() -> None:
    with pytest.raises(RulebookError, match=r"has 3,000 faults; the first 1,000 are listed") as caught:
        DecisionTable.load(document(rows=rows("x y") * 3_000))
    assert len(caught.value.faults) == 1_000


def test_numbers_and_truth_values_may_stand_in_cells() -> None:
    table = DecisionTable.load(document(inputs=["age", "vip"], rows=[{"when": [18.0, True], "then": ["A"]}]))
    assert table.document["rows"][0]["when"] == ["18", "true"]


def test_canonical_document_writes_defaults_out() -> None:
    table = DecisionTable.load(
        {"inputs": ["x"], "outputs": ["y"], "rows": [{"when": [" >=5.0"], "then": [1.0], "note": "why"}], "default": [None]}
    )
    assert table.document == {
        "inputs": ["x"],
        "outputs": ["y"],
        "hit_policy": "unique",
        "rows": [{"when": [">= 5"], "then": [1], "note": "why"}],
        "default": [None],
    }


def test_bounds_name_every_value() -> None:
    table = DecisionTable.load(
        document(inputs=["age", "tier"], rows=[{"when": ["[5..9)", "-"], "then": ["A"]}, {"when": ["> 7", '"gold"'], "then": ["B"]}])
    )
    assert table.bounds() == {"age": [5, 7, 9], "tier": ["gold"]}


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            key: st.recursive(
                st.none() | st.booleans() | st.floats() | st.text(max_size=6),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["when", "then", "name", "values", "kind"]), inner, max_size=3)
                ),
                max_leaves=8,
            )
            for key in ("inputs", "outputs", "hit_policy", "rows", "default")
        },
    )
)
def test_any_document_loads_or_is_refused(table: Any) -> None:
    assert faults_of(table) != ()


def faults_of(table: Any) -> tuple[Fault, ...] | None:
    """Return the faults of a document, None for a right one."""
    try:
        DecisionTable.load(table)
    except RulebookError as error:
        return error.faults
    return None
