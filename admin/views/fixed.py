"""Values fixed by hand: who asked for what, for whom, until when; ask for one, take a request back."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.errors import said
from admin.pages import Page
from admin.words import plural, t
from engine import RulebookError, TierwiseError

STATES = {
    "requested": ("waits for approval", "待审批", "warn"),
    "approved": ("approved", "已批准", "ok"),
    "rejected": ("refused", "已拒绝", ""),
    "withdrawn": ("taken back", "已撤回", ""),
    "ended": ("ended", "已结束", ""),
}


class FixedValues(Page):
    """Exceptions that people made, each with its reason, its approver and its end."""

    area = "customers"
    belongs_to = "reviews"
    title = ("Values fixed by hand", "人工调整")

    @expose("/")
    def index(self) -> str:
        """The list, and the form to ask for one."""
        return self._page()

    @expose("/", methods=("POST",))
    def ask(self) -> ResponseReturnValue:
        """Ask that an output of a customer be fixed."""
        output, _, value = request.form.get("value", "").partition("=")
        try:
            acting().fixed_values.request(
                request.form.get("customer", "").strip(),
                output,
                value,
                reason=request.form.get("reason", ""),
                until=request.form.get("until") or None,
                start=request.form.get("start") or None,
            )
        except TierwiseError as error:
            return self._page(fault=said(error)), 400
        flash(t("Asked for. Another person approves it.", "已提交，等待他人审批。"), "success")
        return redirect(url_for("fixedvalues.index"))

    @expose("/<int:number>/withdraw", methods=("POST",))
    def withdraw(self, number: int) -> ResponseReturnValue:
        """Take a request back."""
        acting().fixed_values.withdraw(number)
        flash(t("The request is taken back.", "申请已撤回。"), "success")
        return redirect(url_for("fixedvalues.index"))

    def _page(self, fault: str = "") -> str:

        engine = acting()
        ended = bool(request.args.get("ended"))
        found = sorted(engine.fixed_values.list(ended=ended), key=lambda each: (each.status != "requested", -each.requested_at))[:500]
        waiting = sum(each.status == "requested" for each in found)
        now = int(acting().now.timestamp())
        return self.page(
            "console/fixed.html",
            title=_title(found, waiting, now),
            crumb=t(*self.title),
            crumbs=[(t("Reviews", "审批与版本"), url_for("reviews.index"))] if may("reviews") else [],
            found=found,
            states=STATES,
            state=lambda each: "ended" if each.status == "approved" and each.ends_at <= now else each.status,
            now=now,
            ended=ended,
            outputs=_outputs(),
            names=engine.simulations.names([each.customer for each in found]) if may("personal_data") else {},
            me=engine.settings.actor,
            four_eyes=engine.settings.four_eyes,
            may_ask=may("customers", "write"),
            may_decide=may("reviews", "write"),
            form=request.form or request.args,
            fault=fault,
            help=t(
                "A fixed value stands in place of what the rules compute, for one customer, for a time of at most 366 days and with a reason. "
                "It takes effect with the next run after another person approved it; the computed value is kept beside it.",
                "人工调整在限定时间内（最长 366 天）以指定结果代替某位客户的计算结果，须说明原因。经他人批准后自下次运行起生效，计算结果同时保留。",
            ),
        )


def _outputs() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What can be fixed: address, title, and its values with their titles."""
    try:
        rulebook = acting().rulebook()
    except RulebookError:
        return []
    found = []
    for entry in rulebook.entries:
        for output in entry.policy.outputs():
            if not output.has_history or not entry.enabled:
                continue
            labels = [(label.key, t(label.title)) for label in output.labels] or [("true", t("yes", "是")), ("false", t("no", "否"))]
            found.append((f"{entry.key}.{output.name}", t(entry.title), labels))
    return found


def _title(found: Any, waiting: int, now: int) -> str:
    holds = sum(each.status == "approved" and each.starts_at <= now < each.ends_at for each in found)
    if waiting:
        return t(
            "{n} request{s} wait{v} for approval", "{n} 项申请待审批", n=waiting, s=plural(waiting, "", "s"), v=plural(waiting, "s", "")
        )
    if holds:
        return t("{n} value{s} fixed by hand", "{n} 项人工调整生效中", n=holds, s=plural(holds, " is", "s are"))
    return t("No value is fixed by hand", "没有人工调整")


PAGES = [FixedValues]
