"""What tickets do by themselves: new promises where levels changed, and escalation in steps.

A tick may be repeated, killed and run beside another: a step is a row that exists once for each clock of a ticket, made in
the transaction that tells people and webhooks of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from engine.desk.setup import CLOCKS, OWNER, Setup, Step
from engine.moments import day_number
from engine.store import audit, tasks, ticket_clocks
from engine.store import tickets as rows
from engine.store.models import customer, ticket, user_account, user_role
from engine.store.session import one_writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine
    from engine.ticket_clocks import TicketClocks

BATCH = 200
"""Tickets that one transaction escalates: others write in between."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """A step that was taken. breach: whether the promise is broken. due_at: when the step was due. told: who has a task now."""

    ticket: int
    clock: str
    step: str
    breach: bool
    due_at: int
    told: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**asdict(self), "told": list(self.told)}


class Ticks:
    """One tick of an engine's tickets."""

    def __init__(self, engine: Engine, clocks: TicketClocks) -> None:
        self.engine, self.clocks = engine, clocks

    def tick(self, now: int) -> list[Escalation]:
        """Do everything that is due at a moment."""
        with self.engine.store.read() as connection:
            if not ticket_clocks.has_any(connection):
                return []
        self.engine.tickets.retarget()
        found: list[Escalation] = []
        while True:
            with self.engine.store.read() as connection:
                waiting = ticket_clocks.ready(connection, now, BATCH)
            if not waiting:
                return found
            with self.engine.store.write() as connection:
                one_writer(connection)
                taken = self._escalate(connection, waiting, now)
            found += taken

    def _escalate(self, connection: Connection, numbers: Sequence[int], now: int) -> list[Escalation]:
        setup = self.engine.desk.setup_in(connection).setup
        steps = {(step.clock, step.key): step for step in setup.steps}
        due = self.clocks.due_steps(connection, numbers, now)
        owners = dict(connection.execute(select(ticket.c.id, ticket.c.owner).where(ticket.c.id.in_(numbers))).all())
        people = self._people(connection, setup)
        found = []
        for clock, key, moment in due:
            step = steps[clock.clock, key]
            if not ticket_clocks.take(connection, clock.ticket_id, clock.clock, key, now, moment):
                continue
            told = self._tell(connection, clock.ticket_id, step, owners[clock.ticket_id], people, moment)
            details = {"clock": clock.clock, "step": key, "breach": step.breach, "due_at": moment, "told": list(told)}
            actor = self.engine.settings.actor
            rows.note(connection, clock.ticket_id, "step", at=now, posted_at=now, actor=actor, details=details)
            ref = f"ticket_step:{clock.ticket_id}:{clock.clock}:{key}"
            payload = {"ticket": clock.ticket_id, "clock": clock.clock, "step": key, "breach": step.breach, "due_at": moment}
            self.engine.webhooks.tell(connection, "ticket.escalated", ref, now, payload)
            found.append(Escalation(clock.ticket_id, clock.clock, key, step.breach, moment, told))
        self.clocks.refresh(connection, numbers, now)
        if found:
            details = {"steps": len(found), "tickets": len({each.ticket for each in found})}
            audit.record(connection, **self.engine.acting, action="ticket.escalate", subject="tickets", details=details)
        return found

    def _people(self, connection: Connection, setup: Setup) -> Mapping[str, Sequence[str]]:
        """Who stands behind "role:..." in the setup."""
        if not any(name.startswith("role:") for step in setup.steps for name in step.tell):
            return {}
        query = select(user_role.c.role, user_account.c.name).join(user_account, user_account.c.id == user_role.c.user_id)
        found: dict[str, list[str]] = {}
        for role, name in connection.execute(query.where(user_account.c.disabled_at.is_(None)).order_by(user_account.c.name)):
            found.setdefault(f"role:{role}", []).append(name)
        return found

    def _tell(
        self, connection: Connection, number: int, step: Step, owner: str, people: Mapping[str, Sequence[str]], moment: int
    ) -> tuple[str, ...]:
        """Give each person of a step a task, once; who they are."""
        wanted = [
            name for each in step.tell for name in ([owner] if each == OWNER else people.get(each, [] if ":" in each else [each])) if name
        ]
        row = connection.execute(
            select(ticket.c.customer_id, customer.c.external_id)
            .join(customer, customer.c.id == ticket.c.customer_id)
            .where(ticket.c.id == number)
        ).one()
        day = day_number(dt.datetime.fromtimestamp(moment, self.engine.zone).date())
        title = CLOCKS[step.clock]
        said = ("broken", "已超时") if step.breach else ("close to its end", "即将到期")
        zh = self.engine.settings.language == "zh"
        words = f"工单 {number}：{title.zh}{said[1]}" if zh else f"Ticket {number}: {title.en.lower()} {said[0]}"
        told = tuple(dict.fromkeys(wanted))
        for name in told:
            values = {"title": words, "text": "", "channel": "", "kind": "escalation", "owner": name, "due_on": day}
            once = f"ticket:{number}:{step.clock}:{step.key}:{name}"
            made = {"once": once, "customer_id": row.customer_id, "created_by": self.engine.settings.actor, "created_at": moment}
            tasks.add(connection, {**values, **made})
        return told
