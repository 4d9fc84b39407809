"""Calendars of working time: windows by weekday, holidays of a country, single dates; the next days are shown as they will be."""

from __future__ import annotations

import re
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.desk import desk
from admin.errors import said
from admin.pages import Page
from admin.words import plural, t
from engine import TierwiseError

DAYS = {
    "mon": ("Monday", "星期一"),
    "tue": ("Tuesday", "星期二"),
    "wed": ("Wednesday", "星期三"),
    "thu": ("Thursday", "星期四"),
    "fri": ("Friday", "星期五"),
    "sat": ("Saturday", "星期六"),
    "sun": ("Sunday", "星期日"),
}
SHOWN = 21
_SPLIT = re.compile(r"[,，、;；\s]+")


class Calendars(Page):
    """The stored calendars, and one to be changed."""

    menu_key = "calendars"
    area = "service"
    title = ("Calendars", "工作日历")

    @expose("/")
    def index(self) -> str:
        """The list, and the form of one or of a new one."""
        name = request.args.get("name", "")
        form = _form(acting().calendars.show(name).document) if name else {}
        return self._page(name, form)

    @expose("/", methods=("POST",))
    def save(self) -> ResponseReturnValue:
        """Keep a calendar."""
        form = request.form
        name = form.get("name", "").strip()
        try:
            saved = acting().calendars.save(name, _document(form), revision=form.get("revision", type=int))
        except TierwiseError as error:
            return self._page(name, form, said(error)), 400
        flash(t("Calendar {name} is kept, revision {n}.", "日历 {name} 已保存，第 {n} 版。", name=name, n=saved.revision), "success")
        return redirect(url_for("calendars.index", name=name))

    @expose("/remove", methods=("POST",))
    def remove(self) -> ResponseReturnValue:
        """Take one away that nothing uses."""
        acting().calendars.remove(request.form.get("name", ""))
        flash(t("The calendar is removed.", "日历已删除。"), "success")
        return redirect(url_for("calendars.index"))

    def _page(self, name: str, form: Any, fault: str = "") -> str:
        engine = acting()
        stored = engine.calendars.list()
        chosen = next((each for each in stored if each.name == name), None)
        preview = engine.calendars.days(chosen.document, count=SHOWN) if chosen is not None else []
        return self.page(
            "console/calendars.html",
            title=t("{n} calendar{s} of working time", "{n} 个工作日历", n=len(stored), s=plural(len(stored), "", "s"))
            if stored
            else t("No calendar yet: promises run around the clock", "尚无工作日历，承诺按全天候计时"),
            crumb=t(*self.title),
            stored=stored,
            chosen=chosen,
            name=name,
            form=form,
            fault=fault,
            preview=preview,
            days=DAYS,
            users={each.name: [_user(used) for used in each.used_by] for each in stored},
            may_write=may("service", "write"),
            help=t(
                "Service levels name a calendar; promises run in its working time. Public holidays and make-up workdays of a country are known "
                "by its code. A changed calendar holds for promises made from then on.",
                "服务级别引用工作日历，承诺按其工作时间计时。填写国家代码即可识别法定节假日与调休上班日。修改后的日历仅适用于此后的承诺。",
            ),
        )


def _user(used: str) -> str:
    """What uses a calendar, in words."""
    level = desk().live.levels.get(used.removeprefix("level "))
    if used.startswith("level ") and level is not None:
        return t("level {title}", "级别“{title}”", title=t(level.title))
    known = {"setup": t("setup of the desk", "服务台设置"), "promises": t("promises that run", "进行中的承诺")}
    return known.get(used, used)


def _form(document: Any) -> dict[str, str]:
    """A document as the fields of the form; spans of days are spread over them."""
    names, week = list(DAYS), {}
    for key, windows in document["week"].items():
        first, _, last = key.partition("-")
        span = names[names.index(first) : names.index(last or first) + 1]
        week.update({f"day_{day}": ", ".join(windows) for day in span})
    lines = [f"{day} {' '.join(windows)}".strip() for day, windows in sorted(document.get("exceptions", {}).items())]
    plain = {"timezone": document["timezone"], "holidays": document.get("holidays", ""), "exceptions": "\n".join(lines)}
    return {**plain, **week, "make_up": ", ".join(document.get("make_up", ()))}


def _document(form: Any) -> dict[str, Any]:
    """The fields of the form as a document; what is wrong is found by whoever keeps it."""
    week = {day: _windows(form.get(f"day_{day}", "")) for day in DAYS}
    exceptions = {}
    for line in form.get("exceptions", "").splitlines():
        parts = _windows(line)
        if parts:
            exceptions[parts[0]] = parts[1:]
    document: dict[str, Any] = {"timezone": form.get("timezone", "").strip(), "week": {day: each for day, each in week.items() if each}}
    if form.get("holidays", "").strip():
        document["holidays"] = form["holidays"].strip()
    if form.get("make_up", "").strip():
        document["make_up"] = _windows(form["make_up"])
    if exceptions:
        document["exceptions"] = exceptions
    return document


def _windows(text: str) -> list[str]:
    return [part for part in _SPLIT.split(text.strip().replace("：", ":")) if part]


PAGES = [Calendars]
