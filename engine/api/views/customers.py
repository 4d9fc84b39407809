"""Customers: who an id stands for, what is stored and decided of them, and why."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, fields

from engine.api.fields import Switch, choice, text
from engine.api.kit import Call, Routes, Strict
from engine.api.views.evaluate import reach_of
from engine.errors import RunError

routes = Routes("customers", "One customer: who, what is decided, and why.")


class CustomerQuery(Strict):
    """Whose id the path names, and whether to say why."""

    source = text(100, "The system whose id it is; needed where two systems use it for different customers.", load_default=None)
    explain = Switch("Say why, in words, and what would have to change.")
    language = choice("en", "zh", words="The language of explanations.", load_default="en")


class Profile(Strict):
    """A customer. What names or describes a person is masked for those who may not see it."""

    class Meta:
        """The profile has more fields than are named here."""

        unknown = INCLUDE

    customer = fields.String(required=True)
    name = fields.String(allow_none=True)
    assignments = fields.Dict(required=True)
    aliases = fields.List(fields.Dict())
    orders = fields.Dict()
    custom = fields.Dict()


@routes.verb("GET", "/customers/<path:customer>", "customers:read", query=CustomerQuery, gives=Profile)
def get_customer(call: Call, customer: str) -> Any:
    """A customer by any of its ids: profile, aliases, current assignments and, with `explain=true`, their reasons."""
    source = call.query["source"]
    found = call.engine.exchange.profile(customer, source=source, personal=call.personal, reach=reach_of(call))
    found["joined_at"] = None if found["joined_at"] is None else call.engine.written(found["joined_at"])
    for name in ("first_at", "last_at"):
        moment = found["orders"][name]
        found["orders"][name] = None if moment is None else call.engine.written(moment)
    if call.query["explain"]:
        try:
            found["explanations"] = [each.as_dict() for each in call.engine.explain(found["customer"], language=call.query["language"])]
        except RunError:
            found["explanations"] = []
    return found
