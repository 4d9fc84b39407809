"""The audit trail, its verification, and the log of exports."""

from engine.api.answers.parts import Given, Texts, anything, boolean, by_name, integer, many, moment, nested, one_of, string
from engine.audit_breaches import WORDS


class Export(Given):
    """Something that was taken out of the store."""

    id = integer(1)
    at = moment()
    actor = string("chen")
    what = string("assignments", "What was taken out.")
    format = string("csv")
    rows = integer(168)
    personal = boolean(False, "Whether personal data was in it unmasked.")
    filters = by_name("format", anything("csv"), "How it was narrowed down.")


class Entry(Given):
    """An entry of the audit trail."""

    seq = integer(21, "Counted from 1, without gaps.")
    at = moment()
    actor = string("chen")
    authenticated = boolean(True, "Whether the actor had to prove who it is.")
    action = string("rulebook.publish")
    subject = string("rulebook:2", "To what it was done.")
    details = by_name("version", anything(2), "What belongs to the action.")
    hash = string("059e04e02302c296d0", "Chains the entry to all before it.")


class Breach(Given):
    """Entries that are not what was recorded."""

    kind = one_of(list(WORDS))
    seq = integer(4, "The first entry it is about.")
    until = integer(6, "The last one.")
    text = nested(Texts)


class Verification(Given):
    """Whether the trail is what was recorded."""

    whole = boolean(True)
    entries = integer(21)
    head = string("21:98f660a9bd1e6c4", "Where the trail ends. Kept elsewhere, it proves later that nothing was cut off.")
    sealed = boolean(False, "Whether entries are sealed with a key of the installation.")
    breaches = many(Breach, empty=True)
