"""Offers on baskets."""

from engine.api.answers.parts import Given, boolean, integer, many, moment, money, string
from engine.api.answers.rewards import Hurdle


class Verdict(Given):
    """An offer for a basket."""

    offer = string("come_back")
    en = string("Come back")
    zh = string("欢迎回来")
    applies = boolean(True)
    saves = money(1200)
    points = integer(0, "Given besides.")
    hurdles = many(Hurdle)


class Verdicts(Given):
    """Every offer, the larger priority first."""

    items = many(Verdict)
    saves = money(1200, "All together,")


class Use(Given):
    """An offer that was used."""

    offer = string("come_back")
    saved = money(1200)
    points = integer(0)
    code = string(None, null=True)


class Uses(Given):
    """What was used."""

    items = many(Use)


class OffersCancelled(Given):
    """How many offers were taken back."""

    cancelled = integer(1)


class LiveOffer(Given):
    """A live offer with what it has cost."""

    offer = string("come_back")
    en = string("Come back")
    zh = string("欢迎回来")
    kind = string("share")
    priority = integer(0)
    alone = boolean(False)
    coded = boolean(False)
    budget = money(2_000_000, null=True)
    spent = money(36_000)
    uses = integer(30)


class LiveOffers(Given):
    """The live offers."""

    items = many(LiveOffer)


class Codes(Given):
    """New codes; each works once."""

    codes = many(string("K7PQ2MXH9RTB"))


class Code(Given):
    """A code."""

    code = string("K7PQ2MXH9RTB")
    offer = string("come_back")
    bound = boolean(False, "Whether it is for one customer alone.")
    issued_at = moment()
    until = moment(null=True)
    used_at = moment(null=True)
