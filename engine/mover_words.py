"""Why a customer moves when a draft becomes live, in a few words: the cut that passed it, the score or the row that changed.

whys = MoverWords(live, draft, rulebook, business)
whys.of(row)    # Text("Sales within 365 days 4,995.00 CNY; cut 4,000 → 5,000; Monetary 5 → 4", ...)

Only the first policy that gives the customer something else is asked: what follows from it follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from engine.columns import Column
from engine.naming import Naming
from engine.policy import Policy, Text
from engine.rulebook import Rulebook
from engine.run import Outcome, PolicyOutcome
from engine.values import value_at
from engine.wording import Words, reason_text

MOST = 2
"""Cuts that are named of one customer."""

NEVER = 1e300
"""An edge at or beyond which nobody stands; it is not a number that people wrote."""


class MoverWords:
    """Says why rows of two outcomes over the same facts differ.

    rulebook: the draft's, whose titles are said. hides: which features must not be told; None is none.
    """

    def __init__(
        self,
        live: Outcome,
        draft: Outcome,
        rulebook: Rulebook,
        currency: str,
        minor_digits: int,
        hides: Callable[[str], bool] | None = None,
    ) -> None:
        self._live, self._draft, self._rulebook = live, draft, rulebook
        self._hides = hides or (lambda name: False)
        naming = Naming(rulebook)
        self._words = tuple(Words(language, currency, minor_digits, naming) for language in ("en", "zh"))
        self._bounds: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}

    def of(self, row: int) -> Text:
        """Why one row differs; an empty text where nothing does."""
        for key, now in self._draft.policies.items():
            was = self._live.policies.get(key)
            if was is None or not was.sound or not now.sound or was is now or not self._differs(was, now, row):
                continue
            parts = [*self._withheld(was, now, row), *self._cuts(key, was, now, row), *self._scores(was, now, row)]
            if not parts:
                parts = [*self._rules(was, now, row)]
            title = self._rulebook.entry(key).title
            parts = parts or [Text(f"{title.en} decides otherwise", f"{title.zh}判定不同")]
            return Text("; ".join(part.en for part in parts), "；".join(part.zh for part in parts))
        return Text("", "")

    def _differs(self, was: PolicyOutcome, now: PolicyOutcome, row: int) -> bool:
        return any(name not in was.columns or not _same(was.columns[name], now.columns[name], row) for name in now.columns)

    def _withheld(self, was: PolicyOutcome, now: PolicyOutcome, row: int) -> Iterator[Text]:
        """The reason for which there is no value any more."""
        if was.reason is None or now.reason is None or now.reason[row] < 0 or was.reason[row] >= 0:
            return
        yield reason_text(self._draft.reasons[now.reason[row]], self._draft.reasons, self._rulebook)

    def _cuts(self, key: str, was: PolicyOutcome, now: PolicyOutcome, row: int) -> Iterator[Text]:
        """The thresholds that passed the customer: what it has, and how the cut moved."""
        if key not in self._bounds:
            self._bounds[key] = _bounds(was), _bounds(now)
        before, after = self._bounds[key]
        told = 0
        for name, edges in after.items():
            value = self._value(name, row)
            if name not in before or not isinstance(value, int | float) or told == MOST or self._hides(name):
                continue
            old, new = sorted(before[name]), sorted(edges)
            if sum(edge < value for edge in old) == sum(edge < value for edge in new):
                continue
            told += 1
            yield self._cut(name, value, old, new)

    def _cut(self, name: str, value: float, old: list[float], new: list[float]) -> Text:
        en, zh = (f"{words.title(name)} {words.shown(name, value)}" for words in self._words)
        if len(old) == len(new):
            passed = next(((cut, other) for cut, other in zip(old, new, strict=True) if (cut < value) != (other < value)), None)
            if passed is not None and max(passed) < NEVER:
                cuts = [" → ".join(words.shown(name, edge, unit=False) for edge in passed) for words in self._words]
                return Text(f"{en}, cut {cuts[0]}", f"{zh}，分界 {cuts[1]}")
        return Text(en, zh)

    def _scores(self, was: PolicyOutcome, now: PolicyOutcome, row: int) -> Iterator[Text]:
        """The first score that changed."""
        for output in now.step.outputs:
            if output.kind != "score" or output.name not in was.columns:
                continue
            before, after = was.columns[output.name], now.columns[output.name]
            if _same(before, after, row):
                continue
            title = output.title or Text(output.name, output.name)
            en, zh = (f"{words.value(_plain(before, row))} → {words.value(_plain(after, row))}" for words in self._words)
            yield Text(f"{title.en} {en}", f"{title.zh} {zh}")
            return

    def _rules(self, was: PolicyOutcome, now: PolicyOutcome, row: int) -> Iterator[Text]:
        if was.rule is None or now.rule is None or was.rule[row] == now.rule[row]:
            return
        before, after = int(was.rule[row]) + 1, int(now.rule[row]) + 1
        if after < 1:
            yield Text(f"rule {before} no longer applies, no other does", f"规则 {before} 不再适用，无其他规则")
        elif before < 1:
            yield Text(f"rule {after} applies now", f"现适用规则 {after}")
        else:
            yield Text(f"rule {after} decides, not rule {before}", f"由规则 {before} 改为规则 {after}")

    def _value(self, name: str, row: int) -> Any:
        """What the draft reads of the customer under a name: a feature, a former outcome, an output of another policy."""
        facts = self._draft.facts
        column = facts.columns.get(name, facts.previous.get(name))
        if column is None:
            key, _, output = name.partition(".")
            policy = self._draft.policies.get(key)
            column = policy.columns.get(output) if policy else None
        return None if column is None else value_at(column, row)


def _bounds(policy: PolicyOutcome) -> Mapping[str, Any]:
    entry = policy.step.entry.policy
    if type(entry).bounds is Policy.bounds:
        return {}
    try:
        return entry.bounds(policy.state)
    except Exception:  # a plugin is foreign code; a reason without its cuts is still one
        return {}


def _plain(column: Column, row: int) -> Any:
    value = value_at(column, row)
    return round(value, 4) if isinstance(value, float) else value


def _same(was: Column, now: Column, row: int) -> bool:
    one, other = value_at(was, row), value_at(now, row)
    return bool(one == other) or (one is None and other is None)


__all__ = ["MoverWords"]
