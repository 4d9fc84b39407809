"""The parts of which answers are described: fields with an example each, lists, pages, and the example of a whole answer.

Every function takes the example first and then, where the name does not say it, what the field means. null: it may be
null. maybe: it is absent at times.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from marshmallow import RAISE, Schema, fields, validate
from marshmallow.fields import Field


class Given(Schema):
    """An object of an answer: exactly what it names."""

    class Meta:
        """Nothing else is in it."""

        unknown = RAISE


def _options(example: Any, words: str, null: bool, maybe: bool, **more: Any) -> dict[str, Any]:
    said = {**({"description": words} if words else {}), "examples": [example], **more}
    return {"required": not maybe, "allow_none": null, "metadata": said}


def string(example: str | None, words: str = "", *, null: bool = False, maybe: bool = False) -> fields.String:
    """A text."""
    return fields.String(**_options(example, words, null, maybe))


def one_of(values: Sequence[str], words: str = "", *, example: str = "", null: bool = False, maybe: bool = False) -> fields.String:
    """One of some words."""
    return fields.String(validate=validate.OneOf(tuple(values)), **_options(example or values[0], words, null, maybe))


def integer(example: int | None, words: str = "", *, null: bool = False, maybe: bool = False) -> fields.Integer:
    """A whole number."""
    return fields.Integer(**_options(example, words, null, maybe))


def money(example: int | None, words: str = "", *, null: bool = False) -> fields.Integer:
    """An amount in minor units of the business currency."""
    return integer(example, f"{words}{', ' if words else ''}in minor units of the business currency", null=null)


def number(example: float | None, words: str = "", *, null: bool = False, maybe: bool = False) -> fields.Float:
    """A number."""
    return fields.Float(**_options(example, words, null, maybe))


def boolean(example: bool, words: str = "", *, maybe: bool = False) -> fields.Boolean:
    """True or false."""
    return fields.Boolean(**_options(example, words, False, maybe))


def moment(words: str = "", *, null: bool = False, maybe: bool = False, example: str | None = "2026-01-01T09:30:00+08:00") -> fields.String:
    """A moment, written in full in the business zone."""
    return fields.String(**_options(example, words, null, maybe, format="date-time"))


def day(words: str = "", *, null: bool = False) -> fields.String:
    """A date."""
    return fields.String(**_options("2026-03-01", words, null, False, format="date"))


def anything(example: Any, words: str = "", *, maybe: bool = False) -> Field[Any]:
    """Any value of JSON, null too."""
    return fields.Raw(**_options(example, words, False, maybe))


def nested(schema: type[Schema], words: str = "", *, null: bool = False, maybe: bool = False) -> Field[Any]:
    """An object of its own."""
    said = {"description": words} if words else {}
    return fields.Nested(schema, required=not maybe, allow_none=null, metadata=said)


def many(inner: type[Schema] | Field[Any], words: str = "", *, null: bool = False, maybe: bool = False, empty: bool = False) -> Field[Any]:
    """A list. empty: its example is."""
    part = inner if isinstance(inner, Field) else fields.Nested(inner)
    said: dict[str, Any] = {**({"description": words} if words else {}), **({"examples": [[]]} if empty else {})}
    return fields.List(part, required=not maybe, allow_none=null, metadata=said)


def by_name(
    name: str, inner: type[Schema] | Field[Any], words: str = "", *, null: bool = False, maybe: bool = False, empty: bool = False
) -> Field[Any]:
    """An object whose names are data, such as addresses of outputs. name: an example of one. empty: the example has none."""
    part = inner if isinstance(inner, Field) else fields.Nested(inner)
    said: dict[str, Any] = {**({"description": words} if words else {}), "x-name": name, **({"examples": [{}]} if empty else {})}
    return fields.Dict(keys=fields.String(), values=part, required=not maybe, allow_none=null, metadata=said)


class Texts(Given):
    """A text in both languages."""

    en = string("Champions")
    zh = string("冠军客户")


@cache
def listing(schema: type[Schema]) -> type[Schema]:
    """The answer of a list that has one page."""
    return type(f"{schema.__name__}List", (Given,), {"__doc__": "All of them.", "items": many(schema)})


@cache
def page(schema: type[Schema]) -> type[Schema]:
    """The answer of a list that is read page by page."""
    next_ = string("41", "The `after` of the next page; absent on the last one.", maybe=True)
    return type(f"{schema.__name__}Page", (Given,), {"__doc__": "One page of them.", "items": many(schema), "next": next_})


def example_of(part: type[Schema] | Schema | Field[Any]) -> Any:
    """An example of what a schema or a field describes, composed of the examples of its parts."""
    if isinstance(part, type):
        part = part()
    if isinstance(part, Schema):
        return {field.data_key or name: example_of(field) for name, field in part.fields.items()}
    if part.metadata.get("examples"):
        return part.metadata["examples"][0]
    if isinstance(part, fields.Nested):
        return example_of(part.schema)
    if isinstance(part, fields.List):
        return [example_of(part.inner)]
    if isinstance(part, fields.Dict) and part.value_field is not None:
        return {part.metadata.get("x-name", "name"): example_of(part.value_field)}
    raise LookupError(f"{part.name or type(part).__name__} has no example")
