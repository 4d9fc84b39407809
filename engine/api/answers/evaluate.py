"""What customers would be."""

from engine.api.answers.explanations import Explanation
from engine.api.answers.parts import Given, anything, by_name, integer, many, moment, string


class Item(Given):
    """One customer."""

    customer = string("C1", "Absent where features were given.", maybe=True)
    values = by_name("abc.class", anything("A"), "By output.")
    withheld = by_name("age_group", string("no segment fits"), "Why a policy gives none.")
    faults = by_name("grade", string("division by zero"), "Why a policy failed; absent where none did.", maybe=True)
    explanation = many(Explanation, "With `explain`.", maybe=True)


class Evaluated(Given):
    """What the customers would be, and what that rests on."""

    rulebook = integer(1, "The version whose rules were used.")
    run = integer(2, "The run whose thresholds were used.")
    as_of = moment()
    batch = integer(12, "The last import known.", null=True)
    items = many(Item)
