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
    "acknowledgement": Text("Acknowledgement prepared", "自动确认（已生成）"),
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


WAYS: Mapping[str, Text] = {"email": Text("by e-mail", "通过邮件"), "webhook": Text("to webhooks", "通过 Webhook"), "": Text("", "")}
WHYS: Mapping[str, Text] = {
    "resolved": Text("the ticket was resolved before", "工单此前已解决"),
    "voided": Text("the customer was taken back", "客户已作废"),
    "consent": Text("the customer's consent is missing", "未获客户同意"),
    "often": Text("the customer got too many within a day", "一天内已向该客户发送过多"),
    "no_way": Text(
        "the customer has no e-mail address, and no webhook listens to ticket.acknowledged",
        "客户没有邮箱地址，也没有订阅 ticket.acknowledged 的 Webhook",
    ),
    "no_server": Text("no mail server is set", "尚未设置邮件服务器"),
    "stopped": Text("the worker was stopped while it was handed over", "发送过程中工作进程被中断"),
}
"""Why an acknowledgement was not sent, or nobody knows whether it was."""


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
    if kind == "delivery":
        return _delivery(details)
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


def _delivery(details: Mapping[str, Any]) -> Text:
    """What came of an acknowledgement."""
    status, way = details.get("status"), WAYS.get(str(details.get("way")), Text("", ""))
    said = str(details.get("said") or "")
    why = WHYS.get(str(details.get("why")), Text(said, said))
    if status == "sent":
        return Text(f"Acknowledgement sent {way.en}", f"自动确认已发送（{way.zh}）")
    if status == "unknown":
        return Text(
            f"Nobody knows whether the acknowledgement was sent, so it is not sent again: {why.en}",
            f"无法确定自动确认是否已送达，因此不再重发：{why.zh}",
        )
    if status == "waiting":
        again = str(details.get("again", ""))[:16].replace("T", " ")
        return Text(
            f"Acknowledgement not sent, attempt {details.get('attempt')}: {why.en}; the next one at {again}",
            f"自动确认发送失败（第 {details.get('attempt')} 次）：{why.zh}；将于 {again} 重试",
        )
    if status == "dropped":
        return Text(f"No acknowledgement was sent: {why.en}", f"未发送自动确认：{why.zh}")
    return Text(f"The acknowledgement could not be sent: {why.en}", f"自动确认无法发送：{why.zh}")


def _step(details: Mapping[str, Any]) -> Text:
    title = CLOCKS.get(str(details.get("clock")), Text("Clock", "计时"))
    said = Text("is broken", "已超时") if details.get("breach") else Text("is close to its end", "即将到期")
    people = ", ".join(details.get("told", ()))
    told = Text(f"told {people}", f"已通知 {people}") if people else Text("there was nobody to tell", "没有可通知的人")
    return Text(f"{title.en} {said.en}; {told.en}", f"{title.zh}{said.zh}；{told.zh}")


def _change(title: Text, was: Text, now: Text) -> Text:
    return Text(f"{title.en}: {was.en} → {now.en}", f"{title.zh}：{was.zh} → {now.zh}")


def _title(known: Mapping[str, Any], key: object, attribute: str = "") -> Text:
    found = known.get(str(key))
    if found is None:
        return Text(str(key or "–"), str(key or "–"))
    title: Text = getattr(found, attribute) if attribute else found
    return title
