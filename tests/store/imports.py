"""What the import tests share: a store to import into, files to import, and everything stored in plain form."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import text

from engine.documents import read_text
from engine.store.facts import init_settings, store_settings
from engine.store.ingest import ImportReport, Mapping, import_file, import_rows, load_mapping
from engine.store.ingest.mapping import parse_mapping
from engine.store.session import Store

ACTOR = "tester"


def make_store(url: str, *, timezone: str = "UTC", currency: str = "CNY", customers: Iterable[str] = ()) -> Store:
    """A store with settings, and customers of the source `main`."""
    store = Store.open(url)
    init_settings(store, timezone, currency, 2)
    rows = [{"customer": each} for each in customers]
    if rows:
        import_rows(store, "customers", rows, source="main", actor=ACTOR)
    return store


def mapping(store: Store, document: str) -> Mapping:
    """A built-in mapping by its name, or one written out as YAML."""
    settings = store_settings(store)
    if "\n" not in document:
        return load_mapping(document, settings=settings)
    return parse_mapping(read_text(document), "test", settings)


def bring(store: Store, folder: Path, document: str, content: str | bytes, *, name: str = "facts.csv", **options: Any) -> ImportReport:
    """Write a file and import it."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    report = import_file(store, path, mapping(store, document), actor=ACTOR, **options)
    assert report.accounted
    return report


def query(store: Store, sql: str) -> list[tuple[Any, ...]]:
    """Rows of the store as plain tuples."""
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(text(sql))]


def stored_orders(store: Store) -> dict[str, tuple[Any, ...]]:
    """Order id → (customer id, moment, kind, amount, lines as (product, quantity, unit price, amount))."""
    heads = query(
        store,
        "select o.id, o.external_id, c.external_id, o.ordered_at, o.kind, o.amount from orders o join customer c on c.id = o.customer_id",
    )
    lines = query(
        store,
        "select l.order_id, p.external_id, l.quantity, l.unit_price, l.amount from order_line l left join product p on p.id = l.product_id "
        "order by l.order_id, l.ordinal",
    )
    return {external: (*rest, tuple(line[1:] for line in lines if line[0] == key)) for key, external, *rest in heads}


FACT_TABLES = ("customer", "alias", "custom_value", "product", "orders", "order_line", "exchange_rate")


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All facts as they are stored, without the marks of the fact clock."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in FACT_TABLES:
        with store.read() as connection:
            rows = connection.execute(text(f"select * from {table}")).mappings()
            found[table] = sorted(tuple(str(value) for key, value in row.items() if key != "fact_seq") for row in rows)
    return found


def rejected_reasons(report: ImportReport) -> dict[str, int]:
    """Reason → rows."""
    return {reason: count for reason, (count, _) in report.rejected.items()}
