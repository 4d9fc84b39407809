"""Plugins: what is installed, whether it works, what each policy type can be told."""

from __future__ import annotations

import json
from typing import Any

from flask import abort, url_for
from flask_admin import expose

from admin.access import acting
from admin.pages import Page
from admin.words import t

STATES = {
    "loaded": ("works", "正常", "ok"),
    "broken": ("broken", "无法加载", "bad"),
    "blocked": ("blocked", "已屏蔽", ""),
}


class Plugins(Page):
    """Every plugin with its health, and the policy types they bring."""

    menu_key = "plugins"
    area = "plugins"
    title = ("Plugins", "插件")

    def badge(self) -> tuple[str, str] | None:
        """How many are broken."""
        broken = sum(plugin.status == "broken" for plugin in acting().plugins)
        return (str(broken), "warn") if broken else None

    @expose("/")
    def index(self) -> str:
        """The list."""
        engine = acting()
        plugins = list(engine.plugins)
        broken = [plugin for plugin in plugins if plugin.status == "broken"]
        types = engine.policy_types()
        used = _used()
        if broken:
            title = t("{n} of {m} plugins cannot be loaded", "{m} 个插件中有 {n} 个无法加载", n=len(broken), m=len(plugins))
        else:
            title = t(
                "{n} plugins bring {m} kinds of policy; all of them work",
                "{n} 个插件提供 {m} 种策略，全部正常",
                n=len(plugins),
                m=len(types),
            )
        return self.page(
            "console/plugins.html", title=title, crumb=t(*self.title), plugins=plugins, types=types, used=used, states=STATES, help=_help()
        )

    @expose("/<name>")
    def details(self, name: str) -> str:
        """One kind of policy: what it is for, what it can be told, what it reads and gives."""
        types = {each.name: each for each in acting().policy_types()}
        if name not in types:
            abort(404)
        found = types[name]
        return self.page(
            "console/policy_type.html",
            title=t(found.title),
            crumb=name,
            crumbs=[(t(*self.title), url_for("plugins.index"))],
            found=found,
            shown=_shown,
            used=_used().get(name, []),
            help=_help(),
        )


def _used() -> dict[str, list[str]]:
    """Policy types to the titles of the live policies that are of them."""
    from engine import RulebookError

    found: dict[str, list[str]] = {}
    try:
        entries = acting().rulebook().entries
    except RulebookError:
        return found
    for entry in entries:
        found.setdefault(entry.type, []).append(t(entry.title))
    return found


def _shown(value: Any) -> str:
    """A default as it would be written in a rulebook, shortened."""
    if value is None:
        return ""
    if isinstance(value, list | tuple) and value and all(hasattr(each, "key") for each in value):
        value = [each.key for each in value]
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 160 else f"{text[:157]}…"


def _help() -> str:
    return t(
        "A plugin is code that the operator installed; it brings kinds of policy, and features. A plugin that cannot be loaded takes nothing "
        "else with it.\n\nHow one is written: docs/tutorial/first-plugin.md.",
        "插件是由运维人员安装的代码，提供策略类型与特征。某个插件无法加载时不会影响其他插件。\n\n编写方法见 docs/tutorial/first-plugin.md。",
    )


PAGES = [Plugins]
