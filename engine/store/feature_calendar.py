"""Days of the business: which day it is as of a moment, and on which day moments lie."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from engine.columns import Array
from engine.moments import day_number
from engine.store.facts import StoreSettings

QUARTER = 900
"""Seconds. Time zones change at full quarters of an hour, so a quarter lies within one day."""

MONEY = ("amount", "net_amount", "cost")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The business zone and currency of a store, as of a moment."""

    settings: StoreSettings
    as_of: int

    @property
    def today(self) -> int:
        """The business day, counted from 1970-01-01."""
        return day_number(dt.datetime.fromtimestamp(self.as_of, self.settings.timezone).date())

    def days(self, moments: Array) -> Array:
        """The business day of each moment."""
        quarters, place = np.unique(moments // QUARTER, return_inverse=True)
        zone = self.settings.timezone
        found = [day_number(dt.datetime.fromtimestamp(quarter * QUARTER, zone).date()) for quarter in quarters.tolist()]
        return np.array(found, dtype=np.int64)[place] if found else np.zeros(0, dtype=np.int64)

    def scale(self, of: str) -> int:
        """How many of what is summed are one of its unit."""
        return int(10**self.settings.minor_digits) if of in MONEY else 1


__all__ = ["Calendar"]
