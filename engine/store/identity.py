"""Who is who: find a customer by any of its ids, join two that are one, separate them again.

A customer is an internal key; `alias` holds the ids under which sources know it. Joining re-points the loser's facts to
the survivor and remembers whom each was booked to, so that separating restores exactly what was (ENGINE 26).
"""

from __future__ import annotations

import unicodedata

from sqlalchemy import Connection

from engine.errors import FactError, UnknownCustomer, did_you_mean
from engine.store import audit
from engine.store.audit import Actor
from engine.store.facts import next_fact_seq
from engine.store.ingest.batches import note_act
from engine.store.ingest.tables import Tables
from engine.store.reach import ALL, Reach
from engine.store.session import Store

_NEAR = 40


def resolve(store: Store, external_id: str, source: str | None = None, *, reach: Reach = ALL) -> int:
    """The internal key of the customer with this id, after joins.

    source: where the id comes from; needed only when two sources use one id for different customers. Raises
    `UnknownCustomer` with the nearest known id; a customer out of reach is as unknown as one who is not there.
    """
    with store.read() as connection:
        return resolve_in(connection, external_id, source, reach=reach)


def resolve_in(connection: Connection, external_id: str, source: str | None = None, *, reach: Reach = ALL) -> int:
    """The same inside a transaction that is open already."""
    tables = Tables(connection)
    wanted = unicodedata.normalize("NFC", str(external_id)).strip()
    # naming the sources lets SQLite look the id up once per source; from the join alone it reads every alias there is
    query = (
        "select a.customer_id, s.name from alias a join source s on s.id = a.source_id "
        "where a.source_id in (select id from source) and a.external_id = ?"
    )
    found = [(key, name) for key, name in tables.rows(query, wanted) if source in (None, name)]
    if not reach.everybody:
        found = [(key, name) for key, name in found if reach.holds(connection, key)]
    keys = {key for key, _ in found}
    if len(keys) == 1:
        return int(keys.pop())
    if keys:
        names = ", ".join(sorted(name for _, name in found))
        raise UnknownCustomer(f"customer {wanted!r} stands for different customers in the sources {names}; name the source")
    hint = did_you_mean(wanted, _near(tables, wanted)) if reach.everybody else ""  # a hint would name somebody out of reach
    where = f" of source {source}" if source else ""
    raise UnknownCustomer(f"there is no customer {wanted!r}{where}{'; ' + hint if hint else ''}")


def _near(tables: Tables, wanted: str) -> list[str]:
    """Ids that sort next to the wanted one or next to what it begins with, from each source."""
    found: list[str] = []
    for (source,) in list(tables.rows("select id from source")):
        for begin in {wanted, wanted[: len(wanted) // 2 + 1], wanted.swapcase()}:
            up = "select external_id from alias where source_id = ? and external_id >= ? order by external_id limit ?"
            down = "select external_id from alias where source_id = ? and external_id < ? order by external_id desc limit ?"
            found += [text for sql in (up, down) for (text,) in tables.rows(sql, source, begin, _NEAR)]
    return found


def join(store: Store, survivor: int, loser: int, actor: str, *, authenticated: bool = False) -> None:
    """Make two customers one: the loser's ids and orders become the survivor's, whose profile stays.

    survivor, loser: internal keys. The loser's row remains, out of every run. Raises `FactError` or `UnknownCustomer`.
    """
    with store.write() as connection:
        seq = next_fact_seq(connection)
        tables = Tables(connection)
        if survivor == loser:
            raise FactError("a customer cannot be joined with itself")
        for key in (survivor, loser):
            _check_alone(tables, key)
        tables.run(
            "update orders set booked_customer_id = coalesce(booked_customer_id, customer_id), customer_id = ? where customer_id = ?",
            survivor,
            loser,
        )
        tables.run(
            "update interaction set booked_customer_id = coalesce(booked_customer_id, customer_id), customer_id = ? where customer_id = ?",
            survivor,
            loser,
        )
        tables.run("update alias set customer_id = ? where customer_id = ?", survivor, loser)
        tables.run("update customer set merged_into = ? where id = ? or merged_into = ?", survivor, loser, loser)
        _finish(tables, seq, (survivor, loser), "join", f"customer {loser} into {survivor}", Actor(actor, authenticated))


def separate(store: Store, alias: tuple[str, str], actor: str, *, authenticated: bool = False) -> int:
    """Take a joined customer out again, with its ids and orders, and return its key.

    alias: (source, external id) of the customer that was joined into another. All ids it had before go with it.
    """
    source, external_id = alias
    with store.write() as connection:
        seq = next_fact_seq(connection)
        tables = Tables(connection)
        row = tables.run(
            "select a.customer_id, a.first_customer_id from alias a join source s on s.id = a.source_id where s.name = ? and a.external_id = ?",
            source,
            external_id,
        ).fetchone()
        if row is None:
            raise UnknownCustomer(f"there is no customer {external_id!r} of source {source}")
        survivor, first = row
        if survivor == first:
            raise FactError(f"customer {external_id!r} of source {source} was not joined into another; nothing to separate")
        tables.run("update alias set customer_id = first_customer_id where first_customer_id = ?", first)
        tables.run("update customer set merged_into = null where id = ?", first)
        tables.run(
            "update orders set customer_id = ?, booked_customer_id = null where customer_id = ? and booked_customer_id = ?",
            first,
            survivor,
            first,
        )
        tables.run(
            "update interaction set customer_id = ?, booked_customer_id = null where customer_id = ? and booked_customer_id = ?",
            first,
            survivor,
            first,
        )
        _finish(tables, seq, (survivor, first), "separate", f"customer {first} from {survivor}", Actor(actor, authenticated))
    return int(first)


def flag_not_graded(store: Store, customer: int, reason: str | None, *, actor: str = "system", authenticated: bool = False) -> None:
    """Leave a customer (walk-in account, staff, test, restricted by law) out of grading for a reason; None grades it again."""
    reason = (reason or "").strip() or None
    with store.write() as connection:
        seq = next_fact_seq(connection)
        tables = Tables(connection)
        _check_alone(tables, customer)
        tables.run("update customer set not_graded = ? where id = ?", reason, customer)
        _finish(tables, seq, (customer,), "not graded" if reason else "graded", f"customer {customer}", Actor(actor, authenticated))


def _check_alone(tables: Tables, key: int) -> None:
    row = tables.run("select merged_into, voided_at from customer where id = ?", key).fetchone()
    if row is None:
        raise UnknownCustomer(f"there is no customer with the key {key}")
    merged, voided = row
    if merged is not None:
        raise FactError(f"customer {key} was joined into {merged}; use that one, or separate them first")
    if voided is not None:
        raise FactError(f"customer {key} is void")


def _finish(tables: Tables, seq: int, customers: tuple[int, ...], act: str, what: str, actor: Actor) -> None:
    for key in customers:
        tables.run("update customer set fact_seq = ? where id = ?", seq, key)
    source = tables.one("select a.source_id from alias a where a.first_customer_id = ?", customers[0])
    note_act(tables, act, int(source), what, actor.name, seq)
    tables.finish_ids()
    audit.record(
        tables.connection,
        actor=actor.name,
        authenticated=actor.authenticated,
        action=f"customer.{act.replace(' ', '_')}",
        subject=f"customer:{customers[0]}",
        details={"with": list(customers[1:])} if customers[1:] else None,
    )
