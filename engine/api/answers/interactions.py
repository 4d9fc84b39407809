"""Interactions with customers."""

from engine.api.answers.parts import Given, integer, moment, one_of, string


class Interaction(Given):
    """Something that was said between us and a customer."""

    id = integer(7)
    customer = string("C1")
    at = moment()
    channel = string("phone", "Empty where it is not known.")
    direction = one_of(("out", "in"), "out: from us to the customer.")
    by = string("chen", "Who of us; empty where it is not known.")
    note = string("asked about the new model")
    origin = one_of(("hand", "task", "ticket", "import"))
    created_by = string("chen")
    created_at = moment()


class InteractionsTaken(Given):
    """How many rows there were, how many are new, how many were known."""

    rows = integer(3)
    added = integer(2)
    known = integer(1)


class InteractionVoided(Given):
    """What counts no more."""

    voided = integer(7)
