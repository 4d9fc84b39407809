"""Parameter fields that people edit with more than a text box: cuts, weights, labels, tables.

Each is a marshmallow field that names its editor, so that the console draws the right one for any plugin, and that
refuses what JSON cannot mean exactly: `"5"` and `true` are no numbers, NaN is none either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from marshmallow import ValidationError, fields

from engine.errors import did_you_mean
from engine.policy import Label, Text


class Number(fields.Float):
    """A finite number that was written as a number."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


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
        if value is None:
            return None
        return [{"key": label.key, "title": {"en": label.title.en, "zh": label.title.zh}, "step": label.step} for label in value]

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> tuple[Label, ...]:
        if not isinstance(value, list) or not value:
            raise ValidationError("must be a list of labels, each with key, title and step")
        labels, faults = [], {}
        for i, entry in enumerate(value):
            try:
                labels.append(_label(entry))
            except ValidationError as error:
                faults[i] = error.messages
        if faults:
            raise ValidationError(faults)
        keys = [label.key for label in labels]
        doubled = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
        if doubled is not None:
            raise ValidationError(f"the key {doubled!r} stands twice")
        return tuple(labels)


class Table(fields.Dict):
    """A decision table as a document; the policy that holds it checks it with `DecisionTable.load`."""

    def __init__(self, *, metadata: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(keys=fields.String(), metadata={"editor": "table", **metadata}, **kwargs)


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
    return Label(key, _title(entry.get("title", key)), step)


def _title(title: Any) -> Text:
    texts = {"en": title, "zh": title} if isinstance(title, str) else title
    if not isinstance(texts, dict) or set(texts) != {"en", "zh"} or not all(isinstance(t, str) and t.strip() for t in texts.values()):
        raise ValidationError(f'title {title!r} must be a text, or {{"en": "...", "zh": "..."}}')
    return Text(en=texts["en"], zh=texts["zh"])
