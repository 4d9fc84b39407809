"""What differs between two rulebooks, in words that business people read: "RFM segments: Money cuts 4: 3,000 → 4,000".

Titles and units of parameters come from the schemas of the policy types, so a third-party policy reads like a built-in
one. Where no schema is known, the names of the document stand in. Every difference has a sentence, whatever it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from engine.differences import differences
from engine.document_words import arrow, condition_change, condition_text, is_condition, joined, said, same, title_text, value_text
from engine.policy import Policy, Text
from engine.table_differences import Kind, table_changes

Types = Callable[[str], type[Policy] | None]
"""The policy type of a name; None for one that no plugin offers."""

_ELEMENTS = 12
"""Elements of a list up to which each is compared by itself."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in words. place: where in the document, as in `engine.differences`."""

    place: str
    kind: Kind
    text: Text

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {"place": self.place, "kind": self.kind, "text": {"en": self.text.en, "zh": self.text.zh}}


_TITLES: Mapping[str, Text] = {
    "format": Text("Format", "格式"),
    "name": Text("Name", "名称"),
    "title": Text("Title", "标题"),
    "guards": Text("Guards of runs", "运行保护"),
    "customers": Text("share of customers that a run may move", "单次运行可变动的客户占比"),
    "amount": Text("share of revenue that a run may move", "单次运行可变动的收入占比"),
    "label": Text("share by which a label may grow or shrink", "标签规模可增减的占比"),
    "silent_days": Text("days without any order", "无订单天数"),
    "features": Text("Features", "自定义特征"),
    "policies": Text("Policies", "策略"),
    "examples": Text("Examples", "示例客户"),
    "limits": Text("Limits", "发布限额"),
    "type": Text("policy type", "策略类型"),
    "owner": Text("responsible person", "负责人"),
    "review_by": Text("to be reviewed by", "复核期限"),
    "for": Text("population", "适用范围"),
    "version": Text("written for version", "对应版本"),
    "budget_seconds": Text("time budget", "时间预算"),
    "renamed_from": Text("former key", "原键"),
    "moved": Text("may move at most", "最多可变动"),
    "min_share": Text("at least", "至少占"),
    "max_share": Text("at most", "最多占"),
    "min_customers": Text("customers, at least", "客户数至少"),
    "max_customers": Text("customers, at most", "客户数至多"),
    "capacity": Text("capacity", "服务能力"),
    "damping": Text("damping", "延迟生效"),
    "expect": Text("expected", "应得结果"),
    "customer": Text("stored customer", "已有客户"),
}
_SHARES = frozenset(("customers", "amount", "label", "moved", "min_share", "max_share"))
_NO_SCHEMA: Mapping[str, fields.Field[Any]] = {}


def difference_words(was: Mapping[str, Any], now: Mapping[str, Any], types: Types, *, currency: str = "") -> list[Change]:
    """Say every difference between two rulebook documents, in the order of the documents; nothing when they say the same.

    currency: written behind amounts of money.
    """
    return list(_Saying(types, currency).document(was, now))


class _Saying:
    def __init__(self, types: Types, currency: str) -> None:
        self.types = types
        self.currency = currency

    def document(self, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
        for key in {**was, **now}:
            before, after = was.get(key), now.get(key)
            if not _differ(before, after) and (key in was) == (key in now):
                continue
            head = _TITLES.get(key, same(key))
            match key:
                case "policies" if _keyed(before, "key") is not None and _keyed(after, "key") is not None:
                    yield from self._policies(before or [], after or [])
                case "features" if _keyed(before, "name") is not None and _keyed(after, "name") is not None:
                    yield from self._entries(head, key, before or [], after or [], "name")
                case "examples" | "limits":
                    yield from self._listed(head, key, [] if before is None else before, [] if after is None else after)
                case "guards" if isinstance(before, Mapping) and isinstance(after, Mapping):
                    yield from self._members(head, key, before, after, _NO_SCHEMA)
                case _:
                    yield from self._value(head, key, before, after, None, "")

    def _policies(self, was: Sequence[Any], now: Sequence[Any]) -> Iterator[Change]:
        old, new = _keyed(was, "key") or {}, _keyed(now, "key") or {}
        for key in {**old, **new}:
            place = f"policies[{key}]"
            if key not in new:
                yield Change(place, "removed", said(_policy_title(old[key]), Text("the policy is removed", "删除该策略")))
            elif key not in old:
                type_ = new[key].get("type")
                yield Change(place, "added", said(_policy_title(new[key]), Text(f"new policy of type {type_}", f"新增策略，类型 {type_}")))
            elif _differ(old[key], new[key]):
                yield from self._policy(place, old[key], new[key])
        yield from _order(_TITLES["policies"], "policies", old, new)

    def _policy(self, place: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
        head = _policy_title(now)
        schema = self._schema(now.get("type")) if was.get("type") == now.get("type") else _NO_SCHEMA
        for key in {**was, **now}:
            before, after = was.get(key), now.get(key)
            if not _differ(before, after) and (key in was) == (key in now):
                continue
            at = f"{place}.{key}"
            if key == "params" and isinstance(before, Mapping) and isinstance(after, Mapping):
                yield from self._members(head, at, before, after, schema)
            elif key == "enabled" and isinstance(after, bool):
                words = Text("switched on", "启用") if after else Text("switched off", "停用")
                yield Change(at, "changed", said(head, words))
            else:
                yield from self._value(said(head, _TITLES.get(key, same(key))), at, before, after, None, "")

    def _schema(self, name: Any) -> Mapping[str, fields.Field[Any]]:
        policy_type = self.types(name) if isinstance(name, str) else None
        return policy_type.Params().fields if policy_type is not None else _NO_SCHEMA

    def _members(
        self, head: Text, place: str, was: Mapping[str, Any], now: Mapping[str, Any], schema: Mapping[str, fields.Field[Any]]
    ) -> Iterator[Change]:
        for key in {**was, **now}:
            if _differ(was.get(key), now.get(key)) or (key in was) != (key in now):
                field = schema.get(key)
                title, unit = _described(key, field)
                yield from self._value(said(head, title), f"{place}.{key}", was.get(key), now.get(key), field, unit)

    def _value(self, head: Text, place: str, was: Any, now: Any, field: fields.Field[Any] | None, unit: str) -> Iterator[Change]:
        editor = field.metadata.get("editor") if field is not None else None
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            if editor == "table" or {"inputs", "rows"} <= set(was) & set(now):
                yield from (Change(place, kind, said(head, words)) for kind, words in table_changes(was, now))
                return
            if editor == "condition" or (is_condition(was) and is_condition(now)):
                yield from (Change(place, "changed", said(head, words)) for words in condition_change(was, now))
                return
            if title_text(was) and title_text(now):
                yield Change(place, "changed", said(head, _title_change(was, now)))
                return
            yield from self._members(head, place, was, now, _inner_schema(field))
            return
        if isinstance(was, list) and isinstance(now, list):
            yield from self._list(head, place, was, now, field, unit)
            return
        yield self._changed(head, place, was, now, unit)

    def _changed(self, head: Text, place: str, was: Any, now: Any, unit: str) -> Change:
        before, after = (condition_text(each) if is_condition(each) else value_text(each, unit, self.currency) for each in (was, now))
        if unit and before.en.rpartition(" ")[2] == after.en.rpartition(" ")[2]:  # the unit once is enough
            before = value_text(was)
        kind: Kind = "added" if was is None else "removed" if now is None else "changed"
        words = arrow(before, after)
        if before == after:
            words = Text(f"{after.en}, changed beyond what is shown here", f"{after.zh}，此处未显示的部分有变化")
        return Change(place, kind, said(head, words))

    def _list(self, head: Text, place: str, was: list[Any], now: list[Any], field: fields.Field[Any] | None, unit: str) -> Iterator[Change]:
        for name in ("key", "name", "feature"):
            if (was or now) and _keyed(was, name) is not None and _keyed(now, name) is not None:
                yield from self._entries(head, place, was, now, name, _inner_schema(field))
                return
        if len(was) == len(now) and len(was) <= _ELEMENTS:
            for at, (before, after) in enumerate(zip(was, now, strict=True)):
                if _differ(before, after):
                    numbered = Text(f"{head.en} {at + 1}", f"{head.zh} {at + 1}")
                    yield from self._value(numbered, f"{place}[{at}]", before, after, _element(field), unit)
            return
        before, after = value_text(was or None, unit), value_text(now or None, unit)
        if before == after:
            before, after = (Text(f"{len(each)} entries", f"{len(each)} 项") for each in (was, now))
        words = arrow(before, after)
        if before == after:
            at = next(at for at, pair in enumerate(zip(was, now, strict=False)) if _differ(*pair))
            words = arrow(
                *(Text(f"entry {at + 1} {value_text(each[at]).en}", f"第 {at + 1} 项 {value_text(each[at]).zh}") for each in (was, now))
            )
        yield Change(place, "changed", said(head, words))

    def _entries(
        self, head: Text, place: str, was: list[Any], now: list[Any], name: str, schema: Mapping[str, fields.Field[Any]] = _NO_SCHEMA
    ) -> Iterator[Change]:
        """Lists of objects that have a name: what went, what came, what changed within, and the order."""
        old, new = _keyed(was, name) or {}, _keyed(now, name) or {}
        for key in {**old, **new}:
            at = f"{place}[{key}]"
            if key not in new:
                yield Change(
                    at, "removed", said(head, Text(f"{_entry_title(key, old[key]).en} is gone", f"删除 {_entry_title(key, old[key]).zh}"))
                )
            elif key not in old:
                entry = _entry_title(key, new[key])
                more = condition_text(new[key]["when"]) if is_condition(new[key].get("when")) else None
                words = Text(f"new {entry.en}", f"新增 {entry.zh}")
                yield Change(at, "added", said(head, said(words, more) if more else words))
            elif _differ(old[key], new[key]):
                yield from self._members(said(head, _entry_title(key, new[key])), at, old[key], new[key], schema)
        yield from _order(head, place, old, new)

    def _listed(self, head: Text, place: str, was: Any, now: Any) -> Iterator[Change]:
        """Examples and limits: by what they are about."""
        old, new = _about(was, place), _about(now, place)
        if old is None or new is None:
            yield self._changed(head, place, was if was != [] else None, now if now != [] else None, "")
            return
        for key in {**old, **new}:
            subject = said(head, _subject(new[key] if key in new else old[key], place))
            if key not in new:
                yield Change(place, "removed", Text(f"{subject.en} is gone", f"{subject.zh} 已删除"))
            elif key not in old:
                yield Change(place, "added", said(subject, _summary(new[key], place)))
            elif _differ(old[key], new[key]):
                yield from self._members(subject, place, old[key], new[key], _NO_SCHEMA)
        yield from _order(head, place, old, new, named=False)


def _differ(was: Any, now: Any) -> bool:
    return bool(differences(was, now))


def _keyed(items: Any, name: str) -> dict[str, Any] | None:
    """A list of objects by a name that each has and no two share; None for anything else."""
    if items is None:
        return {}
    if not isinstance(items, list) or not all(isinstance(item, Mapping) and isinstance(item.get(name), str) for item in items):
        return None
    found = {item[name]: item for item in items}
    return found if len(found) == len(items) else None


def _order(head: Text, place: str, old: Mapping[str, Any], new: Mapping[str, Any], *, named: bool = True) -> Iterator[Change]:
    kept = [key for key in old if key in new]
    order = [key for key in new if key in old]
    if kept == order:
        return
    names = joined([same(key) for key in list(new)[:20]]) if named else Text("changed", "有变化")
    yield Change(f"{place} (order)", "changed", said(head, Text(f"order {names.en}", f"顺序 {names.zh}")))


def _policy_title(entry: Mapping[str, Any]) -> Text:
    return title_text(entry.get("title")) or same(str(entry.get("title") or entry.get("key")))


def _entry_title(key: str, entry: Mapping[str, Any]) -> Text:
    title = title_text(entry.get("title"))
    return Text(f"{title.en} ({key})", f"{title.zh}（{key}）") if title and (title.en, title.zh) != (key, key) else same(key)


def _title_change(was: Mapping[str, str], now: Mapping[str, str]) -> Text:
    """Titles may differ in one language only, which the other has to name."""
    words = []
    for language, name in (("en", Text("in English", "英文")), ("zh", Text("in Chinese", "中文"))):
        if was[language] != now[language]:
            words.append(Text(f"{name.en} “{was[language]}” → “{now[language]}”", f"{name.zh}“{was[language]}” → “{now[language]}”"))
    return joined(words)


def _described(key: str, field: fields.Field[Any] | None) -> tuple[Text, str]:
    """The title and unit of a parameter."""
    if field is None:
        return _TITLES.get(key, same(key)), "share" if key in _SHARES else ""
    title = field.metadata.get("title")
    unit = str(field.metadata.get("unit") or "")
    return title if isinstance(title, Text) else same(key), unit


def _element(field: fields.Field[Any] | None) -> fields.Field[Any] | None:
    inner = getattr(field, "inner", None)
    return inner if isinstance(inner, fields.Field) else None


def _inner_schema(field: fields.Field[Any] | None) -> Mapping[str, fields.Field[Any]]:
    """The fields of the objects that a parameter holds, or that its list holds."""
    nested = field if isinstance(field, fields.Nested) else _element(field)
    return nested.schema.fields if isinstance(nested, fields.Nested) else _NO_SCHEMA


def _about(items: Any, place: str) -> dict[str, Any] | None:
    """Examples by their English name, limits by output and label; None where they cannot be told apart."""
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        return None
    found = {}
    for item in items:
        name = title_text(item.get("name"))
        key = f"{item.get('output')} {item.get('label', '')}".strip() if place == "limits" else name.en if name else str(item.get("name"))
        found[key] = item
    return found if len(found) == len(items) else None


def _subject(item: Mapping[str, Any], place: str) -> Text:
    if place == "limits":
        return same(f"{item.get('output')} {item.get('label', '')}".strip())
    return title_text(item.get("name")) or same(str(item.get("name")))


def _summary(item: Mapping[str, Any], place: str) -> Text:
    if place == "limits":
        parts = [key for key in item if key not in ("output", "label")]
        values = [(_TITLES.get(key, same(key)), value_text(item[key], "share" if key in _SHARES else "")) for key in parts]
        return joined([Text(f"{head.en} {value.en}", f"{head.zh} {value.zh}") for head, value in values])
    expect = item.get("expect")
    if not isinstance(expect, Mapping):
        return value_text(expect)
    found = [(address, value_text(value) if value is not None else Text("no value", "无结果")) for address, value in expect.items()]
    return joined([Text(f"{address} must be {value.en}", f"{address} 应为 {value.zh}") for address, value in found])
