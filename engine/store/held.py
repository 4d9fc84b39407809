"""Labels that customers held at past moments, from what runs left: `labels_held`.

The run in force at a moment is the newest visible one of then or before; before the first one it is the newest look back. So a
sale that comes late meets the level of its own day, and a company that begins with old sales gives them levels by looking back.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import BigInteger, Connection, column, select, table

from engine.columns import Array
from engine.errors import RunError
from engine.store.blocks import some_columns
from engine.store.ingest.tables import Tables
from engine.store.models import block, current, output, run, slot_name

NONE = -1
"""No label: nobody graded the customer, or no run was in force yet."""


def labels_held(connection: Connection, address: str, customers: Array, moments: Array) -> Array:
    """The label number of an output that each customer held at the moment beside it; `NONE` without one.

    customers: internal keys, as often as wanted. moments: UTC epoch seconds. Raises `RunError` where the columns of a run are gone.
    """
    found = np.full(len(customers), NONE, np.int64)
    for which, runs in enumerate(_runs(connection)):
        starts = np.array(sorted(runs), np.int64)
        first = int(starts[0]) if len(starts) else np.iinfo(np.int64).max
        if which == 0:
            early = moments < first
            rows = np.flatnonzero(~early)
            live = runs[int(starts[-1])] if len(starts) else None
        else:
            rows, live = np.flatnonzero(early & (moments >= first)), None
        at = np.searchsorted(starts, moments[rows], side="right") - 1
        for place in np.unique(at).tolist():
            number, chosen = runs[int(starts[place])], rows[at == place]
            labels = _now if number == live else _then
            found[chosen] = labels(connection, address, number, customers[chosen])
    return found


def _runs(connection: Connection) -> tuple[Mapping[int, int], Mapping[int, int]]:
    """The number of the run that begins to be in force at each moment: of visible runs, and of looks back (of two the newer)."""
    rows = connection.execute(
        select(run.c.as_of, run.c.id, run.c.status).where(run.c.status.in_(("visible", "historical"))).order_by(run.c.id)
    )
    found: dict[str, dict[int, int]] = {"visible": {}, "historical": {}}
    for row in rows:
        found[row.status][row.as_of] = row.id
    return found["visible"], found["historical"]


def _now(connection: Connection, address: str, number: int, customers: Array) -> Array:
    """By the current assignments, which are those of the newest visible run."""
    slot = connection.scalar(select(output.c.slot).where(output.c.address == address, output.c.closed_run.is_(None)))
    if slot is None:
        return np.full(len(customers), NONE, np.int64)
    chosen = table(Tables(connection).ids_table(np.unique(customers), "held_now"), column("id", BigInteger))
    cell = current.c[slot_name(slot)]
    rows = connection.execute(
        select(current.c.customer_id, cell).join(chosen, chosen.c.id == current.c.customer_id).where(cell.is_not(None))
    )
    known: dict[int, int] = dict(rows.all())
    return np.array([known.get(key, NONE) for key in customers.tolist()], np.int64)


def _then(connection: Connection, address: str, number: int, customers: Array) -> Array:
    """By the block of a run."""
    data = connection.scalar(select(block.c.data).where(block.c.run_id == number, block.c.kind == "outcome"))
    if data is None:
        raise RunError(f"the columns of run {number} are no longer kept")
    columns = some_columns(data, ("customer_id", address))
    if address not in columns or not len(columns["customer_id"]):
        return np.full(len(customers), NONE, np.int64)
    keys = columns["customer_id"].astype(np.int64)
    at = np.searchsorted(keys, customers).clip(max=len(keys) - 1)
    found: Array = np.where(keys[at] == customers, columns[address][at].astype(np.int64), NONE)
    return found
