"""Tags and groups that people give to customers by hand, and that rules read as features: `engine.tags`.

engine.tags.add("vip", title="VIP")
engine.tags.give("tags.vip", ["C1", "C2"])          # a rule reads {"feature": "tags.vip", "op": "=", "value": true}
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.errors import ListError, RulebookError, did_you_mean
from engine.lists import ListQuery
from engine.store import audit
from engine.store import tags as rows
from engine.store.identity import resolve_in
from engine.store.session import one_writer
from engine.store.tags import Tag

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

KINDS = ("tag", "group")
MOST_TAGS, LONGEST_TITLE, LONGEST_NOTE = 500, 100, 1_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")


class Tags:
    """The verbs on tags and groups, in the name of the engine's actor, on customers within sight."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list(self) -> Sequence[Tag]:
        """Every tag, then every group, by title, with how many customers bear it."""
        with self.engine.store.read() as connection:
            return rows.every(connection)

    def get(self, feature: str) -> Tag:
        """One by its name in rules, such as tags.vip. Raises `ListError` with the nearest."""
        with self.engine.store.read() as connection:
            return self._get(connection, feature)

    def add(self, name: str, *, title: str = "", kind: str = "tag", note: str = "") -> Tag:
        """Make a tag or a group. name: how rules name it, for ever; title: how people do."""
        if kind not in KINDS:
            raise ListError(f"kind: found {str(kind)[:30]!r}; expected tag or group")
        wanted = str(name).strip()
        if not _NAME.match(wanted):
            raise ListError(
                f"name: found {wanted[:60]!r}; expected up to 60 lower-case letters, digits and _, beginning with a letter, such as key_account"
            )
        shown, said = self._title(title or wanted), self._note(note)
        with self.engine.store.write() as connection:
            one_writer(connection)
            known = rows.every(connection)
            if any((each.kind, each.name) == (kind, wanted) for each in known):
                raise ListError(f"there is a {kind} {wanted!r} already")
            if len(known) >= MOST_TAGS:
                raise ListError(f"there are {MOST_TAGS} tags and groups already; remove some that nobody uses")
            values = {"kind": kind, "name": wanted, "title": shown, "note": said}
            rows.add(connection, {**values, "created_by": self._actor, "created_at": clock.now()})
            self._record(connection, "add", f"{kind}s.{wanted}")
            made = self._get(connection, f"{kind}s.{wanted}")
        self._forget()
        return made

    def edit(self, feature: str, *, title: str | None = None, note: str | None = None) -> Tag:
        """Change what people read. The name stays, since rules use it."""
        values = {} if title is None else {"title": self._title(title)}
        values |= {} if note is None else {"note": self._note(note)}
        with self.engine.store.write() as connection:
            one_writer(connection)
            found = self._get(connection, feature)
            if values:
                rows.edit(connection, found.id, values)
                self._record(connection, "edit", feature)
            return self._get(connection, feature)

    def remove(self, feature: str) -> int:
        """Remove a tag or group and take it from everybody; how many bore it. Raises `ListError` while the live rulebook reads it."""
        if self._in_use(feature):
            raise ListError(f"the live rulebook reads {feature}; change the rules first")
        if not self.engine.sight.reach.everybody:
            raise ListError("only somebody who sees every customer can remove a tag or group: others may bear it whom you do not see")
        with self.engine.store.write() as connection:
            one_writer(connection)
            found = self._get(connection, feature)
            count = rows.remove(connection, found.id)
            self._record(connection, "remove", feature, customers=count)
        self._forget()
        return count

    def give(self, feature: str, customers: Sequence[str]) -> int:
        """Have customers (by id) bear it; how many did not before. Raises `UnknownCustomer`, then nobody gets it."""
        return self._members("give", feature, customers)

    def take(self, feature: str, customers: Sequence[str]) -> int:
        """Have customers no longer bear it; how many did."""
        return self._members("take", feature, customers)

    def give_all(self, feature: str, query: ListQuery) -> int:
        """Have all customers of a list bear it; how many did not before."""
        return self._all("give", feature, query)

    def take_all(self, feature: str, query: ListQuery) -> int:
        """Have no customer of a list bear it any more; how many did."""
        return self._all("take", feature, query)

    # --- inside ------------------------------------------------------------------------------------------------

    def _members(self, verb: str, feature: str, customers: Sequence[str]) -> int:
        with self.engine.store.write() as connection:
            one_writer(connection)
            reach = self.engine.sight.reach
            keys = sorted({resolve_in(connection, each, reach=reach) for each in customers})
            return self._change(connection, verb, feature, keys)

    def _all(self, verb: str, feature: str, query: ListQuery) -> int:
        self.get(feature)
        keys = self.engine.customers.keys(query)
        with self.engine.store.write() as connection:
            one_writer(connection)
            return self._change(connection, verb, feature, keys)

    def _change(self, connection: Connection, verb: str, feature: str, keys: Sequence[int]) -> int:
        found = self._get(connection, feature)
        given = verb == "give"
        count = rows.give(connection, found.id, keys, self._actor, clock.now()) if given else rows.take(connection, found.id, keys)
        if count:
            self._record(connection, verb, feature, customers=count)
        return count

    def _get(self, connection: Connection, feature: str) -> Tag:
        known = {each.feature: each for each in rows.every(connection)}
        if feature not in known:
            hint = did_you_mean(feature, known) or (f"there are {', '.join(list(known)[:12])}" if known else "there is none yet")
            raise ListError(f"there is no tag or group {str(feature)[:80]!r}; {hint}")
        return known[feature]

    def _in_use(self, feature: str) -> bool:
        try:
            return feature in self.engine.rulebook().plan.features
        except RulebookError:
            return False

    def _title(self, title: str) -> str:
        shown = " ".join(str(title).split())
        if not 1 <= len(shown) <= LONGEST_TITLE or not shown.isprintable():
            raise ListError(f"title: expected 1 to {LONGEST_TITLE} printable characters")
        return shown

    def _note(self, note: str) -> str:
        said = str(note).strip()
        if len(said) > LONGEST_NOTE:
            raise ListError(f"note: at most {LONGEST_NOTE:,} characters")
        return said

    @property
    def _actor(self) -> str:
        return self.engine.settings.actor

    def _forget(self) -> None:
        """Which features there are is another now."""
        self.engine.__dict__.pop("catalogue", None)

    def _record(self, connection: Connection, verb: str, feature: str, **details: Any) -> None:
        settings = self.engine.settings
        audit.record(
            connection,
            actor=settings.actor,
            authenticated=settings.authenticated,
            action=f"tag.{verb}",
            subject=f"tag:{feature}",
            details=details or None,
        )
