"""What each kind of policy is, from the plugin itself: purpose, parameters, what it reads and gives with its defaults."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

from engine.parameters import Parameter, parameters_of
from engine.policy import Label, Policy, Text
from engine.registry import Registry
from engine.summaries import labels_of, step_of


@dataclass(frozen=True, slots=True)
class PolicyType:
    """One kind of policy. purpose: the start of its docstring, in English. inputs and outputs are those of its defaults; empty where it has required parameters."""

    name: str
    title: Text
    purpose: str
    family: str
    version: int
    plugin: str
    source_hash: str
    parameters: Sequence[Parameter]
    inputs: Sequence[str]
    outputs: Sequence[tuple[str, str, Sequence[Label]]]


def policy_types(registry: Registry) -> list[PolicyType]:
    """Every kind of policy that is installed, by name."""
    return [_type(name, policy, registry) for name, policy in sorted(registry.policies.items())]


def _type(name: str, policy: type[Policy], registry: Registry) -> PolicyType:
    inputs: Sequence[str] = ()
    outputs: list[tuple[str, str, Sequence[Label]]] = []
    try:
        made = policy({})
        inputs = tuple(made.inputs())
        for output in made.outputs():
            labels = labels_of(output) if output.kind in ("label", "flag") else ()
            shown = [Label(label.key, label.title, step_of(label, at, len(labels))) for at, label in enumerate(labels)]
            outputs.append((output.name, output.kind, shown))
    except Exception:
        inputs, outputs = (), []  # a plugin's own code: without its required parameters it may do anything
    text = inspect.getdoc(policy) or inspect.getdoc(inspect.getmodule(policy)) or ""
    return PolicyType(
        name=name,
        title=policy.title,
        purpose=text.split("\n\n")[0].replace("\n", " ").replace("`", "").rstrip("."),
        family=policy.family,
        version=policy.version,
        plugin=registry.provider(name).name,
        source_hash=registry.source_hash(name),
        parameters=parameters_of(policy),
        inputs=inputs,
        outputs=outputs,
    )
