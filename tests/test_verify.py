"""Verification against brute force over every possible value, by both engines, and the findings in words."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Codes, DecisionTable
from engine.covers import SatCover, SplittingCover, Undecided, runs
from engine.kinds import ColumnKind
from engine.verify import Finding, verify_cuts, verify_table

TIERS = ("gold", "silver", "bronze")
DOMAINS = {
    "count": ColumnKind("number", minimum=0, maximum=4, step=1, nullable=False),
    "score": ColumnKind("number", minimum=1, maximum=3, step=0.5),
    "tier": ColumnKind("text", values=TIERS),
    "vip": ColumnKind("flag", nullable=False),
}
POSSIBLE: dict[str, list[Any]] = {
    "count": [0, 1, 2, 3, 4],
    "score": [1, 1.5, 2, 2.5, 3, None],
    "tier": [*TIERS, None],
    "vip": [True, False],
}


def column(name: str, values: list[Any]) -> Any:
    if name == "tier":
        return Codes.of(values, TIERS)
    if name == "vip":
        return np.array(values, dtype=bool)
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


@st.composite
def cells(draw: st.DrawFn, name: str) -> str:
    if draw(st.integers(0, 3)) == 0:
        return "-"
    if name == "vip":
        return draw(st.sampled_from(["true", "false"]))
    if name == "tier":
        return draw(
            st.sampled_from(['"gold"', '>= "silver"', '"silver", "bronze"', 'not("gold")', "null", 'not(< "gold")', '"bronze", null'])
        )
    numbers = ["0", "1", "1.5", "2", "2.2", "3", "4", "5"]
    low, high = sorted(draw(st.lists(st.sampled_from(numbers), min_size=2, max_size=2, unique=True)), key=float)
    form = draw(
        st.sampled_from(
            [
                "{0}",
                "< {0}",
                "<= {0}",
                "> {0}",
                ">= {0}",
                "!= {0}",
                "[{0}..{1}]",
                "({0}..{1})",
                "[{0}..{1})",
                "not(({0}..{1}])",
                "null",
                "< {0}, > {1}",
            ]
        )
    )
    return form.format(low, high)


@st.composite
def tables(draw: st.DrawFn) -> DecisionTable:
    names = draw(st.lists(st.sampled_from(sorted(DOMAINS)), min_size=1, max_size=4, unique=True))
    policy = draw(st.sampled_from(["first", "unique", "any", "priority", "collect"]))
    rows = [{"when": [draw(cells(name)) for name in names], "then": [draw(st.sampled_from("ABC"))]} for _ in range(draw(st.integers(1, 7)))]
    document = {"inputs": names, "outputs": [{"name": "grade", "values": ["A", "B", "C"]}], "hit_policy": policy, "rows": rows}
    if draw(st.booleans()):
        document["default"] = ["A"]
    return DecisionTable.load(document, columns=DOMAINS)


def grid(table: DecisionTable) -> tuple[dict[str, Any], list[list[int]]]:
    """Return every possible customer, and the rows that each one hits."""
    points = list(itertools.product(*(POSSIBLE[name] for name in table.inputs)))
    columns = {name: column(name, [point[at] for point in points]) for at, name in enumerate(table.inputs)}
    every = DecisionTable.load({**table.document, "hit_policy": "collect", "default": None})
    hits = every.evaluate(columns).hits
    assert hits is not None
    return columns, [hits.rows[hits.offsets[at] : hits.offsets[at + 1]].tolist() for at in range(len(points))]


def of_kind(findings: list[Finding], kind: str) -> list[Finding]:
    return [finding for finding in findings if finding.kind == kind]


@settings(max_examples=300, deadline=None)
@given(table=tables(), solver=st.booleans())
def test_agrees_with_every_possible_value(table: DecisionTable, solver: bool) -> None:
    columns, hits = grid(table)
    findings = verify_table(table, DOMAINS, solver=solver)
    policy, then = table.data.hit_policy, [row[0] for row in table.data.then]
    possible = {row for found in hits for row in found}
    assert {f.rows[0] - 1 for f in of_kind(findings, "impossible")} == set(range(len(then))) - possible
    assert bool(of_kind(findings, "gap")) == (table.data.default is None and any(not found for found in hits))
    pairs = {(a + 1, b + 1) for found in hits for a, b in itertools.combinations(found, 2) if policy == "unique" or then[a] != then[b]}
    assert {f.rows for f in of_kind(findings, "conflict")} == (pairs if policy in ("unique", "any") else set())
    rule = table.evaluate(columns).rule
    decided = {int(row) for row in rule if row >= 0} if policy in ("first", "priority") else possible
    assert {f.rows[0] - 1 for f in of_kind(findings, "unreachable")} == possible - decided
    given = {then[row] for row in decided} | ({"A"} if table.data.default else set())
    assert len(of_kind(findings, "unused")) == 3 - len(given)
    assert not of_kind(findings, "undecided")
    check_witnesses(table, findings)
    check_superfluous(table, findings, columns)


def check_witnesses(table: DecisionTable, findings: list[Finding]) -> None:
    """A witness can occur, and shows what the finding says."""
    for finding in findings:
        if not finding.witness:
            continue
        assert all(value in POSSIBLE[name] for name, value in finding.witness.items())
        explained = table.explain({name: column(name, [value]) for name, value in finding.witness.items()})
        assert explained["hits"] == [] if finding.kind == "gap" else set(finding.rows) <= set(explained["hits"])


def check_superfluous(table: DecisionTable, findings: list[Finding], columns: dict[str, Any]) -> None:
    """Without a superfluous row nothing changes."""
    before = table.evaluate(columns)
    for finding in of_kind(findings, "subsumed"):
        document = table.document
        del document["rows"][finding.rows[0] - 1]
        after = DecisionTable.load(document, columns=DOMAINS).evaluate(columns)
        assert after.values["grade"].codes.tolist() == before.values["grade"].codes.tolist()  # type: ignore[union-attr]


def table(*rows: tuple[list[str], str], policy: str = "first", **more: Any) -> DecisionTable:
    names = ["count", "tier"][: len(rows[0][0])]
    return DecisionTable.load(
        {"inputs": names, "outputs": ["grade"], "hit_policy": policy, "rows": [{"when": w, "then": [t]} for w, t in rows], **more},
        columns=DOMAINS,
    )


def test_no_gap_between_whole_numbers() -> None:
    whole = table((["<= 3"], "A"), ([">= 4"], "B"))
    assert verify_table(whole, DOMAINS) == []
    continuous = {"count": ColumnKind("number", minimum=0, nullable=False)}
    (gap,) = verify_table(whole, continuous)
    assert (gap.id, str(gap.text), gap.witness) == ("TW351", "no row matches count = 3.1", {"count": 3.1})
    cents = {"count": ColumnKind("number", minimum=0, step=0.01, nullable=False)}
    assert verify_table(whole, cents)[0].witness == {"count": 3.01}


def test_words_of_the_findings() -> None:
    findings = verify_table(
        table(([">= 3", '"gold"'], "A"), ([">= 4", '>= "gold"'], "B"), (["> 9", "-"], "C"), (["< 3", "-"], "C"), (["2", '"gold"'], "C")),
        DOMAINS,
    )
    assert findings[0].id == "TW351"
    assert str(findings[0].text) in (f"no row matches count = {n}, tier = {t}" for n in (3, 4) for t in ('"silver"', '"bronze"', "null"))
    assert [str(finding) for finding in findings[1:]] == [
        "TW353 row 2 is unreachable: row 1 already matches everything it matches",
        "TW353 row 5 is unreachable: row 4 already matches everything it matches",
        "TW354 row 3 can never match: no possible value of count does",
    ]
    assert findings[1].text.in_("zh") == "第 2 行不可达：第 1 行已经包含它的全部情况"


def test_a_row_that_several_rows_cover() -> None:
    findings = verify_table(table((["< 2"], "A"), ([">= 2"], "B"), (["[1..3]"], "C")), DOMAINS)
    assert [str(finding) for finding in findings] == ["TW353 row 3 is unreachable: the rows before it together match everything it matches"]


def test_severity_follows_the_hit_policy() -> None:
    rows = ((["<= 2"], "A"), ([">= 2"], "B"))
    (conflict,) = verify_table(table(*rows, policy="unique"), DOMAINS)
    assert (conflict.severity, conflict.rows, conflict.witness) == ("error", (1, 2), {"count": 2})
    assert [f.kind for f in verify_table(table(*rows, policy="any"), DOMAINS)] == ["conflict"]
    assert verify_table(table(*rows), DOMAINS) == []
    assert verify_table(table(*rows, policy="collect"), DOMAINS) == []
    (gap,) = verify_table(table((["1"], "A"), policy="collect"), DOMAINS)
    assert gap.severity == "note"


def test_open_columns_have_other_values() -> None:
    open_table = DecisionTable.load(
        {"inputs": ["region", "since"], "outputs": ["o"], "hit_policy": "first", "rows": [{"when": ['"other", null', "-"], "then": ["x"]}]}
    )
    (gap,) = verify_table(open_table)
    assert gap.witness["region"] == "other_"


def test_dates_step_by_days() -> None:
    dates = DecisionTable.load(
        {
            "inputs": ["since"],
            "outputs": ["o"],
            "hit_policy": "unique",
            "rows": [
                {"when": ["<= 2025-01-31"], "then": ["x"]},
                {"when": [">= 2025-02-01"], "then": ["y"]},
                {"when": ["null"], "then": ["z"]},
            ],
        }
    )
    assert verify_table(dates) == []


def test_cuts_out_of_order() -> None:
    assert verify_cuts([1, 2, 3]) == []
    assert [str(finding) for finding in verify_cuts([1, 5, 5, 3], "monetary")] == [
        "TW357 monetary: cut 3 (5) is not above cut 2 (5)",
        "TW357 monetary: cut 4 (3) is not above cut 3 (5)",
    ]


def test_a_budget_that_is_used_up_says_undecided_and_never_fine() -> None:
    cover = SplittingCover([2, 2], budget=1)
    cover.exclude((1, 1))
    with pytest.raises(Undecided):
        cover.find((3, 3))
    rows = ((["< 2", "-"], "A"), ([">= 2", "-"], "B"), (["[1..3]", "-"], "C"))
    assert [str(finding) for finding in verify_table(table(*rows), DOMAINS, solver=False, budget=1)] == [
        "TW358 undecided: whether every case is covered; the table is too large to tell",
        "TW358 undecided: whether row 3 can be reached; the table is too large to tell",
    ]


@given(st.integers(0, 2**70))
def test_runs(mask: int) -> None:
    rebuilt = 0
    for start, stop in runs(mask):
        assert rebuilt >> start == 0
        rebuilt |= ((1 << (stop - start)) - 1) << start
    assert rebuilt == mask


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 31), st.integers(0, 7), st.integers(0, 15)), max_size=12),
    st.tuples(st.integers(0, 31), st.integers(0, 7), st.integers(0, 15)),
)
def test_both_engines_agree(holes: list[tuple[int, int, int]], box: tuple[int, int, int]) -> None:
    sizes = [5, 3, 4]
    points = [p for p in itertools.product(*map(range, sizes)) if inside(p, box) and not any(inside(p, hole) for hole in holes)]
    for cover in (SatCover(sizes), SplittingCover(sizes)):
        for hole in holes:
            cover.exclude(hole)
        found = cover.find(box)
        assert (found is None) == (not points)
        assert found is None or found in points


def inside(point: tuple[int, ...], box: tuple[int, ...]) -> bool:
    return all(mask >> at & 1 for at, mask in zip(point, box, strict=True))
