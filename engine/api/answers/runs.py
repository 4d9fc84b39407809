"""Runs."""

from engine.api.answers.parts import Given, by_name, integer, many, moment, nested, number, one_of, string


class RulesOfRun(Given):
    """The rules that a run applied."""

    number = integer(1)
    hash = string("76ef59272109534d")
    name = string("Retail")


class Run(Given):
    """A run: what it rests on, what it gave, what it could not give."""

    run = integer(2)
    status = one_of(["visible", "historical", "held"])
    rulebook = nested(RulesOfRun)
    as_of = moment()
    finished_at = moment()
    batch = integer(12, "The last import known.", null=True)
    customers = integer(24)
    graded = by_name("abc", integer(24), "Customers with an outcome, by policy.")
    digest = string("491e889f45de6d85", "The same facts and rules give the same digest.")
    base_run = integer(1, "The run that it is compared with.", null=True)
    fingerprint = string("123109400102276227")
    fact_seq = integer(12, "Up to which number of facts it read.")
    seconds = by_name("compute", number(0.4), "What took how long.")
    outputs = by_name("abc.class", by_name("A", integer(5)), "Customers by label.")
    withheld = by_name("abc", by_name("no order within 365 days", integer(3)), "Customers without an outcome, by policy and reason.")
    faults = by_name("abc", string("division by zero"), "Why a policy failed.", empty=True)
    changes = integer(7, "Values that changed since the base run.", null=True)
    moved = integer(5, "Customers whose values changed.", null=True)
    held = many(string("6 of 24 customers move, 25 %; at most 20 % may"), "Why it waits to be released.")
    warnings = many(string("market graded nobody"))
