"""The clock of a sandbox. These routes are registered in a sandbox only."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, validates_schema

from engine.api.answers.sandbox import Clock
from engine.api.fields import text, whole
from engine.api.kit import Call, Routes, Strict
from engine.api.needs import ANY_KEY
from engine.sandbox import FARTHEST

routes = Routes("sandbox", "The clock of a sandbox (`tierwise serve --sandbox`). Elsewhere these routes do not exist.")


class ClockMoveBody(Strict):
    """Where the clock goes: ahead, never back."""

    now = text(40, "The moment that it shall be, such as 2026-03-01.")
    advance_seconds = whole(0, FARTHEST, None, "Or: by how many seconds it goes ahead.", strict=True)

    @validates_schema
    def _either(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("now" in data) == ("advance_seconds" in data):
            raise ValidationError("expected either now or advance_seconds")


@routes.verb("GET", "/sandbox/clock", ANY_KEY, gives=Clock)
def clock(call: Call) -> Any:
    """What the clock says."""
    return call.engine.sandbox.clock()


@routes.verb("PUT", "/sandbox/clock", "settings:write", body=ClockMoveBody, example={"advance_seconds": 86_400}, gives=Clock)
def move_clock(call: Call) -> Any:
    """Move the clock ahead. Schedules, expiries and every "now" follow it; what is due meanwhile happens within seconds."""
    return call.engine.sandbox.move(to=call.body.get("now"), seconds=call.body.get("advance_seconds"))
