"""Account managers, their customers, and the pool."""

from engine.api.answers.parts import Given, anything, boolean, by_name, integer, many, moment, string


class Manager(Given):
    """A manager."""

    id = integer(1)
    name = string("Sun", "The word by which facts name the person.")
    title = string("Sun Li")
    user = string("sun", null=True)
    capacity = integer(50)
    regions = many(string("East"), "Empty is any.")
    languages = many(string("zh"), "Empty is any.")
    grades = many(string("A"), "Empty is any.")
    customers = integer(12)
    room = integer(38)
    left_at = moment(null=True)
    revision = integer(1)


class Managers(Given):
    """All managers."""

    items = many(Manager)
    pool = integer(3, "Customers whom nobody looks after.")


class HandOver(Given):
    """What left a manager's desk."""

    manager = string("Sun")
    to = string(None, "Null for the pool.", null=True)
    customers = integer(12)
    tasks = integer(3)
    drafts = integer(0)
    requests = integer(0)


class Owned(Given):
    """Whose a customer is, and why."""

    customer = string("C1")
    owner = string("Sun", "Null for nobody.", null=True)
    former = string(None, null=True)
    since = moment("Null where only the facts say it.", null=True)
    why = string("region", null=True)
    facts = by_name("region", anything("East"), "What was known then.")
    note = string("")
    by = string("chen")
    words = string("Sun, since the region fits and there is room.")


class WhyNot(Given):
    """What speaks for or against a manager."""

    manager = string("Wu")
    why = string("does not take the region East")


class Explained(Owned):
    """Whose a customer is, and what speaks for and against every manager."""

    managers = many(WhyNot)


class ManagerPolicy(Given):
    """Who gets a manager, and how."""

    output = string("abc.class")
    grades = many(string("A"), "Who gets one, the first first.")
    region = string("region", "A feature; empty for none.")
    language = string("language", "A feature; empty for none.")
    rank = string("orders.amount", "A feature: who comes first within a grade.")
    sticky = boolean(True, "Whether a manager who fits stays.")
    history = boolean(True, "Whether one who sold to the customer before comes first.")
    neglect_days = integer(90, "Days without contact until a customer returns to the pool; 0 for never.")
    contact = many(string("orders"), "What counts as contact.")
    claims_per_day = integer(20)
    claim_again_days = integer(30)


class Capacity(Given):
    """Whether there are places for so many customers."""

    managers = integer(3, "Those with room.")
    room = integer(40)
    wanted = integer(50)
    short = integer(10, "How many would have none.")
    words = string("3 managers have room for 40; 50 are wanted")


class Count(Given):
    """How many customers."""

    customers = integer(2)


class Returned(Given):
    """Who returned to the pool."""

    customers = many(string("C1"))


class Example(Given):
    """A customer whose manager changes."""

    customer = string("C1")
    was = string(None, null=True)
    now = string("Sun", null=True)
    why = string("the region fits and there is room")


class Load(Given):
    """What a manager has before and after."""

    manager = string("Sun")
    before = integer(10)
    after = integer(12)
    capacity = integer(50)


class Assigned(Given):
    """How many customers, by what happens to them."""

    customers = integer(15, "Who is to have a manager.")
    kept = integer(10)
    moved = integer(1)
    given = integer(2)
    no_fit = integer(1, "Whom no manager fits.")
    no_room = integer(1, "For whom there is no room.")
    released = integer(0, "Who is to have none any more.")
    managers = many(Load)
    examples = many(Example)
    words = string("of 15 customers who are to have a manager, 10 stay")
