"""Follow what changes: pages of a feed that starts where a full export ended, and never misses or repeats a change.

A cursor is "<steps>-<rows>": so many runs that became visible are known, and so many rows of the one after them. Applying
every change from an export's cursor on gives what an export taken later holds.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from engine.errors import RunError, TierwiseError
from engine.moments import written
from engine.store import feed as rows
from engine.store.feed import Moves, Step
from engine.store.lookups import external_ids_many
from engine.store.reach import Reach

if TYPE_CHECKING:
    from engine.service import Engine

_CURSOR = re.compile(r"(0|[1-9]\d{0,11})-(0|[1-9]\d{0,11})\Z", re.ASCII)
LARGEST_PAGE = 5_000


class FeedGone(TierwiseError):
    """What a cursor asks for is no longer kept: take a full export, and go on from its cursor."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Changes in order. cursor: where to go on. more: whether there is more already."""

    items: list[dict[str, Any]]
    cursor: str
    more: bool

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {"items": self.items, "cursor": self.cursor, "more": self.more}


_KEPT: OrderedDict[tuple[str, int], Moves] = OrderedDict()
_LOCK = Lock()


class Feed:
    """`engine.feed`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def cursor(self) -> str:
        """Where a follower goes on who has taken everything that is visible now."""
        with self.engine.store.read() as connection:
            return f"{rows.head(connection)}-0"

    def page(self, cursor: str | None = None, *, limit: int = 500, reach: Reach | None = None) -> FeedPage:
        """The changes after a cursor (None: from the first run on), at most `limit` customers' changes.

        reach: only customers within it. Raises `FeedGone`, and `TierwiseError` for a cursor that never was one.
        """
        done, offset = _read(cursor or "0-0")
        limit = max(1, min(limit, LARGEST_PAGE))
        items: list[dict[str, Any]] = []
        with self.engine.store.read() as connection:
            head = rows.head(connection)
            if done > head or (done == head and offset):
                raise TierwiseError(f"cursor {cursor!r} is none that this store handed out; take a full export")
            while done < head and len(items) < limit:
                step = rows.steps(connection, done)[0]
                if cursor in (None, "0-0") and step.seq == 1 and step.former_run_id is not None:
                    raise FeedGone("the feed of this store begins after its first runs; take a full export and go on from its cursor")
                moves = self._moves(connection, step)
                if offset > len(moves.customer_id):
                    raise TierwiseError(f"cursor {cursor!r} is none that this store handed out; take a full export")
                if offset == 0:
                    items += self._heading(step, moves)
                part = slice(offset, offset + limit - len([item for item in items if item["type"] == "change"]))
                items += self._items(connection, moves, part, reach or Reach())
                offset = part.stop
                if offset >= len(moves.customer_id):
                    done, offset = done + 1, 0
                else:
                    break
        return FeedPage(items, f"{done}-{offset}", done < head)

    def _heading(self, step: Step, moves: Moves) -> list[dict[str, Any]]:
        as_of = written(moves.record.as_of, self.engine.zone)
        head = {"type": "run", "run": step.run_id, "replaces": step.former_run_id, "as_of": as_of, "rulebook": moves.record.version_id}
        return [head, *({"type": "closed", "output": address, "run": step.run_id, "as_of": as_of} for address in moves.closed)]

    def _items(self, connection: Any, moves: Moves, part: slice, reach: Reach) -> list[dict[str, Any]]:
        customers = moves.customer_id[part]
        names = external_ids_many(connection, customers)
        found = rows.written_moves(moves, part, names, written(moves.record.as_of, self.engine.zone))
        return [item for item, seen in zip(found, reach.flags(connection, customers).tolist(), strict=True) if seen]

    def _moves(self, connection: Any, step: Step) -> Moves:
        key = (str(self.engine.store.sql.url), step.seq)
        with _LOCK:
            kept = _KEPT.get(key)
        if kept is not None and kept.record.id == step.run_id:
            return kept
        try:
            found = rows.moves(connection, step)
        except RunError as error:
            raise FeedGone(f"{error}; take a full export and go on from its cursor") from None
        with _LOCK:
            _KEPT[key] = found
            while len(_KEPT) > 2:
                _KEPT.popitem(last=False)
        return found


def _read(cursor: str) -> tuple[int, int]:
    found = _CURSOR.match(cursor)
    if found is None:
        raise TierwiseError(f"cursor: found {cursor[:40]!r}; expected one that an export or a page of changes handed out, such as '12-0'")
    return int(found[1]), int(found[2])
