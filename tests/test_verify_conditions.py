"""Verification of conditions against brute force over every possible value, and the findings in words."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Codes, ColumnKind, Condition
from engine.verify_conditions import verify_conditions

TIERS = ("gold", "silver", "bronze")
KINDS = {
    "a.count": ColumnKind("number", minimum=0, maximum=4, step=1, nullable=False),
    "a.tier": ColumnKind("text", values=TIERS),
    "a.vip": ColumnKind("flag"),
    "a.day": ColumnKind("date", nullable=False),
}
POSSIBLE: dict[str, list[Any]] = {
    "a.count": [0, 1, 2, 3, 4],
    "a.tier": [*TIERS, None],
    "a.vip": [True, False, None],
    "a.day": [str(np.datetime64("2025-01-01") + day) for day in range(-3, 10)],  # all that is within two days of one named below
}
GRID = list(itertools.product(*POSSIBLE.values()))


def every_customer() -> dict[str, Any]:
    count, tier, vip, day = zip(*GRID, strict=True)
    return {
        "a.count": np.array(count, dtype=float),
        "a.tier": Codes.of(tier, TIERS),
        "a.vip": np.array([-1 if value is None else int(value) for value in vip], dtype=np.int8),
        "a.day": np.array(day, dtype="datetime64[D]"),
    }


LEAVES = st.one_of(
    st.builds(
        lambda op, v: {"feature": "a.count", "op": op, "value": v}, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), st.integers(0, 4)
    ),
    st.builds(lambda v: {"feature": "a.count", "op": "between", "value": sorted(v)}, st.lists(st.integers(0, 4), min_size=2, max_size=2)),
    st.builds(lambda op, v: {"feature": "a.tier", "op": op, "value": v}, st.sampled_from(["=", "!=", ">=", "<"]), st.sampled_from(TIERS)),
    st.builds(
        lambda op, v: {"feature": "a.tier", "op": op, "value": v},
        st.sampled_from(["in", "not_in"]),
        st.lists(st.sampled_from(TIERS), min_size=1, max_size=3, unique=True),
    ),
    st.builds(
        lambda op, v: {"feature": "a.tier", "op": op, "value": v},
        st.sampled_from(["contains", "starts_with"]),
        st.sampled_from(["e", "g", "z"]),
    ),
    st.builds(
        lambda op, name: {"feature": name, "op": op}, st.sampled_from(["is_missing", "is_present"]), st.sampled_from(["a.tier", "a.vip"])
    ),
    st.builds(lambda v: {"feature": "a.vip", "op": "=", "value": v}, st.booleans()),
    st.builds(
        lambda d, n: {"feature": "a.day", "op": "within_days_of", "value": f"2025-01-0{d}", "days": n}, st.integers(1, 7), st.integers(0, 2)
    ),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda kind, items: {kind: items}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda item: {"not": item}, inner),
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=4), st.booleans())
def test_findings_equal_brute_force(documents: list[Any], otherwise: bool) -> None:
    conditions = [Condition.load(document, features=KINDS) for document in documents]
    # days outside the grid exist too, so a free day stands for them
    kinds = {**KINDS, "a.day": ColumnKind("date", nullable=False)}
    columns = every_customer()
    far = {**columns, "a.day": np.full(len(GRID), np.datetime64("2000-01-01"))}
    both = {
        name: Codes(np.concatenate([column.codes, far[name].codes]), column.values)
        if isinstance(column, Codes)
        else np.concatenate([column, far[name]])
        for name, column in columns.items()
    }
    names = [str(at) for at in range(len(conditions))]
    found = verify_conditions(conditions, names, kinds, first=True, otherwise=otherwise)
    taken = np.zeros(2 * len(GRID), dtype=bool)
    expected = set()
    for at, condition in enumerate(conditions, 1):
        true = condition.evaluate(both)
        if not true.any():
            expected.add(("impossible", (at,)))
        elif not (true & ~taken).any():
            expected.add(("unreachable", (at,)))
        taken |= true
    if not otherwise and not taken.all():
        expected.add(("gap", ()))
    assert {(finding.kind, finding.rows) for finding in found} == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=3))
def test_the_witness_of_a_gap_meets_no_condition(documents: list[Any]) -> None:
    conditions = [Condition.load(document, features=KINDS) for document in documents]
    gaps = [f for f in verify_conditions(conditions, ["x"] * len(conditions), KINDS, first=True, otherwise=False) if f.kind == "gap"]
    for gap in gaps:
        one = {
            "a.count": np.array([gap.witness.get("a.count", 0)], dtype=float),
            "a.tier": Codes.of([gap.witness.get("a.tier")], TIERS),  # type: ignore[list-item]
            "a.vip": np.array([{None: -1, False: 0, True: 1}[gap.witness.get("a.vip")]], dtype=np.int8),  # type: ignore[index]
            "a.day": np.array([gap.witness.get("a.day", "2000-01-01")], dtype="datetime64[D]"),
        }
        assert not any(condition.evaluate(one)[0] for condition in conditions)


def said(documents: list[Any], **rest: Any) -> list[str]:
    options = {"first": True, "otherwise": False, **rest}
    conditions = [Condition.load(document) for document in documents]
    names = ["high", "low", "zero"][: len(documents)]
    return [str(finding) for finding in verify_conditions(conditions, names, {}, **options)]


def count(op: str, value: int) -> dict[str, Any]:
    return {"feature": "orders.count", "op": op, "value": value}


def test_the_findings_in_words() -> None:
    assert said([count(">=", 5), count(">=", 7)], otherwise=True) == [
        "TW353 low is unreachable: whoever it is true for, an earlier one is true for too"
    ]
    assert said([count(">=", 5), {"all": [count(">", 3), count("<", 2)]}], otherwise=True) == ["TW354 low can never be true"]
    assert said([count(">=", 5), {"feature": "orders.count", "op": "is_missing"}]) == ["TW351 none is true for orders.count = 4"]
    assert said([count(">=", 5), count(">=", 7)], first=False) == [], "each stands alone"


def test_two_features_against_each_other_are_a_case_of_their_own() -> None:
    more = {"feature": "orders.amount", "op": ">", "other": "orders.cost"}
    assert said([more, {"not": more}]) == ["TW351 none is true for orders.amount > orders.cost = null"]
    assert said([more, more], otherwise=True)[0].startswith("TW353 low is unreachable")


def test_too_many_alternatives_are_undecided_and_never_fine() -> None:
    pairs = [{"any": [{"feature": f"a.n{i}", "op": "=", "value": v} for v in (1, 2)]} for i in range(12)]
    assert said([{"all": pairs}]) == ["TW358 undecided: high, which has too many alternatives; the table is too large to tell"]
