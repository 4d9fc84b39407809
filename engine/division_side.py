"""One of the two runs of a division: its columns, states and declarations, as the store keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from sqlalchemy import Connection, select

from engine.columns import Codes
from engine.errors import RunError
from engine.former import Snapshot, snapshot_of
from engine.plan import Plan
from engine.policy import State
from engine.rulebook import Rulebook
from engine.simulate import FLAG_KEYS
from engine.store import outcomes
from engine.store.blocks import Block
from engine.store.inputs import Inputs, load_inputs
from engine.store.models import run_state
from engine.store.outcomes import RunRecord

States: TypeAlias = Mapping[str, State | None]


@dataclass(slots=True)
class Side:
    """One of the two runs with everything it was made of."""

    record: RunRecord
    rulebook: Rulebook
    block: Block
    inputs: Inputs
    states: States
    versions: Mapping[str, int]
    former: Snapshot

    @property
    def plan(self) -> Plan:
        """What the rulebook compiles to."""
        return self.rulebook.plan

    def not_graded(self) -> Codes | None:
        """Why customers were in no policy, as the run saw it: its reasons say so."""
        reasons = self.record.report["reasons"]
        graded: list[str | None] = [entry[3] if entry[1] == "not graded" else None for entry in reasons]
        words = sorted({word for word in graded if word is not None})
        if not words:
            return None
        table = np.array([words.index(word) if word is not None else -1 for word in graded] + [-1], dtype=np.int16)
        codes = np.full(len(self.block.customer_id), -1, dtype=np.int16)
        for reason in self.block.reason.values():
            codes = np.maximum(codes, table[reason.astype(np.int64)])
        return Codes(codes, words)

    def keys(self, address: str) -> tuple[str, ...]:
        """The declared keys of a label or flag."""
        declared = self.record.report["declared"][address]
        return FLAG_KEYS if declared["kind"] == "flag" else tuple(declared["keys"])

    @property
    def addresses(self) -> list[str]:
        """Labels and flags with history that have a column; fine codes without it move for nearly everyone."""
        kept = self.record.report["declared"]
        return [a for a, about in kept.items() if about["kind"] in ("label", "flag") and about["history"] and a in self.block.values]

    @property
    def unsound(self) -> dict[str, str]:
        """Policies that failed, or whose code has changed since, with what follows from them."""
        found = {key: f"{key} failed in run {self.record.id}" for key in (*self.record.report["faults"], *self.record.report["stale"])}
        for entry in self.rulebook.entries:
            made = self.versions.get(entry.key)
            if made is not None and made != entry.policy.version:
                found[entry.key] = f"{entry.key} has version {entry.policy.version}, run {self.record.id} was made by {made}"
        for key, why in list(found.items()):
            for other in self.plan.dependents.get(key, ()):
                found.setdefault(other, why)
        return found


def side_of(connection: Connection, record: RunRecord, rulebook: Rulebook) -> Side:
    """Everything of a run from the store. Raises `RunError` where retention has removed its inputs."""
    inputs = load_inputs(connection, record)
    if inputs is None:
        raise RunError(f"the inputs of run {record.id} are no longer kept, so its change cannot be divided; choose a later run")
    rows = connection.execute(select(run_state).where(run_state.c.run_id == record.id)).all()
    former = snapshot_of(connection, record)
    return Side(
        record,
        rulebook,
        outcomes.load_block(connection, record.id),
        inputs,
        {row.policy: json.loads(row.state) for row in rows},
        {row.policy: row.version for row in rows},
        former,
    )
