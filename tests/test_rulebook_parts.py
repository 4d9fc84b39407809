"""Examples, limits and responsibility in a rulebook document: every fault with id and place, one canonical form."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.catalogue import Catalogue
from engine.documents import read_text
from engine.errors import RulebookError
from engine.policy import Text
from engine.rulebook import Rulebook, load_rulebook
from engine.rulebook_parts import text_of
from engine.rulebook_sources import read_source
from tests.small_book import built_in

CASES = yaml.safe_load((Path(__file__).parent / "cases" / "governance" / "documents.yaml").read_text(encoding="utf-8"))
POLICIES: list[dict[str, Any]] = [
    {"key": "abc", "type": "abc"},
    {"key": "lifecycle", "type": "lifecycle"},
    {"key": "off", "type": "abc", "enabled": False},
]


def load(**parts: Any) -> Rulebook:
    policies = [{**POLICIES[0], **parts.pop("responsibility", {})}, *POLICIES[1:]]
    return load_rulebook({"name": "Test", "policies": policies, **parts}, built_in(), Catalogue.built_in())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_every_fault_is_found_with_its_place(case: dict[str, Any]) -> None:
    parts = {name: case[name] for name in ("examples", "limits", "responsibility") if name in case}
    with pytest.raises(RulebookError) as raised:
        load(**parts)
    assert sorted(f"{fault.code} {fault.place}" for fault in raised.value.faults) == sorted(case["faults"])
    assert case.get("said", "") in str(raised.value)


def test_what_rests_on_a_faulty_policy_is_not_blamed_twice() -> None:
    with pytest.raises(RulebookError) as raised:
        load(
            responsibility={"params": {"cuts": "x"}},
            examples=[{"name": "x", "features": {}, "expect": {"abc.class": "A"}}],
            limits=[{"output": "abc.class", "moved": 0.1}],
        )
    assert {fault.place.split(".")[0] for fault in raised.value.faults} == {"policies[0]"}


def test_too_many_examples_are_refused_without_reading_them() -> None:
    with pytest.raises(RulebookError, match="1,001 examples"):
        load(examples=[{}] * 1001)


def test_the_canonical_form_is_read_back_as_itself() -> None:
    rulebook = load(
        responsibility={"owner": " Li Wei ", "review_by": "2027-06-30"},
        examples=[
            {"name": "In English", "features": {"orders.count": 3.0, "previous.abc.class": "B"}, "expect": {"abc.class": "withheld"}},
            {"name": {"zh": "中文", "en": "Chinese"}, "customer": "C1", "expect": {"lifecycle.stage": "active"}},
        ],
        limits=[{"output": "abc.class", "label": "A", "capacity": 5.0, "max_share": None}, {"output": "lifecycle.stage", "moved": 0.2}],
    )
    assert rulebook.entry("abc").owner == "Li Wei"
    assert rulebook.entry("abc").review_by == dt.date(2027, 6, 30)
    assert rulebook.document["examples"][0] == {
        "name": {"en": "In English", "zh": "In English"},
        "features": {"orders.count": 3.0, "previous.abc.class": "B"},
        "expect": {"abc.class": None},
    }
    assert rulebook.document["limits"] == [
        {"output": "abc.class", "label": "A", "capacity": 5},
        {"output": "lifecycle.stage", "moved": 0.2},
    ]
    again = load_rulebook(rulebook.document, built_in(), Catalogue.built_in())
    assert (again.hash, again.examples, again.limits) == (rulebook.hash, rulebook.examples, rulebook.limits)
    assert load().hash != rulebook.hash
    assert "examples" not in load().document


def test_a_fault_names_the_line_of_the_file() -> None:
    text = "name: T\npolicies:\n  - {key: abc, type: abc}\nexamples:\n  - name: x\n    features:\n      orders.cout: 1\n    expect: {abc.class: A}\n"
    with pytest.raises(RulebookError, match=re.escape("examples[0].features.orders.cout (line 7)")):
        load_rulebook(read_text(text, "t.yaml"), built_in(), Catalogue.built_in())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("x", Text("x", "x")),
        ({"zh": "甲"}, Text("甲", "甲")),
        ({"en": "a", "zh": "甲"}, Text("a", "甲")),
        ({}, None),
        (" ", None),
        ({"en": 1}, None),
        ({"fr": "a"}, None),
        (None, None),
    ],
)
def test_a_title_is_a_text_or_both_languages(given: Any, expected: Text | None) -> None:
    assert text_of(given) == expected


def test_the_document_of_the_reference_page_is_sound() -> None:
    page = (Path(__file__).parents[1] / "docs" / "reference" / "rulebook.md").read_text(encoding="utf-8")
    written = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0]
    rulebook = load_rulebook(read_text(written, "page"), built_in(), Catalogue.built_in())
    assert (len(rulebook.examples), len(rulebook.limits)) == (1, 2)


def test_every_policy_of_the_starter_has_a_responsible_person() -> None:
    starter = load_rulebook(read_source("starter"), built_in(), Catalogue.built_in())
    assert all(entry.owner and entry.review_by for entry in starter.entries)
