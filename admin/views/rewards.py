"""Rewards and offers: the catalogue, claims on it, what offers have cost, and their codes."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import labels
from admin.access import acting, may
from admin.errors import said
from admin.pages import Page
from admin.words import plural, t
from engine import PointsError, TierwiseError

STATES = {
    "reserved": ("reserved", "已预留", "warn"),
    "confirmed": ("confirmed", "已确认", "ok"),
    "cancelled": ("cancelled", "已取消", ""),
    "lapsed": ("lapsed", "已失效", ""),
}
TABS = ("catalogue", "claims", "offers")
SHOWN = 100


class Rewards(Page):
    """What points buy, and what is given besides."""

    menu_key = "rewards"
    area = "loyalty"
    title = ("Rewards", "奖励")

    @expose("/")
    def index(self) -> str:
        """The catalogue, the claims, or the offers."""
        return self._page()

    @expose("/", methods=("POST",))
    def save(self) -> ResponseReturnValue:
        """Keep a reward."""
        form = request.form
        key = form.get("key", "").strip()
        try:
            document = _document(form)
            acting().rewards.save(key, document, active=bool(form.get("active")), revision=form.get("revision", type=int))
        except TierwiseError as error:
            return self._page(fault=said(error)), 400
        flash(t("Reward {key} is kept.", "奖励 {key} 已保存。", key=key), "success")
        return redirect(url_for("rewards.index", key=key))

    @expose("/reserve", methods=("POST",))
    def reserve(self) -> ResponseReturnValue:
        """Reserve a reward for a member."""
        form = request.form
        try:
            found = acting().rewards.reserve(form.get("customer", "").strip(), form.get("reward", ""), key=f"console {form.get('key', '')}")
        except TierwiseError as error:
            return self._page("claims", fault=said(error)), 400
        text = t("Claim {n} is reserved until {at}.", "兑换 {n} 已预留至 {at}。", n=found.number, at=g.formats.moment(found.until))
        flash(text, "success")
        return redirect(url_for("rewards.index", tab="claims"))

    @expose("/claims/<int:number>/<any(confirm, cancel):verb>", methods=("POST",))
    def decide(self, number: int, verb: str) -> ResponseReturnValue:
        """Confirm or cancel a claim."""
        found = getattr(acting().rewards, verb)(number)
        code = t(" Its code: {code}.", "兑换码：{code}。", code=found.code) if verb == "confirm" and found.code else ""
        flash(t("Claim {n} is {state}.", "兑换 {n}：{state}。", n=number, state=t(*STATES[found.status][:2])) + code, "success")
        return redirect(url_for("rewards.index", tab="claims"))

    @expose("/codes", methods=("POST",))
    def issue(self) -> ResponseReturnValue:
        """New codes of an offer, as a file."""
        form = request.form
        try:
            count = form.get("count", type=int) or 0
            codes = acting().offers.issue(form.get("offer", ""), count, until=form.get("until") or None)
        except TierwiseError as error:
            return self._page("offers", fault=said(error)), 400
        name = f"codes-{form.get('offer', '')}.csv"
        return Response(
            "\n".join(["code", *codes, ""]), mimetype="text/csv", headers={"Content-Disposition": f"attachment; filename={name}"}
        )

    def _page(self, tab: str = "", fault: str = "") -> str:
        engine = acting()
        tab = tab or request.args.get("tab", "catalogue")
        tab = tab if tab in TABS else "catalogue"
        rewards = list(engine.rewards.list(inactive=True))
        key = request.args.get("key", "")
        chosen = next((each for each in rewards if each.reward.key == key), None)
        state = request.args.get("state", "")
        claims = engine.rewards.claims(status=state if state in STATES else None, limit=SHOWN) if tab == "claims" else []
        personal = may("personal_data")
        return self.page(
            "console/rewards.html",
            title=_title(rewards),
            crumb=t(*self.title),
            tab=tab,
            tabs=(("catalogue", t("Catalogue", "奖励目录")), ("claims", t("Claims", "兑换记录")), ("offers", t("Offers", "优惠"))),
            rewards=rewards,
            titles={each.reward.key: each.reward.title for each in rewards},
            chosen=chosen,
            claims=claims,
            names=engine.simulations.names([each.customer for each in claims]) if personal and claims else {},
            states=STATES,
            state=state,
            offers=engine.offers.list() if tab == "offers" else [],
            levels=_levels(engine),
            named={each.reward.key: _named(engine, each.reward) for each in rewards if each.reward.output},
            form=request.form,
            fault=fault,
            key=secrets.token_hex(8),
            may_write=may("loyalty", "write"),
            help=t(
                "A reward costs points. Reserving one takes the points and one of the stock at once; it is confirmed when it is handed over, or "
                "cancelled, or lapses by itself and gives both back.\n\nOffers are part of the rulebook: their conditions are drafted, simulated "
                "and approved there. Here stands what they have cost.",
                "奖励以积分兑换。预留时立即扣除积分与库存；交付后确认，取消或到时未确认则两者退回。\n\n优惠属于规则手册，其条件在那里起草、模拟与审批；此处显示已发生的成本。",
            ),
        )


def _document(form: Any) -> dict[str, Any]:
    """The fields of the form as a document; what is wrong is found by whoever keeps it."""

    def whole(name: str) -> int | None:
        text = form.get(name, "").strip()
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise PointsError(f"{name}: found {text[:30]!r}; expected a whole number") from None

    document: dict[str, Any] = {
        "title": {"en": form.get("en", "").strip(), "zh": form.get("zh", "").strip()},
        "points": whole("points") or 0,
    }
    document |= {name: whole(name) for name in ("stock", "each")}
    document |= {name: form.get(name) or None for name in ("first", "last")}
    worth = form.get("worth", "").strip()
    try:
        document["worth"] = round(float(worth) * 10**g.formats.digits) if worth else 0
    except (ValueError, OverflowError):
        raise PointsError(f"worth: found {worth[:30]!r}; expected an amount") from None
    if whole("hold_minutes") is not None:
        document["hold_minutes"] = whole("hold_minutes")
    chosen = form.getlist("levels")
    document["output"] = chosen[0].partition("=")[0] if chosen else ""
    document["labels"] = [each.partition("=")[2] for each in chosen]
    document["coupon"] = bool(form.get("coupon"))
    return document


def _named(engine: Any, reward: Any) -> tuple[list[str], str]:
    """Whom a reward is limited to in words: the titles of the labels, and that of their output."""
    return labels.titles(engine, reward.output, reward.labels), labels.title(engine, reward.output)


def _levels(engine: Any) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Outputs with labels that can limit a reward: address, title, and its labels with titles."""
    return [
        (address, t(output.title), [(key, t(look.title)) for key, look in output.labels.items()])
        for address, output in labels.outputs(engine).items()
        if output.labels
    ]


def _title(rewards: Any) -> str:
    active = [each for each in rewards if each.reward.active]
    if not active:
        return t("No reward is offered yet", "尚未提供奖励")
    taken = sum(each.taken for each in rewards)
    return t(
        "{n} reward{s} offered, {m} taken",
        "在架奖励 {n} 项，已兑 {m} 件",
        n=len(active),
        m=g.formats.number(taken),
        s=plural(len(active), "", "s"),
    )


PAGES = [Rewards]
