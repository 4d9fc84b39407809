"""Customers: who an id stands for, what is stored and decided of them, and why."""

from __future__ import annotations

from typing import Any

from engine.api.answers.customers import Profile
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
