"""Levels of members."""

from engine.api.answers.parts import Given, Texts, day, integer, many, moment, nested, number, string
from engine.api.answers.points import Standing


class Level(Given):
    """One level with its range and what it gives."""

    key = string("gold")
    title = nested(Texts)
    start = number(5000, "Where it begins: currency, orders or points.")
    below = number(None, "Where it ends; null for the highest.", null=True)
    rights = many(Texts)
    points_multiplier = number(1.5)
    birthday_multiplier = number(2)


class Expiring(Given):
    """Points that are gone after a day."""

    last_day = day("The last business day with them.")
    points = integer(80, "Pending ones too.")


class CardPoints(Standing):
    """Points, and what of them is lost when."""

    expiring = many(Expiring, "The next days first.")


class Card(Given):
    """Where one member stands. Levels other than its own are named by key; amounts are currency, orders or points."""

    customer = string("C1")
    policy = string("membership")
    as_of = moment()
    level = nested(Level, null=True)
    why = string("", "Why there is none.")
    qualifying = number(4680, "What counts in the running period.", null=True)
    next = string("gold", null=True)
    to_next = number(320, "What is missing to it.", null=True)
    since = day("Of the last upgrade.", null=True)
    falls_on = day("When the level is lost if nothing more happens.", null=True)
    falls_to = string("basic", null=True)
    keep_by = day("The last day on which that can be turned.", null=True)
    to_keep = number(1000, "What turns it.", null=True)
    never_below = string(None, null=True)
    multiplier = number(1.2, "Of points, today.", null=True)
    loses = many(Texts, "Rights that go with the fall.")
    points = nested(CardPoints)
    receipt = nested(Texts, "One line for a receipt.")


class Counted(Level):
    """A level with its members in the newest visible run, and in the run before."""

    members = integer(412)
    before = integer(400, null=True)


class Losses(Given):
    """How many lose a level in a month if nothing more happens."""

    month = string("2027-01")
    level = string("gold")
    to = string("silver")
    members = integer(12)


class Losing(Given):
    """A member who loses a level if nothing more happens."""

    customer = string("C1")
    level = string("gold")
    to = string("silver")
    falls_on = day()
    keep_by = day()
    to_keep = number(1000)


class Standings(Given):
    """Levels with their members, the highest first."""

    policy = string("membership")
    title = nested(Texts)
    run = integer(7)
    levels = many(Counted)
    rose = integer(12, "Since the run before; null without one.", null=True)
    fell = integer(3, null=True)
    losses = many(Losses)
    losing = many(Losing)
