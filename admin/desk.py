"""The words of the service desk on its pages: kinds, states, priorities, levels, what is left of a promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g

from admin.access import acting
from admin.words import t

STATE_KINDS = {
    "open": "info",
    "in_progress": "info",
    "reopened": "warn",
    "waiting_customer": "",
    "waiting_third_party": "",
    "resolved": "ok",
    "closed": "",
}
PRIORITY_KINDS = {"urgent": "bad", "high": "warn", "normal": "", "low": ""}
WARN_SHARE = 0.25
"""Below this share of a promise that is left it is shown as close to its end."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """A running promise as it is shown. kind: bad, warn, ok or "". due: epoch seconds, None while it stands."""

    kind: str
    due: int | None
    clock: str
    left: str


@dataclass(frozen=True, slots=True)
class Desk:
    """What the templates of the service desk ask for."""

    setup: Any
    live: Any
    now: int

    def kind(self, key: str) -> str:
        """The title of a kind of request."""
        found = self.setup.kinds.get(key)
        return t(found.title) if found else key

    def word(self, group: str, key: str) -> str:
        """The title of a channel, category or cause; a dash for none."""
        found = getattr(self.setup, group).get(key)
        return t(found) if found else key or "–"

    def state(self, key: str) -> tuple[str, str]:
        """Title and look of a state."""
        states = acting().tickets.states
        return (t(states[key].title) if key in states else key), STATE_KINDS.get(key, "")

    def priority(self, key: str) -> tuple[str, str]:
        """Title and look of a priority."""
        return (t(acting().tickets.priorities[key]) if key in acting().tickets.priorities else key), PRIORITY_KINDS.get(key, "")

    def level(self, key: str) -> str:
        """The title of a service level; a dash for none."""
        found = self.live.levels.get(key)
        return t(found.title) if found else key or "–"

    def clock(self, key: str) -> str:
        """What a promise is called."""
        titles = acting().tickets.clock_titles
        return t(titles[key]) if key in titles else key

    def remaining(self, each: Any) -> Remaining | None:
        """What is left of the clock that is over first; None where none runs."""
        return None if each is None else self.of_clock(each)

    def of_clock(self, each: Any) -> Remaining:
        """What is left of a clock."""
        left = each.left if each.left is not None else 0
        broken = each.due_at is not None and each.due_at < self.now
        kind = "bad" if broken else "" if each.due_at is None else "warn" if left < each.seconds * WARN_SHARE else "ok"
        return Remaining(kind, each.due_at, self.clock(each.clock), hours(abs(left)))


def hours(seconds: int) -> str:
    """Working time in hours and minutes."""
    whole, minutes = divmod(round(seconds / 60), 60)
    if not whole:
        return t("{m} min", "{m} 分钟", m=minutes)
    return (
        t("{h} h {m} min", "{h} 小时 {m} 分", h=g.formats.number(whole), m=minutes)
        if minutes
        else t("{h} h", "{h} 小时", h=g.formats.number(whole))
    )


def desk() -> Desk:
    """The words of the desk as it is set up now."""
    engine = acting()
    return Desk(engine.desk.setup(), engine.desk.levels(), int(engine.now.timestamp()))


def chosen(form: Mapping[str, str], *names: str) -> dict[str, str]:
    """Fields of a form that are there."""
    return {name: form[name] for name in names if name in form}
