"""How a service desk is set up: kinds of requests, channels, categories, causes, promises without a level, escalation.

A document that is checked as a whole; `Setup.read(USUAL)` is what a new installation has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.care.consent import CONSENTS
from engine.desk.reading import Reading
from engine.desk.states import WAITING
from engine.levels import ANY, PRIORITIES, ServiceTarget
from engine.permissions import ROLES
from engine.texts import Text

ANSWER, RESOLUTION = "answer", "resolution"
CLOCKS: Mapping[str, Text] = {ANSWER: Text("First answer", "首次答复"), RESOLUTION: Text("Resolution", "解决")}
"""The two promises of a ticket."""

OWNER = "owner"
"""In `tell`: whoever owns the ticket."""

MINUTE, HOUR = 60, 3_600


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of request. objection: it is about the customer's grade, so the reason letter is attached."""

    key: str
    title: Text
    objection: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step of escalation. clock: `ANSWER` or `RESOLUTION`. percent of the promise spent, or hours (working) after it is over.

    tell: names of people, "owner", or "role:" and a role.
    """

    key: str
    clock: str
    percent: int | None
    hours: float | None
    tell: tuple[str, ...]

    @property
    def breach(self) -> bool:
        """Whether the promise is broken by then."""
        return self.percent is None

    def seconds(self, promised: int) -> int:
        """After how many working seconds of the clock this step is due."""
        return promised * self.percent // 100 if self.percent is not None else promised + round((self.hours or 0) * HOUR)


@dataclass(frozen=True, slots=True)
class Setup:
    """A checked document. stands: states in which clocks stand. calendar: name, "" for around the clock.

    consent: whose acknowledgements are sent, by the custom field consent; "none": of all, since they asked.
    """

    kinds: Mapping[str, Kind]
    channels: Mapping[str, Text]
    categories: Mapping[str, Text]
    causes: Mapping[str, Text]
    stands: tuple[str, ...]
    calendar: str
    targets: tuple[ServiceTarget, ...]
    steps: tuple[Step, ...]
    consent: str
    document: Mapping[str, Any]

    @classmethod
    def read(cls, document: Any) -> Setup:
        """Check a document. Raises `DeskError` with every fault and its place."""
        reading = Reading("TW402", "the setup of the service desk is wrong")
        given = reading.object("", document, _KEYS, needed=("kinds",))
        kinds = _named(reading, "kinds", given.get("kinds", []), lambda place, entry: _kind(reading, place, entry), ("objection",))
        if not kinds and not reading.faults:
            reading.fault("kinds", "no kind of request", "at least one")
        texts = {
            name: _named(reading, name, given.get(name, []), lambda place, entry: reading.text_pair(f"{place}.title", entry.get("title")))
            for name in ("channels", "categories", "causes")
        }
        stands = tuple(
            reading.one_of(f"stands[{i}]", each, WAITING) for i, each in enumerate(reading.list("stands", given.get("stands", [])))
        )
        calendar = reading.line("calendar", given.get("calendar", ""), 64)
        targets = tuple(
            _target(reading, f"targets[{i}]", each, kinds) for i, each in enumerate(reading.list("targets", given.get("targets", [])))
        )
        steps = tuple(_step(reading, f"steps[{i}]", each) for i, each in enumerate(reading.list("steps", given.get("steps", []))))
        keys = [(step.clock, step.key) for step in steps]
        for i, key in enumerate(keys):
            if key in keys[:i]:
                reading.fault(f"steps[{i}].key", f"the key {key[1]!r} twice for one clock", "choose another key")
        consent = reading.one_of("consent", given.get("consent", "none"), CONSENTS)
        reading.done()
        kept = {name: given[name] for name in _KEYS if name in given}
        return cls(kinds, texts["channels"], texts["categories"], texts["causes"], stands, calendar, targets, steps, consent, kept)


_KEYS = ("kinds", "channels", "categories", "causes", "stands", "calendar", "targets", "steps", "consent")


def _named(
    reading: Reading, place: str, value: Any, make: Callable[[str, Mapping[str, Any]], Any], more: Sequence[str] = ()
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for i, each in enumerate(reading.list(place, value)):
        here = f"{place}[{i}]"
        entry = reading.object(here, each, ("key", "title", *more), needed=("key",))
        key = reading.key(f"{here}.key", entry.get("key", ""))
        if key in found:
            reading.fault(f"{here}.key", f"the key {key!r} twice", "choose another key")
        found[key] = make(here, {"title": key, **entry})
    return found


def _kind(reading: Reading, place: str, entry: Mapping[str, Any]) -> Kind:
    objection = entry.get("objection", False)
    if not isinstance(objection, bool):
        reading.fault(f"{place}.objection", f"{objection!r}", "expected true or false")
    return Kind(str(entry.get("key")), reading.text_pair(f"{place}.title", entry["title"]), objection is True)


def _target(reading: Reading, place: str, value: Any, kinds: Mapping[str, Kind]) -> ServiceTarget:
    entry = reading.object(place, value, ("kind", "priority", "answer_minutes", "resolution_minutes"))
    kind = reading.one_of(f"{place}.kind", entry.get("kind", ANY), (ANY, *kinds))
    priority = reading.one_of(f"{place}.priority", entry.get("priority", ANY), (ANY, *PRIORITIES))
    answer = reading.whole(f"{place}.answer_minutes", entry.get("answer_minutes"), 1, 525_600)
    resolution = reading.whole(f"{place}.resolution_minutes", entry.get("resolution_minutes"), 1, 525_600)
    if answer is not None and resolution is not None and answer > resolution:
        reading.fault(f"{place}.answer_minutes", f"{answer}, which is after the resolution", f"at most {resolution}")
    return ServiceTarget(kind, priority, answer and answer * MINUTE, resolution and resolution * MINUTE)


def _step(reading: Reading, place: str, value: Any) -> Step:
    entry = reading.object(place, value, ("key", "clock", "percent", "hours", "tell"), needed=("key", "clock"))
    key = reading.key(f"{place}.key", entry.get("key", ""))
    clock = reading.one_of(f"{place}.clock", entry.get("clock", ANSWER), tuple(CLOCKS))
    percent = reading.whole(f"{place}.percent", entry.get("percent"), 1, 99)
    hours = reading.number(f"{place}.hours", entry.get("hours"), 0, 10_000)
    given = [name for name in ("percent", "hours") if entry.get(name) is not None]
    if len(given) != 1:
        reading.fault(place, "a step with both percent and hours" if given else "a step without percent or hours", "give just one")
    tell = tuple(
        _person(reading, f"{place}.tell[{i}]", each) for i, each in enumerate(reading.list(f"{place}.tell", entry.get("tell", [OWNER])))
    )
    return Step(key, clock, percent, hours, tell)


def _person(reading: Reading, place: str, value: Any) -> str:
    name = reading.line(place, value, 200)
    if name.startswith("role:"):
        reading.one_of(place, name.removeprefix("role:"), tuple(ROLES))
    return name


def _pair(en: str, zh: str) -> dict[str, str]:
    return {"en": en, "zh": zh}


USUAL: Mapping[str, Any] = {
    "kinds": [
        {"key": "question", "title": _pair("Question", "咨询")},
        {"key": "request", "title": _pair("Request", "服务请求")},
        {"key": "complaint", "title": _pair("Complaint", "投诉")},
        {"key": "objection", "title": _pair("Grade objection", "分级异议"), "objection": True},
    ],
    "channels": [
        {"key": "phone", "title": _pair("Phone", "电话")},
        {"key": "email", "title": _pair("E-mail", "邮件")},
        {"key": "chat", "title": _pair("Chat", "在线客服")},
        {"key": "visit", "title": _pair("In person", "到店或上门")},
    ],
    "categories": [
        {"key": "product", "title": _pair("Product", "商品")},
        {"key": "delivery", "title": _pair("Delivery", "配送")},
        {"key": "payment", "title": _pair("Payment", "支付")},
        {"key": "service", "title": _pair("Service", "服务")},
    ],
    "causes": [
        {"key": "fault", "title": _pair("Faulty product", "商品缺陷")},
        {"key": "late", "title": _pair("Late delivery", "配送延误")},
        {"key": "information", "title": _pair("Wrong information", "信息有误")},
        {"key": "conduct", "title": _pair("Conduct of staff", "服务态度")},
    ],
    "stands": list(WAITING),
    "calendar": "",
    "targets": [
        {"priority": "urgent", "answer_minutes": 60, "resolution_minutes": 480},
        {"answer_minutes": 480, "resolution_minutes": 2_400},
    ],
    "steps": [
        {"key": "soon", "clock": ANSWER, "percent": 75, "tell": [OWNER]},
        {"key": "broken", "clock": ANSWER, "hours": 0, "tell": [OWNER, "role:service"]},
        {"key": "soon", "clock": RESOLUTION, "percent": 80, "tell": [OWNER]},
        {"key": "broken", "clock": RESOLUTION, "hours": 0, "tell": [OWNER, "role:service"]},
        {"key": "overdue", "clock": RESOLUTION, "hours": 4, "tell": ["role:administrator"]},
    ],
}
"""What a service desk has until somebody says otherwise."""
