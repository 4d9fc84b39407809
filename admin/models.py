"""Tables as classes, for lists that Flask-Admin reads straight from the store. Nothing is written through them.

model("import_batch")      # the class of that table, the same one every time
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import registry, scoped_session, sessionmaker

from engine.store.models import metadata

if TYPE_CHECKING:
    from engine.service import Engine

_registry = registry(metadata=metadata)


@lru_cache(maxsize=64)
def model(table: str) -> Any:
    """The class of a table. Raises KeyError for a table that is not there."""
    made = type("".join(part.title() for part in table.split("_")), (), {"__module__": __name__})
    _registry.map_imperatively(made, metadata.tables[table])
    return made


class Sessions(scoped_session[Any]):
    """Sessions of the store for reading lists; Flask-Admin looks for `.session`."""

    @property
    def session(self) -> Sessions:
        """Itself."""
        return self


def sessions(engine: Engine) -> Sessions:
    """The sessions of an engine's store."""
    return Sessions(sessionmaker(bind=engine.store.sql, autoflush=False))
