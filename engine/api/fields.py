"""Fields that the schemas of routes share."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from engine.api.kit import Strict


class Whole(fields.Integer):
    """A whole number as digits of ASCII; an address has only texts, and with strict=True a body may not have them."""

    def _validated(self, value: Any) -> Any:
        plain = isinstance(value, int) and not isinstance(value, bool)
        if isinstance(value, str) and not self.strict:
            plain = value.isascii() and value.removeprefix("-").isdigit() and len(value) <= 20
        if not plain:
            raise self.make_error("invalid", input=value)
        return super()._validated(int(value))


def whole(least: int, most: int, default: int | None = None, words: str = "", **options: Any) -> Whole:
    """A whole number within bounds; "1", true and 1.9 are none in JSON, while an address has only texts."""
    extra: dict[str, Any] = {} if default is None else {"load_default": default}
    return Whole(validate=validate.Range(least, most), metadata={"description": words}, **extra, **options)


def text(most: int = 200, words: str = "", *, least: int = 1, **options: Any) -> fields.String:
    """A text of a length."""
    return fields.String(validate=validate.Length(least, most), metadata={"description": words}, **options)


def choice(*values: str, words: str = "", **options: Any) -> fields.String:
    """One of some words."""
    return fields.String(validate=validate.OneOf(values), metadata={"description": words}, **options)


class Switch(fields.Boolean):
    """true or false of an address."""

    def __init__(self, words: str = "", **options: Any) -> None:
        super().__init__(truthy={"true", "1"}, falsy={"false", "0"}, load_default=False, metadata={"description": words}, **options)


class Flag(fields.Field[bool]):
    """true or false of JSON, and nothing that resembles them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            from marshmallow import ValidationError

            raise ValidationError("Not true or false.")
        return value


class Page(Strict):
    """The parameters of a list that is read page by page."""

    after = fields.String(metadata={"description": "The `next` of the page before."}, load_default=None, validate=validate.Length(1, 40))
    limit = whole(1, 1_000, 100, "How many at most.")


class Row(fields.Raw):
    """Any JSON object."""


ANY_OBJECT = fields.Dict(keys=fields.String())


def after_number(after: str | None) -> int:
    """A cursor that is a number. Raises `Problem`."""
    from engine.api.problems import Problem

    if after is None:
        return 0
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise Problem(
            "invalid",
            f"query.after: found {after!r}; expected the `next` of a page",
            errors=[{"field": "query.after", "reason": "not a cursor"}],
        )
    return int(after)
