"""The setup of the service desk as a form: fields named by their place in the document, so that a fault finds its field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

LANGUAGES = ("en", "zh")
WORDS = ("kinds", "channels", "categories", "causes")
"""Lists of a key with a title."""

FIELDS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(WORDS, ("key", "title.en", "title.zh", "objection")),
    "targets": ("kind", "priority", "answer_minutes", "resolution_minutes"),
    "steps": ("key", "clock", "percent", "hours", "tell"),
}
"""The fields of a row, by list."""

_CHOSEN = ("kind", "priority", "clock", "objection")
"""Fields that have a value though nobody typed one: a row with nothing else is empty."""
_ROW = re.compile(r"([a-z]+)\[(\d{1,3})\]\.([a-z_.]+)\Z")
_ACT = re.compile(r"(add|remove|up):([a-z]+)(?::(\d{1,3}))?\Z")

Rows = dict[str, list[dict[str, str]]]


def rows_of(document: Mapping[str, Any]) -> Rows:
    """The rows of a checked document, as the form shows them."""
    found: Rows = {}
    for name, fields in FIELDS.items():
        found[name] = [_row(entry, fields) for entry in document.get(name, [])]
    return found


def _row(entry: Mapping[str, Any], fields: Sequence[str]) -> dict[str, str]:
    title = entry.get("title", "")
    given = {**entry, **{f"title.{language}": title if isinstance(title, str) else title[language] for language in LANGUAGES}}
    given["tell"] = ", ".join(entry.get("tell", ["owner"]))
    return {field: _text(given.get(field)) for field in fields}


def _text(value: Any) -> str:
    return "1" if value is True else "" if value is None or value is False else f"{value:g}" if isinstance(value, float) else str(value)


def rows_given(form: Mapping[str, str]) -> Rows:
    """The rows that were sent, in their order; those in which nothing was typed are left out."""
    found: dict[str, dict[int, dict[str, str]]] = {name: {} for name in FIELDS}
    for name, value in form.items():
        match = _ROW.match(name)
        if match is not None and match[1] in FIELDS and match[3] in FIELDS[match[1]]:
            found[match[1]].setdefault(int(match[2]), {})[match[3]] = value.strip()
    return {name: [each for _, each in sorted(rows.items())] for name, rows in found.items()}


def typed(rows: Rows) -> Rows:
    """The same without rows in which nothing was typed."""
    return {name: [row for row in each if _something(name, row)] for name, each in rows.items()}


def _something(name: str, row: Mapping[str, str]) -> bool:
    return any(value for field, value in row.items() if field not in _CHOSEN and not (name == "steps" and field == "tell"))


def after(act: str, rows: Rows) -> tuple[Rows, str] | None:
    """The rows after a button beside them was pressed, and the list it was of; None for no such button."""
    match = _ACT.match(act)
    if match is None or match[2] not in FIELDS:
        return None
    what, name, at = match[1], match[2], int(match[3] or 0)
    some = list(rows[name])
    if what == "add":
        some.append(dict.fromkeys(FIELDS[name], "") | ({"tell": "owner"} if name == "steps" else {}))
    elif at < len(some):
        row = some.pop(at)
        if what == "up":
            some.insert(max(at - 1, 0), row)
    return {**rows, name: some}, name


def document_of(rows: Rows, *, stands: Iterable[str], calendar: str, consent: str) -> dict[str, Any]:
    """The document that the form describes; what is wrong with it the engine says."""
    document: dict[str, Any] = {name: [_word(row, name) for row in rows[name]] for name in WORDS}
    document |= {"stands": list(stands), "calendar": calendar}
    document["targets"] = [
        {
            **{name: row[name] for name in ("kind", "priority") if row.get(name) not in (None, "", "*")},
            **{name: _number(row[name]) for name in ("answer_minutes", "resolution_minutes") if row.get(name)},
        }
        for row in rows["targets"]
    ]
    document["steps"] = [
        {
            **{name: row.get(name, "") for name in ("key", "clock")},
            **{name: _number(row[name]) for name in ("percent", "hours") if row.get(name)},
            "tell": [each.strip() for each in re.split(r"[,，、;；]", row.get("tell", "")) if each.strip()],
        }
        for row in rows["steps"]
    ]
    if consent and consent != "none":
        document["consent"] = consent
    return document


def _word(row: Mapping[str, str], name: str) -> dict[str, Any]:
    title = {language: row.get(f"title.{language}", "") for language in LANGUAGES}
    entry: dict[str, Any] = {"key": row.get("key", "")}
    if any(title.values()):
        entry["title"] = title
    if name == "kinds" and row.get("objection"):
        entry["objection"] = True
    return entry


def _number(text: str) -> Any:
    """A number as it was typed; what is none goes to the engine, which refuses it."""
    tidy = text.replace(",", "").strip()
    if re.fullmatch(r"-?\d{1,12}", tidy, re.ASCII):
        return int(tidy)
    return float(tidy) if re.fullmatch(r"\d{1,9}\.\d{1,6}", tidy, re.ASCII) else text


def by_place(faults: Iterable[tuple[str, str]], known: Iterable[str]) -> tuple[dict[str, str], list[str]]:
    """Faults as (place, words) by the field they stand beside, and those that stand beside none, with their place."""
    fields = set(known)
    beside: dict[str, list[str]] = {}
    rest = []
    for place, words in faults:
        field = next((each for each in _nearest(place) if each in fields), None)
        if field is None:
            rest.append(f"{place}: {words}")
        else:
            beside.setdefault(field, []).append(words)
    return {field: " ".join(dict.fromkeys(some)) for field, some in beside.items()}, rest


def _nearest(place: str) -> Iterable[str]:
    """The place itself, then what holds it; of a row as a whole its first fields."""
    yield place
    for end in (".key", ".en", ".answer_minutes", ".title.en"):
        yield place + end
    while True:
        shorter = re.sub(r"(\[\d+\]|\.[^.\[]+)\Z", "", place)
        if shorter == place:
            return
        place = shorter
        yield place


def places(rows: Rows) -> list[str]:
    """Every field of the form by its name."""
    named = [f"{name}[{at}].{field}" for name, some in rows.items() for at in range(len(some)) for field in FIELDS[name]]
    return [*named, *FIELDS, "stands", "calendar", "consent"]
