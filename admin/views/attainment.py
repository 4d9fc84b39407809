"""How well promises are kept, by level, grade, owner, kind, priority, channel or category, over a time."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_admin import expose

from admin.access import acting
from admin.desk import desk
from admin.pages import Page
from admin.words import t

DAY = 86_400
TIMES = (7, 30, 90, 365)
AXES = {
    "level": ("Service level", "服务级别"),
    "grade": ("Grade", "等级"),
    "owner": ("Owner", "负责人"),
    "kind": ("Kind", "类型"),
    "priority": ("Priority", "优先级"),
    "channel": ("Channel", "渠道"),
    "category": ("Category", "类别"),
}


class Attainment(Page):
    """Promises that were kept and broken."""

    menu_key = "attainment"
    area = "service"
    title = ("Promises kept", "承诺达成")

    @expose("/")
    def index(self) -> str:
        """The figures."""
        engine = acting()
        by = request.args.get("by", "level")
        by = by if by in AXES else "level"
        days = request.args.get("days", 30, type=int)
        days = days if days in TIMES else 30
        now = int(engine.now.timestamp())
        found = engine.attainment.read(by=by, since=now - days * DAY, until=now + 1)
        words = desk()
        return self.page(
            "console/attainment.html",
            title=_title(found, days),
            crumb=t(*self.title),
            found=found,
            by=by,
            days=days,
            axes=AXES,
            times=TIMES,
            desk=words,
            named=lambda key: _named(words, by, key),
            help=t(
                "A promise counts in the time in which it ended: when it was answered or resolved, or when it was broken. Near are running "
                "promises that end within the hour; they count in no total.",
                "承诺按结束时间计入：首次答复、解决，或超时之时。“临近”为一小时内到期的进行中承诺，不计入总数。",
            ),
        )


def _named(words: Any, by: str, key: str) -> str:
    if not key:
        return t("none", "无")
    groups = {"channel": "channels", "category": "categories"}
    if by in groups:
        return str(words.word(groups[by], key))
    return str({"kind": words.kind, "level": words.level, "priority": lambda each: words.priority(each)[0]}.get(by, str)(key))


def _title(found: Any, days: int) -> str:
    total, met = sum(each.total for each in found.rows), sum(each.met for each in found.rows)
    if not total:
        return t("No promise ended in {n} days", "{n} 天内没有到期的承诺", n=days)
    share = f"{met / total:.1%}"
    return t("{share} of {n} promises were kept in {d} days", "{d} 天内 {n} 项承诺达成 {share}", share=share, n=total, d=days)


PAGES = [Attainment]
