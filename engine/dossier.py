"""Everything that a page about one customer tells, besides the explanations: `engine.customers.dossier(id)`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.store import dossier as rows
from engine.store import outcomes
from engine.store.dossier import Moved, OrderLine
from engine.store.profile import profile

if TYPE_CHECKING:
    from engine.service import Engine

DAY = 86_400
SHOWN_ON = 6 * DAY
"""How far beyond the newest moment values are drawn, so that one which has just begun is seen."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time with one value of an output. key: None for none. open: whether it began before anything is known of it."""

    address: str
    key: str | None
    begins: int
    ends: int
    open: bool = False


@dataclass(frozen=True, slots=True)
class Dossier:
    """One customer. customer: its own id, also when it was asked for by another. asked: the id that was asked for.

    profile: what is stored, masked for those who may not see it. moments: (moment, amount, refund) of orders since
    `since`. spans: values of outputs from then on. moves: of assignments, newest first. Money in minor units.
    """

    customer: str
    asked: str
    profile: Mapping[str, Any]
    count: int
    net_amount: int
    first_at: int | None
    last_at: int | None
    since: int
    until: int
    moments: Sequence[tuple[int, int, bool]]
    orders: Sequence[OrderLine]
    moves: Sequence[Moved]
    spans: Sequence[Span]
    merged: Sequence[tuple[str, str]]
    tags: Sequence[tuple[str, str, str]]
    assignments: Mapping[str, str | None]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


def dossier(engine: Engine, customer: str, *, days: int = 400, orders: int = 10) -> Dossier:
    """What is known of a customer. days: how far back its orders and values are drawn from the newest run.

    Raises `UnknownCustomer`, also for one who is out of sight.
    """
    key = engine.customer_id(customer)
    sight = engine.sight
    with engine.store.read() as connection:
        live = outcomes.live_run(connection)
        count, net, first, last = rows.totals_of(connection, key)
        until = max(filter(None, (live.as_of if live else None, last)), default=0)
        since = max(until - days * DAY, first - DAY if first is not None else 0)
        moves = rows.moves_of(connection, key)
        held = _current(engine, connection, key)
        return Dossier(
            customer=rows.own_id(connection, key),
            asked=customer,
            profile=profile(connection, key, personal=sight.personal),
            count=count,
            net_amount=net,
            first_at=first,
            last_at=last,
            since=since,
            until=until,
            moments=rows.moments_of(connection, key, since),
            orders=rows.orders_of(connection, key, limit=orders),
            moves=moves,
            spans=_spans(held, moves, rows.first_runs(connection), rows.looked_back(connection, key, tuple(held), since), since, until)
            if live
            else (),
            merged=rows.merged_from(connection, key),
            tags=rows.tags_of(connection, key),
            assignments=held,
        )


def _current(engine: Engine, connection: Any, key: int) -> dict[str, str | None]:
    from engine.store import members

    found = members.page(connection, after=key - 1, limit=1)
    if not found or found[0].key != key:
        return {}
    return {
        address: None if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        for address, value in found[0].values.items()
    }


def _spans(
    held: Mapping[str, str | None],
    moves: Sequence[Moved],
    began: Mapping[str, int],
    back: Sequence[tuple[int, Mapping[str, str | None]]],
    since: int,
    until: int,
) -> list[Span]:
    """The values of each output on the time axis, told backwards from what holds now."""
    found = []
    for address, now in held.items():
        end, value = until + SHOWN_ON, now
        for move in (each for each in moves if each.address == address):
            if move.as_of < end:
                found.append(Span(address, value, max(move.as_of, since), end))
            end, value = min(move.as_of, end), move.was
            if end <= since:
                break
        if end > since:
            start = max(since, min(began.get(address, since), end))
            if start < end:
                found.append(Span(address, value, start, end, open=start > since))
            for at, values in back:
                if at < start and address in values:
                    found.append(Span(address, values[address], max(at, since), start))
                    start = at
    return _joined(sorted((span for span in found if span.ends > span.begins), key=lambda span: (span.address, span.begins)))


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Neighbours of one value as one."""
    found: list[Span] = []
    for span in spans:
        if found and (found[-1].address, found[-1].key, found[-1].ends) == (span.address, span.key, span.begins):
            found[-1] = replace(found[-1], ends=span.ends)
        else:
            found.append(span)
    return found
