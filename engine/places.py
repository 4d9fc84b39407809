"""Name a number in a rulebook document, read it, and write another in its place.

A place is written as in fault messages and differences: `policies[abc].params.cuts[0]`, or shorter `abc.cuts[0]`. In a
text with numbers in it, such as the cell `[1000..5000)`, `#1` at the end names the first of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from engine.errors import RulebookError, did_you_mean

_TOKEN = re.compile(r"\.?([A-Za-z_][\w-]*)|\[([^\]\[]+)\]")
_NUMBER = re.compile(r"(?<![\w\"])[-+]?\d+(?:\.\d+)?(?![\w\"])")


@dataclass(frozen=True, slots=True)
class Place:
    """A number in a document. keys: the way to it. part: which number of a text, counted from 1; None for a number itself.

    written: the place in full. value: what stands there. policy: the key of the policy that it belongs to.
    feature: the column that it is compared with, where the document says so (a leaf of a condition, a cell of a table).
    """

    keys: tuple[str | int, ...]
    part: int | None
    written: str
    value: float
    policy: str
    feature: str | None = None


def find_place(document: Mapping[str, Any], written: str) -> Place:
    """Find a place. Raises `RulebookError` saying which step leads nowhere, or what stands there instead of a number."""
    text, _, part = written.partition("#")
    if part and not part.isdigit():
        raise RulebookError(f"the place {written!r} ends in {part!r}; expected the number of a number, such as #2")
    steps = _steps(text, written, document)
    value: Any = document
    keys: list[str | int] = []
    passed: list[Any] = [document]
    for step in steps:
        key = _key(value, step, written)
        value = value[key]
        keys.append(key)
        passed.append(value)
    number, which = _number(value, int(part) if part else None, written)
    policy = passed[2]["key"] if keys[0] == "policies" and len(passed) > 2 else ""
    full = "".join(f"[{step}]" if isinstance(key, int) else f".{step}" for step, key in zip(steps, keys, strict=True)).lstrip(".")
    return Place(tuple(keys), which, full + (f"#{which}" if which else ""), number, policy, _compared(passed, keys))


def with_value(document: Mapping[str, Any], place: Place, value: float) -> dict[str, Any]:
    """A copy of the document with another number at the place."""
    copy: Any = deepcopy(dict(document))
    holder = copy
    for key in place.keys[:-1]:
        holder = holder[key]
    number = int(value) if float(value).is_integer() else float(value)
    if place.part is None:
        holder[place.keys[-1]] = number
    else:
        text = holder[place.keys[-1]]
        found = list(_NUMBER.finditer(text))[place.part - 1]
        holder[place.keys[-1]] = f"{text[: found.start()]}{_decimal(number)}{text[found.end() :]}"
    return dict(copy)


def _decimal(number: float) -> str:
    """A number without an exponent, which cells do not know."""
    return str(number) if isinstance(number, int) else f"{number:.10f}".rstrip("0").rstrip(".")


def _steps(text: str, written: str, document: Mapping[str, Any]) -> list[str]:
    steps, at = [], 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise RulebookError(f"the place {written!r} is not understood from {text[at:]!r} on; expected such as abc.cuts[0]")
        steps.append(found[1] or found[2])
        at = found.end()
    if not steps:
        raise RulebookError("no place is named; expected such as abc.cuts[0]")
    if steps[0] in document and steps[0] != "policies":
        return steps
    if steps[0] != "policies":
        steps.insert(0, "policies")
    entry = _key(document["policies"], steps[1], written) if len(steps) > 1 else 0
    if len(steps) > 2 and steps[2] not in document["policies"][entry] and steps[2] != "params":
        steps.insert(2, "params")
    return steps


def _key(value: Any, step: str, written: str) -> str | int:
    if isinstance(value, Mapping):
        if step in value:
            return step
        raise RulebookError(f"the place {written!r}: there is no {step!r}; {did_you_mean(step, value) or 'known are ' + ', '.join(value)}")
    if isinstance(value, list):
        names = [item.get("key", item.get("name")) if isinstance(item, Mapping) else None for item in value]
        if step in names:
            return names.index(step)
        if step.isdigit() and int(step) < len(value):
            return int(step)
        known = [name for name in names if isinstance(name, str)]
        hint = did_you_mean(step, known) or (f"known are {', '.join(known)}" if known else f"it has {len(value)} entries, counted from 0")
        raise RulebookError(f"the place {written!r}: there is no entry {step!r}; {hint}")
    raise RulebookError(f"the place {written!r}: {value!r} has nothing inside, so no {step!r}")


def _number(value: Any, part: int | None, written: str) -> tuple[float, int | None]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if part not in (None, 1):
            raise RulebookError(f"the place {written!r} holds the single number {value}")
        return float(value), None
    if isinstance(value, str):
        numbers = [float(found[0]) for found in _NUMBER.finditer(value)]
        if part is None and len(numbers) == 1:
            return numbers[0], 1
        if part is not None and 1 <= part <= len(numbers):
            return numbers[part - 1], part
        if len(numbers) > 1:
            raise RulebookError(f"the place {written!r} holds {value!r}; end it with #1 to #{len(numbers)} to say which number")
    raise RulebookError(f"the place {written!r} holds {value!r}; only a number can be searched for")


def _compared(passed: list[Any], keys: list[str | int]) -> str | None:
    """The column beside a leaf's value, or above a table's cell."""
    holder = passed[-2]
    if isinstance(holder, Mapping) and keys[-1] == "value" and isinstance(holder.get("feature"), str):
        return str(holder["feature"])
    if len(keys) > 2 and keys[-2] == "value" and isinstance(passed[-3], Mapping) and isinstance(passed[-3].get("feature"), str):
        return str(passed[-3]["feature"])
    if len(keys) >= 4 and keys[-2] == "when" and isinstance(keys[-1], int) and isinstance(passed[-5], Mapping):
        inputs = passed[-5].get("inputs")
        name = inputs[keys[-1]] if isinstance(inputs, list) and keys[-1] < len(inputs) else None
        return name if isinstance(name, str) else None
    return None
