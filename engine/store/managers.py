"""Account managers and the owners of customers as rows, inside the transaction that is open.

Whose a customer is, says the custom field `owner`, as it does for row scope and for rules; `ownership` adds since when and why.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, and_, func, insert, select, update

from engine.columns import Array
from engine.desk.assigning import NOBODY, Places
from engine.store.facts import next_fact_seq
from engine.store.ingest.tables import Tables
from engine.store.models import (
    SALE,
    current,
    custom_field,
    custom_value,
    customer,
    manager,
    orders,
    output,
    ownership,
    slot_name,
    task,
    term,
    user_account,
)
from engine.store.session import driver

FIELD, TERMS = "owner", "custom.owner"
"""The custom field of customers that names the owner, and the field of its words in the dictionary."""


@dataclass(frozen=True, slots=True)
class Manager:
    """A person who looks after customers. customers: how many; user: the login name. Empty tuples take any."""

    id: int
    name: str
    title: str
    user: str | None
    capacity: int
    regions: tuple[str, ...]
    languages: tuple[str, ...]
    grades: tuple[str, ...]
    customers: int
    left_at: int | None
    revision: int

    @property
    def room(self) -> int:
        """How many customers more there are places for."""
        return 0 if self.left_at is not None else max(self.capacity - self.customers, 0)

    @property
    def places(self) -> Places:
        """What this manager takes."""
        return Places(self.name, self.capacity, self.regions, self.languages, self.grades)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        lists = {name: list(getattr(self, name)) for name in ("regions", "languages", "grades")}
        return {**asdict(self), **lists, "room": self.room}


@dataclass(frozen=True, slots=True)
class Owned:
    """Whose a customer is: owner None for nobody; since and why None when only the facts say it."""

    customer: str
    owner: str | None
    former: str | None
    since: int | None
    why: str | None
    facts: Mapping[str, Any]
    note: str
    by: str

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


def every(connection: Connection, *, gone: bool = False) -> list[Manager]:
    """All managers by name; gone: those too who left."""
    query = select(manager, user_account.c.name.label("login")).join(user_account, user_account.c.id == manager.c.user_id, isouter=True)
    if not gone:
        query = query.where(manager.c.left_at.is_(None))
    loads = _loads(connection)
    return [_manager(row, loads.get(row.name, 0)) for row in connection.execute(query.order_by(manager.c.name))]


def _manager(row: Row[Any], customers: int) -> Manager:
    regions, languages, grades = (tuple(json.loads(text)) for text in (row.regions, row.languages, row.grades))
    return Manager(
        row.id, row.name, row.title, row.login, row.capacity, regions, languages, grades, customers, row.left_at, row.revision
    )  # fmt: skip


def _loads(connection: Connection) -> dict[str, int]:
    names = select(manager.c.name)
    query = (
        select(term.c.value, func.count())
        .select_from(custom_value)
        .join(custom_field, and_(custom_field.c.id == custom_value.c.field_id, custom_field.c.name == FIELD))
        .join(term, term.c.id == custom_value.c.value)
        .join(customer, customer.c.id == custom_value.c.customer_id)
        .where(term.c.value.in_(names), customer.c.merged_into.is_(None), customer.c.voided_at.is_(None))
        .group_by(term.c.value)
    )
    return {name: int(count) for name, count in connection.execute(query)}


def add(connection: Connection, values: Mapping[str, Any]) -> int:
    """Keep a new manager; its number."""
    return int(connection.execute(insert(manager).values({"revision": 1, **values}).returning(manager.c.id)).scalar_one())


def change(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Change one; its revision goes up."""
    connection.execute(update(manager).where(manager.c.id == number).values(**values, revision=manager.c.revision + 1))


def field_id(connection: Connection) -> int:
    """The custom field `owner`, made when no fact brought it yet."""
    found = connection.scalar(select(custom_field.c.id).where(custom_field.c.name == FIELD))
    if found is None:
        values = {"name": FIELD, "kind": "text", "title_en": "Account manager", "title_zh": "客户经理"}
        found = connection.execute(insert(custom_field).values(**values).returning(custom_field.c.id)).scalar_one()
    return int(found)


def word_id(connection: Connection, name: str) -> int:
    """The dictionary's number of an owner's word, made when it is new."""
    found = connection.scalar(select(term.c.id).where(term.c.field == TERMS, term.c.value == name))
    if found is None:
        found = connection.execute(insert(term).values(field=TERMS, value=name).returning(term.c.id)).scalar_one()
    return int(found)


def owners(connection: Connection) -> tuple[Array, Array]:
    """Customers with an owner, and the numbers of their owners' words; by customer."""
    query = (
        select(custom_value.c.customer_id, custom_value.c.value)
        .join(custom_field, custom_field.c.id == custom_value.c.field_id)
        .where(custom_field.c.name == FIELD, custom_field.c.kind == "text")
        .order_by(custom_value.c.customer_id)
    )
    return _pairs(connection, query)


def kept(connection: Connection) -> tuple[Array, Array, Array]:
    """Rows of `ownership`: customer, owner (`NOBODY` in the pool), since; by customer."""
    query = select(ownership.c.customer_id, func.coalesce(ownership.c.owner_id, NOBODY), ownership.c.since).order_by(
        ownership.c.customer_id
    )
    rows = np.array(connection.execute(query).all(), np.int64).reshape(-1, 3)
    return rows[:, 0], rows[:, 1], rows[:, 2]


def labels(connection: Connection, address: str, keys: Sequence[str]) -> tuple[Array, Array]:
    """Customers whose output is one of some labels, and the place of the label in `keys`."""
    from engine.store.outcomes import all_labels

    row = connection.execute(select(output).where(output.c.address == address, output.c.closed_run.is_(None))).first()
    if row is None:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    ids = {"true": 1, "false": 0} if row.kind == "flag" else all_labels(connection).get((address, row.policy_type), {})
    wanted = {int(ids[key]): at for at, key in enumerate(keys) if key in ids}
    slot = current.c[slot_name(row.slot)]
    found, numbers = _pairs(connection, select(current.c.customer_id, slot).where(slot.in_(wanted)).order_by(current.c.customer_id))
    table = np.zeros(max([*wanted, 0]) + 1, np.int64)
    for number, at in wanted.items():
        table[number] = at
    return found, table[numbers]


def sellers(connection: Connection, names: Sequence[str]) -> tuple[Array, Array]:
    """Who of some people sold to customers: the one with the most sales, of equals the last; customers, and places in `names`."""
    place = {name: at for at, name in enumerate(names)}
    words = {row.id: place[row.value] for row in connection.execute(select(term).where(term.c.field == "seller", term.c.value.in_(names)))}
    if not words:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    query = (
        select(orders.c.customer_id, orders.c.seller_id, func.count(), func.max(orders.c.ordered_at))
        .where(orders.c.kind == SALE, orders.c.seller_id.in_(sorted(words)))
        .group_by(orders.c.customer_id, orders.c.seller_id)
    )
    rows = np.array(connection.execute(query).all(), np.int64).reshape(-1, 4)
    rows = rows[np.lexsort((rows[:, 1], rows[:, 3], rows[:, 2], rows[:, 0]))]
    last = np.flatnonzero(np.append(np.diff(rows[:, 0]) != 0, True))[: len(rows)] if len(rows) else np.empty(0, np.int64)
    rows = rows[last]
    return rows[:, 0], np.array([words[number] for number in rows[:, 1].tolist()], np.int64)


def last_orders(connection: Connection, now: int) -> tuple[Array, Array]:
    """Customers who bought, and the moment of the last sale until now; from the covering index."""
    query = (
        select(orders.c.customer_id, func.max(orders.c.ordered_at))
        .where(orders.c.kind == SALE, orders.c.ordered_at <= now)
        .group_by(orders.c.customer_id)
        .order_by(orders.c.customer_id)
    )
    return _pairs(connection, query)


def last_done(connection: Connection) -> tuple[Array, Array]:
    """Customers with a task that was done, and when the last one was."""
    query = (
        select(task.c.customer_id, func.max(task.c.closed_at))
        .where(task.c.status == "done", task.c.customer_id.is_not(None))
        .group_by(task.c.customer_id)
        .order_by(task.c.customer_id)
    )
    return _pairs(connection, query)


def set_owners(
    connection: Connection,
    customers: Array,
    owner_ids: Array,
    *,
    why: Sequence[str],
    facts: Sequence[str],
    former: Array,
    note: str,
    by: str,
    now: int,
) -> None:
    """Give customers other owners (`NOBODY`: to the pool) and say why. The fact clock stamps them: rules read who owns them."""
    if not len(customers):
        return
    seq = next_fact_seq(connection)
    field, tables = field_id(connection), Tables(connection)
    order = np.argsort(customers)  # in the order of the tables' keys, so that both grow at their ends of pages
    said, reason = _once(why, facts, order)
    kind = "integer" if tables.is_sqlite else "bigint"
    tables.run(f"create temporary table if not exists given_owner (id {kind} primary key, owner {kind}, former {kind}, reason {kind})")
    tables.run(f"create temporary table if not exists given_reason (id {kind} primary key, why text, facts text)")
    for table in ("given_owner", "given_reason"):
        tables.run(f"delete from {table}")
    tables.insert("given_owner", {"id": customers[order], "owner": owner_ids[order], "former": former[order], "reason": reason})
    tables.insert("given_reason", {"id": np.arange(len(said)), "why": [each[0] for each in said], "facts": [each[1] for each in said]})
    tables.run("delete from custom_value where field_id = ? and customer_id in (select id from given_owner)", field)
    tables.run("delete from ownership where customer_id in (select id from given_owner)")
    tables.run(
        "insert into custom_value (customer_id, field_id, value) "
        f"select id, cast(? as {kind}), owner from given_owner where owner <> ? order by id",
        field,
        NOBODY,
    )
    tables.run(
        'insert into ownership (customer_id, owner_id, former_id, why, facts, since, note, "by") '
        f"select g.id, nullif(g.owner, ?), nullif(g.former, ?), r.why, r.facts, cast(? as {kind}), cast(? as text), cast(? as text) "
        "from given_owner g join given_reason r on r.id = g.reason order by g.id",
        NOBODY,
        NOBODY,
        now,
        note,
        by,
    )
    tables.run("update customer set fact_seq = ? where id in (select id from given_owner)", seq)


def _once(why: Sequence[str], facts: Sequence[str], order: Array) -> tuple[list[tuple[str, str]], Array]:
    """Each pair of reason and facts once, and the number of the pair of each row in an order."""
    known: dict[tuple[str, str], int] = {}
    numbers = np.array([known.setdefault(pair, len(known)) for pair in zip(why, facts, strict=True)], np.int64)
    return list(known), numbers[order]


def forget(connection: Connection, customers: Array) -> None:
    """Customers who are no longer entitled to a manager have none, and are in no pool."""
    if not len(customers):
        return
    seq, tables = next_fact_seq(connection), Tables(connection)
    chosen = tables.ids_table(customers)
    tables.run(f"delete from custom_value where field_id = ? and customer_id in (select id from {chosen})", field_id(connection))
    tables.run(f"delete from ownership where customer_id in (select id from {chosen})")
    tables.run(f"update customer set fact_seq = ? where id in (select id from {chosen})", seq)


def owned(connection: Connection, customer_id: int) -> Owned:
    """Whose a customer is."""
    here, former = term.alias("here"), term.alias("former")
    owner = (
        select(custom_value.c.value)
        .join(custom_field, custom_field.c.id == custom_value.c.field_id)
        .where(custom_field.c.name == FIELD, custom_field.c.kind == "text", custom_value.c.customer_id == customer_id)
        .scalar_subquery()
    )
    query = (
        select(customer.c.external_id, here.c.value.label("owner"), here.c.id.label("word"), ownership, former.c.value.label("former"))
        .select_from(customer)
        .join(here, here.c.id == owner, isouter=True)
        .join(ownership, ownership.c.customer_id == customer.c.id, isouter=True)
        .join(former, former.c.id == ownership.c.former_id, isouter=True)
        .where(customer.c.id == customer_id)
    )
    row = connection.execute(query).one()
    if row.since is None or row.word != row.owner_id:
        return Owned(row.external_id, row.owner, None, None, None, {}, "", "")
    return Owned(row.external_id, row.owner, row.former, row.since, row.why, json.loads(row.facts), row.note, row.by)


def pool(connection: Connection, *, after: int = 0, limit: int = 100, only: Sequence[int] | None = None) -> list[tuple[int, Owned]]:
    """Customers whom nobody looks after, with their keys; by key."""
    former = term.alias("former")
    has = (
        select(custom_value.c.customer_id)
        .join(custom_field, custom_field.c.id == custom_value.c.field_id)
        .where(custom_field.c.name == FIELD, custom_value.c.customer_id == ownership.c.customer_id)
        .exists()
    )
    query = (
        select(customer.c.external_id, ownership, former.c.value.label("former"))
        .select_from(ownership)
        .join(customer, customer.c.id == ownership.c.customer_id)
        .join(former, former.c.id == ownership.c.former_id, isouter=True)
        .where(ownership.c.owner_id.is_(None), customer.c.merged_into.is_(None), customer.c.voided_at.is_(None), ~has)
    )
    if only is not None:
        query = query.where(ownership.c.customer_id.in_(only))
    query = query.where(ownership.c.customer_id > after).order_by(ownership.c.customer_id).limit(limit)
    return [
        (row.customer_id, Owned(row.external_id, None, row.former, row.since, row.why, json.loads(row.facts), row.note, row.by))
        for row in connection.execute(query)
    ]


def pool_size(connection: Connection) -> int:
    """How many customers are in the pool."""
    has = (
        select(custom_value.c.customer_id)
        .join(custom_field, custom_field.c.id == custom_value.c.field_id)
        .where(custom_field.c.name == FIELD)
    )
    query = select(func.count()).select_from(ownership).join(customer, customer.c.id == ownership.c.customer_id)
    query = query.where(ownership.c.owner_id.is_(None), customer.c.merged_into.is_(None), customer.c.voided_at.is_(None))
    return connection.scalar(query.where(ownership.c.customer_id.not_in(has))) or 0


def customers_of(connection: Connection, name: str) -> Array:
    """The keys of the customers of an owner."""
    found, words = owners(connection)
    mine: Array = found[words == word_id(connection, name)]
    return mine


def claims_since(connection: Connection, owner_id: int, since: int) -> int:
    """How many customers an owner took from the pool since a moment, and still has."""
    query = select(func.count()).where(ownership.c.owner_id == owner_id, ownership.c.why == "claimed", ownership.c.since >= since)
    return connection.scalar(query) or 0


def _pairs(connection: Connection, query: Any) -> tuple[Array, Array]:
    """Two columns of integers. The driver's rows: SQLAlchemy's would cost several times the rest at a million."""
    compiled = query.compile(connection, compile_kwargs={"literal_binds": True})
    rows = np.array(driver(connection).execute(str(compiled)).fetchall(), np.int64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]
