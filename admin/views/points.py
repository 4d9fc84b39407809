"""Points: what is owed to all members, the statement of one, and the acts that a person may do by hand."""

from __future__ import annotations

import secrets
from typing import Any

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import labels
from admin.access import acting, may
from admin.errors import said
from admin.pages import Page
from admin.words import plural, t
from engine import PointsError, TierwiseError

SHOWN = 50
KINDS = {
    "earn": ("Earned", "获得", "ok"),
    "redeem": ("Redeemed", "兑换", "info"),
    "cancel": ("Redemption cancelled", "取消兑换", ""),
    "reverse": ("Taken back", "退货扣回", "bad"),
    "correct": ("Corrected by hand", "人工调整", "warn"),
    "undo": ("Correction or event taken back", "撤回调整或事件", ""),
    "give": ("Given to another", "转出", ""),
    "receive": ("Received", "转入", ""),
}


class Points(Page):
    """The ledger as people see it."""

    menu_key = "points"
    area = "loyalty"
    title = ("Points", "积分")

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """What is owed to everybody, and when it expires; ?customer= opens a statement."""
        wanted = request.args.get("customer", "").strip()
        if wanted:
            return redirect(url_for("points.statement", customer=wanted))
        engine = acting()
        everybody = engine.sight.reach.everybody
        found = engine.points.liability() if everybody else None
        months = found.months if found else ()
        programme = engine.points.programme()
        return self.page(
            "console/points.html",
            title=_title(found),
            crumb=t(*self.title),
            found=found,
            months=months,
            most=max((month.points for month in months), default=0),
            programme=programme,
            factor_by=labels.title(engine, programme.level) if programme and programme.level else "",
            may_write=may("loyalty", "write"),
            help=_help(),
        )

    @expose("/day", methods=("POST",))
    def day(self) -> ResponseReturnValue:
        """Post the points of new sales and returns now."""
        done = acting().points.day()
        text = t(
            "{n} new sales and {m} changed ones posted: {p} points.",
            "已记入新销售 {n} 笔、变更 {m} 笔：积分 {p}。",
            n=g.formats.number(done.sales),
            m=g.formats.number(done.changed),
            p=g.formats.number(done.points),
        )
        flash(text, "success")
        return redirect(url_for("points.index"))

    @expose("/of/<path:customer>")
    def statement(self, customer: str) -> str:
        """What a member has, and everything that happened to it."""
        return self._statement(customer)

    @expose("/of/<path:customer>", methods=("POST",))
    def act(self, customer: str) -> ResponseReturnValue:
        """Correct, redeem, transfer, cancel or take back by hand. The key is part of the form, so a form that is sent twice acts once."""
        form, points = request.form, acting().points
        key, verb = f"console {form.get('key', '')}", form.get("act", "")
        try:
            number = _whole(form.get("points", "0"))
            if verb == "correct":
                points.correct(customer, number, reason=form.get("reason", ""), key=key)
            elif verb == "redeem":
                points.redeem(customer, number, key=key)
            elif verb == "transfer":
                points.transfer(customer, form.get("to", "").strip(), number, key=key)
            elif verb == "cancel":
                points.cancel(customer, _whole(form.get("redemption", "")), key=key)
            elif verb == "undo":
                points.undo(customer, _whole(form.get("of", "")), reason=form.get("reason", ""), key=key)
            elif verb in ("close", "open"):
                points.close(customer, back=verb == "open")
        except TierwiseError as error:
            return self._statement(customer, fault=said(error)), 400
        flash(t("Done.", "已完成。"), "success")
        return redirect(url_for("points.statement", customer=customer))

    def _statement(self, customer: str, fault: str = "") -> str:
        engine, before = acting(), request.args.get("before", type=int)
        account = engine.points.balance(customer)
        acts = engine.points.history(customer, before=before if before and 0 < before < 2**62 else None, limit=SHOWN + 1)
        f = g.formats
        title = t(
            "{who} can spend {n} points",
            "{who} 可用 {n} 积分",
            who=engine.customer_name(customer) if may("personal_data") and engine.customer_name(customer) else customer,
            n=f.number(account.spendable),
        )
        return self.page(
            "console/points_of.html",
            title=title,
            crumb=customer,
            crumbs=[(t(*self.title), url_for("points.index"))],
            customer=customer,
            account=account,
            lots=[(number, lot) for number, lot in sorted(account.lots.items()) if lot.member + lot.pending],
            acts=acts[:SHOWN],
            more=acts[SHOWN - 1]["number"] if len(acts) > SHOWN else None,
            kinds=KINDS,
            notes={"survey": t("answered survey", "完成问卷"), "referral": t("referral", "推荐新客户")},
            undo=request.args.get("undo", type=int) or request.form.get("of", type=int),
            closed=engine.points.closed(customer),
            programme=engine.points.programme(),
            may_write=may("loyalty", "write"),
            form=request.form,
            fault=fault,
            key=secrets.token_hex(8),
            help=_help(),
        )


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise PointsError(f"points: found {text[:30]!r}; expected a whole number") from None


def _title(found: Any) -> str:
    if found is None:
        return t("Points of your customers", "客户积分")
    if not found.members:
        return t("Nobody has points yet", "尚无会员积分")
    f, whole = g.formats, found.spendable + found.pending
    if found.cost is None:
        return t(
            "{m} member{s} hold{v} {n} points",
            "{m} 位会员持有 {n} 积分",
            m=f.number(found.members),
            n=f.number(whole),
            s=plural(found.members, "", "s"),
            v=plural(found.members, "s", ""),
        )
    return t("{n} points are owed, worth {c}", "积分负债 {n} 分，合 {c}", n=f.number(whole), c=f.money(found.cost, cents=False))


def _help() -> str:
    return t(
        "Points are a ledger that is only added to: a balance is the sum of what happened. Sales earn by the points policy of the rulebook; a "
        "return takes back what its sale earned, even when it was spent, and the rest is owed.\n\nPoints that expire first are spent first.",
        "积分账本只增不改，余额即全部记录之和。销售按规则手册中的积分策略获得积分；退货扣回该笔所得，已使用的部分转为欠分。\n\n优先使用先到期的积分。",
    )


PAGES = [Points]
