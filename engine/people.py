"""The verbs about people: users, roles, passwords, sessions, keys of programs, what was taken out.

engine.people.add("chen", roles=["analyst"], password="...")
user = engine.people.verify_password("chen", "...", address="203.0.113.7")
token, session = engine.people.start_session(user)

Who acts is the engine's actor. Only these verbs change people; each leaves an entry in the audit trail, without names.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from sqlalchemy import Connection

from engine import one_time, permissions
from engine.clock import now
from engine.errors import MustChoose, NotAllowed, PeopleError, TooManyTries, did_you_mean
from engine.passwords import check_password, hash_password, verify_hash
from engine.permissions import Grants, Role
from engine.policy import Text
from engine.store import audit, credentials
from engine.store import people as rows
from engine.store.credentials import KeyRow, SessionRow
from engine.store.people import UserRow
from engine.store.session import Store, one_writer
from engine.store.sight import EVERYTHING, NOTHING, Sight

if TYPE_CHECKING:
    from engine.settings import Settings

T = TypeVar("T")

ADMINISTRATOR = "administrator"
WINDOW, PER_NAME, PER_ADDRESS = 15 * 60, 10, 20
"""Tries of a password within a quarter of an hour: for one name, and from one address for any names."""
_SEEN_EVERY, _USED_EVERY = 60, 60
_WRONG = "the name or the password is not right"
LANGUAGES, THEMES = ("en", "zh"), ("system", "light", "dark")


@dataclass(frozen=True, slots=True)
class User:
    """A person or a program that may act. grants: area to permissions (read, write), from all its roles.

    reach: whose customers it sees, "all", those of its `unit`, or those whose `owner` it is. Moments are UTC epoch seconds.
    """

    id: int
    name: str
    display_name: str
    language: str
    theme: str
    roles: tuple[str, ...]
    reach: str
    unit: str | None
    owner: str | None
    disabled: bool
    has_password: bool
    created_by: str
    created_at: int
    signed_in_at: int | None
    revision: int
    grants: Grants = field(repr=False)

    def may(self, area: str, *, write: bool = False) -> bool:
        """Whether this user may read (or write) an area; one who is disabled may nothing."""
        return not self.disabled and (permissions.WRITE if write else permissions.READ) in self.grants[permissions.check_area(area)]

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        plain = asdict(self)
        return {**plain, "roles": list(self.roles), "grants": {area: sorted(may) for area, may in self.grants.items() if may}}


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in."""

    id: int
    user: str
    address: str
    agent: str
    created_at: int
    seen_at: int

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Key:
    """A program's key. prefix: the start of the secret, by which people recognise it."""

    id: int
    title: str
    prefix: str
    user: str
    scopes: tuple[str, ...]
    test: bool
    created_by: str
    created_at: int
    expires_at: int | None
    disabled_at: int | None
    used_at: int | None

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {**asdict(self), "scopes": list(self.scopes)}


@dataclass(frozen=True, slots=True)
class Caller:
    """A program that showed a key: it may what both the key's scopes and its user's roles allow."""

    key: Key
    user: User

    def may(self, area: str, *, write: bool = False) -> bool:
        """Whether this program may read (or write) an area."""
        scope = f"{area}:{permissions.WRITE if write else permissions.READ}"
        return scope in self.key.scopes and self.user.may(area, write=write)


class People:
    """Users, sessions and keys of one store; `engine.people`."""

    areas: ClassVar[Mapping[str, Text]] = permissions.AREAS
    """What permissions are about, with their titles, in the order in which they are shown."""
    known_roles: ClassVar[Mapping[str, Role]] = permissions.ROLES
    reaches: ClassVar[Mapping[str, Text]] = permissions.REACHES

    def __init__(self, store: Store, settings: Settings, clock: Callable[[], float] = now) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock

    # --- users -------------------------------------------------------------------------------------------------

    @property
    def needs_administrator(self) -> bool:
        """Whether this is a new installation, which nobody can sign in to yet."""
        with self.store.read() as connection:
            return rows.count(connection) == 0

    def first_administrator(self, name: str, password: str, *, display_name: str = "", language: str = "en") -> User:
        """Make the first user of a new installation an administrator. Raises `NotAllowed` when there is a user already."""
        values = self._new_values(name, display_name or name, language, "system")
        check_password(password, name, display_name)
        values |= {"password": hash_password(password), "password_at": self._now()}
        with self.store.write() as connection:
            one_writer(connection)
            if rows.count(connection):
                raise NotAllowed("there is an administrator already; ask them for an account")
            number = rows.add(connection, {**values, "created_by": values["name"]}, [ADMINISTRATOR])
            self._note(connection, "user.first", f"user:{number}", actor=values["name"])
            return self._user(connection, rows.by_id(connection, number))

    def add(
        self,
        name: str,
        *,
        roles: Iterable[str],
        display_name: str = "",
        password: str | None = None,
        language: str = "en",
        theme: str = "system",
        reach: str = "all",
        unit: str | None = None,
        owner: str | None = None,
    ) -> User:
        """Add a user. password None: nobody signs in as it; it is for keys, or gets a password later."""
        wanted = permissions.check_roles(roles)
        values = self._new_values(name, display_name or name, language, theme) | self._reach(reach, unit, owner)
        if password is not None:
            check_password(password, name, display_name)
            values |= {"password": hash_password(password), "password_at": self._now()}
        with self.store.write() as connection:
            one_writer(connection)
            if rows.by_name(connection, values["name"]) is not None:
                raise PeopleError(f"there is a user {values['name']!r} already")
            self._check_grant(connection, wanted)
            number = rows.add(connection, values, wanted)
            self._note(connection, "user.add", f"user:{number}", roles=list(wanted), reach=reach)
            return self._user(connection, rows.by_id(connection, number))

    def edit(self, name: str, *, revision: int | None = None, **changes: Any) -> User:
        """Change a user: display_name, language, theme, roles, reach, unit, owner.

        revision: what the caller saw; raises `PeopleError` when somebody changed the user since.
        """
        allowed = ("display_name", "language", "theme", "roles", "reach", "unit", "owner")
        for key in changes:
            if key not in allowed:
                raise PeopleError(f"{key!r} of a user cannot be changed; {did_you_mean(key, allowed) or 'expected ' + ', '.join(allowed)}")
        with self.store.write() as connection:
            one_writer(connection)
            row = self._row(connection, name)
            if revision is not None and revision != row.revision:
                raise PeopleError(f"user {row.name} was changed by somebody else meanwhile; look again")
            values = {key: value for key, value in changes.items() if key != "roles"}
            self._check_words(values.get("language", row.language), values.get("theme", row.theme))
            if "display_name" in values:
                values["display_name"] = self._shown(values["display_name"])
            values |= self._reach(*(values.get(part, getattr(row, part)) for part in ("reach", "unit", "owner")))
            rows.edit(connection, row.id, values)
            if "roles" in changes:
                wanted = permissions.check_roles(changes["roles"])
                self._check_grant(connection, set(wanted) ^ set(row.roles))
                if ADMINISTRATOR not in wanted:
                    self._keep_one_administrator(connection, row)
                rows.set_roles(connection, row.id, wanted)
            details: dict[str, Any] = {"changed": sorted(changes)}
            if "roles" in changes:
                details["roles"] = list(wanted)
            self._note(connection, "user.edit", f"user:{row.id}", **details)
            return self._user(connection, rows.by_id(connection, row.id))

    def disable(self, name: str, *, back: bool = False) -> User:
        """Let a user in no more: its sessions end and its keys are dead at once. back: let it in again."""
        with self.store.write() as connection:
            one_writer(connection)
            row = self._row(connection, name)
            self._check_grant(connection, row.roles)
            if not back:
                self._keep_one_administrator(connection, row)
                credentials.end_sessions(connection, self._now(), user_id=row.id)
            rows.edit(connection, row.id, {"disabled_at": None if back else row.disabled_at or self._now()})
            self._note(connection, "user.enable" if back else "user.disable", f"user:{row.id}")
            return self._user(connection, rows.by_id(connection, row.id))

    def user(self, name: str) -> User:
        """A user by its login name. Raises `PeopleError` with the nearest name."""
        with self.store.read() as connection:
            return self._user(connection, self._row(connection, name))

    def users(self) -> Sequence[User]:
        """Every user, by name."""
        with self.store.read() as connection:
            changed = rows.changed_permissions(connection)
            return [_user(row, changed) for row in rows.every(connection)]

    def sight(self, name: str) -> Sight:
        """What of the customers a user may see; nothing for one who is not known, unless nobody is known yet."""
        with self.store.read() as connection:
            row = rows.by_name(connection, _login_name(name))
            if row is None:
                return NOTHING if rows.count(connection) else EVERYTHING
            return Sight.of(self._user(connection, row))

    # --- what roles may ----------------------------------------------------------------------------------------

    def may(self, user: User | Caller | str, area: str, *, write: bool = False) -> bool:
        """Whether a user (or a program with a key) may read, or write, an area."""
        return (self.user(user) if isinstance(user, str) else user).may(area, write=write)

    def roles(self) -> Mapping[str, Grants]:
        """Role to area to permissions, as they are in this store."""
        with self.store.read() as connection:
            changed = rows.changed_permissions(connection)
        return {role: permissions.granted([role], changed) for role in permissions.ROLES}

    def set_permission(self, role: str, area: str, *, read: bool, write: bool) -> None:
        """Change what a role may in an area. What administrators may cannot be changed, or nobody could change it back."""
        self.set_permissions({(role, area): frozenset(name for name, may in ((permissions.READ, read), (permissions.WRITE, write)) if may)})

    def set_permissions(self, wanted: Mapping[tuple[str, str], frozenset[str]]) -> int:
        """Change what roles may in areas, all or nothing; returns how many differ from before. Writing needs reading."""
        for (role, area), may in wanted.items():
            permissions.check_roles([role])
            permissions.check_area(area)
            if role == ADMINISTRATOR:
                raise PeopleError("what administrators may cannot be changed")
            if permissions.WRITE in may and permissions.READ not in may:
                raise PeopleError(f"role {role} cannot write {area} without reading it")
        with self.store.write() as connection:
            one_writer(connection)
            self._check_grant(connection, [ADMINISTRATOR])
            known = rows.changed_permissions(connection)
            before = {role: permissions.granted([role], known) for role in permissions.ROLES}
            changed = {(role, area): may for (role, area), may in wanted.items() if before[role][area] != may}
            for (role, area), may in changed.items():
                read, write = permissions.READ in may, permissions.WRITE in may
                rows.set_permission(connection, role, area, read=read, write=write)
                self._note(connection, "role.change", f"role:{role}", area=area, read=read, write=write)
        return len(changed)

    # --- passwords ---------------------------------------------------------------------------------------------

    def set_password(self, name: str, password: str, *, keep_session: int | None = None) -> None:
        """Give a user a password; its other sessions end. keep_session: the one in which the user does this."""
        with self.store.read() as connection:
            row = self._row(connection, name)
        check_password(password, row.name, row.display_name)
        hashed = hash_password(password)
        with self.store.write() as connection:
            one_writer(connection)
            row = self._row(connection, name)
            if row.name != self.settings.actor:
                self._check_grant(connection, row.roles)
            rows.edit(connection, row.id, {"password": hashed, "password_at": self._now()})
            rows.forget_attempts(connection, row.name)
            for session in credentials.sessions(connection, row.id, 0):
                if session.id != keep_session:
                    credentials.end_sessions(connection, self._now(), number=session.id)
            self._note(connection, "user.password", f"user:{row.id}")

    def verify_password(self, name: str, password: str, *, address: str = "") -> User:
        """The user with this name and password.

        address: from where, for the limit on tries. Raises `NotAllowed`, the same and after the same time for a wrong
        password, an unknown name, a disabled user; `TooManyTries` after too many, right or wrong.
        """
        user, kept = self._tried(name, password, address)
        if one_time.read(kept)[1] is not None:
            raise MustChoose("this password was given for one time; choose one of your own")
        with self.store.write() as connection:
            rows.quietly(connection, user.id, {"signed_in_at": self._now()})
            return self._user(connection, rows.by_id(connection, user.id))

    def reset_password(self, name: str) -> str:
        """Give a user a password for one time, shown nowhere again; its sessions end and its old password is gone.

        It is good for `choose_password` only, for 72 hours.
        """
        secret = one_time.new_password()
        kept = one_time.marked(hash_password(secret), self._now() + one_time.HOURS * 3_600)
        with self.store.write() as connection:
            one_writer(connection)
            row = self._row(connection, name)
            self._check_grant(connection, row.roles)
            rows.edit(connection, row.id, {"password": kept, "password_at": self._now()})
            rows.forget_attempts(connection, row.name)
            credentials.end_sessions(connection, self._now(), user_id=row.id)
            self._note(connection, "user.reset", f"user:{row.id}")
        return secret

    def choose_password(self, name: str, once: str, password: str, *, address: str = "") -> User:
        """Choose a password with the one that was given for one time; it is used up.

        Raises as `verify_password` does, and `PeopleError` when the chosen one is not good enough.
        """
        user, kept = self._tried(name, once, address)
        if one_time.read(kept)[1] is None:
            raise NotAllowed(_WRONG)
        check_password(password, user.name, user.display_name)
        if password == once:
            raise PeopleError("the password was given for one time; choose another one")
        hashed, now = hash_password(password), self._now()
        with self.store.write() as connection:
            one_writer(connection)
            if rows.password_of(connection, user.id) != kept:
                raise NotAllowed(_WRONG)  # somebody was faster
            rows.edit(connection, user.id, {"password": hashed, "password_at": now, "signed_in_at": now})
            credentials.end_sessions(connection, now, user_id=user.id)
            self._note(connection, "user.password", f"user:{user.id}", actor=user.name, authenticated=True)
            return self._user(connection, rows.by_id(connection, user.id))

    def _tried(self, name: str, password: str, address: str) -> tuple[User, str | None]:
        """The user whose password this is, and what is kept of it; every try counts until it was right."""
        wanted, now = _login_name(name), self._now()
        with self.store.write() as connection:
            one_writer(connection)
            self._check_tries(connection, wanted, address, now)
            attempt = rows.add_attempt(connection, wanted, address, now)
            row = rows.by_name(connection, wanted)
            kept = rows.password_of(connection, row.id) if row is not None else None
        hashed, ends_at = one_time.read(kept)
        right, better = verify_hash(password, hashed)
        right = right and (ends_at is None or now < ends_at)
        with self.store.write() as connection:
            row = rows.by_name(connection, wanted)
            if not right or row is None or row.disabled_at is not None:
                subject = f"user:{row.id}" if row is not None else "user:unknown"
                self._note(connection, "session.refused", subject, actor=row.name if row is not None else "unknown", authenticated=False)
                refused = True
            else:
                refused = False
                rows.forget_attempts(connection, wanted)
                rows.forget_attempt(connection, attempt)
                if better and ends_at is None:
                    rows.quietly(connection, row.id, {"password": better})
                user = self._user(connection, rows.by_id(connection, row.id))
        if refused:
            raise NotAllowed(_WRONG)
        return user, kept

    def _check_tries(self, connection: Connection, name: str, address: str, now: int) -> None:
        named, there = rows.attempts(connection, name, address, now - WINDOW)
        waits = [tries[-most] + WINDOW - now for tries, most in ((named, PER_NAME), (there, PER_ADDRESS)) if len(tries) >= most]
        if waits:
            wait = max(*waits, 1)
            raise TooManyTries(f"too many tries; try again in {-(-wait // 60)} minutes", wait)

    # --- sessions ----------------------------------------------------------------------------------------------

    def start_session(self, user: User, *, address: str = "", agent: str = "") -> tuple[str, Session]:
        """Start a session of a user; returns the token for its cookie, which is nowhere else, and the session."""
        token, now = secrets.token_urlsafe(32), self._now()
        address, agent = address[:100], agent[:300]
        values = {"user_id": user.id, "address": address, "agent": agent, "created_at": now, "seen_at": now}
        with self.store.write() as connection:
            number = credentials.add_session(connection, {**values, "token_hash": _hashed(token)})
            self._note(connection, "session.start", f"user:{user.id}", actor=user.name, authenticated=True)
        return token, Session(number, user.name, address, agent, now, now)

    def session(self, token: str) -> tuple[Session, User] | None:
        """The session of a token and its user; None when it ended, was idle too long, or its user is disabled."""
        now = self._now()
        with self.store.read() as connection:
            row = credentials.session_by_hash(connection, _hashed(token))
            found = rows.by_id(connection, row.user_id) if row is not None and self._alive(row, now) else None
            user = self._user(connection, found) if found is not None and found.disabled_at is None else None
        if row is None or user is None:
            return None
        if now - row.seen_at >= _SEEN_EVERY:
            with self.store.write() as connection:
                credentials.see_session(connection, row.id, now)
        return _session(row), user

    def _alive(self, row: SessionRow, now: int) -> bool:
        idle, longest = self.settings.session_idle, self.settings.session_longest
        return row.ended_at is None and now - row.seen_at < idle and now - row.created_at < longest

    def end_session(self, number: int, *, user: str | None = None) -> bool:
        """End a session for every process at once; returns whether it was alive. user: only if it is this user's."""
        with self.store.write() as connection:
            if user is not None:
                own = credentials.sessions(connection, self._row(connection, user).id, 0)
                if number not in {session.id for session in own}:
                    return False
            ended = credentials.end_sessions(connection, self._now(), number=number) > 0
            if ended:
                self._note(connection, "session.end", f"session:{number}")
            return ended

    def end_sessions(self, name: str) -> int:
        """End every session of a user; returns how many there were."""
        with self.store.write() as connection:
            row = self._row(connection, name)
            ended = credentials.end_sessions(connection, self._now(), user_id=row.id)
            self._note(connection, "session.end", f"user:{row.id}", sessions=ended)
            return ended

    def sessions(self, name: str | None = None) -> Sequence[Session]:
        """Sessions that are alive, the latest first. name: only those of a user."""
        now = self._now()
        with self.store.read() as connection:
            number = None if name is None else self._row(connection, name).id
            found = credentials.sessions(connection, number, now - self.settings.session_idle)
        return [_session(row) for row in found if self._alive(row, now)]

    # --- keys --------------------------------------------------------------------------------------------------

    def make_key(
        self,
        title: str,
        *,
        user: str,
        scopes: Iterable[str],
        expires_at: int | None = None,
        test: bool = False,
        make: Callable[[str], str] | None = None,
    ) -> tuple[str, Key]:
        """Make a key that acts as a user; returns the secret, shown this once, and the key.

        scopes: "results:read"; an area alone means reading and writing it. expires_at: UTC epoch seconds. test: works in
        a sandbox only. make: the secret for a prefix, of 256 random bits; default, a new one.
        """
        wanted = permissions.check_scopes(scopes)
        if not wanted:
            raise PeopleError("a key needs a scope, such as results:read; without one it may nothing")
        shown = self._shown(title, "a key's title")
        now = self._now()
        if expires_at is not None and not now < expires_at <= now + 10 * 366 * 86_400:
            raise PeopleError("a key expires in the future, within ten years")
        prefix = f"tw_{'test' if test else 'live'}_{secrets.token_hex(4)}"
        secret = make(prefix) if make is not None else f"{prefix}_{secrets.token_urlsafe(32)}"
        with self.store.write() as connection:
            one_writer(connection)
            row = self._row(connection, user)
            if row.name != self.settings.actor:
                self._check_grant(connection, row.roles)
            values = {"title": shown, "prefix": prefix, "secret_hash": _hashed(secret), "user_id": row.id, "test": int(test)}
            values |= {"created_by": self.settings.actor, "created_at": now, "expires_at": expires_at}
            number = credentials.add_key(connection, values, wanted)
            self._note(connection, "key.make", f"key:{number}", user=row.id, scopes=list(wanted), test=test)
            return secret, _key(_there(credentials.key_by_id(connection, number)))

    def revoke_key(self, number: int) -> Key:
        """Make a key dead for every process."""
        with self.store.write() as connection:
            row = credentials.key_by_id(connection, number)
            if row is None:
                raise PeopleError(f"there is no key {number}")
            if row.disabled_at is None:
                credentials.change_key(connection, number, {"disabled_at": self._now()})
                self._note(connection, "key.revoke", f"key:{number}")
            return _key(_there(credentials.key_by_id(connection, number)))

    def keys(self, user: str | None = None) -> Sequence[Key]:
        """Every key, the newest first; user: only those that act as a user."""
        with self.store.read() as connection:
            number = None if user is None else self._row(connection, user).id
            return [_key(row) for row in credentials.keys(connection, number)]

    def verify_key(self, secret: str, *, note: bool = True) -> Caller:
        """Who shows this secret. note: remember when it was used, at most once a minute; a server does that later.
        Raises `NotAllowed`, the same for unknown, revoked and expired keys and disabled users."""
        now = self._now()
        with self.store.read() as connection:
            row = credentials.key_by_hash(connection, _hashed(secret))
            dead = row is None or row.disabled_at is not None or row.user_disabled_at is not None or (row.expires_at or now + 1) <= now
            if row is None or dead:
                raise NotAllowed("the key is not valid: unknown, revoked or expired")
            user = self._user(connection, rows.by_id(connection, row.user_id))
        if note and now - (row.used_at or 0) >= _USED_EVERY:
            self.note_use([row.id])
        return Caller(_key(row), user)

    def note_use(self, keys: Iterable[int]) -> None:
        """Remember that keys are used now."""
        with self.store.write() as connection:
            for number in keys:
                credentials.change_key(connection, number, {"used_at": self._now()})

    def note_evaluations(self, caller: Caller, details: Mapping[str, Any]) -> None:
        """Leave an entry of what a key had evaluated."""
        with self.store.write() as connection:
            self._note(connection, "evaluate", f"key:{caller.key.id}", actor=caller.user.name, authenticated=True, **details)

    # --- what was taken out ------------------------------------------------------------------------------------

    def log_export(
        self, what: str, *, format: str, personal: bool, rows_: int | None = None, filters: Mapping[str, Any] | None = None
    ) -> int:
        """Remember that the actor takes rows out: what, in which format, whether with unmasked personal data."""
        values = {"at": self._now(), "actor": self.settings.actor, "what": what, "format": format, "rows": rows_}
        values |= {"personal": int(personal), "filters": json.dumps(dict(filters or {}), ensure_ascii=False, default=str)}
        with self.store.write() as connection:
            number = rows.log_export(connection, values)
            self._note(connection, "export", f"export:{number}", what=what, format=format, personal=personal, rows=rows_)
            return number

    def exports(self, limit: int = 100, *, before: int | None = None) -> Sequence[Mapping[str, Any]]:
        """The newest exports first: id, at, actor, what, format, rows, personal, filters. before: go on below this id."""
        with self.store.read() as connection:
            found = rows.exports(connection, limit, before)
        return [{**row._mapping, "personal": bool(row.personal), "filters": json.loads(row.filters)} for row in found]

    # --- inside ------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return int(self.clock())

    def _note(
        self, connection: Connection, action: str, subject: str, *, actor: str = "", authenticated: bool | None = None, **details: Any
    ) -> None:
        proven = self.settings.authenticated if authenticated is None else authenticated
        audit.record(connection, actor=actor or self.settings.actor, authenticated=proven, action=action, subject=subject, details=details)

    def _row(self, connection: Connection, name: str) -> UserRow:
        wanted = _login_name(name)
        row = rows.by_name(connection, wanted)
        if row is None:
            hint = did_you_mean(wanted, [each.name for each in rows.every(connection)])
            raise PeopleError(f"there is no user {wanted!r}{'; ' + hint if hint else ''}")
        return row

    def _user(self, connection: Connection, row: UserRow | None) -> User:
        return _user(_there(row), rows.changed_permissions(connection))

    def _new_values(self, name: str, display_name: str, language: str, theme: str) -> dict[str, Any]:
        self._check_words(language, theme)
        login = _login_name(name)
        if not 2 <= len(login) <= 100 or any(c.isspace() or not c.isprintable() or c in ":/\\\"'<>" for c in login):
            raise PeopleError(f"the name {name[:100]!r} cannot be a login name; expected 2 to 100 letters, digits, or . _ - @")
        values = {"name": login, "display_name": self._shown(display_name), "language": language, "theme": theme, "reach": "all"}
        return {**values, "created_by": self.settings.actor, "created_at": self._now()}

    @staticmethod
    def _shown(words: Any, what: str = "a display name") -> str:
        tidy = " ".join(str(words).split())
        if not 1 <= len(tidy) <= 200 or not tidy.isprintable():
            raise PeopleError(f"{what} has 1 to 200 printable characters; found {str(words)[:40]!r}")
        return tidy

    @staticmethod
    def _check_words(language: str, theme: str) -> None:
        for what, value, known in (("language", language, LANGUAGES), ("theme", theme, THEMES)):
            if value not in known:
                raise PeopleError(f"there is no {what} {value!r}; expected {', '.join(known)}")

    @staticmethod
    def _reach(reach: str, unit: str | None, owner: str | None) -> dict[str, Any]:
        if reach not in permissions.REACHES:
            raise PeopleError(f"there is no reach {reach!r}; expected {', '.join(permissions.REACHES)}")
        needed = {"unit": unit, "own": owner}.get(reach, "-")
        if not needed:
            raise PeopleError(f"reach {reach!r} needs the word by which facts name {'the unit' if reach == 'unit' else 'this person'}")
        return {"reach": reach, "unit": unit or None, "owner": owner or None}

    def _check_grant(self, connection: Connection, roles: Iterable[str]) -> None:
        """Nobody gives, takes or uses what they do not have themselves; the command line stands outside, as the operator."""
        if not self.settings.authenticated:
            return
        acting = self._user(connection, rows.by_name(connection, self.settings.actor))
        changed = rows.changed_permissions(connection)
        for area, wanted in permissions.granted(roles, changed).items():
            if not wanted <= acting.grants[area]:
                raise NotAllowed(f"{acting.name} cannot give or change roles that may more than {acting.name} may ({area})")

    def _keep_one_administrator(self, connection: Connection, row: UserRow) -> None:
        if rows.active_with_role(connection, ADMINISTRATOR) == {row.id}:
            raise PeopleError(f"{row.name} is the only administrator; make another one first")


def _user(row: UserRow, changed: Mapping[tuple[str, str], frozenset[str]]) -> User:
    names = (
        "id",
        "name",
        "display_name",
        "language",
        "theme",
        "reach",
        "unit",
        "owner",
        "created_by",
        "created_at",
        "signed_in_at",
        "revision",
    )
    roles = tuple(role for role in permissions.ROLES if role in row.roles)
    values: dict[str, Any] = {name: getattr(row, name) for name in names}
    values |= {"disabled": row.disabled_at is not None, "has_password": row.password_at is not None}
    return User(**values, roles=roles, grants=permissions.granted(roles, changed))


def _session(row: SessionRow) -> Session:
    return Session(row.id, row.user, row.address, row.agent, row.created_at, row.seen_at)


def _key(row: KeyRow) -> Key:
    return Key(**{name: getattr(row, name) for name in Key.__slots__})


def _there(row: T | None) -> T:
    assert row is not None
    return row


def _login_name(name: str) -> str:
    return unicodedata.normalize("NFKC", str(name).encode("utf-8", "replace").decode()).strip().casefold()


def _hashed(secret: str) -> str:
    """Of a random secret of 256 bits one round is enough: there is nothing to guess it from."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
