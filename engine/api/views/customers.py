"""Customers: who an id stands for, what is stored and decided of them, and why."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from engine.api.answers.customers import Profile
from engine.api.answers.together import CustomerList, Flagged, Joined, Separated
from engine.api.fields import Switch, choice, text, whole
from engine.api.kit import Call, Routes, Strict
from engine.api.views.evaluate import reach_of
from engine.errors import RunError

routes = Routes("customers", "One customer: who, what is decided, and why.")


class CustomerQuery(Strict):
    """Whose id the path names, and whether to say why."""

    source = text(100, "The system whose id it is; needed where two systems use it for different customers.", load_default=None)
    explain = Switch("Say why, in words, and what would have to change.")
    language = choice("en", "zh", words="The language of explanations.", load_default="en")


class ListQuery(Strict):
    """Which customers, in which order."""

    filter = fields.List(
        text(500),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "Such as grade.grade=A|B or orders.count>=2; may be given several times, then each holds."},
    )
    search = text(200, "Words of a name or an id.", load_default="", least=0)
    sort = text(200, "A column, with - in front for the largest first.", load_default="", least=0)
    columns = fields.List(
        text(200), load_default=list, validate=validate.Length(max=40), metadata={"description": "Which columns; absent: the usual ones."}
    )
    page = whole(0, 10**9, 0, "From 0 on.")
    size = whole(1, 500, 50, "How many on a page.")


class JoinBody(Strict):
    """Who is the same."""

    other = text(200, "Whose ids and facts count for this customer from now on.", required=True)


class SeparateQuery(Strict):
    """Whose id it is."""

    source = text(100, "The system whose id it is; needed where two systems use it.", load_default=None)


class NotGradedBody(Strict):
    """Why it is left out."""

    reason = text(200, "Null: it is graded again.", required=True, allow_none=True)


@routes.verb("GET", "/customers", "customers:read", query=ListQuery, gives=CustomerList, heavy=True)
def list_customers(call: Call) -> Any:
    """Customers within reach as a list that filters, searches and sorts, as in the console."""
    customers = call.engine.customers
    found = customers.list(customers.asked_for({**call.query, "filters": call.query["filter"]}))
    plain = found.as_dict()
    return {"query": found.query.as_dict(), "items": plain.pop("rows"), **plain}


@routes.verb("POST", "/customers/<path:customer>/join", "customers:write", body=JoinBody, gives=Joined, example={"other": "C2"})
def join_customers(call: Call, customer: str) -> Any:
    """Say that another customer is this one: its ids and facts count for this one from the next run on."""
    for each in (customer, call.body["other"]):
        call.engine.exchange.find(each, reach=reach_of(call))
    call.engine.join_customers(customer, call.body["other"])
    return {"customer": customer, "joined": call.body["other"]}


@routes.verb("POST", "/customers/<path:customer>/separate", "customers:write", query=SeparateQuery, gives=Separated)
def separate_customer(call: Call, customer: str) -> Any:
    """Undo a join: the customer of this id gets its own ids and facts back."""
    call.engine.exchange.find(customer, source=call.query["source"], reach=reach_of(call))
    call.engine.separate_customer(customer, call.query["source"])
    return {"customer": customer}


@routes.verb(
    "PUT", "/customers/<path:customer>/not-graded", "customers:write", body=NotGradedBody, gives=Flagged, example={"reason": "staff"}
)
def flag_customer(call: Call, customer: str) -> Any:
    """Leave a customer out of grading for a reason, or grade it again."""
    call.engine.exchange.find(customer, reach=reach_of(call))
    call.engine.flag_not_graded(customer, call.body["reason"])
    return {"customer": customer, "reason": call.body["reason"]}


@routes.verb("GET", "/customers/<path:customer>", "customers:read", query=CustomerQuery, gives=Profile)
def get_customer(call: Call, customer: str) -> Any:
    """A customer by any of its ids: profile, aliases, current assignments and, with `explain=true`, their reasons."""
    source = call.query["source"]
    found = call.engine.exchange.profile(customer, source=source, personal=call.personal, reach=reach_of(call))
    found = call.dated(found, "joined_at")
    found["orders"] = call.dated(found["orders"], "first_at", "last_at")
    if call.query["explain"]:
        try:
            found["explanations"] = [each.as_dict() for each in call.engine.explain(found["customer"], language=call.query["language"])]
        except RunError:
            found["explanations"] = []
    return found
