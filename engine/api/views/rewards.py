"""What points buy: the catalogue, who may have what, reservations with confirmation and cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request
from marshmallow import validate

from engine.api.answers import rewards as answers
from engine.api.fields import Flag, Whole, choice, text, whole
from engine.api.kit import Answer, Call, Routes, Strict, or_404
from engine.api.problems import Problem
from engine.errors import PointsError
from engine.loyalty.rewards import Hurdle, RewardDocument
from engine.store.rewards import Claim, Listed

routes = Routes("rewards", "What points buy.")
BIG = 2**62


class RewardBody(RewardDocument):
    """A reward, and whether it is offered."""

    active = Flag(load_default=True)


class ReserveBody(Strict):
    """Which reward."""

    reward = text(40, "Key of the reward.", required=True)


class ClaimsQuery(Strict):
    """Which claims."""

    customer = text(200, "Of this customer.", load_default=None)
    status = choice("reserved", "confirmed", "cancelled", "lapsed", load_default=None)
    before = Whole(load_default=None, validate=validate.Range(1, BIG), metadata={"description": "Only claims with a smaller number."})
    limit = whole(1, 1_000, 100, "How many at most.")


EXAMPLE = {"title": {"en": "Mug", "zh": "马克杯"}, "points": 300, "worth": 1200, "stock": 50}


@routes.verb("GET", "/loyalty/rewards", "loyalty:read", gives=answers.Rewards)
def list_rewards(call: Call) -> Any:
    """The catalogue, what is not offered any more included."""
    return {"items": [_reward(each) for each in call.engine.rewards.list(inactive=True)]}


@routes.verb("GET", "/loyalty/rewards/<reward>", "loyalty:read", gives=answers.Reward)
def get_reward(call: Call, reward: str) -> Any:
    """One reward, with its ETag."""
    with or_404(PointsError):
        found = call.engine.rewards.get(reward)
    return Answer(_reward(found), 200, {"ETag": f'"{found.revision}"'})


@routes.verb("PUT", "/loyalty/rewards/<reward>", "loyalty:write", body=RewardBody, gives=answers.Reward, example=EXAMPLE)
def save_reward(call: Call, reward: str) -> Any:
    """Write a reward, new or over what is there. Send If-Match with the ETag that you saw, so that nobody's change is lost."""
    body = RewardBody().dump(call.body)
    active = body.pop("active")
    revision = call.revision() if request.headers.get("If-Match") else None
    return _reward(call.engine.rewards.save(reward, body, active=active, revision=revision))


@routes.verb("GET", "/customers/<path:customer>/rewards", "loyalty:read", gives=answers.OfferedRewards)
def offered_rewards(call: Call, customer: str) -> Any:
    """Every reward that is offered, and what keeps this customer from it ("needs 320 more points")."""
    found = call.engine.rewards.offered(customer)
    return {"items": [{**_reward(each), "available": not against, "hurdles": hurdles(against)} for each, against in found]}


@routes.verb(
    "POST",
    "/customers/<path:customer>/rewards",
    "loyalty:write",
    body=ReserveBody,
    gives=answers.Claim,
    status=201,
    example={"reward": "mug"},
)
def reserve_reward(call: Call, customer: str) -> Any:
    """Take the points and one of the stock, until it is confirmed, cancelled, or its time is over. Needs an Idempotency-Key."""
    key = request.headers.get("Idempotency-Key")
    if not key:
        raise Problem("bad_request", "send an Idempotency-Key: a name of your own for this act")
    return Answer(_claim(call, call.engine.rewards.reserve(customer, call.body["reward"], key=key)), 201)


@routes.verb("GET", "/loyalty/claims", "loyalty:read", query=ClaimsQuery, gives=answers.Claims)
def list_claims(call: Call) -> Any:
    """Claims of customers within reach, the newest first."""
    query = call.query
    found = call.engine.rewards.claims(query["customer"], status=query["status"], before=query["before"], limit=query["limit"])
    return {"items": [_claim(call, each) for each in found]}


@routes.verb("POST", "/loyalty/claims/<int:claim>/confirm", "loyalty:write", gives=answers.Claim)
def confirm_claim(call: Call, claim: int) -> Any:
    """The reward is handed over; one with a coupon gets its code."""
    return _claim(call, call.engine.rewards.confirm(claim))


@routes.verb("POST", "/loyalty/claims/<int:claim>/cancel", "loyalty:write", gives=answers.Claim)
def cancel_claim(call: Call, claim: int) -> Any:
    """Give back the points and the stock."""
    return _claim(call, call.engine.rewards.cancel(claim))


def hurdles(against: Sequence[Hurdle]) -> list[dict[str, str]]:
    """Hurdles for JSON."""
    return [{"key": each.key, "en": each.text.en, "zh": each.text.zh} for each in against]


def _reward(found: Listed) -> dict[str, Any]:
    return {
        "key": found.reward.key,
        "active": found.reward.active,
        "taken": found.taken,
        "revision": found.revision,
        "document": found.document,
    }


def _claim(call: Call, found: Claim) -> dict[str, Any]:
    written = call.engine.written
    return {
        "number": found.number, "reward": found.reward, "customer": found.customer, "status": found.status, "points": found.points,
        "code": found.code, "reserved_at": written(found.reserved_at), "until": written(found.until),
        "decided_at": None if found.decided_at is None else written(found.decided_at),
    }  # fmt: skip
