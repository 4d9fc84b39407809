"""Users, roles and what an administrator changed about them, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from engine.store.models import export_log, role_permission, sign_in_attempt, user_account, user_role

_KEPT_ATTEMPTS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user with its roles, as stored; the hash of its password apart."""

    id: int
    name: str
    display_name: str
    language: str
    theme: str
    reach: str
    unit: str | None
    owner: str | None
    created_by: str
    created_at: int
    disabled_at: int | None
    signed_in_at: int | None
    password_at: int | None
    revision: int
    roles: tuple[str, ...]


_COLUMNS = [user_account.c[name] for name in UserRow.__slots__ if name != "roles"]


def count(connection: Connection) -> int:
    """How many users there are, disabled ones too."""
    return int(connection.scalar(select(func.count()).select_from(user_account)) or 0)


def by_name(connection: Connection, name: str) -> UserRow | None:
    """The user with a login name."""
    return _one(connection, connection.execute(select(*_COLUMNS).where(user_account.c.name == name)).first())


def by_id(connection: Connection, number: int) -> UserRow | None:
    """The user with a number."""
    return _one(connection, connection.execute(select(*_COLUMNS).where(user_account.c.id == number)).first())


def every(connection: Connection) -> list[UserRow]:
    """All users by name."""
    roles: dict[int, list[str]] = {}
    for row in connection.execute(select(user_role)):
        roles.setdefault(row.user_id, []).append(row.role)
    rows = connection.execute(select(*_COLUMNS).order_by(user_account.c.name))
    return [_user(row, roles.get(row.id, [])) for row in rows]


def _one(connection: Connection, row: Row[Any] | None) -> UserRow | None:
    if row is None:
        return None
    return _user(row, connection.scalars(select(user_role.c.role).where(user_role.c.user_id == row.id)).all())


def _user(row: Row[Any], roles: Sequence[str]) -> UserRow:
    return UserRow(**row._mapping, roles=tuple(sorted(roles)))


def add(connection: Connection, values: Mapping[str, Any], roles: Iterable[str]) -> int:
    """Add a user and return its number."""
    number = int(connection.execute(insert(user_account).values(revision=1, **values).returning(user_account.c.id)).scalar_one())
    set_roles(connection, number, roles)
    return number


def edit(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Change some columns of a user; its revision rises."""
    connection.execute(update(user_account).where(user_account.c.id == number).values(revision=user_account.c.revision + 1, **values))


def quietly(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Change what is no edit of a user: when it signed in, a stronger hash of the same password."""
    connection.execute(update(user_account).where(user_account.c.id == number).values(**values))


def set_roles(connection: Connection, number: int, roles: Iterable[str]) -> None:
    """Replace the roles of a user."""
    connection.execute(delete(user_role).where(user_role.c.user_id == number))
    rows = [{"user_id": number, "role": role} for role in roles]
    if rows:
        connection.execute(insert(user_role), rows)


def password_of(connection: Connection, number: int) -> str | None:
    """The kept hash of a user's password."""
    return connection.scalar(select(user_account.c.password).where(user_account.c.id == number))


def active_with_role(connection: Connection, role: str) -> set[int]:
    """The users that have a role and are not disabled."""
    query = select(user_account.c.id).join(user_role, user_role.c.user_id == user_account.c.id)
    return set(connection.scalars(query.where(user_role.c.role == role, user_account.c.disabled_at.is_(None))))


def changed_permissions(connection: Connection) -> dict[tuple[str, str], frozenset[str]]:
    """What an administrator set, by (role, area)."""
    return {
        (row.role, row.area): frozenset(name for name, may in (("read", row.may_read), ("write", row.may_write)) if may)
        for row in connection.execute(select(role_permission))
    }


def set_permission(connection: Connection, role: str, area: str, *, read: bool, write: bool) -> None:
    """Set what a role may in an area."""
    where = (role_permission.c.role == role, role_permission.c.area == area)
    values = {"may_read": int(read), "may_write": int(write)}
    if not connection.execute(update(role_permission).where(*where).values(**values)).rowcount:
        connection.execute(insert(role_permission).values(role=role, area=area, **values))


def add_attempt(connection: Connection, name: str, address: str, at: int) -> int:
    """Remember that a password is about to be tried; returns the number of the attempt."""
    connection.execute(delete(sign_in_attempt).where(sign_in_attempt.c.at < at - _KEPT_ATTEMPTS))
    values = {"name": name, "address": address, "at": at}
    return int(connection.execute(insert(sign_in_attempt).values(**values).returning(sign_in_attempt.c.id)).scalar_one())


def attempts(connection: Connection, name: str, address: str, since: int) -> tuple[list[int], list[int]]:
    """The moments of attempts since a moment: for this name, and from this address for any name; the oldest first."""
    a = sign_in_attempt.c
    query = select(a.at).where(a.at > since).order_by(a.at)
    named = list(connection.scalars(query.where(a.name == name)))
    return named, list(connection.scalars(query.where(a.address == address))) if address else []


def forget_attempts(connection: Connection, name: str) -> None:
    """Forget the attempts for a name, after it succeeded."""
    connection.execute(delete(sign_in_attempt).where(sign_in_attempt.c.name == name))


def forget_attempt(connection: Connection, number: int) -> None:
    """Forget a single attempt."""
    connection.execute(delete(sign_in_attempt).where(sign_in_attempt.c.id == number))


def log_export(connection: Connection, values: Mapping[str, Any]) -> int:
    """Add a row to the log of exports."""
    return int(connection.execute(insert(export_log).values(**values).returning(export_log.c.id)).scalar_one())


def exports(connection: Connection, limit: int, before: int | None) -> list[Row[Any]]:
    """The newest exports first."""
    query = select(export_log).order_by(export_log.c.id.desc()).limit(limit)
    return list(connection.execute(query if before is None else query.where(export_log.c.id < before)))
