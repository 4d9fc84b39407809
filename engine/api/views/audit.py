"""Who did what: the log of exports, and the audit trail."""

from __future__ import annotations

import json
from typing import Any

from engine.api.fields import Page, after_number, text
from engine.api.kit import Call, Routes, Strict

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


class EntriesQuery(Page):
    """Which entries."""

    subject = text(200, "To what it was done, such as draft:7.", load_default=None)
    actor = text(200, "Who did it.", load_default=None)
    action = text(100, "What was done, such as rulebook.publish, or a whole area: rulebook.", load_default=None)


@routes.verb("GET", "/audit/entries", "audit:read", query=EntriesQuery)
def list_entries(call: Call) -> Any:
    """The audit trail, the newest entry first."""
    query = call.query
    found = call.engine.audit.entries(
        query["subject"], query["actor"], query["action"], after_number(query["after"]) or None, query["limit"]
    )
    items = [
        {
            "seq": each.seq,
            "at": call.engine.written(each.at),
            "actor": each.actor,
            "authenticated": each.authenticated,
            "action": each.action,
            "subject": each.subject,
            "details": json.loads(each.details),
            "hash": each.hash,
        }
        for each in found
    ]
    answer: dict[str, Any] = {"items": items}
    if len(found) == query["limit"]:
        answer["next"] = str(found[-1].seq)
    return answer


class VerifyQuery(Strict):
    """From where on."""

    head = text(200, "A head that was kept elsewhere: NUMBER:HASH.", load_default=None)


@routes.verb("GET", "/audit/verification", "audit:read", query=VerifyQuery, heavy=True)
def verify_trail(call: Call) -> Any:
    """Read the whole trail and say whether it is what was recorded."""
    return call.engine.audit.verify(head=call.query["head"]).as_dict()
