"""Tasks."""

from engine.api.answers.parts import Given, day, integer, moment, one_of, string

STATES = ("open", "done", "skipped")


class Task(Given):
    """What somebody is to do by a day."""

    id = integer(8)
    customer = string("C1", "Its own id; null for a task about nobody.", null=True)
    kind = string("manual")
    title = string("Call about the renewal")
    text = string("Ask for the new address too.")
    channel = string("phone")
    owner = string("chen", "Empty for nobody yet.")
    due = day()
    status = one_of(STATES)
    outcome = string("", "What came of it, or why it was skipped.")
    once = string(None, "The occasion for which it was made.", null=True)
    created_by = string("chen")
    created_at = moment()
    closed_by = string(None, null=True)
    closed_at = moment(null=True)
    revision = integer(1)
