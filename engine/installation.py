"""What an installation is: its settings with their values and help, its store in numbers. `engine.installation`.

Settings are environment variables; they are shown here and changed where Tierwise is started. Secrets are never told.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from engine.policy import Text
from engine.settings import HELP_ZH, SECRETS, SETTINGS
from engine.store import models

if TYPE_CHECKING:
    from engine.service import Engine

COUNTED: Mapping[str, tuple[str, Text]] = {
    "customers": ("customer", Text("Customers", "客户")),
    "orders": ("orders", Text("Orders", "订单")),
    "lines": ("order_line", Text("Order lines", "订单明细")),
    "products": ("product", Text("Products", "商品")),
    "imports": ("import_batch", Text("Imports", "导入")),
    "versions": ("rulebook_version", Text("Rulebook versions", "规则手册版本")),
    "runs": ("run", Text("Runs", "运行")),
    "changes": ("change", Text("Changes on record", "变动记录")),
    "audit": ("audit_entry", Text("Audit entries", "审计记录")),
}
"""What is counted, by the table it stands in; a table that is not there is left out."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. value: what holds, "***" for a secret that is set. given: whether somebody set it."""

    name: str
    value: str
    default: str
    given: bool
    secret: bool
    help: Text


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """The store in numbers. size: bytes on disk; cache: bytes of files beside it, None where there are none."""

    database: str
    address: str
    size: int | None
    cache: int | None
    counts: Mapping[str, tuple[Text, int]]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**asdict(self), "counts": {key: count for key, (_, count) in self.counts.items()}}


class Installation:
    """`engine.installation`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def settings(self) -> Sequence[Setting]:
        """Every setting, in the order of the reference page."""
        return [
            Setting(name, shown(name, default), default, bool(os.environ.get(name)), name in SECRETS, Text(words, HELP_ZH.get(name, words)))
            for name, default, words in SETTINGS
        ]

    def store(self) -> StoreFigures:
        """What the store holds and how large it is; set-based counts, once per call."""
        store = self._engine.store
        known = models.metadata.tables
        with store.read() as connection:
            counts = {
                key: (title, int(connection.scalar(select(func.count()).select_from(known[table])) or 0))
                for key, (table, title) in COUNTED.items()
                if table in known
            }
            sqlite = connection.dialect.name == "sqlite"
            size = None if sqlite else int(connection.scalar(text("select pg_database_size(current_database())")) or 0)
        if sqlite:
            files = [store.path.with_name(store.path.name + end) for end in ("", "-wal")]
            size = sum(file.stat().st_size for file in files if file.exists())
        folder = store.cache_dir
        cache = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else None
        return StoreFigures("SQLite" if sqlite else "PostgreSQL", bare(str(store.sql.url.render_as_string())), size, cache, counts)


def shown(name: str, default: str) -> str:
    """The value of a setting without what is secret in it."""
    value = os.environ.get(name) or default
    if name in SECRETS and value:
        return "***"
    return bare(value) if name == "TIERWISE_DATABASE_URL" else value


def bare(address: str) -> str:
    """A database address without its password, and without options, which may hold one."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(address).set(query={}).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "***"
