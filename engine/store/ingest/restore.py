"""Put facts back to what they were before a batch, and remove what it created."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from engine.store.ingest import customers, order_rows, products
from engine.store.ingest.intake import now
from engine.store.ingest.tables import Tables

_TABLES = {"customer": ("customer", customers.FORMER), "product": ("product", products.FORMER), "order": ("orders", order_rows.COLUMNS)}
_KINDS = {table: kind for kind, (table, _) in _TABLES.items()}


def created_sql(table: str) -> str:
    """The condition, with the batch as parameter twice, under which rows of `table` were created by the batch."""
    alias = table[0]
    return (
        f"{alias}.batch_id = ? and not exists "
        f"(select 1 from former_fact f where f.batch_id = ? and f.kind = '{_KINDS[table]}' and f.fact_id = {alias}.id)"
    )


def name_of(tables: Tables, kind: str, key: int) -> str:
    """A fact as people know it: its kind and external id."""
    if kind not in _TABLES:
        return f"{kind} {key}"
    return f"{kind} {tables.one(f'select external_id from {_TABLES[kind][0]} where id = ?', key)}"


def former_facts(tables: Tables, batch: int, touched: list[Any]) -> int:
    """Write back every fact as the batch found it, and return how many."""
    count = 0
    recategorised: list[int] = []
    for kind, key, document in _documents(tables, batch):
        count += 1
        if kind == "rate":
            _rate(tables, document)
            continue
        table, names = _TABLES[kind]
        if kind == "order":
            touched.append(tables.one("select customer_id from orders where id = ?", key))
            _follow_join(tables, document)
            touched.append(document["customer_id"])
        sets = ", ".join(f"{name} = ?" for name in names)
        tables.run(f"update {table} set {sets} where id = ?", *(document[name] for name in names), key)
        if kind == "product":
            recategorised.append(key)
        if kind == "order":
            _lines(tables, key, document["lines"])
        if kind == "customer":
            touched.append(key)
            _custom(tables, key, document.get("custom", {}))
    touched += products.buyers(tables, np.array(recategorised, np.int64)).tolist()
    return count


def _documents(tables: Tables, batch: int) -> Iterator[tuple[str, int, dict[str, Any]]]:
    rows = list(tables.rows("select kind, fact_id, document from former_fact where batch_id = ? order by id", batch))
    for kind, key, text in rows:
        yield kind, key, json.loads(text)


def _follow_join(tables: Tables, document: dict[str, Any]) -> None:
    """The customer may have been joined into another since: then the order belongs to that one, booked to this."""
    survivor = tables.one("select merged_into from customer where id = ?", document["customer_id"])
    if survivor is not None:
        document["booked_customer_id"] = document["booked_customer_id"] or document["customer_id"]
        document["customer_id"] = survivor


def _lines(tables: Tables, key: int, lines: list[list[Any]]) -> None:
    tables.run("delete from order_line where order_id = ?", key)
    if lines:
        columns = dict(zip(order_rows.LINE_COLUMNS, map(list, zip(*lines, strict=True)), strict=True))
        tables.insert("order_line", {"order_id": key, **columns})


def _custom(tables: Tables, key: int, values: dict[str, int | None]) -> None:
    for field_id, value in values.items():
        tables.run("delete from custom_value where customer_id = ? and field_id = ?", key, int(field_id))
        if value is not None:
            tables.insert("custom_value", {"customer_id": [key], "field_id": int(field_id), "value": value})


def _rate(tables: Tables, document: dict[str, Any]) -> None:
    sql = "update exchange_rate set rate = ?, batch_id = ? where currency = ? and day = ?"
    tables.run(sql, document["rate"], document["batch_id"], document["currency"], document["day"])


def remove_created(tables: Tables, batch: int, touched: list[Any]) -> int:
    """Remove orders, rates and products of the batch; void its customers, because outcomes may name them."""
    removed = _remove_orders(tables, batch, touched)
    removed += int(tables.run("delete from exchange_rate where batch_id = ?", batch).rowcount)
    used = "select distinct product_id from order_line where product_id is not null"
    sql = f"delete from product where id in (select p.id from product p where {created_sql('product')}) and id not in ({used})"
    removed += int(tables.run(sql, batch, batch).rowcount)
    unused = (
        f"select c.id from customer c where {created_sql('customer')} and not exists (select 1 from orders o where o.customer_id = c.id)"
    )
    keys = [key for (key,) in tables.rows(f"{unused} and c.merged_into is null and c.voided_at is null", batch, batch)]
    tables.many(f"update customer set voided_at = {now()} where id = ?", keys)
    touched += keys
    return removed + len(keys)


def _remove_orders(tables: Tables, batch: int, touched: list[Any]) -> int:
    tables.run("drop table if exists undone_order")
    tables.run(
        f"create temporary table undone_order as select o.id, o.customer_id from orders o where {created_sql('orders')}"
        if tables.is_sqlite
        else "create temporary table undone_order (id bigint, customer_id bigint)",
        *((batch, batch) if tables.is_sqlite else ()),
    )
    if not tables.is_sqlite:  # PostgreSQL takes no parameters in CREATE TABLE AS
        tables.run(f"insert into undone_order select o.id, o.customer_id from orders o where {created_sql('orders')}", batch, batch)
    count = int(tables.one("select count(*) from undone_order"))
    if count:
        touched += [key for (key,) in tables.rows("select distinct customer_id from undone_order")]
        chosen = "(select id from undone_order)"
        tables.run(f"delete from order_line where order_id in {chosen}")
        tables.run(f"update orders set refund_of = null where refund_of in {chosen}")
        tables.run(f"delete from orders where id in {chosen}")
    tables.run("drop table undone_order")
    return count
