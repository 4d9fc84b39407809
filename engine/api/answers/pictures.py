"""Pictures of runs as small tables, trends, flows, and who stands behind a mark."""

from engine.api.answers.parts import Given, Texts, anything, by_name, integer, many, moment, money, nested, one_of, string


class RoleOfColumn(Given):
    """What stands in a column."""

    title = nested(Texts)
    unit = string("")
    address = string("rfm.segment", "The output or feature whose values these are; empty for none.")


class Picture(Given):
    """One picture as a table, in the form that the policy declares."""

    policy = string("rfm")
    kind = string("heat map")
    name = string("recency_frequency")
    title = nested(Texts)
    columns = by_name("label", many(anything("champions")), "By role; all have the same length, and rows belong together.")
    roles = by_name("label", RoleOfColumn)
    labels = by_name("champions", Texts, "The labels that stand in columns, by key.")
    fault = nested(Texts, "Why there is nothing to draw.", null=True)


class RunPictures(Given):
    """Every picture of one run."""

    run = integer(2)
    as_of = moment()
    pictures = many(Picture)


class RunPicture(Picture):
    """One picture of one run."""

    run = integer(2)
    as_of = moment()


class Point(Given):
    """One run of a trend."""

    run = integer(2)
    as_of = moment()
    counts = by_name("A", many(integer(12)), 'By label: customers, and their sales in minor units; "" is no value.')


class Trend(Given):
    """Customers of every label, run by run, the oldest first."""

    address = string("abc.class")
    labels = many(string("A"), "In their order.")
    points = many(Point)


class Stream(Given):
    """Customers that went from one label to another; "" is no value."""

    was = string("B")
    now = string("A")
    customers = integer(3)
    amount = money(45_000, "Their sales up to the later run")
    way = one_of(["up", "down", "stay", "other"])


class Flow(Given):
    """What became of the customers of one run in another."""

    address = string("abc.class")
    first = integer(1)
    second = integer(2)
    first_as_of = moment()
    second_as_of = moment()
    came = integer(4, "Who was not in the first.")
    left = integer(0, "Who is not in the second.")
    streams = many(Stream)


class ConditionInWords(Given):
    """A condition as people read it."""

    title = nested(Texts)
    op = one_of(["=", ">=", ">", "<=", "<", "was"])
    value = nested(Texts)
    unit = string("")


class Behind(Given):
    """A customer behind a mark."""

    customer = string("C1")
    name = string("Lin Mei", "Masked for those who may not see it.", null=True)
    amount = money(79_000, "Sales up to the run")


class BehindMark(Given):
    """The customers of a run for whom every condition holds, the largest sales first."""

    run = integer(2)
    customers = integer(12, "How many in all.")
    amount = money(980_000, "Sales of all")
    where = many(ConditionInWords)
    items = many(Behind)
    next = string("50", "The `after` of the next page; absent on the last one.", maybe=True)
