"""Write figures as people read them: numbers, shares, money, moments, durations, bars. Without colour, in both languages."""

from __future__ import annotations

import datetime as dt

MINUS = "−"
SYMBOLS = {"CNY": "¥", "JPY": "¥", "GBP": "£", "USD": "$", "EUR": "€", "INR": "₹", "KRW": "₩", "HKD": "HK$", "TWD": "NT$"}
"""Currencies with a sign of their own; the others are written with their code in front."""

EIGHTHS = " ▏▎▍▌▋▊▉█"
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def number(value: int) -> str:
    """A whole number with thousands separators and a true minus: 4,338."""
    return f"{value:,}".replace("-", MINUS)


def change(value: int) -> str:
    """A difference with its sign: +66, −66, and = for none."""
    return f"+{value:,}" if value > 0 else number(value) if value else "="


def share(part: int, whole: int) -> str:
    """A share of a whole: 26%, one decimal under 10%. Never 0% for something and never 100% for less than all."""
    if whole <= 0:
        return "–"
    percent = 100 * part / whole
    if part and abs(percent) < 0.05:
        return "<0.1%"
    if 99.5 <= percent < 100:
        return ">99%"
    text = f"{percent:.1f}" if part and abs(round(percent, 1)) < 10 else f"{percent:.0f}"
    return text.replace("-", MINUS) + "%"


def sign(currency: str) -> str:
    """The sign of a currency, or its code."""
    return SYMBOLS.get(currency, currency)


def amount(minor: int, digits: int, *, exact: bool = True) -> str:
    """Money without its currency, from minor units: 1,553.66, or 1,554 where exact is not wanted. Halves go away from zero."""
    scale = 10**digits
    if not exact:
        return number((abs(minor) + scale // 2) // scale * (1 if minor >= 0 else -1))
    whole, rest = divmod(abs(minor), scale)
    tail = f".{rest:0{digits}d}" if digits else ""
    return f"{MINUS if minor < 0 else ''}{whole:,}{tail}"


def money(minor: int, digits: int, currency: str, *, exact: bool = True) -> str:
    """Money with its currency: £1,553.66, −¥15.00, CHF 12.50."""
    text = amount(abs(minor), digits, exact=exact)
    front = sign(currency)
    front = f"{front} " if front[-1:].isalpha() else front
    return f"{MINUS if minor < 0 and text.strip('0.,') else ''}{front}{text}"


def duration(seconds: float, language: str) -> str:
    """How long something took: 40 ms, 1.6 s, 3 min 12 s."""
    zh = language == "zh"
    if seconds < 0.0995:
        return f"{round(seconds * 1000)} {'毫秒' if zh else 'ms'}"
    if seconds < 99.5:
        return f"{seconds:.1f} {'秒' if zh else 's'}"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} 分 {rest} 秒" if zh else f"{minutes:,} min {rest} s"


def moment(iso: str, language: str, *, full: bool = False) -> str:
    """A moment of ISO 8601 as people write it: 10 Dec 2025, 02:00. full: with seconds and the offset of its zone.

    What is no moment is returned as it is; a bare date stays a date.
    """
    try:
        at = dt.datetime.fromisoformat(iso)
    except ValueError:
        return iso
    day = f"{at.year}年{at.month}月{at.day}日" if language == "zh" else f"{at.day} {MONTHS[at.month - 1]} {at.year}"
    if len(iso) <= 10:
        return day
    clock = f"{at:%H:%M:%S}" if full or at.second else f"{at:%H:%M}"
    zone = f"UTC{at.isoformat()[-6:]}".replace("+00:00", "") if full and at.tzinfo else ""
    if language == "zh":
        return f"{day} {clock}（{zone}）" if zone else f"{day} {clock}"
    return f"{day}, {clock} ({zone})" if zone else f"{day}, {clock}"


def bar(part: float, whole: float, width: int) -> str:
    """A thin bar in eighths of a cell; anything above nothing shows."""
    if width <= 0 or whole <= 0 or part <= 0:
        return ""
    eighths = max(1, min(width * 8, round(width * 8 * part / whole)))
    full, rest = divmod(eighths, 8)
    return EIGHTHS[8] * full + (EIGHTHS[rest] if rest else "")
