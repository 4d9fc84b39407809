"""What points buy."""

from engine.api.answers.parts import Given, Texts, boolean, day, integer, many, moment, money, nested, one_of, string

CLAIM_STATES = ("reserved", "confirmed", "cancelled", "lapsed")


class RewardDocument(Given):
    """What a reward says."""

    title = nested(Texts)
    points = integer(300)
    worth = money(1200)
    stock = integer(50, "Null: without end.", null=True)
    first = day(null=True)
    last = day(null=True)
    output = string("membership.level", "Empty: for everybody.")
    labels = many(string("gold"))
    each = integer(2, "Per member; null: without limit.", null=True)
    hold_minutes = integer(30)
    coupon = boolean(False)


class Reward(Given):
    """A reward of the catalogue."""

    key = string("mug")
    active = boolean(True)
    taken = integer(12, "Reserved and confirmed ones.")
    revision = integer(1)
    document = nested(RewardDocument)


class Rewards(Given):
    """The catalogue by key."""

    items = many(Reward)


class Hurdle(Given):
    """What keeps a customer from it, in both languages."""

    key = string("points")
    en = string("needs 320 more points")
    zh = string("还差 320 积分")


class Offered(Reward):
    """A reward for a customer."""

    available = boolean(False)
    hurdles = many(Hurdle)


class OfferedRewards(Given):
    """Every reward with what keeps the customer from it."""

    items = many(Offered)


class Claim(Given):
    """A claim on a reward."""

    number = integer(5)
    reward = string("mug")
    customer = string("C1")
    status = one_of(CLAIM_STATES)
    points = integer(300)
    code = string(None, "Of a confirmed one that gives a coupon.", null=True)
    reserved_at = moment()
    until = moment("When a reservation lapses.")
    decided_at = moment(null=True)


class Claims(Given):
    """Claims, the newest first."""

    items = many(Claim)
