"""What every table is declared with: one metadata, names of constraints, and columns that say what personal data they hold."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Big: TypeEngine[int] = BigInteger().with_variant(Integer, "sqlite")
"""64 bits on both databases; on SQLite INTEGER, so that a primary key is the row id itself."""

SLOTS = 64
"""How many label and flag outputs a store can keep as current assignments at once (ENGINE 3)."""


def slot_name(slot: int) -> str:
    """The column of `current` for a slot, 1 to `SLOTS`."""
    return f"v{slot:02d}"


def column(name: str, kind: Any, *args: Any, pii: str = "none", **options: Any) -> Column[Any]:
    return Column(name, kind, *args, info={"pii": pii}, **options)


def key(name: str = "id") -> Column[Any]:
    return column(name, Big, primary_key=True, autoincrement=True)


def link(name: str, target: str, *, pii: str = "none", **options: Any) -> Column[Any]:
    return column(name, Big, ForeignKey(target), pii=pii, **options)
