"""What was said between us and customers: the last contact comes from here."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from engine.api.answers.interactions import Interaction, InteractionsTaken, InteractionVoided
from engine.api.answers.parts import page
from engine.api.fields import Page, after_number, choice, text
from engine.api.kit import MB, Answer, Call, Routes, Strict, or_404
from engine.api.pages import page_of
from engine.api.views.evaluate import reach_of
from engine.api.views.runs import number
from engine.errors import InteractionError
from engine.interactions import Interaction as Found

routes = Routes("interactions", "What was said between us and customers.")
MOST_ROWS = 10_000


class InteractionBody(Strict):
    """What was said."""

    channel = text(40, "A word such as phone.", load_default="", least=0)
    direction = choice("out", "in", load_default="out", words="out: from us to the customer.")
    at = text(40, "When; absent: now.", load_default=None, allow_none=True)
    by = text(200, "Who of us; absent: the caller.", load_default=None, allow_none=True, least=0)
    note = text(4_000, load_default="", least=0)
    reference = text(200, "By which another system knows it: written once.", load_default=None, allow_none=True)


class InteractionsBody(Strict):
    """Many of them."""

    rows = fields.List(
        fields.Dict(keys=fields.String()),
        required=True,
        validate=validate.Length(1, MOST_ROWS),
        metadata={"description": "Objects with customer, at, channel, direction, by, note, reference."},
    )


def _answer(found: Found, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "at", "created_at")


@routes.verb("GET", "/customers/<path:customer>/interactions", "service:read", query=Page, gives=page(Interaction))
def list_interactions(call: Call, customer: str) -> Any:
    """What was said between us and a customer, the newest first."""
    call.engine.exchange.find(customer, reach=reach_of(call))
    before = after_number(call.query["after"]) or None
    found = call.engine.interactions.of(customer, before=before, limit=call.query["limit"])
    return page_of(found, call, lambda each: each.id, lambda each: _answer(each, call))


@routes.verb(
    "POST",
    "/customers/<path:customer>/interactions",
    "service:write",
    body=InteractionBody,
    gives=Interaction,
    status=201,
    example={"channel": "phone", "note": "asked about the new model"},
)
def add_interaction(call: Call, customer: str) -> Any:
    """Write down what was said."""
    call.engine.exchange.find(customer, reach=reach_of(call))
    return Answer(_answer(call.engine.interactions.add(customer, **call.body), call), 201)


@routes.verb(
    "POST",
    "/service/interactions",
    "service:write",
    body=InteractionsBody,
    gives=InteractionsTaken,
    size=8 * MB,
    example={"rows": [{"customer": "C1", "at": "2026-03-01T10:00", "channel": "phone"}]},
)
def bring_interactions(call: Call) -> Any:
    """Bring many, all of them or nothing; the same row again is known."""
    return call.engine.interactions.import_rows(enumerate(call.body["rows"], 1)).as_dict()


@routes.verb("DELETE", "/service/interactions/<int:interaction>", "service:write", gives=InteractionVoided)
def void_interaction(call: Call, interaction: int) -> Any:
    """Take one out that never was."""
    with or_404(InteractionError):
        call.engine.interactions.void(number(interaction))
    return {"voided": interaction}
