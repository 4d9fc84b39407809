"""Tags and groups as rows, and who bears them; every change of members stamps the customers with the fact clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from engine.store.facts import next_fact_seq
from engine.store.models import customer, tag, tag_member

AT_ONCE = 10_000
"""Customers in one statement; SQLite takes 32,766 values."""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag or a group. feature: how rules and filters name it. members: how many customers bear it."""

    id: int
    kind: str
    name: str
    title: str
    note: str
    created_by: str
    created_at: int
    members: int

    @property
    def feature(self) -> str:
        """tags.<name> or groups.<name>."""
        return f"{self.kind}s.{self.name}"

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**asdict(self), "feature": self.feature}


def every(connection: Connection) -> list[Tag]:
    """All of them, by kind and title."""
    count = select(tag_member.c.tag_id, func.count().label("members")).group_by(tag_member.c.tag_id).subquery()
    query = select(tag, func.coalesce(count.c.members, 0).label("members")).join(count, count.c.tag_id == tag.c.id, isouter=True)
    return [Tag(**row) for row in connection.execute(query.order_by(tag.c.kind.desc(), tag.c.title, tag.c.name)).mappings()]


def add(connection: Connection, values: dict[str, Any]) -> int:
    """Keep a new one; its number."""
    return int(connection.execute(insert(tag).values(**values).returning(tag.c.id)).scalar_one())


def edit(connection: Connection, number: int, values: dict[str, Any]) -> None:
    """Change title or note."""
    connection.execute(update(tag).where(tag.c.id == number).values(**values))


def remove(connection: Connection, number: int) -> int:
    """Remove one with its members; how many there were."""
    members = list(connection.scalars(select(tag_member.c.customer_id).where(tag_member.c.tag_id == number)))
    connection.execute(delete(tag_member).where(tag_member.c.tag_id == number))
    connection.execute(delete(tag).where(tag.c.id == number))
    _stamp(connection, members)
    return len(members)


def give(connection: Connection, number: int, customers: Sequence[int], actor: str, now: int) -> int:
    """Have customers bear it; how many did not before."""
    fresh: list[int] = []
    for part in _parts(customers):
        known = set(
            connection.scalars(select(tag_member.c.customer_id).where(tag_member.c.tag_id == number, tag_member.c.customer_id.in_(part)))
        )
        fresh += [key for key in part if key not in known]
    for part in _parts(fresh):
        connection.execute(insert(tag_member), [{"tag_id": number, "customer_id": key, "added_by": actor, "added_at": now} for key in part])
    _stamp(connection, fresh)
    return len(fresh)


def take(connection: Connection, number: int, customers: Sequence[int]) -> int:
    """Have customers no longer bear it; how many did."""
    gone: list[int] = []
    for part in _parts(customers):
        where = (tag_member.c.tag_id == number, tag_member.c.customer_id.in_(part))
        gone += connection.scalars(select(tag_member.c.customer_id).where(*where))
        connection.execute(delete(tag_member).where(*where))
    _stamp(connection, gone)
    return len(gone)


def _stamp(connection: Connection, customers: Sequence[int]) -> None:
    """What rules read of these customers is another now: the next run, and `run --changed`, see it."""
    if not customers:
        return
    seq = next_fact_seq(connection)
    for part in _parts(customers):
        connection.execute(update(customer).where(customer.c.id.in_(part)).values(fact_seq=seq))


def _parts(customers: Sequence[int]) -> list[Sequence[int]]:
    return [customers[at : at + AT_ONCE] for at in range(0, len(customers), AT_ONCE)]
