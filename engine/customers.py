"""Customers as lists: `engine.customers`. Who sees which of them, and what of them, is the engine's `sight`.

page = engine.customers.list(ListQuery(filters=(Filter.read("grade.grade=A"),), sort="-orders.amount_365d"))
engine.customers.export(query, "csv", stream)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from engine.errors import FeatureError, RulebookError
from engine.exporting.table import BATCH, Field, Table
from engine.lists import ListQuery
from engine.policy import Text
from engine.store.listing import OWN_COLUMNS, Listing
from engine.store.register import graded_of, register_of
from engine.store.sight import MASK

if TYPE_CHECKING:
    from engine.dossier import Dossier
    from engine.moves import MovesPage
    from engine.service import Engine
    from engine.store.dossier import OrderLine

USUAL = ("customer", "name")
FIRST = ("orders.amount_365d", "orders.amount", "orders.count_365d", "orders.count", "orders.recency_days")
"""Numbers that a list shows unless others are asked for, as far as the run has them: two of them."""

TITLES: Mapping[str, Text] = {
    "customer": Text("Customer", "客户编号"),
    "name": Text("Name", "名称"),
    "email": Text("E-mail", "邮箱"),
    "phone": Text("Phone", "电话"),
    "not_graded": Text("Not graded because", "不参与分级的原因"),
    "joined_at": Text("Joined", "加入时间"),
    "graded": Text("Takes part in grading", "参与分级"),
}


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column of a list. kind: "text", "label", "flag", "amount", "count", "days", "number", "moment". masked: hidden from this person.

    output: the address of the output that it is, else "". filters, sorts: whether a list can be filtered, and sorted, by it.
    """

    name: str
    title: Text
    kind: str
    output: str = ""
    masked: bool = False
    filters: bool = False
    sorts: bool = False


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """A page of a list. rows: by column name; keys: internal numbers. total: how many fit; run: whose outcomes these are."""

    query: ListQuery
    columns: tuple[ColumnInfo, ...]
    rows: tuple[Mapping[str, Any], ...]
    total: int
    run: int | None

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.query.size)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "columns": [asdict(each) for each in self.columns],
            "rows": [dict(row) for row in self.rows],
            "total": self.total,
            "run": self.run,
        }


class Customers:
    """The verbs on lists of customers, as the engine's actor may see them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def opened(self) -> Iterator[Listing]:
        """One moment of the store as the engine's actor may see it."""
        engine = self.engine
        with engine.store.read() as connection:
            register = register_of(engine.store, connection)
            graded = graded_of(engine.store, connection, register)
            yield Listing(connection, register, graded, engine.sight, engine.catalogue, 10**engine.business.minor_digits)

    @staticmethod
    def asked_for(given: Mapping[str, Any]) -> ListQuery:
        """A list from plain values: filters (such as "grade.grade=A|B"), search, sort, page, size, columns. Raises `ListError`."""
        return ListQuery.of(given)

    def list(self, query: ListQuery) -> CustomerPage:
        """A page of the customers that fit. Raises `ListError` for what cannot be filtered, sorted or shown."""
        with self.opened() as listing:
            places = listing.rows(query)
            columns = self._columns(listing, query.columns)
            part = places[query.page * query.size : (query.page + 1) * query.size]
            cells = [listing.column(each.name, part) for each in columns]
            rows = tuple(dict(zip((each.name for each in columns), row, strict=True)) for row in zip(*cells, strict=True))
            return CustomerPage(query, columns, rows, len(places), listing.graded.record.id if listing.graded else None)

    def count(self, query: ListQuery) -> int:
        """How many customers fit."""
        with self.opened() as listing:
            return int(listing.matching(query).sum())

    def ids(self, query: ListQuery) -> Sequence[str]:
        """The ids of all customers that fit, in order."""
        with self.opened() as listing:
            found: list[str] = listing.column("customer", listing.rows(query))
            return found

    def keys(self, query: ListQuery) -> Sequence[int]:
        """The internal keys of all customers that fit."""
        with self.opened() as listing:
            found: list[int] = listing.register.customer_id[listing.matching(query)].tolist()
            return found

    def find(self, words: str, *, limit: int = 10) -> Sequence[tuple[str, str | None]]:
        """Customers whose id begins with some letters, or, for those who may see it, whose name, e-mail or phone holds them: (id, name)."""
        if not words.strip():
            return []
        page = self.list(ListQuery.of({"search": words[:100], "size": limit, "columns": USUAL}))
        return [(row["customer"], None if row["name"] == MASK else row["name"]) for row in page.rows]

    def dossier(self, customer: str, *, days: int = 400, orders: int = 10) -> Dossier:
        """Everything known of one customer: profile, orders, values over time, moves. Raises `UnknownCustomer`."""
        from engine.dossier import dossier

        return dossier(self.engine, customer, days=days, orders=orders)

    def orders(self, customer: str, *, before: int | None = None, limit: int = 50) -> Sequence[OrderLine]:
        """The newest orders of a customer. before: go on with those older than this moment (UTC epoch seconds)."""
        from engine.store.dossier import orders_of

        key = self.engine.customer_id(customer)
        with self.engine.store.read() as connection:
            return orders_of(connection, key, before=before, limit=limit)

    def moves(self, address: str, **asked: Any) -> MovesPage:
        """Who moved in an output between two runs, the largest sales first.

        asked: run_id (default: the newest visible), since (the run before), was, now ("" for no value), page, size.
        """
        from engine.moves import moves

        return moves(self.engine, address, **asked)

    def export_moves(self, address: str, format_: str, stream: BinaryIO, **asked: Any) -> int:
        """Write all that moved to a stream, and enter it into the log of exports; returns how many there were."""
        from engine.moves import export_moves

        return export_moves(self.engine, address, format_, stream, **asked)

    def runs(self) -> Sequence[tuple[int, int, str]]:
        """(number, as_of, status) of the runs that can be compared, the newest moment first."""
        from engine.moves import runs_to_compare

        return runs_to_compare(self.engine)

    def columns(self) -> Sequence[ColumnInfo]:
        """Every column that a list can show, filter or be sorted by, for this person."""
        with self.opened() as listing:
            return self._columns(listing, tuple(dict.fromkeys((*listing.columns, *listing.filters))))

    def choices(self, name: str) -> Sequence[tuple[str, int]]:
        """What a filter can be set to, with how many of the customers within sight have it, the most frequent first."""
        with self.opened() as listing:
            return listing.values_of(name)

    def export(self, query: ListQuery, format_: str, stream: BinaryIO) -> int:
        """Write all customers that fit, with the columns of the list, to a stream; and enter it into the log of exports.

        format_: csv, xlsx, parquet, jsonl. Returns how many rows it had. What is masked in the list is masked in the file.
        """
        from engine.export import write_table

        with self.opened() as listing:
            places = listing.rows(query)
            columns = self._columns(listing, query.columns)
            names = [each.name for each in columns]
            table = Table("customers", tuple(_field(each) for each in columns), listing.batches(names, places, BATCH))
            personal = any(each.name in ("name", "email", "phone") and not each.masked for each in columns)
            rows = write_table(table, format_, stream)
        self.engine.people.log_export("customers", format=format_, personal=personal, rows_=rows, filters=query.as_dict())
        return rows

    # --- columns ------------------------------------------------------------------------------------------------

    def _columns(self, listing: Listing, wanted: Sequence[str]) -> tuple[ColumnInfo, ...]:
        names = tuple(wanted) or (*USUAL, *_main_outputs(listing), *[name for name in FIRST if name in listing.numbers][:2])
        titles = self._titles(listing)
        return tuple(self._column(listing, name, titles) for name in dict.fromkeys(names))

    def _column(self, listing: Listing, name: str, titles: Mapping[str, Text]) -> ColumnInfo:
        if name not in listing.columns and name not in listing.filters:
            listing.column(name, listing.register.customer_id[:0])  # raises, saying what there is
        kind, output = "text", ""
        if name in listing.outputs:
            assert listing.graded is not None
            kind, output = listing.graded.kinds[name], name
        elif name in listing.numbers:
            kind = self._kind(listing, name)
        elif name == "joined_at":
            kind = "moment"
        elif name in listing.tags or name == "graded":
            kind = "flag"
        masked = name in OWN_COLUMNS and name not in listing.sorts
        return ColumnInfo(name, titles.get(name, Text(name, name)), kind, output, masked, name in listing.filters, name in listing.sorts)

    def _kind(self, listing: Listing, name: str) -> str:
        try:
            return listing.catalogue.resolve(name).dtype
        except FeatureError:
            return (
                "amount" if listing.graded and listing.graded.record.report["declared"].get(name, {}).get("kind") == "amount" else "number"
            )

    def _titles(self, listing: Listing) -> dict[str, Text]:
        found = dict(TITLES) | {name: Text(title, title) for name, title in listing.tag_titles.items()}
        for name in (*listing.profiles, *listing.numbers):
            try:
                found[name] = listing.catalogue.resolve(name).title
            except FeatureError:
                continue
        if listing.graded is not None:
            try:
                summary = self.engine.run_summary(listing.graded.record.id)
            except RulebookError:
                return found
            found |= {each.address: each.title for each in summary.outputs}
        return found


def _main_outputs(listing: Listing) -> list[str]:
    """The output that grades, and two more: what a list shows unless told otherwise."""
    ranked = sorted(
        listing.outputs, key=lambda address: (address.rpartition(".")[2] not in ("grade", "class", "tier"), listing.outputs.index(address))
    )
    return ranked[:3]


def _field(column: ColumnInfo) -> Field:
    numeric = column.kind in ("amount", "count", "days", "number")
    return Field(column.name, "number" if numeric else "integer" if column.kind == "moment" else "text")
