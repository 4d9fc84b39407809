"""What the rules of one policy may read: features, outputs of other policies, what was before; as an editor offers them.

It serves documents that are being written, so a policy whose parameters are wrong offers nothing instead of failing.
Outputs of policies that read this one are left out: a rule over them would be a circle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.catalogue import Catalogue, Feature
from engine.kinds import ColumnKind
from engine.policy import Output, Policy, Text
from engine.wording import UNITS

if TYPE_CHECKING:
    from engine.registry import Registry

SOURCES = {
    "orders": Text("Orders", "订单"),
    "lines": Text("Order lines", "订单明细"),
    "contact": Text("Contact", "联系"),
    "profile": Text("Profile", "客户资料"),
    "custom": Text("Own fields", "自定义字段"),
}
BEFORE = Text("Before the run", "运行前的结果")


@dataclass(frozen=True, slots=True)
class RuleInput:
    """A column that rules may read. labels: of closed texts every value (key, title, colour step), best first; None when open.

    windows: the title of "name_<n>d" with {n} for the days, where the feature has windows.
    """

    name: str
    title: Text
    group: Text
    kind: ColumnKind
    unit: str = ""
    labels: tuple[tuple[str, Text | None, int | None], ...] | None = None
    windows: Text | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        kind, words = self.kind, UNITS.get(self.unit)
        return {
            "name": self.name,
            "title": _both(self.title),
            "group": _both(self.group),
            "kind": kind.kind,
            "unit": self.unit,
            "unit_title": _both(words),
            "values": None
            if self.labels is None
            else [{"key": key, "title": _both(title), "step": step} for key, title, step in self.labels],
            "ordered": kind.kind in ("number", "date") or (kind.values is not None and kind.ordered),
            "nullable": kind.nullable,
            "minimum": kind.minimum,
            "maximum": kind.maximum,
            "step": kind.step,
            "windows": _both(self.windows),
        }


def rule_inputs(document: Any, policy: str, catalogue: Catalogue, registry: Registry) -> list[RuleInput]:
    """Everything that the rules of a policy of a document may read, features first."""
    made = {entry["key"]: (entry["title"], entry["policy"]) for entry in _policies(document, registry)}
    below = _reading(policy, {key: instance for key, (_, instance) in made.items()})
    found = [_feature(feature, catalogue) for feature in catalogue.list()]
    for key, (title, instance) in made.items():
        if key != policy and key not in below:
            found += _outputs(key, title, instance)
    for key, (title, instance) in made.items():
        for each in _outputs(key, title, instance):
            before = Text(f"former {each.title.en}", f"此前的{each.title.zh}")
            found.append(replace(each, name=f"previous.{each.name}", title=before, group=BEFORE))
    return found


def labels_of(document: Any, policy: str, registry: Registry) -> dict[str, list[dict[str, Any]]]:
    """The labels of a policy's own outputs, by the name of the output; nothing where its parameters are wrong."""
    made = next((entry["policy"] for entry in _policies(document, registry) if entry["key"] == policy), None)
    if made is None:
        return {}
    return {
        output.name: [{"key": key, "title": _both(title), "step": step} for key, title, step in _labels(output)]
        for output in made.outputs()
        if output.labels
    }


def _policies(document: Any, registry: Registry) -> Iterator[dict[str, Any]]:
    """Key, title and instance of every policy whose parameters are right."""
    entries = document.get("policies") if isinstance(document, Mapping) else None
    for entry in entries if isinstance(entries, list) else ():
        kind = registry.policies.get(str(entry.get("type"))) if isinstance(entry, Mapping) else None
        if kind is None or entry.get("enabled") is False:
            continue
        try:
            instance = kind(entry.get("params") or {})
            instance.outputs(), instance.inputs()
        except Exception:  # wrong parameters, or a plugin's own fault: the check of the rulebook says which
            continue
        yield {"key": str(entry.get("key", entry["type"])), "title": _title(entry.get("title"), kind.title), "policy": instance}


def _title(given: Any, otherwise: Text) -> Text:
    if isinstance(given, str) and given.strip():
        return Text(given, given)
    if isinstance(given, Mapping) and all(isinstance(given.get(language), str) for language in ("en", "zh")):
        return Text(given["en"], given["zh"])
    return otherwise


def _reading(policy: str, made: Mapping[str, Policy]) -> set[str]:
    """The policies that read this one, directly or through others."""
    reads = {key: {name.rstrip("?").partition(".")[0] for name in instance.inputs()} for key, instance in made.items()}
    found: set[str] = set()
    waiting = [policy]
    while waiting:
        target = waiting.pop()
        more = {key for key, names in reads.items() if target in names} - found
        found |= more
        waiting += more
    return found


def _feature(feature: Feature, catalogue: Catalogue) -> RuleInput:
    source = feature.name.partition(".")[0]
    windows = None
    if feature.windowable:
        title = catalogue.resolve(f"{feature.name}_30d").title
        windows = Text(title.en.replace("30", "{n}"), title.zh.replace("30", "{n}"))
    labels = tuple((value, None, None) for value in feature.values) if feature.dtype == "text" and feature.values else None
    group = SOURCES.get(source, Text(source, source))
    return RuleInput(feature.name, feature.title, group, ColumnKind.of_feature(feature), feature.unit, labels, windows)


def _outputs(key: str, title: Text, instance: Policy) -> Iterator[RuleInput]:
    for output in instance.outputs():
        kind = ColumnKind.of_output(output)
        if kind is not None:
            own = output.title or Text(output.name, output.name)
            labels = tuple(_labels(output)) if output.kind == "label" else None
            unit = "money" if output.kind == "amount" else output.unit
            yield RuleInput(f"{key}.{output.name}", own, title, kind, unit, labels)


def _labels(output: Output) -> Iterator[tuple[str, Text, int | None]]:
    """Labels with their colour step; those without one are spread evenly, as everywhere."""
    count = len(output.labels)
    for at, label in enumerate(output.labels):
        yield label.key, label.title, label.step or 1 + round(7 * at / max(1, count - 1))


def _both(text: Text | None) -> dict[str, str] | None:
    return None if text is None else {"en": text.en, "zh": text.zh}
