"""Damping of a label output, as a rulebook writes it: when a computed value may take effect.

`{"segment": {"down": {"every": "quarter", "after_days": 30, "margin": {"of": "orders.amount", "share": 0.05}}}}`: a part
that is not named does not hold anything back, parts that are named must all allow the move, in the same run.
What each part means, to the moment, is on docs/reference/damping.md.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from engine.errors import did_you_mean
from engine.policy import Output

DAY = 86_400
MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3, "year": 12}
"""Calendar periods by name, in months; each begins at 00:00 in the business time zone."""
MOST_DAYS = 3_660

FaultSink = Callable[[str, str, str, str], None]
CODE = "TW030"


@dataclass(frozen=True, slots=True)
class Margin:
    """How far beyond the bound a measure must lie. of: an input, or a score of the policy. by: in its unit; or share: of the bound."""

    of: str
    by: float | None = None
    share: float | None = None

    @property
    def document(self) -> dict[str, Any]:
        """As a rulebook writes it."""
        return {"of": self.of, **({"by": self.by} if self.by is not None else {"share": self.share})}


@dataclass(frozen=True, slots=True)
class Hold:
    """What a move in one direction waits for; a part that is None holds nothing back."""

    every: str | None = None
    after_days: int | None = None
    margin: Margin | None = None

    @property
    def document(self) -> dict[str, Any]:
        """As a rulebook writes it, only what is named."""
        parts = {"every": self.every, "after_days": self.after_days, "margin": self.margin.document if self.margin else None}
        return {name: part for name, part in parts.items() if part is not None}

    def due(self, since: int, as_of: int, zone: ZoneInfo) -> int:
        """The first moment after `as_of` at which the calendar and the days allow the move, margin aside."""
        earliest = max(as_of + 1, since + (self.after_days or 0) * DAY)
        if self.every is None:
            return earliest
        begins = period_start(earliest, self.every, zone)
        return begins if begins >= earliest else period_start(earliest, self.every, zone, ahead=1)


@dataclass(frozen=True, slots=True)
class Damping:
    """When the label of one output may rise and fall; up is towards the first label. None: at once."""

    up: Hold | None = None
    down: Hold | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The canonical form: both directions apart."""
        holds = {"up": self.up, "down": self.down}
        return {name: hold.document for name, hold in holds.items() if hold is not None}

    @property
    def margins(self) -> tuple[tuple[str, Margin], ...]:
        """Every margin with its direction."""
        return tuple((name, hold.margin) for name, hold in (("up", self.up), ("down", self.down)) if hold and hold.margin)


def period_start(moment: int, every: str, zone: ZoneInfo, ahead: int = 0) -> int:
    """00:00 of the first day of the calendar period that holds a moment; ahead: so many periods later."""
    day, months = dt.datetime.fromtimestamp(moment, zone).date(), MONTHS[every]
    at = (day.year * 12 + day.month - 1) // months * months + ahead * months
    return int(dt.datetime(at // 12, at % 12 + 1, 1, tzinfo=zone).timestamp())


def parse_damping(given: Any, outputs: Sequence[Output], place: str, fault: FaultSink) -> dict[str, Damping]:
    """Read the damping of one policy by output; tells `fault` (code, place, found, expected) all that is wrong."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        fault(CODE, place, _kind(given), "expected an object of label output to what its moves wait for")
        return {}
    declared = {output.name: output for output in outputs}
    found = {}
    for name, damping in given.items():
        output = declared.get(name)
        if output is None:
            hint = did_you_mean(str(name), declared)
            fault(CODE, f"{place}.{name}", f"the output {name!r}, which this policy does not have", hint or f"it has {', '.join(declared)}")
        elif output.kind != "label":
            fault(CODE, f"{place}.{name}", f"a {output.kind} output", "only label outputs are damped")
        else:
            read = _damping(damping, f"{place}.{name}", fault)
            if read.document:
                found[name] = read
    return found


def _damping(given: Any, place: str, fault: FaultSink) -> Damping:
    if not isinstance(given, Mapping):
        fault(CODE, place, _kind(given), "expected an object with every, after_days, margin, or with up and down")
        return Damping()
    if "up" in given or "down" in given:
        _known(given, ("up", "down"), place, fault)
        up, down = (_hold(given.get(name), f"{place}.{name}", fault) for name in ("up", "down"))
        return Damping(up, down)
    both = _hold(given, place, fault)
    return Damping(both, both)


def _hold(given: Any, place: str, fault: FaultSink) -> Hold | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        fault(CODE, place, _kind(given), "expected an object with every, after_days, margin; leave it out for at once")
        return None
    _known(given, ("every", "after_days", "margin"), place, fault)
    every, days = given.get("every"), given.get("after_days")
    if every is not None and (not isinstance(every, str) or every not in MONTHS):
        hint = did_you_mean(every, MONTHS) if isinstance(every, str) else ""
        fault(CODE, f"{place}.every", _kind(every), hint or f"expected {', '.join(MONTHS)}")
        every = None
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS):
        fault(CODE, f"{place}.after_days", _kind(days), f"expected whole days from 1 to {MOST_DAYS}")
        days = None
    hold = Hold(every, days, _margin(given.get("margin"), f"{place}.margin", fault))
    return hold if hold.document else None


def _margin(given: Any, place: str, fault: FaultSink) -> Margin | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        fault(CODE, place, _kind(given), "expected an object with of, and by or share")
        return None
    _known(given, ("of", "by", "share"), place, fault)
    of, by, share = given.get("of"), given.get("by"), given.get("share")
    if not isinstance(of, str) or not of:
        fault(CODE, f"{place}.of", _kind(of), "expected the name of the measure: an input or a score of this policy")
        return None
    if (by is None) == (share is None):
        fault(CODE, place, "both by and share" if by is not None else "neither by nor share", "expected one of them")
        return None
    if by is not None and not (_number(by) and by > 0):
        fault(CODE, f"{place}.by", _kind(by), "expected a number above 0, in the unit of the measure")
        return None
    if share is not None and not (_number(share) and 0 < share < 1):
        fault(CODE, f"{place}.share", _kind(share), "expected a share of the bound, above 0 and below 1")
        return None
    return Margin(of, by, share)


def margin_fault(of: str, inputs: Mapping[str, str], scores: Sequence[str]) -> tuple[str, str] | None:
    """What is wrong with a margin's measure. inputs: kind by name of what the policy reads; scores: own scores it can grade by."""
    measures = [name for name, kind in inputs.items() if kind == "number"] + list(scores)
    if of in measures:
        return None
    if of in inputs:
        return f"{of!r}, which is a {inputs[of]}", f"a measure is a number: {', '.join(measures) or 'this policy reads none'}"
    hint = did_you_mean(of, measures) or (f"its measures are {', '.join(measures)}" if measures else "this policy has no measure")
    return f"{of!r}, which this policy does not decide by", hint


def _known(given: Mapping[str, Any], keys: Sequence[str], place: str, fault: FaultSink) -> None:
    for key in given:
        if key not in keys:
            hint = did_you_mean(str(key), keys)
            fault("TW002", f"{place}.{key}", f"the unknown key {key!r}", hint or f"known keys are {', '.join(keys)}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    return "nothing" if value is None else f"{value!r}"[:60]
