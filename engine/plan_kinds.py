"""What every column of a plan holds, and the rules that do not fit: text compared with a number, a label nobody gives.

Types are strict, so such a rule is a fault of the rulebook, found before anything runs; otherwise it would be a fault of
the policy in every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.catalogue import Catalogue
from engine.damping import CODE, margin_fault
from engine.errors import Fault
from engine.kinds import ColumnKind
from engine.policy import Output
from engine.rule_sets import condition_faults

if TYPE_CHECKING:
    from engine.plan import Step


def kinds_of(step: Step, outputs: Mapping[str, Output], catalogue: Catalogue) -> dict[str, ColumnKind]:
    """The kinds of what a step reads, sets and unknown names left out, and of its own outputs under their bare names.

    outputs: every output of the rulebook by its address. Own outputs are never missing: a rule over them is asked where
    they have a value.
    """
    kinds = {name: _kind(name, outputs, catalogue) for name in step.reads}
    own = {output.name: ColumnKind.of_output(output) for output in step.outputs}
    kinds |= {name: None if kind is None else replace(kind, nullable=False) for name, kind in own.items()}
    return {name: kind for name, kind in kinds.items() if kind is not None}


def _kind(name: str, outputs: Mapping[str, Output], catalogue: Catalogue) -> ColumnKind | None:
    output = outputs.get(name.removeprefix("previous."))
    if output is not None:
        return ColumnKind.of_output(output)
    if name.startswith("previous."):
        return ColumnKind("date")  # what is no output is a "since"
    return ColumnKind.of_feature(catalogue.resolve(name)) if name in catalogue else None


def rule_faults(step: Step, outputs: Mapping[str, Output], catalogue: Catalogue) -> Sequence[Fault]:
    """The rules of a step, and its population, that do not fit their columns; places begin with "params." or "for".

    A step that reads a name nobody knows is not looked at: that name is a fault of its own.
    """
    sets = list(_set_faults(step, outputs))
    if sets:
        return sets
    kinds = kinds_of(step, outputs, catalogue)
    if not all(name in kinds or name.removeprefix("previous.") in outputs for name in step.reads):
        return []
    population = step.entry.population
    return [
        *(condition_faults(population, kinds, "for") if population is not None else []),
        *_policy_faults(step, kinds),
        *_margin_faults(step, kinds),
    ]


def _margin_faults(step: Step, kinds: Mapping[str, ColumnKind]) -> Iterator[Fault]:
    """Margins of a damping whose measure is no number that the policy decides by."""
    inputs = {given.name: str(kinds[given.name].kind) for given in step.inputs if given.name in kinds}
    for output, damping in step.entry.damping.items():
        for direction, margin in damping.margins:
            wrong = margin_fault(margin.of, inputs, step.entry.policy.graded_by)
            if wrong:
                yield Fault(CODE, f"damping.{output}.{direction}.margin.of", *wrong)


def _set_faults(step: Step, outputs: Mapping[str, Output]) -> Iterator[Fault]:
    """Rules that compare a set of labels."""
    places = {name: f"params.{rules.place}" for rules in step.entry.policy.rule_sets() for name in rules.inputs}
    for name, place in {**places, **dict.fromkeys(step.population, "for")}.items():
        output = outputs.get(name.removeprefix("previous."))
        if output is not None and output.kind == "set":
            yield Fault("TW020", place, f"{name} is a set of labels, which no rule compares", "a label, a number, a date or a flag")


def _policy_faults(step: Step, kinds: Mapping[str, ColumnKind]) -> Sequence[Fault]:
    try:
        faults = step.entry.policy.check(kinds)
        return [Fault(fault.code, f"params.{fault.place}", fault.found, fault.expected) for fault in faults]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin is foreign code
        words = f"the plugin could not check them: {type(error).__name__}: {error}"
        return [Fault("TW007", "params", words, "tierwise plugins check finds out why")]
