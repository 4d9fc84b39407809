"""Care plans as documents: every fault at once, with its place; texts fill in what is known and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from engine.care.plans import Plan
from engine.care.texts import filled
from engine.errors import CareError

BIRTHDAY = {"trigger": "birthday", "text": {"en": "Happy birthday, ${name}!", "zh": "${name}，生日快乐！"}}


def test_defaults_are_written_out_and_read_again() -> None:
    plan = Plan.read("birthday", BIRTHDAY)
    assert (plan.consent, plan.delivery, plan.late_days, plan.title["zh"]) == ("unless_refused", "task", 2, "birthday")
    assert Plan.read("birthday", plan.as_dict()) == plan
    mail = Plan.read("mail", {**BIRTHDAY, "delivery": "email", "subject": "Hello", "who": {"output": "abc.class", "labels": ["A"]}})
    assert (mail.consent, mail.who) == ("required", ("abc.class", ("A",)))
    assert Plan.read("mail", mail.as_dict()) == mail


@pytest.mark.parametrize(
    ("document", "places"),
    [
        ({}, {"trigger", "text"}),
        ({**BIRTHDAY, "txet": "x", "delivery": "pigeon", "control_share": 0.9, "channel": "Smoke signs"}, {"txet", "delivery", "control_share", "channel"}),
        ({**BIRTHDAY, "text": {"en": "Dear ${nmae} $", "fr": "x"}}, {"text"}),
        ({**BIRTHDAY, "text": "Dear ${nmae}"}, {"text.en", "text.zh"}),
        ({**BIRTHDAY, "text": "costs 5 $ only"}, {"text.en", "text.zh"}),
        ({**BIRTHDAY, "day": "12-25"}, {"day"}),
        ({**BIRTHDAY, "trigger": "festival"}, {"day"}),
        ({**BIRTHDAY, "trigger": "festival", "day": "2-30"}, {"day"}),
        ({**BIRTHDAY, "trigger": "festival", "day": "12-25", "lunar": "8-15"}, {"day"}),
        ({**BIRTHDAY, "trigger": "festival", "lunar": "13-1"}, {"lunar"}),
        ({**BIRTHDAY, "trigger": "silence"}, {"days"}),
        ({**BIRTHDAY, "trigger": "upgrade"}, {"output"}),
        ({**BIRTHDAY, "trigger": "verify"}, {"who"}),
        ({**BIRTHDAY, "who": {"output": "x"}, "days_before": -1, "cap_most": 0, "contact": ["phone"]}, {"who", "days_before", "cap_most", "contact[0]"}),
        ({**BIRTHDAY, "delivery": "email"}, {"subject"}),
    ],
)  # fmt: skip
def test_every_fault_with_its_place(document: dict[str, Any], places: set[str]) -> None:
    with pytest.raises(CareError) as caught:
        Plan.read("p", document)
    assert {fault.place for fault in caught.value.faults} == places


@pytest.mark.parametrize("key", ["", "Birthday", "1st", "x" * 61, None])
def test_what_is_no_key(key: Any) -> None:
    with pytest.raises(CareError, match="key: found"):
        Plan.read(key, BIRTHDAY)


def test_a_hint_for_a_misspelt_placeholder() -> None:
    with pytest.raises(CareError, match="did you mean 'name'"):
        Plan.read("p", {**BIRTHDAY, "text": "Dear ${nmae}"})


@pytest.mark.parametrize("name", ["{{7*7}}", "${level}", "{0.__class__}", "%(x)s", "$$"])
def test_what_is_filled_in_is_only_text(name: str) -> None:
    assert filled("Dear ${name}, you pay $$5", {"name": name}) == f"Dear {name}, you pay $5"
