"""A named other outcome: the smallest single change that gives it, else the smallest pair; else why nothing does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.catalogue import Feature
from engine.errors import FeatureError, did_you_mean
from engine.nearest import Population, Search, Trial, best_of
from engine.pairs import nearest_pair
from engine.plan import Plan, Step
from engine.policy import Output, State
from engine.run import Facts

NAMEABLE = ("label", "flag", "set")
"""Kinds of outputs whose outcomes have names."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One or two features changed, all else equal, and what this gives."""

    features: tuple[str, ...]
    was: tuple[Any, ...]
    now: tuple[Any, ...]
    distance: float


@dataclass(frozen=True, slots=True)
class Reached:
    """What a named outcome takes.

    status: "is" (the customer has it), "change" (the proposal gives it), "forbidden" (only the proposal would, and it
    moves what nobody can move), "never" (no change of one or two values gives it).
    """

    status: Literal["is", "change", "forbidden", "never"]
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Goal:
    """An outcome as somebody named it: the output, its key, and the code that a trial gives it."""

    output: Output
    key: str
    code: int

    @property
    def member(self) -> str:
        """Of a set, the label whose membership is asked for."""
        return self.key if self.output.kind == "set" else ""


def goal_of(step: Step, named: str) -> Goal:
    """Read "A", "Class A", "class=A" or "no". Raises `FeatureError` naming what there is.

    Without an output's name, the first output that has such an outcome is meant; keys, titles in either language and
    any letter case are understood.
    """
    wanted, outputs = named.strip(), [output for output in step.outputs if output.kind in NAMEABLE]
    before, equals, after = wanted.partition("=")
    if equals and any(output.name == before.strip() for output in outputs):
        outputs, wanted = [output for output in outputs if output.name == before.strip()], after.strip()
    for output in outputs:
        for code, names in enumerate(_names(output)):
            if wanted.casefold() in {name.casefold() for name in names}:
                return Goal(output, names[0], 1 if output.kind == "set" else code)
    if not outputs:
        raise FeatureError(f"policy {step.entry.key} gives no label and no flag, so no outcome of it can be named")
    keys = [names[0] for output in outputs for names in _names(output)]
    hint = did_you_mean(wanted, [name for output in outputs for names in _names(output) for name in names])
    listed = ", ".join(keys[:20]) + (", …" if len(keys) > 20 else "")
    raise FeatureError(f"policy {step.entry.key} has no outcome {wanted[:60]!r}; {hint or f'its outcomes are {listed}'}")


def _names(output: Output) -> list[tuple[str, ...]]:
    """Per code every name of an outcome, its key first."""
    if output.kind == "flag":
        return [("false", "no", "否"), ("true", "yes", "是")]
    return [(label.key, label.title.en, label.title.zh) for label in output.labels]


def reach(
    chain: Plan,
    facts: Facts,
    states: Mapping[str, State | None],
    address: str,
    goal: Goal,
    features: Mapping[str, Feature],
    population: Population,
) -> Reached:
    """What it would take to give the customer this outcome. chain: the plan up to the policy of `address`."""
    trial = Trial(chain, facts, states, address, goal.member)
    if trial.here == goal.code:
        return Reached("is")
    allowed = _proposal(Search.of(trial, features, population), goal.code)
    if allowed is not None:
        return Reached("change", allowed)
    if facts.not_graded is not None:
        return Reached("never")
    free = _proposal(Search.of(trial, features, population, free=True), goal.code)
    return Reached("forbidden", free) if free is not None else Reached("never")


def _proposal(search: Search, goal: int) -> Proposal | None:
    single = best_of([found for found in search.singles(search.trial.here) if found[0] == goal]).get(goal)
    if single is not None:
        return Proposal((single.feature,), (single.was,), (single.now,), single.distance)
    pair = nearest_pair(search, goal)
    return None if pair is None else Proposal(pair.features, pair.was, pair.now, pair.distance)
