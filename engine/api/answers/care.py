"""Care plans, what is due, and what it changed."""

from engine.api.answers.parts import Given, Texts, boolean, day, integer, many, moment, nested, number, one_of, string
from engine.care.consent import CONSENTS
from engine.care.plans import DELIVERIES, TRIGGERS


class CareWho(Given):
    """Of which labels."""

    output = string("abc.class")
    labels = many(string("A"))


class CareSubject(Given):
    """A text in both languages; empty for a plan that needs none."""

    en = string("For ${name}", maybe=True)
    zh = string("致 ${name}", maybe=True)


class CarePlan(Given):
    """A care plan with every default written out."""

    title = nested(Texts)
    trigger = one_of(TRIGGERS)
    text = nested(Texts)
    subject = nested(CareSubject)
    day = string("", "Month and day of a festival.")
    lunar = string("", "The same by the Chinese calendar.")
    days = integer(0, "Of silence.")
    contact = many(string("orders"), "What counts as contact.")
    output = string("", "Whose label changes.")
    to = many(string("A"), "Only changes to these labels; empty is any.")
    months = integer(3, "How often data are verified.")
    who = nested(CareWho, "Whom it cares for; null for everybody.", null=True)
    days_before = integer(0)
    late_days = integer(2)
    due_days = integer(0)
    channel = string("", "Empty for the one a customer prefers.")
    delivery = one_of(DELIVERIES)
    gateway = string("", "By which a message goes; empty for the one of the customer's channel.")
    consent = one_of(CONSENTS)
    control_share = number(0.1)
    cap_days = integer(0)
    cap_most = integer(1)


class KeptPlan(Given):
    """A plan as it stands, and what it did so far."""

    key = string("birthday")
    document = nested(CarePlan)
    enabled = boolean(True)
    revision = integer(1)
    updated_by = string("chen")
    updated_at = moment()
    care = integer(120, "Occasions that were cared for.")
    control = integer(12, "Occasions left out to compare with.")
    last = day("The day it last did something.", null=True)


class PlanReport(Given):
    """What a plan does on a day."""

    plan = string("birthday")
    due = integer(4)
    made = integer(2)
    control = integer(0, "Left out to compare with.")
    already = integer(1, "Dealt with before.")
    refused = integer(1, "Without consent.")
    capped = integer(0)
    no_address = integer(0)
    examples = many(string("C1"), "Some of the customers, within reach; in previews alone.")


class CareReport(Given):
    """What a day's care does."""

    day = day()
    dry_run = boolean(False)
    made = integer(2)
    plans = many(PlanReport)


class CareDifference(Given):
    """Means of both groups, and their difference with its interval of 95 %: null with fewer than 30 in a group."""

    care = number(1.2)
    control = number(1.0)
    difference = number(0.2)
    low = number(0.1, null=True)
    high = number(0.3, null=True)
    n_care = integer(900)
    n_control = integer(100)


class CareEffect(Given):
    """What a plan changed per occasion; revenue in minor units."""

    plan = string("birthday")
    days = integer(30)
    orders = nested(CareDifference)
    revenue = nested(CareDifference)


class RemovedPlan(Given):
    """What is gone."""

    removed = string("birthday")
