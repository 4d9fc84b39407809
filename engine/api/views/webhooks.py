"""Webhooks: where events are sent, what was received, and sending it again."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from marshmallow import fields, validate

from engine.api.fields import Flag, Page, after_number, choice, text
from engine.api.kit import Answer, Call, Routes, Strict, or_404, tagged
from engine.api.problems import Problem
from engine.api.views.runs import number
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


@routes.verb("GET", "/webhooks", "settings:read")
def list_webhooks(call: Call) -> Any:
    """Every webhook."""
    return {"items": [each.as_dict() for each in call.engine.webhooks.list()]}


@routes.verb(
    "POST",
    "/webhooks",
    "settings:write",
    body=WebhookBody,
    status=201,
    secret=True,
    first=_look_up,
    example={"title": "the shop", "url": "https://shop.example.com/tierwise", "events": ["run.visible"]},
)
def add_webhook(call: Call) -> Any:
    """Add a webhook. Its `secret`, by which receivers verify signatures, is answered this once."""
    secret, found = call.engine.webhooks.add(**call.body, make=lambda: signing_secret(call.secret("whsec")))
    return Answer({"secret": secret, "prefix": "whsec", **found.as_dict()}, 201, {"ETag": f'"{found.revision}"'})


def signing_secret(secret: str) -> str:
    """A signing secret in the form of Standard Webhooks, out of any secret."""
    return "whsec_" + base64.b64encode(hashlib.sha256(secret.encode()).digest()).decode()


@routes.verb("GET", "/webhooks/<int:webhook>", "settings:read")
def get_webhook(call: Call, webhook: int) -> Any:
    """One webhook; the ETag is for If-Match."""
    with or_404(WebhookError):
        found = call.engine.webhooks.get(number(webhook))
    return tagged(found.as_dict(), found.revision)


@routes.verb("PATCH", "/webhooks/<int:webhook>", "settings:write", body=WebhookEdit, etag=True, first=_look_up, example={"enabled": False})
def edit_webhook(call: Call, webhook: int) -> Any:
    """Change a webhook, or let it rest."""
    with or_404(WebhookError):
        found = call.engine.webhooks.get(number(webhook))
    if found.revision != call.revision():
        raise Problem("precondition_failed", "the webhook was changed meanwhile; read it again")
    found = call.engine.webhooks.edit(webhook, revision=found.revision, **call.body)
    return tagged(found.as_dict(), found.revision)


@routes.verb("GET", "/webhooks/<int:webhook>/deliveries", "settings:read", query=Page)
def list_deliveries(call: Call, webhook: int) -> Any:
    """What was sent to a webhook and what came of it, the newest first."""
    before = after_number(call.query["after"]) or None
    with or_404(WebhookError):
        found = call.engine.webhooks.deliveries(number(webhook), limit=call.query["limit"], before=before)
    answer: dict[str, Any] = {"items": [each.as_dict() for each in found]}
    if len(found) == call.query["limit"]:
        answer["next"] = str(found[-1].id)
    return answer


@routes.verb("POST", "/webhooks/<int:webhook>/deliveries/<int:delivery>/replay", "settings:write")
def replay_delivery(call: Call, webhook: int, delivery: int) -> Any:
    """Send a delivery again."""
    with or_404(WebhookError):
        return call.engine.webhooks.replay(number(webhook), number(delivery)).as_dict()
