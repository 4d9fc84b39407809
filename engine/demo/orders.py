"""Who orders when: purchase rhythms, falling silent, coming back; then channel, store and sales person of each order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.columns import Array
from engine.demo import words
from engine.demo.dice import Dice
from engine.demo.people import People
from engine.demo.seasons import DAYS, by_market, clock, moments

CHANNELS = ("store", "wechat", "web", "phone")
STORE, WECHAT, WEB, PHONE = range(4)
WALK_IN_PER_DAY = 4


@dataclass(slots=True)
class Orders:
    """Sales as columns, in the order of their time.

    customer: row of `People`. day: since `FIRST_DAY`, with fraction. at: local seconds since 1970. channel: position
    in `CHANNELS`. store, seller: texts, empty for none.
    """

    customer: Array
    day: Array
    at: Array
    channel: Array
    store: Array
    seller: Array

    def __len__(self) -> int:
        return len(self.customer)


def make_orders(dice: Dice, people: People) -> Orders:
    """Draw every sale of every customer."""
    customer, day = _days(dice, people)
    hour = np.where(people.market[customer] == 0, 9, 0) + np.where(people.market[customer] == 0, 13, 24) * dice.uniform(len(customer))
    at = moments(day, np.floor(hour * 3600))
    order = np.lexsort((customer, at))
    customer, day, at = customer[order], day[order], at[order]
    channel = _channels(dice, people, customer)
    store, seller = _places(dice, people, customer, channel)
    return Orders(customer, day, at, channel, store, seller)


@dataclass(slots=True)
class _Spells:
    """Stretches in which somebody buys: from `start` until `stop` (days), every `interval` days of the clock."""

    customer: Array
    start: Array
    stop: Array
    interval: Array


def _days(dice: Dice, people: People) -> tuple[Array, Array]:
    first = _first_spells(dice, people)
    back = _returns(dice, first)
    spells = _Spells(*(np.concatenate([getattr(first, name), getattr(back, name)]) for name in _Spells.__slots__))
    customer, day = _purchases(dice, people, spells)
    walk_ins = WALK_IN_PER_DAY * DAYS * len(people) // 24_000
    customer = np.concatenate([customer, np.full(walk_ins, people.walk_in)])
    day = np.concatenate([day, clock("CN").day(dice.uniform(walk_ins) * DAYS)])
    return customer, day


def _first_spells(dice: Dice, people: People) -> _Spells:
    who = np.flatnonzero(people.buys & (np.arange(len(people)) != people.walk_in))
    size, company, value = len(who), people.company[who], people.value[who]
    start = people.joined[who] + np.where(dice.chance(size, 0.6), 0.0, 16 * dice.exponential(size))
    own = dice.normal(size)
    interval = np.where(company, 58 * np.exp(-0.3 * value + 0.35 * own), 82 * np.exp(-0.4 * value + 0.45 * own))
    lifetime = np.where(company, 1000, 460) * np.exp(0.35 * value) * dice.exponential(size)
    once = ~company & dice.chance(size, np.clip(0.26 - 0.1 * value, 0.02, 0.6))
    stop = start + np.where(once, 0.0, lifetime)
    return _Spells(who, start, stop, np.clip(interval, 4, 500))


def _returns(dice: Dice, first: _Spells) -> _Spells:
    """One in eight of those who fell silent is won back, eight to eighteen months later."""
    start = first.stop + 250 + 300 * dice.uniform(len(first.stop))
    chosen = dice.chance(len(start), 0.125) & (start < DAYS)
    stop = start + 260 * dice.exponential(len(start))
    return _Spells(first.customer[chosen], start[chosen], stop[chosen], first.interval[chosen])


def _purchases(dice: Dice, people: People, spells: _Spells) -> tuple[Array, Array]:
    """Walk along each spell in clock time by gaps around its interval; the first purchase stands at its start."""
    market = people.market[spells.customer]
    start = by_market(market, lambda clock: clock.running(spells.start))
    stop = by_market(market, lambda clock: clock.running(np.minimum(spells.stop, DAYS)))
    count = np.ceil(np.maximum(stop - start, 0) / spells.interval * 1.7).astype(np.int64) + 5
    spell = np.repeat(np.arange(len(count)), count)
    gap = dice.erlang(len(spell), 3) * spells.interval[spell]
    opening = np.concatenate([[0], np.cumsum(count)[:-1]])
    gap[opening] = 0
    walked = np.cumsum(gap)
    time = start[spell] + walked - walked[opening][spell]
    inside = (time <= stop[spell]) & (time < DAYS)
    inside[opening] = start < DAYS
    spell, time = spell[inside], time[inside]
    return spells.customer[spell], by_market(market[spell], lambda clock: clock.day(time))


def _channels(dice: Dice, people: People, customer: Array) -> Array:
    """Young people order by phone app, older ones in the store or on the telephone, foreigners on the web."""
    age = people.age[customer]
    old = np.clip((age - 25) / 50, 0, 1)
    weights = np.column_stack([0.2 + 0.45 * old, 0.55 - 0.45 * old, 0.22 - 0.1 * old, 0.03 + 0.17 * old])
    weights[people.company[customer]] = (0.05, 0.15, 0.35, 0.45)
    weights[people.market[customer] == 1] = (0.0, 0.0, 0.94, 0.06)
    without = ~np.isin(people.table["region"][customer].astype(str), words.column(words.STORES))
    weights[without, STORE] = 0
    weights[customer == people.walk_in] = (1.0, 0.0, 0.0, 0.0)
    return dice.pick_each(weights)


def _places(dice: Dice, people: People, customer: Array, channel: Array) -> tuple[Array, Array]:
    """The store of the customer's region, and who sold: staff of the store, the account manager, or the phone team."""
    size = len(customer)
    region = people.table["region"][customer]
    stores = words.table(words.STORES)
    at = np.full(size, -1)
    for position, row in enumerate(stores):
        at[region == row[0]] = position
    at[customer == people.walk_in] = dice.pick(size, [5, 4, 4, 4, 4, 3, 3, 2, 1])[customer == people.walk_in]
    in_store = channel == STORE
    store = np.where(in_store, np.array([row[1] for row in stores], dtype=object)[at], "")
    clerks = np.array([[row[2], row[-1]] for row in stores], dtype=object)[at, dice.pick(size, [3, 2])]
    phone = np.array(words.column(words.PHONE_TEAM), dtype=object)[dice.pick(size, [3, 3, 2])]
    seller = np.where(in_store, clerks, np.where(channel == PHONE, phone, ""))
    managed = people.company[customer] & ~in_store
    return store, np.where(managed, _account_manager(people)[customer], seller).astype(object)


def _account_manager(people: People) -> Array:
    """One account manager per customer, by region; two share the west."""
    managers = words.table(words.ACCOUNT_MANAGERS)
    found = np.full(len(people), "", dtype=object)
    for region, name in managers:
        found[people.table["region"] == region] = name
    west = [name for region, name in managers if region == "west"]
    ours = people.market == 1
    found[ours] = np.array(west, dtype=object)[np.arange(len(people))[ours] % len(west)]
    return found
