"""Verbs for programs: facts with an answer per row, hypothetical facts, re-grading, pages of members, profiles.

`engine.exchange`. Whose customers are seen is the `reach` that the caller passes; it is applied in the queries.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from sqlalchemy import select

from engine.errors import FactError, RunError, UnknownCustomer
from engine.moments import Moment, as_moment
from engine.store import ingest, members
from engine.store.identity import resolve_in
from engine.store.ingest.naming import IDS, SINGULAR
from engine.store.ingest.rows import Numbered
from engine.store.models import alias, customer, import_batch, rejected_row, source
from engine.store.profile import profile
from engine.store.reach import Reach

if TYPE_CHECKING:
    from engine.evaluate import Evaluation
    from engine.service import Engine

MOST_REGRADED = 1_000
MOST_ERRORS = 1_000


@dataclass(frozen=True, slots=True)
class RowError:
    """One row that was refused. row counts from 1."""

    row: int
    field: str
    reason: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some rows. kept: False when they were to be taken all or none, and one was wrong.

    rejected: how many rows were wrong; errors: the first 1,000 of them.
    changes: of re-graded customers, each output that would be another now: customer, output, was, now.
    """

    kept: bool
    batch: int | None
    rows: int
    accepted: int
    created: int
    updated: int
    unchanged: int
    ignored: int
    rejected: int
    errors: list[RowError] = field(default_factory=list)
    changes: list[dict[str, Any]] | None = None
    regraded: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        plain = asdict(self)
        return {name: value for name, value in plain.items() if value is not None or name == "batch"}


class Exchange:
    """`engine.exchange`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.store = engine.store

    def take(
        self,
        kind: str,
        rows: Iterable[Mapping[str, Any]] | Iterable[Numbered],
        *,
        source: str = "api",
        whole: bool = False,
        regrade: bool = False,
        reach: Reach | None = None,
    ) -> Taken:
        """Bring rows in, and say of each wrong one what is wrong.

        rows: dicts, or (number, dict); an iterator is read block by block. whole: all of them or none. regrade: evaluate the
        customers touched (at most 1,000, those within reach) with the thresholds of the newest visible run, and return what
        would change; assignments themselves change with the next run.
        """
        _check_source(source)
        act = self._act(ingest.import_numbered, kind, rows, source)
        return self._settled(act, whole=whole, regrade=regrade, reach=reach)

    def amend(
        self,
        kind: str,
        rows: Iterable[Mapping[str, Any]] | Iterable[Numbered],
        *,
        source: str = "api",
        whole: bool = False,
        regrade: bool = False,
        reach: Reach | None = None,
    ) -> Taken:
        """Change single fields of stored facts: rows that name a fact and bring what changes; None clears a field."""
        _check_source(source)
        return self._settled(self._act(ingest.amend_rows, kind, rows, source), whole=whole, regrade=regrade, reach=reach)

    def void(
        self,
        kind: str,
        rows: Iterable[Mapping[str, Any]] | Iterable[Numbered],
        *,
        source: str = "api",
        whole: bool = False,
        back: bool = False,
        reach: Reach | None = None,
    ) -> Taken:
        """Take the facts that rows name out of every feature, or bring them back. `updated` counts those that changed."""
        _check_source(source)
        return self._settled(self._act(ingest.void_rows, kind, rows, source, back=back), whole=whole, regrade=False, reach=reach)

    def _act(self, verb: Callable[..., Any], kind: str, rows: Iterable[Any], source: str, **options: Any) -> Callable[[], Any]:
        each = iter(rows)
        first = next(each, None)
        numbered = chain([] if first is None else [first], each)
        if first is not None and not isinstance(first, tuple):
            numbered = enumerate(numbered, 1)  # type: ignore[assignment]
        return lambda: verb(self.store, kind, numbered, source=source, **self.engine.acting, **options)

    def _settled(self, act: Callable[[], Any], *, whole: bool, regrade: bool, reach: Reach | None) -> Taken:
        with self.store.together() as transaction:
            report = act()
            errors = self._errors(report.batch, reach) if report.rejected_rows else []
            kept = not (whole and report.rejected_rows)
            if not kept:
                transaction.undo()
            regraded: list[int] = []
            if kept and regrade and report.batch is not None:
                regraded = self._touched(report.batch, reach)
        self.engine.__dict__.pop("catalogue", None)
        changes = self._changes(regraded) if regrade else None
        return Taken(
            kept,
            report.batch if kept else None,
            report.rows,
            report.accepted if kept else 0,
            report.created if kept else 0,
            report.updated if kept else 0,
            report.unchanged if kept else 0,
            report.ignored_rows if kept else 0,
            report.rejected_rows,
            errors,
            changes,
            len(regraded) if regrade else None,
        )

    def _errors(self, batch: int | None, reach: Reach | None = None) -> list[RowError]:
        """The first of the wrong rows; hints at customers only for those who see every customer."""
        r = rejected_row.c
        query = select(r.line, r.field, r.reason, r.found, r.expected).where(r.batch_id == batch).order_by(r.line, r.id).limit(MOST_ERRORS)
        with self.store.read() as connection:
            found = [RowError(*row) for row in connection.execute(query)]
        if reach is None or reach.everybody:
            return found
        return [replace(each, expected=each.expected.partition("; did you mean")[0]) for each in found]

    def _touched(self, batch: int, reach: Reach | None) -> list[int]:
        with self.store.read() as connection:
            seq = connection.scalar(select(import_batch.c.fact_seq).where(import_batch.c.id == batch))
            query = select(customer.c.id).where(
                customer.c.fact_seq == seq, customer.c.merged_into.is_(None), customer.c.voided_at.is_(None)
            )
            if reach is not None and not reach.everybody:
                query = query.where(reach.clause())
            found = list(connection.scalars(query.order_by(customer.c.id).limit(MOST_REGRADED + 1)))
        if len(found) > MOST_REGRADED:
            raise FactError(f"these rows touch more than {MOST_REGRADED:,} customers; start a run instead of re-grading them one by one")
        return found

    def _changes(self, customers: Sequence[int]) -> list[dict[str, Any]]:
        if not customers:
            return []
        evaluator = self.engine._evaluator
        as_of = max(evaluator.record.as_of, as_moment(None, self.engine.zone))
        evaluations = evaluator.of_customers(customers, as_of)
        with self.store.read() as connection:
            former = {m.key: m for key in customers for m in members.page(connection, after=key - 1, limit=1) if m.key == key}
            names = dict(connection.execute(select(customer.c.id, customer.c.external_id).where(customer.c.id.in_(customers))).all())
            outputs = members.open_outputs(connection)
        found = []
        for evaluation in evaluations:
            assert evaluation.customer_id is not None
            was = former[evaluation.customer_id].values if evaluation.customer_id in former else {}
            for address in outputs:
                if address in evaluation.values and evaluation.values[address] != was.get(address):
                    change = {"output": address, "was": was.get(address), "now": evaluation.values[address]}
                    found.append({"customer": names[evaluation.customer_id], **change})
        return found

    def suppose(self, customer_id: str, kind: str, rows: Sequence[Mapping[str, Any]], *, as_of: Moment = None) -> Evaluation:
        """Evaluate a customer as if some more facts (orders, lines) were known; nothing is stored.

        rows: without customer; an order id and the moment (now) are filled in where they are missing. as_of: default now.
        """
        if kind not in ("orders", "lines"):
            raise FactError(f"facts of the kind {kind!r} cannot be supposed; expected orders or lines")
        at = as_moment(as_of, self.engine.zone)
        key = self.engine.customer_id(customer_id)
        basket = f"supposed-{uuid.uuid4().hex}"
        with self.store.together() as transaction:
            known = self._alias(key)
            full = [
                {
                    "order": basket if kind == "lines" else f"{basket}-{n}",
                    "ordered_at": self.engine.written(at),
                    **row,
                    "customer": known[1],
                }
                for n, row in enumerate(rows)
            ]
            report = ingest.import_rows(self.store, kind, full, source=known[0], actor=self.engine.settings.actor)
            errors = self._errors(report.batch) if report.rejected_rows else []
            found = [] if errors else self.engine._evaluator.of_customers([key], at)
            transaction.undo()
        if errors:
            first = errors[0]
            raise FactError(f"row {first.row}, {first.field}: {first.reason}; found {first.found!r}, expected {first.expected}")
        return found[0]

    def _alias(self, key: int) -> tuple[str, str]:
        with self.store.read() as connection:
            query = select(source.c.name, alias.c.external_id).join(source, source.c.id == alias.c.source_id)
            row = connection.execute(query.where(alias.c.customer_id == key).order_by(alias.c.id).limit(1)).one()
        return str(row[0]), str(row[1])

    def find(self, external_id: str, *, source: str | None = None, reach: Reach | None = None) -> int:
        """The internal key of a customer by any of its ids; one out of reach is as unknown as one who is not there."""
        with self.store.read() as connection:
            key = resolve_in(connection, external_id, source)
            if reach is not None and not reach.holds(connection, key):
                raise UnknownCustomer(f"there is no customer {external_id!r}")
            return key

    def profile(self, external_id: str, *, source: str | None = None, personal: bool = False, reach: Reach | None = None) -> dict[str, Any]:
        """What is stored of a customer, and its current assignments."""
        key = self.find(external_id, source=source, reach=reach)
        with self.store.read() as connection:
            found = profile(connection, key, personal=personal)
            held = members.page(connection, after=key - 1, limit=1)
            values = dict(held[0].values) if held and held[0].key == key else {}
        return {**found, "assignments": values}

    def members(
        self, *, labels: Sequence[tuple[str, str]] = (), after: int = 0, limit: int = 100, reach: Reach | None = None
    ) -> list[members.Member]:
        """A page of customers with their current assignments. labels: (output, label) that each holds."""
        with self.store.read() as connection:
            return members.page(connection, labels=labels, after=after, limit=limit, reach=reach)

    def rejected(self, batch: int, *, after: int = 0, limit: int = 100) -> list[tuple[int, dict[str, Any]]]:
        """A page of the rows that an import refused. Raises `FactError` when there is no such batch."""
        from engine.store.exports import rejected_page

        with self.store.read() as connection:
            if connection.scalar(select(import_batch.c.id).where(import_batch.c.id == batch)) is None:
                raise FactError(f"there is no import batch {batch}")
            return rejected_page(connection, batch, after=after, limit=limit, sight=self.engine.sight)

    def batches(self) -> list[dict[str, Any]]:
        """Every import, the newest first."""
        from engine.store.exports import batch_rows

        with self.store.read() as connection:
            return batch_rows(connection)

    def write(self, what: str, stream: BinaryIO, options: Mapping[str, Any]) -> tuple[int, str, str]:
        """Write a table ("assignments", "changes") to a stream; its rows, the feed's cursor of that moment, a file name.

        options: format, and policy, value, run as the table takes them.
        """
        from engine.export import write_table
        from engine.store import exports, feed, outcomes

        with self.store.read() as connection:
            record = outcomes.live_run(connection) if options.get("run") is None else outcomes.record(connection, options["run"])
            if record is None:
                raise RunError("nothing has run yet; start a run first")
            cursor = f"{feed.head(connection)}-0"
            zone = self.engine.zone
            if what == "assignments":
                table = exports.assignments(connection, record, zone, policy=options.get("policy"), value=options.get("value"))
            else:
                table = exports.changes(connection, record, zone)
            rows = write_table(table, options["format"], stream)
        return rows, cursor, f"{what}-run-{record.id}.{options['format']}"

    def last_batch(self) -> int | None:
        """The newest import batch."""
        with self.store.read() as connection:
            return connection.scalar(select(import_batch.c.id).order_by(import_batch.c.id.desc()).limit(1))


def not_there(kind: str, error: RowError) -> bool:
    """Whether a row was refused because the fact that it names is not stored."""
    return error.field == IDS[kind][-1] and error.reason == f"unknown {SINGULAR[kind]}"


def _check_source(name: str) -> None:
    if not 1 <= len(name) <= 100 or not name.isprintable() or name != name.strip():
        raise FactError(f"source: found {name[:40]!r}; expected a name of 1 to 100 printable characters")
