"""The ways to match agree with each other and with plain Python that knows nothing of columns."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Codes, DecisionTable, FeatureError, RulebookError
from engine.tables.binding import pick, plain
from engine.tables.policies import TableResult, decide

TIERS = ("gold", "silver", "bronze")
REGIONS = ("north", "south", "west")
DAYS = [dt.date(2025, 1, day) for day in (1, 2, 3, 4, 5)]
NUMBERS = [-1, 0, 0.5, 1, 2, 2.01, 3]
KINDS = ("number", "date", "flag", "text", "label")
VALUES: dict[str, list[Any]] = {"number": NUMBERS, "date": DAYS, "flag": [True, False], "text": [*REGIONS, "east"], "label": list(TIERS)}


def order(kind: str, value: Any) -> Any:
    """Return a value's place in its order: labels are declared best first."""
    return -TIERS.index(value) if kind == "label" else value


def literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


@st.composite
def cells(draw: st.DrawFn, kind: str) -> tuple[str, list[tuple[Any, ...]], bool]:
    """Draw the text of a cell, with its tests and negation for the oracle."""
    if draw(st.integers(0, 3)) == 0:
        return "-", [], False
    tests, texts = [], []
    for _ in range(draw(st.integers(1, 3))):
        forms = ["null", "=", "!="] if kind in ("flag", "text") else ["null", "=", "!=", "<", "<=", ">", ">=", "range"]
        form = draw(st.sampled_from(forms))
        low, high = sorted((draw(st.sampled_from(VALUES[kind])), draw(st.sampled_from(VALUES[kind]))), key=lambda v: order(kind, v))
        if form == "range":
            opening, closing = ("[", "]") if low == high else (draw(st.sampled_from("[(")), draw(st.sampled_from("])")))
            tests.append(("range", low, high, opening, closing))
            texts.append(f"{opening}{literal(low)}..{literal(high)}{closing}")
        else:
            tests.append((form, low))
            texts.append("null" if form == "null" else f"{form if form != '=' else ''} {literal(low)}")
    negated = draw(st.booleans())
    joined = ", ".join(texts)
    return (f"not({joined})" if negated else joined), tests, negated


def holds(kind: str, test: tuple[Any, ...], value: Any) -> bool | None:
    """Return one test's verdict for the oracle."""
    form = test[0]
    if form == "null":
        return value is None
    if form in ("=", "!="):
        return (value is not None and value == test[1]) == (form == "=")
    if value is None:
        return None
    at, low = order(kind, value), order(kind, test[1])
    if form == "range":
        high = order(kind, test[2])
        return (at >= low if test[3] == "[" else at > low) and (at <= high if test[4] == "]" else at < high)
    return {"<": at < low, "<=": at <= low, ">": at > low, ">=": at >= low}[form]  # type: ignore[no-any-return]


def matches(kind: str, cell: tuple[str, list[tuple[Any, ...]], bool], value: Any) -> bool:
    """Whether a cell matches, by Kleene's logic."""
    _, tests, negated = cell
    if not tests:
        return True
    verdicts = [holds(kind, test, value) for test in tests]
    either = True if True in verdicts else None if None in verdicts else False
    return either is not None and either != negated


def to_column(kind: str, values: list[Any]) -> Any:
    if kind == "number":
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if kind == "date":
        return np.array([np.datetime64("NaT") if value is None else np.datetime64(value) for value in values], dtype="datetime64[D]")
    if kind == "flag":
        return np.array([-1 if value is None else int(value) for value in values], dtype=np.int8)
    return Codes.of(values, TIERS if kind == "label" else None)


@st.composite
def problems(draw: st.DrawFn, kinds: tuple[str, ...] = KINDS) -> tuple[list[str], list[list[Any]], list[list[Any]]]:
    """Draw the kinds of the columns, the rows of cells, and the customers."""
    columns = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4))
    rows = [[draw(cells(kind)) for kind in columns] for _ in range(draw(st.integers(1, 70)) if draw(st.booleans()) else 3)]
    customers = [[draw(st.none() | st.sampled_from(VALUES[kind])) for kind in columns] for _ in range(draw(st.integers(1, 12)))]
    return columns, rows, customers


def build(columns: list[str], rows: list[list[Any]], policy: str, outputs: list[Any]) -> DecisionTable:
    names = [f"{kind}{at}" for at, kind in enumerate(columns)]
    document = {
        "inputs": names,
        "outputs": [{"name": "out", "values": [3, 1, 2]} if policy in ("priority", "output_order") else "out"],
        "hit_policy": policy,
        "rows": [{"when": [cell[0] for cell in row], "then": [output]} for row, output in zip(rows, outputs, strict=True)],
    }
    return DecisionTable.load(document)


def run(table: DecisionTable, columns: dict[str, Any], way: str) -> TableResult:
    picked = pick(columns, table.inputs)
    return decide(table.data, table.matching(picked, way), [plain(column) for column in picked], table._order)


@settings(max_examples=120, deadline=None)
@given(problem=problems(), policy=st.sampled_from(["first", "unique", "any", "priority", "rule_order", "output_order", "collect_sum"]))
def test_direct_and_slices_agree_with_the_oracle(problem: Any, policy: str) -> None:
    kinds, rows, customers = problem
    outputs = [(at * 7) % 3 + 1 for at in range(len(rows))]
    table = build(kinds, rows, policy, outputs)
    columns = {f"{kind}{at}": to_column(kind, [customer[at] for customer in customers]) for at, kind in enumerate(kinds)}
    for way in ("direct", "slices"):
        check(run(table, columns, way), kinds, rows, customers, policy, outputs)


def check(result: TableResult, kinds: Any, rows: Any, customers: Any, policy: str, outputs: list[int]) -> None:
    rank = {3: 0, 1: 1, 2: 2}
    for at, customer in enumerate(customers):
        hits = [r for r, row in enumerate(rows) if all(matches(k, c, v) for k, c, v in zip(kinds, row, customer, strict=True))]
        if policy in ("priority", "output_order"):
            hits = sorted(hits, key=lambda r: rank[outputs[r]])
        conflict = (policy == "unique" and len(hits) > 1) or (policy == "any" and len({outputs[r] for r in hits}) > 1)
        assert result.conflict[at] == conflict
        assert result.rule[at] == (hits[0] if hits else -1)
        if result.hits is not None:
            assert result.hits.rows[result.hits.offsets[at] : result.hits.offsets[at + 1]].tolist() == hits
        if policy == "collect_sum":
            total = result.values["out"][at]
            assert (np.isnan(total) and not hits) or total == sum(outputs[r] for r in hits)
        elif policy in ("first", "unique", "any", "priority"):
            value = result.values["out"][at]
            assert np.isnan(value) if conflict or not hits else value == outputs[hits[0]]


@settings(max_examples=60, deadline=None)
@given(problem=problems(("flag", "text", "label")), policy=st.sampled_from(["first", "unique", "any"]))
def test_lookup_agrees_with_direct(problem: Any, policy: str) -> None:
    kinds, rows, customers = problem
    table = build(kinds, rows, policy, [at % 3 for at in range(len(rows))])
    columns = {f"{kind}{at}": to_column(kind, [customer[at] for customer in customers]) for at, kind in enumerate(kinds)}
    one, other = run(table, columns, "lookup"), run(table, columns, "direct")
    assert np.array_equal(one.rule, other.rule)
    assert np.array_equal(one.conflict, other.conflict)
    assert np.array_equal(one.values["out"], other.values["out"], equal_nan=True)


def test_many_rows_and_blocks_agree() -> None:
    rng = np.random.default_rng(3)
    count, size = 2_100, 9_000  # more rows than one slice of 1,024 and more customers than one block of 4,096
    rows = []
    for _ in range(count):
        low = int(rng.integers(0, 900))
        rows.append({"when": [f"[{low}..{low + 30})", f'"{rng.choice(["a", "b", "c"])}"'], "then": [int(rng.integers(0, 5))]})
    for policy in ("first", "unique", "collect_sum"):
        table = DecisionTable.load({"inputs": ["n", "t"], "outputs": ["o"], "hit_policy": policy, "rows": rows})
        columns = {
            "n": rng.integers(0, 1000, size).astype(float),
            "t": Codes(rng.integers(-1, 4, size).astype(np.int32), ("a", "b", "c", "d")),
        }
        one, other = run(table, columns, "direct"), run(table, columns, "slices")
        assert np.array_equal(one.rule, other.rule)
        assert np.array_equal(one.conflict, other.conflict)
        assert np.array_equal(one.values["o"], other.values["o"], equal_nan=True)
        assert table.evaluate(columns).rule.tolist() == one.rule.tolist()


def test_rows_alone_equal_rows_together() -> None:
    table = DecisionTable.load({"inputs": ["n"], "outputs": ["o"], "hit_policy": "first", "rows": [{"when": ["> 2"], "then": ["x"]}]})
    column = np.array([1.0, 3.0, np.nan, 2.0])
    together = table.evaluate({"n": column})
    alone = [int(table.evaluate({"n": column[at : at + 1]}).rule[0]) for at in range(4)]
    assert together.rule.tolist() == alone == [-1, 0, -1, -1]


def test_no_customers() -> None:
    for policy in ("first", "unique", "any", "collect_sum", "collect", "rule_order"):
        table = DecisionTable.load({"inputs": ["n"], "outputs": ["o"], "hit_policy": policy, "rows": [{"when": ["> 2"], "then": [1]}]})
        for way in ("direct", "slices"):
            result = run(table, {"n": np.array([])}, way)
            assert len(result.rule) == len(result.conflict) == 0
            assert table.hits(result).tolist() == [0]


def test_integers_are_numbers_and_moments_count_as_their_day() -> None:
    table = DecisionTable.load(
        {
            "inputs": ["n", "d"],
            "outputs": ["o"],
            "hit_policy": "first",
            "rows": [{"when": [">= 2", "[2025-01-02..2025-01-03]"], "then": ["x"]}],
        }
    )
    columns = {"n": np.array([1, 2, 3]), "d": np.array(["2025-01-02T10:00", "2025-01-03T00:00", "2025-01-03T00:01"], dtype="datetime64[s]")}
    assert table.evaluate(columns).rule.tolist() == [-1, 0, 0]
    assert [table.explain(columns, at)["hits"] for at in range(3)] == [[], [1], [1]]


def test_hits_per_row() -> None:
    rows = [{"when": ["> 2"], "then": [1]}, {"when": ["> 1"], "then": [2]}, {"when": ["> 9"], "then": [3]}]
    columns = {"n": np.array([0.0, 2.0, 3.0, 4.0])}
    first = DecisionTable.load({"inputs": ["n"], "outputs": ["o"], "hit_policy": "first", "rows": rows})
    assert first.hits(first.evaluate(columns)).tolist() == [2, 1, 0]
    unique = DecisionTable.load({"inputs": ["n"], "outputs": ["o"], "hit_policy": "unique", "rows": rows})
    assert unique.hits(unique.evaluate(columns)).tolist() == [0, 1, 0]
    every = DecisionTable.load({"inputs": ["n"], "outputs": ["o"], "hit_policy": "collect", "rows": rows})
    assert every.hits(every.evaluate(columns)).tolist() == [2, 3, 0]


def test_an_open_text_column_with_other_values_than_before() -> None:
    table = DecisionTable.load({"inputs": ["t"], "outputs": ["o"], "hit_policy": "first", "rows": [{"when": ['"b"'], "then": ["x"]}]})
    assert table.evaluate({"t": Codes.of(["a", "b"])}).rule.tolist() == [-1, 0]
    assert table.evaluate({"t": Codes.of(["b", "c"])}).rule.tolist() == [0, -1]
    assert table.evaluate({"t": Codes.of(["c", None])}).rule.tolist() == [-1, -1]


def test_columns_that_do_not_fit() -> None:
    rows = [{"when": [">= 5", '"gold"'], "then": ["x"]}, {"when": ["-", '> "silver"'], "then": ["y"]}]
    table = DecisionTable.load({"inputs": ["n", "t"], "outputs": ["o"], "hit_policy": "first", "rows": rows})
    with pytest.raises(FeatureError, match="column 't' is needed and not given"):
        table.evaluate({"n": np.array([1.0])})
    with pytest.raises(FeatureError, match="different lengths: n 1, t 2"):
        table.evaluate({"n": np.array([1.0]), "t": Codes.of(["gold", "gold"], TIERS)})
    with pytest.raises(RulebookError) as caught:
        table.evaluate({"n": Codes.of(["5"]), "t": Codes.of(["gold"])})
    assert [fault.code for fault in caught.value.faults] == ["TW326", "TW333"]
    with pytest.raises(RulebookError, match="did you mean 'golden'"):
        table.evaluate({"n": np.array([1.0]), "t": Codes.of(["golden"], ["golden", "silver"])})
