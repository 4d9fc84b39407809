"""What a rulebook would change."""

from engine.api.answers.parts import Given, Texts, by_name, integer, many, moment, money, nested, number, one_of, string


class Migration(Given):
    """How customers move in one output. The rows of both tables are `before`, the columns `after`; "" is no value."""

    moved = integer(3)
    moved_amount = money(45000)
    up = integer(2)
    down = integer(1)
    gained = integer(0, "Who had no value.")
    withheld = integer(0, "Who has no value any more.")
    before = many(string("A"))
    after = many(string("A"))
    customers = many(many(integer(12)))
    amounts = many(many(money(980000)))


class Sizes(Given):
    """How many customers the draft gives each label, and any value at all."""

    customers = by_name("A", integer(12))
    valued = integer(24)


class Move(Given):
    """A single customer that moves."""

    customer = string("C3")
    amount = money(79000, "Its sales")
    moves = many(many(string("abc.class")), "Output, what it was, what it would be.")


class Mismatch(Given):
    """An output of an example customer that is not as expected."""

    output = string("abc.class")
    expected = string("A", null=True)
    found = string("B", null=True)
    why = nested(Texts)


class ExampleResult(Given):
    """What became of an example customer of the rulebook."""

    at = integer(0)
    name = nested(Texts)
    verdict = one_of(["holds", "breaks", "undecided"])
    mismatches = many(Mismatch, empty=True)


class PointsMoved(Given):
    """Points of a year of sales over every customer, live and in the draft; cost in business currency."""

    live = integer(12_000, "Null where the live rulebook has no such policy.", null=True)
    draft = integer(15_000, null=True)
    live_cost = number(120.0, null=True)
    draft_cost = number(150.0, null=True)
    more = integer(40, "Customers who would earn more.")
    fewer = integer(0)


class RightMoved(Given):
    """A right of members, and how many gain and lose it."""

    right = nested(Texts)
    gained = integer(12)
    lost = integer(3)


class LevelMoved(Given):
    """A service level, and how many customers have it."""

    key = string("gold")
    title = nested(Texts)
    live = integer(40)
    draft = integer(52)


class ServiceSide(Given):
    """One side of a comparison of service."""

    managed = integer(12, "Customers with a dedicated manager.")
    hours = number(480.0, "Working hours promised in a year.")


class ServiceMoved(Given):
    """What the draft does to service levels."""

    live = nested(ServiceSide)
    draft = nested(ServiceSide)
    more_managed = integer(4)
    more_hours = number(160.0)
    levels = many(LevelMoved)
    words = many(Texts, "As sentences.", empty=True)


class Simulation(Given):
    """What a rulebook would change over every customer, against the live one."""

    as_of = moment()
    base_run = integer(2, null=True)
    rulebook = string("76ef59272109534d", "The hash of the live rulebook.")
    draft = string("4d774be328dc01df", "The hash of the simulated one.")
    customers = integer(24)
    moved = integer(3)
    amount = money(1914000, "Sales of all")
    moved_amount = money(45000, "Sales of those who move")
    outputs = by_name("abc.class", Migration)
    scores = by_name("grade.score", integer(5), "How many have another value of an output that has no labels.")
    new = many(string("tier.level"), "Outputs that only the draft has.")
    removed = many(string("abc.to_next"), "Outputs that only the live rulebook has.")
    faults = by_name("abc", string("division by zero"), "Why a policy of the draft fails.", empty=True)
    live_faults = by_name("abc", string("division by zero"), empty=True)
    hits = by_name("rfm", many(many(integer(11))), "By policy: rule, customers it decides live, and in the draft.")
    withheld = by_name("abc", by_name("no order", many(integer(4))), "By policy and reason: customers live, and in the draft.")
    movers = many(Move)
    sizes = by_name("abc.class", Sizes)
    points = by_name("points", PointsMoved, "By policy that earns points: what a year of sales would earn.", empty=True)
    rights = by_name("membership", many(RightMoved), "By policy with members: rights gained and lost.", empty=True)
    examples = many(ExampleResult)
    service = nested(ServiceMoved, "Null where no policy gives service levels.", null=True)
    recomputed = many(string("abc"), "Policies that were computed anew.")
    seconds = by_name("draft", number(0.01), "What took how long.")
