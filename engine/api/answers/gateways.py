"""Gateways for messages, trials, and what became of messages."""

from engine.api.answers.parts import Given, Texts, anything, boolean, by_name, integer, many, moment, nested, one_of, string
from engine.care.gateways import FORMATS, METHODS, OVER
from engine.gateways import STATES


class GatewayLimits(Given):
    """How long a text may be; absent is no limit."""

    characters = integer(140, maybe=True)
    bytes = integer(2_000, "In UTF-8.", maybe=True)
    parts = integer(2, "Of a short message.", maybe=True)


class GatewayAccepted(Given):
    """By which field of the answer a message was taken; empty goes by the status alone."""

    field = string("errcode", maybe=True)
    values = many(anything(0), "Texts, numbers, true, false or null.", maybe=True)


class GatewayDocument(Given):
    """A gateway with every default written out."""

    title = nested(Texts)
    channel = string("sms")
    url = string("https://sms.example.com/send", "May hold ${id} and ${secret} behind the host.")
    method = one_of(METHODS)
    headers = by_name("Authorization", string("Bearer ${secret}"))
    format = one_of(FORMATS)
    body = by_name("text", anything("${text}"), "A template: placeholders stand in its values.")
    to = string("phone", "Which address it needs: phone, email, custom.NAME, or nothing.")
    limits = nested(GatewayLimits)
    over = one_of(OVER)
    accepted = nested(GatewayAccepted)


class KeptGateway(Given):
    """A gateway as it stands, and what became of its messages. The secret is never given."""

    key = string("sms")
    document = nested(GatewayDocument)
    has_secret = boolean(True)
    enabled = boolean(True)
    revision = integer(1)
    updated_by = string("chen")
    updated_at = moment()
    waiting = integer(2)
    sent = integer(120)
    failed = integer(1)


class RemovedGateway(Given):
    """What is gone."""

    removed = string("sms")


class GatewayTrial(Given):
    """What a trial would send, or sent; the secret is hidden."""

    method = one_of(METHODS)
    url = string("https://sms.example.com/send")
    headers = by_name("Content-Type", string("application/json"))
    body = string('{"to": "+8613800000000", "text": "Hello"}')
    text = string("Hello", "What is said, cut where it was too long.")
    characters = integer(5)
    bytes = integer(5)
    parts = integer(1)
    sent = boolean(False)
    status = integer(200, "What the gateway answered.", null=True)
    answer = string('{"code": "OK"}', "The beginning of its answer.")
    refusal = string("answered 500", "Why it was not taken; null when it was, or was not sent.", null=True)


class CareMessage(Given):
    """A message on its way, without what it says."""

    id = integer(7)
    customer = string("C1")
    plan = string("birthday")
    occasion = string("2026")
    kind = one_of(("email", "gateway", "webhook"))
    gateway = string("sms", null=True)
    channel = string("sms")
    status = one_of(STATES)
    attempts = integer(1)
    next_at = moment("The next attempt.", null=True)
    last_error = string("answered 500")
    created_at = moment()


class Retried(Given):
    """How many messages wait once more."""

    waiting = integer(3)


__all__ = ["CareMessage", "GatewayTrial", "KeptGateway", "RemovedGateway", "Retried"]
