"""What an explanation holds, as plain data; docs/reference/explanation.md says each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from engine.effective_words import EffectiveNote

Source = Literal["run", "today"]


@dataclass(frozen=True, slots=True)
class OutputValue:
    """One output of the policy. value: label key, bool, number, ISO date or list; None for none. text: in words.

    since: ISO moment of the run in which the value began, for outputs with history. computed: what the rules alone give,
    where something else is in force. effective: how the value came about, of a damped output or one fixed by hand.
    """

    address: str
    title: str
    kind: str
    value: Any
    text: str
    since: str | None = None
    computed: Any = None
    effective: EffectiveNote | None = None


@dataclass(frozen=True, slots=True)
class InputValue:
    """One input as it was read: its name, title, value, and the value in words with its unit.

    bounds: where the outcome may change, as the policy states them.
    """

    name: str
    title: str
    value: Any
    text: str
    bounds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """One feature at another value."""

    feature: str
    title: str
    was: Any
    now: Any
    was_text: str
    now_text: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The smallest change that gives another outcome, all else equal: of one feature, or of two. sentence: in words.

    distance: each change as a share of how widely its feature spreads over the customers, added up.
    """

    changes: tuple[FeatureChange, ...]
    output: str
    outcome: str
    outcome_title: str
    distance: float
    sentence: str

    @property
    def feature(self) -> str:
        """The first feature that changes."""
        return self.changes[0].feature

    @property
    def was(self) -> Any:
        """What it is."""
        return self.changes[0].was

    @property
    def now(self) -> Any:
        """What it would be."""
        return self.changes[0].now


@dataclass(frozen=True, slots=True)
class Reach:
    """What a named outcome takes.

    status: "is" (it is the outcome), "change" (`change` gives it), "forbidden" (only `change` would, and it moves what
    nobody can move), "never" (no change of one or two values gives it). sentence: the same in words.
    """

    output: str
    outcome: str
    outcome_title: str
    status: Literal["is", "change", "forbidden", "never"]
    change: WhatIf | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one customer has the outcome of one policy in one run.

    withheld: why there is none. reasons: in words, the policy's own or, where it has none, its thresholds. rule: the
    position of the rule that decided, from 1. source: "run" (the inputs as the run read them) or "today".
    population: whom the policy is for, as a tree of verdicts; None for everybody. verdicts: every rule that was looked
    at with its verdict. thresholds: what the policy learnt from all customers. notes: what a reader has to know, such
    as that facts or code are no longer those of the run. reach: of the outcome that was asked for.
    """

    policy: str
    type: str
    title: str
    run: int
    rulebook: int
    as_of: str
    source: Source
    outputs: tuple[OutputValue, ...]
    withheld: str | None
    inputs: tuple[InputValue, ...]
    reasons: tuple[str, ...]
    rule: int | None
    nearest: tuple[WhatIf, ...]
    population: Mapping[str, Any] | None = None
    verdicts: tuple[Mapping[str, Any], ...] = ()
    thresholds: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()
    reach: Reach | None = None
    status: str = "visible"
    customer: str = field(default="")

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)
