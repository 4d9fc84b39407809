"""A care plan as a document: when, for whom, by which channel, with which text. Checked completely before it is kept.

Plans are documents and no policies of the rulebook: they act on days, also between runs, compute no outcome of a customer, and
are changed by those who serve customers, without a publication of the rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from engine.care.consent import CONSENTS
from engine.care.occasions import lunar_days
from engine.care.texts import PLACEHOLDERS, wrong_placeholders
from engine.errors import CareError, Fault, did_you_mean

Trigger = Literal["birthday", "festival", "anniversary", "silence", "upgrade", "downgrade", "change", "verify"]
TRIGGERS = ("birthday", "festival", "anniversary", "silence", "upgrade", "downgrade", "change", "verify")
CONTACT = ("interactions", "orders", "tasks")
"""What counts as contact without a custom field of one's own."""
DELIVERIES = ("task", "email", "gateway", "webhook")
KEYS = (
    *(
        "title",
        "trigger",
        "day",
        "lunar",
        "days",
        "contact",
        "output",
        "to",
        "months",
        "who",
        "days_before",
        "late_days",
        "due_days",
        "channel",
    ),
    *("subject", "text", "delivery", "gateway", "consent", "control_share", "cap_days", "cap_most"),
)
LONGEST = 4_000
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
_DAY = re.compile(r"(\d{1,2})-(\d{1,2})\Z", re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_DAYS_OF_MONTH = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked plan. Read with `Plan.read(key, document)`.

    trigger: birthday, festival (day "12-25", or by the Chinese calendar lunar "8-15"), anniversary of joining, silence (days
    since the last contact), upgrade, downgrade and change (of an output's label, to some), verify (data, every so many months).
    who: (output, labels) of those who are cared for, None for everybody. days_before: how long before the occasion it is made;
    late_days: for how long it is made up for. due_days: from then until it is due. channel: "" is the one a customer prefers.
    consent: "required", "unless_refused" or "none". control_share: who is left out to compare with. cap_days, cap_most: at most
    so many cares of all plans in so many days. gateway: by which a message goes; "" is the one of the customer's channel.
    """

    key: str
    title: Mapping[str, str]
    trigger: Trigger
    text: Mapping[str, str]
    subject: Mapping[str, str]
    day: str = ""
    lunar: str = ""
    days: int = 0
    contact: tuple[str, ...] = CONTACT
    output: str = ""
    to: tuple[str, ...] = ()
    months: int = 3
    who: tuple[str, tuple[str, ...]] | None = None
    days_before: int = 0
    late_days: int = 2
    due_days: int = 0
    channel: str = ""
    delivery: str = "task"
    gateway: str = ""
    consent: str = "unless_refused"
    control_share: float = 0.0
    cap_days: int = 0
    cap_most: int = 1

    @classmethod
    def read(cls, key: str, document: Any) -> Plan:
        """Check a document. Raises `CareError` with every fault and its place."""
        return _Reader().plan(key, document)

    @property
    def fixed(self) -> tuple[int, int] | None:
        """Month and day of the festival, by whichever calendar."""
        found = _DAY.match(self.lunar or self.day)
        return (int(found[1]), int(found[2])) if found else None

    def as_dict(self) -> dict[str, Any]:
        """The document with every default written out."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items() if name != "key"}
        plain["who"] = None if self.who is None else {"output": self.who[0], "labels": list(self.who[1])}
        return plain


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, place: str, found: str, expected: str) -> None:
        self.faults.append(Fault("TW421", place, found, expected))

    def plan(self, key: str, document: Any) -> Plan:
        if not isinstance(key, str) or not _KEY.match(key):
            raise CareError(f"key: found {str(key)[:60]!r}; expected up to 60 lower-case letters, digits and _, beginning with a letter")
        if not isinstance(document, Mapping):
            raise CareError("a care plan is an object with trigger and text")
        for name in document:
            if name not in KEYS:
                self.fault(str(name), f"the unknown key {name!r}", did_you_mean(str(name), KEYS) or f"known keys are {', '.join(KEYS)}")
        given = {name: value for name, value in document.items() if value is not None and value != "" and value != {}}
        trigger = self.choice(given, "trigger", TRIGGERS, "")
        delivery = self.choice(given, "delivery", DELIVERIES, "task")
        consent = self.choice(given, "consent", CONSENTS, "unless_refused" if delivery == "task" else "required")
        values: dict[str, Any] = {
            "trigger": trigger,
            "delivery": delivery,
            "consent": consent,
            "title": self.words(given, "title", needed=False) or {"en": key, "zh": key},
            "text": self.words(given, "text", needed=True),
            "subject": self.words(given, "subject", needed=delivery == "email"),
            "who": self.who(given.get("who")),
            "channel": self.word(given.get("channel", "")),
            "control_share": self.share(given.get("control_share", 0)),
            "contact": self.texts(given, "contact", CONTACT),
            "gateway": self.word(
                given.get("gateway", ""), "gateway", "expected the key of a gateway, or nothing for the one of the channel"
            ),
            "to": self.texts(given, "to", ()),
            "output": str(given.get("output", "")),
        }
        for name, least, most, usual in (
            *(("days", 0, 3_660, 0), ("months", 1, 60, 3), ("days_before", 0, 60, 0), ("late_days", 0, 30, 2)),
            *(("due_days", 0, 365, 0), ("cap_days", 0, 3_660, 0), ("cap_most", 1, 1_000, 1)),
        ):
            values[name] = self.whole(given.get(name, usual), name, least, most)
        values |= self.day(trigger, given)
        if trigger == "silence" and not values["days"]:
            self.fault("days", "no days", "for how many days nobody spoke to the customer")
        if values["gateway"] and delivery != "gateway":
            self.fault("gateway", f"{values['gateway']!r}", "only what is delivered by a gateway names one; leave it out")
        if trigger in ("upgrade", "downgrade", "change") and not values["output"]:
            self.fault("output", "no output", "whose label changes, such as abc.class")
        if trigger == "verify" and values["who"] is None:
            self.fault("who", "everybody", "whose data are verified: an output and labels")
        if self.faults:
            raise CareError(f"the care plan {key} is wrong", self.faults)
        return Plan(key=key, **values)

    def choice(self, given: Mapping[str, Any], name: str, known: tuple[str, ...], usual: str) -> Any:
        value = given.get(name, usual)
        if value not in known:
            self.fault(name, f"{str(value)[:60]!r}", did_you_mean(str(value), known) or f"expected one of {', '.join(known)}")
        return value

    def words(self, given: Mapping[str, Any], name: str, *, needed: bool) -> dict[str, str]:
        value = given.get(name)
        if value is None and not needed:
            return {}
        if isinstance(value, str):
            value = {"en": value, "zh": value}
        if not isinstance(value, Mapping) or set(value) - {"en", "zh"} or not value:
            self.fault(name, f"{str(value)[:60]!r}", "expected a text, or texts by language: en and zh")
            return {}
        for language, text in value.items():
            place = f"{name}.{language}"
            if not isinstance(text, str) or not 1 <= len(text.strip()) <= LONGEST or "\0" in text:
                self.fault(place, f"{str(text)[:60]!r}", f"expected a text of 1 to {LONGEST:,} characters")
            elif name != "title":
                for wrong in wrong_placeholders(text):
                    hint = did_you_mean(wrong, PLACEHOLDERS) or f"known ones are {', '.join(PLACEHOLDERS)}"
                    self.fault(
                        place,
                        f"the placeholder {wrong!r}" if wrong else "a $ that begins no placeholder",
                        hint if wrong else "write $$ for a dollar sign",
                    )
        first = next(iter(value.values()))
        return {language: str(value.get(language, first)) for language in ("en", "zh")}

    def who(self, given: Any) -> tuple[str, tuple[str, ...]] | None:
        if given is None:
            return None
        if not isinstance(given, Mapping) or set(given) != {"output", "labels"}:
            self.fault("who", f"{str(given)[:60]!r}", "expected an object with output and labels")
            return None
        labels = given["labels"]
        if not isinstance(labels, list | tuple) or not labels or not all(isinstance(each, str) for each in labels):
            self.fault("who.labels", f"{str(labels)[:60]!r}", "expected a list of labels")
            return None
        return str(given["output"]), tuple(labels)

    def word(
        self,
        value: Any,
        place: str = "channel",
        expected: str = "expected a lower-case word such as phone, or nothing for the preferred channel",
    ) -> str:
        if value and (not isinstance(value, str) or not (_WORD if place == "channel" else _KEY).match(value)):
            self.fault(place, f"{str(value)[:60]!r}", expected)
        return str(value)

    def share(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 0.5:
            self.fault("control_share", f"{str(value)[:60]!r}", "expected a share from 0 to 0.5")
            return 0.0
        return float(value)

    def texts(self, given: Mapping[str, Any], name: str, usual: tuple[str, ...]) -> tuple[str, ...]:
        value = given.get(name, usual)
        if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
            self.fault(name, f"{str(value)[:60]!r}", "expected a list of texts")
            return usual
        if name == "contact":
            for at, each in enumerate(value):
                if each not in CONTACT and not each.startswith("custom."):
                    self.fault(f"contact[{at}]", f"{each[:60]!r}", "expected interactions, orders, tasks, or a custom field that is a date")
        return tuple(value)

    def whole(self, value: Any, name: str, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.fault(name, f"{str(value)[:60]!r}", f"expected a whole number from {least} to {most:,}")
            return least
        return value

    def day(self, trigger: Any, given: Mapping[str, Any]) -> dict[str, str]:
        day, lunar = str(given.get("day", "")), str(given.get("lunar", ""))
        if trigger != "festival":
            for name in ("day", "lunar"):
                if name in given:
                    self.fault(name, f"{given[name]!r}", "only festivals have one; leave it out")
            return {}
        if bool(day) == bool(lunar):
            self.fault("day", "both day and lunar" if day else "no day", "either day, such as 12-25, or lunar, such as 8-15")
            return {}
        found = _DAY.match(day or lunar)
        month, number = (int(found[1]), int(found[2])) if found else (0, 0)
        longest = lunar_days() if lunar else _DAYS_OF_MONTH[month - 1] if 1 <= month <= 12 else 0
        if not 1 <= month <= 12 or not 1 <= number <= longest:
            self.fault("lunar" if lunar else "day", f"{day or lunar!r}", "expected month-day, such as 8-15")
        return {"day": day, "lunar": lunar}
