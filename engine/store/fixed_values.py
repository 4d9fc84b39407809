"""Values that people fixed by hand: rows of `fixed_value`, from the request to the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from engine.errors import FixedValueError
from engine.store.drafts import person
from engine.store.models import customer, fixed_value
from engine.store.reach import ALL, Reach

OPEN = ("requested", "approved")
"""States in which a fixed value has, or may still get, effect."""


@dataclass(frozen=True, slots=True)
class FixedValue:
    """One value fixed by hand. Moments are UTC seconds; it holds for runs whose as_of is in [starts_at, ends_at).

    customer: the external id. status: requested, approved, rejected, withdrawn; one that ended early is approved and has
    `ended_by`, and ends_at is when.
    """

    id: int
    customer_id: int
    customer: str
    address: str
    value: str
    reason: str
    author: str
    requested_at: int
    approver: str | None
    decided_at: int | None
    starts_at: int
    ends_at: int
    ended_by: str | None
    status: str

    @property
    def self_approved(self) -> bool:
        """Whether author and approver are one person, which only an installation without four eyes permits."""
        return self.approver is not None and person(self.approver) == person(self.author)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**asdict(self), "self_approved": self.self_approved}


def _query() -> Select[Any]:
    own = [fixed_value.c[name] for name in FixedValue.__dataclass_fields__ if name != "customer"]
    return select(*own, customer.c.external_id.label("customer")).join(customer, customer.c.id == fixed_value.c.customer_id)


def _read(connection: Connection, query: Select[Any]) -> list[FixedValue]:
    return [FixedValue(**row) for row in connection.execute(query.order_by(fixed_value.c.id)).mappings()]


def in_force(connection: Connection, as_of: int) -> list[FixedValue]:
    """Those that hold at a moment, by number."""
    f = fixed_value.c
    return _read(connection, _query().where(f.status == "approved", f.starts_at <= as_of, f.ends_at > as_of))


def numbered(connection: Connection, numbers: Sequence[int]) -> list[FixedValue]:
    """Those with these numbers, whatever became of them since."""
    return _read(connection, _query().where(fixed_value.c.id.in_(list(numbers)))) if numbers else []


def get(connection: Connection, number: int) -> FixedValue:
    """One by its number. Raises `FixedValueError`."""
    found = numbered(connection, [number])
    if not found:
        raise FixedValueError(f"there is no fixed value {number}; tierwise fix list shows them")
    return found[0]


def find(
    connection: Connection, *, customer_id: int | None = None, status: str | None = None, after: int | None = None, reach: Reach = ALL
) -> list[FixedValue]:
    """Some of them by number. after: only those that end later. reach: only those of customers within it."""
    query = _query() if reach.everybody else _query().where(reach.clause())
    if customer_id is not None:
        query = query.where(fixed_value.c.customer_id == customer_id)
    if status is not None:
        query = query.where(fixed_value.c.status == status)
    if after is not None:
        query = query.where(fixed_value.c.ends_at > after)
    return _read(connection, query)


def overlapping(connection: Connection, customer_id: int, address: str, starts_at: int, ends_at: int) -> FixedValue | None:
    """One, requested or approved, of the same output and customer whose time meets this one."""
    f = fixed_value.c
    same = _query().where(f.customer_id == customer_id, f.address == address, f.status.in_(OPEN))
    return next(iter(_read(connection, same.where(f.starts_at < ends_at, f.ends_at > starts_at, f.ends_at > f.starts_at))), None)


def add(connection: Connection, values: dict[str, Any]) -> FixedValue:
    """Keep a new request."""
    number = connection.execute(insert(fixed_value).values(status="requested", **values).returning(fixed_value.c.id)).scalar_one()
    return get(connection, int(number))


def change(connection: Connection, number: int, **values: Any) -> FixedValue:
    """Write what became of one."""
    connection.execute(update(fixed_value).where(fixed_value.c.id == number).values(**values))
    return get(connection, number)
