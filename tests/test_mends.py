"""Mends: what a button does makes its finding go, touches no customer more than it says, and is a sound table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from engine import Codes, DecisionTable
from engine.kinds import ColumnKind
from engine.mends import Mend, mends_of
from engine.verify import verify_table
from tests.test_verify import DOMAINS, grid, tables


def offered(table: DecisionTable, kinds: dict[str, ColumnKind] | None = None) -> list[tuple[str, tuple[int, ...], list[Mend]]]:
    findings = verify_table(table, kinds or DOMAINS)
    found = mends_of(table, findings, kinds or DOMAINS)
    return [(finding.kind, finding.rows, list(mends)) for finding, mends in zip(findings, found, strict=True)]


@settings(max_examples=200, deadline=None)
@given(table=tables())
def test_every_mend_is_a_sound_table_and_does_what_it_says(table: DecisionTable) -> None:
    columns, hits = grid(table)
    before = table.evaluate(columns)
    for kind, rows, mends in offered(table):
        for mend in mends:
            after = DecisionTable.load(mend.value, columns=DOMAINS)
            again = [(finding.kind, finding.rows) for finding in verify_table(after, DOMAINS)]
            decided = after.evaluate(columns)
            if kind == "gap":
                check_gap(table, after, mend, hits, before.rule, decided)
            elif kind == "unused":
                assert (
                    len([each for each in again if each[0] == "unused"])
                    == len([each for each in offered(table) if each[0] == "unused"]) - 1
                )
            elif kind in ("impossible", "subsumed") or "Delete" in mend.title.en:
                was, now = before.values["grade"], decided.values["grade"]
                same = not isinstance(was, Codes) or was.texts() == now.texts()  # type: ignore[union-attr]
                assert same or kind == "conflict"
            elif kind == "unreachable":
                now = int("".join(each for each in mend.title.en.rpartition("row ")[2] if each.isdigit()))
                assert ("unreachable", now) not in [(name, found[0]) for name, found in again if found]
            elif kind == "conflict":
                assert ("conflict", rows) not in again


def check_gap(table: DecisionTable, after: DecisionTable, mend: Mend, hits: list[list[int]], was: Any, decided: Any) -> None:
    """Nobody who had a row gets another; the new row takes customers without one, and the default all of them."""
    added = len(table.data.when)
    taken = decided.rule == added
    if "row" in mend.title.en:
        assert taken.any()
        assert not any(found for found, now in zip(hits, taken.tolist(), strict=True) if now), "it touches no other row"
        assert (decided.rule[~taken] == was[~taken]).all()
        return
    assert after.data.default is not None
    assert (decided.rule == was).all()


def table(*rows: tuple[list[str], str], inputs: tuple[str, ...] = ("count",), policy: str = "first", **more: Any) -> DecisionTable:
    document = {
        "inputs": list(inputs),
        "outputs": ["grade"],
        "hit_policy": policy,
        "rows": [{"when": w, "then": [t]} for w, t in rows],
        **more,
    }
    return DecisionTable.load(document, columns={name: KINDS[name] for name in inputs})


KINDS = {
    **DOMAINS,
    "amount": ColumnKind("number", minimum=0, nullable=False),
    "day": ColumnKind("date"),
    "city": ColumnKind("text"),
}


@pytest.mark.parametrize(
    ("rows", "inputs", "cells"),
    [
        ([([">= 100"], "A")], ("amount",), ["< 100"]),
        ([(["< 100"], "A"), ([">= 250"], "B")], ("amount",), ["[100..250)"]),
        ([(["<= 2"], "A")], ("count",), ["> 2"]),
        ([(["not(null)"], "A")], ("day",), ["null"]),
        ([(["< 2025-01-01"], "A"), (["null"], "C")], ("day",), [">= 2025-01-01"]),
        ([(['"Paris", "Rome"'], "A"), (["null"], "C")], ("city",), ['not("Paris", "Rome", null)']),
        ([(['"Paris", "Rome"'], "A")], ("city",), ['not("Paris", "Rome")']),
        ([([">= 3"], "A")], ("score",), ["null"]),
        ([(["true"], "A")], ("vip",), ["false"]),
        ([(['"gold"', "-"], "A"), (["-", ">= 100"], "B")], ("tier", "amount"), ['"silver", "bronze", null', "< 100"]),
        ([(["-", ">= 100"], "A"), (["null", "-"], "B")], ("score", "amount"), ["not(null)", "< 100"]),
    ],
)
def test_a_row_for_a_gap_is_as_wide_as_the_gap(rows: list[tuple[list[str], str]], inputs: tuple[str, ...], cells: list[str]) -> None:
    found = table(*rows, inputs=inputs)
    ((_, _, (default, row)),) = [each for each in offered(found, KINDS) if each[0] == "gap"]
    assert row.value["rows"][-1]["when"] == cells
    last = found.outputs[0].values
    assert last is not None
    assert row.value["rows"][-1]["then"] == [last[-1]] == default.value["default"]


def titles(found: DecisionTable) -> list[list[str]]:
    return [[mend.title.en for mend in mends] for _, _, mends in offered(found, KINDS)]


def test_titles_say_what_happens() -> None:
    assert titles(table(([">= 3"], "A"), ([">= 4"], "B"), default=["C"])) == [["Move row 2 above row 1", "Delete row 2"]]
    assert titles(table((["> 9"], "A"), (["-"], "B"))) == [["Delete row 1"]]
    assert titles(table(([">= 3"], "A"), (["-"], "A"))) == [["Delete row 1"]]
    assert titles(table(([">= 2"], "A"), ([">= 3"], "B"), policy="unique", default=["C"])) == [["Let the first match count"]]
    assert titles(table(([">= 2"], "A"), ([">= 3"], "A"), policy="unique", default=["C"])) == [
        ["Delete row 2", "Let several match if they agree"]
    ]
    assert titles(table(([">= 2"], "A"))) == [["Give A to everything else", "Add a row for this case, with A"]]
    declared = {"outputs": [{"name": "grade", "values": ["A", "B"]}], "default": ["A"]}
    assert titles(table(([">= 2"], "A"), **declared)) == [['Declare "B" no more']]
    assert titles(table(([">= 2"], "A"), (["> 4"], "B"), **declared)) == [["Delete row 2"], []], "a row still gives it"


def test_the_only_row_is_never_deleted() -> None:
    assert titles(table((["> 9"], "A"), default=["A"])) == [[]]
