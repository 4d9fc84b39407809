"""Account managers: who looks after which customers, since when and why: `engine.managers`.

engine.managers.add("Sun", capacity=50, regions=["East"], languages=["zh"])
engine.managers.set_policy({"output": "abc.class", "grades": ["A", "B"], "neglect_days": 90})
engine.managers.assign(dry_run=True).words().en

Whose a customer is, says the custom field `owner`: imports may bring it, row scope ("own") and rules read it, and these
verbs write it. The pool (公海) holds customers who are to have a manager and have none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from engine import clock
from engine.assigning import Draw, drawn
from engine.desk.assigning import NOBODY
from engine.desk.manager_policy import ManagerPolicy
from engine.desk.manager_words import capacity_words, fit_words, why_words
from engine.errors import ManagerError, NotAllowed, PeopleError, did_you_mean
from engine.moments import day_number
from engine.store import audit, documents, tasks
from engine.store import managers as rows
from engine.store.drafts import APPROVED, OPEN, SCHEDULED, SUBMITTED, person
from engine.store.identity import resolve_in
from engine.store.managers import Manager, Owned
from engine.store.models import draft, fixed_value
from engine.store.session import one_writer
from engine.texts import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.columns import Array
    from engine.service import Engine

KIND, STATE, TRIES = "managers", "managers_state", 3
MOST_CAPACITY, MOST_LISTED, LONGEST, MOST_AT_ONCE = 1_000_000, 200, 200, 1_000
_NAMED = ("regions", "languages", "grades")


@dataclass(frozen=True, slots=True)
class HandOver:
    """What left an account manager's desk. to: who has it now, None for the pool."""

    manager: str
    to: str | None
    customers: int
    tasks: int
    drafts: int
    requests: int

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Capacity:
    """Whether there are places for so many customers. managers: those with room."""

    managers: int
    room: int
    wanted: int

    @property
    def short(self) -> int:
        """How many would have no manager."""
        return max(self.wanted - self.room, 0)

    def words(self) -> Text:
        """As a sentence."""
        return capacity_words(self.managers, self.room, self.wanted)

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {**asdict(self), "short": self.short}


@dataclass(frozen=True, slots=True)
class Explained:
    """Whose a customer is, why, and what speaks for and against every manager."""

    owned: Owned
    why: Text
    managers: Sequence[tuple[str, Text]]

    def as_dict(self, language: str = "en") -> dict[str, Any]:
        """As plain data, in a language."""
        others = [{"manager": name, "why": words.in_(language)} for name, words in self.managers]
        return {**self.owned.as_dict(), "words": self.why.in_(language), "managers": others}


class Managers:
    """The verbs on account managers and their customers, in the name of the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    # --- who they are ------------------------------------------------------------------------------------------

    def list(self, *, gone: bool = False) -> Sequence[Manager]:
        """All managers by name, with how many customers each has; gone: those too who left."""
        with self.engine.store.read() as connection:
            return rows.every(connection, gone=gone)

    def get(self, name: str) -> Manager:
        """One by name. Raises `ManagerError` with the nearest."""
        with self.engine.store.read() as connection:
            return self._get(connection, name)

    def add(
        self,
        name: str,
        *,
        capacity: int,
        title: str = "",
        user: str | None = None,
        regions: Sequence[str] = (),
        languages: Sequence[str] = (),
        grades: Sequence[str] = (),
    ) -> Manager:
        """Add a manager. name: the word by which facts name the person; user: a login name. Nothing named means any."""
        named = _line(name, "name")
        values = {"name": named, "title": _line(title or named, "title"), "capacity": _capacity(capacity)}
        values |= {key: _listed(given, key) for key, given in zip(_NAMED, (regions, languages, grades), strict=True)}
        with self.engine.store.write() as connection:
            one_writer(connection)
            if any(each.name == named for each in rows.every(connection, gone=True)):
                raise ManagerError(f"there is a manager {named!r} already")
            values |= {"user_id": self._user(user), "created_by": self._actor, "created_at": clock.now()}
            number = rows.add(connection, values)
            self._note(connection, "manager.add", number, capacity=capacity)
            return self._get(connection, named)

    def edit(self, name: str, *, revision: int | None = None, **changes: Any) -> Manager:
        """Change title, user, capacity, regions, languages or grades; the name stays, since facts use it. back=True: is here again."""
        known = ("title", "user", "capacity", *_NAMED, "back")
        for key in changes:
            if key not in known:
                raise ManagerError(f"{key!r} of a manager cannot be changed; {did_you_mean(key, known) or 'expected ' + ', '.join(known)}")
        values: dict[str, Any] = {key: _listed(changes[key], key) for key in _NAMED if key in changes}
        if "title" in changes:
            values["title"] = _line(changes["title"], "title")
        if "capacity" in changes:
            values["capacity"] = _capacity(changes["capacity"])
        if "user" in changes:
            values["user_id"] = self._user(changes["user"])
        if changes.get("back"):
            values["left_at"] = None
        with self.engine.store.write() as connection:
            one_writer(connection)
            found = self._get(connection, name)
            if revision is not None and revision != found.revision:
                raise ManagerError(f"manager {found.name} was changed by somebody else meanwhile; look again")
            if values:
                rows.change(connection, found.id, values)
                self._note(connection, "manager.edit", found.id, changed=sorted(changes))
            return self._get(connection, name)

    # --- the policy --------------------------------------------------------------------------------------------

    def policy(self) -> ManagerPolicy | None:
        """How customers are given to managers; None as long as nobody said."""
        with self.engine.store.read() as connection:
            found = documents.get(connection, KIND, KIND)
        return None if found is None else ManagerPolicy.read(found.document)

    def set_policy(self, document: Mapping[str, Any]) -> ManagerPolicy:
        """Say how. Raises `ManagerError` with every fault of the document, also names that this store does not know."""
        policy = ManagerPolicy.read(document)
        self._check_names(policy)
        with self.engine.store.write() as connection:
            one_writer(connection)
            documents.save(connection, KIND, KIND, policy.as_dict(), self._actor)
            self._note(connection, "manager.policy", 0, output=policy.output, grades=list(policy.grades))
        return policy

    # --- who looks after whom ----------------------------------------------------------------------------------

    def assign(self, *, dry_run: bool = False) -> Draw:
        """Give everybody who is to have a manager one that fits, by the policy. dry_run: only say what would happen.

        Raises `ManagerError` without a policy, and when facts changed meanwhile three times in a row.
        """
        policy = self._policy()
        for _ in range(TRIES):
            draw = drawn(self.engine, policy)
            if dry_run:
                return draw
            with self.engine.store.write() as connection:
                one_writer(connection)
                if not draw.holds(connection):
                    continue
                draw.keep(connection, self._actor, clock.now())
                self._note(connection, "manager.assign", 0, **draw.counts())
            return draw
        raise ManagerError("facts changed while customers were assigned; nothing was changed, try again")

    def of(self, customer: str) -> Explained:
        """Whose a customer is, since when and why; without what speaks for and against the others."""
        with self.engine.store.read() as connection:
            found = rows.owned(connection, resolve_in(connection, customer, reach=self.engine.sight.reach))
        return Explained(found, self.words(found), ())

    def explain(self, customer: str) -> Explained:
        """Whose a customer is, since when, why, and why not somebody else's."""
        from engine.assigning import facts_of

        policy = self.policy()
        with self.engine.store.read() as connection:
            key = resolve_in(connection, customer, reach=self.engine.sight.reach)
            found = rows.owned(connection, key)
            everybody = rows.every(connection)
        has = facts_of(self.engine, policy, key) if policy is not None else {"grade": None, "region": None, "language": None}
        verdicts = []
        for each in everybody:
            misfit = each.places.misfit(has["region"], has["language"], has["grade"])
            if not misfit and not each.room and each.name != found.owner:
                misfit = "full"
            verdicts.append((each.name, fit_words(misfit, has, each.customers, each.capacity)))
        return Explained(found, self.words(found), verdicts)

    def give(self, customers: Sequence[str], to: str, *, reason: str) -> int:
        """Give some customers to a manager by hand, within the capacity; how many had another one before."""
        return self._move(customers, to, "given", reason)

    def release(self, customers: Sequence[str], *, reason: str) -> int:
        """Give some customers back to the pool; how many had a manager."""
        return self._move(customers, None, "released", reason)

    def neglected(self, *, dry_run: bool = False) -> Sequence[str]:
        """Return customers whom nobody spoke to for as long as the policy says to the pool; their ids.

        Contact is what the policy counts as such, and being given to the manager. dry_run: only say who. Raises `ManagerError`
        without a policy, and when facts go on changing meanwhile.
        """
        policy = self._policy()
        return self._neglected(policy, dry_run=dry_run, daily=False) if policy.neglect_days else []

    def due(self) -> bool:
        """Whether today's return of neglected customers is still to be carried out."""
        policy = self.policy()
        if policy is None or not policy.neglect_days:
            return False
        with self.engine.store.read() as connection:
            return not self._done_today(connection)

    def day(self) -> Sequence[str]:
        """Return neglected customers as the policy says, once a day, whoever does the same at this moment: a worker does it."""
        policy = self.policy()
        return self._neglected(policy, dry_run=False, daily=True) if policy is not None and policy.neglect_days else []

    def _neglected(self, policy: ManagerPolicy, *, dry_run: bool, daily: bool) -> Sequence[str]:
        from engine.assigning import silent
        from engine.store.facts import fact_seq
        from engine.store.lookups import external_ids_many

        for _ in range(TRIES):
            keys, owner_ids, days, seq = silent(self.engine, policy)
            with self.engine.store.write() as connection:
                one_writer(connection)
                if daily and self._done_today(connection):
                    return []
                if fact_seq(connection) != seq:  # somebody may have been spoken to meanwhile
                    continue
                known = external_ids_many(connection, keys)
                if len(keys) and not dry_run:
                    said = [json.dumps({"days": number}) for number in days.tolist()]
                    self._set(connection, keys, np.full(len(keys), NOBODY), owner_ids, "neglected", "", said)
                    self._note(connection, "manager.neglected", 0, customers=len(keys), days=policy.neglect_days)
                if daily:
                    documents.save(connection, STATE, "neglected", {"day": self.engine.now.date().isoformat()}, self._actor)
            return [known[key] for key in keys.tolist()]
        raise ManagerError("facts changed while neglected customers were looked for; nothing was changed, try again")

    def _done_today(self, connection: Connection) -> bool:
        state = documents.get(connection, STATE, "neglected")
        return state is not None and bool(state.document["day"] >= self.engine.now.date().isoformat())

    # --- the pool ----------------------------------------------------------------------------------------------

    def pool(self, *, after: int = 0, limit: int = 100) -> Sequence[tuple[int, Owned]]:
        """Customers whom nobody looks after, each with a key to go on from. Whoever may claim sees all of the pool, without names."""
        with self.engine.store.read() as connection:
            return rows.pool(connection, after=after, limit=min(max(limit, 1), MOST_AT_ONCE))

    @staticmethod
    def words(owned: Owned) -> Text:
        """Why a customer is whose it is, as a sentence."""
        return why_words(owned.why, owned.owner, former=owned.former, by=owned.by, facts=owned.facts, note=owned.note)

    def pool_size(self) -> int:
        """How many customers are in the pool."""
        with self.engine.store.read() as connection:
            return rows.pool_size(connection)

    def claim(self, customers: Sequence[str], *, manager: str | None = None) -> int:
        """Take customers from the pool: within capacity, the day's limit, and not those whom one neglected lately.

        manager: for whom; default the one whose user acts. For another only somebody who sees every customer may claim.
        Raises `ManagerError`, then nobody is taken.
        """
        if not 1 <= len(customers) <= MOST_AT_ONCE:
            raise ManagerError(f"expected 1 to {MOST_AT_ONCE:,} customers at once")
        policy = self._policy()
        now = clock.now()
        with self.engine.store.write() as connection:
            one_writer(connection)
            who = self._claimant(connection, manager)
            keys = sorted({resolve_in(connection, each) for each in customers})
            there = dict(rows.pool(connection, limit=len(keys), only=keys))
            if len(there) < len(keys):
                raise ManagerError(f"{len(keys) - len(there)} of these customers are not in the pool; tierwise manager pool lists who is")
            if len(keys) > who.room:
                raise ManagerError(f"{who.name} has room for {who.room:,}, not for {len(keys):,}")
            word, midnight = rows.word_id(connection, who.name), int(self.engine.now.replace(hour=0, minute=0, second=0).timestamp())
            today = rows.claims_since(connection, word, midnight)
            if today + len(keys) > policy.claims_per_day:
                raise ManagerError(f"{who.name} took {today} customers today; the limit is {policy.claims_per_day} a day")
            barred = [
                each.customer
                for each in there.values()
                if each.why == "neglected" and each.former == who.name and (each.since or 0) > now - policy.claim_again_days * 86_400
            ]
            if barred:
                raise ManagerError(
                    f"{who.name} neglected customer {barred[0]!r} lately; others may take it for {policy.claim_again_days} days"
                )
            array = np.array(keys, np.int64)
            self._set(connection, array, np.full(len(keys), word), np.full(len(keys), NOBODY), "claimed", "")
            self._note(connection, "manager.claim", who.id, customers=len(keys))
        return len(keys)

    # --- leaving, capacity -------------------------------------------------------------------------------------

    def leave(self, name: str, *, to: str | None = None, reason: str) -> HandOver:
        """A manager leaves: customers go to another, within the capacity, or to the pool; open tasks go along.

        Drafts keep their author, whom four eyes count; whoever takes over gets a task for each draft on its way and each
        value waiting for approval. All of it is one transaction.
        """
        said = _line(reason, "reason")
        with self.engine.store.write() as connection:
            one_writer(connection)
            gone = self._get(connection, name)
            if gone.left_at is not None:
                raise ManagerError(f"manager {gone.name} left already")
            heir = None if to is None else self._get(connection, to)
            if heir is not None and (heir.name == gone.name or heir.left_at is not None):
                raise ManagerError(f"{heir.name} cannot take over; name somebody who is here")
            keys = rows.customers_of(connection, gone.name)
            if heir is not None and len(keys) > heir.room:
                raise ManagerError(
                    f"{heir.name} has room for {heir.room:,}, not for {len(keys):,}; hand over to the pool, or raise the capacity"
                )
            word = rows.word_id(connection, gone.name)
            target = NOBODY if heir is None else rows.word_id(connection, heir.name)
            self._set(connection, keys, np.full(len(keys), target), np.full(len(keys), word), "handover", said)
            names = [gone.name, *([gone.user] if gone.user else [])]
            moved = sum(tasks.give_open(connection, each, heir.name if heir else "") for each in names)
            drafts, requests = self._papers(connection, gone, heir)
            rows.change(connection, gone.id, {"left_at": clock.now()})
            done = HandOver(gone.name, heir.name if heir else None, len(keys), moved, drafts, requests)
            counts = {key: value for key, value in done.as_dict().items() if key not in ("manager", "to")}
            self._note(connection, "manager.leave", gone.id, **counts, to=heir.id if heir else None)
        return done

    def capacity(self, wanted: int) -> Capacity:
        """Whether there are places for so many more customers: "6 managers have room for 150"."""
        free = [each for each in self.list() if each.room]
        return Capacity(len(free), sum(each.room for each in free), max(int(wanted), 0))

    # --- inside ------------------------------------------------------------------------------------------------

    def _papers(self, connection: Connection, gone: Manager, heir: Manager | None) -> tuple[int, int]:
        """Tasks for what the leaver had on its way through approval."""
        if gone.user is None:
            return 0, 0
        states = {OPEN: "open", SUBMITTED: "waits for approval", APPROVED: "approved", SCHEDULED: "scheduled"}
        drafts = [
            row
            for row in connection.execute(select(draft).where(draft.c.status.in_(states)))
            if person(row.created_by) == person(gone.user)
        ]
        asked = [
            row
            for row in connection.execute(select(fixed_value).where(fixed_value.c.status == "requested"))
            if person(row.author) == person(gone.user)
        ]
        papers = [(f"draft {row.id}", f"Draft {row.id} of {gone.name} ({states[row.status]}): go on with it") for row in drafts]
        papers += [(f"fixed value {row.id}", f"Value {row.id} asked for by {gone.name} waits for approval") for row in asked]
        for what, title in papers:
            values: dict[str, Any] = {
                "kind": "handover",
                "title": title[:200],
                "text": "",
                "channel": "",
                "owner": heir.name if heir else "",
            }
            values |= {"due_on": day_number(self.engine.now.date()), "once": f"handover {gone.id}: {what}"}
            tasks.add(connection, {**values, "created_by": self._actor, "created_at": clock.now()})
        return len(drafts), len(asked)

    def _move(self, customers: Sequence[str], to: str | None, why: str, reason: str) -> int:
        said = _line(reason, "reason")
        if not 1 <= len(customers) <= MOST_AT_ONCE:
            raise ManagerError(f"expected 1 to {MOST_AT_ONCE:,} customers at once")
        with self.engine.store.write() as connection:
            one_writer(connection)
            reach = self.engine.sight.reach
            keys = np.array(sorted({resolve_in(connection, each, reach=reach) for each in customers}), np.int64)
            having, words = rows.owners(connection)
            found = dict(zip(having.tolist(), words.tolist(), strict=True))
            former = np.array([found.get(key, NOBODY) for key in keys.tolist()], np.int64)
            target, number = NOBODY, 0
            if to is not None:
                who = self._get(connection, to)
                target, number = rows.word_id(connection, who.name), who.id
            changed = former != target
            if to is not None and int(changed.sum()) > who.room:
                raise ManagerError(f"{who.name} has room for {who.room:,}, not for {int(changed.sum()):,}")
            self._set(connection, keys[changed], np.full(int(changed.sum()), target), former[changed], why, said)
            if changed.any():
                self._note(connection, "manager.give" if to is not None else "manager.release", number, customers=int(changed.sum()))
        return int(changed.sum())

    def _set(
        self, connection: Connection, keys: Array, owner_ids: Array, former: Array, why: str, note: str, facts: Sequence[str] = ()
    ) -> None:
        said = list(facts) or ["{}"] * len(keys)
        rows.set_owners(
            connection, keys, owner_ids, why=[why] * len(keys), facts=said, former=former, note=note, by=self._actor, now=clock.now()
        )

    def _claimant(self, connection: Connection, name: str | None) -> Manager:
        mine = [each for each in rows.every(connection) if each.user == self._actor]
        if name is None:
            if not mine:
                raise ManagerError("no account manager is linked to you; name one")
            return mine[0]
        who = self._get(connection, name)
        if not self.engine.sight.reach.everybody and who not in mine:
            raise NotAllowed("only somebody who sees every customer can claim for another")
        return who

    def _get(self, connection: Connection, name: str) -> Manager:
        known = {each.name: each for each in rows.every(connection, gone=True)}
        if name not in known:
            hint = did_you_mean(str(name), known) or (f"there are {', '.join([*known][:12])}" if known else "there is none yet")
            raise ManagerError(f"there is no manager {str(name)[:80]!r}; {hint}")
        return known[name]

    def _user(self, name: str | None) -> int | None:
        return None if not name else self.engine.people.user(name).id

    def _policy(self) -> ManagerPolicy:
        found = self.policy()
        if found is None:
            raise ManagerError("nobody said yet who gets an account manager; write a policy with: tierwise manager policy FILE")
        return found

    def _check_names(self, policy: ManagerPolicy) -> None:
        from engine.assigning import name_faults

        faults = name_faults(self.engine, policy)
        if faults:
            raise ManagerError("the policy for account managers is wrong", faults)

    @property
    def _actor(self) -> str:
        return self.engine.settings.actor

    def _note(self, connection: Connection, action: str, number: int, **details: Any) -> None:
        audit.record(connection, **self.engine.acting, action=action, subject=f"manager:{number}", details=details or None)


def _line(value: str, name: str) -> str:
    tidy = " ".join(str(value).split())
    if not 1 <= len(tidy) <= LONGEST or not tidy.isprintable():
        raise ManagerError(f"{name}: expected 1 to {LONGEST} printable characters")
    return tidy


def _capacity(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_CAPACITY:
        raise ManagerError(f"capacity: found {str(value)[:30]!r}; expected a whole number from 0 to {MOST_CAPACITY:,}")
    return value


def _listed(given: Sequence[str], name: str) -> str:
    if isinstance(given, str) or len(given) > MOST_LISTED:
        raise ManagerError(f"{name}: expected a list of at most {MOST_LISTED} texts")
    return json.dumps(sorted({_line(each, name) for each in given}), ensure_ascii=False)


__all__ = ["Capacity", "Draw", "Explained", "HandOver", "Manager", "Managers", "Owned", "PeopleError"]
