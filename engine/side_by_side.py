"""Lay several outcomes over the same customers side by side: who gets what under each, and who differs. No database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.columns import Array, Codes
from engine.policy import Label, Output
from engine.run import Outcome
from engine.simulate import FLAG_KEYS, NO_VALUE


@dataclass(frozen=True, eq=False)
class Row:
    """One label or flag output under every candidate.

    keys: the labels of all candidates in the order of the first that has them, then `NO_VALUE`. customers, amounts: a
    line per candidate, a column per key; a candidate without the output has zeros. differ: how many customers two
    candidates give different labels, a line and a column per candidate.
    """

    address: str
    kind: str
    keys: tuple[str, ...]
    customers: Array
    amounts: Array
    differ: Array
    has: tuple[bool, ...]
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, eq=False)
class SideBySide:
    """Several rulebooks over all customers at one moment. The first is the live one.

    differ, differ_amount: customers (and their revenue, minor units) that two candidates give another label in any
    output that both have. hits: per policy and candidate, customers per rule. faults: per candidate, by policy.
    """

    names: tuple[str, ...]
    customers: int
    amount: int
    rows: Mapping[str, Row]
    differ: Array
    differ_amount: Array
    hits: Mapping[str, Mapping[str, Mapping[int, int]]]
    faults: Mapping[str, Mapping[str, str]]
    as_of: int = 0

    @property
    def moved(self) -> dict[str, int]:
        """How many customers each candidate moves against the first."""
        return dict(zip(self.names[1:], self.differ[0, 1:].tolist(), strict=True))

    def as_dict(self) -> dict[str, Any]:
        """Every figure as plain objects."""
        return {
            "as_of": self.as_of,
            "names": list(self.names),
            "customers": self.customers,
            "amount": self.amount,
            "outputs": {
                address: {
                    "keys": list(row.keys),
                    "customers": dict(zip(self.names, row.customers.tolist(), strict=True)),
                    "amounts": dict(zip(self.names, row.amounts.tolist(), strict=True)),
                    "differ": row.differ.tolist(),
                }
                for address, row in self.rows.items()
            },
            "differ": self.differ.tolist(),
            "differ_amount": self.differ_amount.tolist(),
            "hits": {
                policy: {name: {str(rule): n for rule, n in hits.items()} for name, hits in by_name.items()}
                for policy, by_name in self.hits.items()
            },
            "faults": {name: dict(faults) for name, faults in self.faults.items()},
        }


def side_by_side(outcomes: Mapping[str, Outcome], amount: Array) -> SideBySide:
    """Compare outcomes over the same rows. amount: revenue per customer, whole minor units."""
    names = tuple(outcomes)
    declared = [dict(outcome.outputs()) for outcome in outcomes.values()]
    addresses = dict.fromkeys(a for outputs in declared for a, output in outputs.items() if output.kind in ("label", "flag"))
    pairs = {(i, j): np.zeros(len(amount), dtype=bool) for i in range(len(names)) for j in range(i)}
    rows = {}
    for address in addresses:
        rows[address] = _row(address, list(outcomes.values()), [outputs.get(address) for outputs in declared], amount, pairs)
    differ, differ_amount = np.zeros((len(names), len(names)), dtype=np.int64), np.zeros((len(names), len(names)), dtype=np.int64)
    for (i, j), flags in pairs.items():
        differ[i, j] = differ[j, i] = int(flags.sum())
        differ_amount[i, j] = differ_amount[j, i] = int(amount[flags].sum())
    return SideBySide(
        names, len(amount), int(amount.sum()), rows, differ, differ_amount, _hits(outcomes), {n: _faults(o) for n, o in outcomes.items()}
    )


def _row(address: str, outcomes: list[Outcome], outputs: list[Output | None], amount: Array, pairs: Mapping[tuple[int, int], Array]) -> Row:
    known = [output for output in outputs if output is not None]
    keys = tuple(dict.fromkeys(key for output in known for key in (FLAG_KEYS if output.kind == "flag" else output.keys)))
    size = len(keys) + 1
    customers, amounts = (np.zeros((len(outcomes), size), dtype=np.int64) for _ in range(2))
    codes: list[Array | None] = []
    for at, (outcome, output) in enumerate(zip(outcomes, outputs, strict=True)):
        if output is None:
            codes.append(None)
            continue
        column = outcome.column(address)
        own, values = (column.codes, column.values) if isinstance(column, Codes) else (column, FLAG_KEYS)
        table = np.array([*(keys.index(value) for value in values), len(keys)], dtype=np.int16)
        here = table[own.astype(np.int64)]
        codes.append(here)
        customers[at] = np.bincount(here, minlength=size)
        # whole numbers below 2^53: exact in any order
        amounts[at] = np.bincount(here, weights=amount, minlength=size).astype(np.int64)
    differ = np.zeros((len(outcomes), len(outcomes)), dtype=np.int64)
    for (i, j), flags in pairs.items():
        one, other = codes[i], codes[j]
        if one is not None and other is not None:
            unequal = one != other
            flags |= unequal
            differ[i, j] = differ[j, i] = int(unequal.sum())
    labels = {label.key: label for output in known for label in output.labels}
    return Row(
        address,
        known[0].kind,
        (*keys, NO_VALUE),
        customers,
        amounts,
        differ,
        tuple(output is not None for output in outputs),
        tuple(labels.values()),
    )


def _hits(outcomes: Mapping[str, Outcome]) -> dict[str, dict[str, dict[int, int]]]:
    found: dict[str, dict[str, dict[int, int]]] = {}
    for name, outcome in outcomes.items():
        for key, policy in outcome.policies.items():
            if policy.sound and policy.rule is not None:
                counts = np.bincount(policy.rule.astype(np.int32) + 1)[1:]
                found.setdefault(key, {})[name] = {rule: int(counts[rule]) for rule in np.flatnonzero(counts).tolist()}
    return found


def _faults(outcome: Outcome) -> dict[str, str]:
    return {
        key: policy.fault or f"needs {policy.stale_because}, which failed" for key, policy in outcome.policies.items() if not policy.sound
    }
