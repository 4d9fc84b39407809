"""What `apply` returned is checked completely, and comes out in its one stored form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from engine.columns import Codes
from engine.errors import PolicyFault
from engine.outputs import check_outputs
from engine.policy import Label, Output, Policy, Reason, Text

ABC = tuple(Label(key, Text(key, key)) for key in "abc")


class One(Policy):
    """A policy of given outputs, whose `apply` is never asked."""

    name = "one"

    def __init__(self, *outputs: Output, reasons: int = 0) -> None:
        super().__init__()
        self._outputs, self._reasons = outputs, reasons

    def outputs(self) -> tuple[Output, ...]:
        return self._outputs

    def reasons(self) -> tuple[Reason, ...]:
        return tuple(Reason(f"r{i}", Text("r", "r")) for i in range(self._reasons))


def checked(output: Output, column: Any, rows: int | None = None) -> Any:
    return check_outputs(One(output), {output.name: column}, len(column) if rows is None else rows)[output.name]


@pytest.mark.parametrize(
    ("output", "column", "stored", "dtype"),
    [
        (Output("x", "flag"), np.array([True, False]), [1, 0], np.int8),
        (Output("x", "flag"), np.array([-1, 0, 1]), [-1, 0, 1], np.int8),
        (Output("x", "score"), np.array([1, 2]), [1.0, 2.0], np.float64),
        (Output("x", "score", decimals=2), np.array([0.125, 2.346]), [0.12, 2.35], np.float64),
        (Output("x", "amount", decimals=0), np.array([-0.4]), [0.0], np.float64),
        (Output("x", "date"), np.array(["2024-02-29T13:00"], dtype="datetime64[s]"), [np.datetime64("2024-02-29")], "datetime64[D]"),
        (Output("x", "set", ABC), np.array([0, 7]), [0, 7], np.uint64),
    ],
)
def test_every_kind_has_one_stored_form(output: Output, column: Any, stored: list[Any], dtype: Any) -> None:
    result = checked(output, column)
    assert result.dtype == np.dtype(dtype)
    assert result.tolist() == np.array(stored, dtype=dtype).tolist()


def test_negative_zero_becomes_zero_because_it_hashes_differently() -> None:
    assert not np.signbit(checked(Output("x", "score"), np.array([-0.0, -0.00001]))).any()


@pytest.mark.parametrize("column", [np.array([2, -1, 0]), Codes.of(["c", None, "a"], "abc"), Codes.of(["c", None, "a"], ["c", "a"])])
def test_labels_become_codes_over_the_declared_keys(column: Any) -> None:
    result = checked(Output("x", labels=ABC), column)
    assert result.codes.dtype == np.int16
    assert (result.values, result.codes.tolist(), result.closed) == (("a", "b", "c"), [2, -1, 0], True)


def test_a_value_that_never_occurs_need_not_be_declared() -> None:
    assert checked(Output("x", labels=ABC), Codes(np.array([0]), ["b", "zebra"])).texts() == ["b"]


def test_missing_stays_missing() -> None:
    assert np.isnan(checked(Output("x", "score"), np.array([np.nan]))).all()
    assert np.isnat(checked(Output("x", "date"), np.array(["NaT"], dtype="datetime64[D]"))).all()


def test_no_rows_are_fine() -> None:
    for kind in ("flag", "score", "amount"):
        assert len(checked(Output("x", kind), np.array([], dtype=np.int64))) == 0
    assert len(checked(Output("x", labels=ABC), np.array([], dtype=np.int8))) == 0


@pytest.mark.parametrize(
    ("output", "column", "message"),
    [
        (Output("x", labels=ABC), np.array([0, 3]), r"'x' is 3 in row 1; there are 3 labels, so it must be -1 to 2"),
        (Output("x", labels=ABC), np.array([-2]), r"'x' is -2 in row 0"),
        (Output("x", labels=ABC), np.array(["a"]), r"Codes\.of\(texts, keys\)"),
        (Output("x", labels=ABC), np.array([0.0]), r"integer positions in labels"),
        (Output("x", labels=(Label("gold", ABC[0].title),)), Codes.of(["glod"]), r"undeclared label 'glod'; did you mean 'gold'\?"),
        (Output("x", labels=ABC), Codes(np.array([5]), "abc"), r"'x' is 5 in row 0"),
        (Output("x", "flag"), np.array([2]), r"'x' is 2 in row 0"),
        (Output("x", "flag"), np.array([0.5]), r"'x' \(flag\) is an array of float64; return bool"),
        (Output("x", "score"), np.array([1.0, np.inf]), r"inf in row 1; return a finite number"),
        (Output("x", "score"), np.array([1e308]), r"finite"),
        (Output("x", "score"), np.array([True]), r"array of bool; return numbers"),
        (Output("x", "score"), Codes.of(["a"]), r"is Codes; return numbers"),
        (Output("x", "score", minimum=1), np.array([0.5, np.nan]), r"reaches 0.5; it declares a minimum of 1"),
        (Output("x", "score", maximum=5), np.array([5.5, np.nan]), r"reaches 5.5; it declares a maximum of 5"),
        (Output("x", "date"), np.array([1]), r"datetime64 dates"),
        (Output("x", "set", ABC), np.array([8]), r"sets bit 3; it declares 3 labels"),
        (Output("x", "set", ABC), np.array([-1]), r"negative bits"),
    ],
)
def test_a_wrong_column_is_refused_with_what_would_be_right(output: Output, column: Any, message: str) -> None:
    with pytest.raises(PolicyFault, match=message):
        checked(output, column)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, r"apply returned NoneType; return a dict"),
        ({}, r"no column 'stage'"),
        ({"stage": np.array([0]), "stgae": np.array([0])}, r"undeclared column 'stgae'.*did you mean 'stage'\?"),
        ({"stage": [0]}, r"'stage' is list; return a NumPy array"),
        ({"stage": np.array([0, 1])}, r"shape \(2,\); 1 rows were given"),
        ({"stage": np.array(0)}, r"shape \(\)"),
        ({"stage": np.array([0]), "withheld": np.array([1])}, r"'withheld' is 1 in row 0; there are 1 reasons\(\)"),
        ({"stage": np.array([0]), "withheld": np.array([0.0])}, r"integer positions in reasons\(\)"),
        ({"stage": np.array([0]), "rule": np.array([-2])}, r"'rule' is -2"),
    ],
)
def test_a_wrong_result_is_refused(result: Mapping[str, Any], message: str) -> None:
    with pytest.raises(PolicyFault, match=message) as caught:
        check_outputs(One(Output("stage", labels=ABC), reasons=1), result, 1)
    assert "policy type 'one'" in str(caught.value)


def test_a_row_with_a_reason_has_no_value() -> None:
    outputs = (Output("l", labels=ABC), Output("f", "flag"), Output("s", "score"), Output("d", "date"), Output("m", "set", ABC))
    policy = One(*outputs, reasons=2)
    result = check_outputs(
        policy,
        {
            "l": np.array([0, 1]),
            "f": np.array([True, True]),
            "s": np.array([1.5, 2.5]),
            "d": np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]"),
            "m": np.array([1, 2]),
            "withheld": np.array([1, -1]),
            "rule": np.array([3, -1]),
        },
        2,
    )
    assert list(result) == ["l", "f", "s", "d", "m", "withheld", "rule"]
    assert result["l"].codes.tolist() == [-1, 1]
    assert result["f"].tolist() == [-1, 1]
    assert np.isnan(result["s"]).tolist() == [True, False]
    assert np.isnat(result["d"]).tolist() == [True, False]
    assert result["m"].tolist() == [0, 2]
    assert (result["withheld"].tolist(), result["withheld"].dtype) == ([1, -1], np.int8)
    assert (result["rule"].tolist(), result["rule"].dtype) == ([3, -1], np.int32)


def test_the_result_is_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        checked(Output("x", "score"), np.array([1.0]))[0] = 2


def test_codes_of_many_labels_are_wide_enough() -> None:
    many = tuple(Label(f"k{i}", ABC[0].title) for i in range(2**15))
    assert checked(Output("x", labels=many), np.array([2**15 - 1])).codes.tolist() == [2**15 - 1]
