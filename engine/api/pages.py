"""Lists that are read page by page: the newest first, going on behind the number that the last page ended with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from engine.api.fields import after_number
from engine.api.kit import Call

Item = TypeVar("Item")


def page_of(found: Sequence[Item], call: Call, number: Callable[[Item], int], item: Callable[[Item], dict[str, Any]]) -> dict[str, Any]:
    """One page that the store has read already; a full one names the number behind which the next begins."""
    answer: dict[str, Any] = {"items": [item(each) for each in found]}
    if len(found) == call.query["limit"]:
        answer["next"] = str(number(found[-1]))
    return answer


def paged(found: Sequence[Item], call: Call, number: Callable[[Item], int], item: Callable[[Item], dict[str, Any]]) -> dict[str, Any]:
    """One page of a short list that was read whole, the largest number first. Raises `Problem` for a cursor that is none."""
    before = after_number(call.query["after"])
    rest = [each for each in found if not before or number(each) < before]
    return page_of(rest[: call.query["limit"]], call, number, item)
