"""Find the cut for a wanted count over the store: each candidate is a draft, evaluated over every customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columns import Array, Codes
from engine.errors import RulebookError, RunError, did_you_mean
from engine.places import Place, find_place, with_value
from engine.policy import Text
from engine.progress import Tell, silent
from engine.rulebook import Rulebook
from engine.run import Outcome
from engine.simulate import FLAG_KEYS
from engine.simulation import Previewer, Simulation
from engine.wanted import Method, Search, plain_number, roundest, roundings, search

SHARES = 1_000_000
"""Into how many steps a share between 0 and 1 is divided."""

HIGHEST = 10**9
"""How far a number without a column to compare with is searched."""

Check = Callable[[Mapping[str, Any]], Rulebook]


@dataclass(frozen=True, slots=True)
class WantedCut:
    """The value of a parameter that comes nearest to a wanted count.

    value: what to write at the place; None when no value keeps within the wanted count. count: what it gives. below,
    above: the nearest counts that are possible on both sides, with a value for each; None where there is none.
    simulation: what else moves with `value`, against the live rulebook.
    """

    place: str
    was: float
    was_count: int
    address: str
    label: str
    wanted: int
    value: float | None
    count: int | None
    below: tuple[float, int] | None
    above: tuple[float, int] | None
    method: Method
    tried: int
    exact: bool
    document: Mapping[str, Any] | None
    simulation: Simulation | None

    @property
    def finding(self) -> Text:
        """The answer as a sentence."""
        if self.value is None:
            assert self.above is not None
            return Text(
                f"No value of {self.place} keeps {self.label} within {self.wanted:,}; the fewest possible are {self.above[1]:,}",
                f"{self.place} 取任何值都无法使 {self.label} 不超过 {self.wanted:,} 位；最少为 {self.above[1]:,} 位",
            )
        value = f"{plain_number(self.value):,}"
        if self.exact:
            return Text(
                f"{self.place} = {value} gives exactly {self.wanted:,} {self.label}",
                f"{self.place} 取 {value} 时，{self.label} 恰为 {self.wanted:,} 位",
            )
        sides = [hit[1] for hit in (self.below, self.above) if hit is not None]
        en, zh = " or ".join(f"{n:,}" for n in sides), " 或 ".join(f"{n:,}" for n in sides)
        return Text(
            f"Exactly {self.wanted:,} {self.label} is not possible, only {en}; {self.place} = {value} gives {self.count:,}",
            f"{self.label} 无法恰为 {self.wanted:,} 位，只能是 {zh} 位；{self.place} 取 {value} 时为 {self.count:,} 位",
        )

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain objects."""
        return {
            "place": self.place,
            "was": plain_number(self.was),
            "was_count": self.was_count,
            "address": self.address,
            "label": self.label,
            "wanted": self.wanted,
            "value": None if self.value is None else plain_number(self.value),
            "count": self.count,
            "below": list(self.below) if self.below else None,
            "above": list(self.above) if self.above else None,
            "method": self.method,
            "tried": self.tried,
            "exact": self.exact,
            "simulation": self.simulation.as_dict() if self.simulation else None,
        }


@dataclass(slots=True)
class _Trial:
    """Evaluates the document with other numbers at the place."""

    previewer: Previewer
    check: Check
    document: Mapping[str, Any]
    place: Place
    address: str
    label: str
    tell: Tell
    tried: int = 0

    def book(self, value: float) -> Rulebook | None:
        """The draft; None where it is no valid rulebook."""
        try:
            return self.check(with_value(self.document, self.place, value))
        except RulebookError:
            return None

    def count(self, value: float) -> int:
        """How many get the label."""
        self.tell("wanted", self.tried, None)
        self.tried += 1
        book = self.book(value)
        if book is None:
            raise RunError(f"{self.place.written} cannot be {plain_number(value)}, though values on both sides of it can")
        outcome, _ = self.previewer.evaluate(book, only=self.address.partition(".")[0])
        return count_of(outcome, self.address, self.label)


def count_of(outcome: Outcome, address: str, label: str) -> int:
    """How many customers have a label. Raises `RunError` when the policy failed."""
    policy = outcome.policies[address.partition(".")[0]]
    if not policy.sound:
        raise RunError(f"{address} cannot be counted: {policy.fault or policy.stale_because + ' failed'}")
    column = outcome.column(address)
    codes, keys = (column.codes, column.values) if isinstance(column, Codes) else (column, FLAG_KEYS)
    return int((codes == keys.index(label)).sum())


def find_cut(
    previewer: Previewer,
    check: Check,
    draft: Rulebook,
    place: str,
    address: str,
    label: str,
    wanted: int,
    *,
    beyond: bool = False,
    tell: Tell = silent,
) -> WantedCut:
    """Find the number at a place of a draft with which a label has the wanted count. beyond: whether it may have more.

    tell: is called before each number that is tried.

    Raises `RulebookError` for a place that leads nowhere, `RunError` for an unknown label or a count that is none.
    """
    if wanted < 0:
        raise RunError(f"a count of {wanted} is not possible; expected 0 or more")
    found = find_place(draft.document, place)
    _known(draft, address, label, found)
    trial = _Trial(previewer, check, draft.document, found, address, label, tell)
    values = _valid(trial, _candidates(trial, draft), found.value)
    start = int(np.searchsorted(values, found.value).clip(max=len(values) - 1))
    answer = search(lambda at: trial.count(float(values[at])), len(values), wanted, start=start)
    best = answer.best(beyond=beyond)
    value = _rounded(trial, float(values[best.at]), best.count) if best else None
    book = trial.book(value) if value is not None else None
    below, above = (None if hit is None else (float(values[hit.at]), hit.count) for hit in (answer.below, answer.above))
    return WantedCut(
        place=found.written,
        was=found.value,
        was_count=trial.count(found.value),
        address=address,
        label=label,
        wanted=wanted,
        value=value,
        count=best.count if best else None,
        below=below,
        above=above,
        method=answer.method,
        tried=answer.tried,
        exact=answer.exact,
        document=book.document if book else None,
        simulation=previewer.preview(book) if book else None,
    )


def _known(draft: Rulebook, address: str, label: str, place: Place) -> None:
    outputs = {f"{step.entry.key}.{o.name}": o for step in draft.plan.steps for o in step.outputs if o.kind in ("label", "flag")}
    if address not in outputs:
        raise RunError(f"there is no label {address!r}; {did_you_mean(address, outputs) or 'there are ' + ', '.join(outputs)}")
    keys = FLAG_KEYS if outputs[address].kind == "flag" else outputs[address].keys
    if label not in keys:
        raise RunError(f"{address} has no label {label!r}; {did_you_mean(label, keys) or 'it has ' + ', '.join(keys)}")
    mine = address.partition(".")[0]
    if place.policy and place.policy in draft.plan.dependents and mine not in {place.policy, *draft.plan.dependents[place.policy]}:
        raise RunError(f"{place.written} does not touch {address}: {mine} does not need {place.policy}")


def _candidates(trial: _Trial, draft: Rulebook) -> Array:
    """The numbers to try, ascending: where the document says what is compared, all values that customers have."""
    place = trial.place
    column = place.feature or _bound(trial, draft)
    known = _column(trial, column) if column else None
    if known is not None and len(known):
        least, most = float(known[0]), float(known[-1])
        return np.unique(np.concatenate([[least - 1], known, [most + 1, place.value]]))
    if 0 < place.value < 1:
        steps: Array = np.arange(1, SHARES) / SHARES
        return np.unique(np.append(steps, place.value))
    if place.value.is_integer():
        return np.arange(0, max(10_000, int(place.value) * 100) + 1, dtype=np.float64)
    return np.unique(np.append(np.concatenate([np.arange(0, 10_000) / 100, np.geomspace(100, HIGHEST, 100_000)]), place.value))


def _bound(trial: _Trial, draft: Rulebook) -> str | None:
    """The input that the policy compares with exactly this number, if it says so."""
    entry = next((entry for entry in draft.entries if entry.key == trial.place.policy), None)
    if entry is None:
        return None
    policy = trial.previewer.outcome.policies.get(entry.key)
    try:
        bounds = entry.policy.bounds(policy.state if policy is not None else None)
    except Exception:  # a plugin is foreign code: without its bounds more values are tried
        return None
    found = [name for name, values in bounds.items() if trial.place.value in [value for value in values if isinstance(value, int | float)]]
    return found[0] if len(found) == 1 else None


def _column(trial: _Trial, name: str) -> Array | None:
    """The distinct values of a feature or score, ascending."""
    outcome = trial.previewer.outcome
    column = outcome.facts.columns.get(name)
    if column is None:
        key, _, output = name.partition(".")
        policy = outcome.policies.get(key)
        column = policy.columns.get(output) if policy is not None else None
    if column is None or isinstance(column, Codes) or column.dtype.kind not in "fiu":
        return None
    values = np.unique(column)
    numbers: Array = values[~np.isnan(values)] if values.dtype.kind == "f" else values.astype(np.float64)
    return numbers


def _valid(trial: _Trial, values: Array, now: float) -> Array:
    """The run of candidates around the present value that make a valid rulebook: a cut stays between its neighbours."""
    start = int(np.searchsorted(values, now).clip(max=len(values) - 1))
    if trial.book(float(values[start])) is None:
        raise RunError(f"{trial.place.written} cannot be {plain_number(float(values[start]))}")
    low = start - _reach(lambda steps: trial.book(float(values[start - steps])) is not None, start)
    high = start + _reach(lambda steps: trial.book(float(values[start + steps])) is not None, len(values) - 1 - start)
    return values[low : high + 1]


def _reach(fits: Callable[[int], bool], most: int) -> int:
    """How many steps one can go, found by bisection; what does not fit does not fit further on."""
    if most <= 0 or fits(most):
        return max(most, 0)
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _rounded(trial: _Trial, value: float, count: int) -> float:
    """The roundest number that gives the same count."""
    return roundest(roundings(value), lambda number: trial.book(number) is not None and trial.count(number) == count)


__all__ = ["Search", "WantedCut", "count_of", "find_cut"]
