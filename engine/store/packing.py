"""Bring an outcome into the form that the store keeps: its block, ordered by customer id, and the block of its inputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.columns import Array, Codes
from engine.effective import NO_MOMENT, Beside
from engine.policy import Output
from engine.run import Facts, Outcome
from engine.store import outcomes
from engine.store.blocks import NONE, Block, stored, to_arrow
from engine.store.session import Store


def outcome_block(outcome: Outcome, order: Array, ids: Mapping[str, Mapping[str, int]], former: Block | None) -> Block:
    """The outcome in stored form, by customer id; outputs that a fault left stale keep what stood before."""
    new = Block(outcome.facts.customer_id[order])
    for key, policy in outcome.policies.items():
        if policy.sound:
            assert policy.reason is not None
            new.reason[key] = policy.reason[order]
            if policy.rule is not None:
                new.rule[key] = policy.rule[order]
        for output in policy.step.outputs:
            address = f"{key}.{output.name}"
            if policy.sound:
                new.values[address] = stored(policy.columns[output.name], output, ids.get(address, {}))[order]
                if output.name in policy.beside:
                    _beside(new, address, policy.beside[output.name], output, ids.get(address, {}), order)
            elif former is not None and address in former.values:
                rows, there = former.rows_of(new.customer_id)
                blank = (
                    -1 if output.kind in ("label", "flag") else 0 if output.kind == "set" else np.iinfo(former.values[address].dtype).min
                )
                new.values[address] = np.where(there, former.values[address][rows], blank)
                new.reason.setdefault(key, np.full(len(order), -1, dtype=np.int16))
                for part, kept in zip(new.beside, former.beside, strict=True):
                    if address in kept:
                        none = NO_MOMENT if part is new.computed_since else NONE
                        part[address] = np.where(there, kept[address][rows], none)
            if output.has_history and address in new.values:
                new.since[address] = np.zeros(len(order), dtype=np.int32)
    return new


def _beside(new: Block, address: str, beside: Beside, output: Output, ids: Mapping[str, int], order: Array) -> None:
    new.computed[address] = stored(beside.computed, output, ids)[order]
    if beside.standing is not None:
        new.standing[address] = stored(beside.standing, output, ids)[order]
    if beside.since is not None:
        new.computed_since[address] = beside.since[order]


def input_block(facts: Facts, order: Array) -> bytes:
    arrays: dict[str, Array] = {"customer_id": facts.customer_id[order]}
    for name, column in facts.columns.items():
        arrays[name] = (column.codes if isinstance(column, Codes) else column)[order]
    return to_arrow(arrays)


def label_ids(store: Store, outcome: Outcome, known: Mapping[tuple[str, str], Mapping[str, int]]) -> dict[str, dict[str, int]]:
    """Label ids by address. known: the ids as the run read them; only when a key is new is a transaction opened to add it."""
    wanted = {
        (address, outcome.policies[address.partition(".")[0]].step.entry.type): output.keys
        for address, output in outcome.outputs()
        if output.kind == "label"
    }
    if all(key in known.get(pair, {}) for pair, keys in wanted.items() for key in keys):
        return {address: dict(known.get((address, kind), {})) for address, kind in wanted}
    with store.write() as connection:
        return outcomes.label_ids(connection, wanted)
