"""Try a policy on stored customers without storing anything: how it distributes them, and against the live outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columns import Array, Codes, Column
from engine.errors import PluginError, RulebookError, RunError
from engine.plan import Plan
from engine.rulebook import Rulebook
from engine.run import Facts, Outcome, compute
from engine.run_report import declared_output
from engine.store import outcomes
from engine.store.blocks import restored
from engine.store.features import read_features
from engine.store.outcomes import RunRecord
from engine.store.session import Store


@dataclass(frozen=True, slots=True)
class CrossTable:
    """How a tried output lies against a live one. counts[i][j]: customers with rows[i] and columns[j]; "" is no value."""

    output: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a policy gives for every stored customer, as of the live run.

    distribution: customers per label by address; "" is no value. withheld: reason to customers. state: what it learnt.
    """

    policy: str
    as_of: int
    customers: int
    distribution: dict[str, dict[str, int]]
    withheld: dict[str, int]
    state: dict[str, Any] | None
    seconds: float
    against: tuple[CrossTable, ...]


def try_policy(store: Store, rulebook: Rulebook, key: str, live: RunRecord) -> Trial:
    """Evaluate one policy, and what it needs, on the features of the live run's moment.

    rulebook: the live one with the policy added under `key`. Raises `PluginError` when the policy fails.
    """
    chain = rulebook.plan.chain(key)
    if chain.previous:
        raise RunError(f"{key} reads {', '.join(chain.previous)}: what was before can only be seen by a run")
    with_live = _read(store, chain, rulebook, live)
    facts, block, labels = with_live
    outcome = compute(chain, facts)
    policy = outcome.policies[key]
    if not policy.sound:
        raise PluginError(f"{key} failed: {policy.fault or 'it needs ' + policy.stale_because + ', which failed'}")
    outputs = [output for output in policy.step.outputs if output.kind in ("label", "flag")]
    tried = {f"{key}.{output.name}": _codes(policy.columns[output.name]) for output in outputs}
    against = []
    main = next(iter(tried), None)
    rows, there = block.rows_of(np.sort(facts.customer_id))
    order = np.argsort(facts.customer_id, kind="stable")
    for address, kept in live.report["declared"].items():
        if main is None or kept["kind"] not in ("label", "flag") or not kept["history"] or address not in block.values:
            continue
        output = declared_output(address, live.report)
        ids = {number: name for name, number in labels.get((address, live.report["types"][address]), {}).items()}
        codes, names = _codes(restored(block.values[address], output, ids))
        now = np.full(facts.rows, -1, dtype=np.int64)
        now[order] = np.where(there, codes[rows], -1)
        against.append(_cross(address, tried[main], (now, names)))
    return Trial(
        policy=key,
        as_of=live.as_of,
        customers=facts.rows,
        distribution={address: _distribution(codes, names) for address, (codes, names) in tried.items()},
        withheld=_withheld(outcome, key),
        state=dict(policy.state) if policy.state else None,
        seconds=policy.fit_seconds + policy.apply_seconds,
        against=tuple(against),
    )


def _read(store: Store, chain: Plan, rulebook: Rulebook, live: RunRecord) -> tuple[Facts, Any, Any]:
    table, (block, labels) = read_features(
        store,
        list(chain.features),
        live.as_of,
        catalogue=rulebook.catalogue,
        also=lambda connection: (outcomes.load_block(connection, live.id), outcomes.all_labels(connection)),
    )
    return Facts(table.customer_id, table.key_hash, table.columns, table.not_graded), block, labels


def _codes(column: Column) -> tuple[Array, tuple[str, ...]]:
    """Codes and what they stand for; flags have two."""
    if isinstance(column, Codes):
        return column.codes.astype(np.int64), column.values
    return column.astype(np.int64), ("false", "true")


def _distribution(codes: Array, names: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(codes + 1, minlength=len(names) + 1)
    found = {name: int(count) for name, count in zip(names, counts[1:], strict=True)}
    return {**found, "": int(counts[0])} if counts[0] else found


def _withheld(outcome: Outcome, key: str) -> dict[str, int]:
    reason = outcome.policies[key].reason
    assert reason is not None
    counts = np.bincount(reason.astype(np.int64) + 1, minlength=len(outcome.reasons) + 1)[1:]
    return {str(outcome.reasons[at]): int(counts[at]) for at in np.flatnonzero(counts)}


def _cross(address: str, tried: tuple[Array, tuple[str, ...]], live: tuple[Array, tuple[str, ...]]) -> CrossTable:
    (rows, row_names), (columns, column_names) = tried, live
    width = len(column_names) + 1
    flat = np.bincount((rows + 1) * width + columns + 1, minlength=(len(row_names) + 1) * width).reshape(-1, width)
    some_rows = [at for at in [*range(1, len(row_names) + 1), 0] if flat[at].any()]
    some_columns = [at for at in [*range(1, width), 0] if flat[:, at].any()]
    names = ("", *row_names), ("", *column_names)
    counts = tuple(tuple(int(flat[row, column]) for column in some_columns) for row in some_rows)
    return CrossTable(address, tuple(names[0][row] for row in some_rows), tuple(names[1][column] for column in some_columns), counts)


def with_policy(document: dict[str, Any], policy_type: str, params: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A rulebook document with one more policy, and the free key it got. Raises `RulebookError` for a document without policies."""
    taken = {entry["key"] for entry in document.get("policies", [])}
    if not taken:
        raise RulebookError("the live rulebook has no policies")
    key = next(name for name in (policy_type, *(f"{policy_type}_{number}" for number in range(2, 1000))) if name not in taken)
    return {**document, "policies": [*document["policies"], {"key": key, "type": policy_type, "params": params}]}, key
