"""Webhooks and what was sent to them."""

from engine.api.answers.parts import Given, integer, many, moment, one_of, string
from engine.webhooks import EVENTS


class Webhook(Given):
    """Where events are sent."""

    id = integer(1)
    title = string("the shop")
    url = string("https://shop.example.com/tierwise")
    events = many(one_of(list(EVENTS)))
    created_by = string("chen")
    created_at = moment()
    disabled_at = moment(null=True)
    disabled_because = string(None, null=True)
    revision = integer(1)


class WebhookMade(Webhook):
    """A new webhook with its secret."""

    secret = string("whsec_3fgGof0MaD0", "By which receivers verify signatures; answered this once.")
    prefix = one_of(["whsec"])


class Delivery(Given):
    """One event on its way to one webhook."""

    id = integer(9)
    webhook_id = integer(1)
    event_id = integer(3)
    kind = one_of(list(EVENTS))
    status = one_of(["waiting", "delivered", "failed"])
    attempts = integer(1)
    next_at = moment("When it is tried next.", null=True)
    last_at = moment(null=True)
    last_status = integer(503, "The HTTP status of the last try.", null=True)
    last_error = string("")
    created_at = moment()
