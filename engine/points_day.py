"""Post a day's points: `engine.points.day()`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import clock
from engine.errors import RulebookError
from engine.loyalty.earning import DAY, HUNDREDTHS, Earning
from engine.points import settle
from engine.store import outcomes
from engine.store import points as rows
from engine.store import points_day as store
from engine.store.held import labels_held

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine


EVERY = 3_600
"""Seconds between two postings of a worker."""


@dataclass(frozen=True, slots=True)
class DayReport:
    """What a day brought. sales: posted for the first time; changed: returned, voided or corrected; points: of both together."""

    sales: int
    changed: int
    points: int
    matured: int
    expired: int

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


def programme(engine: Engine) -> Earning | None:
    """The earning rules of the first enabled policy of the live rulebook that has some."""
    try:
        entries = engine.rulebook().entries
    except RulebookError:
        return None
    return next((found for entry in entries if entry.enabled and (found := entry.policy.earning()) is not None), None)


def waits(engine: Engine) -> bool:
    """Whether a worker is to post now: at most once an hour, and only where something is to be done."""
    with engine.store.read() as connection:
        return store.waits(connection, clock.now(), EVERY) and (programme(engine) is not None or any(store.due(connection, clock.now())))


def day(engine: Engine) -> DayReport:
    """One transaction; posting again posts nothing. Without a points policy only maturity and expiry are looked at."""
    earning, now, actor = programme(engine), clock.now(), engine.settings.actor
    sales = changed = points = 0
    since = None if earning is None else int(np.datetime64(earning.since, "D").astype(np.int64))
    with engine.store.write() as connection:
        turn = store.take_turn(connection, since)
        if earning is not None and since is not None:
            changed, points = _follow(engine, connection, turn.done, now)
            sales, new = _post(engine, connection, earning, store.new_sales(connection, turn, since, now), now)
            points += new
        store.finish_turn(connection, turn.done if earning is None else turn.newest, now, since)
        for member in store.debtors_due(connection, now):
            rows.hold(connection, [member])
            settle(connection, member, rows.load(connection, member), actor, now)
        matured = store.settle(connection, now, actor=actor, expire=False)
        expired = store.settle(connection, now, actor=actor, expire=True)
    return DayReport(sales, changed, points, matured, expired)


def _post(engine: Engine, connection: Connection, earning: Earning, sales: store.Sales, now: int) -> tuple[int, int]:
    if not len(sales):
        return 0, 0
    base = sales.amount * HUNDREDTHS
    lines = store.line_bases(connection, sales.order_id, earning.category_factors, earning.product_factors)
    if lines:
        base = np.array([lines.get(key, value) for key, value in zip(sales.order_id.tolist(), base.tolist(), strict=True)], np.int64)
    factors = earning.occasion_factors(sales.ordered_on, sales.birth_day) * _level_factors(connection, earning, sales)
    points = earning.points(base, factors, engine.business.minor_digits)
    matures = sales.ordered_at + earning.hold_days * DAY
    store.write_sales(connection, sales, points, matures, earning.expires_at(matures, engine.zone), actor=engine.settings.actor, now=now)
    return len(sales), int(points.sum())


def _level_factors(connection: Connection, earning: Earning, sales: store.Sales) -> Any:
    """The factor of the level that each customer held when the sale was made, in hundredths."""
    if not earning.level_factors:
        return np.full(len(sales), HUNDREDTHS, np.int64)
    labels = outcomes.all_labels(connection).items()
    by_number = {
        number: earning.level_factors.get(key, HUNDREDTHS)
        for (address, _), known in labels
        if address == earning.level
        for key, number in known.items()
    }
    held = labels_held(connection, earning.level, sales.customer_id, sales.ordered_at)
    return np.array([by_number.get(number, HUNDREDTHS) for number in held.tolist()], np.int64)


def _follow(engine: Engine, connection: Connection, done: int, now: int) -> tuple[int, int]:
    """Bring the points of changed sales to what they are worth now, in proportion to what was paid and kept."""
    actor, points = engine.settings.actor, 0
    sales = store.changed_sales(connection, done)
    for sale in sales:
        rows.hold(connection, [sale.customer_id])
        account = rows.load(connection, sale.customer_id, {sale.lot})
        settle(connection, sale.customer_id, account, actor, now)
        difference = sale.target - account.lots[sale.lot].issued
        if difference:
            number = int(rows.numbers(connection, 1)[0])
            entries = account.add(sale.lot, difference) if difference > 0 else account.reverse(sale.lot, -difference)
            act = {"id": number, "customer_id": sale.customer_id, "posted_at": now, "at": now, "actor": actor, "about": sale.lot}
            kind, request = ("earn", "sale corrected") if difference > 0 else ("reverse", "sale returned or corrected")
            rows.keep(connection, {**act, "kind": kind, "request": request}, account, entries)
            settle(connection, sale.customer_id, account, actor, now)
        store.note_sale(connection, sale)
        points += difference
    return len(sales), points
