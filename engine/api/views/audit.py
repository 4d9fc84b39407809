"""Who did what: the log of exports, and the audit trail."""

from __future__ import annotations

from typing import Any

from engine.api.answers.audit import Entry as EntryGiven
from engine.api.answers.audit import Export, Verification
from engine.api.answers.parts import page
from engine.api.fields import Page, after_number, text
from engine.api.kit import Call, Routes, Strict
from engine.api.pages import page_of
from engine.audit_chain import Entry

routes = Routes("audit", "Who did what, and who took what out.")


@routes.verb("GET", "/audit/exports", "audit:read", query=Page, gives=page(Export))
def list_exports(call: Call) -> Any:
    """What was taken out of the store, the newest first."""
    before = after_number(call.query["after"]) or None
    found = call.engine.people.exports(call.query["limit"], before=before)
    return page_of(found, call, lambda row: row["id"], lambda row: call.dated(row, "at"))


class EntriesQuery(Page):
    """Which entries."""

    subject = text(200, "To what it was done, such as draft:7.", load_default=None)
    actor = text(200, "Who did it.", load_default=None)
    action = text(100, "What was done, such as rulebook.publish, or a whole area: rulebook.", load_default=None)


@routes.verb("GET", "/audit/entries", "audit:read", query=EntriesQuery, gives=page(EntryGiven))
def list_entries(call: Call) -> Any:
    """The audit trail, the newest entry first."""
    query = call.query
    found = call.engine.audit.entries(
        query["subject"], query["actor"], query["action"], after_number(query["after"]) or None, query["limit"]
    )
    return page_of(found, call, lambda each: each.seq, lambda each: _entry(each, call))


def _entry(found: Entry, call: Call) -> dict[str, Any]:
    plain = call.dated(found.as_dict(), "at")
    del plain["previous"]
    return plain


class VerifyQuery(Strict):
    """From where on."""

    head = text(200, "A head that was kept elsewhere: NUMBER:HASH.", load_default=None)


@routes.verb("GET", "/audit/verification", "audit:read", query=VerifyQuery, heavy=True, gives=Verification)
def verify_trail(call: Call) -> Any:
    """Read the whole trail and say whether it is what was recorded."""
    return call.engine.audit.verify(head=call.query["head"]).as_dict()
