"""Where things are: the groups and pages of the sidebar, in order.

A page appears when a view with its key is registered and the reader may read its area; a group without a page is not
shown. So a capability that is not installed leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for

from admin.access import may
from admin.words import t

Pair = tuple[str, str]

GROUPS: tuple[tuple[Pair | None, tuple[tuple[str, str, str], ...]], ...] = (
    (None, (("overview", "Overview", "总览"),)),
    (
        ("Grading", "分级"),
        (
            ("rulebook", "Rulebook", "规则手册"),
            ("simulations", "Simulations", "模拟"),
            ("reviews", "Reviews", "审批与版本"),
        ),
    ),
    (
        ("Customers", "客户"),
        (
            ("customers", "Customers", "客户"),
            ("results", "Results", "分析结果"),
            ("changes", "Changes", "变动"),
            ("lists", "Saved lists", "名单"),
        ),
    ),
    (
        ("Service", "服务"),
        (
            ("tickets", "Queue", "工单队列"),
            ("attainment", "Promises kept", "承诺达成"),
            ("levels", "Service levels", "服务级别"),
            ("calendars", "Calendars", "工作日历"),
            ("answers", "Answer library", "答复库"),
            ("tasks", "Tasks", "任务"),
            ("managers", "Account managers", "客户经理"),
            ("pool", "Pool", "公海"),
            ("care", "Care plans", "关怀计划"),
            ("gateways", "Message gateways", "消息网关"),
        ),
    ),
    (
        ("Loyalty", "忠诚度"),
        (("members", "Members", "会员"), ("points", "Points", "积分"), ("rewards", "Rewards", "奖励")),
    ),
    (
        ("Operations", "运行"),
        (
            ("runs", "Runs and schedules", "运行与计划"),
            ("imports", "Imports", "导入"),
            ("plugins", "Plugins", "插件"),
            ("jobs", "Jobs", "后台作业"),
        ),
    ),
    (
        ("Administration", "管理"),
        (
            ("users", "Users and API keys", "用户与 API 密钥"),
            ("audit", "Audit trail", "审计记录"),
            ("settings", "Settings", "设置"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page a view puts into the sidebar. badge: (text, class) of what waits for a person, or None."""

    endpoint: str
    area: str
    badge: Callable[[], tuple[str, str] | None] | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the sidebar, ready to be drawn."""

    key: str
    title: str
    url: str
    here: bool
    badge: tuple[str, str] | None


def entries() -> dict[str, Entry]:
    """The registered pages by key."""
    found: dict[str, Entry] = current_app.extensions["tierwise_sidebar"]
    return found


def groups() -> list[tuple[str, list[Link]]]:
    """What this reader sees: (title of the group, links); the first group has no title."""
    known, active = entries(), _active()
    shown = []
    for title, pages in GROUPS:
        links = [_link(key, t(en, zh), known[key], active) for key, en, zh in pages if key in known and may(known[key].area, "read")]
        if links:
            shown.append((t(*title) if title else "", links))
    return shown


def pages() -> Iterator[Link]:
    """Every page this reader may open, for the search."""
    for _, links in groups():
        yield from links


def customer_url(customer: str) -> str | None:
    """The page of one customer, if it is installed and open to the reader."""
    entry = entries().get("customers")
    if entry is None or not may(entry.area):
        return None
    endpoint = f"{entry.endpoint.partition('.')[0]}.customer"
    return url_for(endpoint, customer=customer) if endpoint in current_app.view_functions else None


def _link(key: str, title: str, entry: Entry, active: str) -> Link:
    return Link(key, title, url_for(entry.endpoint), key == active, entry.badge() if entry.badge else None)


def _active() -> str:
    view: Any = current_app.extensions["tierwise_views"].get(request.blueprint or "")
    return str(getattr(view, "menu_key", "")) or str(getattr(view, "belongs_to", ""))
