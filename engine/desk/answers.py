"""Prepared answers: texts in both languages by kind and category, and the one that acknowledges a request by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.desk.reading import Reading
from engine.texts import Text

LONGEST = 10_000
_KEYS = ("title", "subject", "text", "kinds", "categories", "automatic")
RECEIVED = Text("We have received your request {ticket}", "我们已收到您的请求（编号 {ticket}）")
"""The subject of an acknowledgement that has none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A prepared answer. kinds, categories: of requests it is for; none: for all. automatic: it acknowledges them.

    text and subject may hold {ticket}, {customer} and {due}: the number, the customer's id, and when the first answer is
    promised. subject: of the e-mail.
    """

    name: str
    title: Text
    text: Text
    kinds: tuple[str, ...]
    categories: tuple[str, ...]
    automatic: bool
    subject: Text = RECEIVED

    @classmethod
    def read(cls, name: str, document: Any, kinds: Iterable[str], categories: Iterable[str]) -> Answer:
        """Check a document against the kinds and categories that there are. Raises `DeskError` with every fault."""
        reading = Reading("TW403", "the answer is wrong")
        given = reading.object("", document, _KEYS, needed=("title", "text"))
        title = reading.text_pair("title", given.get("title", "-"))
        text = reading.text_pair("text", given.get("text", "-"), LONGEST)
        subject = reading.text_pair("subject", given["subject"]) if given.get("subject") is not None else RECEIVED
        chosen = {
            field: tuple(
                reading.one_of(f"{field}[{i}]", each, tuple(known)) for i, each in enumerate(reading.list(field, given.get(field, [])))
            )
            for field, known in (("kinds", kinds), ("categories", categories))
        }
        automatic = given.get("automatic", False)
        if not isinstance(automatic, bool):
            reading.fault("automatic", repr(automatic)[:60], "expected true or false")
        reading.done()
        return cls(name, title, text, chosen["kinds"], chosen["categories"], automatic is True, subject)

    @classmethod
    def kept(cls, name: str, document: Mapping[str, Any]) -> Answer:
        """One that was checked when it was saved; kinds that are gone since are of no effect."""
        title, text = _pair(document["title"]), _pair(document["text"])
        kinds, categories = tuple(document.get("kinds", ())), tuple(document.get("categories", ()))
        subject = RECEIVED if document.get("subject") is None else _pair(document["subject"])
        return cls(name, title, text, kinds, categories, bool(document.get("automatic")), subject)

    def fits(self, kind: str, category: str) -> int:
        """How well it fits a request: 0 not at all, more the more it is meant for just such a one."""
        if (self.kinds and kind not in self.kinds) or (self.categories and category not in self.categories):
            return 0
        return 1 + 2 * bool(self.kinds) + bool(self.categories)

    def filled(self, language: str, values: Mapping[str, str]) -> str:
        """The text in a language, with what is known put in; any other braces stay as they are."""
        return _filled(self.text.in_(language), values)

    def headed(self, language: str, values: Mapping[str, str]) -> str:
        """The subject in the same way."""
        return _filled(self.subject.in_(language), values)


def suggested(answers: Iterable[Answer], kind: str, category: str) -> list[Answer]:
    """Those that fit a request, the best first; those that are sent by themselves are left out."""
    fitting = [(each.fits(kind, category), each) for each in answers if not each.automatic]
    return [each for fit, each in sorted(fitting, key=lambda pair: (-pair[0], pair[1].name)) if fit]


def acknowledgement(answers: Iterable[Answer], kind: str, category: str) -> Answer | None:
    """The one that acknowledges such a request, if there is one."""
    fitting = [(each.fits(kind, category), each) for each in answers if each.automatic]
    best = sorted(((fit, each) for fit, each in fitting if fit), key=lambda pair: (-pair[0], pair[1].name))
    return best[0][1] if best else None


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _pair(value: Any) -> Text:
    return Text(value, value) if isinstance(value, str) else Text(value["en"], value["zh"])
