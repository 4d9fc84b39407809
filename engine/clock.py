"""The clock of this process: every "now" of the engine is asked for here. A sandbox moves it, nothing else does.

Durations, leases of jobs and limits of requests are measured by the machine's own clock, which never jumps.
"""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo

_ahead = 0


def now() -> int:
    """UTC epoch seconds."""
    return int(time.time()) + _ahead


def today(zone: ZoneInfo) -> dt.date:
    """The date in a time zone."""
    return here(zone).date()


def here(zone: ZoneInfo) -> dt.datetime:
    """The moment in a time zone, to the second."""
    return dt.datetime.fromtimestamp(now(), zone)


def ahead() -> int:
    """Seconds by which this clock is ahead of the machine's."""
    return _ahead


def set_ahead(seconds: int) -> None:
    """Set by how much this process's clock is ahead of the machine's; for sandboxes (`engine.sandbox`) alone."""
    global _ahead
    _ahead = seconds
