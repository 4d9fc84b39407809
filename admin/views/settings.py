"""Settings: what this store is, what the installation is told, what holds runs back, how much there is.

Nothing is changed here: settings are environment variables, and belong to whoever starts Tierwise.
"""

from __future__ import annotations

from typing import Any

from flask import g, url_for
from flask_admin import expose

from admin.access import acting, may
from admin.pages import Page
from admin.words import t
from engine import RulebookError

GUARDS = {
    "customers": (
        "Share of customers whose label may change in one run",
        "单次运行中标签可变动的客户占比",
        "A run that moves more is held until a person releases it.",
        "超出时运行结果暂停生效，须由人放行。",
    ),
    "amount": (
        "Share of revenue whose customers may change in one run",
        "单次运行中变动客户可占的销售额比例",
        "Counts what the movers bring, so that few large customers are noticed.",
        "按变动客户的销售额计算，少数大客户的变动也会被发现。",
    ),
    "label": (
        "By how much a label may grow or shrink in one run",
        "单次运行中单个标签人数可变动的幅度",
        "Labels with fewer than 50 customers are not watched: they jump by chance.",
        "不足 50 位客户的标签波动较大，不作检查。",
    ),
    "silent_days": (
        "Days without facts after which a source counts as silent",
        "数据来源多少天无数据视为中断",
        "A run is held when a source that used to deliver has gone silent.",
        "原本正常的数据来源中断时，运行结果暂停生效。",
    ),
}


class Settings(Page):
    """The installation, to look at."""

    menu_key = "settings"
    area = "settings"
    title = ("Settings", "设置")

    @expose("/")
    def index(self) -> str:
        """The page."""
        engine = acting()
        store = engine.installation.store()
        return self.page(
            "console/settings.html",
            title=_title(store, engine.settings.four_eyes),
            crumb=t(*self.title),
            business=engine.business,
            store=store,
            settings=engine.installation.settings(),
            four_eyes=engine.settings.four_eyes,
            sealed=bool(engine.settings.audit_keys),
            guards=_guards(engine),
            audit=url_for("audit.index", action="four_eyes") if may("audit") else None,
            help=_help(),
        )


def _guards(engine: Any) -> list[tuple[str, tuple[str, str, str, str] | None, Any]]:
    try:
        found = engine.rulebook().guards
    except RulebookError:
        return []
    return [(key, GUARDS.get(key), value) for key, value in found.items()]


def _title(store: Any, four_eyes: bool) -> str:
    customers = g.formats.number(store.counts["customers"][1])
    size = g.formats.size(store.size or 0)
    if not four_eyes:
        return t("Rules go live without a second person", "规则发布无需第二人审批")
    return t("{n} customers in {size}; rules need a second person", "{n} 位客户，占用 {size}；规则须第二人审批", n=customers, size=size)


def _help() -> str:
    return t(
        "What the installation was told when it was started. Settings are environment variables: whoever runs Tierwise changes them and starts "
        "it anew. Secrets are never shown.\n\nTime zone and currency belong to the store: amounts and days mean nothing without them, so they "
        "never change.",
        "本页展示系统启动时的设置。设置为环境变量，由运维人员更改后重新启动生效。密钥从不显示。\n\n时区与币种属于数据库本身，金额与日期均以其为准，创建后不可更改。",
    )


PAGES = [Settings]
