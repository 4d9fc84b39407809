"""Rows of uses of offers and of their codes, inside the transaction that is open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from engine.loyalty.offers import Used
from engine.store.models import coupon, offer_account, offer_use
from engine.store.points import family


@dataclass(frozen=True, slots=True)
class Coupon:
    """A code of an offer. customer_id: for whom alone; None: whoever has it."""

    code: str
    offer: str
    customer_id: int | None
    issued_at: int
    until: int | None
    used_at: int | None


def hold(connection: Connection, offers: Iterable[str]) -> None:
    """Wait until nobody else uses these offers."""
    make = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert
    for key in sorted({each for each in offers if each}):
        connection.execute(make(offer_account).values(offer=key, spent=0, uses=0).on_conflict_do_nothing())
        connection.execute(select(offer_account.c.spent).where(offer_account.c.offer == key).with_for_update())


def accounts(connection: Connection) -> Mapping[str, tuple[int, int]]:
    """Offer to what its uses saved together and how many there are."""
    return {row.offer: (row.spent, row.uses) for row in connection.execute(select(offer_account))}


def used(connection: Connection, customer_id: int) -> Mapping[str, Used]:
    """Offer to what everybody saved by it and how often this customer, with all who were joined into it, used it."""
    query = select(offer_use.c.offer, func.count()).where(
        offer_use.c.customer_id.in_(family(customer_id)), offer_use.c.cancelled_at.is_(None)
    )
    own: dict[str, int] = dict(connection.execute(query.group_by(offer_use.c.offer)).all())
    return {key: Used(spent, own.get(key, 0)) for key, (spent, _) in accounts(connection).items()}


def uses_of_key(connection: Connection, customer_id: int, key: str) -> Sequence[Row[Any]]:
    """The uses that a customer's key made."""
    query = select(offer_use).where(offer_use.c.customer_id.in_(family(customer_id)), offer_use.c.idempotency == key)
    return connection.execute(query.order_by(offer_use.c.id)).all()


def offer_of_act(connection: Connection, customer_id: int, act: int) -> str | None:
    """The offer that gave points to a customer by an act."""
    use = offer_use.c
    return connection.scalar(select(use.offer).where(use.customer_id.in_(family(customer_id)), use.act_id == act))


def add_use(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write down a use, and add it to what the offer has cost."""
    connection.execute(insert(offer_use).values(values))
    _add(connection, values["offer"], values["benefit"], 1)


def cancel_use(connection: Connection, use: Row[Any], now: int) -> None:
    """Take a use back; its code works again."""
    connection.execute(update(offer_use).where(offer_use.c.id == use.id).values(cancelled_at=now))
    _add(connection, use.offer, -use.benefit, -1)
    if use.code is not None:
        connection.execute(update(coupon).where(coupon.c.code == use.code).values(used_at=None))


def _add(connection: Connection, offer: str, spent: int, uses: int) -> None:
    account = offer_account.c
    connection.execute(update(offer_account).where(account.offer == offer).values(spent=account.spent + spent, uses=account.uses + uses))


def add_coupons(
    connection: Connection, codes: Sequence[str], *, offer: str, customer_id: int | None, now: int, until: int | None, actor: str
) -> None:
    """Write new codes."""
    head = {"offer": offer, "customer_id": customer_id, "issued_at": now, "issued_by": actor, "until": until}
    connection.execute(insert(coupon), [{"code": code, **head} for code in codes])


def coupon_of(connection: Connection, code: str) -> Coupon | None:
    """A code; None when there is none."""
    row = connection.execute(select(coupon).where(coupon.c.code == code)).first()
    return None if row is None else Coupon(row.code, row.offer, row.customer_id, row.issued_at, row.until, row.used_at)


def use_coupon(connection: Connection, code: str, now: int) -> None:
    """Mark a code as used."""
    connection.execute(update(coupon).where(coupon.c.code == code, coupon.c.used_at.is_(None)).values(used_at=now))
