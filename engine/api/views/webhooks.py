"""Webhooks: where events are sent, what was received, and sending it again."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from marshmallow import fields, validate

from engine.api.answers.parts import listing, page
from engine.api.answers.webhooks import Delivery as DeliveryGiven
from engine.api.answers.webhooks import Webhook as WebhookGiven
from engine.api.answers.webhooks import WebhookMade
from engine.api.fields import Flag, Page, after_number, choice, text
from engine.api.kit import Answer, Call, Routes, Strict, or_404, tagged
from engine.api.pages import page_of
from engine.api.problems import Problem
from engine.api.views.runs import number
from engine.store.webhooks import Delivery, Webhook
from engine.webhooks import EVENTS, WebhookError

routes = Routes("webhooks", "Be told what happens, signed and until it is received.")


class WebhookBody(Strict):
    """A new webhook."""

    title = text(200, required=True)
    url = text(2_000, "https://, and a public address.", required=True)
    events = fields.List(choice(*EVENTS), required=True, validate=validate.Length(1, len(EVENTS)))


class WebhookEdit(Strict):
    """What changes."""

    title = text(200)
    url = text(2_000)
    events = fields.List(choice(*EVENTS), validate=validate.Length(1, len(EVENTS)))
    enabled = Flag()


def _look_up(call: Call) -> None:
    if "url" in call.body:
        call.engine.webhooks.look_up(call.body["url"])


def _answer(found: Webhook, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "created_at", "disabled_at")


def _delivery(found: Delivery, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "next_at", "last_at", "created_at")


@routes.verb("GET", "/webhooks", "settings:read", gives=listing(WebhookGiven))
def list_webhooks(call: Call) -> Any:
    """Every webhook."""
    return {"items": [_answer(each, call) for each in call.engine.webhooks.list()]}


@routes.verb(
    "POST",
    "/webhooks",
    "settings:write",
    body=WebhookBody,
    status=201,
    secret=True,
    first=_look_up,
    example={"title": "the shop", "url": "https://shop.example.com/tierwise", "events": ["run.visible"]},
    gives=WebhookMade,
    sends=("ETag",),
)
def add_webhook(call: Call) -> Any:
    """Add a webhook. Its `secret`, by which receivers verify signatures, is answered this once."""
    secret, found = call.engine.webhooks.add(**call.body, make=lambda: signing_secret(call.secret("whsec")))
    return Answer({"secret": secret, "prefix": "whsec", **_answer(found, call)}, 201, {"ETag": f'"{found.revision}"'})


def signing_secret(secret: str) -> str:
    """A signing secret in the form of Standard Webhooks, out of any secret."""
    return "whsec_" + base64.b64encode(hashlib.sha256(secret.encode()).digest()).decode()


@routes.verb("GET", "/webhooks/<int:webhook>", "settings:read", gives=WebhookGiven, sends=("ETag",))
def get_webhook(call: Call, webhook: int) -> Any:
    """One webhook; the ETag is for If-Match."""
    with or_404(WebhookError):
        found = call.engine.webhooks.get(number(webhook))
    return tagged(_answer(found, call), found.revision)


@routes.verb(
    "PATCH",
    "/webhooks/<int:webhook>",
    "settings:write",
    body=WebhookEdit,
    etag=True,
    first=_look_up,
    example={"enabled": False},
    gives=WebhookGiven,
)
def edit_webhook(call: Call, webhook: int) -> Any:
    """Change a webhook, or let it rest."""
    with or_404(WebhookError):
        found = call.engine.webhooks.get(number(webhook))
    if found.revision != call.revision():
        raise Problem("precondition_failed", "the webhook was changed meanwhile; read it again")
    found = call.engine.webhooks.edit(webhook, revision=found.revision, **call.body)
    return tagged(_answer(found, call), found.revision)


@routes.verb("GET", "/webhooks/<int:webhook>/deliveries", "settings:read", query=Page, gives=page(DeliveryGiven))
def list_deliveries(call: Call, webhook: int) -> Any:
    """What was sent to a webhook and what came of it, the newest first."""
    before = after_number(call.query["after"]) or None
    with or_404(WebhookError):
        found = call.engine.webhooks.deliveries(number(webhook), limit=call.query["limit"], before=before)
    return page_of(found, call, lambda each: each.id, lambda each: _delivery(each, call))


@routes.verb("POST", "/webhooks/<int:webhook>/deliveries/<int:delivery>/replay", "settings:write", gives=DeliveryGiven)
def replay_delivery(call: Call, webhook: int, delivery: int) -> Any:
    """Send a delivery again."""
    with or_404(WebhookError):
        return _delivery(call.engine.webhooks.replay(number(webhook), number(delivery)), call)
