"""The customers of the generated company: who they are, where they live, and what kind of buyer each one is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from engine.columns import Array
from engine.demo import words
from engine.demo.dice import Dice
from engine.demo.seasons import DAYS, FIRST_DAY, day_weights

STAFF, TESTS = 12, 3
EDUCATION = ("secondary", "college", "bachelor", "master")


@dataclass(slots=True)
class People:
    """Customers as columns. `table` is what the file shows; the rest decides how they buy.

    value: how much of a customer each is, standard normal. joined: days since `FIRST_DAY`, with fraction.
    market: 0 China, 1 west. place: position in `words.PLACES`. walk_in: the row of the till's own account.
    """

    table: dict[str, Array]
    company: Array
    value: Array
    joined: Array
    market: Array
    place: Array
    age: Array
    buys: Array
    walk_in: int

    def __len__(self) -> int:
        return len(self.company)


def make_people(dice: Dice, customers: int) -> People:
    """Draw customers; the last `STAFF` + `TESTS` + 1 are staff, test accounts and the walk-in account."""
    places = words.table(words.PLACES)
    special = np.arange(customers) >= customers - STAFF - TESTS - 1
    place = np.where(special, 0, dice.pick(customers, [float(row[3]) for row in places]))
    country = np.array([row[0] for row in places], dtype=object)[place]
    market = (country != "CN").astype(np.int8)
    company = dice.chance(customers, 0.1) & ~special
    female = dice.chance(customers, 0.56)
    age = np.clip(np.round(38 + 13 * dice.normal(customers)), 18, 84)
    joined = _joined(dice, market)
    names, latin = _names(dice, market, company, female, place, places)
    table = {
        "customer": _ids("C", customers),
        "name": names,
        "kind": np.where(company, "company", "person").astype(object),
        "gender": _unless(company | dice.chance(customers, 0.03), np.where(female, "F", "M")),
        "birth_date": _unless(company | dice.chance(customers, 0.07), _birth_dates(dice, age)),
        "country": country,
        "region": np.array([row[1] for row in places], dtype=object)[place],
        "city": np.array([row[2] for row in places], dtype=object)[place],
        "industry": _unless(~company, _industries(names, company, market)),
        "education": _unless(company | dice.chance(customers, 0.4), np.array(EDUCATION)[dice.pick(customers, [2, 3, 4, 1.5])]),
        "income": _unless(company | dice.chance(customers, 0.55), _incomes(dice, market, age)),
        "email": _unless(dice.chance(customers, 0.08), _emails(dice, latin)),
        "phone": _unless(dice.chance(customers, 0.12), _phones(dice, country)),
        "joined_at": _dates(joined),
        "not_graded": np.full(customers, "", dtype=object),
    }
    _special_accounts(table, customers)
    value = dice.normal(customers)
    buys = dice.chance(customers, np.where(company, 0.86, 0.92)) | special
    joined[-1], value[-1] = 0.0, 0.0
    return People(table, company, value, joined, market, place, age, buys, customers - 1)


def _ids(letter: str, count: int) -> Array:
    return np.char.add(letter, np.char.zfill(np.arange(1, count + 1).astype(str), max(5, len(str(count))))).astype(object)


def _unless(missing: Array, values: Array) -> Array:
    return np.where(missing, "", values).astype(object)


def _joined(dice: Dice, market: Array) -> Array:
    """Join days: more on busy days, more each year, and a first quarter in which the old card file is taken over."""
    growth = 0.8 + 0.6 * np.arange(DAYS) / DAYS + np.where(np.arange(DAYS) < 90, 1.5, 0)
    days = np.where(market == 0, *(dice.pick(len(market), day_weights(name) ** 0.7 * growth) for name in ("CN", "west")))
    return days + 0.38 + 0.5 * dice.uniform(len(market))


def _names(dice: Dice, market: Array, company: Array, female: Array, place: Array, places: list[list[str]]) -> tuple[Array, Array]:
    """Names, and a Latin form of persons' names for their e-mail addresses."""
    size = len(market)
    family = np.array(words.table(words.SURNAMES), dtype=object)[dice.pick(size, 1 / (np.arange(len(words.table(words.SURNAMES))) + 4))]
    given = np.where(
        female[:, None],
        np.array(words.table(words.FEMALE_NAMES), dtype=object)[dice.whole(0, len(words.column(words.FEMALE_NAMES)) - 1, size)],
        np.array(words.table(words.MALE_NAMES), dtype=object)[dice.whole(0, len(words.column(words.MALE_NAMES)) - 1, size)],
    )
    last = _drawn(dice, words.WESTERN_SURNAMES, size)
    first = np.where(female, _drawn(dice, words.WESTERN_FEMALE, size), _drawn(dice, words.WESTERN_MALE, size))
    person = np.where(market == 0, family[:, 0] + given[:, 0], first + " " + last)
    latin = np.where(market == 0, given[:, 1] + "." + family[:, 1], first + "." + last)
    firm = np.where(market == 0, _chinese_firms(dice, place, places), _western_firms(dice, place, places))
    return np.where(company, firm, person), np.where(company, "office", latin)


def _drawn(dice: Dice, text: str, size: int) -> Array:
    values = np.array(words.column(text), dtype=object)
    return values[dice.whole(0, len(values) - 1, size)]


def _chinese_firms(dice: Dice, place: Array, places: list[list[str]]) -> Array:
    size = len(place)
    city = np.array([row[2] for row in places], dtype=object)[place]
    first, second = np.array(words.BRANDS_FIRST.split(), dtype=object), np.array(words.BRANDS_SECOND.split(), dtype=object)
    trade = np.array(words.column(words.INDUSTRIES, 1), dtype=object)[dice.pick(size, _trade_weights())]
    result: Array = city + first[dice.whole(0, len(first) - 1, size)] + second[dice.whole(0, len(second) - 1, size)] + trade + "有限公司"
    return result


def _western_firms(dice: Dice, place: Array, places: list[list[str]]) -> Array:
    size = len(place)
    suffix = np.array([words.SUFFIXES.get(row[0], "Ltd") for row in places], dtype=object)[place]
    trade = np.array(words.column(words.INDUSTRIES, 2), dtype=object)[dice.pick(size, _trade_weights())]
    one, two = _drawn(dice, words.WESTERN_BRANDS, size), _drawn(dice, words.WESTERN_BRANDS, size)
    brand = np.where((one != two) & dice.chance(size, 0.5), one + " & " + two, one)
    result: Array = brand + " " + trade + " " + suffix
    return result


def _trade_weights() -> Array:
    return 1 / (np.arange(len(words.column(words.INDUSTRIES))) + 3.0)


def _industries(names: Array, company: Array, market: Array) -> Array:
    """The industry that a firm's name says."""
    found = np.full(len(names), "", dtype=object)
    for key, chinese, western in words.table(words.INDUSTRIES):
        for at, word in enumerate((f"{chinese}有限公司", f" {western} ")):
            ours = np.flatnonzero(company & (market == at))
            found[ours[np.char.find(names[ours].astype(str), word) >= 0]] = key
    return found


def _birth_dates(dice: Dice, age: Array) -> Array:
    days = np.floor(age * 365.25 + dice.uniform(len(age)) * 365).astype(np.int64)
    result: Array = np.datetime_as_string(np.datetime64(FIRST_DAY + dt.timedelta(DAYS)) - days)
    return result


def _incomes(dice: Dice, market: Array, age: Array) -> Array:
    """Yearly income in yuan, rounded to thousands."""
    peak = np.exp(-(((age - 47) / 28) ** 2))
    usual = np.where(market == 0, 120_000, 310_000) * (0.6 + 0.6 * peak) * np.exp(0.45 * dice.normal(len(age)))
    return (np.round(usual / 1000) * 1000).astype(np.int64).astype(str)


def _emails(dice: Dice, latin: Array) -> Array:
    """Addresses at the domains that are kept for examples (RFC 2606)."""
    domains = np.array(["example.com", "example.org", "example.net"], dtype=object)[dice.pick(len(latin), [6, 3, 1])]
    names = np.char.lower(latin.astype(str))
    for old, new in (("ü", "u"), ("ä", "ae"), ("ö", "oe"), ("ë", "e"), ("é", "e"), ("è", "e"), ("'", "")):
        names = np.char.replace(names, old, new)
    number = np.arange(1, len(latin) + 1).astype(str)
    result: Array = names.astype(object) + number.astype(object) + "@" + domains
    return result


def _phones(dice: Dice, country: Array) -> Array:
    size = len(country)
    draws = {"a": dice.whole(0, 9999, size), "b": dice.whole(0, 9999, size), "c": dice.whole(0, 99, size)}
    draws |= {"d": dice.whole(0, 999, size), "e": dice.whole(0, 99, size)}
    found = np.full(size, "", dtype=object)
    for name, pattern in words.PHONES.items():
        ours = np.flatnonzero(country == name)
        rows = zip(*(draws[key][ours].tolist() for key in draws), strict=True)
        found[ours] = np.array([pattern.format(**dict(zip(draws, row, strict=True))) for row in rows] + [""], dtype=object)[:-1]
    return found


def _dates(days: Array) -> Array:
    """The day each joined; no time of day, so that the first order may stand on the same day."""
    result: Array = np.datetime_as_string(np.datetime64(FIRST_DAY) + np.floor(days).astype("timedelta64[D]")).astype(object)
    return result


def _special_accounts(table: dict[str, Array], customers: int) -> None:
    """Mark who is known to the till but is no customer to grade."""
    walk_in, tests, staff = customers - 1, customers - 1 - TESTS, customers - 1 - TESTS - STAFF
    table["not_graded"][staff:tests], table["not_graded"][tests:walk_in], table["not_graded"][walk_in] = (
        "staff",
        "test account",
        "walk-in account",
    )
    table["name"][tests:walk_in], table["name"][walk_in] = [f"Test account {n + 1}" for n in range(TESTS)], "散客 Walk-in customers"
    for name in ("gender", "birth_date", "education", "income", "email", "phone"):
        table[name][tests:] = ""
    table["joined_at"][walk_in] = str(FIRST_DAY)
