"""The time line of a ticket in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from engine.desk.setup import ANSWER, CLOCKS, RESOLUTION
from engine.desk.states import STATES
from engine.levels import PRIORITIES
from engine.texts import Text


class Told(Protocol):
    """What a line needs: the kind of event and its details."""

    @property
    def kind(self) -> str:
        """The kind."""

    @property
    def details(self) -> Mapping[str, Any]:
        """The details."""


SIMPLE: Mapping[str, Text] = {
    "opened": Text("Opened", "创建工单"),
    "message_in": Text("The customer said", "客户来信"),
    "message_out": Text("Answered", "答复客户"),
    "acknowledgement": Text("Acknowledged by itself", "自动确认"),
    "note": Text("Note", "内部备注"),
    "letter": Text("Reason letter", "分级说明函"),
    "subject": Text("Subject changed", "修改主题"),
}
CHANGED: Mapping[str, Text] = {
    "kind": Text("Kind", "类型"),
    "category": Text("Category", "类别"),
    "cause": Text("Root cause", "根本原因"),
    "channel": Text("Channel", "渠道"),
    "owner": Text("Owner", "负责人"),
    "compensation": Text("Compensation", "补偿金额"),
    "level": Text("Service level", "服务级别"),
}


def event_words(event: Told) -> Text:
    """One line of the time line; texts that people wrote are not part of it."""
    kind, details = event.kind, event.details
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind == "state":
        return _change(Text("State", "状态"), *(_title(STATES, details.get(name), "title") for name in ("was", "now")))
    if kind == "priority":
        return _change(Text("Priority", "优先级"), *(_title(PRIORITIES, details.get(name)) for name in ("was", "now")))
    if kind == "promise":
        return _promise(details)
    if kind == "step":
        return _step(details)
    title = CHANGED.get(kind, Text(kind, kind))
    return _change(title, *(Text(str(details.get(name) or "–"), str(details.get(name) or "–")) for name in ("was", "now")))


def _promise(details: Mapping[str, Any]) -> Text:
    parts = []
    for clock in (ANSWER, RESOLUTION):
        seconds = details.get(clock)
        if seconds is not None:
            hours = f"{seconds / 3600:.4g}"
            parts.append(Text(f"{CLOCKS[clock].en.lower()} within {hours} working hours", f"{hours} 个工作小时内{CLOCKS[clock].zh}"))
    if not parts:
        return Text("Nothing promised", "未作时限承诺")
    return Text(f"Promised: {', '.join(part.en for part in parts)}", f"承诺：{'，'.join(part.zh for part in parts)}")


def _step(details: Mapping[str, Any]) -> Text:
    title = CLOCKS.get(str(details.get("clock")), Text("Clock", "计时"))
    said = Text("is broken", "已超时") if details.get("breach") else Text("is close to its end", "即将到期")
    people = ", ".join(details.get("told", ())) or "–"
    return Text(f"{title.en} {said.en}; told {people}", f"{title.zh}{said.zh}；已通知 {people}")


def _change(title: Text, was: Text, now: Text) -> Text:
    return Text(f"{title.en}: {was.en} → {now.en}", f"{title.zh}：{was.zh} → {now.zh}")


def _title(known: Mapping[str, Any], key: object, attribute: str = "") -> Text:
    found = known.get(str(key))
    if found is None:
        return Text(str(key or "–"), str(key or "–"))
    title: Text = getattr(found, attribute) if attribute else found
    return title
