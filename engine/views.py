"""Lists that people keep: `engine.views`. A view holds filters, order and columns; what it shows depends on who opens it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, or_, select, update

from engine import clock
from engine.errors import ListError
from engine.lists import ListQuery
from engine.store.models import saved_view
from engine.store.session import one_writer

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

    from engine.service import Engine

PAGES = ("customers", "changes", "results")
MOST_VIEWS, LONGEST_TITLE, LONGEST_QUERY = 200, 100, 20_000


@dataclass(frozen=True, slots=True)
class SavedView:
    """A list somebody keeps. query: what its page reads. mine: whether the engine's actor owns it."""

    id: int
    owner: str
    page: str
    title: str
    shared: bool
    query: Mapping[str, Any]
    created_at: int
    updated_at: int
    revision: int
    mine: bool

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


class Views:
    """The verbs on kept lists, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list(self, page: str | None = None) -> Sequence[SavedView]:
        """The actor's own, then what others share, by title. page: only those of one page."""
        query = select(saved_view).where(or_(saved_view.c.owner == self._actor, saved_view.c.shared == 1))
        if page is not None:
            query = query.where(saved_view.c.page == self._page(page))
        with self.engine.store.read() as connection:
            found = [self._view(row) for row in connection.execute(query.order_by(saved_view.c.title, saved_view.c.id))]
        return sorted(found, key=lambda view: not view.mine)

    def get(self, number: int) -> SavedView:
        """One that the actor owns or that is shared. Raises `ListError`."""
        with self.engine.store.read() as connection:
            return self._get(connection, number, own=False)

    def save(self, page: str, title: str, query: Mapping[str, Any], *, shared: bool = False) -> SavedView:
        """Keep a list under a title; one of the same title is replaced."""
        page, shown, text = self._page(page), self._title(title), self._query(page, query)
        now = clock.now()
        with self.engine.store.write() as connection:
            one_writer(connection)
            v = saved_view.c
            known = connection.execute(select(v.id, v.revision).where(v.owner == self._actor, v.page == page, v.title == shown)).first()
            if known is not None:
                values = {"query": text, "shared": int(shared), "updated_at": now, "revision": known.revision + 1}
                connection.execute(update(saved_view).where(v.id == known.id).values(**values))
                return self._get(connection, known.id, own=True)
            if len(connection.execute(select(v.id).where(v.owner == self._actor)).all()) >= MOST_VIEWS:
                raise ListError(f"you keep {MOST_VIEWS} lists already; remove some first")
            values = {"owner": self._actor, "page": page, "title": shown, "shared": int(shared), "query": text}
            made = insert(saved_view).values(**values, created_at=now, updated_at=now, revision=1).returning(v.id)
            return self._get(connection, int(connection.execute(made).scalar_one()), own=True)

    def share(self, number: int, *, shared: bool = True) -> SavedView:
        """Let others find one's own view, or no longer."""
        with self.engine.store.write() as connection:
            one_writer(connection)
            found = self._get(connection, number, own=True)
            values = {"shared": int(shared), "updated_at": clock.now(), "revision": found.revision + 1}
            connection.execute(update(saved_view).where(saved_view.c.id == number).values(**values))
            return self._get(connection, number, own=True)

    def remove(self, number: int) -> None:
        """Remove one's own view."""
        with self.engine.store.write() as connection:
            one_writer(connection)
            self._get(connection, number, own=True)
            connection.execute(delete(saved_view).where(saved_view.c.id == number))

    # --- inside ------------------------------------------------------------------------------------------------

    def _get(self, connection: Connection, number: int, *, own: bool) -> SavedView:
        row = connection.execute(select(saved_view).where(saved_view.c.id == number)).first() if 0 < number < 2**62 else None
        if row is None or (row.owner != self._actor and (own or not row.shared)):
            raise ListError(f"there is no list {number} of yours")
        return self._view(row)

    def _view(self, row: Row[Any]) -> SavedView:
        values = {**row._mapping, "shared": bool(row.shared), "query": json.loads(row.query)}
        return SavedView(**values, mine=row.owner == self._actor)

    def _page(self, page: str) -> str:
        if page not in PAGES:
            raise ListError(f"page: found {str(page)[:40]!r}; expected {', '.join(PAGES[:-1])} or {PAGES[-1]}")
        return page

    def _title(self, title: str) -> str:
        shown = " ".join(str(title).split())
        if not 1 <= len(shown) <= LONGEST_TITLE or not shown.isprintable():
            raise ListError(f"title: expected 1 to {LONGEST_TITLE} printable characters")
        return shown

    def _query(self, page: str, query: Mapping[str, Any]) -> str:
        kept = ListQuery.of(query).as_dict() if page == "customers" else {str(key): str(value) for key, value in query.items()}
        text = json.dumps(kept, ensure_ascii=False, sort_keys=True)
        if len(text) > LONGEST_QUERY:
            raise ListError(f"the list has more filters than can be kept ({LONGEST_QUERY:,} characters)")
        return text

    @property
    def _actor(self) -> str:
        return self.engine.settings.actor
