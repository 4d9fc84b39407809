"""Who is to be cared for on a day: all customers as columns, read once, and the plans applied to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import clock
from engine.care.consent import heard
from engine.care.control import in_control
from engine.care.occasions import EPOCH, festival_on, kept_on, period_starts, yearly_on
from engine.care.plans import CONTACT, Plan
from engine.care.reports import PlanReport
from engine.columns import Array, Codes, Flags
from engine.errors import Fault, FeatureError, RulebookError, did_you_mean
from engine.moments import as_moment, day_number
from engine.store import care as rows
from engine.store import interactions, managers
from engine.store.features import read_features
from engine.store.register import absent, register_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

CONSENT, CHANNEL, LANGUAGE, OWNER = "custom.consent", "custom.channel", "custom.language", "custom.owner"
"""The custom fields of customers that care goes by: a flag, and three texts."""

DAY = 86_400
CODES = 2**22
"""More than any code of an occasion: days, months, years, runs."""


@dataclass(slots=True)
class Chosen:
    """Places of customers with an occasion of a plan; the occasions as numbers, and the days they fall on."""

    places: Array
    codes: Array
    days: Array

    def only(self, where: Flags) -> Chosen:
        """Those where a flag is set."""
        return Chosen(self.places[where], self.codes[where], self.days[where])

    def occasions(self, plan: Plan) -> list[str]:
        """The names of the occasions."""
        names = {code: occasion_of(plan, code) for code in np.unique(self.codes).tolist()}
        return [names[code] for code in self.codes.tolist()]

    def dates(self) -> list[dt.date]:
        """The days as dates."""
        known = {number: EPOCH + dt.timedelta(days=number) for number in np.unique(self.days).tolist()}
        return [known[number] for number in self.days.tolist()]


def occasion_of(plan: Plan, code: int) -> str:
    """The name of an occasion, for ever: a year, a date, a period, a run."""
    if plan.trigger in ("birthday", "anniversary"):
        return str(code)
    if plan.trigger == "verify":
        return f"{code // 12}-{code % 12 + 1:02}"
    if plan.trigger in ("upgrade", "downgrade", "change"):
        return f"run {code}"
    date = (EPOCH + dt.timedelta(days=code)).isoformat()
    return f"since {date}" if plan.trigger == "silence" else date


def code_of(plan: Plan, occasion: str) -> int:
    """The number of such a name; -1 for one that this plan cannot have, since another had its key before."""
    try:
        if plan.trigger in ("birthday", "anniversary"):
            return int(occasion)
        if plan.trigger == "verify":
            year, month = occasion.split("-")
            return int(year) * 12 + int(month) - 1
        if plan.trigger in ("upgrade", "downgrade", "change"):
            return int(occasion.removeprefix("run "))
        return day_number(dt.date.fromisoformat(occasion.removeprefix("since ")))
    except ValueError:
        return -1


@dataclass
class Population:
    """Every customer who may be cared for, as columns."""

    engine: Engine
    keys: Array
    key_hash: Array
    columns: Mapping[str, Any]
    birth: Array
    joined: Array
    graded: Flags
    last: Mapping[str, tuple[Array, Array]]
    _labels: dict[tuple[str, tuple[str, ...]], Array] = field(default_factory=dict)
    _contacts: dict[tuple[str, ...], Array] = field(default_factory=dict)
    _done: dict[str, Array] = field(default_factory=dict)

    @cached_property
    def joined_on(self) -> Array:
        """The business days of joining."""
        return _days(self.joined, self.engine)

    @classmethod
    def read(cls, engine: Engine, plans: Sequence[Plan]) -> Population:
        """Read what these plans go by, as of now."""
        names = [CONSENT, CHANNEL, LANGUAGE, OWNER]
        for plan in plans:
            if plan.trigger == "silence":
                names += [each for each in plan.contact if each not in CONTACT]
        catalogue = engine.catalogue
        wanted = [name for name in dict.fromkeys(names) if known(engine, name)]

        def also(connection: Connection) -> Any:
            asked = {each for plan in plans if plan.trigger == "silence" for each in plan.contact}
            last = {"tasks": managers.last_done(connection)} if "tasks" in asked else {}
            last |= {"interactions": interactions.last(connection, clock.now())} if "interactions" in asked else {}
            last |= {"orders": managers.last_orders(connection, clock.now())} if "orders" in asked else {}
            return register_of(engine.store, connection), last

        table, (register, last) = read_features(
            engine.store, wanted or ["orders.count"], clock.now(), catalogue=catalogue, also=also, keep=False
        )
        there = np.isin(table.customer_id, register.customer_id)
        at = np.searchsorted(register.customer_id, table.customer_id).clip(max=max(len(register) - 1, 0))
        birth = np.where(there, register.integers["birth_day"][at], absent("birth_day")) if len(register) else np.empty(0, np.int64)
        joined = np.where(there, register.integers["joined_at"][at], absent("joined_at")) if len(register) else np.empty(0, np.int64)
        graded = np.ones(len(table), bool) if table.not_graded is None else table.not_graded.missing
        return cls(engine, table.customer_id, table.key_hash, table.columns, birth, joined, graded, last)

    def text(self, name: str) -> Codes:
        """A column of texts; missing where the store has no such field."""
        column = self.columns.get(name)
        return column if isinstance(column, Codes) else Codes(np.full(len(self.keys), -1), ())

    def labels(self, connection: Connection, output: str, labels: tuple[str, ...]) -> Array:
        """The place of each customer's label, -1 for none of them."""
        if (output, labels) not in self._labels:
            found, places = managers.labels(connection, output, labels)
            mine = np.full(len(self.keys), -1, np.int64)
            order = np.argsort(self.keys)
            at = np.searchsorted(self.keys, found, sorter=order).clip(max=max(len(self.keys) - 1, 0))
            inside = self.keys[order[at]] == found if len(self.keys) else np.zeros(len(found), bool)
            mine[order[at[inside]]] = places[inside]
            self._labels[(output, labels)] = mine
        return self._labels[(output, labels)]

    # --- occasions ---------------------------------------------------------------------------------------------

    def due(self, connection: Connection, plan: Plan, today: dt.date) -> Chosen:
        """Who has an occasion of a plan on a day: those of `who`, graded at all."""
        able = self.graded.copy()
        if plan.who is not None:
            able &= self.labels(connection, *plan.who) >= 0
        if plan.trigger in ("upgrade", "downgrade", "change"):
            return self._moved(connection, plan, today, able)
        if plan.trigger == "silence":
            return self._silent(plan, today, able)
        if plan.trigger == "verify":
            start, length = period_starts(today, plan.months), 28 * plan.months
            turn = (self.key_hash.view(np.uint64) % np.uint64(length)).astype(np.int64)  # spread, so that no day has all of them
            late = day_number(today) - day_number(start) - turn
            places = np.flatnonzero(able & (late >= 0) & (late <= plan.late_days))  # a plan that begins later must not ask all at once
            return _all(places, start.year * 12 + start.month - 1, today)
        return self._yearly(plan, today, able)

    def _yearly(self, plan: Plan, today: dt.date, able: Flags) -> Chosen:
        found = []
        for late in range(plan.late_days + 1):
            date = today + dt.timedelta(days=plan.days_before - late)
            if plan.trigger == "festival":
                assert plan.fixed is not None
                here = festival_on(date, *plan.fixed, lunar=bool(plan.lunar))
                found.append(_all(np.flatnonzero(able) if here else np.empty(0, np.int64), day_number(date), date))
                continue
            days, none = (self.birth, absent("birth_day")) if plan.trigger == "birthday" else (self.joined_on, absent("joined_at"))
            found.append(_all(np.flatnonzero(able & yearly_on(days, date, days != none)), date.year, date))
        return Chosen(*(np.concatenate([getattr(each, name) for each in found]) for name in ("places", "codes", "days")))

    def _silent(self, plan: Plan, today: dt.date, able: Flags) -> Chosen:
        last = self._last_contact(plan.contact)
        midnight = as_moment(today, self.engine.zone) + DAY - 1
        places = np.flatnonzero(able & (last > 0) & ((midnight - last) // DAY >= plan.days))
        days = last[places] // DAY
        return Chosen(places, days, days)

    def _last_contact(self, contact: tuple[str, ...]) -> Array:
        """When each customer was last in contact; 0 for never."""
        if contact not in self._contacts:
            last = np.zeros(len(self.keys), np.int64)
            for name in contact:
                if name in self.last:
                    last = np.maximum(last, _placed(self.keys, *self.last[name]))
                elif name in self.columns:
                    numbers = np.asarray(self.columns[name]).astype("datetime64[D]").astype(np.int64)
                    last = np.maximum(last, np.where(numbers < 0, 0, numbers * DAY))
            self._contacts[contact] = last
        return self._contacts[contact]

    def _moved(self, connection: Connection, plan: Plan, today: dt.date, able: Flags) -> Chosen:
        zone = self.engine.zone
        since = as_moment(today - dt.timedelta(days=plan.late_days), zone)
        moved = rows.moves(connection, plan.output, since, as_moment(today + dt.timedelta(days=1), zone))
        order = {key: at for at, key in enumerate(label_titles(self.engine, plan.output))}
        worst = len(order)
        wanted = []
        for key, run, was, now in moved:
            before, after = order.get(was or "", worst), order.get(now or "", worst)
            fits = {"upgrade": after < before, "downgrade": after > before, "change": True}[plan.trigger]
            if fits and was is not None and (not plan.to or now in plan.to):
                wanted.append((key, run))
        place = {key: at for at, key in enumerate(self.keys.tolist())} if wanted else {}
        wanted = [(place[key], run) for key, run in wanted if key in place and able[place[key]]]
        found = np.array(wanted, np.int64).reshape(-1, 2)
        return Chosen(found[:, 0], found[:, 1], np.full(len(found), day_number(today)))

    # --- who stays ---------------------------------------------------------------------------------------------

    def chosen(self, connection: Connection, plan: Plan, today: dt.date) -> tuple[Chosen, Flags, PlanReport]:
        """Those whom a plan cares for on a day, the flags of the control group among them, and what became of the others."""
        found = self.due(connection, plan, today)
        report = PlanReport(plan.key, due=len(found.places))
        fresh = ~np.isin(self.pairs(found), self._dealt_with(connection, plan))
        report.already = int((~fresh).sum())
        found = found.only(fresh)
        agrees = self._agrees(plan)[found.places]
        report.refused = int((~agrees).sum())
        found = found.only(agrees)
        if plan.cap_days:
            often = rows.often(connection, day_number(today) - plan.cap_days, plan.cap_most)
            free = ~np.isin(self.keys[found.places], often)
            report.capped = int((~free).sum())
            found = found.only(free)
        control = in_control(self.key_hash[found.places], plan.key, plan.control_share)
        report.control, report.made = int(control.sum()), int((~control).sum())
        return found, control, report

    def pairs(self, found: Chosen) -> Array:
        """Customer and occasion of each as one number."""
        pairs: Array = self.keys[found.places] * CODES + found.codes
        return pairs

    def _dealt_with(self, connection: Connection, plan: Plan) -> Array:
        """The same numbers of what a plan dealt with before; read once, under the lock where something is written."""
        if plan.key not in self._done:
            customers, occasions = rows.done(connection, plan.key)
            known = {each: code_of(plan, each) for each in set(occasions)}
            codes = np.array([known[each] for each in occasions], np.int64)
            self._done[plan.key] = customers[codes >= 0] * CODES + codes[codes >= 0]
        return self._done[plan.key]

    def _agrees(self, plan: Plan) -> Flags:
        said: Any = self.columns.get(CONSENT, np.full(len(self.keys), -1))
        if isinstance(said, Codes):  # a file brought it as a text
            said = said.take({each: heard(each) for each in said.values}, -1)
        if plan.consent == "none":
            return np.ones(len(self.keys), bool)
        agreed: Flags = said == 1 if plan.consent == "required" else said != 0
        return agreed


def known(engine: Engine, name: str) -> bool:
    """Whether the store has a feature."""
    try:
        engine.catalogue.resolve(name)
    except FeatureError:
        return False
    return True


def label_titles(engine: Engine, address: str) -> dict[str, Any]:
    """The labels of an output of the live rulebook with their titles, the best first as the policy lists them."""
    try:
        entries = engine.rulebook().entries
    except RulebookError:
        return {}
    for entry in entries:
        for each in entry.policy.outputs():
            if f"{entry.key}.{each.name}" == address:
                return {label.key: label.title for label in each.labels}
    return {}


def name_faults(engine: Engine, plan: Plan) -> list[Fault]:
    """Outputs and labels of a plan that the live rulebook does not have."""
    faults: list[Fault] = []
    try:
        outputs = [f"{entry.key}.{each.name}" for entry in engine.rulebook().entries for each in entry.policy.outputs() if each.has_history]
    except RulebookError:
        return faults
    asked = [("output", plan.output, plan.to, "to")] if plan.output else []
    if plan.who is not None:
        asked.append(("who.output", plan.who[0], plan.who[1], "who.labels"))
    for place, address, labels, inner in asked:
        if address not in outputs:
            faults.append(Fault("TW422", place, f"{address!r} is no output with labels", did_you_mean(address, outputs)))
            continue
        titles = label_titles(engine, address) or {"true": None, "false": None}
        for at, key in enumerate(labels):
            if key not in titles:
                hint = did_you_mean(key, titles) or f"labels are {', '.join(titles)}"
                faults.append(Fault("TW422", f"{inner}[{at}]", f"{address} has no label {key!r}", hint))
    return faults


def _placed(keys: Array, there: Array, values: Array) -> Array:
    if not len(there):
        return np.zeros(len(keys), np.int64)
    at = np.searchsorted(there, keys).clip(max=len(there) - 1)
    return np.where(there[at] == keys, values[at], 0)


def _days(moments: Array, engine: Engine) -> Array:
    """Business days of moments, by the zone's offset of today: a day off at most where clocks have changed at midnight."""
    offset = engine.now.utcoffset()
    shift = 0 if offset is None else int(offset.total_seconds())
    none = absent("joined_at")
    return np.where(moments == none, none, (moments + shift) // DAY)


def _all(places: Array, code: int, date: dt.date) -> Chosen:
    """One occasion of all."""
    return Chosen(places, np.full(len(places), code), np.full(len(places), day_number(date)))


__all__ = ["CHANNEL", "CONSENT", "LANGUAGE", "OWNER", "Chosen", "PlanReport", "Population", "kept_on", "label_titles", "name_faults"]
