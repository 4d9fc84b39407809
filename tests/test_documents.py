"""Documents are read without YAML's surprises, and one value has one canonical form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.documents import canonical, read_text
from engine.errors import RulebookError

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("text", ["12:30", "no", "NO", "0123", "1_000", "2025-01-31", "0x1f", "1.2.3"])
def test_what_yaml_1_1_would_turn_into_something_else_stays_text(text: str) -> None:
    assert read_text(f"value: {text}").value == {"value": text}


@pytest.mark.parametrize(("text", "value"), [("7", 7), ("-0.5", -0.5), ("1e3", 1000.0), ("true", True), ("null", None), ("'7'", "7")])
def test_json_scalars(text: str, value: object) -> None:
    assert read_text(f"value: {text}").value == {"value": value}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\na: 2", "first on line 1"),
        ("a: &x 1\nb: *x", "anchor or alias"),
        ("a: !!python/object:os.system x", "the tag"),
        ("a: .nan", "finite number"),
        ("a: 1e400", "below 1e300"),
        ("a: [1, 2", "line 2: not readable"),
        ("[" * 200, "nested deeper"),
        ("a: 1\n---\nb: 2", "2 documents"),
        ("a: \x00", "not readable"),
    ],
)
def test_what_is_refused_names_the_place(text: str, words: str) -> None:
    with pytest.raises(RulebookError, match=words.replace("(", r"\(")):
        read_text(text)


def test_every_duplicate_is_listed_at_once() -> None:
    with pytest.raises(RulebookError) as caught:
        read_text("a: 1\na: 2\nb: {c: .inf, c: 1}")
    assert [fault.code for fault in caught.value.faults] == ["TW005", "TW016", "TW005"]


def test_a_place_knows_its_line() -> None:
    document = read_text("name: x\npolicies:\n  - key: rfm\n    params: {bins: 5}\n")
    assert document.where("policies[0].params.bins") == "policies[0].params.bins (line 4)"
    assert document.where("policies[0].params.windows") == "policies[0].params.windows (line 4)"


def test_canonical_follows_rfc_8785() -> None:
    value = {"b": [1.0, 1e21, 1e-7, 4.50, 333333333.33333329], "a": "\u20ac$\u000f\nA'\"", "\u0065\u0301": None}
    assert canonical(value) == '{"a":"€$\\u000f\\nA\'\\"","b":[1,1e+21,1e-7,4.5,333333333.3333333],"é":null}'


@given(JSON_VALUES)
def test_canonical_is_stable_and_keeps_the_value(value: object) -> None:
    text = canonical(value)
    assert canonical(json.loads(text)) == text
