"""Values fixed by hand."""

from engine.api.answers.parts import Given, boolean, integer, moment, one_of, string

STATES = ("requested", "approved", "rejected", "withdrawn")


class FixedValue(Given):
    """A value fixed by hand; it holds for runs as of `starts_at` until before `ends_at`."""

    id = integer(3)
    customer_id = integer(1, "The internal number.")
    customer = string("C1")
    address = string("abc.class")
    value = string("A")
    reason = string("contract", "Masked for those who may not see it.")
    author = string("till")
    requested_at = moment()
    approver = string("chen", "Who decided.", null=True)
    decided_at = moment(null=True)
    starts_at = moment()
    ends_at = moment()
    ended_by = string(None, "Who ended it early.", null=True)
    status = one_of(STATES)
    self_approved = boolean(False)
