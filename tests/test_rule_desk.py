"""Rules that are being written: what they may read, whom each row decides, what mends cost, tables as spreadsheets."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import RulebookError
from engine.rule_inspection import RuleInspection
from engine.service import Engine
from tests.small_store import AS_OF
from tests.test_verification import book, engine, segments, table

__all__ = ["engine"]


def grades(policy: str, *rows: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A table of grades over the number of orders: customers have 0, 1, 2, 3, 4, 5, 9 and 12."""
    made = table(policy, *rows)
    made["params"]["table"].update(more)
    return made


@pytest.fixture
def live(engine: Engine) -> Engine:
    engine.publish(book(grades("first", (">= 4", "A"), (">= 1", "B"), default=["C"])))
    engine.run(AS_OF)
    return engine


def inspect(engine: Engine, *policies: dict[str, Any], policy: str = "t", place: str = "table") -> RuleInspection:
    found = engine.rules.inspect(book(*policies), policy, place)
    assert found is not None
    return found


def test_hits_stand_beside_the_live_ones_row_by_row(live: Engine) -> None:
    found = inspect(live, grades("first", (">= 9", "A"), (">= 1", "B"), default=["C"]))
    assert (found.draft, found.otherwise) == ((2, 5), 1)
    assert (found.live, found.live_otherwise) == ((None, 3), 1), "the first row is new"
    assert found.customers == 8
    moved = inspect(live, grades("first", (">= 1", "B"), (">= 4", "A"), default=["C"]))
    assert (moved.draft, moved.live) == ((7, 0), (3, 4)), "rows are known by what they say"


def test_a_mend_says_whom_it_moves(live: Engine) -> None:
    found = inspect(live, grades("first", (">= 1", "B"), (">= 4", "A"), default=["C"]))
    ((finding, (up, away)),) = found.findings
    assert (finding.finding.kind, finding.finding.rows, finding.customers) == ("unreachable", (2, 1), 4)
    assert (up.mend.title.en, up.moved, up.moves) == ("Move row 2 above row 1", 4, (("B", "A", 4),))
    assert (away.mend.title.en, away.moved, away.moves) == ("Delete row 2", 0, ())
    mended = inspect(live, {**grades("first", ("-", "A")), "params": {"table": up.mend.value}})
    assert mended.findings == ()
    assert mended.draft == (4, 3)


def test_the_price_of_a_gap(live: Engine) -> None:
    found = inspect(live, grades("first", (">= 4", "A"), ("[1..3)", "B")))
    ((finding, prices),) = found.findings
    assert (finding.finding.kind, finding.customers) == ("gap", 2)
    default, row = prices
    assert (default.moved, default.moves) == (2, ((None, "B", 2),))
    told = found.as_dict()
    assert told["findings"][0]["mends"][0]["moves"] == [[None, "B", 2]]
    assert told["hits"]["default"] == 2
    assert row.mend.value["rows"][-1]["when"] in (["[3..4)"], ["< 1"], ["3"])


def test_conflicts_are_priced_too(live: Engine) -> None:
    found = inspect(live, grades("unique", (">= 2", "A"), ("<= 3", "B")))
    ((finding, (first,)),) = found.findings
    assert (finding.finding.kind, finding.customers, first.mend.title.en) == ("conflict", 2, "Let the first match count")
    assert (first.moved, first.moves) == (2, ((None, "A", 2),))


def test_named_conditions_have_hits_and_mends(live: Engine) -> None:
    found = inspect(live, segments(1, 4), policy="s", place="segments")
    assert found.draft == (7, 0)
    assert found.live is None
    kinds = {each.finding.kind: prices for each, prices in found.findings}
    (price,) = kinds["unreachable"]
    assert (price.mend.title.en, price.moved) == ("Delete from_4", 0)
    assert [each["key"] for each in price.mend.value] == ["from_1"]
    assert kinds["gap"] == ()


def test_the_map_of_rfm_is_a_table_like_any_other(live: Engine) -> None:
    found = inspect(live, {"key": "rfm", "type": "rfm"}, policy="rfm", place="segments")
    assert found.draft is not None
    assert sum(found.draft) == 7, "whoever never bought has no segment"


def test_before_anything_is_live(engine: Engine) -> None:
    found = inspect(engine, grades("first", (">= 9", "A"), default=["C"]))
    assert (found.draft, found.live, found.otherwise) == ((2,), None, 6)


@pytest.mark.parametrize(("policy", "place"), [("t", "tabel"), ("x", "table"), ("abc", "cuts")])
def test_rules_that_are_not_there_are_refused(live: Engine, policy: str, place: str) -> None:
    with pytest.raises(RulebookError, match="there are no rules at"):
        inspect(live, grades("first", ("-", "A")), {"key": "abc", "type": "abc"}, policy=policy, place=place)


def test_a_disabled_policy_is_refused_in_words(live: Engine) -> None:
    with pytest.raises(RulebookError, match=r"there are no rules at t\.table"):
        inspect(live, {**grades("first", ("-", "A")), "enabled": False}, {"key": "abc", "type": "abc"})


def test_inputs_are_features_and_outputs_that_make_no_circle(live: Engine) -> None:
    over = {**table("first", ("-", "A"), inputs="rfm.segment"), "key": "second"}
    document = book({"key": "rfm", "type": "rfm"}, over, grades("first", ("-", "A")))
    names = {each.name: each.as_dict() for each in live.rules.inputs(document, "rfm")}
    assert "second.grade" not in names, "it reads rfm"
    assert "t.grade" in names
    assert "rfm.segment" not in names
    assert "previous.rfm.segment" in names
    count = names["orders.count"]
    assert (count["kind"], count["unit_title"]) == ("number", {"en": "orders", "zh": "单"})
    assert count["windows"]["en"].replace("{n}", "45") == live.catalogue.resolve("orders.count_45d").title.en
    segment = {each.name: each.as_dict() for each in live.rules.inputs(document, "t")}["rfm.segment"]
    assert segment["ordered"]
    assert segment["values"][0] == {"key": "champions", "title": {"en": "Champions", "zh": "冠军客户"}, "step": 1}
    assert names["profile.kind"]["values"] == [
        {"key": "person", "title": None, "step": None},
        {"key": "company", "title": None, "step": None},
    ]


@pytest.mark.parametrize(
    "document", [None, [], {"policies": 5}, {"policies": [None, {"type": "nothing"}, {"type": "rfm", "params": {"bins": "x"}}]}]
)
def test_a_faulty_document_still_offers_the_features(live: Engine, document: Any) -> None:
    names = [each.name for each in live.rules.inputs(document, "t")]
    assert "orders.count" in names
    assert not [name for name in names if name.startswith("rfm.")]
    assert live.rules.labels(document, "rfm") == {}


def test_labels_of_outputs(live: Engine) -> None:
    found = live.rules.labels(book(grades("first", (">= 4", "A"), default=["C"])), "t")
    assert [each["key"] for each in found["grade"]] == ["A", "C"]
    assert [each["step"] for each in found["grade"]] == [1, 8]


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_a_table_goes_through_a_spreadsheet(live: Engine, ending: str) -> None:
    document = {
        "inputs": ["orders.count", "profile.city"],
        "outputs": [{"name": "grade", "values": ["A", "=B"]}],
        "hit_policy": "first",
        "rows": [{"when": [">= 4", '"Paris"'], "then": ["A"], "note": "=1+1"}, {"when": ["-", "-"], "then": ["=B"]}],
    }
    assert live.rules.of_file(f"x.{ending.upper()}", live.rules.to_file(document, ending)) == document


def test_bad_files_are_refused_in_words(live: Engine) -> None:
    for name, data in (("x.txt", b""), ("x.csv", b"a,b"), ("x.xlsx", b"PK\x03\x04"), ("x", b""), ("x.csv", b"\xff\xfe")):
        with pytest.raises(RulebookError):
            live.rules.of_file(name, data)
    with pytest.raises(RulebookError):
        live.rules.to_file({"inputs": []}, "csv")
