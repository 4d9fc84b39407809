"""Service levels as the live rulebook promises them; they are changed in a draft, like every rule."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_admin import expose

from admin import labels
from admin.access import acting, may
from admin.desk import desk, hours
from admin.pages import Page
from admin.words import plural, t
from engine import RunError


class Levels(Page):
    """What each level gives, and how many customers have it."""

    menu_key = "levels"
    area = "service"
    title = ("Service levels", "服务级别")

    @expose("/")
    def index(self) -> str:
        """The levels."""
        engine = acting()
        words = desk()
        counts = _counts(engine, words.live.address)
        managed = sum(counts.get(level.key, 0) for level in words.live.levels.values() if level.manager)
        planned = sum(counts.get(level.key, 0) * level.hours for level in words.live.levels.values())
        policy = words.live.address.partition(".")[0]
        return self.page(
            "console/levels.html",
            title=_title(words.live, managed),
            crumb=t(*self.title),
            desk=words,
            by=labels.title(engine, words.live.address),
            over=labels.title(engine, words.live.grade) if words.live.grade else t("facts", "事实"),
            counts=counts,
            promises={key: _holding(level.targets) for key, level in words.live.levels.items()},
            managed=managed,
            planned=planned,
            hours=hours,
            calendars={each.name for each in engine.calendars.list()},
            edit=url_for("rulebook.index") if policy and may("rules") else None,
            setup=engine.desk.stored_setup(),
            help=t(
                "A policy of the type service_level decides the level of each customer and says what it gives. It is changed in a draft of the "
                "rulebook; the simulation says how many more customers would have a manager, and how many hours are promised.",
                "由 service_level 类型的策略判定客户级别并规定其权益。在规则手册草稿中修改；模拟结果会说明新增多少位需专属经理的客户及承诺工时。",
            ),
        )


def _holding(targets: Any) -> list[Any]:
    """Promises that can hold: without those whose every request an earlier one fits already."""
    found: list[Any] = []
    for each in targets:
        if not any(former.kind in ("*", each.kind) and former.priority in ("*", each.priority) for former in found):
            found.append(each)
    return found


def _counts(engine: Any, address: str) -> dict[str, int]:
    """Customers by level in the newest visible run."""
    try:
        run = engine.run_record().id
    except RunError:
        return {}
    return {label: count for (where, label), (count, _) in engine.label_amounts(run).items() if where == address}


def _title(live: Any, managed: int) -> str:
    if not live.levels:
        return t("No policy gives service levels yet", "尚无策略给出服务级别")
    return t("{n} customer{s} a dedicated manager", "{n} 位客户配备专属客户经理", n=f"{managed:,}", s=plural(managed, " has", "s have"))


PAGES = [Levels]
