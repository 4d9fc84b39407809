"""When a schedule is due: cron text, five fields, read as wall-clock time of the business zone.

A schedule is due at most once an hour, so its minute is one number. Where clocks go forward, a time that does not exist
is taken as much later as the clocks jump (02:30 becomes 03:30); where they go back, the first of two equal times counts.
So a nightly schedule is due exactly once on either day. One that is due every hour follows the hours that pass instead.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from croniter import CroniterBadCronError, CroniterBadDateError, croniter

from engine.errors import TierwiseError

FIELDS = ("minute", "hour", "day of month", "month", "day of week")
LONGEST = 100
_FIELD = re.compile(r"[0-9A-Za-z*,/#-]+\Z", re.ASCII)
_NAMES = frozenset("l jan feb mar apr may jun jul aug sep oct nov dec sun mon tue wed thu fri sat".split())
"""Words of cron text. Others that croniter knows mean a time by chance, which nobody could foresee."""
MANY = 1_000
"""Missed times that are counted one by one."""
RECENT = dt.timedelta(days=40)
"""A schedule with `MANY` missed times had one of them within so many days."""


@dataclass(frozen=True, slots=True)
class Cron:
    """A checked schedule. text: its five fields, single spaces between them."""

    text: str
    zone: ZoneInfo

    @classmethod
    def read(cls, text: str, zone: ZoneInfo) -> Cron:
        """Check cron text. Raises `TierwiseError` that names the field, what was found, and what would be right."""
        fields = text.split() if isinstance(text, str) and len(text) <= LONGEST else []
        if len(fields) != len(FIELDS):
            shown = str(text)[:40]
            raise TierwiseError(
                f"schedule {shown!r}: expected five fields, {', '.join(FIELDS)}; such as 0 2 * * * for every night at 02:00"
            )
        if not (fields[0].isascii() and fields[0].isdigit() and int(fields[0]) <= 59):
            raise TierwiseError(
                f"schedule {text!r}, minute: found {fields[0]!r}; expected one number from 0 to 59, as a schedule is due at most once an hour"
            )
        for at, (name, field) in enumerate(zip(FIELDS, fields, strict=True)):
            alone = " ".join(field if position == at else "0" if position == 0 else "*" for position in range(len(fields)))
            words = set(re.findall("[a-z]+", field.lower()))
            if not _FIELD.match(field) or not words <= _NAMES or not croniter.is_valid(alone):
                raise TierwiseError(f"schedule {text!r}, {name}: found {field!r}; expected {_EXPECTED[name]}")
        found = cls(" ".join(fields), zone)
        try:
            found.after(0)
        except (CroniterBadCronError, CroniterBadDateError):
            raise TierwiseError(f"schedule {text!r} never comes: no month has such a day") from None
        return found

    def after(self, moment: int) -> int:
        """The first time after a moment; both UTC epoch seconds."""
        return next(self._times(moment))

    def last(self, first: int, until: int) -> int:
        """The last time from `first`, which is one, up to a moment: what is left of many that were missed."""
        found, count = first, 0
        for time in self._times(first):
            if time > until:
                return found
            found, count = time, count + 1
            if count == MANY:
                break
        for time in self._times(max(found, until - int(RECENT.total_seconds()))):
            if time > until:
                break
            found = time
        return found

    def _times(self, moment: int) -> Iterator[int]:
        start = dt.datetime.fromtimestamp(moment, self.zone)
        if self.text.split()[1] == "*":
            hours = croniter(self.text, start)
            while True:
                yield int(hours.get_next(dt.datetime).timestamp())
        # a little earlier, as the wall clock may show the same time twice
        days = croniter(self.text, (start - dt.timedelta(hours=3)).replace(tzinfo=None))
        last = moment
        while True:
            time = int(days.get_next(dt.datetime).replace(tzinfo=self.zone, fold=0).timestamp())
            if time > last:
                last = time
                yield time


_EXPECTED = {
    "minute": "one number from 0 to 59",
    "hour": "0 to 23, a list 6,18, a range 8-18, or *",
    "day of month": "1 to 31, a list, a range, L for the last day, or *",
    "month": "1 to 12 or jan to dec, a list, a range, or *",
    "day of week": "0 to 6 from Sunday or sun to sat, a list, a range, or *",
}
