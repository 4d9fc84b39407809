"""Levels of members: one card in one call, and all levels with who rose, fell and will fall."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from engine.api.answers.members import Card, Standings
from engine.api.fields import text, whole
from engine.api.kit import Call, Routes, Strict
from engine.api.problems import Problem
from engine.membership import MOST

routes = Routes("members", "Levels of members, with rights, points and what is missing to the next level.")


class PolicyQuery(Strict):
    """Which policy."""

    policy = text(100, "The key of the policy; absent: the first that has members.", load_default=None)


class CardQuery(PolicyQuery):
    """With what in addition, and when."""

    plus = fields.String(
        validate=validate.Regexp(r"[0-9]{1,12}(\.[0-9]{1,4})?\Z"),
        load_default=None,
        metadata={"description": "An amount that is bought in addition, in thought: 12.50."},
    )
    as_of = text(40, "The moment; absent: now.", load_default=None)


class LevelsQuery(PolicyQuery):
    """How many are named."""

    most = whole(0, MOST, 20, "How many who will lose a level are named.")


@routes.verb("GET", "/loyalty/members/<path:customer>", "loyalty:read", query=CardQuery, gives=Card)
def get_member(call: Call, customer: str) -> Any:
    """Level, rights, points and what is missing to the next level, from the facts of this moment."""
    from flask import current_app

    call.engine.__dict__["_evaluator"] = current_app.extensions["tierwise-api"].warm.evaluator()
    return call.dated(call.engine.membership.card(customer, **call.query).as_dict(), "as_of")


@routes.verb("GET", "/loyalty/levels", "loyalty:read", query=LevelsQuery, gives=Standings)
def get_levels(call: Call) -> Any:
    """The levels with their members in the newest visible run, who moved since the run before, and who will lose what."""
    found = call.engine.membership.overview(call.query["policy"], most=call.query["most"])
    if found is None:
        raise Problem("not_found", "no visible run has levels of members; run first")
    return found.as_dict()
