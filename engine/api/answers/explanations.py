"""Why a customer has an outcome."""

from engine.api.answers.parts import Given, anything, boolean, by_name, integer, many, moment, nested, number, one_of, string


class FeatureChange(Given):
    """One feature at another value."""

    feature = string("orders.count_365d")
    title = string("Orders, 365 days")
    was = anything(5)
    now = anything(6)
    was_text = string("5 orders")
    now_text = string("6 orders")


class WhatIf(Given):
    """The smallest change that gives another outcome, all else equal."""

    changes = many(FeatureChange)
    output = string("rfm.segment")
    outcome = string("loyal")
    outcome_title = string("Loyal")
    distance = number(0.12, "Each change as a share of how widely its feature spreads over the customers, added up.")
    sentence = string("With 6 orders in 365 days (now 5) it would be Loyal.")


class Reached(Given):
    """What a named outcome takes."""

    output = string("abc.class")
    outcome = string("A")
    outcome_title = string("Class A")
    status = one_of(["is", "change", "forbidden", "never"])
    change = nested(WhatIf, null=True)
    sentence = string("It is Class A.")


class FixedNote(Given):
    """The fixed value that is in force."""

    number = integer(3)
    author = string("till")
    approver = string("chen")
    self_approved = boolean(False)
    reason = string("contract")
    starts = moment()
    ends = moment()
    otherwise = anything("B", "What would be without it.")
    otherwise_text = string("Class B")


class EffectiveNote(Given):
    """What lies behind a value in force that is damped, or fixed by hand."""

    computed = anything("B", "By the policy.")
    computed_text = string("Class B")
    since = moment("From when it has stood without a break.", null=True)
    waits = boolean(False)
    takes_effect = moment("The first moment at which a run may let it take effect, where it waits.", null=True)
    fixed = nested(FixedNote, null=True)
    sentences = many(string("Fixed by hand until 2030-01-01."))


class OutputValue(Given):
    """The value of one output, in words."""

    address = string("abc.class")
    title = string("Class")
    kind = string("label")
    value = anything("A")
    text = string("Class A")
    since = moment("Since when it is so; null where no history is kept.", null=True)
    computed = anything(None, "What the rules gave, where the value in force is another.")
    effective = nested(EffectiveNote, "Of a damped output, or of one fixed by hand.", null=True)


class InputValue(Given):
    """One input as it was read."""

    name = string("orders.count_365d")
    title = string("Orders, 365 days")
    value = anything(5)
    text = string("5 orders")
    bounds = many(number(5.0), "Where the outcome may change.")


class Explanation(Given):
    """Why one customer has the outcome of one policy in one run."""

    policy = string("abc")
    type = string("abc")
    title = string("ABC classes")
    run = integer(2)
    rulebook = integer(1)
    as_of = moment()
    source = one_of(["run", "today"], "Whether the inputs are as the run read them, or as they are today.")
    outputs = many(OutputValue)
    withheld = string(None, "Why there is no outcome.", null=True)
    inputs = many(InputValue)
    reasons = many(string("Sales of 745.00 CNY in 365 days: up to 763.00 CNY."), "In words.")
    rule = integer(11, "The rule that decided, counted from 1.", null=True)
    nearest = many(WhatIf)
    population = by_name("verdict", anything(True), "Whom the policy is for, as a tree of verdicts; null: for everybody.", null=True)
    verdicts = many(by_name("rule", anything(11)), "Every rule that was looked at, with its verdict.")
    thresholds = by_name("cuts", anything([763.0]), "What the policy learnt from all customers.", null=True)
    notes = many(string("A fact was corrected since the run."), "What a reader has to know.")
    reach = nested(Reached, "What the outcome that was asked for takes.", null=True)
    status = string("visible", "Of the run.")
    customer = string("C1")
