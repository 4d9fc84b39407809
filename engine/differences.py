"""What differs between two documents, place by place; entries of a list with keys are compared by key, not by position."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two documents differ, written as in fault messages: policies[rfm].params.bins."""

    place: str
    kind: Literal["added", "removed", "changed"]
    was: Any = None
    now: Any = None

    @property
    def was_text(self) -> str:
        """The former value as JSON."""
        return json.dumps(self.was, ensure_ascii=False)

    @property
    def now_text(self) -> str:
        """The new value as JSON."""
        return json.dumps(self.now, ensure_ascii=False)


def differences(was: Any, now: Any, place: str = "") -> list[Difference]:
    """List what was added, removed and changed on the way from one document to another, in the order of the documents."""
    return list(_compare(was, now, place))


def _compare(was: Any, now: Any, place: str) -> Iterator[Difference]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        yield from _members(was, now, lambda key: f"{place}.{key}".lstrip("."))
        return
    if isinstance(was, list) and isinstance(now, list):
        by_key = _by_key(was), _by_key(now)
        if by_key[0] is not None and by_key[1] is not None:
            yield from _members(by_key[0], by_key[1], lambda key: f"{place}[{key}]")
            same = [key for key in by_key[0] if key in by_key[1]]
            if same != [key for key in by_key[1] if key in by_key[0]]:
                yield Difference(f"{place} (order)", "changed", list(by_key[0]), list(by_key[1]))
            return
    if was != now or isinstance(was, bool) != isinstance(now, bool):
        yield Difference(place or "document", "changed", was, now)


def _members(was: Mapping[str, Any], now: Mapping[str, Any], place: Any) -> Iterator[Difference]:
    for key in was:
        if key not in now:
            yield Difference(place(key), "removed", was=was[key])
        else:
            yield from _compare(was[key], now[key], place(key))
    for key in now:
        if key not in was:
            yield Difference(place(key), "added", now=now[key])


def _by_key(items: list[Any]) -> dict[str, Any] | None:
    """The entries by their "key" (policies) or "name" (features); None for a list of anything else."""
    for name in ("key", "name"):
        if items and all(isinstance(item, Mapping) and isinstance(item.get(name), str) for item in items):
            found = {item[name]: item for item in items}
            return found if len(found) == len(items) else None
    return {} if not items else None
