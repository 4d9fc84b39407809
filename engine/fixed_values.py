"""Outputs of single customers that people fix by hand, for a time and with a reason: `engine.fixed_values`.

A request takes effect when another person approved it; its author never can, by any route, unless the installation runs
without four eyes. A run reads those whose time contains its as_of; the computed value stays beside the fixed one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.errors import FixedValueError, did_you_mean
from engine.moments import Moment, as_moment, written
from engine.standing import declared_values
from engine.store import audit
from engine.store import fixed_values as rows
from engine.store.drafts import person
from engine.store.fixed_values import FixedValue
from engine.store.identity import resolve_in
from engine.store.session import one_writer
from engine.store.sight import MASK

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

DAY = 86_400

MOST_DAYS = 366
"""How long a value may be fixed: after that somebody has to look again."""

MOST_REASON = 1_000
"""Characters of a reason."""


class FixedValues:
    """The verbs on values fixed by hand, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def request(self, customer: str, address: str, value: str, *, reason: str, until: Moment, start: Moment = None) -> FixedValue:
        """Ask that an output of a customer be fixed. start: None is now; until: its first moment without, at most 366 days later.

        Raises `FixedValueError`, naming what would be right, for an output or a value that the live rulebook does not have,
        a missing reason, a time that does not fit or that meets another fixed value; `UnknownCustomer`.
        """
        address, value = str(address).strip(), self._value(str(address).strip(), str(value).strip())
        why = self._reason(reason)
        if until is None:
            raise FixedValueError("a fixed value needs an end; give the first day on which it no longer holds, such as 2026-12-31")
        starts, ends = as_moment(start, self.engine.zone, "start"), as_moment(until, self.engine.zone, "until")
        self._check_time(starts, ends)
        with self.engine.store.write() as connection:
            one_writer(connection)
            key = resolve_in(connection, customer, reach=self.engine.sight.reach)
            self._free(connection, key, address, starts, ends)
            asked = {"customer_id": key, "address": address, "value": value, "reason": why, "author": self._actor}
            found = rows.add(connection, {**asked, "requested_at": clock.now(), "starts_at": starts, "ends_at": ends})
            self._record(connection, "request", found)
        return found

    def approve(self, number: int) -> FixedValue:
        """Let a request take effect. Raises `FixedValueError` for its author, and for what is no open request."""

        def decide(connection: Connection, found: FixedValue) -> dict[str, Any]:
            if person(found.author) == person(self._actor) and self._four_eyes:
                raise FixedValueError(
                    f"fixed value {number} was asked for by {found.author}, so another person approves it; ask a colleague with that right"
                )
            self._value(found.address, found.value)
            return {"status": "approved", "approver": self._actor, "decided_at": clock.now()}

        return self._step(number, "approve", "requested", decide)

    def reject(self, number: int) -> FixedValue:
        """Refuse a request."""
        decided = {"status": "rejected", "approver": self._actor, "decided_at": clock.now()}
        return self._step(number, "reject", "requested", lambda connection, found: decided)

    def withdraw(self, number: int) -> FixedValue:
        """Take a request back. Raises `FixedValueError` for anybody but its author."""

        def decide(connection: Connection, found: FixedValue) -> dict[str, Any]:
            if person(found.author) != person(self._actor):
                raise FixedValueError(f"fixed value {number} was asked for by {found.author}, who alone can withdraw it; reject it instead")
            return {"status": "withdrawn", "decided_at": clock.now()}

        return self._step(number, "withdraw", "requested", decide)

    def end(self, number: int, *, at: Moment = None) -> FixedValue:
        """End an approved value early. at: None is now; runs from that moment on no longer see it.

        Raises `FixedValueError` when it has ended by then.
        """
        moment = as_moment(at, self.engine.zone, "at")

        def decide(connection: Connection, found: FixedValue) -> dict[str, Any]:
            if moment >= found.ends_at:
                raise FixedValueError(
                    f"fixed value {number} ends at {written(found.ends_at, self.engine.zone)} anyway; nothing was changed"
                )
            return {"ends_at": max(moment, found.starts_at), "ended_by": self._actor}

        return self._step(number, "end", "approved", decide)

    def get(self, number: int) -> FixedValue:
        """One by its number. Raises `FixedValueError`."""
        with self.engine.store.read() as connection:
            return rows.get(connection, number)

    def list(self, customer: str | None = None, *, status: str | None = None, ended: bool = False) -> Sequence[FixedValue]:
        """Fixed values by number: of a customer, in a state. ended: those too whose time is over."""
        after = None if ended else clock.now()
        with self.engine.store.read() as connection:
            reach = self.engine.sight.reach
            key = None if customer is None else resolve_in(connection, customer, reach=reach)
            found = rows.find(connection, customer_id=key, status=status, after=after, reach=reach)
        return found if self.engine.sight.reasons else [replace(each, reason=MASK) for each in found]

    # --- what is checked ---------------------------------------------------------------------------------------

    @property
    def _actor(self) -> str:
        return self.engine.settings.actor

    @property
    def _four_eyes(self) -> bool:
        return self.engine.settings.four_eyes

    def _value(self, address: str, value: str) -> str:
        """The value, if the live rulebook's output has it."""
        plan = self.engine.rulebook().plan
        declared = declared_values(plan)
        if address not in declared:
            others = {f"{step.entry.key}.{output.name}": output.kind for step in plan.steps for output in step.outputs}
            if address in others:
                raise FixedValueError(
                    f"{address} is of the kind {others[address]}; only labels and flags are fixed by hand: {', '.join(declared)}"
                )
            hint = did_you_mean(address, declared) or f"outputs are {', '.join(declared)}"
            raise FixedValueError(f"the live rulebook has no output {address!r}; {hint}")
        if value not in declared[address]:
            hint = did_you_mean(value, declared[address]) or f"its values are {', '.join(declared[address])}"
            raise FixedValueError(f"{address} has no value {value!r}; {hint}")
        return value

    def _reason(self, reason: str) -> str:
        why = str(reason or "").strip()
        if not why:
            raise FixedValueError("a fixed value needs a reason; say why this customer is an exception")
        if len(why) > MOST_REASON:
            raise FixedValueError(f"the reason has {len(why):,} characters; at most {MOST_REASON:,} are kept")
        return why

    def _check_time(self, starts: int, ends: int) -> None:
        zone = self.engine.zone
        if ends <= starts:
            raise FixedValueError(f"the end {written(ends, zone)} is not after the start {written(starts, zone)}")
        if ends - starts > MOST_DAYS * DAY:
            days = (ends - starts) // DAY
            raise FixedValueError(
                f"from {written(starts, zone)} to {written(ends, zone)} are {days} days; at most {MOST_DAYS}, then ask again"
            )

    def _free(self, connection: Connection, customer: int, address: str, starts: int, ends: int) -> None:
        other = rows.overlapping(connection, customer, address, starts, ends)
        if other is not None:
            zone = self.engine.zone
            times = f"from {written(other.starts_at, zone)} to {written(other.ends_at, zone)}"
            what = "is fixed at" if other.status == "approved" else "is asked to be fixed at"
            raise FixedValueError(
                f"{address} of this customer {what} {other.value} {times} (number {other.id}); end or reject that first, or choose another time"
            )

    def _step(self, number: int, verb: str, wanted: str, decide: Callable[[Connection, FixedValue], Mapping[str, Any]]) -> FixedValue:
        with self.engine.store.write() as connection:
            one_writer(connection)
            found = rows.get(connection, number)
            if found.status != wanted:
                raise FixedValueError(f"fixed value {number} is {found.status}, not {wanted}; nothing was changed")
            changed = rows.change(connection, number, **decide(connection, found))
            self._record(connection, verb, changed)
        return changed

    def _record(self, connection: Connection, verb: str, found: FixedValue) -> None:
        """An audit entry at the end of the transaction; what the value is, and why, stays in the row alone."""
        details = {"customer": found.customer_id, "output": found.address, "starts_at": found.starts_at, "ends_at": found.ends_at}
        if verb == "approve":
            details |= {"author": found.author, "self_approved": found.self_approved}
        settings = self.engine.settings
        audit.record(
            connection,
            actor=settings.actor,
            authenticated=settings.authenticated,
            action=f"fixed_value.{verb}",
            subject=f"fixed_value:{found.id}",
            details=details,
        )
