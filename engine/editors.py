"""Parameter fields that people edit with more than a text box: cuts, weights, labels, tables, conditions.

Each is a marshmallow field that names its editor, so that the console draws the right one for any plugin, and that
refuses what JSON cannot mean exactly: `"5"` and `true` are no numbers, NaN is none either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from marshmallow import ValidationError, fields
from marshmallow.validate import OneOf

from engine.errors import RulebookError, did_you_mean
from engine.policy import Label, Text


class Number(fields.Float):
    """A finite number that was written as a number."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Choice(fields.String):
    """One of some values, each with a title in both languages."""

    def __init__(self, choices: Mapping[str, Text], *, metadata: Mapping[str, Any], **kwargs: Any) -> None:
        names = OneOf(list(choices), labels=[title.en for title in choices.values()])
        super().__init__(validate=names, metadata={"choices": dict(choices), **metadata}, **kwargs)


class Cuts(fields.List[float]):
    """Ascending numbers that cut a scale into bands; a value equal to a cut belongs to the lower band."""

    def __init__(self, *, metadata: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(Number(), metadata={"editor": "bands", **metadata}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        cuts: list[Any] = super()._deserialize(value, attr, data, **kwargs)
        for before, after in pairwise(cuts):
            if after <= before:
                raise ValidationError(f"cuts must ascend, but {before:g} stands before {after:g}")
        return cuts


class Weights(fields.Field[dict[str, float]]):
    """A weight of zero or more for each of some names; at least one is above zero."""

    def __init__(self, names: Sequence[str], *, metadata: Mapping[str, Any], **kwargs: Any) -> None:
        self.names = tuple(names)
        super().__init__(metadata={"editor": "weights", **metadata}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> dict[str, float]:
        if not isinstance(value, dict):
            raise ValidationError(f"must be an object with a weight for each of {', '.join(self.names)}")
        for name in value:
            if name not in self.names:
                raise ValidationError(f"{name!r} has no weight here; {did_you_mean(str(name), self.names)}".rstrip("; "))
        lacking = [name for name in self.names if name not in value]
        if lacking:
            raise ValidationError(f"the weight of {lacking[0]!r} is missing")
        number: Any = Number()
        weights: dict[str, float] = {name: number.deserialize(value[name]) for name in self.names}
        if min(weights.values()) < 0 or max(weights.values()) <= 0:
            raise ValidationError("weights must be zero or more, and one of them above zero")
        return weights


class Labels(fields.Field[tuple[Label, ...]]):
    """The labels of an output, best first: objects of key, title ({"en", "zh"}, or one text for both) and colour step."""

    def __init__(self, *, metadata: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(metadata={"editor": "labels", **metadata}, **kwargs)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else dump_labels(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> tuple[Label, ...]:
        return load_labels(value)


def dump_labels(labels: Sequence[Label]) -> list[dict[str, Any]]:
    """Labels as plain objects of key, title and step."""
    return [{"key": label.key, "title": {"en": label.title.en, "zh": label.title.zh}, "step": label.step} for label in labels]


def load_labels(value: Any, field: str = "_schema") -> tuple[Label, ...]:
    """Check a list of labels. Raises `ValidationError` with every fault, for the parameter `field`."""
    if not isinstance(value, list) or not value:
        raise ValidationError("must be a list of labels, each with key, title and step", field)
    labels, faults = [], {}
    for i, entry in enumerate(value):
        try:
            labels.append(_label(entry))
        except ValidationError as error:
            faults[i] = error.messages
    if faults:
        raise ValidationError({field: faults} if field != "_schema" else faults)
    keys = [label.key for label in labels]
    doubled = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
    if doubled is not None:
        raise ValidationError(f"the key {doubled!r} stands twice", field)
    return tuple(labels)


class Table(fields.Dict):
    """A decision table as a document, in its canonical form: one spelling per cell, every default written out.

    check: False leaves the document as it is, for a policy that has more to say about it than `DecisionTable.load`.
    """

    def __init__(self, *, metadata: Mapping[str, Any], check: bool = True, **kwargs: Any) -> None:
        self.check = check
        super().__init__(keys=fields.String(), metadata={"editor": "table", **metadata}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        document: Any = super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        if not self.check:
            return document
        from engine.tables import DecisionTable

        return _document(lambda: DecisionTable.load(document).document)


class When(fields.Dict):
    """A condition as a document, in its canonical form."""

    def __init__(self, *, metadata: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(keys=fields.String(), metadata={"editor": "condition", **metadata}, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        from engine.conditions import Condition

        document: Any = super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]
        return _document(lambda: Condition.load(document).document)


def _document(load: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The canonical document; its faults keep their ids and places as the messages of the field."""
    try:
        return load()
    except RulebookError as error:
        raise ValidationError(list(error.faults)) from None


_LABEL_KEYS = ("key", "title", "step")


def _label(entry: Any) -> Label:
    if not isinstance(entry, dict):
        raise ValidationError("must be an object of key, title and step")
    for name in entry:
        if name not in _LABEL_KEYS:
            raise ValidationError(f"unknown key {name!r}; {did_you_mean(str(name), _LABEL_KEYS) or 'known are key, title, step'}")
    key, step = entry.get("key"), entry.get("step")
    if not isinstance(key, str) or not 0 < len(key) <= 64 or key != key.strip() or not key.isprintable():
        raise ValidationError(f"key {key!r} must be a printable text of 1 to 64 characters")
    if step is not None and (isinstance(step, bool) or not isinstance(step, int) or not 1 <= step <= 8):
        raise ValidationError(f"step {step!r} must be a whole number from 1 (best) to 8")
    return Label(key, load_title(key if entry.get("title") is None else entry["title"]), step)


def load_title(title: Any) -> Text:
    """Check a title: one text for both languages, or an object of "en" and "zh". Raises `ValidationError`."""
    texts = {"en": title, "zh": title} if isinstance(title, str) else title
    if not isinstance(texts, dict) or set(texts) != {"en", "zh"} or not all(isinstance(t, str) and t.strip() for t in texts.values()):
        raise ValidationError(f'title {title!r} must be a text, or {{"en": "...", "zh": "..."}}')
    return Text(en=texts["en"], zh=texts["zh"])
