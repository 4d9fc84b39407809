"""Rows of the catalogue and of claims on it, inside the transaction that is open."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, or_, select, update

from engine.loyalty.rewards import Reward, read_reward
from engine.store.models import customer, reward, reward_claim
from engine.store.points import family

RESERVED, CONFIRMED, CANCELLED, LAPSED = "reserved", "confirmed", "cancelled", "lapsed"


@dataclass(frozen=True, slots=True)
class Listed:
    """A reward of the catalogue with what is taken of it, and its revision."""

    reward: Reward
    document: dict[str, Any]
    taken: int
    revision: int


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody's claim on a reward: reserved, confirmed, cancelled or lapsed. code: of a confirmed one that gives a coupon."""

    number: int
    reward: str
    customer: str
    customer_id: int
    status: str
    points: int
    act: int | None
    code: str | None
    reserved_at: int
    until: int
    decided_at: int | None


def listed(connection: Connection, *, key: str | None = None, inactive: bool = True, lock: bool = False) -> list[Listed]:
    """The catalogue by key. lock: wait for whoever is taking one of them."""
    query = select(reward).order_by(reward.c.key)
    if key is not None:
        query = query.where(reward.c.key == key)
    if not inactive:
        query = query.where(reward.c.active == 1)
    if lock:
        query = query.with_for_update()
    return [
        Listed(read_reward(row.key, json.loads(row.document), active=bool(row.active)), json.loads(row.document), row.taken, row.revision)
        for row in connection.execute(query)
    ]


def save(connection: Connection, key: str, document: dict[str, Any], active: bool, *, now: int, actor: str) -> int:
    """Write a reward, new or over what is there; its revision."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True)
    values = {"document": text, "stock": document["stock"], "active": int(active), "updated_at": now, "updated_by": actor}
    change = update(reward).where(reward.c.key == key).values(**values, revision=reward.c.revision + 1).returning(reward.c.revision)
    found = connection.scalar(change)
    if found is None:
        connection.execute(insert(reward).values(key=key, taken=0, revision=1, **values))
    return int(found or 1)


def take(connection: Connection, key: str, count: int = 1) -> bool:
    """Take one of the stock, or put one back (-1). False when there is none left."""
    taken = reward.c.taken + count
    change = update(reward).where(reward.c.key == key)
    if count > 0:
        change = change.where(or_(reward.c.stock.is_(None), taken <= reward.c.stock))
    return connection.execute(change.values(taken=taken)).rowcount == 1


def claimed(connection: Connection, key: str, customer_id: int) -> int:
    """How often a customer, with all who were joined into it, has a reward, reserved or confirmed."""
    claim = reward_claim.c
    query = select(func.count()).select_from(reward_claim).join(reward, reward.c.id == claim.reward_id)
    query = query.where(reward.c.key == key, claim.customer_id.in_(family(customer_id)), claim.status.in_((RESERVED, CONFIRMED)))
    return connection.scalar(query) or 0


def add_claim(connection: Connection, key: str, values: dict[str, Any]) -> int:
    """Write down a claim; its number."""
    reward_id = select(reward.c.id).where(reward.c.key == key).scalar_subquery()
    return int(connection.execute(insert(reward_claim).values(reward_id=reward_id, **values).returning(reward_claim.c.id)).scalar_one())


def decide(connection: Connection, number: int, status: str, *, now: int, code: str | None = None) -> None:
    """Give a claim its new state."""
    connection.execute(update(reward_claim).where(reward_claim.c.id == number).values(status=status, decided_at=now, code=code))


def _claims() -> Select[Any]:
    query = select(reward_claim, reward.c.key, customer.c.external_id).join(reward, reward.c.id == reward_claim.c.reward_id)
    return query.join(customer, customer.c.id == reward_claim.c.customer_id)


def claim(connection: Connection, number: int) -> Claim | None:
    """One claim, locked against whoever decides on it."""
    row = connection.execute(_claims().where(reward_claim.c.id == number).with_for_update(of=reward_claim)).first()
    return None if row is None else _claim(row)


def claim_of_key(connection: Connection, customer_id: int, key: str) -> Claim | None:
    """The claim that a customer's key was used for."""
    row = connection.execute(
        _claims().where(reward_claim.c.customer_id.in_(family(customer_id)), reward_claim.c.idempotency == key)
    ).first()
    return None if row is None else _claim(row)


def claim_of_act(connection: Connection, customer_id: int, act: int) -> int | None:
    """The claim that a customer's redemption of points paid."""
    claim = reward_claim.c
    return connection.scalar(select(claim.id).where(claim.customer_id.in_(family(customer_id)), claim.act_id == act))


def claims(
    connection: Connection, where: Sequence[Any], *, status: str | None = None, before: int | None = None, limit: int = 100
) -> list[Claim]:
    """Claims, the newest first."""
    query = _claims().where(*where)
    if status is not None:
        query = query.where(reward_claim.c.status == status)
    if before is not None:
        query = query.where(reward_claim.c.id < before)
    return [_claim(row) for row in connection.execute(query.order_by(reward_claim.c.id.desc()).limit(limit))]


def lapsed(connection: Connection, now: int, limit: int = 10_000) -> list[Claim]:
    """Reservations whose time is over."""
    query = _claims().where(reward_claim.c.status == RESERVED, reward_claim.c.until <= now).order_by(reward_claim.c.id).limit(limit)
    return [_claim(row) for row in connection.execute(query)]


def _claim(row: Row[Any]) -> Claim:
    return Claim(
        row.id,
        row.key,
        row.external_id,
        row.customer_id,
        row.status,
        row.points,
        row.act_id,
        row.code,
        row.reserved_at,
        row.until,
        row.decided_at,
    )
