"""Gateways by which messages go out, such as SMS and WeCom: `engine.gateways`.

engine.gateways.save("sms", {"channel": "sms", "url": "https://sms.example.com/send", "body": {"to": "${to}", "text": "${text}"}}, secret="...")
engine.gateways.trial("sms", "+86 138 0000 0000", text="Hello", send=True)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.care.gateways import EXAMPLES, FORMATS, METHODS, PLACEHOLDERS, Gateway, Request
from engine.care.lengths import MEASURES
from engine.errors import CareError, did_you_mean
from engine.outbound import Refused, Reply, Resolve, Target, post, resolved, target
from engine.store import audit
from engine.store import gateways as rows
from engine.store.gateways import Message
from engine.store.session import one_writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

Send = Callable[[Target, bytes, Mapping[str, str], str], Reply]
MOST, LONGEST_SECRET, MOST_SHOWN = 50, 2_000, 1_000
STATES = ("waiting", "sent", "failed")
HIDDEN = "hidden"
"""What stands where the secret would."""


@dataclass(frozen=True, slots=True)
class KeptGateway:
    """A gateway as it stands, and how many of its messages wait, were sent, and failed."""

    gateway: Gateway
    has_secret: bool
    enabled: bool
    revision: int
    updated_by: str
    updated_at: int
    messages: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """As plain data; the secret is not part of it."""
        about = {name: getattr(self, name) for name in ("has_secret", "enabled", "revision", "updated_by", "updated_at")}
        counts = {state: self.messages.get(state, 0) for state in STATES}
        return {"key": self.gateway.key, "document": self.gateway.as_dict(), **about, **counts}


@dataclass(frozen=True, slots=True)
class Trial:
    """What a trial would send, or sent: the secret is hidden. refusal: why it was not taken; None when it was, or was not sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str
    text: str
    characters: int
    bytes: int
    parts: int
    sent: bool
    status: int | None = None
    answer: str = ""
    refusal: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


class Gateways:
    """The verbs, in the name of the engine's actor. examples, methods, formats and placeholders are what a form offers."""

    examples, methods, formats, placeholders = EXAMPLES, METHODS, FORMATS, PLACEHOLDERS

    def __init__(self, engine: Engine, *, resolve: Resolve = resolved, send: Send = post) -> None:
        self.engine = engine
        self._resolve, self._send = resolve, send

    def list(self) -> Sequence[KeptGateway]:
        """Every gateway by key."""
        with self.engine.store.read() as connection:
            counts = rows.counts(connection)
            return [_kept(each, counts.get(each.key, {})) for each in rows.every(connection)]

    def get(self, key: str) -> KeptGateway:
        """One by its key. Raises `CareError` with the nearest."""
        known = {each.gateway.key: each for each in self.list()}
        if key not in known:
            hint = did_you_mean(str(key), known) or (f"there are {', '.join([*known][:12])}" if known else "there is none yet")
            raise CareError(f"there is no gateway {str(key)[:80]!r}; {hint}")
        return known[key]

    def save(self, key: str, document: Any, *, secret: str | None = None, enabled: bool = True, revision: int | None = None) -> KeptGateway:
        """Check a gateway completely and keep it. secret: None keeps the one there is; it is never shown again.

        revision: what the caller saw, 0 for a new one; None does not ask. Raises `CareError` with every fault.
        """
        gateway = Gateway.read(key, document)
        if secret is not None and (len(secret) > LONGEST_SECRET or not secret.isascii() or (secret and not secret.isprintable())):
            raise CareError(f"secret: expected at most {LONGEST_SECRET:,} printable ASCII characters")
        with self.engine.store.write() as connection:
            one_writer(connection)
            known = {each.key: each for each in rows.every(connection)}
            if revision is not None and revision != (known[key].revision if key in known else 0):
                raise CareError(f"gateway {key} was changed by somebody else meanwhile; look again")
            if key not in known and len(known) >= MOST:
                raise CareError(f"there are {MOST} gateways already; remove some")
            rows.save(connection, key, gateway.as_dict(), self.engine.settings.actor, secret=secret, enabled=enabled)
            self._note(connection, "gateway.save", key, enabled=enabled)
        return self.get(key)

    def enable(self, key: str, enabled: bool = True) -> KeptGateway:
        """Let a gateway be used, or rest: its messages wait meanwhile."""
        return self.save(key, self.get(key).gateway.as_dict(), enabled=enabled)

    def remove(self, key: str) -> None:
        """Remove a gateway and its secret. Messages that wait for it fail, and say so."""
        self.get(key)
        with self.engine.store.write() as connection:
            one_writer(connection)
            rows.remove(connection, key)
            self._note(connection, "gateway.remove", key)

    def trial(
        self, key: str, to: str, *, text: str = "Tierwise 测试 / test", send: bool = False, document: Any = None, name: str = ""
    ) -> Trial:
        """What would be sent to an address, and with send=True: send it, this once. No customer, plan or occasion is touched.

        document: of a gateway that is not saved; its secret is that of the saved one with this key.
        """
        gateway = self.get(key).gateway if document is None else Gateway.read(key, document)
        with self.engine.store.read() as connection:
            secret = rows.secrets(connection).get(key, "")
        if len(to) > 200 or not to.isprintable() or (gateway.to and not to.strip()):
            raise CareError("to: expected an address of 1 to 200 printable characters")
        if len(text) > 4_000:
            raise CareError("text: at most 4,000 characters")
        values = {"to": to.strip(), "text": text, "subject": text[:60], "name": name, "customer": "TRIAL", "channel": gateway.channel}
        values |= {"plan": "trial", "occasion": "trial", "id": f"trial-{clock.now()}"}
        made = gateway.request(values, secret and HIDDEN)
        found: dict[str, Any] = {}
        if send:
            found = self._tried(gateway, gateway.request(values, secret), values["id"])
            found |= {name: found[name].replace(secret, HIDDEN) for name in ("answer", "refusal") if secret and found.get(name)}
            with self.engine.store.write() as connection:
                self._note(connection, "gateway.trial", key, accepted=found["refusal"] is None)
        shown: dict[str, Any] = {
            "method": made.method,
            "url": made.url,
            "headers": made.headers,
            "body": made.body.decode(),
            "text": made.text,
        }
        shown |= {measure: count(made.text) for measure, count in MEASURES.items()}
        return Trial(**shown, sent=send, **found)

    def _tried(self, gateway: Gateway, made: Request, once: str) -> dict[str, Any]:
        try:
            reply = self.post(made, once)
        except (Refused, OSError) as error:
            return {"refusal": f"{type(error).__name__}: {error}"}
        return {"status": reply.status, "answer": reply.words, "refusal": gateway.refusal(reply.status, reply.body)}

    def post(self, made: Request, once: str) -> Reply:
        """Send a request to its address, checked like that of a webhook. Raises `Refused` or `OSError`."""
        where = target(made.url, self.engine.settings.webhook_networks, self._resolve)
        return self._send(where, made.body, {**made.headers, "User-Agent": "Tierwise", "Idempotency-Key": once}, made.method)

    # --- messages ----------------------------------------------------------------------------------------------

    def messages(
        self, *, status: str | None = None, gateway: str | None = None, limit: int = 100, before: int | None = None
    ) -> Sequence[Message]:
        """Messages to customers within sight, the newest first, without what they say. before: go on behind this number."""
        if status is not None and status not in STATES:
            raise CareError(f"status: found {str(status)[:30]!r}; expected one of {', '.join(STATES)}")
        with self.engine.store.read() as connection:
            reach = self.engine.sight.reach
            most = min(max(limit, 1), MOST_SHOWN)
            return rows.messages(connection, reach, status=status, gateway_key=gateway, limit=most, before=before)

    def retry(self, numbers: Sequence[int] | None = None, *, gateway: str | None = None) -> int:
        """Let failed messages wait once more, some or all of a gateway; how many."""
        if numbers is None and gateway is None:
            raise CareError("say which messages, or of which gateway")
        with self.engine.store.write() as connection:
            count = rows.again(connection, None if numbers is None else [*numbers][:MOST_SHOWN], gateway, clock.now())
            if count:
                self._note(connection, "gateway.retry", gateway or "messages", messages=count)
        return count

    def _note(self, connection: Connection, action: str, key: str, **details: Any) -> None:
        audit.record(connection, **self.engine.acting, action=action, subject=f"gateway:{key}", details=details or None)


def _kept(each: rows.Row, messages: Mapping[str, int]) -> KeptGateway:
    gateway = Gateway.read(each.key, each.document)
    return KeptGateway(gateway, each.has_secret, each.enabled, each.revision, each.updated_by, each.updated_at, messages)


__all__ = ["Gateways", "KeptGateway", "Message", "Trial"]
