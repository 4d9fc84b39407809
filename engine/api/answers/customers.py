"""One customer."""

from engine.api.answers.explanations import Explanation
from engine.api.answers.parts import Given, anything, boolean, by_name, integer, many, moment, nested, string


class Alias(Given):
    """An id that stands for the customer."""

    source = string("api", "The system whose id it is.")
    id = string("C1")


class Orders(Given):
    """The orders of a customer, taken together."""

    count = integer(5)
    first_at = moment(null=True)
    last_at = moment(null=True)


class Profile(Given):
    """A customer. What names or describes a person is masked for those who may not see it."""

    customer = string("C1")
    name = string("Lin Mei", null=True)
    kind = string("person", "person or company.", null=True)
    gender = string("female", null=True)
    birth_date = string("1988-04-02", null=True)
    email = string("lin@example.org", null=True)
    phone = string("+86 21 5555 0100", null=True)
    country = string("CN", null=True)
    region = string("East", null=True)
    city = string("Shanghai", null=True)
    industry = string(None, null=True)
    education = string(None, null=True)
    income = anything(None, "A number, its mask, or null.")
    joined_at = moment(null=True)
    not_graded = string(None, "Why the customer is left out of grading.", null=True)
    voided = boolean(False)
    custom = by_name("loyalty_card", anything("K-77"), "Fields of the installation's own.")
    orders = nested(Orders)
    aliases = many(Alias)
    fact_seq = integer(12, "Up to which number of facts the profile was read.")
    assignments = by_name("abc.class", string("A", null=True), "Current values by output.")
    explanations = many(Explanation, "With `explain=true`: why, policy by policy.", maybe=True)
