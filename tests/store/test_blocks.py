"""Blocks: a run's columns read back as they were written, however narrow they were kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.columns import Array, Codes, missing
from engine.outputs import check_outputs
from engine.policy import Kind, Output, Policy
from engine.store.blocks import NO_NUMBER, NONE, Block, decode, encode, read_arrow, restored, stored, to_arrow
from tests.small_book import Sized, labels

KEYS = labels("gold", "silver", "bronze")
BIG = st.integers(-(2**63) + 1, 2**63 - 1)


def block(rows: int = 3, **values: Any) -> Block:
    """A block of customers 10, 20, 30, ... with these columns."""
    return Block(
        np.arange(1, rows + 1, dtype=np.int64) * 10, {name.replace("__", "."): np.asarray(array) for name, array in values.items()}
    )


def same(one: Block, other: Block) -> bool:
    parts = ("values", "since", "reason", "rule")
    return np.array_equal(one.customer_id, other.customer_id) and all(
        getattr(one, part).keys() == getattr(other, part).keys()
        and all(
            np.array_equal(array.astype(np.int64), getattr(other, part)[name].astype(np.int64))
            for name, array in getattr(one, part).items()
        )
        for part in parts
    )


def test_a_block_reads_back_with_every_part() -> None:
    kept = block(rfm__segment=np.array([1, -1, 3], dtype=np.int16), rfm__score=np.array([15, 27, 31]))
    kept.since["rfm.segment"] = np.array([0, 7, 0], dtype=np.int32)
    kept.reason["rfm"] = np.array([-1, 0, -1], dtype=np.int16)
    kept.rule["rfm"] = np.array([3, -1, 40_000], dtype=np.int32)
    assert same(decode(encode(kept)), kept)
    assert encode(decode(encode(kept))) == encode(kept)


def test_a_block_without_customers_reads_back() -> None:
    empty = Block(np.zeros(0, dtype=np.int64), {"a.b": np.zeros(0, dtype=np.int16)})
    assert same(decode(encode(empty)), empty)
    assert len(decode(encode(empty)).rows_of(np.array([1, 2]))[1]) == 2


@given(st.lists(st.one_of(st.none(), BIG, st.sampled_from([0, -1, 2**15 - 1, -(2**15), 2**15, 2**31 - 1, -(2**31), 2**31])), max_size=6))
def test_whatever_is_narrowed_comes_back(cells: list[int | None]) -> None:
    array = np.array([NO_NUMBER if cell is None else cell for cell in cells], dtype=np.int64)
    found = decode(encode(block(len(cells), a__score=array))).values["a.score"]
    blank = np.iinfo(found.dtype).min
    assert [None if cell == blank else cell for cell in found.tolist()] == cells


@pytest.mark.parametrize(("most", "dtype"), [(100, "int16"), (40_000, "int32"), (2**40, "int64")])
def test_small_numbers_are_kept_small(most: int, dtype: str) -> None:
    assert decode(encode(block(2, a__b=np.array([0, most])))).values["a.b"].dtype == dtype


def test_rows_are_found_by_customer() -> None:
    kept = block(3)
    assert [part.tolist() for part in kept.rows_of(np.array([10, 20, 30]))] == [[0, 1, 2], [True] * 3]
    rows, there = kept.rows_of(np.array([5, 20, 25, 30, 99]))
    assert there.tolist() == [False, True, False, True, False]
    assert rows[there].tolist() == [1, 2]


@given(st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)))
def test_rows_are_found_for_any_two_sets_of_customers(mine: set[int], asked: set[int]) -> None:
    kept = Block(np.array(sorted(mine), dtype=np.int64))
    rows, there = kept.rows_of(np.array(sorted(asked), dtype=np.int64))
    assert [c for c, found in zip(sorted(asked), there.tolist(), strict=True) if found] == sorted(mine & asked)
    assert kept.customer_id[rows[there]].tolist() == sorted(mine & asked)


def policy_with(output: Output) -> Policy:
    """A policy with this output alone."""

    class Kept(Sized):
        def outputs(self) -> tuple[Output, ...]:
            return (output,)

    return Kept()


CELLS: dict[Kind, Any] = {
    "label": st.sampled_from([0, 1, 2, -1]),
    "flag": st.sampled_from([0, 1, -1]),
    "score": st.one_of(st.just(float("nan")), st.floats(-1e13, 1e13)),
    "amount": st.one_of(st.just(float("nan")), st.floats(-1e13, 1e13)),
    "date": st.one_of(st.just(np.datetime64("NaT")), st.dates().map(np.datetime64)),
    "set": st.integers(0, 7),
}
DTYPES: dict[Kind, str] = {
    "label": "int16",
    "flag": "int8",
    "score": "float64",
    "amount": "float64",
    "date": "datetime64[D]",
    "set": "uint64",
}


@given(st.sampled_from(list(CELLS)), st.sampled_from([0, 2, 4]), st.data())
@settings(max_examples=200)
def test_an_output_of_any_kind_is_stored_and_restored(kind: Kind, decimals: int, data: st.DataObject) -> None:
    output = Output("out", kind=kind, labels=KEYS if kind in ("label", "set") else (), decimals=decimals)
    cells: Array = np.array(data.draw(st.lists(CELLS[kind], max_size=8)), dtype=DTYPES[kind])
    column = check_outputs(policy_with(output), {"out": cells}, len(cells))["out"]
    ids = {"gold": 300, "silver": 7, "bronze": 20_000}
    kept = decode(encode(block(len(cells), p__out=stored(column, output, ids)))).values["p.out"]
    again = restored(kept, output, {number: key for key, number in ids.items()})
    assert missing(again).tolist() == missing(column).tolist()
    if isinstance(column, Codes):
        assert list(again) == list(column)
    elif kind in ("score", "amount"):
        assert np.array_equal(np.round(np.asarray(again), decimals), np.asarray(column), equal_nan=True)
    else:
        assert np.array_equal(np.asarray(again), np.asarray(column), equal_nan=kind == "date")


def test_a_label_that_is_no_longer_declared_keeps_its_key() -> None:
    output = Output("out", labels=KEYS[:2])
    column = restored(np.array([1, 2, 3, NONE]), output, {1: "gold", 2: "silver", 3: "platinum"})
    assert isinstance(column, Codes)
    assert column.texts() == ["gold", "silver", "platinum", None]
    assert column.values[:2] == ("gold", "silver")


def test_labels_are_kept_by_their_number_whatever_their_order() -> None:
    ids = {"gold": 5, "silver": 9, "bronze": 2}
    one = stored(Codes.of(["gold", None, "bronze"], ["gold", "silver", "bronze"]), Output("out", labels=KEYS), ids)
    other = stored(Codes.of(["gold", None, "bronze"], ["bronze", "silver", "gold"]), Output("out", labels=KEYS[::-1]), ids)
    assert one.tolist() == other.tolist() == [5, NONE, 2]


def test_arrow_keeps_every_dtype() -> None:
    given_ = {
        "whole": np.array([1, 2]),
        "real": np.array([1.5, np.nan]),
        "day": np.array(["2024-02-29", "NaT"], dtype="datetime64[D]"),
        "flag": np.array([1, -1], dtype=np.int8),
        "bits": np.array([2**64 - 1, 0], dtype=np.uint64),
    }
    found = read_arrow(to_arrow(given_))
    assert {name: array.dtype for name, array in found.items()} == {name: array.dtype for name, array in given_.items()}
    assert all(np.array_equal(found[name], given_[name], equal_nan=name in ("real", "day")) for name in given_)
