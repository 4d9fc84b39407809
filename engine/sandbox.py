"""Sandboxes: stores of their own, for trying an integration, with test keys and a clock that is moved by hand.

Whether a store is a sandbox is kept in it and never changes, so no other process takes it for the real one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select, update

from engine import clock
from engine.errors import TierwiseError
from engine.moments import Moment, as_moment
from engine.store import audit
from engine.store.models import api_key, customer, setting

if TYPE_CHECKING:
    from engine.service import Engine
    from engine.store.session import Store

KEPT = "sandbox"
"""Where `setting` keeps by how many seconds a sandbox's clock is ahead; a store without it is none."""

FARTHEST = 20 * 366 * 86_400
"""How far a clock may be moved ahead, in seconds."""

USER = "sandbox"


def synchronise(store: Store) -> bool:
    """Set the clock of this process to that of a store. Returns whether it is a sandbox."""
    with store.read() as connection:
        ahead = _ahead(connection)
    clock.set_ahead(ahead or 0)
    return ahead is not None


def _ahead(connection: Connection) -> int | None:
    kept = connection.scalar(select(setting.c.value).where(setting.c.key == KEPT))
    return None if kept is None else int(kept)


class Sandbox:
    """Verbs of a sandbox, as `engine.sandbox`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def is_one(self) -> bool:
        """Whether this store is a sandbox."""
        with self._engine.store.read() as connection:
            return _ahead(connection) is not None

    def synchronise(self) -> None:
        """Go by the clock as it was moved last, by whichever process."""
        synchronise(self._engine.store)

    def make(self) -> None:
        """Make a sandbox of a store that nobody uses yet. Raises `TierwiseError` for one with customers or keys in it."""
        with self._engine.store.write() as connection:
            if _ahead(connection) is not None:
                return
            if connection.scalar(select(customer.c.id).limit(1)) or connection.scalar(select(api_key.c.id).limit(1)):
                raise TierwiseError("this store has customers or keys and is no sandbox; name another file with --database")
            connection.execute(insert(setting).values(key=KEPT, value="0"))
            self._record(connection, "sandbox.make")

    def clock(self) -> dict[str, Any]:
        """What the clock says, and by how many seconds it is ahead of the machine's. Raises `TierwiseError` outside a sandbox."""
        with self._engine.store.read() as connection:
            self._need(connection)
        return {"now": self._engine.written(clock.now()), "ahead_seconds": clock.ahead()}

    def move(self, *, to: Moment = None, seconds: int | None = None) -> dict[str, Any]:
        """Move the clock ahead: to a moment, or by some seconds. What is due meanwhile happens at the worker's next look.

        Raises `TierwiseError` outside a sandbox, and for a move back: what happened cannot be undone by a clock.
        """
        if (to is None) == (seconds is None):
            raise TierwiseError("give either the moment that it shall be, or the seconds to go ahead")
        with self._engine.store.write() as connection:
            ahead = self._need(connection)
            wanted = ahead + seconds if seconds is not None else ahead + as_moment(to, self._engine.zone, "now") - clock.now()
            if wanted < ahead:
                raise TierwiseError("the clock of a sandbox only moves ahead; start a new sandbox for an earlier time")
            if wanted > FARTHEST:
                raise TierwiseError("the clock of a sandbox is at most 20 years ahead")
            connection.execute(update(setting).where(setting.c.key == KEPT).values(value=str(wanted)))
            self._record(connection, "sandbox.clock", ahead_seconds=wanted)
        if synchronise(self._engine.store) and clock.ahead() != wanted:  # a dry run, or somebody moved it meanwhile
            return {"now": self._engine.written(clock.now() - clock.ahead() + wanted), "ahead_seconds": wanted}
        return self.clock()

    def new_key(self) -> str:
        """A test key that may everything, in place of the one before. Returns its secret."""
        from engine.permissions import AREAS

        people = self._engine.people
        if USER not in {user.name for user in people.users()}:
            people.add(USER, roles=["administrator"], display_name="Sandbox")
        for key in people.keys(USER):
            people.revoke_key(key.id)
        return people.make_key("sandbox", user=USER, scopes=list(AREAS), test=True)[0]

    def _need(self, connection: Connection) -> int:
        ahead = _ahead(connection)
        if ahead is None:
            raise TierwiseError("this store is no sandbox, and its clock is the real one")
        return ahead

    def _record(self, connection: Connection, action: str, **details: Any) -> None:
        settings = self._engine.settings
        audit.record(
            connection, actor=settings.actor, authenticated=settings.authenticated, action=action, subject="sandbox", details=details
        )  # fmt: skip
