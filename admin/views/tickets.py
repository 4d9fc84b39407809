"""Tickets: the queue ordered by what breaks first, the page of one, opening, answering, moving, changing."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.desk import chosen, desk
from admin.errors import said
from admin.pages import Page
from admin.words import plural, t
from engine import TierwiseError

PER_PAGE = 50
MOST_COUNTED = 1_000
"""Live tickets are counted no further: the page must not cost more where there are more of them."""

HOUR = 3_600


class Tickets(Page):
    """Requests of customers, and the promises about them."""

    menu_key = "tickets"
    area = "service"
    title = ("Queue", "工单队列")
    writes = ("new",)

    @expose("/")
    def index(self) -> str:
        """The queue, or those that have ended."""
        engine, me = acting(), acting().settings.actor
        whose, ended = request.args.get("whose", ""), bool(request.args.get("ended"))
        kind = request.args.get("kind") or None
        owner = {"mine": me, "nobody": ""}.get(whose)
        start = max(request.args.get("from", 0, type=int), 0)
        start = start if start < 2**31 else 0
        picked: dict[str, Any] = {"owner": owner, "kind": kind}
        if ended:
            found: Any = engine.tickets.list(**picked, state="ended", limit=PER_PAGE)
        else:
            found = engine.tickets.queue(**picked, limit=PER_PAGE + 1, offset=start, left=True)
        words = desk()
        return self.page(
            "console/tickets.html",
            title=_queue_title(found, words.now, engine) if not ended else t("Tickets that are done", "已完成的工单"),
            crumb=t(*self.title),
            found=found[:PER_PAGE],
            more=start + PER_PAGE if len(found) > PER_PAGE and not ended else None,
            start=start,
            desk=words,
            whose=whose,
            ended=ended,
            kind=kind,
            may_write=may("service", "write"),
            help=t(
                "Live tickets, what breaks first on top. The time left is working time of the customer's service level; it stands while a ticket "
                "waits. Steps of escalation give people tasks by themselves.",
                "未完成的工单，按最先到期排序。剩余时间为客户服务级别对应的工作时间，等待期间暂停计时。到达升级条件时系统自动为相关人员创建任务。",
            ),
        )

    @expose("/new")
    def new(self) -> str:
        """The form of a new ticket."""
        return self._new(request.args)

    @expose("/new", methods=("POST",))
    def add(self) -> ResponseReturnValue:
        """Open it."""
        form = request.form
        try:
            made = acting().tickets.open(
                form.get("customer", "").strip(),
                form.get("kind", ""),
                form.get("subject", ""),
                form.get("text", ""),
                priority=form.get("priority") or None,
                channel=form.get("channel", ""),
                category=form.get("category", ""),
                owner=form.get("owner", ""),
                language=form.get("language") or None,
            )
        except TierwiseError as error:
            return self._new(form, said(error)), 400
        flash(t("Ticket {n} is open.", "工单 {n} 已创建。", n=made.id), "success")
        return redirect(url_for("tickets.ticket", number=made.id))

    @expose("/<int:number>")
    def ticket(self, number: int) -> str:
        """One ticket with its time line."""
        return self._ticket(number)

    @expose("/<int:number>/say", methods=("POST",))
    def say(self, number: int) -> ResponseReturnValue:
        """Write down what was said."""
        form = request.form
        return self._act(
            number,
            lambda: acting().tickets.say(
                number, form.get("text", ""), direction=form.get("direction", "out"), answer=form.get("answer") or None
            ),
            {"out": t("The answer is kept.", "答复已记录。"), "in": t("What the customer said is kept.", "客户来信已记录。")}.get(
                form.get("direction", "out"), t("The note is kept.", "备注已记录。")
            ),
        )

    @expose("/<int:number>/move", methods=("POST",))
    def move(self, number: int) -> ResponseReturnValue:
        """Bring it into another state."""
        state = request.form.get("state", "")
        return self._act(
            number,
            lambda: acting().tickets.move(number, state, reason=request.form.get("reason", "")),
            t("The ticket is now: {state}.", "工单状态：{state}。", state=desk().state(state)[0]),
        )

    @expose("/<int:number>/edit", methods=("POST",))
    def edit(self, number: int) -> ResponseReturnValue:
        """Change what is known about it."""
        changes: dict[str, Any] = chosen(request.form, "priority", "kind", "category", "cause", "channel", "owner")

        def act() -> None:
            if "compensation" in request.form:
                changes["compensation"] = _minor(request.form["compensation"])
            acting().tickets.edit(number, revision=request.form.get("revision", type=int), **changes)

        return self._act(number, act, t("The ticket is changed.", "工单已修改。"))

    def _act(self, number: int, act: Any, done: str) -> ResponseReturnValue:
        acting().tickets.get(number)
        try:
            act()
        except TierwiseError as error:
            return self._ticket(number, said(error)), 400
        flash(done, "success")
        return redirect(url_for("tickets.ticket", number=number))

    def _new(self, form: Any, fault: str = "") -> str:
        return self.page(
            "console/ticket_new.html",
            title=t("New ticket", "新建工单"),
            crumb=t("New ticket", "新建工单"),
            crumbs=[(t(*self.title), url_for("tickets.index"))],
            form=form,
            fault=fault,
            desk=desk(),
            priorities=acting().tickets.priorities,
        )

    def _ticket(self, number: int, fault: str = "") -> str:
        engine = acting()
        found, words = engine.tickets.get(number), desk()
        return self.page(
            "console/ticket.html",
            title=found.subject,
            crumb=t("Ticket {n}", "工单 {n}", n=number),
            crumbs=[(t(*self.title), url_for("tickets.index"))],
            found=found,
            timeline=engine.tickets.timeline(number),
            answers=engine.tickets.suggest(number) if may("service", "write") else [],
            line=lambda event: _line(event, words),
            desk=words,
            then=engine.tickets.states[found.state].then,
            priorities=acting().tickets.priorities,
            fault=fault,
            form=request.form,
            may_write=may("service", "write"),
            major=_major,
            help=t(
                "The first message to the customer is the first answer. While the ticket waits its clocks stand; a message of the customer lets "
                "them run again. A new priority promises anew, and time that was spent stays spent.",
                "发给客户的首条消息即为首次答复。等待期间暂停计时，客户回复后自动恢复。修改优先级会重新承诺时限，已用时间保留。",
            ),
        )


def _line(event: Any, words: Any) -> str:
    """A line of the time line, keys of the setup by their titles."""
    details = event.details
    groups = {"category": "categories", "cause": "causes", "channel": "channels"}
    if event.kind in groups or event.kind in ("kind", "level"):
        name = {"kind": words.kind, "level": words.level}.get(event.kind) or (lambda key: words.word(groups[event.kind], key))
        return t(
            "{what}: {was} → {now}",
            "{what}：{was} → {now}",
            what=t(acting().tickets.words(event)).partition(t(":", "："))[0],
            was=name(details.get("was") or ""),
            now=name(details.get("now") or ""),
        )
    if event.kind == "compensation":
        return t("Compensation: {money}", "补偿金额：{money}", money=_major(details.get("now") or 0))
    return t(acting().tickets.words(event))


def _queue_title(found: Any, now: int, engine: Any) -> str:
    counted = engine.tickets.count(state="live", most=MOST_COUNTED + 1)
    count = g.formats.number(counted) if counted <= MOST_COUNTED else t("more than {n}", "超过 {n}", n=g.formats.number(MOST_COUNTED))
    if not counted:
        return t("Nothing waits for an answer", "没有待处理的工单")
    dues = [each.first.due_at for each in found if each.first is not None and each.first.due_at is not None]
    broken, soon = sum(due < now for due in dues), sum(now <= due < now + HOUR for due in dues)
    if broken:
        return t(
            "{n} promise{s} broken; {all} tickets are live",
            "{n} 项承诺已超时，共 {all} 个未完成工单",
            n=broken,
            s=plural(broken, " is", "s are"),
            all=count,
        )
    if soon:
        return t(
            "{n} promise{s} due within the hour; {all} tickets are live",
            "{n} 项承诺一小时内到期，共 {all} 个未完成工单",
            n=soon,
            s=plural(soon, " is", "s are"),
            all=count,
        )
    return t("{n} live ticket{s}, none is due within the hour", "{n} 个未完成工单，一小时内无到期", n=count, s=plural(counted, "", "s"))


def _major(minor: int) -> str:
    """Minor units as money."""
    return str(g.formats.money(minor))


def _minor(text: str) -> Any:
    """Money as it was typed, in minor units; what is no money is refused by the verb."""
    from decimal import Decimal, InvalidOperation

    tidy = text.replace(",", "").strip()
    try:
        value = Decimal(tidy or "0").scaleb(acting().business.minor_digits)
    except InvalidOperation:
        return text
    return int(value) if value.is_finite() and value == value.to_integral_value() else text


PAGES = [Tickets]
