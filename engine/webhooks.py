"""Tell other systems what happened: signed, kept in an outbox until it is received, and visible.

Events come from what is stored already: runs that became visible and publications. So none is lost, whichever process
made them and whatever was killed; `collect` turns them into deliveries, `deliver` sends those whose time has come.
Signatures are those of Standard Webhooks (standardwebhooks.com).
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from engine.errors import TierwiseError, did_you_mean
from engine.moments import written
from engine.outbound import Refused, Reply, Resolve, Target, check_url, post, resolved, target
from engine.store import audit, feed, lookups, outcomes
from engine.store import webhooks as rows
from engine.store.session import one_writer
from engine.store.webhooks import Delivery, Webhook

if TYPE_CHECKING:
    from engine.service import Engine

EVENTS = (
    *("run.visible", "rulebook.published", "assignments.changed"),
    *("ticket.opened", "ticket.acknowledged", "ticket.escalated", "ticket.closed", "care.due"),
)
WAITS = (5, 30, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before the next attempt, after each that failed; after the last the delivery has failed."""

PER_EVENT = 500
_LEASE = 60


class WebhookError(TierwiseError):
    """A webhook or delivery is not there, or cannot be what was asked for."""


class Webhooks:
    """`engine.webhooks`."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], float] = time.time,
        resolve: Resolve = resolved,
        send: Callable[[Target, bytes, Mapping[str, str]], Reply] = post,
    ) -> None:
        self.engine = engine
        self.store = engine.store
        self.clock = clock
        self._resolve, self._send = resolve, send
        self._looked_up: dict[str, Refused | None] = {}

    def look_up(self, url: str) -> None:
        """Find out whether an address may be sent to, ahead of `add` or `edit`: so no transaction waits for a name server."""
        try:
            target(url, self.engine.settings.webhook_networks, self._resolve)
        except Refused as error:
            self._looked_up[url] = error
        else:
            self._looked_up[url] = None

    def _reachable(self, url: str) -> None:
        if url not in self._looked_up:
            self.look_up(url)
        refused = self._looked_up.pop(url)
        if refused is not None:
            raise refused

    def add(self, title: str, url: str, events: Iterable[str], *, make: Callable[[], str] | None = None) -> tuple[str, Webhook]:
        """Add a webhook; returns the secret by which receivers verify what they get, this once, and the webhook.

        make: the secret, "whsec_" and base64 of 32 random bytes; default, a new one. Raises `Refused` for an address
        that is not public, and `WebhookError`.
        """
        wanted = self._events(events)
        tidy = self._title(title)
        self._reachable(url)
        secret = make() if make is not None else "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        self.collect()  # what happened before is nobody's event
        values = {"title": tidy, "url": url, "secret": secret, "created_by": self.engine.settings.actor, "created_at": int(self.clock())}
        with self.store.write() as connection:
            number = rows.add(connection, values, wanted)
            self._note(connection, "webhook.add", number, events=list(wanted))
            return secret, self._there(rows.get(connection, number), number)

    def edit(self, number: int, *, revision: int | None = None, enabled: bool | None = None, **changes: Any) -> Webhook:
        """Change title, url, events, or whether it is enabled. revision: what the caller saw."""
        values: dict[str, Any] = {}
        if "title" in changes:
            values["title"] = self._title(changes["title"])
        if "url" in changes:
            self._reachable(changes["url"])
            values["url"] = changes["url"]
        if "events" in changes:
            import json

            values["events"] = json.dumps(list(self._events(changes["events"])))
        if enabled is not None:
            values |= {"disabled_at": None if enabled else int(self.clock()), "disabled_because": None}
        with self.store.write() as connection:
            one_writer(connection)
            found = self._there(rows.get(connection, number), number)
            if revision is not None and revision != found.revision:
                raise WebhookError(f"webhook {number} was changed by somebody else meanwhile; look again")
            rows.change(connection, number, values)
            self._note(connection, "webhook.edit", number, changed=sorted(values))
            return self._there(rows.get(connection, number), number)

    def list(self) -> Sequence[Webhook]:
        """Every webhook."""
        with self.store.read() as connection:
            return rows.every(connection)

    def get(self, number: int) -> Webhook:
        """One webhook. Raises `WebhookError`."""
        with self.store.read() as connection:
            return self._there(rows.get(connection, number), number)

    def deliveries(self, number: int, *, limit: int = 100, before: int | None = None) -> Sequence[Delivery]:
        """The newest deliveries to a webhook first."""
        with self.store.read() as connection:
            self._there(rows.get(connection, number), number)
            return rows.deliveries(connection, number, limit, before)

    def replay(self, number: int, delivery: int) -> Delivery:
        """Send a delivery again, whatever became of it."""
        with self.store.write() as connection:
            found = rows.delivery_of(connection, delivery)
            if found is None or found.webhook_id != number:
                raise WebhookError(f"webhook {number} has no delivery {delivery}")
            rows.finish(connection, delivery, {"status": "waiting", "next_at": int(self.clock()), "attempts": 0})
            self._note(connection, "webhook.replay", number, delivery=delivery)
            again = rows.delivery_of(connection, delivery)
            assert again is not None
            return again

    # --- for workers -------------------------------------------------------------------------------------------

    def collect(self) -> int:
        """Turn what happened since the last time into events and deliveries; returns how many events."""
        with self.store.read() as connection:
            fresh = self._fresh(connection)
        if not fresh:
            return 0
        made = 0
        with self.store.write() as connection:
            one_writer(connection)
            active = [each for each in rows.every(connection) if each.disabled_at is None]
            for step in feed.steps(connection, rows.last_ref(connection, "run.visible"), 1_000):
                made += self._run_event(connection, step, active)
            for each in rows.publications(connection, rows.last_ref(connection, "rulebook.published")):
                data = {"version": each.version_id, "kind": each.kind or "publish"}
                self._event(connection, "rulebook.published", f"publication:{each.id}", each.published_at, data, active)
                made += 1
        return made

    def _fresh(self, connection: Connection) -> bool:
        steps = feed.head(connection) > rows.last_ref(connection, "run.visible")
        return steps or bool(rows.publications(connection, rows.last_ref(connection, "rulebook.published")))

    def _run_event(self, connection: Connection, step: feed.Step, active: Sequence[Webhook]) -> int:
        record = outcomes.record(connection, step.run_id)
        as_of = written(record.as_of, self.engine.zone)
        data: dict[str, Any] = {"run": step.run_id, "replaces": step.former_run_id, "as_of": as_of, "rulebook": record.version_id}
        data |= {
            "customers": record.customers,
            "moved": record.report.get("moved"),
            "faults": sorted(record.faults),
            "cursor": f"{step.seq - 1}-0",
        }
        self._event(connection, "run.visible", f"feed:{step.seq}", step.at, data, active)
        if step.former_run_id is None or not any("assignments.changed" in each.events for each in active):
            return 1
        moves = feed.moves(connection, step)
        for start in range(0, len(moves.customer_id), PER_EVENT):
            part = slice(start, start + PER_EVENT)
            names = lookups.external_ids_many(connection, moves.customer_id[part])
            items = [
                {k: v for k, v in item.items() if k not in ("type", "run", "as_of")}
                for item in feed.written_moves(moves, part, names, as_of)
            ]
            data = {
                "run": step.run_id,
                "as_of": as_of,
                "part": start // PER_EVENT + 1,
                "parts": -(-len(moves.customer_id) // PER_EVENT),
                "changes": items,
            }
            self._event(connection, "assignments.changed", f"changes:{step.seq}:{start}", step.at, data, active)
        return 1 + -(-len(moves.customer_id) // PER_EVENT)

    @staticmethod
    def _event(connection: Connection, kind: str, ref: str, at: int, data: Mapping[str, Any], active: Sequence[Webhook]) -> None:
        receivers = [each.id for each in active if kind in each.events]
        rows.add_event(connection, kind, ref, at, data if receivers or kind != "assignments.changed" else {}, receivers)

    def tell(self, connection: Connection, kind: str, ref: str, at: int, data: Mapping[str, Any]) -> None:
        """Put something that happens into the outbox, in the transaction in which it happens. ref: names it, once.

        Nothing is kept of what nobody listens to.
        """
        receivers = [each.id for each in rows.every(connection) if each.disabled_at is None and kind in each.events]
        if receivers:
            rows.add_event(connection, kind, ref, at, data, receivers)

    def deliver(self) -> int:
        """Collect, and send every delivery whose time has come; returns how many were received."""
        self.collect()
        with self.store.read() as connection:
            waiting = rows.due(connection, int(self.clock()))
        return sum(self._attempt(number) for number in waiting)

    def _attempt(self, number: int) -> bool:
        now = int(self.clock())
        with self.store.write() as connection:
            if not rows.claim(connection, number, now, _LEASE):
                return False
            letter = rows.envelope(connection, number)
        status, words = self._sent(letter, now)
        received = status is not None and 200 <= status < 300
        values: dict[str, Any] = {"attempts": letter.attempts + 1, "last_at": now, "last_status": status, "last_error": words[:300]}
        if received:
            values |= {"status": "delivered", "next_at": None, "last_error": ""}
        elif letter.attempts < len(WAITS) and status != 410:
            values["next_at"] = now + WAITS[letter.attempts]
        else:
            values |= {"status": "failed", "next_at": None}
        with self.store.write() as connection:
            rows.finish(connection, number, values)
            if status == 410:
                rows.change(connection, letter.webhook_id, {"disabled_at": now, "disabled_because": "the receiver answered 410: gone"})
        return received

    def _sent(self, letter: Any, now: int) -> tuple[int | None, str]:
        from standardwebhooks import Webhook as Signer

        at = dt.datetime.fromtimestamp(letter.at, dt.UTC).isoformat().replace("+00:00", "Z")
        body = f'{{"type":"{letter.kind}","timestamp":"{at}","data":{letter.payload}}}'
        name, moment = f"evt_{letter.event_id}", dt.datetime.fromtimestamp(now, dt.UTC)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Tierwise",
            "webhook-id": name,
            "webhook-timestamp": str(now),
            "webhook-signature": Signer(letter.secret).sign(name, moment, body),
        }
        try:
            reply = self._send(target(letter.url, self.engine.settings.webhook_networks, self._resolve), body.encode(), headers)
        except Refused as error:
            return None, str(error)
        except OSError as error:
            return None, f"{type(error).__name__}: {error}"
        return reply.status, "" if 200 <= reply.status < 300 else reply.words

    # --- inside ------------------------------------------------------------------------------------------------

    def _note(self, connection: Connection, action: str, number: int, **details: Any) -> None:
        settings = self.engine.settings
        audit.record(
            connection,
            actor=settings.actor,
            authenticated=settings.authenticated,
            action=action,
            subject=f"webhook:{number}",
            details=details,
        )

    @staticmethod
    def _there(found: Webhook | None, number: int) -> Webhook:
        if found is None:
            raise WebhookError(f"there is no webhook {number}")
        return found

    @staticmethod
    def _events(events: Iterable[str]) -> tuple[str, ...]:
        wanted = list(events)
        for name in wanted:
            if name not in EVENTS:
                raise WebhookError(
                    f"there is no event {str(name)[:40]!r}; {did_you_mean(str(name), EVENTS) or 'expected some of ' + ', '.join(EVENTS)}"
                )
        if not wanted:
            raise WebhookError(f"a webhook needs an event; expected some of {', '.join(EVENTS)}")
        return tuple(name for name in EVENTS if name in wanted)

    @staticmethod
    def _title(title: str) -> str:
        tidy = " ".join(title.split())
        if not 1 <= len(tidy) <= 200 or not tidy.isprintable():
            raise WebhookError("a webhook's title has 1 to 200 printable characters")
        return tidy


__all__ = ["EVENTS", "WAITS", "Delivery", "Refused", "Webhook", "WebhookError", "Webhooks", "check_url"]
