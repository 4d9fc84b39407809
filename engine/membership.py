"""The levels of members: `engine.membership.card("C1")` says level, rights, points and what is missing in one call.

A card is reckoned from the facts of this moment, so the receipt of a purchase already shows the level that it gave. The
overview is that of the newest visible run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.columns import Array, Codes
from engine.errors import RunError, did_you_mean
from engine.loyalty.ledger import Account
from engine.loyalty.programme import MemberLevel, Programme
from engine.moments import Moment, as_moment
from engine.policy import Text
from engine.render.figures import money
from engine.run_columns import RunColumns
from engine.store.lookups import external_ids, names_of
from engine.store.models import customer as customers

if TYPE_CHECKING:
    from engine.evaluate import Evaluation
    from engine.overview import Overview
    from engine.rulebook import PolicyEntry
    from engine.service import Engine

MOST = 1_000
"""Members named at once."""

MOST_EXPIRING = 12
"""Days on which points expire that a card tells."""


@dataclass(frozen=True, slots=True)
class Expiring:
    """Points, pending ones too, that are gone after a business day if they are not spent by then."""

    last_day: dt.date
    points: int


@dataclass(frozen=True, slots=True)
class Card:
    """Where one member stands. why: why there is no level, where there is none.

    qualifying, to_next, to_keep: in major units of the currency, orders or points. receipt: one line for a receipt.
    loses: rights that go with the fall. spendable, pending, owed: points as they are now; expiring: what of them is lost when
    it is not spent, the next days first.
    """

    customer: str
    policy: str
    as_of: int
    level: MemberLevel | None
    why: str
    qualifying: float | None
    next: MemberLevel | None
    to_next: float | None
    since: dt.date | None
    falls_on: dt.date | None
    falls_to: MemberLevel | None
    keep_by: dt.date | None
    to_keep: float | None
    never_below: MemberLevel | None
    multiplier: float | None
    spendable: int
    pending: int
    owed: int
    receipt: Text
    loses: tuple[Text, ...] = ()
    expiring: tuple[Expiring, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data; the level with its rights, other levels by key."""
        return {
            "customer": self.customer,
            "policy": self.policy,
            "as_of": self.as_of,
            "level": self.level.as_dict() if self.level else None,
            "why": self.why,
            "qualifying": self.qualifying,
            "next": self.next.key if self.next else None,
            "to_next": self.to_next,
            "since": _iso(self.since),
            "falls_on": _iso(self.falls_on),
            "falls_to": self.falls_to.key if self.falls_to else None,
            "keep_by": _iso(self.keep_by),
            "to_keep": self.to_keep,
            "never_below": self.never_below.key if self.never_below else None,
            "multiplier": self.multiplier,
            "loses": [{"en": each.en, "zh": each.zh} for each in self.loses],
            "points": {
                "spendable": self.spendable,
                "pending": self.pending,
                "owed": self.owed,
                "expiring": [{"last_day": each.last_day.isoformat(), "points": each.points} for each in self.expiring],
            },
            "receipt": {"en": self.receipt.en, "zh": self.receipt.zh},
        }


@dataclass(frozen=True, slots=True)
class Losing:
    """A member who loses a level if nothing more happens."""

    customer: str
    name: str | None
    level: MemberLevel
    to: MemberLevel
    falls_on: dt.date
    keep_by: dt.date
    to_keep: float


@dataclass(frozen=True, slots=True)
class Losses:
    """How many members lose a level in a month ("2027-01") if nothing more happens."""

    month: str
    level: MemberLevel
    to: MemberLevel
    members: int


@dataclass(frozen=True, slots=True)
class Members:
    """All members of a policy as the newest visible run has them.

    counts: by key of a level. picture: counts, sales, and who moved since the run before, of the output `<policy>.level`.
    losses: by month, the next first. losing: single members within sight, who falls first at the top.
    """

    policy: str
    title: Text
    programme: Programme
    picture: Overview
    losses: tuple[Losses, ...]
    losing: tuple[Losing, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, the highest level first; names of customers stay out."""
        bands = {band.key: band for band in self.picture.bands}
        moved = self.picture.movement
        levels = [
            {
                **level.as_dict(),
                "members": bands[level.key].customers if level.key in bands else 0,
                "before": bands[level.key].before if level.key in bands else None,
            }
            for level in reversed(self.programme.levels)
        ]
        losing = [
            {
                "customer": each.customer,
                "level": each.level.key,
                "to": each.to.key,
                "falls_on": each.falls_on.isoformat(),
                "keep_by": each.keep_by.isoformat(),
                "to_keep": each.to_keep,
            }
            for each in self.losing
        ]
        return {
            "policy": self.policy,
            "title": {"en": self.title.en, "zh": self.title.zh},
            "run": self.picture.run.id,
            "levels": levels,
            "rose": moved.up if moved else None,
            "fell": moved.down if moved else None,
            "losses": [{"month": each.month, "level": each.level.key, "to": each.to.key, "members": each.members} for each in self.losses],
            "losing": losing,
        }

    @property
    def counts(self) -> Mapping[str, int]:
        """Members by key of a level."""
        return {band.key: band.customers for band in self.picture.bands}


class Membership:
    """The verbs on members within sight."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def programmes(self) -> dict[str, Programme]:
        """The levels of each policy of the live rulebook that has members, by its key."""
        return {entry.key: programme for entry, programme in self._entries()}

    def card(self, customer: str, *, plus: str | float | None = None, as_of: Moment = None, policy: str | None = None) -> Card:
        """Level, rights, points and what is missing to the next level. Raises `RunError` where no policy has members.

        plus: an amount that is bought in addition, in thought; nothing is stored. as_of: None is now. policy: None is the first.
        """
        entry, programme = self._entry(policy)
        moment = as_moment(as_of, self._engine.zone)
        if plus is None:
            (found,) = self._engine.evaluate([customer], as_of=moment)
        else:
            found = self._engine.exchange.suppose(customer, "orders", [{"amount": str(plus)}], as_of=moment)
        return self._card(customer, entry, programme, moment, found)

    def overview(self, policy: str | None = None, *, most: int = 20) -> Members | None:
        """Levels with their members, who moved since the run before, and who will lose what. None before the first run.

        most: how many members who will lose a level are named.
        """
        entry, programme = self._entry(policy)
        address = f"{entry.key}.level"
        run = self._engine.run_record() if self._engine.runs(limit=1) else None
        if run is None or address not in run.report["declared"]:
            return None
        picture = self._engine.overview(address)
        assert picture is not None
        losses, losing = self._losses(entry, programme, min(most, MOST))
        return Members(entry.key, entry.title, programme, picture, losses, losing)

    def _entries(self) -> list[tuple[PolicyEntry, Programme]]:
        entries = self._engine.rulebook().entries
        return [(entry, programme) for entry in entries if entry.enabled and (programme := entry.policy.membership()) is not None]

    def _entry(self, policy: str | None) -> tuple[PolicyEntry, Programme]:
        found = self._entries()
        if not found:
            raise RunError("no policy of the live rulebook has members; add one of the type membership")
        if policy is None:
            return found[0]
        keys = [entry.key for entry, _ in found]
        if policy not in keys:
            raise RunError(f"no policy {policy!r} has members; {did_you_mean(policy, keys) or 'there is ' + ', '.join(keys)}")
        return found[keys.index(policy)]

    def _card(self, customer: str, entry: PolicyEntry, programme: Programme, moment: int, found: Evaluation) -> Card:
        key = entry.key
        values = {name.partition(".")[2]: value for name, value in found.values.items() if name.startswith(f"{key}.")}
        level = programme.level(values.get("level"))
        reckoned = found.computed.get(f"{key}.level", values.get("level"))
        following = programme.above(reckoned) if values.get("to_next") is not None else None
        points = self._engine.points.balance(customer)
        falls_to = programme.level(values.get("falls_to"))
        kept = falls_to.rights if falls_to else ()
        return Card(
            customer=customer,
            policy=key,
            as_of=moment,
            level=level,
            why="" if level else found.faults.get(key) or found.withheld.get(key, ""),
            qualifying=values.get("qualifying"),
            next=following,
            to_next=values.get("to_next"),
            since=_day(values.get("since")),
            falls_on=_day(values.get("falls_on")),
            falls_to=falls_to,
            keep_by=_day(values.get("keep_by")),
            to_keep=values.get("to_keep"),
            never_below=programme.level(values.get("never_below")),
            multiplier=values.get("multiplier"),
            spendable=points.spendable,
            pending=points.pending,
            owed=points.owed,
            receipt=self._receipt(level, following, values.get("to_next"), programme),
            loses=tuple(right for right in level.rights if right not in kept) if level and falls_to else (),
            expiring=self._expiring(points),
        )

    def _expiring(self, account: Account) -> tuple[Expiring, ...]:
        days: dict[dt.date, int] = {}
        for lot in account.lots.values():
            if lot.expires_at is not None and lot.member + lot.pending:
                day = dt.datetime.fromtimestamp(lot.expires_at - 1, self._engine.zone).date()
                days[day] = days.get(day, 0) + lot.member + lot.pending
        return tuple(Expiring(day, days[day]) for day in sorted(days)[:MOST_EXPIRING])

    def _receipt(self, level: MemberLevel | None, following: MemberLevel | None, missing: float | None, programme: Programme) -> Text:
        if level is None:
            return Text("No level yet", "暂无等级")
        if following is None or missing is None:
            return Text(f"{level.title.en}: the highest level", f"{level.title.zh}：最高等级")
        said = self.said(missing, programme)
        return Text(f"{said.en} to {following.title.en}", f"距{following.title.zh}还差 {said.zh}")

    def said(self, amount: float, programme: Programme) -> Text:
        """An amount of what qualifies in words: ¥320, 3 orders, 120 points."""
        if programme.unit == "money":
            business = self._engine.business
            minor = round(amount * 10**business.minor_digits)
            text = money(minor, business.minor_digits, business.currency, exact=minor % 10**business.minor_digits != 0)
            return Text(text, text)
        number = f"{amount:,.4f}".rstrip("0").rstrip(".")
        unit = {"orders": Text(" orders", " 单"), "points": Text(" points", " 积分")}.get(programme.unit, Text("", ""))
        return Text(number + unit.en, number + unit.zh)

    def _losses(self, entry: PolicyEntry, programme: Programme, most: int) -> tuple[tuple[Losses, ...], tuple[Losing, ...]]:
        """Of the newest visible run, counted by month and named as far as they are within sight."""
        record = self._engine.run_record()
        columns = RunColumns.of(self._engine.store, record, self._engine.rulebook(str(record.version_id)))
        level, to, falls = (columns.column(f"{entry.key}.{name}") for name in ("level", "falls_to", "falls_on"))
        if not isinstance(level, Codes) or not isinstance(to, Codes) or falls is None or isinstance(falls, Codes):
            return (), ()
        rows = np.flatnonzero(~np.isnat(falls) & (level.codes >= 0) & (to.codes >= 0))
        months = falls[rows].astype("datetime64[M]").astype(np.int64)
        groups, members = np.unique(np.stack([months, level.codes[rows], to.codes[rows]]), axis=1, return_counts=True)
        losses = []
        for (month, one, other), count in zip(groups.T.tolist(), members.tolist(), strict=True):
            was, now = programme.level(level.values[one]), programme.level(to.values[other])
            if was is not None and now is not None:
                losses.append(Losses(str(np.datetime64(month, "M")), was, now, count))
        return tuple(losses), self._losing(columns, entry, programme, rows, most)

    def _losing(self, columns: RunColumns, entry: PolicyEntry, programme: Programme, rows: Array, most: int) -> tuple[Losing, ...]:
        sight = self._engine.sight
        ids = columns.block.customer_id
        found = {
            name: columns.column(f"{entry.key}.{name}") for name in ("level", "falls_to", "falls_on", "keep_by", "to_keep", "qualifying")
        }
        if any(column is None for column in found.values()):
            return ()
        falls, counted = np.asarray(found["falls_on"]), np.asarray(found["qualifying"])
        with self._engine.store.read() as connection:
            if not sight.reach.everybody:
                rows = rows[sight.reach.flags(connection, ids[rows])]
            rows = rows[np.lexsort((ids[rows], -counted[rows], falls[rows]))][:most]
            chosen = ids[rows].tolist()
            numbers, names = external_ids(connection, chosen), names_of(connection, chosen)
        level, to = found["level"], found["falls_to"]
        assert isinstance(level, Codes)
        assert isinstance(to, Codes)
        listed = []
        for row, number in zip(rows.tolist(), chosen, strict=True):
            was, now = programme.level(level.values[level.codes[row]]), programme.level(to.values[to.codes[row]])
            if was is not None and now is not None:
                days = falls[row].item(), np.asarray(found["keep_by"])[row].item()
                name = sight.shown(customers.c.name, names.get(number))
                listed.append(Losing(numbers[number], name, was, now, *days, float(np.asarray(found["to_keep"])[row])))
        return tuple(listed)


def _day(value: Any) -> dt.date | None:
    return None if value is None else dt.date.fromisoformat(str(value))


def _iso(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


__all__ = ["Card", "Expiring", "Losing", "Losses", "Members", "Membership"]
