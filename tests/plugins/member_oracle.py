"""One member's levels, day after day, in plain Python: what `plugins.membership.levels` is compared with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from plugins.membership.levels import Levels

EPOCH = dt.date(1970, 1, 1)


@dataclass
class Stand:
    """What holds at the end of a day."""

    level: int
    amount: int
    raised: int | None
    floor: int


def year_of(day: int) -> int:
    return (EPOCH + dt.timedelta(days=day)).year


def new_year(year: int) -> int:
    return (dt.date(year, 1, 1) - EPOCH).days


def stands(rules: Levels, spent: Mapping[int, int], first: int, last: int) -> Iterator[tuple[int, Stand]]:
    """Where the member stands on each day from `first`, before which nothing happened, to `last`."""
    level, raised, reached = 0, None, 0
    review = fall = to = None

    def between(one: int, other: int) -> int:
        return sum(value for day, value in spent.items() if one <= day <= other)

    def band(amount: int) -> int:
        return max(number for number, start in enumerate(rules.starts) if number == 0 or amount >= start)

    def begins(day: int) -> int:
        if rules.period == "rolling":
            return day - rules.window_days + 1
        return new_year(year_of(day)) if rules.period == "year" else first

    def next_review(day: int) -> int | None:
        if rules.period == "joining":
            return None
        return day + rules.window_days if rules.period == "rolling" else new_year(year_of(day) + 1)

    def floor(until: int) -> int:
        """Of all that counted to the end of a day, at its highest."""
        found = reached
        for each in rules.floors:
            if each.lifetime is not None and any(between(first, day) >= each.lifetime for day in spent if day <= until):
                found = max(found, each.level)
        return found

    for day in range(first, last + 1):
        if fall == day and to is not None:
            level = max(min(to, level), floor(day - 1))
            fall = to = None
        if review == day:
            earned = band(between(begins(day) if rules.period == "rolling" else begins(day - 1), day - 1))
            if rules.step:
                earned = max(earned, level - 1)
            target = max(earned, floor(day - 1))
            if target < level:
                to, fall = target, day + rules.grace_days
                if rules.grace_days == 0:
                    level, to, fall = target, None, None
            review = next_review(day) if level > 0 or to is not None else None
        if day in spent:
            reaches = max(band(between(begins(day), day)), floor(day))
            if reaches > level:
                level, raised, fall, to = reaches, day, None, None
                review = next_review(day)
                for each in rules.floors:
                    if each.reached is not None and level >= each.reached:
                        reached = max(reached, each.level)
            elif to is not None:
                to = max(to, reaches)
        yield day, Stand(level, between(begins(day), day), raised, max(reached, floor(day)))
