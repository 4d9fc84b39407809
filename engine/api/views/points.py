"""Points of members: what there is, what happened, and every act of the ledger, each done once for its idempotency key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import request
from marshmallow import fields, validate

from engine.api.answers.points import Act as ActGiven
from engine.api.answers.points import Balance, Closed, Day, Liability, PastActs
from engine.api.fields import Flag, Whole, text, whole
from engine.api.kit import Answer, Call, Routes, Strict
from engine.api.problems import Problem
from engine.loyalty.ledger import MOST
from engine.points import EVENTS, MOST_ACTS, MOST_DAYS
from engine.store.points import Act

routes = Routes("points", "The points of members. Every act needs an Idempotency-Key, and works once for it, for ever.")

AMOUNT = whole(1, MOST, None, "Whole points.", required=True, strict=True)


class Points(Strict):
    """How many."""

    points = AMOUNT


class EarnBody(Points):
    """Points for something that happened outside of the stored sales."""

    at = text(40, "When it happened; absent: now.", load_default=None, allow_none=True)
    hold_days = whole(0, MOST_DAYS, 0, "Elapsed days of the return period.", strict=True)
    valid_days = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, MOST_DAYS),
        metadata={"description": "Days after it until they expire; absent: never."},
    )


class EventBody(Strict):
    """Something that earns points of the programme."""

    event = fields.String(required=True, validate=validate.OneOf(EVENTS))
    at = text(40, "When it happened; absent: now.", load_default=None, allow_none=True)


class CancelBody(Strict):
    """Which redemption."""

    redemption = whole(1, 2**62, None, "The number that redeeming gave.", required=True, strict=True)


class ReverseBody(Points):
    """Which earning."""

    earning = whole(1, 2**62, None, "The number that earning gave.", required=True, strict=True)


class CorrectBody(Strict):
    """By hand."""

    points = fields.Integer(
        required=True,
        strict=True,
        validate=[validate.Range(-MOST, MOST), validate.NoneOf([0])],
        metadata={"description": "Whole points; below zero takes them away."},
    )
    reason = text(500, "Why; it stays in the audit trail.", least=3, required=True)


class PointsUndoBody(Strict):
    """Which correction or event."""

    act = whole(1, 2**62, None, "The number that correcting, or the event, gave.", required=True, strict=True)
    reason = text(500, "Why; it stays in the audit trail.", least=3, required=True)


class TransferBody(Points):
    """To whom."""

    to = text(200, "The member who gets them.", required=True)


class ClosedBody(Strict):
    """Close it, or open it again."""

    closed = Flag(required=True)


class AtQuery(Strict):
    """When."""

    at = text(40, "A past moment; absent: now.", load_default=None)


class HistoryQuery(Strict):
    """Which acts."""

    before = Whole(load_default=None, validate=validate.Range(1, 2**62), metadata={"description": "Only acts with a smaller number."})
    limit = whole(1, MOST_ACTS, 50, "How many at most.")


@routes.verb("GET", "/loyalty/liability", "loyalty:read", gives=Liability)
def get_liability(call: Call) -> Any:
    """What all points would cost, and when they expire."""
    if not call.engine.sight.reach.everybody:
        raise Problem("forbidden", "the sum over everybody is for those who see every customer")
    return call.engine.points.liability().as_dict()


@routes.verb("POST", "/loyalty/day", "loyalty:write", gives=Day, heavy=True)
def post_day(call: Call) -> Any:
    """Post the points of sales that have none yet, follow returns and corrections, let points mature and expire."""
    return call.engine.points.day().as_dict()


@routes.verb("GET", "/customers/<path:customer>/points", "loyalty:read", query=AtQuery, gives=Balance)
def get_points(call: Call, customer: str) -> Any:
    """What a member has now, or had at a past moment."""
    engine = call.engine
    account = engine.points.balance(customer, at=call.query["at"])
    lots = [
        {
            "number": number,
            "spendable": lot.member,
            "pending": lot.pending,
            "matures_at": engine.written(lot.matures_at),
            "expires_at": None if lot.expires_at is None else engine.written(lot.expires_at),
        }
        for number, lot in sorted(account.lots.items())
        if lot.member + lot.pending
    ]
    return {"customer": customer, "spendable": account.spendable, "pending": account.pending, "owed": account.owed, "lots": lots}


@routes.verb("GET", "/customers/<path:customer>/points/history", "loyalty:read", query=HistoryQuery, gives=PastActs)
def get_points_history(call: Call, customer: str) -> Any:
    """Every act of a member, the newest first."""
    acts = call.engine.points.history(customer, before=call.query["before"], limit=call.query["limit"])
    return {"items": [call.dated(act, "at", "posted_at") for act in acts]}


def _act(path: str, body: type[Strict], example: Any, words: str, do: Callable[[Any, str, dict[str, Any], str], Act]) -> None:
    """Declare one act of the ledger."""

    def view(call: Call, customer: str) -> Any:
        made = do(call.engine.points, customer, call.body, _key())
        return Answer({name: getattr(made, name) for name in ("number", "kind", "spendable", "pending", "owed")}, 201)

    view.__name__, view.__doc__ = f"{path}_points", words
    declare = routes.verb(
        "POST",
        f"/customers/<path:customer>/points/{path}",
        "loyalty:write",
        body=body,
        gives=ActGiven,
        status=201,
        example=example,
        keyed=True,
    )
    declare(view)


def _key() -> str:
    key = request.headers.get("Idempotency-Key")
    if not key:
        raise Problem("bad_request", "send an Idempotency-Key: a name of your own for this act, such as the number of the receipt")
    return key


_act("earn", EarnBody, {"points": 120, "hold_days": 14, "valid_days": 365}, "Give points for what is no stored sale.", lambda points, who, body, key: points.earn(who, key=key, **body))  # fmt: skip
_act("event", EventBody, {"event": "survey"}, "Give the programme's points for an answered survey or a referral.", lambda points, who, body, key: points.event(who, body["event"], at=body["at"], key=key))  # fmt: skip
_act("redeem", Points, {"points": 100}, "Spend points; more than there are is refused.", lambda points, who, body, key: points.redeem(who, body["points"], key=key))  # fmt: skip
_act("cancel", CancelBody, {"redemption": 2}, "Give back what a redemption took, once.", lambda points, who, body, key: points.cancel(who, body["redemption"], key=key))  # fmt: skip
_act("reverse", ReverseBody, {"earning": 1, "points": 20}, "Take back points of an earning whose sale was returned.", lambda points, who, body, key: points.reverse(who, body["earning"], body["points"], key=key))  # fmt: skip
_act("correct", CorrectBody, {"points": -20, "reason": "typing error at the till"}, "Give or take points by hand, with a reason and within the programme's limit.", lambda points, who, body, key: points.correct(who, body["points"], reason=body["reason"], key=key))  # fmt: skip
_act("undo", PointsUndoBody, {"act": 3, "reason": "wrong member"}, "Take back a correction by hand, or the points of a survey or referral, once.", lambda points, who, body, key: points.undo(who, body["act"], reason=body["reason"], key=key))  # fmt: skip
_act("transfer", TransferBody, {"points": 50, "to": "C2"}, "Hand points to another member; they keep their expiry.", lambda points, who, body, key: points.transfer(who, body["to"], body["points"], key=key))  # fmt: skip


@routes.verb("PUT", "/customers/<path:customer>/points/closed", "loyalty:write", body=ClosedBody, gives=Closed, example={"closed": True})
def close_points(call: Call, customer: str) -> Any:
    """Close the account of a member, so that nothing is earned or spent, or open it again."""
    call.engine.points.close(customer, back=not call.body["closed"])
    return {"closed": call.body["closed"]}
