"""The audit trail in words: what each action is called, and its details as a sentence in both languages.

sentence(entry, zone) -> Text("Published version 3 of the rulebook: approved by lin", "发布规则手册第 3 版：由 lin 批准")

An action that is not here (one of a newer Tierwise) is told by its code; a test finds every action that the engine records.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from engine.audit_chain import Entry
from engine.permissions import AREAS, REACHES, ROLES
from engine.policy import Text

LONGEST = 300
"""Characters of one value in a sentence."""

_BRACES = re.compile(r"\{(\w+)\}")
MOMENTS = frozenset({"as_of", "next_at", "at", "due", "starts_at", "ends_at"})


@dataclass(frozen=True, slots=True)
class Act:
    """How an action is told. title: with {id}, the part of the subject after the colon, and {kind}, the part before.

    parts: what follows, each left out when a value that it names is missing; "name? text" shows the text when the value is
    true, without the value.
    """

    title: Text
    parts: tuple[Text, ...] = ()


def _act(en: str, zh: str, *parts: tuple[str, str]) -> Act:
    return Act(Text(en, zh), tuple(Text(*part) for part in parts))


_VERSION = ("rulebook version {version}", "规则手册第 {version} 版")
_FIXED = (
    ("customer {customer}", "客户 {customer}"),
    ("{output}", "{output}"),
    ("from {starts_at}", "自 {starts_at} 起"),
    ("to {ends_at}", "至 {ends_at}"),
)
_ALONE = ("self_approved? without a second person", "self_approved? 未经第二人审批")

ACTIONS: Mapping[str, Act] = {
    # rules
    "draft.new": _act("Started draft {id}", "新建草稿 {id}", ("from version {base}", "基于第 {base} 版")),
    "draft.edit": _act("Changed draft {id}", "修改草稿 {id}", ("save {revision}", "第 {revision} 次保存"), ("voided? its review starts anew", "voided? 需重新审批")),
    "draft.undo": _act("Took draft {id} back to save {to}", "将草稿 {id} 恢复到第 {to} 次保存", ("voided? its review starts anew", "voided? 需重新审批")),
    "draft.discard": _act("Discarded draft {id}", "放弃草稿 {id}"),
    "draft.submit": _act("Submitted draft {id} for approval", "提交草稿 {id} 审批"),
    "draft.withdraw": _act("Withdrew draft {id} from review", "撤回草稿 {id}"),
    "draft.reject": _act("Sent draft {id} back", "退回草稿 {id}"),
    "draft.approve": _act("Approved draft {id}", "批准草稿 {id}", _ALONE),
    "draft.schedule": _act("Scheduled draft {id}", "计划发布草稿 {id}", ("to be live at {at}", "于 {at} 生效")),
    "draft.unschedule": _act("Took the schedule of draft {id} back", "取消草稿 {id} 的发布计划"),
    "draft.publish_failed": _act("Could not publish draft {id} when it was due", "草稿 {id} 到期未能发布"),
    "rulebook.publish": _act(
        "Published version {id} of the rulebook", "发布规则手册第 {id} 版",
        ("from draft {draft}", "来自草稿 {draft}"), ("approved by {approved_by}", "由 {approved_by} 批准"), _ALONE,
    ),
    "rulebook.rollback": _act("Brought version {id} of the rulebook back", "恢复规则手册第 {id} 版", ("instead of version {from}", "取代第 {from} 版")),
    "comment.add": _act("Commented on draft {id}", "评论草稿 {id}", ("comment {comment}", "评论 {comment}")),
    "comment.settle": _act("Settled a comment on draft {id}", "解决草稿 {id} 的评论", ("comment {comment}", "评论 {comment}")),
    "comment.reopen": _act("Opened a comment on draft {id} again", "重新打开草稿 {id} 的评论", ("comment {comment}", "评论 {comment}")),
    "four_eyes.on": _act("Switched the second person on: rules need an approval again", "启用双人复核：规则需经批准"),
    "four_eyes.off": _act("Switched the second person off: rules need no approval", "停用双人复核：规则无需批准"),
    "fixed_value.request": _act("Asked for fixed value {id}", "申请固定值 {id}", *_FIXED),
    "fixed_value.approve": _act("Approved fixed value {id}", "批准固定值 {id}", *_FIXED, ("asked for by {author}", "由 {author} 申请"), _ALONE),
    "fixed_value.reject": _act("Rejected fixed value {id}", "驳回固定值 {id}", *_FIXED),
    "fixed_value.withdraw": _act("Took the request for fixed value {id} back", "撤回固定值申请 {id}", *_FIXED),
    "fixed_value.end": _act("Ended fixed value {id} early", "提前结束固定值 {id}", *_FIXED),
    # runs
    "run": _act(
        "Run {id} finished", "运行 {id} 完成",
        ("{status}", "{status}"), ("as of {as_of}", "数据截至 {as_of}"), _VERSION, ("held? its result is not shown yet", "held? 结果暂未生效"),
    ),
    "retention.remove": _act("Removed what is older than the installation keeps", "清除超过保留期的数据", ("{deliveries} deliveries", "{deliveries} 条投递记录"), ("{events} events", "{events} 个事件"), ("{sessions} sessions", "{sessions} 个会话")),
    "run.release": _act("Released held run {id}", "放行运行 {id}", _VERSION, ("{changes} changes became visible", "{changes} 项变动生效")),
    "sandbox.make": _act("Made the store a sandbox", "将存储设为沙箱"),
    "sandbox.clock": _act("Moved the clock ahead", "将时钟前移", ("{ahead_seconds} seconds ahead", "提前 {ahead_seconds} 秒")),
    "schedule.add": _act("Added schedule {id}", "添加计划 {id}", ("{kind}", "{kind}"), ("{cron}", "{cron}"), ("draft {draft}", "草稿 {draft}"), ("next {next_at}", "下次 {next_at}")),
    "schedule.enable": _act("Let schedule {id} go on", "启用计划 {id}", ("next {next_at}", "下次 {next_at}")),
    "schedule.disable": _act("Let schedule {id} rest", "停用计划 {id}"),
    "schedule.remove": _act("Removed schedule {id}", "删除计划 {id}", ("{kind}", "{kind}"), ("{cron}", "{cron}")),
    "schedule.run": _act(
        "Schedule {id} was due", "计划 {id} 到期执行",
        ("{status}", "{status}"), ("run {run}", "运行 {run}"), ("due {due}", "到期时间 {due}"), ("in the name of {for}", "以 {for} 的名义"),
    ),
    "schedule.publish": _act(
        "Publication {id} was due", "发布计划 {id} 到期执行",
        ("{status}", "{status}"), _VERSION, ("due {due}", "到期时间 {due}"), ("in the name of {for}", "以 {for} 的名义"),
    ),
    # facts
    "import": _act(
        "Imported {kind}, batch {id}", "导入{kind}，批次 {id}",
        ("{rows} rows", "{rows} 行"), ("{created} new", "新增 {created}"), ("{updated} updated", "更新 {updated}"),
        ("{unchanged} unchanged", "未变 {unchanged}"), ("{rejected_rows} rejected", "拒收 {rejected_rows}"), ("mapping {mapping}", "映射 {mapping}"),
    ),
    "import.undo": _act("Undid import {id}", "撤销导入 {id}", ("{removed} facts removed", "移除 {removed} 条"), ("{restored} restored", "恢复 {restored} 条")),
    "fact.void": _act("Voided {kind} {id}", "作废{kind} {id}"),
    "fact.unvoid": _act("Made {kind} {id} count again", "恢复{kind} {id}"),
    "fact.void_many": _act("Voided {kind}, batch {id}", "作废{kind}，批次 {id}", ("{updated} voided", "作废 {updated}"), ("{unchanged} as before", "未变 {unchanged}"), ("{rejected_rows} rejected", "拒收 {rejected_rows}")),
    "fact.unvoid_many": _act("Made {kind} count again, batch {id}", "恢复{kind}，批次 {id}", ("{updated} brought back", "恢复 {updated}"), ("{unchanged} as before", "未变 {unchanged}"), ("{rejected_rows} rejected", "拒收 {rejected_rows}")),
    "customer.join": _act("Joined two customers into customer {id}", "合并客户至 {id}", ("with {with}", "并入 {with}")),
    "customer.separate": _act("Separated a customer from customer {id}", "从客户 {id} 拆分", ("{with}", "{with}")),
    "customer.not_graded": _act("Left customer {id} out of grading", "客户 {id} 不再参与分级"),
    "customer.graded": _act("Let customer {id} be graded again", "客户 {id} 恢复参与分级"),
    "tag.add": _act("Made the tag {id}", "新建标签 {id}"),
    "tag.edit": _act("Changed the tag {id}", "修改标签 {id}"),
    "tag.remove": _act("Removed the tag {id}", "删除标签 {id}", ("{customers} customers had it", "涉及客户 {customers} 位")),
    "tag.give": _act("Put the tag {id} on customers", "为客户添加标签 {id}", ("{customers} customers", "{customers} 位客户")),
    "tag.take": _act("Took the tag {id} off customers", "移除客户的标签 {id}", ("{customers} customers", "{customers} 位客户")),
    "points.correct": _act("Corrected points of customer {id}", "人工调整客户 {id} 的积分", ("{points}", "{points}"), ("act {act}", "记录 {act}")),
    "points.undo": _act("Took back a correction or event of customer {id}", "撤回客户 {id} 的调整或事件积分", ("{points}", "{points}"), ("act {act}", "记录 {act}"), ("of act {of}", "撤回记录 {of}")),
    "points.transfer": _act("Transferred points of customer {id}", "转移客户 {id} 的积分", ("{points}", "{points}"), ("to customer {to}", "转给客户 {to}")),
    "points.close": _act("Closed the points account of customer {id}", "关闭客户 {id} 的积分账户"),
    "points.open": _act("Opened the points account of customer {id}", "开启客户 {id} 的积分账户"),
    "care.save": _act("Saved care plan {id}", "保存关怀计划 {id}", ("enabled? acting", "enabled? 已启用")),
    "care.remove": _act("Removed care plan {id}", "删除关怀计划 {id}"),
    "care.run": _act("Carried out the care of {id}", "执行 {id} 的关怀", ("{made} made", "生成 {made}"), ("{control} left out to compare with", "对照 {control}")),
    "gateway.save": _act("Saved message gateway {id}", "保存消息网关 {id}", ("enabled? acting", "enabled? 已启用")),
    "gateway.remove": _act("Removed message gateway {id}", "删除消息网关 {id}"),
    "gateway.trial": _act("Sent a trial by message gateway {id}", "经消息网关 {id} 试发", ("accepted? accepted", "accepted? 已接收")),
    "gateway.retry": _act("Let failed messages of {id} be sent again", "重发 {id} 的失败消息", ("{messages} messages", "{messages} 条")),
    "interaction.add": _act("Wrote down contact {id} with a customer", "记录客户联系 {id}", ("channel {channel}", "渠道 {channel}")),
    "interaction.void": _act("Voided contact {id}", "作废联系记录 {id}"),
    "interaction.import": _act("Brought {id} contacts with customers", "导入客户联系 {id} 条", ("{rows} rows", "{rows} 行")),
    "manager.add": _act("Added account manager {id}", "添加客户经理 {id}", ("for {capacity} customers", "容量 {capacity} 位客户")),
    "manager.edit": _act("Changed account manager {id}", "修改客户经理 {id}", ("{changed}", "{changed}")),
    "manager.policy": _act("Said who gets an account manager", "设定客户经理分配规则", ("by {output}", "依据 {output}"), ("{grades}", "{grades}")),
    "manager.assign": _act(
        "Gave customers to account managers", "分配客户经理",
        ("{customers} customers", "{customers} 位客户"), ("{kept} kept", "保留 {kept}"), ("{given} new", "新分配 {given}"), ("{moved} moved", "更换 {moved}"), ("{no_room} without room", "无余量 {no_room}"),
    ),
    "manager.give": _act("Gave customers to account manager {id} by hand", "手动指派客户给客户经理 {id}", ("{customers} customers", "{customers} 位客户")),
    "manager.release": _act("Gave customers back to the pool", "将客户退回公海", ("{customers} customers", "{customers} 位客户")),
    "manager.neglected": _act("Returned neglected customers to the pool", "将久未联系的客户退回公海", ("{customers} customers", "{customers} 位客户"), ("{days} days without contact", "{days} 天未联系")),
    "manager.claim": _act("Account manager {id} took customers from the pool", "客户经理 {id} 从公海领取客户", ("{customers} customers", "{customers} 位客户")),
    "manager.leave": _act(
        "Account manager {id} left", "客户经理 {id} 离任",
        ("{customers} customers", "{customers} 位客户"), ("{tasks} tasks", "{tasks} 项任务"), ("{drafts} drafts", "{drafts} 份草稿"), ("to account manager {to}", "移交客户经理 {to}"),
    ),
    "reward.save": _act("Saved reward {id}", "保存奖励 {id}", ("{points} points", "{points} 积分")),
    "offer.issue": _act("Issued codes of offer {id}", "发放优惠 {id} 的优惠码", ("{count} codes", "{count} 个")),
    "task.add": _act("Made task {id}", "新建任务 {id}", ("kind {kind}", "类型 {kind}")),
    "task.edit": _act("Changed task {id}", "修改任务 {id}", ("{changed}", "{changed}")),
    "task.done": _act("Closed task {id}: done", "完成任务 {id}"),
    "task.skip": _act("Closed task {id}: skipped", "跳过任务 {id}"),
    "ticket.open": _act("Opened ticket {id}", "创建工单 {id}", ("kind {kind}", "类型 {kind}"), ("priority {priority}", "优先级 {priority}"), ("level {level}", "服务级别 {level}")),
    "ticket.say": _act("Wrote into ticket {id}", "在工单 {id} 中留言", ("{direction}", "{direction}")),
    "ticket.move": _act("Moved ticket {id}", "变更工单 {id} 的状态", ("from {was}", "原为 {was}"), ("to {now}", "现为 {now}")),
    "ticket.edit": _act("Changed ticket {id}", "修改工单 {id}", ("{changed}", "{changed}")),
    "ticket.escalate": _act("Escalated tickets", "升级工单", ("{steps} steps", "{steps} 步"), ("of {tickets} tickets", "涉及 {tickets} 个工单")),
    "ticket.retarget": _act("Promised anew, since levels changed", "服务级别变化，重新承诺时限", ("{tickets} tickets", "{tickets} 个工单")),
    "calendar.save": _act("Saved calendar {id}", "保存工作日历 {id}", ("revision {revision}", "第 {revision} 版")),
    "calendar.remove": _act("Removed calendar {id}", "删除工作日历 {id}"),
    "answer.save": _act("Saved prepared answer {id}", "保存预设答复 {id}", ("revision {revision}", "第 {revision} 版")),
    "answer.remove": _act("Removed prepared answer {id}", "删除预设答复 {id}"),
    "desk.setup": _act("Set the service desk up", "修改服务台设置", ("revision {revision}", "第 {revision} 版")),
    # people and programs
    "user.first": _act("Became the first administrator, user {id}", "创建首位管理员，用户 {id}"),
    "user.add": _act("Added user {id}", "添加用户 {id}", ("roles {roles}", "角色 {roles}"), ("sees {reach}", "可见 {reach}")),
    "user.edit": _act("Changed user {id}", "修改用户 {id}", ("changed: {changed}", "更改：{changed}"), ("roles are now {roles}", "现有角色 {roles}")),
    "user.disable": _act("Disabled user {id}: sessions and keys are dead", "停用用户 {id}，其会话与密钥失效"),
    "user.enable": _act("Let user {id} in again", "重新启用用户 {id}"),
    "user.password": _act("Set the password of user {id}", "设置用户 {id} 的密码"),
    "user.reset": _act("Gave user {id} a one-time password", "为用户 {id} 生成一次性密码"),
    "role.change": _act("Changed what the role {id} may", "更改角色 {id} 的权限", ("in {area}", "领域 {area}"), ("read? may read", "read? 可查看"), ("write? may write", "write? 可修改")),
    "session.start": _act("Signed in as user {id}", "用户 {id} 登录"),
    "session.refused": _act("Was refused at the sign-in, user {id}", "登录被拒绝，用户 {id}"),
    "session.end": _act("Ended {kind} {id}", "结束{kind} {id}", ("{sessions} sessions", "{sessions} 个会话")),
    "key.make": _act("Made key {id}", "创建密钥 {id}", ("for user {user}", "用户 {user}"), ("scopes {scopes}", "权限范围 {scopes}"), ("test? for a sandbox", "test? 仅用于沙箱")),
    "key.revoke": _act("Revoked key {id}", "吊销密钥 {id}"),
    "evaluate": _act("Evaluated customers with {kind} {id}", "使用{kind} {id} 评估客户", ("{requests} requests", "{requests} 次请求"), ("{customers} customers", "{customers} 位客户"), ("with run {run}", "依据运行 {run}")),
    "export": _act(
        "Exported {what}", "导出{what}",
        ("{rows} rows", "{rows} 行"), ("as {format}", "格式 {format}"), ("personal? with personal data", "personal? 含个人信息"), ("log entry {id}", "导出记录 {id}"),
    ),
    "webhook.add": _act("Added webhook {id}", "添加 Webhook {id}", ("for {events}", "事件 {events}")),
    "webhook.edit": _act("Changed webhook {id}", "修改 Webhook {id}", ("changed: {changed}", "更改：{changed}")),
    "webhook.replay": _act("Sent a delivery of webhook {id} again", "重新发送 Webhook {id} 的投递", ("delivery {delivery}", "投递 {delivery}")),
    "audit.seal": _act("Sealed the audit trail from here on", "自此起为审计记录加密封", ("with the key {key}", "密钥 {key}")),
}  # fmt: skip
"""Every action that the engine records."""

GROUPS: Mapping[str, Text] = {
    "draft": Text("Drafts", "草稿"),
    "rulebook": Text("Publishing", "发布"),
    "comment": Text("Comments", "评论"),
    "four_eyes": Text("Second person", "双人复核"),
    "fixed_value": Text("Fixed values", "固定值"),
    "run": Text("Runs", "运行"),
    "schedule": Text("Schedules", "计划"),
    "import": Text("Imports", "导入"),
    "fact": Text("Voided facts", "作废"),
    "customer": Text("Customers", "客户"),
    "tag": Text("Tags", "标签"),
    "points": Text("Points", "积分"),
    "care": Text("Care plans", "关怀计划"),
    "gateway": Text("Message gateways", "消息网关"),
    "interaction": Text("Contacts", "联系记录"),
    "manager": Text("Account managers", "客户经理"),
    "reward": Text("Rewards", "奖励"),
    "offer": Text("Offers", "优惠"),
    "task": Text("Tasks", "任务"),
    "ticket": Text("Tickets", "工单"),
    "calendar": Text("Calendars", "工作日历"),
    "answer": Text("Prepared answers", "预设答复"),
    "desk": Text("Service desk", "服务台"),
    "user": Text("Users", "用户"),
    "role": Text("Roles", "角色"),
    "session": Text("Sign-ins", "登录"),
    "key": Text("API keys", "API 密钥"),
    "evaluate": Text("Evaluations", "评估"),
    "export": Text("Exports", "导出"),
    "webhook": Text("Webhooks", "Webhook"),
    "sandbox": Text("Sandbox", "沙箱"),
    "retention": Text("Retention", "数据保留"),
    "audit": Text("Audit trail", "审计记录"),
}
"""What comes before the dot, as a group of actions to look for."""

_WORDS: Mapping[str, Text] = {
    "order": Text("order", "订单"),
    "orders": Text("orders", "订单"),
    "customers": Text("customers", "客户"),
    "segments": Text("segments", "客群"),
    "lines": Text("order lines", "订单明细"),
    "customer": Text("customer", "客户"),
    "product": Text("product", "商品"),
    "line": Text("order line", "订单明细"),
    "rate": Text("exchange rate", "汇率"),
    "products": Text("products", "商品"),
    "rates": Text("exchange rates", "汇率"),
    "run": Text("run", "运行"),
    "publication": Text("publication", "发布"),
    "session": Text("session", "会话"),
    "user": Text("every session of user", "全部会话，用户"),
    "key": Text("key", "密钥"),
    "visible": Text("visible", "已生效"),
    "held": Text("held", "暂停生效"),
    "historical": Text("look back", "回溯"),
    "superseded": Text("superseded", "已被取代"),
    "discarded": Text("discarded", "已丢弃"),
    "done": Text("done", "已完成"),
    "failed": Text("failed", "失败"),
    "assignments": Text("assignments", "分级结果"),
    "changes": Text("changes", "变动"),
    "rejected": Text("rejected rows", "拒收行"),
    "audit": Text("the audit trail", "审计记录"),
    "display_name": Text("display name", "显示姓名"),
    "language": Text("language", "语言"),
    "theme": Text("theme", "主题"),
    "roles": Text("roles", "角色"),
    "reach": Text("reach", "可见范围"),
    "unit": Text("unit", "所属单位"),
    "owner": Text("owner", "负责人名称"),
    "title": Text("title", "名称"),
    "url": Text("address", "地址"),
    "events": Text("events", "事件"),
    "disabled_at": Text("whether it is enabled", "启用状态"),
    "disabled_because": Text("why it was disabled", "停用原因"),
}
_NAMED: Mapping[str, Mapping[str, Text]] = {
    **dict.fromkeys(("kind", "status", "changed", "what"), _WORDS),
    "roles": {role.key: role.title for role in ROLES.values()},
    "area": AREAS,
    "reach": REACHES,
}
"""Details whose values are words of ours; scopes, names and texts of people stay as they are."""


def title(action: str) -> Text:
    """What an action is called, without its subject: for lists to choose from."""
    if action not in ACTIONS:
        return Text(action, action)
    named = ACTIONS[action].title
    bare = {which: re.sub(r"[,，]? ?\{\w+\}", "", named.in_(which)).strip() for which in ("en", "zh")}
    return Text(bare["en"], bare["zh"])


def sentence(entry: Entry, zone: ZoneInfo) -> Text:
    """An entry as a sentence in both languages; moments in the business zone."""
    kind, _, number = entry.subject.partition(":")
    try:
        details = json.loads(entry.details)
    except ValueError:  # somebody altered it; verifying tells
        details = {}
    values = {"kind": kind, "id": number} | (details if isinstance(details, dict) else {})
    act = ACTIONS.get(entry.action)
    if act is None:
        told = ", ".join(f"{key} {_plain(value)}" for key, value in values.items() if key not in ("kind", "id"))
        bare = f"{entry.action} {entry.subject}" + (f": {told}" if told else "")
        return Text(bare, bare)
    return Text(*(_told(act, values, which, zone) for which in ("en", "zh")))


def _told(act: Act, values: Mapping[str, Any], which: str, zone: ZoneInfo) -> str:
    head = _filled(act.title.in_(which), values, which, zone)
    parts = [_filled(text, values, which, zone) for part in act.parts if (text := _shown(part.in_(which), values)) is not None]
    colon, comma = (": ", ", ") if which == "en" else ("：", "，")
    return head + (colon + comma.join(parts) if parts else "")


def _shown(part: str, values: Mapping[str, Any]) -> str | None:
    """The part, or None where it does not apply."""
    name, question, text = part.partition("? ")
    if question and name.isidentifier():
        return text if values.get(name) else None
    return part if all(_told_of(name, values.get(name)) for name in _BRACES.findall(part)) else None


def _told_of(name: str, value: Any) -> bool:
    """Nothing is not told, nor is a count of none, but for those that people look for."""
    return value not in (None, "", [], {}) and (value != 0 or name in ("rows", "rejected_rows") or value is False)


def _filled(text: str, values: Mapping[str, Any], which: str, zone: ZoneInfo) -> str:
    return _BRACES.sub(lambda match: _value(match[1], values.get(match[1]), which, zone), text)


def _value(name: str, value: Any, which: str, zone: ZoneInfo) -> str:
    if name in MOMENTS and isinstance(value, int) and not isinstance(value, bool):
        try:
            return f"{dt.datetime.fromtimestamp(value, zone):%Y-%m-%d %H:%M}"
        except (OverflowError, ValueError, OSError):
            return str(value)
    if isinstance(value, list):
        return (", " if which == "en" else "、").join(_value(name, each, which, zone) for each in value)[:LONGEST]
    if (
        isinstance(value, int)
        and not isinstance(value, bool)
        and name not in ("id", "draft", "version", "run", "base", "from", "to", "comment")
    ):
        return f"{value:,}"
    word = _NAMED.get(name, {}).get(str(value))
    return word.in_(which) if word is not None else _plain(value)


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
