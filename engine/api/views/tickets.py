"""Tickets: requests of customers, and the promises about them."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from engine.api.answers.parts import listing, page
from engine.api.answers.tickets import Escalation, Event, Suggestion
from engine.api.answers.tickets import Ticket as TicketGiven
from engine.api.fields import Flag, Page, after_number, choice, text, whole
from engine.api.kit import Call, Routes, Strict, or_404, tagged
from engine.api.pages import page_of
from engine.api.problems import Problem
from engine.api.views.runs import number
from engine.desk.states import STATES
from engine.errors import TicketError
from engine.levels import PRIORITIES
from engine.store.tickets import Ticket

routes = Routes("tickets", "Requests of customers, and the promises about them.")

GROUPS = ("live", "ended")


class TicketQuery(Page):
    """Which ones."""

    state = choice(*GROUPS, *STATES, words="In which state; live: not resolved.", load_default=None)
    owner = text(200, "Whose; empty for those of nobody.", least=0, load_default=None)
    customer = text(200, load_default=None)
    kind = text(64, load_default=None)
    priority = choice(*PRIORITIES, load_default=None)
    level = text(64, load_default=None)


class QueueQuery(Strict):
    """Which ones, and where to go on."""

    owner = text(200, "Whose; empty for those of nobody.", least=0, load_default=None)
    kind = text(64, load_default=None)
    level = text(64, load_default=None)
    limit = whole(1, 1_000, 100, "How many at most.")
    offset = whole(0, 1_000_000, 0, "How many to leave out.")


class TicketBody(Strict):
    """What came in."""

    customer = text(200, required=True)
    kind = text(64, "A kind of the service desk's setup.", required=True)
    subject = text(300, required=True)
    priority = choice(*PRIORITIES, words="Absent: that of the customer's service level.", load_default=None, allow_none=True)
    channel = text(64, least=0, load_default="")
    category = text(64, least=0, load_default="")
    owner = text(200, least=0, load_default="")
    language = choice("en", "zh", words="Of prepared answers.", load_default=None, allow_none=True)
    at = text(40, "When it came in; absent: now.", load_default=None, allow_none=True)
    reference = text(200, "Its number in another system: it is opened once.", load_default=None, allow_none=True)
    acknowledge = Flag(load_default=True, metadata={"description": "Send the prepared acknowledgement for its kind, if there is one."})
    text = text(20_000, "What the customer said.", least=0, load_default="")


class SayBody(Strict):
    """What was said."""

    direction = choice("in", "out", "note", words="in: by the customer; out: to the customer; note: for colleagues.", load_default="out")
    answer = text(64, "The prepared answer that was used.", load_default=None, allow_none=True)
    at = text(40, "When; absent: now.", load_default=None, allow_none=True)
    text = text(20_000, required=True)


class MoveBody(Strict):
    """Into which state."""

    state = choice(*STATES, required=True)
    reason = text(300, "Needed for waiting and for opening again.", least=0, load_default="")
    at = text(40, "When; absent: now.", load_default=None, allow_none=True)


class TicketEdit(Strict):
    """What changes."""

    priority = choice(*PRIORITIES)
    kind = text(64)
    category = text(64, least=0)
    cause = text(64, least=0)
    channel = text(64, least=0)
    owner = text(200, least=0)
    subject = text(300)
    compensation = fields.Integer(strict=True, metadata={"description": "In minor units."})


def _answer(found: Ticket, call: Call) -> dict[str, Any]:
    plain = call.dated(found.as_dict(), "opened_at", "changed_at", "answered_at", "resolved_at", "closed_at")
    return {**plain, "clocks": [call.dated(each, "due_at", "stopped_at") for each in plain["clocks"]]}


@routes.verb("GET", "/service/tickets", "service:read", query=TicketQuery, gives=page(TicketGiven))
def list_tickets(call: Call) -> Any:
    """Tickets of customers within reach, the newest first."""
    chosen = dict(call.query)
    limit, after = chosen.pop("limit"), after_number(chosen.pop("after"))
    found = call.engine.tickets.list(**chosen, before=after or None, limit=limit)
    return page_of(found, call, lambda each: each.id, lambda each: _answer(each, call))


@routes.verb("GET", "/service/queue", "service:read", query=QueueQuery, gives=page(TicketGiven))
def read_queue(call: Call) -> Any:
    """Live tickets, what breaks first at the top, with the working time that is left."""
    found = call.engine.tickets.queue(**call.query, left=True)
    answer: dict[str, Any] = {"items": [_answer(each, call) for each in found]}
    if len(found) == call.query["limit"]:
        answer["next"] = str(call.query["offset"] + len(found))
    return answer


@routes.verb("GET", "/service/tickets/<int:ticket>", "service:read", gives=TicketGiven)
def get_ticket(call: Call, ticket: int) -> Any:
    """One ticket, with its ETag."""
    found = _found(call, ticket)
    return tagged(_answer(found, call), found.revision)


@routes.verb("GET", "/service/tickets/<int:ticket>/timeline", "service:read", gives=listing(Event))
def read_timeline(call: Call, ticket: int) -> Any:
    """What was said and what happened, the oldest first."""
    return {"items": [call.dated(each.as_dict(), "at") for each in call.engine.tickets.timeline(_found(call, ticket).id)]}


@routes.verb("GET", "/service/tickets/<int:ticket>/answers", "service:read", gives=listing(Suggestion))
def suggest_answers(call: Call, ticket: int) -> Any:
    """Prepared answers that fit a ticket, the best first."""
    return {"items": [{"name": each.name, "text": said} for each, said in call.engine.tickets.suggest(_found(call, ticket).id)]}


@routes.verb(
    "POST",
    "/service/tickets",
    "service:write",
    body=TicketBody,
    gives=TicketGiven,
    status=201,
    example={"customer": "C1", "kind": "complaint", "subject": "The parcel is late", "text": "Where is it?", "channel": "phone"},
)
def open_ticket(call: Call) -> Any:
    """Open a ticket: its first answer and resolution are promised by the customer's service level."""
    body = dict(call.body)
    found = call.engine.tickets.open(body.pop("customer"), body.pop("kind"), body.pop("subject"), body.pop("text"), **body)
    return tagged(_answer(found, call), found.revision, 201)


@routes.verb(
    "POST",
    "/service/tickets/<int:ticket>/messages",
    "service:write",
    body=SayBody,
    gives=TicketGiven,
    status=201,
    example={"text": "It arrives tomorrow."},
)
def say_in_ticket(call: Call, ticket: int) -> Any:
    """Write down what was said; the first message to the customer is the first answer."""
    body = dict(call.body)
    found = call.engine.tickets.say(_found(call, ticket).id, body.pop("text"), **body)
    return tagged(_answer(found, call), found.revision, 201)


@routes.verb(
    "POST", "/service/tickets/<int:ticket>/state", "service:write", body=MoveBody, gives=TicketGiven, example={"state": "resolved"}
)
def move_ticket(call: Call, ticket: int) -> Any:
    """Bring a ticket into another state; its clocks stand or go on."""
    found = _found(call, ticket)
    if call.body["state"] not in STATES[found.state].then:
        raise Problem("conflict", f"ticket {ticket} is {found.state}; it can become {', '.join(STATES[found.state].then)}")
    moved = call.engine.tickets.move(found.id, call.body["state"], reason=call.body["reason"], at=call.body["at"])
    return tagged(_answer(moved, call), moved.revision)


@routes.verb(
    "PATCH",
    "/service/tickets/<int:ticket>",
    "service:write",
    body=TicketEdit,
    gives=TicketGiven,
    etag=True,
    example={"priority": "urgent", "owner": "lin"},
)
def edit_ticket(call: Call, ticket: int) -> Any:
    """Change priority, kind, category, cause, channel, owner, subject or compensation; a new priority or kind promises anew."""
    found, seen = _found(call, ticket), call.revision()
    if seen != found.revision:
        raise Problem("precondition_failed", f"ticket {ticket} was changed meanwhile; read it again")
    changed = call.engine.tickets.edit(found.id, revision=seen, **call.body)
    return tagged(_answer(changed, call), changed.revision)


@routes.verb("POST", "/service/tick", "service:write", gives=listing(Escalation))
def tick_tickets(call: Call) -> Any:
    """Escalate what is due; a worker does so every minute by itself."""
    return {"items": [call.dated(each.as_dict(), "due_at") for each in call.engine.tickets.tick()]}


def _found(call: Call, ticket: int) -> Ticket:
    with or_404(TicketError):
        return call.engine.tickets.get(number(ticket))
