"""The order of the policies, and everything they need: read from what each names as its inputs.

Inputs and outputs name each other, so nobody writes an order down. All faults are found at once: unknown names with
the nearest one, disabled or missing policies, cycles with their path.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from engine.catalogue import Catalogue
from engine.errors import FeatureError, did_you_mean
from engine.plan_kinds import rule_faults
from engine.policy import Output, Policy

if TYPE_CHECKING:
    from engine.rulebook import PolicyEntry

FaultSink = Callable[[str, str, str, str], None]


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a policy: its name without the mark, and whether it may be missing."""

    name: str
    optional: bool

    @classmethod
    def parse(cls, written: str) -> Input:
        """Read "orders.count" or "orders.count?"; what was before this run may always be missing."""
        optional = written.endswith("?") or written.startswith("previous.")
        return cls(written.rstrip("?"), optional)


@dataclass(frozen=True, slots=True)
class Step:
    """One policy of a plan, with its inputs and with what its population reads."""

    entry: PolicyEntry
    inputs: tuple[Input, ...]
    population: tuple[str, ...]
    outputs: tuple[Output, ...]

    @property
    def reads(self) -> tuple[str, ...]:
        """Every name that must be there before this step."""
        return (*(given.name for given in self.inputs), *self.population)


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in order; the features and the former outcomes that they read; who depends on whom."""

    steps: tuple[Step, ...]
    features: tuple[str, ...]
    previous: tuple[str, ...]
    dependents: Mapping[str, frozenset[str]]

    def step(self, key: str) -> Step:
        """The step of a policy."""
        return next(step for step in self.steps if step.entry.key == key)

    def chain(self, key: str) -> Plan:
        """The part of the plan that leads to one policy: it, and all that it needs."""
        steps = tuple(step for step in self.steps if step.entry.key == key or key in self.dependents[step.entry.key])
        reads = {name for step in steps for name in step.reads}
        features = tuple(name for name in self.features if name in reads)
        previous = tuple(name for name in self.previous if name in reads)
        keys = {step.entry.key for step in steps}
        return Plan(steps, features, previous, {each: self.dependents[each] & keys for each in keys})


def make_plan(entries: Iterable[PolicyEntry], catalogue: Catalogue, fault: FaultSink, faulty: Container[str] = ()) -> Plan | None:
    """Return the plan, or None after telling `fault` (code, place, found, expected) all that is wrong.

    faulty: keys of policies, and names of features, that are in the rulebook but wrong already: who needs them is not blamed.
    """
    entries = list(entries)
    steps = {entry.key: _step(entry) for entry in entries if entry.enabled}
    addresses = {f"{key}.{output.name}": key for key, step in steps.items() for output in step.outputs}
    disabled = {address: entry.key for entry in entries if not entry.enabled for address in entry.addresses}
    features: set[str] = set()
    previous: set[str] = set()
    needs: dict[str, set[str]] = {}
    sound = True
    for key, step in steps.items():
        needs[key] = set()
        for name in step.reads:
            if name in addresses:
                needs[key].add(addresses[name])
            elif name in faulty or name.removeprefix("previous.").partition(".")[0] in faulty:
                sound = False
            elif name.startswith("previous."):
                previous.add(name)
                sound &= _known_previous(name, addresses, key, fault)
            else:
                sound &= _known_feature(name, addresses, disabled, catalogue, key, fault)
                features.add(name)
    order = _order(needs, list(steps), fault)
    outputs = {f"{key}.{output.name}": output for key, step in steps.items() for output in step.outputs}
    for key, step in steps.items():
        for found in rule_faults(step, outputs, catalogue):
            fault(found.code, f"policy {key}.{found.place}", found.found, found.expected)
            sound = False
    if order is None or not sound:
        return None
    return Plan(tuple(steps[key] for key in order), tuple(sorted(features)), tuple(sorted(previous)), _dependents(needs, order))


def _step(entry: PolicyEntry) -> Step:
    inputs = tuple(Input.parse(written) for written in entry.policy.inputs())
    population = entry.population.inputs if entry.population else ()
    return Step(entry, inputs, population, entry.policy.outputs())


def _known_previous(name: str, addresses: Mapping[str, str], key: str, fault: FaultSink) -> bool:
    address = name.removeprefix("previous.")
    policy, _, output = address.partition(".")
    if address in addresses or (output == "since" and policy in addresses.values()):
        return True
    if output.endswith(".since") and address.removesuffix(".since") in addresses:
        return True
    hint = did_you_mean(address, addresses)
    fault("TW008", f"policy {key}", f"the input {name!r}, which no policy of this rulebook produces", hint)
    return False


def _known_feature(
    name: str, addresses: Mapping[str, str], disabled: Mapping[str, str], catalogue: Catalogue, key: str, fault: FaultSink
) -> bool:
    if name in disabled:
        fault("TW008", f"policy {key}", f"the input {name!r} of the disabled policy {disabled[name]!r}", "enable it, or take the input out")
        return False
    try:
        catalogue.resolve(name)
    except FeatureError as error:
        near = did_you_mean(name, addresses)
        fault("TW008", f"policy {key}", str(error), near)
        return False
    return True


def _order(needs: Mapping[str, set[str]], keys: list[str], fault: FaultSink) -> list[str] | None:
    """The order of need; among those that are ready, the order of the document."""
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        fault(
            "TW009",
            "policies",
            f"a cycle: {' needs '.join(reversed(error.args[1]))}",
            "a policy cannot need its own outcome; use previous.",
        )
        return None
    order: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=keys.index)
        first = ready.pop(0)
        order.append(first)
        sorter.done(first)
    return order


def _dependents(needs: Mapping[str, set[str]], order: list[str]) -> dict[str, frozenset[str]]:
    """For each policy, everything that reads it, directly or through others."""
    found: dict[str, set[str]] = {key: set() for key in order}
    for key in reversed(order):
        for needed in needs[key]:
            found[needed] |= {key} | found[key]
    return {key: frozenset(others) for key, others in found.items()}


def declaration_problem(policy: Policy) -> str:
    """Say what is wrong with the inputs and outputs that a policy declares; nothing when they are right."""
    inputs, outputs = policy.inputs(), policy.outputs()
    if isinstance(inputs, str) or not isinstance(inputs, tuple | list):
        return f"inputs() returns the {type(inputs).__name__} {inputs!r}; return a tuple, and mind the comma: ({inputs!r},)"
    for name in inputs:
        if not isinstance(name, str) or not Input.parse(name).name:
            return f"inputs() names {name!r}; expected feature names and addresses"
    if not isinstance(outputs, tuple | list) or not outputs or not all(isinstance(output, Output) for output in outputs):
        return f"outputs() returns {outputs!r}"[:200] + "; expected a tuple of at least one Output"
    names = [output.name for output in outputs]
    twice = next((name for name in names if names.count(name) > 1), None)
    return f"outputs() declares {twice!r} twice" if twice else ""
