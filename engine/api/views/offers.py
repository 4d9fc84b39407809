"""Offers on a basket: which apply and why others do not, using them, codes."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import fields, validate

from engine.api.answers import offers as answers
from engine.api.fields import text, whole
from engine.api.kit import Answer, Call, Routes, Strict
from engine.api.problems import Problem
from engine.api.views.rewards import hurdles
from engine.offers import MOST_BASKET, MOST_CODES

routes = Routes("offers", "Offers of the live rulebook. Money is in minor units of the business currency.")


class BasketBody(Strict):
    """A basket, and codes that the customer shows."""

    basket = whole(0, MOST_BASKET, None, "Minor units of the business currency.", required=True, strict=True)
    codes = fields.List(fields.String(validate=validate.Length(1, 40)), load_default=list, validate=validate.Length(max=20))


class CancelOffersBody(Strict):
    """With which key they were used."""

    key = text(150, "The Idempotency-Key of the use.", required=True)


class IssueBody(Strict):
    """How many codes."""

    count = whole(1, MOST_CODES, 1, "How many.", strict=True)
    until = text(40, "The first moment without them; absent: without end.", load_default=None, allow_none=True)
    customer = text(200, "For whom alone; absent: whoever has one.", load_default=None, allow_none=True)


@routes.verb("GET", "/loyalty/offers", "loyalty:read", gives=answers.LiveOffers)
def list_offers(call: Call) -> Any:
    """The offers of the live rulebook, with what they have cost so far."""
    return {
        "items": [
            {
                "offer": offer.key, "en": offer.title.en, "zh": offer.title.zh, "kind": offer.kind, "priority": offer.priority,
                "alone": offer.alone, "coded": offer.coded, "budget": offer.budget, "spent": spent, "uses": uses,
            }
            for offer, spent, uses in call.engine.offers.list()
        ]
    }  # fmt: skip


@routes.verb(
    "POST",
    "/customers/<path:customer>/offers",
    "loyalty:read",
    body=BasketBody,
    gives=answers.Verdicts,
    mutates=False,
    example={"basket": 12_000},
)
def offers_for_basket(call: Call, customer: str) -> Any:
    """Every offer for a basket: what it saves, or everything that stands against it. Nothing is used."""
    found = call.engine.offers.of(customer, call.body["basket"], codes=call.body["codes"])
    items = [
        {
            "offer": each.offer.key, "en": each.offer.title.en, "zh": each.offer.title.zh, "applies": each.applies, "saves": each.saves,
            "points": each.points, "hurdles": hurdles(each.against),
        }
        for each in found
    ]  # fmt: skip
    return {"items": items, "saves": sum(each.saves for each in found)}


@routes.verb(
    "POST",
    "/customers/<path:customer>/offers/use",
    "loyalty:write",
    body=BasketBody,
    gives=answers.Uses,
    status=201,
    example={"basket": 12_000},
)
def use_offers(call: Call, customer: str) -> Any:
    """Use everything that applies to a basket. Needs an Idempotency-Key, such as the number of the receipt."""
    key = request.headers.get("Idempotency-Key")
    if not key:
        raise Problem("bad_request", "send an Idempotency-Key: a name of your own for this act")
    used = call.engine.offers.use(customer, call.body["basket"], key=key, codes=call.body["codes"])
    return Answer({"items": [{"offer": each.offer, "saved": each.saved, "points": each.points, "code": each.code} for each in used]}, 201)


@routes.verb(
    "POST",
    "/customers/<path:customer>/offers/cancel",
    "loyalty:write",
    body=CancelOffersBody,
    gives=answers.OffersCancelled,
    example={"key": "receipt 4711"},
)
def cancel_offers(call: Call, customer: str) -> Any:
    """Take back what was used with a key: budgets, codes and points."""
    return {"cancelled": call.engine.offers.cancel(customer, call.body["key"])}


@routes.verb(
    "POST", "/loyalty/offers/<offer>/codes", "loyalty:write", body=IssueBody, gives=answers.Codes, status=201, example={"count": 100}
)
def issue_codes(call: Call, offer: str) -> Any:
    """New codes of an offer that needs one; each works once."""
    body = call.body
    return Answer({"codes": list(call.engine.offers.issue(offer, body["count"], until=body["until"], customer=body["customer"]))}, 201)


@routes.verb("GET", "/loyalty/codes/<code>", "loyalty:read", gives=answers.Code)
def get_code(call: Call, code: str) -> Any:
    """A code: of which offer, until when, whether it was used."""
    found, written = call.engine.offers.coupon(code), call.engine.written
    return {
        "code": found.code, "offer": found.offer, "bound": found.customer_id is not None, "issued_at": written(found.issued_at),
        "until": None if found.until is None else written(found.until), "used_at": None if found.used_at is None else written(found.used_at),
    }  # fmt: skip
