"""Drafts, what was decided on them, and what became live."""

from engine.api.answers.parts import Given, anything, boolean, by_name, integer, many, moment, string
from engine.api.answers.parts import one_of as word

STATES = ("open", "submitted", "approved", "scheduled", "published", "discarded")


class DraftHead(Given):
    """A draft without its document."""

    id = integer(7)
    name = string("d7", "As the command line names it.")
    title = string("Wider bands")
    note = string("coarser")
    status = word(STATES)
    revision = integer(3, "The number of its newest state: the ETag for If-Match.")
    base = integer(1, "The version it started from.", null=True)
    authors = many(string("till"), "Everybody who saved a state of it.")
    created_by = string("till")
    created_at = moment()
    updated_by = string("till")
    updated_at = moment()
    submitted_hash = string("4d774be328dc01df", "What is submitted or approved.", null=True)
    version = integer(None, "The version that it became.", null=True)


class Draft(DraftHead):
    """A draft."""

    document = anything({"format": 1, "name": "Retail", "policies": []}, "The rulebook, also where it is wrong still.")


class State(Given):
    """A saved state of a draft."""

    revision = integer(3)
    actor = string("till")
    at = moment()
    note = string("coarser")


class Review(Given):
    """What somebody decided on a content."""

    id = integer(1)
    draft = integer(7)
    hash = string("4d774be328dc01df")
    verdict = word(["submitted", "approved", "rejected", "withdrawn", "voided"])
    actor = string("till")
    authenticated = boolean(True)
    at = moment()
    note = string("as agreed")
    report = by_name(
        "four_eyes", anything(True), "What was known then: findings, obstacles, simulation, whether a second person was needed."
    )


class History(Given):
    """Every saved state and every decision, the newest first."""

    states = many(State)
    back = integer(2, "The state that `back` would bring again.", null=True)
    forth = integer(None, "The state that `forth` would bring again.", null=True)
    reviews = many(Review)


class Publication(Given):
    """A version that became live."""

    id = integer(2)
    version = integer(2)
    hash = string("4d774be328dc01df")
    kind = word(["publish", "rollback"])
    actor = string("chen")
    published_at = moment()
    authors = many(string("till"), "Of the content; empty where no draft brought it.")
    approved_by = string("chen", null=True)
    self_approved = boolean(False)
    note = string("from Monday")
    draft = integer(7, null=True)
