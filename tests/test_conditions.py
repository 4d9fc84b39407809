"""Conditions: case files, faults with their places, explanation, and agreement with plain Python."""

from __future__ import annotations

import datetime as dt
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Codes, Condition, Fault, FeatureError, RulebookError
from engine.kinds import ColumnKind

CASES = sorted((Path(__file__).parent / "cases" / "conditions").glob("*.yaml"))
KINDS = {
    "n": ColumnKind("number"),
    "t": ColumnKind("text"),
    "f": ColumnKind("flag"),
    "d": ColumnKind("date"),
    "tier": ColumnKind("text", values=("gold", "silver")),
    "stage": ColumnKind("text", values=("new", "lost")),
}


def column(values: list[Any], labels: list[str] | None = None) -> Any:
    """Return the column of these values, None for missing."""
    present = [value for value in values if value is not None]
    if labels or any(isinstance(value, str) for value in present):
        return Codes.of(values, labels)
    if any(isinstance(value, bool) for value in present):
        return np.array([-1 if value is None else int(value) for value in values], dtype=np.int8)
    if any(isinstance(value, dt.date) for value in present):
        return np.array([np.datetime64("NaT") if value is None else np.datetime64(value) for value in values], dtype="datetime64[D]")
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def cases() -> list[Any]:
    found = []
    for path in CASES:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        for condition, verdicts in document["cases"]:
            found.append(pytest.param(document, condition, verdicts, id=f"{path.stem}: {condition}"[:120]))
    return found


@pytest.mark.parametrize(("document", "condition", "verdicts"), cases())
def test_case(document: dict[str, Any], condition: dict[str, Any], verdicts: list[bool | None]) -> None:
    labels = document.get("labels", {})
    columns = {name: column([row[name] for row in document["rows"]], labels.get(name)) for name in document["rows"][0]}
    loaded = Condition.load(condition)
    assert loaded.verdict(columns).tolist() == [{True: 1, False: 0, None: -1}[verdict] for verdict in verdicts]
    assert loaded.evaluate(columns).tolist() == [verdict is True for verdict in verdicts]
    assert [loaded.explain(columns, row)["verdict"] for row in range(len(verdicts))] == verdicts
    again = Condition.load(loaded.document)
    assert again.document == loaded.document
    assert again.evaluate(columns).tolist() == loaded.evaluate(columns).tolist()


FAULTS = [
    (5, "TW301 condition: 5 is no condition"),
    ({}, "TW301 condition: keys none"),
    ({"all": [], "any": []}, "TW301 condition: both all and any"),
    ({"all": []}, "TW301 all: [] under all"),
    ({"any": {"feature": "n"}}, "TW301 any: {'feature': 'n'} under any"),
    ({"al": []}, 'TW301 condition: keys "al"'),
    ({"not": {"feature": "n", "op": "=", "value": 1}, "x": 1}, 'TW302 condition: unknown key "x"'),
    ({"feature": "n", "op": "=", "value": 1, "valeu": 2}, "did you mean 'value'"),
    ({"feature": 3, "op": "=", "value": 1}, "TW302 feature: 3 is no column name"),
    ({"feature": "n", "op": "=="}, "TW303 op: unknown operator \"==\"; did you mean '='"),
    ({"feature": "n", "op": ["="]}, "TW303 op: unknown operator"),
    ({"feature": "m", "op": "=", "value": 1}, 'TW304 feature: "m" is not a known column'),
    ({"feature": "n", "op": "=", "other": "m"}, 'TW304 other: "m" is not a known column'),
    ({"feature": "n", "op": "="}, "TW302 condition: no value"),
    ({"feature": "n", "op": "=", "value": 1, "other": "n"}, "TW302 condition: both value and other"),
    ({"feature": "n", "op": "is_missing", "value": 1}, "TW302 value: is_missing takes no value"),
    ({"feature": "n", "op": "in", "other": "n"}, "TW302 other: in between two features"),
    ({"feature": "n", "op": "=", "value": "5"}, 'TW305 condition.value: "5" compared with n, a number'),
    ({"feature": "t", "op": "=", "value": 5}, "TW305 condition.value: 5 compared with t, a text"),
    ({"feature": "f", "op": "=", "value": 1}, "TW305 condition.value: 1 compared with f, a flag"),
    ({"feature": "n", "op": "=", "value": True}, "TW305 condition.value: true compared with n, a number"),
    ({"feature": "d", "op": "=", "value": "31.01.2025"}, 'TW305 condition.value: "31.01.2025" compared with d, a date'),
    ({"feature": "d", "op": "=", "value": 20250131}, "TW305 condition.value: 20250131 compared with d, a date"),
    ({"feature": "n", "op": "in", "value": [1, "a"]}, "TW305 condition.value: values of several kinds"),
    ({"feature": "t", "op": "<", "value": "b"}, "TW305 condition.op: < on t, a text"),
    ({"feature": "f", "op": "<", "value": True}, "TW305 condition.value: < true"),
    ({"feature": "n", "op": "contains", "value": "1"}, "TW305 condition.op: contains on n, a number"),
    ({"feature": "t", "op": "contains", "value": 1}, "TW305 condition.value: contains 1"),
    ({"feature": "t", "op": "contains", "value": ""}, "TW306 condition.value: contains an empty text"),
    ({"feature": "n", "op": "within_days_of", "value": "2025-01-31", "days": 1}, "TW305 condition.op: within_days_of on n"),
    ({"feature": "d", "op": "within_days_of", "value": "2025-01-31"}, "TW306 days: null days"),
    ({"feature": "d", "op": "within_days_of", "value": "2025-02-31", "days": 1}, 'TW306 condition.value: "2025-02-31" is no date'),
    ({"feature": "d", "op": "within_days_of", "value": "2025-01-31", "days": True}, "TW306 days: true days"),
    ({"feature": "d", "op": "=", "value": "2025-01-31", "days": 1}, "TW302 days: = takes no days"),
    ({"feature": "n", "op": "=", "other": "t"}, "TW305 condition.other: n is a number, t is a text"),
    ({"feature": "tier", "op": ">=", "other": "stage"}, "TW305 condition.other: tier and stage have different labels"),
    ({"feature": "n", "op": "=", "value": None}, "TW306 value: null is no value"),
    ({"feature": "n", "op": "=", "value": float("nan")}, "TW306 value: not a finite number"),
    ({"feature": "n", "op": "=", "value": float("inf")}, "TW306 value: not a finite number"),
    ({"feature": "n", "op": "=", "value": 10**400}, "TW306 value: a number of more than 15 digits"),
    ({"feature": "n", "op": "=", "value": 0.1 + 0.2}, "TW306 value: a number of more than 15 significant digits"),
    ({"feature": "t", "op": "=", "value": "x" * 1_000_000}, "TW306 value: a text of 1,000,000 characters"),
    ({"feature": "t", "op": "=", "value": "a\x00"}, "TW306 value: a text with control characters"),
    ({"feature": "n", "op": "=", "value": {"$ne": 1}}, "TW306 value: {'$ne': 1} is no value"),
    ({"feature": "n", "op": "in", "value": 5}, "TW306 value: 5 with in; a list"),
    ({"feature": "n", "op": "in", "value": []}, "TW306 value: a list of 0 values"),
    ({"feature": "n", "op": "between", "value": [1, 2, 3]}, "TW306 value: 3 bounds"),
    ({"feature": "n", "op": "between", "value": [2, 1]}, "TW309 condition.value: between 2 and 1 is empty"),
    ({"feature": "d", "op": "between", "value": ["2025-01-02", "2025-01-01"]}, "TW309 condition.value: between"),
    ({"feature": "tier", "op": "between", "value": ["gold", "silver"]}, "TW309 condition.value: between"),
    ({"feature": "tier", "op": "=", "value": "golden"}, "TW307 condition.value: \"golden\" is not a value of tier; did you mean 'gold'"),
]


@pytest.mark.parametrize(("document", "message"), FAULTS, ids=[message[:60] for _, message in FAULTS])
def test_fault(document: Any, message: str) -> None:
    with pytest.raises(RulebookError) as caught:
        Condition.load(document, features=KINDS)
    assert message in str(caught.value)
    assert len(caught.value.faults) == 1
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 our own bytes


def test_all_faults_are_listed_with_their_places() -> None:
    document = {
        "all": [
            {"feature": "n", "op": "=", "value": "x"},
            {"any": [{"feature": "x", "op": "=", "value": 1}, {"not": {"feature": "t", "op": "~", "value": 1}}]},
        ]
    }
    with pytest.raises(RulebookError) as caught:
        Condition.load(document, features=KINDS)
    assert [(fault.code, fault.place) for fault in caught.value.faults] == [
        ("TW305", "all[0].value"),
        ("TW304", "all[1].any[0].feature"),
        ("TW303", "all[1].any[1].not.op"),
    ]


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {"feature": "n", "op": ">", "value": 1}
    for _ in range(levels):
        document = {"not": document}
    return document


def test_nesting_and_size_are_limited() -> None:
    assert Condition.load(nested(48)).evaluate({"n": np.array([2.0])}).tolist() == [True]
    for document in (nested(200), nested(5_000)):
        with pytest.raises(RulebookError, match="nested more than 50 deep"):
            Condition.load(document)
    leaf = {"feature": "n", "op": ">", "value": 1}
    with pytest.raises(RulebookError, match="more than 2,000 comparisons"):
        Condition.load({"all": [{"all": [leaf] * 1_500}, {"all": [leaf] * 1_500}]})
    with pytest.raises(RulebookError, match="3,000 conditions in one list"):
        Condition.load({"all": [leaf] * 3_000})


def test_columns_are_checked_when_kinds_come_late() -> None:
    condition = Condition.load({"all": [{"feature": "a", "op": "=", "value": "2025-01-31"}, {"feature": "b", "op": ">=", "value": "gold"}]})
    days = np.array(["2025-01-31"], dtype="datetime64[D]")
    tiers = Codes.of(["gold"], ["gold", "silver"])
    assert condition.evaluate({"a": days, "b": tiers}).tolist() == [True]
    assert condition.evaluate({"a": Codes.of(["2025-01-31"]), "b": tiers}).tolist() == [True]
    with pytest.raises(RulebookError) as caught:
        condition.evaluate({"a": np.array([1.0]), "b": Codes.of(["gold"])})
    assert [(fault.code, fault.place) for fault in caught.value.faults] == [("TW305", "all[0].value"), ("TW305", "all[1].op")]
    with pytest.raises(FeatureError, match="column 'b' is needed and not given"):
        condition.evaluate({"a": days})


def test_inputs_bounds_and_canonical_document() -> None:
    condition = Condition.load(
        {
            "any": [
                {"feature": "n", "op": "between", "value": [1.0, 5]},
                {"feature": "n", "op": ">", "other": "m"},
                {"feature": "t", "op": "in", "value": ["b", "a", "b"]},
                {"feature": "d", "op": ">", "value": "2025-01-31"},
            ]
        },
        features={**KINDS, "m": ColumnKind("number")},
    )
    assert condition.inputs == ("n", "m", "t", "d")
    assert condition.bounds() == {"n": [1, 5], "t": ["a", "b"], "d": ["2025-01-31"]}
    assert condition.document["any"][0] == {"feature": "n", "op": "between", "value": [1, 5]}
    assert condition.document["any"][2]["value"] == ["b", "a"]


def test_explain_says_what_was_found_and_why_unknown() -> None:
    condition = Condition.load({"all": [{"feature": "n", "op": ">=", "value": 5}, {"not": {"feature": "n", "op": "<", "other": "m"}}]})
    tree = condition.explain({"n": np.array([1.0, 7.5]), "m": np.array([2.0, np.nan])}, 1)
    assert tree["verdict"] is None
    assert tree["items"][0] == {"feature": "n", "op": ">=", "value": 5, "place": "all[0]", "verdict": True, "found": 7.5, "bound": 5}
    leaf = tree["items"][1]["items"][0]
    assert (leaf["place"], leaf["verdict"], leaf["bound"], leaf["why"]) == ("all[1].not", None, None, "unknown because m is missing")
    with pytest.raises(IndexError, match="row 2 of 2"):
        condition.explain({"n": np.array([1.0, 7.5]), "m": np.array([2.0, np.nan])}, 2)


def test_texts_compare_in_nfc() -> None:
    condition = Condition.load({"feature": "t", "op": "=", "value": "Cafe\u0301"})
    assert condition.evaluate({"t": Codes.of(["Caf\u00e9"])}).tolist() == [True]


def test_integers_compare_exactly() -> None:
    condition = Condition.load({"feature": "n", "op": ">", "value": 10**15})
    assert condition.evaluate({"n": np.array([10**15, 10**15 + 1])}).tolist() == [False, True]


VALUES: dict[str, list[Any]] = {
    "n": [0, 1, 2.5, None],
    "t": ["a", "b", "ab", None],
    "f": [True, False, None],
    "tier": ["gold", "silver", None],
}


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(VALUES)))
    op = draw(
        st.sampled_from(["=", "!=", "in", "not_in", "is_missing", "is_present"] + (["<", "<=", ">", ">="] if name in ("n", "tier") else []))
    )
    known = [value for value in VALUES[name] if value is not None]
    if op in ("is_missing", "is_present"):
        return {"feature": name, "op": op}
    if op in ("in", "not_in"):
        return {"feature": name, "op": op, "value": draw(st.lists(st.sampled_from(known), min_size=1, unique=True))}
    return {"feature": name, "op": op, "value": draw(st.sampled_from(known))}


documents = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda items: {"all": items}),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: {"any": items}),
        inner.map(lambda item: {"not": item}),
    ),
    max_leaves=8,
)


def oracle(document: dict[str, Any], row: dict[str, Any]) -> bool | None:
    if "not" in document:
        inner = oracle(document["not"], row)
        return None if inner is None else not inner
    if "all" in document:
        verdicts = [oracle(item, row) for item in document["all"]]
        return False if False in verdicts else None if None in verdicts else True
    if "any" in document:
        verdicts = [oracle(item, row) for item in document["any"]]
        return True if True in verdicts else None if None in verdicts else False
    value, op, bound = row[document["feature"]], document["op"], document.get("value")
    if op in ("is_missing", "is_present"):
        return (value is None) == (op == "is_missing")
    if value is None:
        return None
    if op in ("in", "not_in"):
        return (value in bound) == (op == "in")
    if document["feature"] == "tier":
        value, bound = -["gold", "silver"].index(value), -["gold", "silver"].index(bound)
    compare = {"=": value == bound, "!=": value != bound}
    return compare[op] if op in compare else {"<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[op]


@settings(max_examples=150, deadline=None)
@given(
    documents, st.lists(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}), min_size=1, max_size=8)
)
def test_agrees_with_plain_python(document: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    columns = {
        "n": column([row["n"] for row in rows]).astype(float),
        "t": Codes.of([row["t"] for row in rows]),
        "f": np.array([-1 if row["f"] is None else int(row["f"]) for row in rows], dtype=np.int8),
        "tier": Codes.of([row["tier"] for row in rows], ["gold", "silver"]),
    }
    expected = [oracle(document, row) for row in rows]
    condition = Condition.load(document, features=KINDS)
    assert condition.verdict(columns).tolist() == [{True: 1, False: 0, None: -1}[verdict] for verdict in expected]
    repeated = {name: one[np.tile(np.arange(len(rows)), 20_000 // len(rows))] for name, one in columns.items()}
    assert condition.evaluate(repeated).tolist() == [verdict is True for verdict in expected] * (20_000 // len(rows))


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["all", "any", "not", "feature", "op", "value", "other", "days", "x"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_any_document_loads_or_is_refused(document: Any) -> None:
    assert faults_of(document) != ()


def faults_of(document: Any) -> tuple[Fault, ...] | None:
    """Return the faults of a document, None for a right one."""
    try:
        Condition.load(document)
    except RulebookError as error:
        return error.faults
    return None
