"""The digest: free of order, additive over partitions, sensitive to every single cell."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from engine.columns import Array, Codes, Column
from engine.digest import digest, lanes, mix, reason_hashes, text_hash, value_hashes

GRADES = ("A", "B", "C")
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)


def keys_of(count: int) -> Array:
    """Different key hashes, negative ones among them."""
    return mix(np.arange(1, count + 1, dtype=np.uint64)).view(np.int64)


def column(kind: str, cells: list[int | None]) -> Column:
    """A column of any kind from small whole numbers; None is missing."""
    if kind == "label":
        return Codes(np.array([-1 if c is None else c % 3 for c in cells], dtype=np.int16), GRADES)
    if kind == "flag":
        return np.array([-1 if c is None else c % 2 for c in cells], dtype=np.int8)
    if kind == "date":
        return np.array([np.datetime64("NaT") if c is None else np.datetime64(c, "D") for c in cells], dtype="datetime64[D]")
    if kind == "set":
        return np.array([0 if c is None else c % 8 for c in cells], dtype=np.uint64)
    return np.array([np.nan if c is None else c / 100 for c in cells])


CELLS = st.lists(st.one_of(st.none(), st.integers(-40_000, 40_000)), min_size=1, max_size=12)
KINDS = st.sampled_from(["label", "flag", "date", "set", "score"])


@given(KINDS, CELLS, st.randoms(use_true_random=False))
def test_order_is_free(kind: str, cells: list[int | None], chance: object) -> None:
    keys, values = keys_of(len(cells)), column(kind, cells)
    order = np.array(sorted(range(len(cells)), key=lambda _: chance.random()))  # type: ignore[attr-defined]
    assert lanes(keys[order], value_hashes(values[order], 2)) == lanes(keys, value_hashes(values, 2))


@given(KINDS, CELLS, st.integers(0, 12), st.integers(0, 12))
def test_the_lanes_of_partitions_add_up(kind: str, cells: list[int | None], one: int, other: int) -> None:
    keys, values = keys_of(len(cells)), column(kind, cells)
    first, second = sorted((min(one, len(cells)), min(other, len(cells))))
    parts = [lanes(keys[part], value_hashes(values[part], 2)) for part in (slice(0, first), slice(first, second), slice(second, None))]
    added = tuple(sum(part[lane] for part in parts) % 2**64 for lane in (0, 1))
    assert added == lanes(keys, value_hashes(values, 2))


@given(KINDS, CELLS, st.integers(0, 11), st.one_of(st.none(), st.integers(-40_000, 40_000)))
def test_every_cell_counts(kind: str, cells: list[int | None], row: int, other: int | None) -> None:
    changed = list(cells)
    changed[row % len(cells)] = other
    keys, before, after = keys_of(len(cells)), column(kind, cells), column(kind, changed)
    same = list(before) == list(after) if isinstance(before, Codes) else before.tobytes() == after.tobytes()  # type: ignore[union-attr]
    assume(not same)
    first, second = lanes(keys, value_hashes(before, 2)), lanes(keys, value_hashes(after, 2))
    assert first[0] != second[0]
    assert first[1] != second[1]


@given(hnp.arrays(np.int64, 6, elements=INT64, unique=True))
def test_it_counts_who_has_a_value(keys: Array) -> None:
    values = value_hashes(Codes(np.array([0, 0, 0, 1, 1, 2], dtype=np.int16), GRADES))
    swapped = keys[[3, 1, 2, 0, 4, 5]]
    assert lanes(swapped, values) != lanes(keys, values)


@pytest.mark.parametrize("decimals", [0, 2, 4])
def test_no_number_looks_like_a_missing_one(decimals: int) -> None:
    near = np.array([-3, -2, -1, 0, 1, 2, 3]) / 10**decimals
    hashes = value_hashes(np.append(near, np.nan), decimals)
    assert len(set(hashes.tolist())) == 8


def test_no_day_looks_like_a_missing_one() -> None:
    days = np.array([*np.arange(-3, 4), np.datetime64("NaT")], dtype="datetime64[D]")
    assert len(set(value_hashes(days).tolist())) == 8


def test_no_set_looks_like_another() -> None:
    sets = np.array([0, 1, 2, 3, 2**63, 2**64 - 1], dtype=np.uint64)
    assert len(set(value_hashes(sets).tolist())) == 6


def test_a_label_is_hashed_by_its_key_and_not_by_its_position() -> None:
    one = Codes(np.array([0, 1, -1], dtype=np.int16), ("A", "B"))
    other = Codes(np.array([2, 0, -1], dtype=np.int32), ("B", "C", "A"))
    assert value_hashes(one).tolist() == value_hashes(other).tolist()


@given(hnp.arrays(np.float64, 5, elements=st.floats(-1e6, 1e6).map(lambda x: round(x, 4))))
def test_a_number_is_hashed_by_its_decimals(values: Array) -> None:
    noisy = np.nextafter(values, np.inf)
    assert value_hashes(values, 4).tolist() == value_hashes(noisy, 4).tolist()


def test_mix_is_a_bijection_on_what_was_tried() -> None:
    tried = np.concatenate([np.arange(50_000, dtype=np.uint64), np.arange(2**64 - 50_000, 2**64 - 1, dtype=np.uint64)])
    before = tried.copy()
    assert len(np.unique(mix(tried))) == len(tried)
    assert (tried == before).all()


def test_reasons_are_hashed_by_their_words() -> None:
    one = reason_hashes(np.array([0, 1, -1]), ["missing: orders.count", "nobody to learn from"])
    other = reason_hashes(np.array([1, 0, -1]), ["nobody to learn from", "missing: orders.count"])
    assert one.tolist() == other.tolist()
    assert one[2] == 0
    assert one[0] == text_hash("withheld: missing: orders.count")


def test_the_digest_does_not_depend_on_the_order_of_outputs() -> None:
    lines = {"rfm.segment": (1, 2), "abc.class": (3, 4)}
    assert digest(lines) == digest(dict(reversed(lines.items())))
    assert len(digest(lines)) == 64


@given(st.dictionaries(st.sampled_from(["a.x", "b.y", "c.z"]), st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)), min_size=1))
@settings(max_examples=50)
def test_the_digest_marks_what_is_stale(lines: dict[str, tuple[int, int]]) -> None:
    found = {digest(lines)} | {digest(lines, [address]) for address in lines}
    assert len(found) == len(lines) + 1


def test_the_digest_is_the_documented_one() -> None:
    """A golden figure: it changes only together with `runner.RESULTS`."""
    keys = np.array([1, 2, -3, 4], dtype=np.int64)
    lines = {
        "p.label": lanes(keys, value_hashes(Codes(np.array([0, 1, 2, -1], dtype=np.int16), GRADES))),
        "p.score": lanes(keys, value_hashes(np.array([1.5, -0.01, np.nan, 0.0]), 2)),
        "p.flag": lanes(keys, value_hashes(np.array([0, 1, -1, 1], dtype=np.int8))),
        "p.date": lanes(keys, value_hashes(np.array(["1969-12-31", "1970-01-01", "NaT", "2024-02-29"], dtype="datetime64[D]"))),
    }
    assert digest(lines, ["p.flag"]) == "b272691dd1ff21aa7c9738f7e8c6b25e330fd395a572a1c87c9597a169061490"
