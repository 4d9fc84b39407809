"""What rules may read and give, as the editors of tables and conditions are told: features, outputs, labels, limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from admin.pipeline import SOURCES
from admin.rulebook_words import UNITS

KINDS = {"count": "number", "number": "number", "amount": "number", "days": "number", "text": "text", "flag": "flag", "date": "date"}
OUTPUT_KINDS = {"label": "text", "flag": "flag", "score": "number", "amount": "number", "date": "date"}

Plain = dict[str, Any]


def rule_inputs(features: Iterable[Any], others: Sequence[tuple[str, Any, Any]]) -> list[Plain]:
    """Everything that a rule may read. others: (key, title, policy) of the other policies of the rulebook."""
    found = [_feature(each) for each in features if each.dtype in KINDS]
    for key, title, policy in others:
        found += [_output(f"{key}.{output.name}", output, _both(title)) for output in policy.outputs() if output.kind in OUTPUT_KINDS]
    return found


def rules_of(policy: Any, title: Any) -> tuple[dict[str, list[Plain]], dict[str, Plain]]:
    """Labels by output of a policy, and what each of its rule sets is limited to, by the parameter that holds it."""
    outputs = {output.name: output for output in policy.outputs()}
    labels = {
        name: _labels(output.labels) for name, output in outputs.items() if output.kind in ("label", "set") and len(output.labels) <= 40
    }
    rules: dict[str, Plain] = {}
    for each in policy.rule_sets():
        names = tuple(each.inputs)
        if names and all(name in outputs for name in names):
            inputs = [_output(name, output, _both(title)) for name, output in outputs.items() if output.kind == "score"]
            document = getattr(getattr(each, "table", None), "document", None)
            given = (
                [one["name"] if isinstance(one, Mapping) else str(one) for one in document["outputs"]]
                if isinstance(document, Mapping)
                else []
            )
            rules[each.place] = {"limits": {"inputs": inputs, "outputs": given, "hit_policies": ["first"]}}
            if isinstance(document, Mapping):
                rules[each.place]["start"] = dict(document)
    return labels, rules


def _feature(each: Any) -> Plain:
    return {
        "name": each.name,
        "title": _both(each.title),
        "group": _pair(SOURCES.get(each.source), each.source),
        "kind": KINDS[each.dtype],
        "unit": each.unit,
        "unit_title": _unit(each.unit),
        "values": [{"key": value, "title": None, "step": None} for value in each.values] or None,
        "ordered": False,
        "nullable": each.nullable,
        "minimum": each.minimum if KINDS[each.dtype] == "number" else None,
        "maximum": None,
        "step": each.step if KINDS[each.dtype] == "number" else None,
    }


def _output(name: str, output: Any, group: Plain) -> Plain:
    return {
        "name": name,
        "title": _both(output.title) if output.title is not None else {"en": output.name, "zh": output.name},
        "group": group,
        "kind": OUTPUT_KINDS[output.kind],
        "unit": "money" if output.kind == "amount" else output.unit,
        "unit_title": _unit(output.unit),
        "values": _labels(output.labels) or None,
        "ordered": output.kind == "label",
        "nullable": "." in name,
        "minimum": output.minimum,
        "maximum": output.maximum,
        "step": 10.0**-output.decimals if output.kind in ("score", "amount") else None,
    }


def _labels(labels: Sequence[Any]) -> list[Plain]:
    count = max(1, len(labels) - 1)
    return [{"key": each.key, "title": _both(each.title), "step": each.step or 1 + round(7 * at / count)} for at, each in enumerate(labels)]


def _both(text: Any) -> Plain:
    return {"en": text.en, "zh": text.zh}


def _pair(known: tuple[str, str] | None, name: str) -> Plain:
    return {"en": known[0], "zh": known[1]} if known else {"en": name, "zh": name}


def _unit(name: str) -> Plain | None:
    return {"en": UNITS[name][0], "zh": UNITS[name][1]} if name in UNITS and UNITS[name][0] else None
