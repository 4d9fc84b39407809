"""Cells: what they mean, what is refused, and that reading takes time in proportion."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from engine.tables.binding import number_matcher
from engine.tables.cells import axis, parse_cell
from engine.tables.tokens import CELL_LIMIT, CellError

SECTIONS = yaml.safe_load((Path(__file__).parent.parent / "cases" / "cells.yaml").read_text(encoding="utf-8"))
ROWS = [tuple(row) for rows in SECTIONS.values() for row in rows]


@pytest.mark.parametrize(("text", "value", "verdict"), ROWS)
def test_verdict(text: str, value: object, verdict: bool | None) -> None:
    assert parse_cell(text).verdict(value) is verdict  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "value", "verdict"), [row for row in ROWS if isinstance(row[1], int | float) and not isinstance(row[1], bool)]
)
def test_ranges_hold_what_the_verdict_says(text: str, value: float, verdict: bool | None) -> None:
    assert (axis(value) in parse_cell(text).ranges()) == (verdict is True)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" >=5.0 ", ">= 5"),
        ("]1 .. 5[", "(1..5)"),
        ('not( "A","B" )', 'not("A", "B")'),
        ('date( "2025-01-31" )', "2025-01-31"),
        ("= 5", "5"),
        ("5, 5", "5"),
        ("", "-"),
        ('"say \\"hi\\" \\\\ "', '"say \\"hi\\" \\\\ "'),
        ("-0", "0"),
        ("+5", "5"),
        ("0.000001", "0.000001"),
        ("100000000000000", "100000000000000"),
        ('"e\u0301"', '"é"'),
    ],
)
def test_canonical_text(text: str, canonical: str) -> None:
    assert str(parse_cell(text)) == canonical
    assert parse_cell(canonical) == parse_cell(text)


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("Champions", "the word Champions", 'a text is written in quotes: "Champions"'),
        ("__import__('os')", "the character '_'", "see the forms of a cell"),
        ("{{7*7}}", "the character '{'", "see the forms of a cell"),
        ("(a+)+$", "the word a", "quotes"),
        ("[5..1]", "the empty interval [5..1]", "the smaller one"),
        ("(5..5]", "the empty interval (5..5]", "the smaller one"),
        ('[1.."b"]', 'an interval from 1 to "b"', "both ends have one kind"),
        ("[1..5", "the end of the cell where the interval should end", "ends with"),
        ("[1,5]", "',' where '..' belongs", "[a..b]"),
        ("[1..null]", "null after ..", "stands alone"),
        (">= ", "the end of the cell after >=", "is needed"),
        ("> null", "null after >", "stands alone"),
        ("> true", "true or false in an ordering", "only equal or not"),
        ('5, "A"', "a mix of number and text", "one kind"),
        ("not(-)", "the character '-'", "see the forms"),
        ("not(not(5))", "'not'", "is needed"),
        ("not 5", "5 where '(' belongs", "not(...)"),
        ("not(5", "the end of the cell where ')' belongs", "not closed"),
        ("5 6", "6 after the test", "commas"),
        ("5,", "the end of the cell", "is needed"),
        ("1e400", '"1e400"', "a number is written"),
        ("5.", "the character '.'", "see the forms"),
        ("2025-02-30", '"2025-02-30"', "2025-01-31"),
        ("12:30", '"12:30"', "a number is written"),
        ('date("2025-13-01")', "date that is not a date", "date("),
        ("１２", "the character '１'", "see the forms"),
        ("٣", "the character '٣'", "see the forms"),
        ("“A”", "the character “", 'write "'),
        ('"A"，"B"', "the character ，", "write ,"),
        ("≥ 5", "the character ≥", "write >="),
        ("NaN", "the word NaN", "quotes"),
        ("9007199254740993", "more than 15 significant digits", "15"),
        ("0.1234567890123456789", "more than 15 significant digits", "15"),
        ('"abc', 'a text that is not closed: "abc"', 'ends with "'),
        ('"a\\n"', "a backslash inside a text", "only"),
        ('"a\x00b"', "control characters", "plain"),
    ],
)
def test_refused(text: str, found: str, expected: str) -> None:
    with pytest.raises(CellError) as caught:
        parse_cell(text)
    assert found in caught.value.found
    assert expected in caught.value.expected


def test_long_cells_are_refused_before_they_are_read() -> None:
    with pytest.raises(CellError) as caught:
        parse_cell("(" * 1_000_000)
    assert caught.value.found == "a cell of 1,000,000 characters"
    with pytest.raises(CellError):
        parse_cell("not(" * (CELL_LIMIT // 4))
    with pytest.raises(CellError):
        parse_cell('"' + "a" * (CELL_LIMIT - 2) + '"')


def refusal(text: str) -> str | None:
    """Return what was found wrong with a cell, None for a right one."""
    try:
        parse_cell(text)
    except CellError as error:
        return error.found
    return None


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    found = refusal(text)
    assert found != ""
    if found is None:
        assert parse_cell(str(parse_cell(text))) == parse_cell(text)


@given(st.text(alphabet='0123456789.-+<>=![]() ,"ntulo', max_size=25))
def test_texts_near_the_grammar_are_read_or_refused(text: str) -> None:
    try:
        cell = parse_cell(text)
    except CellError:
        return
    assert parse_cell(str(cell)) == cell


@given(st.integers(-(10**13), 10**13), st.integers(-(10**13), 10**13))
def test_decimals_compare_as_decimals(minor: int, bound: int) -> None:
    import numpy as np

    literal = f"{'-' if bound < 0 else ''}{abs(bound) // 100}.{abs(bound) % 100:02d}"
    value = np.array([minor / 100])
    for op, truth in (("<", minor < bound), ("<=", minor <= bound), ("", minor == bound), (">=", minor >= bound), (">", minor > bound)):
        assert number_matcher(parse_cell(f"{op} {literal}"), dates=False)(value)[0] == truth
