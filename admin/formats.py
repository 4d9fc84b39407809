"""Numbers, dates and money in the reader's form.

The currency belongs to the business, the form to the reader; moments are shown in the business time zone. The table of
forms is in docs/explanation/console.md and tested row by row.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

MINUS = "−"
SIGNS = {"CNY": "¥", "JPY": "¥", "GBP": "£", "USD": "$", "EUR": "€", "INR": "₹", "KRW": "₩", "HKD": "HK$", "TWD": "NT$"}
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ENGLISH_UNITS = ((10**9, " bn"), (10**6, " M"), (10**3, " k"))
CHINESE_UNITS = ((10**8, " 亿"), (10**4, " 万"))


@dataclass(frozen=True, slots=True)
class Formats:
    """How one reader reads the figures of one business. language: "en" or "zh"."""

    language: str = "en"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    currency: str = "CNY"
    digits: int = 2

    @property
    def zh(self) -> bool:
        """Whether the reader reads Chinese."""
        return self.language == "zh"

    # --- numbers -----------------------------------------------------------------------------------------------

    def number(self, value: float | None, decimals: int = 0) -> str:
        """4,338, with a true minus; "none" for None."""
        if value is None:
            return self.none
        return _signed(f"{value:,.{decimals}f}")

    def change(self, value: float) -> str:
        """+66, −66, and = for none."""
        return f"+{self.number(value)}" if value > 0 else self.number(value) if value else "="

    def share(self, part: float, whole: float) -> str:
        """26%, one decimal under 10%. Never 0% for something, never 100% for less than all."""
        if whole <= 0:
            return "–"
        percent = 100 * part / whole
        if part and abs(percent) < 0.05:
            return "<0.1%"
        if 99.5 <= percent < 100:
            return ">99%"
        small = part and abs(round(percent, 1)) < 10
        return _signed(f"{percent:.{1 if small else 0}f}%")

    @property
    def none(self) -> str:
        """What stands for a value that is not there; the reason stands beside it."""
        return "无" if self.zh else "none"

    # --- money -------------------------------------------------------------------------------------------------

    @property
    def sign(self) -> str:
        """The sign of the currency, or its code and a space."""
        return SIGNS.get(self.currency, f"{self.currency} ")

    def money(self, minor: int | None, *, cents: bool = True) -> str:
        """Exact, for tables and reasons: £1,553.66. cents: False rounds to whole units."""
        if minor is None:
            return self.none
        scale = 10**self.digits
        whole, rest = divmod(abs(minor), scale)
        text = f"{whole:,}" + (f".{rest:0{self.digits}d}" if self.digits else "")
        if not cents:
            text = f"{(abs(minor) + scale // 2) // scale:,}"
        return f"{MINUS if minor < 0 and text.strip('0.,') else ''}{self.sign}{text}"

    def tile(self, minor: int | None) -> str:
        """Large, for tiles and findings only: £8.60 M, £934 k; ¥859.95 万, ¥3.2 亿. Small amounts in full, without cents."""
        if minor is None:
            return self.none
        units = abs(minor) / 10**self.digits
        for size, word in CHINESE_UNITS if self.zh else ENGLISH_UNITS:
            if units >= size * (1 if size > 10**3 else 100) * 0.99995:
                text = _chinese(units / size) if self.zh else _three(units / size)
                return f"{MINUS if minor < 0 else ''}{self.sign}{text}{word}"
        return self.money(minor, cents=False)

    # --- time --------------------------------------------------------------------------------------------------

    def at(self, moment: int | float | str | dt.datetime) -> dt.datetime:
        """A moment (epoch seconds, ISO text or datetime) in the business zone."""
        if isinstance(moment, str):
            moment = dt.datetime.fromisoformat(moment)
        if isinstance(moment, dt.datetime):
            return moment.astimezone(self.zone) if moment.tzinfo else moment.replace(tzinfo=self.zone)
        return dt.datetime.fromtimestamp(moment, self.zone)

    def date(self, moment: int | float | str | dt.datetime | None, *, year: bool = True) -> str:
        """10 Dec 2025, 2025年12月10日."""
        if moment is None:
            return self.none
        at = self.at(moment)
        if self.zh:
            return f"{at.year}年{at.month}月{at.day}日" if year else f"{at.month}月{at.day}日"
        return f"{at.day} {MONTHS[at.month - 1]}" + (f" {at.year}" if year else "")

    def moment(self, moment: int | float | str | dt.datetime | None, *, seconds: bool = False) -> str:
        """10 Dec 2025, 02:00; 2025年12月10日 02:00."""
        if moment is None:
            return self.none
        at = self.at(moment)
        clock = f"{at:%H:%M:%S}" if seconds else f"{at:%H:%M}"
        return f"{self.date(at)} {clock}" if self.zh else f"{self.date(at)}, {clock}"

    def duration(self, seconds: float | None) -> str:
        """40 ms, 1.6 s, 3 min 12 s, 5 h 20 min, 9 days."""
        if seconds is None:
            return self.none
        for limit, write in ((0.0995, _milliseconds), (99.5, _seconds), (3600 - 0.5, _minutes), (48 * 3600 - 30, _hours)):
            if seconds < limit:
                return write(seconds, self.zh)
        return self.days(round(seconds / 86400))

    def days(self, count: int) -> str:
        """9 days, 9 天."""
        return f"{count:,} 天" if self.zh else f"{count:,} day{'' if count == 1 else 's'}"

    def size(self, count: int) -> str:
        """Bytes: 812 B, 1.4 MB."""
        for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
            if count >= 1000**power:
                return f"{_three(count / 1000**power)} {unit}"
        return f"{count} B"

    def zone_name(self) -> str:
        """The business time zone, for hovering over a moment."""
        return str(self.zone)


def _signed(text: str) -> str:
    return text.replace("-", MINUS) if text.strip("-0.,%") else text.lstrip("-")


def _three(value: float) -> str:
    """Three significant digits, at least whole: 8.60, 12.3, 934, 1,234."""
    return f"{value:,.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def _chinese(value: float) -> str:
    text = f"{value:,.{2 if value < 999.995 else 1}f}"
    return text.rstrip("0").rstrip(".")


def _milliseconds(seconds: float, zh: bool) -> str:
    return f"{round(seconds * 1000)} {'毫秒' if zh else 'ms'}"


def _seconds(seconds: float, zh: bool) -> str:
    return f"{seconds:.1f} {'秒' if zh else 's'}"


def _minutes(seconds: float, zh: bool) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if zh:
        return f"{minutes} 分 {rest} 秒" if rest else f"{minutes} 分钟"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def _hours(seconds: float, zh: bool) -> str:
    hours, rest = divmod(round(seconds / 60), 60)
    if zh:
        return f"{hours} 小时 {rest} 分" if rest else f"{hours} 小时"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
