"""Who did what: the log of exports, and the audit trail."""

from __future__ import annotations

from typing import Any

from engine.api.fields import Page, after_number
from engine.api.kit import Call, Routes

routes = Routes("audit", "Who did what, and who took what out.")


@routes.verb("GET", "/audit/exports", "audit:read", query=Page)
def list_exports(call: Call) -> Any:
    """What was taken out of the store, the newest first."""
    before = after_number(call.query["after"]) or None
    found = call.engine.people.exports(call.query["limit"], before=before)
    answer: dict[str, Any] = {"items": [{**row, "at": call.engine.written(row["at"])} for row in found]}
    if len(found) == call.query["limit"]:
        answer["next"] = str(found[-1]["id"])
    return answer
