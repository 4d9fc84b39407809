"""Limits of a rulebook: how much one publication may move, and how small or large a label may become.

limits:
  - {output: rfm.segment, moved: 0.2}
  - {output: service.level, label: dedicated, capacity: 150}
  - {output: abc.class, label: A, min_share: 0.02, max_share: 0.2}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.policy import Output
from engine.rulebook_parts import FaultSink, Scope, kind_words, known_keys

SHARES = ("moved", "min_share", "max_share")
COUNTS = ("min_customers", "max_customers", "capacity")
_KEYS = ("output", "label", *SHARES, *COUNTS)


@dataclass(frozen=True, slots=True)
class Limit:
    """What one output, or one of its labels, may do when a rulebook is published.

    moved: share of the customers with a value, before or after, that may have another one. The others are about `label`:
    min_share, max_share of the customers with a value in this output; min_customers, max_customers; capacity, how many
    can be served.
    """

    output: str
    label: str = ""
    moved: float | None = None
    min_share: float | None = None
    max_share: float | None = None
    min_customers: int | None = None
    max_customers: int | None = None
    capacity: int | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The canonical form: what is limited, and nothing else."""
        found: dict[str, Any] = {"output": self.output}
        if self.label:
            found["label"] = self.label
        return found | {name: getattr(self, name) for name in (*SHARES, *COUNTS) if getattr(self, name) is not None}


def read_limits(given: Any, scope: Scope, fault: FaultSink) -> tuple[Limit, ...]:
    """The limits of a document; every fault is told to `fault`."""
    if not isinstance(given, list):
        fault("TW004", "limits", kind_words(given), "expected a list of limits")
        return ()
    found: list[Limit] = []
    seen: dict[tuple[str, str], int] = {}
    for at, document in enumerate(given):
        limit = _limit(document, f"limits[{at}]", scope, fault)
        if limit is None:
            continue
        about = (limit.output, limit.label)
        if about in seen:
            fault("TW024", f"limits[{at}]", f"a second limit for {' '.join(about).strip()}", f"put it into limits[{seen[about]}]")
        seen.setdefault(about, at)
        found.append(limit)
    return tuple(found)


def _limit(given: Any, place: str, scope: Scope, fault: FaultSink) -> Limit | None:
    if not isinstance(given, Mapping):
        fault("TW004", place, kind_words(given), f"expected an object with output and {', '.join(_KEYS[1:])}")
        return None
    known_keys(given, _KEYS, place, fault)
    output = scope.output(given.get("output"), f"{place}.output", fault, "TW024")
    label = _label(given.get("label"), f"{place}.label", output, fault)
    values: dict[str, Any] = {}
    for name in (*SHARES, *COUNTS):
        if given.get(name) is not None:
            values[name] = _number(given[name], name, f"{place}.{name}", fault)
    if not values:
        fault("TW024", place, "no limit", f"add one of {', '.join((*SHARES, *COUNTS))}")
    if output is not None:
        _belongs(values, label, output, place, fault)
    for low, high in (("min_share", "max_share"), ("min_customers", "max_customers"), ("min_customers", "capacity")):
        if isinstance(values.get(low), int | float) and isinstance(values.get(high), int | float) and values[low] > values[high]:
            fault("TW024", f"{place}.{low}", f"{values[low]:g}, more than {high} {values[high]:g}", "a label cannot keep to both")
    return Limit(given["output"], label, **values) if output is not None else None


def _label(given: Any, place: str, output: Output | None, fault: FaultSink) -> str:
    if given is None:
        return ""
    if output is None:
        return str(given)
    key = {True: "true", False: "false"}.get(given, given) if isinstance(given, bool) else given
    keys = label_keys(output)
    if key not in keys:
        fault("TW024", place, kind_words(given), f"expected {', '.join(keys)}" if keys else "an output without labels has no sizes")
    return str(key)


def label_keys(output: Output) -> tuple[str, ...]:
    """The values of an output whose customers can be counted: labels, or true and false."""
    return ("false", "true") if output.kind == "flag" else output.keys


def _number(given: Any, name: str, place: str, fault: FaultSink) -> Any:
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if name in SHARES:
        if number and 0 <= given <= 1:
            return given
        fault("TW024", place, f"{given!r}"[:60], "expected a share from 0 to 1")
    else:
        if number and given == int(given) and 0 <= given <= 10**12:
            return int(given)
        fault("TW024", place, f"{given!r}"[:60], "expected a whole number of customers")
    return None


def _belongs(values: Mapping[str, Any], label: str, output: Output, place: str, fault: FaultSink) -> None:
    """Whether the limits are about a label where they need one, and not where they must not."""
    sizes = [name for name in values if name != "moved"]
    if sizes and not label:
        fault("TW024", place, f"{', '.join(sizes)} without a label", "name the label whose size is limited")
    if "moved" in values and label:
        fault("TW024", f"{place}.moved", "a share moved of one label", "it limits the whole output; put it into an entry without label")
    if "moved" in values and output.kind not in ("label", "flag"):
        fault("TW024", f"{place}.moved", f"an output of kind {output.kind}", "only labels and flags move")
