"""Levels of members: how many hold each, what it gives, who rose and fell, who will lose what; and the card of one member."""

from __future__ import annotations

import re
from typing import Any

from flask import g, request, url_for
from flask_admin import expose

from admin import labels
from admin.access import acting, may
from admin.pages import Page
from admin.words import plural, t
from engine import RunError, TierwiseError

MOST = 30
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?\Z")


class Members(Page):
    """The levels of the live rulebook as the newest visible run has given them."""

    menu_key = "members"
    area = "loyalty"
    title = ("Members", "会员")

    @expose("/")
    def index(self) -> str:
        """All levels, of the policy that was chosen or of the first."""
        engine = acting()
        try:
            programmes = engine.membership.programmes()
        except TierwiseError:  # no rulebook is live yet
            programmes = {}
        chosen = request.args.get("policy", "")
        key = chosen if chosen in programmes else next(iter(programmes), "")
        found = _overview(engine, key) if key else None
        looks = labels.outputs(engine)
        return self.page(
            "console/members.html",
            title=_title(found) if found else t(*self.title),
            crumb=t(*self.title),
            programmes=programmes,
            chosen=key,
            programme=programmes.get(key),
            found=found,
            level=looks.get(f"{key}.level"),
            said=lambda amount: t(engine.membership.said(amount, programmes[key])),
            names_seen=may("personal_data"),
            may_see=may("customers"),
            edit=url_for("rulebook.index") if may("rules") else None,
            help=t(
                "A policy of the type membership decides the level of each member from its history, and is changed in a draft of the "
                "rulebook. The simulation says who would move and which rights are gained and lost.",
                "会员等级由 membership 类型的策略按会员的消费历史判定，在规则手册草稿中修改。模拟结果会说明哪些会员变动、获得或失去哪些权益。",
            ),
        )


def card_of(engine: Any, customer: str) -> dict[str, Any] | None:
    """The card of a member for its page, with what a purchase in thought (`plus` of the address) would change; None without levels."""
    if not may("loyalty"):
        return None
    plus = request.args.get("plus", "").strip()
    try:
        programmes = engine.membership.programmes()
        if not programmes:
            return None
        card = engine.membership.card(customer)
        more = engine.membership.card(customer, plus=plus) if _AMOUNT.match(plus) else None
    except TierwiseError:
        return None  # nothing has run yet, or the plugin changed since: the page says so elsewhere
    programme = programmes[card.policy]
    return {
        "card": card,
        "more": more,
        "plus": plus,
        "wrong": bool(plus) and more is None,
        "said": lambda amount: t(engine.membership.said(amount, programme)),
        "looks": labels.outputs(engine).get(f"{card.policy}.level"),
        "period": t(programme.period),
        "money": programme.unit == "money",
        "currency": g.formats.currency,
    }


def _overview(engine: Any, key: str) -> Any:
    try:
        return engine.membership.overview(key, most=MOST)
    except RunError:
        return None


def _title(found: Any) -> str:
    moved, number = found.picture.movement, g.formats.number
    soon = sum(each.members for each in found.losses)
    if moved is None:
        return t("{n} members will lose a level if nothing more happens", "若无新增消费，{n} 位会员将降级", n=number(soon))
    return t(
        "{up} member{s} rose and {down} fell since the run before",
        "较上次运行，{up} 位会员升级，{down} 位降级",
        up=number(moved.up),
        s=plural(moved.up, "", "s"),
        down=number(moved.down),
    )


PAGES = [Members]
