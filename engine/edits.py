"""Change a document place by place, with places written as in faults and differences: policies[rfm].params.bins."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from engine.errors import Fault, RulebookError, did_you_mean

_STEP = re.compile(r"(?:^|\.)([^.\[\]]+)|\[([^\[\]]*)\]")
_NAMES = ("key", "name")


def apply_changes(document: Any, changes: Iterable[Mapping[str, Any]]) -> Any:
    """A changed copy of a document.

    changes: {"place": ..., "value": ...} sets what stands there, {"place": ..., "remove": true} takes it out, one after the
    other. In brackets stands the key (of policies) or name (of features), or a position from 0, or for an object any key; the
    position after the last adds an entry. Raises `RulebookError` with every place that leads nowhere, and changes nothing.
    """
    changed = copy.deepcopy(document)
    faults = [fault for at, change in enumerate(changes) if (fault := _change(changed, change, at)) is not None]
    if faults:
        raise RulebookError("the draft cannot be changed so", faults)
    return changed


def _change(document: Any, change: Mapping[str, Any], at: int) -> Fault | None:
    if not isinstance(change, Mapping) or not isinstance(change.get("place"), str) or ("value" in change) == bool(change.get("remove")):
        return Fault(
            "TW026", f"changes[{at}]", f"{str(change)[:80]}", 'expected {"place": ..., "value": ...} or {"place": ..., "remove": true}'
        )
    place = change["place"]
    steps = _steps(place)
    if steps is None:
        return Fault(
            "TW026", place or f"changes[{at}]", "a place that cannot be read", "expected a place such as policies[rfm].params.bins"
        )
    holder = document
    for step in steps[:-1]:
        found = _find(holder, step)
        if found is None:
            return _nowhere(place, holder, step)
        holder = holder[found]
    last = _find(holder, steps[-1])
    if change.get("remove"):
        if last is None:
            return _nowhere(place, holder, steps[-1])
        del holder[last]
    elif last is not None:
        holder[last] = copy.deepcopy(change["value"])
    elif isinstance(holder, dict):
        holder[steps[-1]] = copy.deepcopy(change["value"])
    elif isinstance(holder, list) and steps[-1] == str(len(holder)):
        holder.append(copy.deepcopy(change["value"]))
    else:
        return _nowhere(place, holder, steps[-1])
    return None


def _steps(place: str) -> list[str] | None:
    steps, end = [], 0
    for match in _STEP.finditer(place):
        if match.start() != end:
            return None
        steps.append(match[1] if match[1] is not None else match[2])
        end = match.end()
    return steps if steps and end == len(place) else None


def _find(holder: Any, step: str) -> Any:
    """The key or position that a step means, or None."""
    if isinstance(holder, dict):
        return step if step in holder else None
    if not isinstance(holder, list):
        return None
    for position, item in enumerate(holder):
        if isinstance(item, Mapping) and any(item.get(name) == step for name in _NAMES):
            return position
    return int(step) if step.isascii() and step.isdigit() and len(step) < 10 and int(step) < len(holder) else None


def _nowhere(place: str, holder: Any, step: str) -> Fault:
    known: list[str] = []
    if isinstance(holder, dict):
        known = [str(key) for key in holder]
    elif isinstance(holder, list):
        known = [str(item[name]) for item in holder if isinstance(item, Mapping) for name in _NAMES if name in item]
    hint = did_you_mean(step, known)
    return Fault("TW026", place, f"nothing stands at {step!r}", hint or (f"there are {', '.join(known[:20])}" if known else ""))
