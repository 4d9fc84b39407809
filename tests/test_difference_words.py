"""Differences in words: cases, tables row by row, and a sentence in both languages for every difference there is."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.difference_words import Change, difference_words
from engine.differences import differences
from engine.document_words import condition_text, value_text
from engine.policy import Text
from engine.table_differences import MOST, table_changes
from tests.small_book import book_of, built_in

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "governance" / "differences.yaml").read_text(encoding="utf-8"))
RFM = {"type": "rfm", "title": {"en": "RFM segments", "zh": "RFM 分群"}}
BOOK: dict[str, Any] = book_of(
    [RFM, {"type": "segments"}, {"type": "scorecard"}, {"type": "decision_table"}],
    examples=[{"name": {"en": "A regular", "zh": "老客户"}, "features": {"orders.count": 3}, "expect": {"rfm.segment": "loyal"}}],
    limits=[{"output": "rfm.segment", "moved": 0.2}, {"output": "rfm.segment", "label": "champions", "capacity": 9}],
    features=[{"name": "orders.web_amount", "source": "orders", "aggregate": "sum", "of": "amount"}],
).document  # fmt: skip


def words(was: Any, now: Any) -> list[Change]:
    return difference_words(was, now, built_in().policies.get, currency="CNY")


def edited(path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(BOOK)
    at: Any = document
    *steps, last = path.split(".")
    for step in steps:
        at = at[int(step)] if isinstance(at, list) else at[step]
    at[int(last) if isinstance(at, list) else last] = value
    return document


@pytest.mark.parametrize("case", CASES, ids=[f"{case['path']} = {case['value']}" for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    found = words(BOOK, edited(case["path"], case["value"]))
    assert len(found) == 1
    assert case["en"] in found[0].text.en
    assert case.get("zh", "") in found[0].text.zh


def test_equal_documents_differ_in_nothing() -> None:
    assert words(BOOK, copy.deepcopy(BOOK)) == []


def test_policies_come_go_and_change_their_order() -> None:
    now = copy.deepcopy(BOOK)
    now["policies"] = [now["policies"][1], now["policies"][0], {**now["policies"][2], "key": "second"}, now["policies"][3]]
    assert [(one.kind, one.place, one.text.en) for one in words(BOOK, now)] == [
        ("removed", "policies[scorecard]", "Scorecard: the policy is removed"),
        ("added", "policies[second]", "Scorecard: new policy of type scorecard"),
        ("changed", "policies (order)", "Policies: order segments, rfm, second, decision_table"),
    ]
    assert words(BOOK, now)[0].as_dict()["text"]["zh"] == "评分卡：删除该策略"


TABLE: dict[str, Any] = {
    "inputs": ["count", "region"],
    "outputs": ["grade"],
    "hit_policy": "first",
    "rows": [{"when": [f">= {10 - n}", "-"], "then": [f"G{n}"]} for n in range(5)],
}


def table_words(rows: list[Any] | None = None, **changed: Any) -> list[str]:
    return [text.en for _, text in table_changes(TABLE, {**TABLE, "rows": rows if rows is not None else TABLE["rows"], **changed})]


def test_rows_of_a_table_come_go_move_and_change() -> None:
    rows = copy.deepcopy(TABLE["rows"])
    assert table_words([*rows[:2], *rows[3:]]) == ["row 3 is gone: count >= 8 gives grade G2"]
    assert table_words([*rows, {"when": ["-", '"North"'], "then": ["N"]}]) == ['new row 6: region "North" gives grade N']
    assert table_words([rows[4], *rows[:4]]) == ["row 5 moves to 1: count >= 6 gives grade G4"]
    assert table_words([{**rows[0], "then": ["X"]}, *rows[1:]]) == ["row 1: grade G0 → X"]
    assert table_words([{**rows[0], "note": "why"}, *rows[1:]]) == ["row 1: note none → why"]
    assert table_words([*rows[:1], {"when": ["<= 1", "-"], "then": ["N"]}, *rows[1:-1], {**rows[4], "when": [">= 5", "-"]}]) == [
        "row 6 (was 5): count >= 6 → >= 5",
        "new row 2: count <= 1 gives grade N",
    ]


def test_columns_of_a_table() -> None:
    wider = [{**row, "when": [*row["when"], "-"]} for row in TABLE["rows"]]
    assert table_words(wider, inputs=["count", "region", "age"]) == ["new input age"]
    swapped = [{**row, "when": row["when"][::-1]} for row in TABLE["rows"]]
    assert table_words(swapped, inputs=["region", "count"]) == ["order of the inputs: region, count"]
    assert table_words(outputs=[{"name": "grade", "values": ["A", "B"]}]) == ["values of grade: none → A, B"]
    assert table_words(extra=1) == ["extra: none → 1"]


def test_a_table_of_ten_thousand_rows_is_compared_quickly_and_said_shortly() -> None:
    rows = [{"when": [f">= {n}", "-"], "then": [f"G{n}"]} for n in range(10_000)]
    now = [{**row, "then": ["X"]} for row in rows]
    found = table_changes({**TABLE, "rows": rows}, {**TABLE, "rows": now})
    assert len(found) == MOST + 1
    assert found[-1][1].en.startswith("and 9,940 more")


@pytest.mark.parametrize(
    ("document", "en", "zh"),
    [
        ({"feature": "a.b", "op": "in", "value": ["x", "y"]}, "a.b is one of x, y", "a.b 属于 x、y"),
        ({"feature": "a.b", "op": "<", "other": "c.d"}, "a.b < c.d", "a.b < c.d"),
        ({"not": {"feature": "a.b", "op": "is_missing"}}, "not (a.b is missing)", "非（a.b 缺失）"),
        ({"feature": "d", "op": "within_days_of", "value": "2026-01-01", "days": 3}, "d is near 2026-01-01 (within 3 days)", "d 接近 2026-01-01（相差 3 天内）"),
        ({"all": []}, "all of nothing", "空条件"),
    ],
)  # fmt: skip
def test_conditions_in_words(document: Any, en: str, zh: str) -> None:
    assert condition_text(document) == Text(en, zh)


def test_parts_of_a_condition_that_came_went_and_changed() -> None:
    def leaf(feature: str, value: int) -> dict[str, Any]:
        return {"feature": feature, "op": ">=", "value": value}

    was = edited("policies.0.for", {"all": [leaf("a", 1), leaf("b", 1), leaf("c", 1)]})
    now = edited("policies.0.for", {"all": [leaf("a", 2), leaf("b", 1), leaf("d", 1)]})
    head = "RFM segments: population: "
    assert [one.text.en.removeprefix(head) for one in words(was, now)] == ["a ≥ 1 → a ≥ 2", "no longer c ≥ 1", "new: d ≥ 1"]
    turned = edited("policies.0.for", {"all": [leaf("b", 1), leaf("a", 1), leaf("c", 1)]})
    assert len(words(was, turned)) == 1
    many = [leaf(f"f{n}", n) for n in range(40)]
    deep = words(edited("policies.0.for", {"any": many}), edited("policies.0.for", {"not": {"any": [*many[:-1], leaf("f39", 7)]}}))
    assert "(28 more)" in deep[0].text.en


def test_long_values_that_differ_at_their_end_are_still_said() -> None:
    long = "x" * 500
    found = words({"name": long}, {"name": f"{long}y"})
    assert len(found) == 1
    assert "beyond what is shown" in found[0].text.en
    assert len(value_text(long).en) <= 120
    lists = words({"a": list(range(30))}, {"a": [*range(29), 99]})
    assert "entry 30 29 → entry 30 99" in lists[0].text.en


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document."""
    found = [at]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += paths(inner, (*at, key))
    return found


EVERY = [path for path in paths(BOOK) if path]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10_000) | st.floats(0, 5) | st.sampled_from(["", "loyal", "-", ">= 4", "中文"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "name", "title", "when", "x"]), inner, max_size=3),
    max_leaves=5,
)
edits = st.lists(st.tuples(st.sampled_from(EVERY), st.sampled_from(["set", "remove", "copy", "swap"]), json_values), min_size=1, max_size=4)


def apply(document: Any, path: tuple[Any, ...], what: str, value: Any) -> None:
    """Edit a document at a place, where it is still there."""
    at = document
    for step in path[:-1]:
        try:
            at = at[step]
        except (KeyError, IndexError, TypeError):
            return
    last = path[-1]
    if isinstance(at, list) and isinstance(last, int) and last < len(at):
        if what == "set":
            at[last] = value
        elif what == "remove":
            del at[last]
        elif what == "copy":
            at.append(copy.deepcopy(at[last]))
        else:
            at[0], at[last] = at[last], at[0]
    elif isinstance(at, dict) and isinstance(last, str):
        if what == "remove":
            at.pop(last, None)
        else:
            at[last] = value


def stem(place: str) -> str:
    """The policy or part of the document that a place is in."""
    return place.partition("].")[0].partition(".")[0].removesuffix(" (order)").rstrip("]")


@settings(deadline=None, max_examples=250)
@given(edits)
def test_every_difference_of_random_edits_has_a_sentence_in_both_languages(edits_: list[Any]) -> None:
    now = copy.deepcopy(BOOK)
    for path, what, value in edits_:
        apply(now, path, what, value)
    for was, then in ((BOOK, now), (now, BOOK)):
        found, raw = words(was, then), differences(was, then)
        assert bool(found) == bool(raw)
        for one in found:
            assert one.text.en.strip()
            assert one.text.zh.strip()
            assert "→" not in one.text.en or len(set(one.text.en.rpartition(": ")[2].split(" → "))) > 1 or ":" in one.text.en
        said = {stem(one.place) for one in found}
        for difference in raw:
            assert any(stem(difference.place).startswith(place) or place.startswith(stem(difference.place)) for place in said), difference
        assert len(found) <= len(raw) * (MOST + 40)
    assert words(now, copy.deepcopy(now)) == []
