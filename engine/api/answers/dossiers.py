"""What is known behind one customer, and who moved between two runs."""

from engine.api.answers.parts import Given, Texts, anything, boolean, by_name, integer, many, moment, money, nested, number, one_of, string


class Fact(Given):
    """One fact that a feature counts or leaves out."""

    kind = one_of(["order", "refund", "line", "customer"])
    id = string("O-1001")
    at = moment(null=True)
    amount = number(129.9, null=True)
    counted = boolean(True)
    reason = string(None, "Why it is left out.", null=True)
    reason_text = string("")
    value = anything(129.9, "What it adds, in the feature's units.")
    decides = boolean(False, "Whether the value is its moment.")
    line = integer(None, null=True)
    details = by_name("channel", string("web"), null=True)
    merged_from = string(None, "Whose it was before a join.", null=True)
    changed_since = boolean(False, "Whether it came or changed after the run.")


class Evidence(Given):
    """The facts behind one feature of one customer as of a run's moment."""

    customer = string("C1")
    feature = string("orders.count_365d")
    title = string("Orders, 365 days")
    value = anything(5, "Of today's facts.")
    text = string("5 orders")
    run = integer(2)
    as_of = moment()
    run_value = anything(5, "What the run read, where it is still kept.")
    counted = integer(5)
    left_out = by_name("too_old", integer(2), "By reason.")
    total = number(5.0, null=True)
    facts = many(Fact)
    next_offset = integer(None, "Where the next page begins.", null=True)
    parts = many(by_name("feature", anything("orders.amount")), "Of a ratio or difference, the evidence of both.", empty=True)
    notes = many(string("A fact was corrected since the run."))


class OrderLine(Given):
    """One order, taken together."""

    id = string("O-1001")
    at = moment()
    refund = boolean(False)
    amount = money(12_990)
    lines = integer(2)
    goods = many(string("Tea"), "What it held, the costliest first.")
    channel = string("web", null=True)
    store = string(None, null=True)
    seller = string(None, null=True)


class OrderLines(Given):
    """Orders, the newest first."""

    items = many(OrderLine)
    next = string("1767196800", "The `after` of the next page; absent on the last one.", maybe=True)


class Moved(Given):
    """One assignment of the customer moved."""

    run = integer(2)
    as_of = moment()
    address = string("abc.class")
    was = string("B", null=True)
    now = string("A", null=True)
    reason = string(None, "Why there is none now.", null=True)


class Span(Given):
    """A stretch of time with one value of an output."""

    address = string("abc.class")
    key = string("A", null=True)
    begins = moment()
    ends = moment()
    open = boolean(False, "Whether it began before anything is known of it.")


class MergedId(Given):
    """An id that was joined into the customer."""

    source = string("api")
    id = string("C2")


class BorneTag(Given):
    """A tag or group that the customer bears."""

    kind = string("tag")
    name = string("vip")
    title = string("VIP")


class Timeline(Given):
    """What happened to one customer."""

    customer = string("C1")
    count = integer(5, "Orders.")
    net_amount = money(74_500)
    first_at = moment(null=True)
    last_at = moment(null=True)
    since = moment("From when on values are told.")
    until = moment()
    moves = many(Moved, "The newest first.")
    spans = many(Span)
    merged = many(MergedId)
    tags = many(BorneTag)


class Cell(Given):
    """How many went from one label to another; null is no value."""

    was = string("B", null=True)
    now = string("A", null=True)
    customers = integer(3)


class Differs(Given):
    """A feature that is another than before."""

    title = nested(Texts)
    unit = string("")
    was = anything(5)
    now = anything(6)


class Mover(Given):
    """One customer that moved; "" is no value."""

    customer = string("C3")
    name = string("Lin Mei", "Masked for those who may not see it.", null=True)
    was = string("B")
    now = string("A")
    amount = money(79_000, "Its sales")
    reason = string(None, null=True)
    changed = many(Differs, "What is different about it, the most telling first.")


class Moves(Given):
    """A page of those who moved, the largest sales first."""

    address = string("abc.class")
    run = integer(2)
    since_run = integer(1)
    as_of = moment()
    since = moment()
    cells = many(Cell, "Within sight; those who stayed too.")
    came = integer(0, "Customers that were not there before.")
    total = integer(3)
    page = integer(0)
    size = integer(50)
    rows = many(Mover)


class Choice(Given):
    """What a filter can be set to."""

    value = string("A")
    customers = integer(12)
