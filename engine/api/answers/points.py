"""The points of members."""

from engine.api.answers.parts import Given, boolean, integer, many, moment, money, number, string


class Standing(Given):
    """What there is: to spend, not yet to spend, and owed because what earned it was returned."""

    spendable = integer(120)
    pending = integer(40, "Until the return period ends.")
    owed = integer(0)


class Act(Standing):
    """What was done, and what the member had afterwards."""

    number = integer(7)
    kind = string("earn")


class Lot(Given):
    """Points that were earned at once."""

    number = integer(1)
    spendable = integer(120)
    pending = integer(0)
    matures_at = moment()
    expires_at = moment(null=True)


class Balance(Standing):
    """What a member has."""

    customer = string("C1")
    lots = many(Lot)


class PastAct(Act):
    """An act with what it changed."""

    at = moment()
    posted_at = moment("When it was written down.")
    points = integer(120, "Of pending and spendable ones together.")
    expired = integer(0, "Of these, lost.")
    about = integer(None, "The number of the act that it is about.", null=True)
    note = string(None, null=True)
    taken_back_by = integer(None, "The act that cancelled it or took it back.", null=True)
    undoable = boolean(False, "Whether it is a correction or an event that can be taken back.")
    actor = string("chen")


class PastActs(Given):
    """Acts, the newest first."""

    items = many(PastAct)


class Month(Given):
    """What expires in a month."""

    month = string("2026-12", "Null: never.", null=True)
    points = integer(900)


class Liability(Standing):
    """What the business owes in points."""

    members = integer(24)
    cost = money(12_000, "Null without a points policy;", null=True)
    redeemed = integer(300)
    expired = integer(10)
    redeemed_share = number(0.4, null=True)
    months = many(Month)


class Day(Given):
    """What posting brought."""

    sales = integer(120)
    changed = integer(2)
    points = integer(5_400)
    matured = integer(800)
    expired = integer(0)


class Closed(Given):
    """Whether the account is closed."""

    closed = boolean(True)
