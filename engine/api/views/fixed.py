"""Values that a person fixed for one customer and a time; another person approves them."""

from __future__ import annotations

from typing import Any

from engine.api.answers.fixed import STATES
from engine.api.answers.fixed import FixedValue as FixedValueGiven
from engine.api.answers.parts import page
from engine.api.fields import Page, choice, text
from engine.api.kit import Answer, Call, Routes, Strict, or_404
from engine.api.pages import paged
from engine.api.problems import Problem
from engine.api.views.evaluate import reach_of
from engine.api.views.runs import number
from engine.errors import FixedValueError
from engine.store.fixed_values import FixedValue

routes = Routes("fixed values", "Outputs of single customers, fixed by hand for a time.")


class FixBody(Strict):
    """What is asked for."""

    customer = text(200, required=True)
    output = text(200, "policy.output, such as rfm.segment.", required=True)
    value = text(200, required=True)
    reason = text(2_000, required=True)
    until = text(40, "Until when it holds.", required=True)
    start = text(40, "From when; absent: now.", load_default=None, allow_none=True)


class FixedQuery(Page):
    """Which ones."""

    status = choice(*STATES, load_default=None)
    customer = text(200, load_default=None)


def _answer(call: Call, found: FixedValue) -> dict[str, Any]:
    return call.dated(found.as_dict(), "requested_at", "decided_at", "starts_at", "ends_at")


@routes.verb("GET", "/fixed-values", "customers:read", query=FixedQuery, gives=page(FixedValueGiven))
def list_fixed_values(call: Call) -> Any:
    """Fixed values of customers within reach, the newest first."""
    reach = reach_of(call)
    if call.query["customer"] is not None:
        call.engine.exchange.find(call.query["customer"], reach=reach)
    elif not reach.everybody:
        raise Problem("forbidden", "name a customer: the whole list is for those who see every customer")
    found = call.engine.fixed_values.list(call.query["customer"], status=call.query["status"], ended=True)
    return paged(sorted(found, key=lambda each: -each.id), call, lambda each: each.id, lambda each: _answer(call, each))


@routes.verb(
    "POST",
    "/fixed-values",
    "customers:write",
    body=FixBody,
    status=201,
    example={"customer": "C1", "output": "abc.class", "value": "A", "reason": "contract", "until": "2030-01-01"},
    gives=FixedValueGiven,
)
def ask_for_fixed_value(call: Call) -> Any:
    """Ask that an output of a customer is fixed; another person approves it."""
    body = call.body
    call.engine.exchange.find(body["customer"], reach=reach_of(call))
    found = call.engine.fixed_values.request(
        body["customer"], body["output"], body["value"], reason=body["reason"], until=body["until"], start=body["start"]
    )
    return Answer(_answer(call, found), 201)


@routes.verb("POST", "/fixed-values/<int:fixed>/approve", "reviews:write", gives=FixedValueGiven)
def approve_fixed_value(call: Call, fixed: int) -> Any:
    """Approve it; never by who asked for it, with whatever key."""
    return _decide(call, fixed, "approve")


@routes.verb("POST", "/fixed-values/<int:fixed>/reject", "reviews:write", gives=FixedValueGiven)
def reject_fixed_value(call: Call, fixed: int) -> Any:
    """Refuse it."""
    return _decide(call, fixed, "reject")


@routes.verb("POST", "/fixed-values/<int:fixed>/withdraw", "customers:write", gives=FixedValueGiven)
def withdraw_fixed_value(call: Call, fixed: int) -> Any:
    """Take back what was asked for."""
    return _decide(call, fixed, "withdraw")


@routes.verb("POST", "/fixed-values/<int:fixed>/end", "customers:write", gives=FixedValueGiven)
def end_fixed_value(call: Call, fixed: int) -> Any:
    """End it now."""
    return _decide(call, fixed, "end")


def _decide(call: Call, fixed: int, verb: str) -> Any:
    with or_404(FixedValueError):
        found = call.engine.fixed_values.get(number(fixed))
    call.engine.exchange.find(found.customer, reach=reach_of(call))
    try:
        return _answer(call, getattr(call.engine.fixed_values, verb)(fixed))
    except FixedValueError as error:
        raise Problem("conflict", str(error)) from None
