"""What only an engine that holds every customer can answer."""

from engine.api.answers.parts import Given, boolean, by_name, integer, many, moment, money, nested, number, string
from engine.api.answers.simulations import Simulation


class OutputDivision(Given):
    """Why the labels of one output grew and shrank: a line per cause, adding up to the customer."""

    keys = many(string("A"), 'Labels, best first; "" is no value.')
    before = many(integer(12))
    after = many(integer(9))
    parts = by_name("time", many(integer(-3)), "By cause, the change of each label.")
    flows = by_name("time", many(many(integer(3))), "By cause, from which label (line) to which (column).")


class Walker(Given):
    """A customer whose labels differ."""

    customer = string("C3")
    amount = money(79_000, "Its sales")
    walks = by_name("abc.class", many(many(string("time"))), "By output, each stretch: cause, was, now.")


class Division(Given):
    """The change between two runs, divided into its causes."""

    first = integer(1)
    second = integer(2)
    first_as_of = moment()
    second_as_of = moment()
    customers = integer(24)
    undivided = integer(0, "Customers whose facts changed after the second run.")
    outputs = by_name("abc.class", OutputDivision)
    undivided_outputs = by_name("rfm.segment", string("another policy type stood there"), "Why an output cannot be divided.")
    walkers = many(Walker, "Those within sight, the largest sales first.")


class Trait(Given):
    """One way in which the members differ."""

    feature = string("orders.count_365d")
    value = string(None, "Of a text or flag, the value it is about.", null=True)
    effect = number(0.62, "Cliff's delta, from -1 to 1.")
    low = number(0.4, "Of its 95 % interval.")
    high = number(0.8)
    members_n = integer(12)
    others_n = integer(30)
    members = many(number(7.0), "Of numbers the quartiles, of a value its share.")
    others = many(number(2.0))
    missing = many(number(0.0), "Shares without a value: members, others.")
    standardised = many(number(1.1), "Of numbers: Cohen's d with its interval.", null=True)
    lift = number(None, "Of a value: its share among members over that among all.", null=True)


class Portrait(Given):
    """Where the customers with a label differ from all others, the strongest difference first."""

    members = integer(12)
    others = integer(30)
    traits = many(Trait)
    unclear = many(string("profile.age"), "Features whose interval includes no difference.")


class Fall(Given):
    """A customer that loses its label."""

    customer = string("C3")
    label = string("A")
    becomes = string("B")
    day = integer(14, "From `as_of` on.")
    amount = money(79_000, "Its sales")


class Radar(Given):
    """Who loses which label when, while everyone stays silent."""

    address = string("lifecycle.stage")
    as_of = moment()
    days = integer(91)
    every = integer(1)
    keys = many(string("active"), 'Labels, best first; "" is no value.')
    now = many(integer(12), "Customers per key.")
    losses = many(many(integer(3)), "A line per key, a column per week: who loses that label for the first time in it.")
    amounts = many(many(money(45_000)))
    counts = many(many(integer(12)), "A line per look, customers per key; the first line is now.")
    lost = integer(8)
    amount = money(310_000, "Sales of those who lose their label")
    falls = many(Fall, "Those within sight, the largest sales first.")


class Candidates(Given):
    """One output under several rulebooks."""

    keys = many(string("A"))
    customers = by_name("live", many(integer(12)), "Per candidate, customers by key.")
    amounts = by_name("live", many(money(980_000)))
    differ = many(many(integer(3)), "Customers whom two candidates give another label.")


class SideBySide(Given):
    """Several rulebooks over all customers at one moment. The first is the live one."""

    as_of = moment()
    names = many(string("live"))
    customers = integer(24)
    amount = money(1_914_000)
    outputs = by_name("abc.class", Candidates)
    differ = many(many(integer(3)), "Customers whom two candidates give another label in any output that both have.")
    differ_amount = many(many(money(45_000)))
    hits = by_name("rfm", by_name("live", by_name("11", integer(4))), "By policy and candidate, customers per rule.")
    faults = by_name("wider", by_name("abc", string("division by zero")), "By candidate, why a policy fails.")


class WantedCut(Given):
    """The number at a place with which a label has a wanted count."""

    place = string("abc.cuts[0]")
    was = number(0.8)
    was_count = integer(5)
    address = string("abc.class")
    label = string("A")
    wanted = integer(8)
    value = number(0.86, "Null where not even the smallest count keeps within it.", null=True)
    count = integer(8, null=True)
    below = many(number(0.85), "A value beside it, and its count.", null=True)
    above = many(number(0.88), "A value beside it, and its count.", null=True)
    method = string("bisection")
    tried = integer(12)
    exact = boolean(True)
    simulation = nested(Simulation, "What else moves.", null=True)
