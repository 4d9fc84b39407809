"""The cut that is found gives the count that is told, and no other value gives a nearer one."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import RulebookError, RunError
from engine.places import find_place, with_value
from engine.service import Engine
from engine.wanted import SCAN, search
from tests.test_dividing import book, opened

TABLE = {
    "inputs": ["orders.amount", "orders.count"],
    "outputs": [{"name": "worth", "values": ["high", "middle", "low"]}],
    "hit_policy": "first",
    "rows": [{"when": [">= 1000", "-"], "then": ["high"]}, {"when": ["[200..1000)", ">= 2"], "then": ["middle"]}],
    "default": ["low"],
}
RICH: dict[str, Any] = {
    **book(),
    "policies": [
        *book()["policies"],
        {"key": "worth", "type": "decision_table", "params": {"table": TABLE}},
        {"key": "vip", "type": "abc", "for": {"feature": "orders.count", "op": ">=", "value": 3}},
    ],
}


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 35), st.booleans())
def test_a_search_finds_the_nearest_counts(counts: list[int], wanted: int, ordered: bool) -> None:
    counts = sorted(counts) if ordered else counts
    found = search(counts.__getitem__, len(counts), wanted)
    below, above = [n for n in counts if n <= wanted], [n for n in counts if n >= wanted]
    if found.method == "bisection" and not ordered:
        return  # the values tried showed an order that the others do not have
    assert (found.below.count if found.below else None) == (max(below) if below else None)
    assert (found.above.count if found.above else None) == (min(above) if above else None)
    for hit in (found.below, found.above):
        assert hit is None or counts[hit.at] == hit.count


def test_a_long_ordered_search_is_short() -> None:
    asked = []

    def count(at: int) -> int:
        asked.append(at)
        return 1_000_000 - at // 3

    found = search(count, 1_000_000, 777_777)
    assert found.exact
    assert len(asked) < 40


def test_a_long_search_without_order_says_so() -> None:
    found = search(lambda at: abs(at - 5_000), 10_000, 1234)
    assert found.method == "a grid of candidates"
    assert found.exact
    assert found.tried < SCAN + 100


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with opened(sqlite_url, RICH) as made:
        yield made


def realised(engine: Engine, document: Any, address: str, label: str) -> int:
    engine.publish(document)
    return engine.run(engine.run_record().as_of, recompute=True).outputs[address].get(label, 0)


@pytest.mark.parametrize(
    ("place", "address", "label", "count"),
    [
        ("abc.cuts[0]", "abc.class", "A", 11),
        ("policies[abc].params.cuts[1]", "abc.class", "C", 9),
        ("worth.table.rows[0].when[0]", "worth.worth", "high", 7),
        ("worth.table.rows[1].when[0]#1", "worth.worth", "middle", 6),
        ("worth.table.rows[1].when[1]", "worth.worth", "middle", 10),
        ("vip.for.value", "vip.class", "A", 5),
        ("lifecycle.loyal_orders", "lifecycle.stage", "loyal", 4),
    ],
)
def test_what_is_found_is_realised_and_nothing_is_nearer(engine: Engine, place: str, address: str, label: str, count: int) -> None:
    found = engine.insight.wanted(RICH, place, address, label, count)
    assert found.value is not None
    assert found.count is not None
    assert found.count <= count
    assert found.simulation is not None
    assert found.simulation.migrations[address].counts_after.get(label, 0) == found.count
    place_ = find_place(engine.check(RICH).document, place)
    for value in [place_.value * factor for factor in (0.2, 0.5, 0.9, 1, 1.1, 2, 5)]:
        with contextlib.suppress(RulebookError):
            drafted = engine.simulate(with_value(engine.check(RICH).document, place_, value)).migrations[address]
            other = drafted.counts_after.get(label, 0)
            assert not found.count < other <= count, f"{value} gives {other}"
    assert realised(engine, found.document, address, label) == found.count


def test_a_capacity_is_exceeded_only_when_asked(engine: Engine) -> None:
    possible = {engine.insight.wanted(RICH, "worth.table.rows[0].when[0]", "worth.worth", "high", n).count for n in range(0, 49, 8)}
    assert possible == set(range(0, 49, 8))  # every amount is another, so every count is possible
    counts = {n: engine.insight.wanted(RICH, "vip.for.value", "vip.class", "A", n) for n in (1, 4, 9, 15)}
    for n, found in counts.items():
        assert found.count is None or found.count <= n
        more = engine.insight.wanted(RICH, "vip.for.value", "vip.class", "A", n, beyond=True)
        assert more.count is not None
        assert found.count is None or abs(more.count - n) <= abs(found.count - n)


def test_a_count_that_cannot_be_kept_within(engine: Engine) -> None:
    found = engine.insight.wanted(RICH, "lifecycle.new_days", "lifecycle.stage", "prospect", 2)
    assert (found.value, found.document, found.simulation) == (None, None, None)
    assert found.finding.en == "No value of policies[lifecycle].params.new_days keeps prospect within 2; the fewest possible are 12"
    assert found.finding.zh.startswith("policies[lifecycle].params.new_days 取任何值都无法使 prospect 不超过 2 位")
    json.dumps(found.as_dict())


def test_an_impossible_count_names_both_neighbours(engine: Engine) -> None:
    found = engine.insight.wanted(RICH, "vip.for.value", "vip.class", "A", 1000)
    assert not found.exact
    assert found.above is None
    assert found.finding.en.startswith("Exactly 1,000 A is not possible, only ")


def test_places() -> None:
    document = {
        "name": "x",
        "policies": [{"key": "a", "type": "abc", "params": {"cuts": [0.5, 0.9], "table": TABLE}}],
        "guards": {"label": 0.6},
    }
    assert find_place(document, "a.cuts[1]").written == "policies[a].params.cuts[1]"
    assert find_place(document, "policies[0].params.cuts[1]").value == 0.9
    assert find_place(document, "guards.label").value == 0.6
    cell = find_place(document, "a.table.rows[1].when[0]#2")
    assert (cell.value, cell.feature, cell.policy) == (1000, "orders.amount", "a")
    assert with_value(document, cell, 750.5)["policies"][0]["params"]["table"]["rows"][1]["when"][0] == "[200..750.5)"
    assert with_value(document, cell, 1e-7)["policies"][0]["params"]["table"]["rows"][1]["when"][0] == "[200..0.0000001)"
    assert document["policies"][0]["params"]["cuts"] == [0.5, 0.9]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("b.cuts[0]", "there is no entry 'b'"),
        ("a.cust[0]", "did you mean 'cuts'"),
        ("a.cuts[7]", "it has 2 entries, counted from 0"),
        ("a.cuts", "only a number can be searched for"),
        ("a.cuts[0].x", "has nothing inside"),
        ("a.table.rows[1].when[0]", "end it with #1 to #2"),
        ("a.table.rows[1].when[0]#3", "end it with #1 to #2"),
        ("a.cuts[0]#2", "holds the single number"),
        ("a.cuts[0]#x", "expected the number of a number"),
        ("", "no place is named"),
        ("a..cuts", "is not understood from"),
        ("policies", "only a number can be searched for"),
    ],
)
def test_places_that_lead_nowhere(written: str, message: str) -> None:
    document = {"policies": [{"key": "a", "type": "abc", "params": {"cuts": [0.5, 0.9], "table": TABLE}}]}
    with pytest.raises(RulebookError, match=re.escape(message)):
        find_place(document, written)


def test_mistakes_are_named(engine: Engine) -> None:
    for arguments, message in (
        (("abc.cuts[0]", "abc.clas", "A", 5), "did you mean 'abc.class'"),
        (("abc.cuts[0]", "abc.class", "Z", 5), "has no label 'Z'"),
        (("abc.cuts[0]", "lifecycle.stage", "new", 5), "does not touch lifecycle.stage: lifecycle does not need abc"),
        (("abc.cuts[0]", "abc.class", "A", -1), "expected 0 or more"),
    ):
        with pytest.raises(RunError, match=re.escape(message)):
            engine.insight.wanted(RICH, *arguments)  # type: ignore[arg-type]


def test_the_example_of_the_page_prints_what_its_comments_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[1] / "docs" / "reference" / "insight.md"
    code = "".join(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102 the page's own example
    assert printed.getvalue().splitlines() == re.findall(r"print\(.*\) +# (.*)", code)
