"""How long a short message is, by the standard's own figures, and where it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.care.lengths import cut, over, parts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3),
        ("€" * 80, 1), ("€" * 81, 2), ("a" * 152 + "€" + "a" * 152, 3),
        ("你" * 70, 1), ("你" * 71, 2), ("你" * 134, 2), ("你" * 135, 3),
        ("a" * 69 + "你", 1), ("a" * 70 + "你", 2), ("😀" * 35, 1), ("😀" * 36, 2), ("😀" * 66, 2), ("😀" * 67, 3),
    ],
)  # fmt: skip
def test_parts_of_a_short_message(text: str, count: int) -> None:
    assert parts(text) == count


@given(st.text(alphabet="ab€你😀 ", max_size=400), st.integers(1, 5))
def test_what_is_cut_fits_and_begins_as_the_text(text: str, most: int) -> None:
    short = cut(text, {"parts": most})
    assert over(short, {"parts": most}) is None
    assert short == text or text.startswith(short.removesuffix("…"))
    assert cut("你" * 200, {"bytes": 30}) == "你" * 9 + "…"


def test_the_limit_is_told() -> None:
    assert over("你好", {"characters": 2, "bytes": 5}) == "6 bytes, and at most 5 are allowed"
