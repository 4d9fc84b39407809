"""Gateways by which messages go out, such as SMS and WeCom, and what became of the messages."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from engine.api.answers.gateways import CareMessage, GatewayTrial, KeptGateway, RemovedGateway, Retried
from engine.api.answers.parts import listing, page
from engine.api.fields import Flag, Page, after_number, choice, text
from engine.api.kit import Answer, Call, Routes, Strict, or_404, tagged
from engine.api.pages import page_of
from engine.api.problems import Problem
from engine.errors import CareError
from engine.gateways import STATES
from engine.gateways import KeptGateway as Kept

routes = Routes("gateways", "Gateways by which messages go out, such as SMS and WeCom.")


class GatewayBody(Strict):
    """A gateway: the engine checks its document completely and tells every fault."""

    document = fields.Dict(keys=fields.String(), required=True, metadata={"description": "What a gateway holds."})
    secret = text(2_000, "Kept, and never given again; absent keeps the one there is.", load_default=None, allow_none=True, least=0)
    enabled = Flag(load_default=True)


class TrialBody(Strict):
    """What is tried on which address."""

    to = text(200, "A telephone number, an e-mail address, or what the gateway needs.", required=True, least=0)
    text = text(4_000, "What is said.", load_default="Tierwise 测试 / test")
    send = Flag(load_default=False)


class RetryBody(Strict):
    """Which failed messages wait once more: these, or all of a gateway."""

    messages = fields.List(
        fields.Integer(strict=True, validate=validate.Range(1, 2**63 - 1)), validate=validate.Length(1, 1_000), load_default=None
    )
    gateway = text(60, "All failed ones of this gateway.", load_default=None)


class MessagesQuery(Page):
    """Which messages."""

    status = choice(*STATES, load_default=None)
    gateway = text(60, "Only those of this gateway.", load_default=None)


EXAMPLE = {
    "document": {"channel": "sms", "url": "https://sms.example.com/send", "body": {"to": "${to}", "text": "${text}"}},
    "secret": "from-the-provider",
}


def _gateway(found: Kept, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "updated_at")


@routes.verb("GET", "/service/gateways", "settings:read", gives=listing(KeptGateway))
def list_gateways(call: Call) -> Any:
    """Every gateway, and how many of its messages wait, were sent and failed."""
    return {"items": [_gateway(each, call) for each in call.engine.gateways.list()]}


@routes.verb("GET", "/service/gateways/<key>", "settings:read", gives=KeptGateway)
def get_gateway(call: Call, key: str) -> Any:
    """One gateway, with its ETag; the secret is never given."""
    found = _found(call, key)
    return tagged(_gateway(found, call), found.revision)


@routes.verb("PUT", "/service/gateways/<key>", "settings:write", body=GatewayBody, gives=KeptGateway, example=EXAMPLE)
def save_gateway(call: Call, key: str) -> Any:
    """Check a gateway completely and keep it. With If-Match only over what the caller saw."""
    from flask import request

    if "If-Match" in request.headers:
        known = {each.gateway.key: each.revision for each in call.engine.gateways.list()}
        if call.revision() != known.get(key, 0):
            raise Problem("conflict", f"gateway {key} was changed meanwhile; read it again")
    found = call.engine.gateways.save(key, call.body["document"], secret=call.body["secret"], enabled=call.body["enabled"])
    return Answer(_gateway(found, call), 200, {"ETag": f'"{found.revision}"'})


@routes.verb("DELETE", "/service/gateways/<key>", "settings:write", gives=RemovedGateway)
def remove_gateway(call: Call, key: str) -> Any:
    """Remove a gateway and its secret; messages that wait for it fail."""
    _found(call, key)
    call.engine.gateways.remove(key)
    return {"removed": key}


@routes.verb(
    "POST",
    "/service/gateways/<key>/trial",
    "settings:write",
    body=TrialBody,
    gives=GatewayTrial,
    mutates=False,
    heavy=True,
    example={"to": "+86 138 0000 0000"},
)
def try_gateway(call: Call, key: str) -> Any:
    """Show the request of a message to an address; with `send` send it, this once. No customer or occasion is touched."""
    _found(call, key)
    return call.engine.gateways.trial(key, call.body["to"], text=call.body["text"], send=call.body["send"]).as_dict()


@routes.verb("GET", "/service/care-messages", "service:read", query=MessagesQuery, gives=page(CareMessage))
def list_care_messages(call: Call) -> Any:
    """Messages to customers within reach, the newest first, and why some failed; not what they say."""
    before = after_number(call.query["after"]) or None
    chosen = {name: call.query[name] for name in ("status", "gateway", "limit")}
    found = call.engine.gateways.messages(**chosen, before=before)
    return page_of(found, call, lambda each: each.id, lambda each: call.dated(each.as_dict(), "next_at", "created_at"))


@routes.verb("POST", "/service/care-messages/retry", "settings:write", body=RetryBody, gives=Retried, example={"gateway": "sms"})
def retry_care_messages(call: Call) -> Any:
    """Let failed messages wait once more."""
    return {"waiting": call.engine.gateways.retry(call.body["messages"], gateway=call.body["gateway"])}


def _found(call: Call, key: str) -> Kept:
    with or_404(CareError):
        return call.engine.gateways.get(key)
