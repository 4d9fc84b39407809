"""What rules of a policy give, and what its tables are limited to, as the editors are told; what they may read is `engine.rules.inputs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from admin.rulebook_words import UNITS

OUTPUT_KINDS = {"label": "text", "flag": "flag", "score": "number", "amount": "number", "date": "date"}

Plain = dict[str, Any]


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
            known = {*names, *_usual_inputs(policy, each.place)}
            inputs = [_output(name, output, _both(title)) for name, output in outputs.items() if name in known]
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


def _usual_inputs(policy: Any, place: str) -> tuple[str, ...]:
    """What the rules of a new policy of the same type read: a table that reads less may read it again."""
    try:
        usual = type(policy)({})
    except Exception:  # a type that needs parameters
        return ()
    return next((tuple(each.inputs) for each in usual.rule_sets() if each.place == place), ())


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


def _unit(name: str) -> Plain | None:
    return {"en": UNITS[name][0], "zh": UNITS[name][1]} if name in UNITS and UNITS[name][0] else None
