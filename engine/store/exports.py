"""The tables that can be taken out of a store: assignments, changes, customers, rejected rows.

Each is read in batches from one open, consistent view; nothing grows with the number of customers but a run's block.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import Connection, func, select

from engine.columns import Array
from engine.errors import RunError, did_you_mean
from engine.exporting.table import BATCH, Batch, Field, Table
from engine.moments import written
from engine.run_report import declared_output
from engine.store import outcomes
from engine.store.blocks import NONE, Block, restored
from engine.store.models import change, customer, import_batch, output, rejected_row, source
from engine.store.outcomes import RunRecord
from engine.store.reach import ALL, Reach
from engine.store.sight import EVERYTHING, MASK, Sight
from engine.values import plain

ASSIGNMENT_FIELDS = (*(Field(name) for name in ("customer", "policy", "output")), Field("value", "any"), Field("since"))
CHANGE_FIELDS = (
    *(Field(name) for name in ("customer", "policy", "output", "was", "now")),
    Field("run", "integer"),
    Field("as_of"),
    Field("reason"),
)
REJECTED_FIELDS = (Field("file"), Field("line", "integer"), *(Field(name) for name in ("column", "reason", "found", "expected", "row")))
_FOUND, _ROW = (REJECTED_FIELDS.index(Field(name)) for name in ("found", "row"))


def assignments(
    connection: Connection,
    record: RunRecord,
    zone: ZoneInfo,
    *,
    policy: str | None = None,
    value: str | None = None,
    all_outputs: bool = False,
    reach: Reach = ALL,
) -> Table:
    """One row per customer and label or flag output that has a value, by customer; all_outputs: scores, amounts, dates and sets too.

    value: only rows with this label. `since` is the as_of of the run in which the value began.
    """
    addresses = _addresses(record, policy, all_outputs)
    fields = _without_mixed(ASSIGNMENT_FIELDS) if not all_outputs else ASSIGNMENT_FIELDS
    return Table("assignments", fields, _assignments(connection, record, zone, addresses, value, reach))


def _without_mixed(fields: Sequence[Field]) -> tuple[Field, ...]:
    return tuple(Field(field.name) if field.kind == "any" else field for field in fields)


def _addresses(record: RunRecord, policy: str | None, all_outputs: bool) -> list[str]:
    declared: Mapping[str, Any] = record.report["declared"]
    policies = {address.partition(".")[0] for address in declared}
    if policy is not None and policy not in policies:
        hint = did_you_mean(policy, policies) or f"policies are {', '.join(sorted(policies))}"
        raise RunError(f"run {record.id} has no policy {policy!r}; {hint}")
    return [
        address
        for address, kept in declared.items()
        if policy in (None, address.partition(".")[0]) and (all_outputs or (kept["kind"] in ("label", "flag") and kept["history"]))
    ]


def _assignments(
    connection: Connection, record: RunRecord, zone: ZoneInfo, addresses: Sequence[str], value: str | None, reach: Reach
) -> Iterator[Batch]:
    block = outcomes.load_block(connection, record.id)
    addresses = [address for address in addresses if address in block.values]
    since = {number: written(moment, zone) for number, moment in outcomes.moments_of_runs(connection).items()}
    decoders = [_Decoder(connection, record, block, address, since) for address in addresses]
    names = np.array([address.split(".") for address in addresses], dtype=object).reshape(-1, 2)
    seen = None if reach.everybody else reach.flags(connection, block.customer_id)
    for start in range(0, len(block.customer_id), BATCH):
        rows = slice(start, start + BATCH)
        ids = external_ids(connection, block.customer_id[rows], live=record.status == "visible")
        cells = np.empty((len(ids), len(addresses)), dtype=object)
        moments = np.empty((len(ids), len(addresses)), dtype=object)
        for column, decoder in enumerate(decoders):
            cells[:, column], moments[:, column] = decoder.values(rows), decoder.since(rows)
        wanted = (cells != None) & (ids != None)[:, None]  # noqa: E711  # element by element
        if seen is not None:
            wanted &= seen[rows][:, None]
        if value is not None:
            wanted &= cells == value
        at, which = np.nonzero(wanted)
        if len(at):
            yield [column.tolist() for column in (ids[at], names[which, 0], names[which, 1], cells[at, which], moments[at, which])]


class _Decoder:
    """One output of a block, decoded slice by slice."""

    def __init__(self, connection: Connection, record: RunRecord, block: Block, address: str, moments: Mapping[int, str]) -> None:
        kind = record.report["types"][address]
        ids = outcomes.all_labels(connection).get((address, kind), {})
        self.output = declared_output(address, record.report)
        self.keys = {number: key for key, number in ids.items()}
        self.array = block.values[address]
        self.runs = block.since.get(address)
        self.moments = moments

    def values(self, rows: slice) -> Array:
        """The values as objects: label keys, "true" and "false" for flags, numbers, ISO dates, sets as "a, b"; None for none."""
        column = restored(self.array[rows], self.output, self.keys)
        found: list[Any] = plain(column, self.output)
        if self.output.kind == "flag":
            found = [None if one is None else str(one).lower() for one in found]
        if self.output.kind == "set":
            found = [", ".join(keys) or None for keys in found]
        return _objects(found)

    def since(self, rows: slice) -> Array:
        """When each value began; None for outputs without history."""
        if self.runs is None:
            return np.full(len(self.array[rows]), None, dtype=object)
        return _objects([self.moments.get(number) for number in self.runs[rows].tolist()])


def _objects(values: Sequence[Any]) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def external_ids(connection: Connection, customers: Array, *, live: bool = False) -> Array:
    """The external ids of customers (ascending internal keys), as objects.

    live: None for those who were merged or voided since: they hold no current assignment.
    """
    if not len(customers):
        return np.empty(0, dtype=object)
    query = select(customer.c.id, customer.c.external_id).where(customer.c.id.between(int(customers[0]), int(customers[-1])))
    if live:
        query = query.where(customer.c.merged_into.is_(None), customer.c.voided_at.is_(None))
    known = dict(connection.execute(query).all())
    return _objects([known.get(number) for number in customers.tolist()])


def changes(connection: Connection, record: RunRecord, zone: ZoneInfo, *, reach: Reach = ALL) -> Table:
    """One row per assignment that moved in a run, by customer; `reason` says why there is no value now."""
    return Table("changes", CHANGE_FIELDS, _changes(connection, record, zone, reach))


def _changes(connection: Connection, record: RunRecord, zone: ZoneInfo, reach: Reach) -> Iterator[Batch]:
    keys = {number: key for found in outcomes.all_labels(connection).values() for key, number in found.items()}
    flags = {0: "false", 1: "true"}
    reasons = [words[-1] for words in record.report["reasons"]]
    as_of = written(record.as_of, zone)
    query = (
        select(customer.c.external_id, output.c.address, output.c.kind, change.c.was, change.c.now, change.c.reason)
        .join(customer, customer.c.id == change.c.customer_id)
        .join(output, output.c.id == change.c.output_id)
        .where(change.c.run_id == record.id, reach.clause())
        .order_by(change.c.customer_id, change.c.output_id)
    )
    for part in connection.execute(query.execution_options(stream_results=True)).partitions(BATCH):
        ids, addresses, kinds, was, now, why = zip(*part, strict=True)
        policies, outputs = zip(*(address.split(".") for address in addresses), strict=True)
        known = [flags if kind == "flag" else keys for kind in kinds]
        yield [
            ids,
            policies,
            outputs,
            [table.get(number) for table, number in zip(known, was, strict=True)],
            [table.get(number) for table, number in zip(known, now, strict=True)],
            [record.id] * len(part),
            [as_of] * len(part),
            [reasons[number] if number is not None and number != NONE else None for number in why],
        ]


def rejected(connection: Connection, batch: int | None = None, *, sight: Sight = EVERYTHING) -> Table:
    """Every rejected row that is kept (or those of one import batch), in the order of the files.

    Whose rows they are nobody knows, so what they hold is masked for those who may not see personal data of all customers.
    """
    return Table("rejected", REJECTED_FIELDS, _rejected(connection, batch, sight))


def _rejected(connection: Connection, batch: int | None, sight: Sight) -> Iterator[Batch]:
    r = rejected_row.c
    query = (
        select(import_batch.c.file, r.line, r.field, r.reason, r.found, r.expected, r.row)
        .join(import_batch, import_batch.c.id == r.batch_id)
        .order_by(r.batch_id, r.line, r.id)
    )
    if batch is not None:
        query = query.where(r.batch_id == batch)
    for part in connection.execute(query.execution_options(stream_results=True)).partitions(BATCH):
        columns = [list(cells) for cells in zip(*part, strict=True)]
        if not sight.everything:
            columns[_FOUND] = [MASK] * len(part)
            columns[_ROW] = [_masked_row(text) for text in columns[_ROW]]
        yield columns


def rejected_page(connection: Connection, batch: int, *, after: int, limit: int, sight: Sight) -> list[tuple[int, dict[str, Any]]]:
    """Some rejected rows of an import, each with the number after which the next page begins; masked like `rejected`."""
    r = rejected_row.c
    query = select(r.id, r.line, r.field, r.reason, r.found, r.expected, r.row).where(r.batch_id == batch, r.id > after)
    found = []
    for key, line, field, reason, cell, expected, row in connection.execute(query.order_by(r.id).limit(limit)):
        shown = (cell, row) if sight.everything else (MASK, _masked_row(row))
        told = {"line": line, "column": field, "reason": reason, "found": shown[0], "expected": expected, "row": shown[1]}
        found.append((int(key), told))
    return found


def _masked_row(text: str) -> str:
    """A row as JSON with its columns, and nothing of what stood in them."""
    try:
        row = json.loads(text)
    except ValueError:
        return MASK
    return json.dumps(dict.fromkeys(row, MASK), ensure_ascii=False) if isinstance(row, dict) else MASK


def flows(connection: Connection, record: RunRecord) -> list[dict[str, Any]]:
    """How many customers of a run went from which value to which, by output, the largest flow first."""
    keys = {number: key for found in outcomes.all_labels(connection).values() for key, number in found.items()}
    flags = {0: "false", 1: "true"}
    columns = (output.c.address, output.c.kind, change.c.was, change.c.now)
    query = select(*columns, func.count().label("customers")).join(output, output.c.id == change.c.output_id)
    rows = connection.execute(query.where(change.c.run_id == record.id).group_by(*columns)).all()
    found = []
    for row in rows:
        known = flags if row.kind == "flag" else keys
        found.append({"output": row.address, "was": known.get(row.was), "now": known.get(row.now), "customers": row.customers})
    return sorted(found, key=lambda flow: (flow["output"], -flow["customers"], flow["was"] or "", flow["now"] or ""))


def batch_rows(connection: Connection, limit: int | None = None) -> list[dict[str, Any]]:
    """Every import (or the newest of them), the newest first, as plain objects."""
    b = import_batch.c
    query = select(import_batch, source.c.name.label("source")).join(source, source.c.id == b.source_id).order_by(b.id.desc()).limit(limit)
    names = ("file", "kind", "source", "mapping", "actor", "rows", "created", "updated", "unchanged", "rejected", "ignored")
    return [
        {"batch": row.id, **{name: getattr(row, name) for name in names}, "undone": row.undone_at is not None}
        for row in connection.execute(query)
    ]
