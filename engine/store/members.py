"""Pages of current assignments and of those who hold a label, by keyset: as fast in the middle as at the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from engine.errors import RunError, did_you_mean
from engine.store import outcomes
from engine.store.models import current, customer, output, slot_name
from engine.store.reach import Reach


@dataclass(frozen=True, slots=True)
class Member:
    """A customer with its current values by output address."""

    key: int
    customer: str
    name: str | None
    values: Mapping[str, Any]


def open_outputs(connection: Connection) -> Mapping[str, tuple[int, str, str]]:
    """Slot, kind and policy type of every output that has current assignments, by address."""
    rows = connection.execute(select(output).where(output.c.closed_run.is_(None)).order_by(output.c.address))
    return {row.address: (row.slot, row.kind, row.policy_type) for row in rows}


def page(
    connection: Connection, *, labels: Sequence[tuple[str, str]] = (), after: int = 0, limit: int = 100, reach: Reach | None = None
) -> list[Member]:
    """Customers by ascending internal key, from beyond `after`. labels: (address, label) that each must hold."""
    outputs = open_outputs(connection)
    known = outcomes.all_labels(connection)
    columns = {address: current.c[slot_name(slot)].label(f"s{slot}") for address, (slot, _, _) in outputs.items()}
    query = select(customer.c.id, customer.c.external_id, customer.c.name, *columns.values())
    query = query.join(current, current.c.customer_id == customer.c.id)
    query = query.where(customer.c.id > after, customer.c.merged_into.is_(None), customer.c.voided_at.is_(None))
    if reach is not None and not reach.everybody:
        query = query.where(reach.clause())
    for address, key in labels:
        query = query.where(current.c[slot_name(_output(outputs, address)[0])] == _label(outputs, known, address, key))
    rows = connection.execute(query.order_by(customer.c.id).limit(limit)).all()
    keys = {address: _keys(known, address, kind, type_) for address, (_, kind, type_) in outputs.items()}
    names = [(address, f"s{slot}") for address, (slot, _, _) in outputs.items()]
    return [
        Member(row.id, row.external_id, row.name, {address: keys[address].get(getattr(row, column)) for address, column in names})
        for row in rows
    ]


def _output(outputs: Mapping[str, tuple[int, str, str]], address: str) -> tuple[int, str, str]:
    if address not in outputs:
        hint = did_you_mean(address, outputs) or f"outputs are {', '.join(outputs) or 'none yet'}"
        raise RunError(f"no output {address!r} has current assignments; {hint}")
    return outputs[address]


def _label(outputs: Mapping[str, tuple[int, str, str]], known: Any, address: str, key: str) -> int:
    _, kind, type_ = outputs[address]
    ids = {"false": 0, "true": 1} if kind == "flag" else known.get((address, type_), {})
    if key not in ids:
        hint = did_you_mean(key, ids) or f"labels are {', '.join(ids)}"
        raise RunError(f"output {address} has no label {key!r}; {hint}")
    return int(ids[key])


def _keys(known: Any, address: str, kind: str, type_: str) -> Mapping[Any, Any]:
    if kind == "flag":
        return {0: False, 1: True}
    return {number: key for key, number in known.get((address, type_), {}).items()}
