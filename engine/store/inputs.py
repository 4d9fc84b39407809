"""The inputs of a run as it read them, kept beside its outcomes, so that a past outcome is explained by past facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from engine.columns import Array, Codes, Column, Columns, freeze
from engine.store.blocks import read_arrow
from engine.store.models import block
from engine.store.outcomes import RunRecord


@dataclass(frozen=True, slots=True)
class Inputs:
    """Feature columns of a run by name, one row per customer, by ascending customer id."""

    customer_id: Array
    columns: Columns

    def row_of(self, customer_id: int) -> int | None:
        """The row of a customer; None for one who was not in the run."""
        at = int(np.searchsorted(self.customer_id, customer_id))
        return at if at < len(self.customer_id) and self.customer_id[at] == customer_id else None


def load_inputs(connection: Connection, record: RunRecord) -> Inputs | None:
    """The input columns of a run; None when retention has removed them."""
    data = connection.scalar(select(block.c.data).where(block.c.run_id == record.id, block.c.kind == "input"))
    if data is None:
        return None
    arrays = read_arrow(data)
    customers = np.asarray(arrays.pop("customer_id"), dtype=np.int64)
    texts: dict[str, Any] = record.report["features"]
    columns: dict[str, Column] = {}
    for name, array in arrays.items():
        values = texts.get(name)
        columns[name] = array if values is None else Codes(array, values, closed=False)
    return Inputs(customers, freeze(columns))
