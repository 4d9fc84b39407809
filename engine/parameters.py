"""The parameters of a policy type as plain data: what a form, a page of documentation and a JSON Schema are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import fields, missing, validate

from engine.policy import Policy, Text

WORDS: tuple[tuple[type[fields.Field[Any]], Text], ...] = (
    (fields.Boolean, Text("yes or no", "是或否")),
    (fields.Integer, Text("whole number", "整数")),
    (fields.Float, Text("number", "数值")),
    (fields.Decimal, Text("number", "数值")),
    (fields.Date, Text("date", "日期")),
    (fields.List, Text("list", "列表")),
    (fields.Dict, Text("document", "文档")),
    (fields.Nested, Text("group", "组")),
    (fields.String, Text("text", "文本")),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. default is JSON, None where it is required; bounds in words ("at least 1"); editor: the name of its editor, or ""."""

    name: str
    title: Text
    help: Text | None
    kind: Text
    unit: str
    default: Any
    required: bool
    bounds: Text | None
    choices: Sequence[Any] = ()
    editor: str = ""


def parameters_of(policy: type[Policy]) -> list[Parameter]:
    """Every parameter of a policy type, in the order of its schema."""
    return [_parameter(name, field) for name, field in policy.Params().fields.items()]


def _parameter(name: str, field: fields.Field[Any]) -> Parameter:
    about = field.metadata
    default = field.load_default() if callable(field.load_default) else field.load_default
    return Parameter(
        name=name,
        title=about.get("title") or Text(name, name),
        help=about.get("help"),
        kind=next((words for kind, words in WORDS if isinstance(field, kind)), Text("value", "值")),
        unit=str(about.get("unit", "")),
        default=None if default is missing else default,
        required=bool(field.required),
        bounds=_bounds(field),
        choices=next((tuple(each.choices) for each in field.validators if isinstance(each, validate.OneOf)), ()),
        editor=str(about.get("editor", "")),
    )


def _bounds(field: fields.Field[Any]) -> Text | None:
    parts: list[Text] = []
    for each in field.validators:
        if isinstance(each, validate.Range):
            if each.min is not None:
                word = ("at least", "不小于") if each.min_inclusive else ("above", "大于")
                parts.append(Text(f"{word[0]} {each.min}", f"{word[1]} {each.min}"))
            if each.max is not None:
                word = ("at most", "不大于") if each.max_inclusive else ("below", "小于")
                parts.append(Text(f"{word[0]} {each.max}", f"{word[1]} {each.max}"))
        elif isinstance(each, validate.Length):
            if each.min is not None:
                parts.append(Text(f"at least {each.min} entries", f"至少 {each.min} 项"))
            if each.max is not None:
                parts.append(Text(f"at most {each.max} entries", f"最多 {each.max} 项"))
    return Text(", ".join(part.en for part in parts), "，".join(part.zh for part in parts)) if parts else None
