"""Tickets, what was said about them, and how promises are kept."""

from engine.api.answers.parts import (
    Given,
    anything,
    boolean,
    by_name,
    integer,
    many,
    moment,
    money,
    number,
    one_of,
    string,
)
from engine.attainment import AXES
from engine.desk.states import STATES
from engine.levels import PRIORITIES


class TicketClock(Given):
    """A promise in working seconds."""

    clock = one_of(["answer", "resolution"])
    seconds = integer(14_400)
    due_at = moment("Null while the clock stands.", null=True)
    stopped_at = moment(null=True)
    left = integer(3_600, "Working seconds that are left, where asked for; negative once it is broken.", null=True)


class Ticket(Given):
    """A request of a customer."""

    id = integer(5)
    customer = string("C1")
    name = string("Lin Mei", "Of the customer; masked for those who may not see it.", null=True)
    reference = string("T-77", "Its number in another system.", null=True)
    kind = string("complaint")
    category = string("delivery")
    cause = string("carrier")
    priority = one_of(list(PRIORITIES))
    channel = string("phone")
    language = one_of(["en", "zh"])
    subject = string("The parcel is late")
    state = one_of(list(STATES))
    reason = string("", "Of the state.")
    owner = string("lin", "Empty for nobody yet.")
    level = string("gold", "The service level by which it was promised; empty for none.")
    grade = string("A")
    compensation = money(500)
    opened_at = moment()
    opened_by = string("chen")
    changed_at = moment()
    answered_at = moment(null=True)
    resolved_at = moment(null=True)
    closed_at = moment(null=True)
    revision = integer(1)
    clocks = many(TicketClock)


class Event(Given):
    """Something that was said or happened."""

    id = integer(9)
    at = moment()
    actor = string("chen")
    kind = string("message_out")
    text = string("It arrives tomorrow.")
    details = by_name("state", anything("in_progress"))


class Suggestion(Given):
    """A prepared answer that fits, with its text in the ticket's language."""

    name = string("sorry")
    text = string("We are sorry.")


class Escalation(Given):
    """A step that was taken."""

    ticket = integer(5)
    clock = one_of(["answer", "resolution"])
    step = string("lead")
    breach = boolean(False, "Whether the promise is broken.")
    due_at = moment("When the step was due.")
    told = many(string("lin"), "Who has a task now.")


class AttainmentRow(Given):
    """Promises of one value: how many were kept, how many broken, how many are close to it."""

    key = string("gold")
    clock = one_of(["answer", "resolution"])
    total = integer(40)
    met = integer(38)
    breached = integer(2)
    near = integer(1)
    share = number(0.95, null=True)


class Attainment(Given):
    """How well promises were kept."""

    since = moment()
    until = moment()
    by = one_of(list(AXES))
    items = many(AttainmentRow)
