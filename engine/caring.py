"""Care plans carried out: who hears what on which day, once: `engine.care`.

engine.care.save("birthday", {"trigger": "birthday", "text": {"en": "Happy birthday, ${name}!", "zh": "${name}，生日快乐！"}})
engine.care.run()
engine.care.effect("birthday", days=30)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import clock
from engine.care.control import Difference, difference
from engine.care.gateways import Gateway
from engine.care.plans import Plan
from engine.care.reports import CareReport, PlanReport
from engine.care.texts import filled
from engine.care_day import CHANNEL, LANGUAGE, OWNER, Chosen, Population, label_titles, name_faults
from engine.care_delivery import deliver, wakes_at
from engine.errors import CareError, Fault, did_you_mean
from engine.moments import as_day, day_number, day_of
from engine.progress import Tell, silent
from engine.store import audit, documents, gateways, outcomes
from engine.store import care as rows
from engine.store.documents import ServiceDocument
from engine.store.session import one_writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.columns import Array, Flags
    from engine.service import Engine

KIND, STATE = "care", "care_state"
MOST_PLANS, SHOWN, MOST_DAYS = 200, 20, 366


@dataclass(frozen=True, slots=True)
class Kept:
    """A plan as it stands, and what it did so far. last: the day it last made something."""

    plan: Plan
    enabled: bool
    revision: int
    updated_by: str
    updated_at: int
    care: int
    control: int
    last: dt.date | None

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        about = {name: getattr(self, name) for name in ("enabled", "revision", "updated_by", "updated_at", "care", "control")}
        return {
            "key": self.plan.key,
            "document": self.plan.as_dict(),
            **about,
            "last": None if self.last is None else self.last.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Effect:
    """What a plan changed, per occasion, in so many days after it: orders, and revenue in minor units."""

    plan: str
    days: int
    orders: Difference
    revenue: Difference

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


class Care:
    """The verbs on care plans, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    # --- plans -------------------------------------------------------------------------------------------------

    def list(self) -> Sequence[Kept]:
        """Every plan by key."""
        with self.engine.store.read() as connection:
            counts = rows.counts(connection)
            return [_kept(each, counts.get(each.key, {})) for each in documents.every(connection, KIND)]

    def get(self, key: str) -> Kept:
        """One by its key. Raises `CareError` with the nearest."""
        known = {each.plan.key: each for each in self.list()}
        if key not in known:
            hint = did_you_mean(str(key), known) or (f"there are {', '.join([*known][:12])}" if known else "there is none yet")
            raise CareError(f"there is no care plan {str(key)[:80]!r}; {hint}")
        return known[key]

    def check(self, key: str, document: Any) -> Plan:
        """Check a document completely, also names against the live rulebook. Raises `CareError` with every fault."""
        plan = Plan.read(key, document)
        faults = [*name_faults(self.engine, plan), *self._gateway_faults(plan)]
        if faults:
            raise CareError(f"the care plan {key} is wrong", faults)
        return plan

    def save(self, key: str, document: Any, *, enabled: bool = True, revision: int | None = None) -> Kept:
        """Keep a plan. revision: what the caller saw, 0 for a new one; None does not ask."""
        plan = self.check(key, document)
        with self.engine.store.write() as connection:
            one_writer(connection)
            known = documents.get(connection, KIND, key)
            if revision is not None and revision != (known.revision if known else 0):
                raise CareError(f"care plan {key} was changed by somebody else meanwhile; look again")
            if known is None and len(documents.every(connection, KIND)) >= MOST_PLANS:
                raise CareError(f"there are {MOST_PLANS} care plans already; remove some")
            documents.save(connection, KIND, key, plan.as_dict(), self._actor, enabled=enabled)
            self._note(connection, "care.save", key, enabled=enabled)
        return self.get(key)

    def enable(self, key: str, enabled: bool = True) -> Kept:
        """Let a plan act from now on, or rest: also one that names what the live rulebook no longer has."""
        kept = self.get(key)
        if enabled:
            return self.save(key, kept.plan.as_dict(), revision=kept.revision)
        with self.engine.store.write() as connection:
            one_writer(connection)
            known = documents.get(connection, KIND, key)
            if known is not None:
                documents.save(connection, KIND, key, known.document, self._actor, enabled=False)
                self._note(connection, "care.save", key, enabled=False)
        return self.get(key)

    def remove(self, key: str) -> None:
        """Remove a plan. What it did stays known, so that another of this key does not do it twice."""
        self.get(key)
        with self.engine.store.write() as connection:
            one_writer(connection)
            documents.remove(connection, KIND, key)
            self._note(connection, "care.remove", key)

    # --- a day -------------------------------------------------------------------------------------------------

    def run(self, day: str | dt.date | None = None, *, dry_run: bool = False) -> CareReport:
        """Carry out what is due on a day (None: today), each occasion once, whoever does the same at this moment.

        Occasions missed by a few days are made up for, as each plan says. A day that has not come is only for dry_run.
        """
        date = as_day(day, self.engine.zone, "date")
        if date > self.engine.now.date() and not dry_run:
            raise CareError(f"{date} has not come yet; only a dry run looks ahead")
        plans = [each.plan for each in self.list() if each.enabled]
        people = Population.read(self.engine, plans)
        reports = []
        with self.engine.store.write() as connection:
            one_writer(connection)
            for plan in plans:
                chosen, control, report = people.chosen(connection, plan, date)
                if not dry_run:
                    self._keep(connection, people, plan, chosen, control, report, date)
                reports.append(report)
            done = CareReport(date, reports, dry_run)
            if not dry_run:
                if date == self.engine.now.date():
                    documents.save(connection, STATE, "day", {"day": date.isoformat()}, self._actor)
                if done.made:
                    self._note(connection, "care.run", date.isoformat(), made=done.made, control=sum(each.control for each in reports))
        return done

    def due(self) -> bool:
        """Whether today's care is still to be carried out."""
        with self.engine.store.read() as connection:
            state = documents.get(connection, STATE, "day")
            if state is not None and state.document["day"] >= self.engine.now.date().isoformat():
                return False
            return any(each.enabled for each in documents.every(connection, KIND))

    def preview(self, *, days: int = 30, key: str | None = None, document: Any = None, tell: Tell = silent) -> Sequence[CareReport]:
        """What would be due on each of the next days, from today on, if nothing happened meanwhile; some customers are named.

        document: of a plan that is not saved; key: only this plan. Every day stands for itself: caps do not add up.
        tell: called with the day that is looked at. `engine.questions` answers "care" by a job where there are many customers.
        """
        if not 1 <= days <= MOST_DAYS:
            raise CareError(f"days: expected 1 to {MOST_DAYS}")
        plans = [self.check(key or "new", document)] if document is not None else [each.plan for each in self.list()]
        plans = [plan for plan in plans if document is not None or key in (None, plan.key)]
        tell("read", 0, None)
        people = Population.read(self.engine, plans)
        today, found = self.engine.now.date(), []
        told: dict[str, Array] = {}
        with self.engine.store.read() as connection:
            for ahead in range(days):
                tell("care", ahead, days)
                date, reports = today + dt.timedelta(days=ahead), []
                for plan in plans if not ahead else [replace(each, late_days=0) for each in plans]:  # the days before were looked at
                    chosen, control, report = people.chosen(connection, plan, date)
                    pairs, seen = people.pairs(chosen), told.get(plan.key, np.empty(0, np.int64))
                    fresh = ~np.isin(pairs, seen)
                    told[plan.key] = np.concatenate([seen, pairs[fresh]])
                    report.made, report.control = int((fresh & ~control).sum()), int((fresh & control).sum())
                    report.due = report.made + report.control
                    report.examples = self._named(connection, people, chosen.only(fresh & ~control))
                    reports.append(report)
                found.append(CareReport(date, reports, True))
        return found

    def rests_on(self) -> Sequence[Any]:
        """What a preview rests on beside facts and runs: the day, the plans, and what was done so far."""
        with self.engine.store.read() as connection:
            plans = [(each.key, each.revision, each.enabled) for each in documents.every(connection, KIND)]
            live = outcomes.live_run(connection)
            return [
                self.engine.now.date().isoformat(),
                live and live.id,
                plans,
                sorted((key, *of.values()) for key, of in rows.counts(connection).items()),
            ]

    def texts(self, key: str, customer: str) -> dict[str, str]:
        """What a plan would say to a customer: subject and text, in the customer's language."""
        from engine.store.identity import resolve_in

        plan = self.get(key).plan
        people = Population.read(self.engine, [plan])
        with self.engine.store.read() as connection:
            number = resolve_in(connection, customer, reach=self.engine.sight.reach)
            place = np.flatnonzero(people.keys == number)
            if not len(place):
                raise CareError(f"customer {customer!r} is not served")
            today = self.engine.now.date()
            subjects, texts, _ = self._said(connection, people, plan, Chosen(place, np.zeros(1, np.int64), np.full(1, day_number(today))))
        return {"subject": subjects[0], "text": texts[0]}

    # --- what came of it ---------------------------------------------------------------------------------------

    def effect(self, key: str, *, days: int = 30) -> Effect:
        """What a plan changed in so many days after each occasion: those cared for less those left out, with 95 % intervals."""
        if not 1 <= days <= MOST_DAYS:
            raise CareError(f"days: expected 1 to {MOST_DAYS}")
        self.get(key)
        with self.engine.store.read() as connection:
            found = np.array([tuple(row) for row in rows.bought(connection, key, days, clock.now())], np.int64).reshape(-1, 3)
        control = found[:, 0] == 1
        return Effect(key, days, *(difference(found[~control, at].astype(float), found[control, at].astype(float)) for at in (1, 2)))

    def messages(self, key: str | None = None) -> dict[str, int]:
        """How many messages wait, were sent, and failed."""
        with self.engine.store.read() as connection:
            return rows.messages(connection, key)

    def deliver(self) -> int:
        """Send what waits and may be sent now; how many were handed over. A worker does it every few seconds."""
        return deliver(self.engine)

    # --- inside ------------------------------------------------------------------------------------------------

    def _keep(
        self, connection: Connection, people: Population, plan: Plan, chosen: Chosen, control: Flags, report: PlanReport, date: dt.date
    ) -> None:
        keys, now = people.keys[chosen.places], clock.now()
        reached = np.ones(len(keys), bool)
        if plan.delivery == "email" and len(keys):
            known = rows.people(connection, keys)
            reached = np.array([bool(known[key][2]) for key in keys.tolist()], bool)
            report.no_address, report.made = int((~reached & ~control).sum()), int((reached & ~control).sum())
            report.control = int((reached & control).sum())
        ways: Sequence[str | None] = []
        if plan.delivery == "gateway" and len(keys):
            ways = self._ways(connection, people, plan, chosen)
            reached = np.array([each is not None for each in ways], bool)
            report.no_address, report.made = int((~reached & ~control).sum()), int((reached & ~control).sum())
            report.control = int((reached & control).sum())
        kept = chosen.only(reached)
        rows.keep(connection, plan.key, keys[reached], kept.occasions(plan), control[reached], day=day_number(date), at=now)
        served = chosen.only(reached & ~control)
        subjects, texts, channels = self._said(connection, people, plan, served)
        keys = people.keys[served.places]
        if plan.delivery == "task":
            titles, owners = plan.title, people.text(OWNER)[served.places].texts()
            due = day_number(date) + plan.due_days
            once = [f"care {plan.key} {occasion} {key}" for key, occasion in zip(keys.tolist(), served.occasions(plan), strict=True)]
            columns = {
                "customer_id": keys,
                "title": [(subject or titles[self.engine.settings.language])[:200] for subject in subjects],
                "text": texts,
                "channel": channels,
                "owner": [owner or "" for owner in owners],
                "due_on": [max(due, day_number(each)) if plan.days_before else due for each in served.dates()],
                "once": once,
            }
            rows.add_tasks(connection, {**columns, "created_by": self._actor, "created_at": now})
            return
        columns = {"customer_id": keys, "occasion": served.occasions(plan), "channel": channels, "subject": subjects, "text": texts}
        if plan.delivery == "gateway":
            columns["gateway"] = [way for way, here in zip(ways, (reached & ~control).tolist(), strict=True) if here]
        fixed = {"plan": plan.key, "kind": plan.delivery, "next_at": wakes_at(self.engine, now), "created_at": now}
        rows.add_messages(connection, {**columns, **fixed})

    def _said(
        self, connection: Connection, people: Population, plan: Plan, chosen: Chosen
    ) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """Subject, text and channel for each customer, in its language."""
        if not len(chosen.places):
            return [], [], []
        known = rows.people(connection, people.keys[chosen.places])
        languages = [
            "zh" if str(each or self.engine.settings.language).startswith("zh") else "en" for each in people.text(LANGUAGE)[chosen.places]
        ]
        owners = people.text(OWNER)[chosen.places].texts()
        preferred = people.text(CHANNEL)[chosen.places].texts()
        address = plan.who[0] if plan.who is not None else plan.output
        titles = label_titles(self.engine, address) if address else {}
        levels = people.labels(connection, address, tuple(titles))[chosen.places] if titles else np.full(len(chosen.places), -1)
        keys, today, dates = list(titles), self.engine.now.date(), chosen.dates()
        subjects, texts = [], []
        for at, key in enumerate(people.keys[chosen.places].tolist()):
            language, date = languages[at], dates[at]
            level = titles[keys[int(levels[at])]].in_(language) if levels[at] >= 0 else ""
            written = f"{date.year} 年 {date.month} 月 {date.day} 日" if language == "zh" else date.isoformat()
            values = {"name": known[key][1] or known[key][0], "customer": known[key][0], "level": level, "manager": owners[at] or ""}
            values |= {"date": written, "days": str(abs((today - date).days))}
            texts.append(filled(plan.text[language], values))
            subjects.append(filled(plan.subject[language], values) if plan.subject else "")
        return subjects, texts, [plan.channel or each or "" for each in preferred]

    def _gateway_faults(self, plan: Plan) -> Sequence[Fault]:
        if not plan.gateway:
            return []
        known = [each.gateway.key for each in self.engine.gateways.list()]
        hint = did_you_mean(plan.gateway, known) or (f"there are {', '.join(known)}" if known else "there is none yet")
        return [] if plan.gateway in known else [Fault("TW422", "gateway", f"there is no gateway {plan.gateway!r}", hint)]

    def _ways(self, connection: Connection, people: Population, plan: Plan, chosen: Chosen) -> Sequence[str | None]:
        """The gateway by which each customer is reached: the plan's, or the first that acts of the customer's channel. None without
        one, or without the address that it needs."""
        known = [Gateway.read(each.key, each.document) for each in gateways.every(connection) if each.enabled or each.key == plan.gateway]
        preferred = people.text(CHANNEL)[chosen.places].texts()
        by_channel = {each.channel: each.key for each in reversed(known)}
        ways = [plan.gateway or by_channel.get(plan.channel or each or "") for each in preferred]
        keys = people.keys[chosen.places].tolist()
        for each in known:
            if each.to:
                mine = [number for number, way in zip(keys, ways, strict=True) if way == each.key]
                reached = gateways.addresses(connection, each.to, mine)
                ways = [None if way == each.key and number not in reached else way for number, way in zip(keys, ways, strict=True)]
        return ways

    def _named(self, connection: Connection, people: Population, chosen: Chosen) -> Sequence[str]:
        """The ids of some customers within sight."""
        from engine.store.lookups import external_ids_many

        keys = people.keys[chosen.places]
        keys = keys[self.engine.sight.reach.flags(connection, keys)][:SHOWN]
        found = external_ids_many(connection, keys)
        return [found[key] for key in keys.tolist()]

    @property
    def _actor(self) -> str:
        return self.engine.settings.actor

    def _note(self, connection: Connection, action: str, key: str, **details: Any) -> None:
        audit.record(connection, **self.engine.acting, action=action, subject=f"care:{key}", details=details or None)


def _kept(each: ServiceDocument, counts: Mapping[str, int]) -> Kept:
    last = day_of(counts["day"]) if counts else None
    plan = Plan.read(each.key, each.document)
    return Kept(plan, each.enabled, each.revision, each.updated_by, each.updated_at, counts.get("care", 0), counts.get("control", 0), last)


__all__ = ["Care", "CareReport", "Effect", "Kept"]
