"""Kinds: what columns hold, and which literals may stand in rules."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from engine import Codes, Feature, FeatureError, Label, Output, Text
from engine.kinds import ColumnKind, number_problem, parse_date, shown, text_problem, tidy_number

TITLE = Text(en="x", zh="x")


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (np.array([1.0]), ColumnKind("number")),
        (np.array([1]), ColumnKind("number")),
        (np.array([True]), ColumnKind("flag")),
        (np.array([-1], dtype=np.int8), ColumnKind("flag")),
        (np.array(["2025-01-31"], dtype="datetime64[D]"), ColumnKind("date")),
        (Codes.of(["a"]), ColumnKind("text")),
        (Codes.of(["a"], ["b", "a"]), ColumnKind("text", values=("b", "a"))),
    ],
)
def test_kind_of_a_column(column: object, kind: ColumnKind) -> None:
    assert ColumnKind.of_column("x", column) == kind  # type: ignore[arg-type]


def test_other_columns_are_refused() -> None:
    with pytest.raises(FeatureError, match="column 'x' has dtype <U1"):
        ColumnKind.of_column("x", np.array(["a"]))


def test_kind_of_features_and_outputs() -> None:
    count = Feature("orders.count", "orders", "count", TITLE)
    assert ColumnKind.of_feature(count) == ColumnKind("number", minimum=0, step=1, nullable=False)
    assert ColumnKind.of_feature(Feature("profile.region", "profile", "value", TITLE, dtype="text", nullable=True)) == ColumnKind("text")
    labels = (Label("gold", TITLE), Label("silver", TITLE))
    assert ColumnKind.of_output(Output("tier", labels=labels)) == ColumnKind("text", values=("gold", "silver"))
    assert ColumnKind.of_output(Output("score", kind="score", minimum=1, maximum=5, decimals=0)) == ColumnKind(
        "number", minimum=1, maximum=5, step=1
    )
    assert ColumnKind.of_output(Output("vip", kind="flag")) == ColumnKind("flag")
    assert ColumnKind.of_output(Output("many", kind="set", labels=labels)) is None


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (0, ""),
        (-12.5, ""),
        (10**15, ""),
        (10**15 + 1, "more than 15 digits"),
        (0.1 + 0.2, "more than 15 significant digits"),
        (float("nan"), "not a finite number"),
        (float("-inf"), "not a finite number"),
    ],
)
def test_numbers(value: float, problem: str) -> None:
    assert problem in number_problem(value)
    assert bool(problem) == bool(number_problem(value))


def test_tidy_numbers_are_one_value_in_one_form() -> None:
    assert [repr(tidy_number(value)) for value in (5, 5.0, -0.0, 2.5)] == ["5", "5", "0", "2.5"]


@pytest.mark.parametrize(
    "text", ["2025-1-31", "2025-02-30", "20250131", "２０２５-01-31", "2025-01-31T00:00", "-025-01-31", "2025-+1-31", ""]
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


def test_dates() -> None:
    assert parse_date("2024-02-29") == dt.date(2024, 2, 29)


def test_texts() -> None:
    assert text_problem("张三 O'Brien 😀") == ""
    assert text_problem("a\nb") == "a text with control characters"
    assert text_problem("\ud800") == "a text with control characters"


def test_shown_is_short() -> None:
    assert shown("x" * 100) == f'"{"x" * 56}…'
    assert (shown(None), shown(True), shown(5)) == ("null", "true", "5")
