"""Forms: the parameters of any policy type, also of one nobody knew, as a description that a form is drawn from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from engine import Output, Params, Policy, Text, editors
from engine.forms import FormField, form_of, walk
from engine.registry import load_plugins

BUILT_IN = load_plugins().policies


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_parameter_has_its_words_in_both_languages(name: str) -> None:
    for field in walk(form_of(BUILT_IN[name])):
        if field.name:
            assert field.title.en
            assert field.title.zh
            assert field.title.en != field.title.zh
            assert field.help is not None
        for value, title in field.choices:
            assert title.en != title.zh, (name, field.name, value)


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_defaults_of_a_form_are_valid(name: str) -> None:
    policy = BUILT_IN[name]
    form = form_of(policy)
    params = {field.name: field.default for field in form}
    assert policy.full_params(params) == policy.full_params({})
    assert json.loads(json.dumps([field.as_dict() for field in form])) == [field.as_dict() for field in form]


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_counts_only_sometimes_names_its_neighbour(name: str) -> None:
    def check(form: tuple[FormField, ...]) -> None:
        known = {field.name: field for field in form}
        for field in form:
            for other, values in (field.only or {}).items():
                assert {value for value, _ in known[other].choices} >= set(values)
            check(field.fields)
            if field.item is not None:
                check(field.item.fields)

    check(form_of(BUILT_IN[name]))


class Inner(Schema):
    limit = fields.Float(required=True, data_key="upTo", validate=Range(0, 1, min_inclusive=False))


class Strange(Params):
    count = fields.Integer(load_default=3, validate=Range(min=1))
    level = fields.Integer(load_default=2, validate=OneOf([1, 2, 3]))
    mode = fields.String(load_default="a", validate=OneOf(["a", "b"], labels=["the first"]))
    when = fields.Date(load_default=None, allow_none=True)
    on = fields.Boolean(load_default=True)
    names = fields.List(fields.String(), load_default=lambda: ["x"], validate=Length(1, 4))
    parts = fields.List(fields.Nested(Inner), load_default=list)
    part = fields.Nested(Inner, load_default=None, allow_none=True)
    many = fields.Nested(Inner, many=True, load_default=list)
    anything = fields.Raw(load_default=None, metadata={"title": "no Text", "help": 5, "editor": "hologram"})
    cuts = editors.Cuts(load_default=[1.0], metadata={"title": Text("Cuts", "分界"), "only": {"mode": "a"}})
    broken = fields.String(load_default=lambda: 1 / 0)


class Nobody(Policy):
    name = "nobody_knows"
    title = Text("Nobody knows", "未知")
    help = Text("Of a plugin.", "来自插件。")
    Params = Strange

    def inputs(self) -> tuple[str, ...]:
        return ("orders.count",)

    def outputs(self) -> tuple[Output, ...]:
        return (Output("flag", kind="flag"),)


def test_a_plugin_gets_its_form() -> None:
    form: Mapping[str, FormField] = {field.name: field for field in form_of(Nobody)}
    kinds = {name: field.kind for name, field in form.items()}
    assert kinds == {
        "count": "integer",
        "level": "choice",
        "mode": "choice",
        "when": "date",
        "on": "flag",
        "names": "list",
        "parts": "list",
        "part": "object",
        "many": "list",
        "anything": "json",
        "cuts": "list",
        "broken": "text",
    }
    assert form["count"].title == Text("Count", "Count")
    assert (form["count"].minimum, form["count"].maximum, form["count"].default) == (1, None, 3)
    assert form["mode"].choices == (("a", Text("the first", "the first")), ("b", Text("b", "b")))
    assert (form["names"].least, form["names"].most, form["names"].default) == (1, 4, ["x"])
    assert form["names"].item is not None
    assert form["names"].item.kind == "text"
    for name in ("parts", "many"):
        item = form[name].item
        assert item is not None
        assert [each.name for each in item.fields] == ["upTo"]
    limit = form["part"].fields[0]
    assert (limit.minimum, limit.maximum, limit.above, limit.below, limit.required) == (0, 1, True, False, True)
    assert (form["anything"].editor, form["anything"].help) == ("hologram", None)
    assert form["cuts"].only == {"mode": ("a",)}
    assert form["broken"].default is None


class Endless(Schema):
    inner = fields.Nested(lambda: Endless(), load_default=None, allow_none=True)


def test_a_schema_that_holds_itself_ends_as_json() -> None:
    class Holder(Params):
        top = fields.Nested(Endless)

    class Round(Nobody):
        Params = Holder

    names = list(walk(form_of(Round)))
    assert names[-1].kind == "json"
    assert len(names) < 12


def test_in_one_language() -> None:
    said: Any = form_of(BUILT_IN["rfm"])[0].as_dict("zh")
    assert (said["title"], said["unit"], said["minimum"], said["maximum"]) == ("统计窗口", "days", 1, 36_500)
    said = form_of(BUILT_IN["rfm"])[1].as_dict("en")
    assert said["choices"][0] == {"value": "orders", "title": "orders"}
