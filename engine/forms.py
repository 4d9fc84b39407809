"""Forms: the parameters of any policy type as a description that a form is drawn from, out of the marshmallow schema.

A policy of a plugin gets its form without a line of console code. What a field is becomes one of a few kinds; a field
that names an editor keeps it; what nobody can draw is edited as JSON.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from marshmallow import Schema, fields, missing, validate

from engine.editors import Weights
from engine.policy import Policy, Text

FieldKind: TypeAlias = Literal["integer", "number", "flag", "text", "choice", "date", "list", "object", "json"]

DEEPEST = 6
"""Levels of nesting that are drawn; below, and in schemas that hold themselves, JSON is edited."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form.

    name: the key in the document. editor: "bands", "weights", "labels", "table", "condition", one of a plugin, or "".
    minimum, maximum: inclusive unless above or below says otherwise. least, most: entries of a list, characters of a text.
    choices: (value, title). names: what has a weight. item: of a list. fields: of an object. only: other field of the same
    object to the values with which this one counts. default: as JSON, None where there is none.
    """

    name: str
    kind: FieldKind
    title: Text
    help: Text | None = None
    unit: str = ""
    editor: str = ""
    required: bool = False
    nullable: bool = False
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    above: bool = False
    below: bool = False
    least: int | None = None
    most: int | None = None
    choices: tuple[tuple[Any, Text], ...] = ()
    names: tuple[str, ...] = ()
    item: FormField | None = None
    fields: tuple[FormField, ...] = ()
    only: Mapping[str, tuple[Any, ...]] | None = None

    def as_dict(self, language: str | None = None) -> dict[str, Any]:
        """As plain data; texts as {"en", "zh"}, or in one language."""
        return {
            "name": self.name,
            "kind": self.kind,
            "title": _written(self.title, language),
            "help": _written(self.help, language),
            "unit": self.unit,
            "editor": self.editor,
            "required": self.required,
            "nullable": self.nullable,
            "default": self.default,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "above": self.above,
            "below": self.below,
            "least": self.least,
            "most": self.most,
            "choices": [{"value": value, "title": _written(title, language)} for value, title in self.choices],
            "names": list(self.names),
            "item": self.item.as_dict(language) if self.item else None,
            "fields": [field.as_dict(language) for field in self.fields],
            "only": {name: list(values) for name, values in self.only.items()} if self.only else None,
        }


def form_of(policy: type[Policy]) -> tuple[FormField, ...]:
    """The form of a policy type's parameters, in the order of its schema."""
    return _schema(policy.Params(), 0)


def _schema(schema: Schema, depth: int) -> tuple[FormField, ...]:
    return tuple(_field(field.data_key or name, field, depth) for name, field in schema.fields.items() if not field.dump_only)


def _field(name: str, field: Any, depth: int) -> FormField:
    about = field.metadata
    kind, item, inner = _kind(field, depth)
    found = _bounds(field.validators)
    title = about.get("title")
    choices = found.pop("choices", ())
    titles = about.get("choices", {})
    return FormField(
        name=name,
        kind="choice" if choices and kind in ("text", "integer", "number") else kind,
        title=title if isinstance(title, Text) else _spelt(name),
        help=about["help"] if isinstance(about.get("help"), Text) else None,
        unit=str(about.get("unit", "")),
        editor=str(about.get("editor", "")),
        required=field.required,
        nullable=field.allow_none,
        default=_default(field),
        choices=tuple((value, titles[value] if isinstance(titles.get(value), Text) else label) for value, label in choices),
        names=field.names if isinstance(field, Weights) else (),
        item=item,
        fields=inner,
        only=_only(about.get("only")),
        **found,
    )


def _kind(field: Any, depth: int) -> tuple[FieldKind, FormField | None, tuple[FormField, ...]]:
    if isinstance(field, fields.Integer):
        return "integer", None, ()
    if isinstance(field, fields.Number):
        return "number", None, ()
    if isinstance(field, fields.Boolean):
        return "flag", None, ()
    if isinstance(field, fields.Date):
        return "date", None, ()
    if isinstance(field, fields.String):
        return "text", None, ()
    if isinstance(field, fields.List) and depth < DEEPEST:
        return "list", _field("", field.inner, depth + 1), ()
    if isinstance(field, fields.Nested) and depth < DEEPEST:
        inner = _schema(field.schema, depth + 1)
        if not field.many:
            return "object", None, inner
        return "list", FormField("", "object", Text("Entry", "条目"), fields=inner), ()
    return "json", None, ()


def _bounds(validators: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in validators:
        if isinstance(each, validate.Range):
            found |= {"minimum": _plain(each.min), "maximum": _plain(each.max)}
            found |= {"above": not each.min_inclusive and each.min is not None, "below": not each.max_inclusive and each.max is not None}
        elif isinstance(each, validate.Length):
            found |= {"least": each.min if each.equal is None else each.equal, "most": each.max if each.equal is None else each.equal}
        elif isinstance(each, validate.OneOf):
            labels = list(each.labels) + [""] * (len(list(each.choices)) - len(list(each.labels)))
            found["choices"] = [(value, _both(str(label or value))) for value, label in zip(each.choices, labels, strict=False)]
    return found


def _default(field: Any) -> Any:
    given = field.load_default
    if given is missing:
        return None
    try:
        value = given() if callable(given) else given
        holder = {field.attribute or field.name: value}
        return _json(field.serialize(field.attribute or field.name, holder))
    except Exception:  # a plugin is foreign code: without its default the field begins empty
        return None


def _json(value: Any) -> Any:
    """What JSON holds; everything else as text."""
    if isinstance(value, Mapping):
        return {str(key): _json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _only(given: Any) -> Mapping[str, tuple[Any, ...]] | None:
    if not isinstance(given, Mapping):
        return None
    return {str(name): tuple(values) if isinstance(values, list | tuple) else (values,) for name, values in given.items()}


def _plain(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _spelt(name: str) -> Text:
    """What stands for a title that a plugin did not give."""
    return _both(name.replace("_", " ").strip().capitalize())


def _both(text: str) -> Text:
    return Text(text, text)


def _written(text: Text | None, language: str | None) -> Any:
    if text is None:
        return None
    return text.in_(language) if language else {"en": text.en, "zh": text.zh}


def walk(form: tuple[FormField, ...]) -> Iterator[FormField]:
    """Every field, those inside others too."""
    for field in form:
        yield field
        yield from walk(field.fields)
        if field.item is not None:
            yield from walk((field.item,))
