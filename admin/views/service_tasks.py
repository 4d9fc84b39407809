"""Tasks: what is to be done by whom and when, as a list and as a month."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.days import WEEKDAYS, beside, day, month_of, weeks
from admin.errors import said
from admin.pages import Page
from admin.words import plural, t
from engine import TaskError, TierwiseError

STATES = {"open": ("open", "待办", ""), "done": ("done", "已完成", "ok"), "skipped": ("skipped", "已跳过", "warn")}
CHANNELS = {
    "phone": ("phone", "电话"),
    "email": ("e-mail", "邮件"),
    "sms": ("SMS", "短信"),
    "wecom": ("WeCom", "企业微信"),
    "wechat": ("WeChat", "微信"),
    "visit": ("visit", "拜访"),
    "post": ("post", "邮寄"),
}
KINDS = {
    "manual": ("by hand", "手动"),
    "care": ("care plan", "关怀计划"),
    "handover": ("hand-over", "移交"),
    "escalation": ("escalation", "升级"),
    "level": ("change of level", "等级变动"),
}
SHOWN = 200


def channel(word: str) -> str:
    """A channel as people read it."""
    return t(*CHANNELS[word]) if word in CHANNELS else word


class Tasks(Page):
    """What waits for whom."""

    menu_key = "tasks"
    area = "service"
    title = ("Tasks", "任务")

    def badge(self) -> tuple[str, str] | None:
        """Own tasks that are due."""
        engine = acting()
        due = engine.tasks.count(mine=True, until=engine.now.date())
        return (g.formats.number(due), "warn") if due else None

    @expose("/")
    def index(self) -> str:
        """The list."""
        return self._list()

    @expose("/", methods=("POST",))
    def add(self) -> ResponseReturnValue:
        """Make a task."""
        form = request.form
        try:
            made = acting().tasks.add(
                form.get("title", ""),
                customer=form.get("customer", "").strip() or None,
                due=form.get("due") or None,
                owner=form.get("owner", ""),
                channel=form.get("channel", ""),
                text=form.get("text", ""),
            )
        except TierwiseError as error:
            return self._list(fault=said(error)), 400
        flash(t("The task is made.", "任务已创建。"), "success")
        return redirect(url_for("tasks.task", number=made.id))

    @expose("/month")
    def month(self) -> str:
        """A month with how much is due on each day."""
        engine = acting()
        today = engine.now.date()
        first = month_of(request.args.get("month"), today)
        rows = weeks(first)
        mine = request.args.get("whose") == "mine"
        counts = engine.tasks.days(rows[0][0], rows[-1][-1], mine=mine)
        inside = [n for date, n in counts.items() if date.month == first.month]
        waiting = sum(n.open for n in inside)
        return self.page(
            "console/task_month.html",
            title=t(
                "{n} task{s} open in {month}",
                "{month}待办任务 {n} 项",
                n=g.formats.number(waiting),
                s=plural(waiting, "", "s"),
                month=_month(first),
            ),
            crumb=t(*self.title),
            weeks=rows,
            first=first,
            today=today,
            counts=counts,
            before=beside(first, -1),
            after=beside(first, 1),
            weekdays=WEEKDAYS,
            mine=mine,
            day=day,
        )

    @expose("/<int:number>")
    def task(self, number: int) -> ResponseReturnValue:
        """One task."""
        return self._task(number)

    @expose("/<int:number>", methods=("POST",))
    def change(self, number: int) -> ResponseReturnValue:
        """Close a task, or change it."""
        tasks, form = acting().tasks, request.form
        self._there(number)
        try:
            if form.get("do") == "done":
                tasks.done(number, outcome=form.get("outcome", ""))
            elif form.get("do") == "skip":
                tasks.skip(number, reason=form.get("reason", ""))
            else:
                tasks.edit(number, due=form.get("due"), owner=form.get("owner", ""), channel=form.get("channel", ""))
        except TierwiseError as error:
            return self._task(number, fault=said(error)), 400
        flash(t("Saved.", "已保存。"), "success")
        return redirect(url_for("tasks.index") if form.get("do") in ("done", "skip") else url_for("tasks.task", number=number))

    def _there(self, number: int) -> Any:
        if number >= 2**31:
            abort(404)
        try:
            return acting().tasks.get(number)
        except TaskError:
            abort(404)

    def _task(self, number: int, fault: str = "") -> str:
        found = self._there(number)
        words = self._words()
        return self.page(
            "console/task.html",
            title=words["named"](found),
            crumb=t("Task {n}", "任务 {n}", n=number),
            crumbs=[(t(*self.title), url_for("tasks.index"))],
            found=found,
            fault=fault,
            **words,
        )

    def _list(self, fault: str = "") -> str:
        engine, args = acting(), request.args
        today = engine.now.date()
        status = args.get("status") if args.get("status") in (*STATES, "all") else "open"
        mine, on = args.get("whose") == "mine", args.get("day") or None
        chosen: dict[str, Any] = {"status": None if status == "all" else status, "mine": mine}
        if args.get("customer"):
            chosen["customer"] = args["customer"]
        if on:
            chosen |= {"since": on, "until": on}
        try:
            found = list(engine.tasks.list(**chosen, limit=SHOWN))
            total = engine.tasks.count(**chosen)
        except TierwiseError as error:
            found, total, fault = [], 0, fault or said(error)
        late = sum(each.status == "open" and each.due < today for each in found)
        return self.page(
            "console/tasks.html",
            title=_title(total, late, status or "open"),
            crumb=t(*self.title),
            found=found,
            total=total,
            status=status,
            whose="mine" if mine else "all",
            on=on,
            form=request.form,
            fault=fault,
            names=engine.simulations.names(sorted({each.customer for each in found if each.customer})) if may("personal_data") else {},
            **self._words(),
        )

    def _words(self) -> dict[str, Any]:
        engine = acting()
        return {
            "states": STATES,
            "kinds": KINDS,
            "channels": CHANNELS,
            "channel": channel,
            "today": engine.now.date(),
            "day": day,
            "owners": [each.name for each in engine.managers.list()],
            "may_write": may("service", "write"),
            "named": _Named(engine),
        }


class _Named:
    """What a task is called: those of care plans by the plan's title in the reader's language."""

    def __init__(self, engine: Any) -> None:
        self._titles = {each.plan.key: each.plan.title for each in engine.care.list()}

    def __call__(self, task: Any) -> str:
        words = (task.once or "").split(" ")
        title = self._titles.get(words[1]) if task.kind == "care" and len(words) > 1 else None
        return t(title["en"], title["zh"]) if title is not None and task.title in title.values() else str(task.title)


def _month(first: Any) -> str:
    return t("{m}/{y}", "{y} 年 {m} 月", m=first.month, y=first.year)


def _title(total: int, late: int, status: str) -> str:
    n = g.formats.number(total)
    if status != "open":
        return t("{n} task{s}", "{n} 项任务", n=n, s=plural(total, "", "s"))
    if late:
        return t(
            "{n} task{s} open, {late} overdue",
            "待办任务 {n} 项，逾期 {late} 项",
            n=n,
            s=plural(total, "", "s"),
            late=g.formats.number(late),
        )
    return t("{n} task{s} open", "待办任务 {n} 项", n=n, s=plural(total, "", "s")) if total else t("Nothing is to be done", "没有待办任务")


PAGES = [Tasks]
