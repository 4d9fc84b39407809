"""Void a single fact, and bring it back: it leaves every feature at once and stays stored."""

from __future__ import annotations

from engine.errors import FactError, did_you_mean
from engine.store import audit
from engine.store.audit import Actor
from engine.store.facts import next_fact_seq
from engine.store.ingest.batches import note_act
from engine.store.ingest.intake import now
from engine.store.ingest.tables import Tables
from engine.store.session import Store

KINDS = ("order", "customer")


def void(store: Store, kind: str, source: str, external_id: str, actor: str, *, authenticated: bool = False) -> bool:
    """Void an order or a customer. Returns whether it changed; raises `FactError` when there is no such fact."""
    return _set(store, kind, source, external_id, Actor(actor, authenticated), voided=True)


def unvoid(store: Store, kind: str, source: str, external_id: str, actor: str, *, authenticated: bool = False) -> bool:
    """Bring a voided order or customer back. Returns whether it changed."""
    return _set(store, kind, source, external_id, Actor(actor, authenticated), voided=False)


def _set(store: Store, kind: str, source: str, external_id: str, actor: Actor, *, voided: bool) -> bool:
    if kind not in KINDS:
        raise FactError(f"{kind!r} cannot be voided; {did_you_mean(kind, KINDS) or 'expected order or customer'}")
    with store.write() as connection:
        seq = next_fact_seq(connection)
        tables = Tables(connection)
        source_key = tables.one("select id from source where name = ?", source)
        if source_key is None:
            known = [name for (name,) in tables.rows("select name from source")]
            raise FactError(f"there is no source {source!r}; {did_you_mean(source, known) or 'known: ' + ', '.join(known)}")
        found = (_order if kind == "order" else _customer)(tables, int(source_key), external_id, voided)
        if found is None:
            return False
        customer, fact = found
        tables.run("update customer set fact_seq = ? where id = ?", seq, customer)
        note_act(tables, "void" if voided else "unvoid", int(source_key), f"{kind} {external_id}", actor.name, seq)
        tables.finish_ids()
        act = "fact.void" if voided else "fact.unvoid"
        audit.record(connection, actor=actor.name, authenticated=actor.authenticated, action=act, subject=f"{kind}:{fact}")
    return True


def _order(tables: Tables, source: int, external_id: str, voided: bool) -> tuple[int, int] | None:
    """Customer and order. A voided order has the complement of its kind, so that the covering index alone leaves it out."""
    query = "select id, customer_id, kind from orders where source_id = ? and external_id = ?"
    row = tables.run(query, source, external_id).fetchone()
    if row is None:
        raise FactError(f"there is no order {external_id!r} of this source")
    key, customer, kind = row
    if (kind < 0) == voided:
        return None
    tables.run("update orders set kind = ?, voided_at = ? where id = ?", -1 - kind, now() if voided else None, key)
    return int(customer), int(key)


def _customer(tables: Tables, source: int, external_id: str, voided: bool) -> tuple[int, int] | None:
    query = "select c.id, c.voided_at from alias a join customer c on c.id = a.customer_id where a.source_id = ? and a.external_id = ?"
    row = tables.run(query, source, external_id).fetchone()
    if row is None:
        raise FactError(f"there is no customer {external_id!r} of this source")
    key, at = row
    if (at is not None) == voided:
        return None
    tables.run("update customer set voided_at = ? where id = ?", now() if voided else None, key)
    return int(key), int(key)
