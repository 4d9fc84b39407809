"""Compare two outcomes over the same facts: what a draft rulebook would change, for every customer. No database.

A migration matrix has one row per live label and one column per draft label; the last of each is "no value". Everything
else (counts, revenue, who rises) is read from it, so that all figures of a simulation agree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.columns import Array, Codes, Column, Flags
from engine.policy import Label, Output
from engine.run import Outcome, PolicyOutcome

if TYPE_CHECKING:
    from engine.examples import ExampleResult

NO_VALUE = ""
"""Stands where a customer has no label."""

FLAG_KEYS = ("false", "true")


@dataclass(frozen=True, eq=False)
class Migration:
    """How customers move in one label or flag output.

    before, after: the keys of the live and of the draft labels, best first, then `NO_VALUE`.
    customers, amounts: rows by `before`, columns by `after`; amounts in minor units of the business currency.
    live_labels, labels: the declared labels, for titles and colours; none for a flag.
    """

    address: str
    kind: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    customers: Array
    amounts: Array
    live_labels: tuple[Label, ...] = ()
    labels: tuple[Label, ...] = ()

    @cached_property
    def _differs(self) -> Flags:
        return np.array([[was != now for now in self.after] for was in self.before], dtype=bool)

    @property
    def moved(self) -> int:
        """How many customers have another label, a new one, or none any more."""
        return int(self.customers[self._differs].sum())

    @property
    def moved_amount(self) -> int:
        """The revenue of those who move, minor units."""
        return int(self.amounts[self._differs].sum())

    @property
    def up(self) -> int:
        """How many rise, by the order of the labels in the draft; a flag has no order."""
        return self._along(1)

    @property
    def down(self) -> int:
        """How many fall, by the order of the labels in the draft."""
        return self._along(-1)

    def _along(self, direction: int) -> int:
        if self.kind == "flag":
            return 0
        place = {key: at for at, key in enumerate(self.after[:-1])}
        rows = [place.get(key) for key in self.before]
        return sum(
            int(count)
            for was, line in zip(rows, self.customers.tolist(), strict=True)
            for now, count in enumerate(line[:-1])
            if was is not None and (was - now) * direction > 0
        )

    @property
    def gained(self) -> int:
        """How many have a label that had none: withheld by the live rulebook, graded by the draft."""
        return int(self.customers[-1, :-1].sum())

    @property
    def withheld(self) -> int:
        """How many lose their label and get none."""
        return int(self.customers[:-1, -1].sum())

    @property
    def counts_before(self) -> dict[str, int]:
        """Customers per label by the live rulebook; `NO_VALUE` holds those without one."""
        return _margin(self.before, self.customers.sum(axis=1))

    @property
    def counts_after(self) -> dict[str, int]:
        """Customers per label by the draft."""
        return _margin(self.after, self.customers.sum(axis=0))

    @property
    def amounts_before(self) -> dict[str, int]:
        """Revenue per label by the live rulebook, minor units."""
        return _margin(self.before, self.amounts.sum(axis=1))

    @property
    def amounts_after(self) -> dict[str, int]:
        """Revenue per label by the draft, minor units."""
        return _margin(self.after, self.amounts.sum(axis=0))

    def flows(self) -> list[tuple[str, str, int, int]]:
        """What moves: (was, now, customers, amount), the largest first."""
        found = [
            (self.before[i], self.after[j], int(self.customers[i, j]), int(self.amounts[i, j]))
            for i, j in np.argwhere(self._differs & (self.customers > 0)).tolist()
        ]
        return sorted(found, key=lambda flow: (-flow[2], flow[0], flow[1]))


@dataclass(frozen=True, slots=True)
class Mover:
    """A customer that moves. moves: (address, was, now) per output. amount: its revenue, minor units."""

    customer_id: int
    amount: int
    moves: tuple[tuple[str, str, str], ...]
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many customers the draft gives each label of an output (a flag's "true" and "false"), and any value at all."""

    customers: Mapping[str, int]
    valued: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two outcomes over the same facts, output by output.

    migrations: of every label and flag that both have. new, removed: outputs that only the draft, only the live
        rulebook has. scores: how many customers have another value of a score, amount, date or set.
    faults: by policy, what failed in the draft or what it takes along; live_faults: the same of the live rulebook.
    hits: by policy, (rule, live customers, draft customers). withheld: by policy and reason, (live, draft) customers.
    movers: those who move, the largest revenue first. moved, moved_amount: who moves in any output that has a history, each
        counted once.
    sizes: of every label, flag and set output of the draft. examples: what became of the draft's example customers.
    """

    rows: int
    amount: int
    migrations: Mapping[str, Migration]
    new: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    scores: Mapping[str, int] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    live_faults: Mapping[str, str] = field(default_factory=dict)
    hits: Mapping[str, Sequence[tuple[int, int, int]]] = field(default_factory=dict)
    withheld: Mapping[str, Mapping[str, tuple[int, int]]] = field(default_factory=dict)
    movers: Sequence[Mover] = ()
    moved: int = 0
    moved_amount: int = 0
    sizes: Mapping[str, Sizes] = field(default_factory=dict)
    examples: Sequence[ExampleResult] = ()

    @property
    def broken(self) -> list[ExampleResult]:
        """The example customers that break."""
        return [result for result in self.examples if result.verdict == "breaks"]


def compare(live: Outcome, draft: Outcome, amount: Array, *, movers: int = 20) -> Comparison:
    """Compare a draft's outcome with the live one over the same rows.

    amount: what each customer's revenue is, whole minor units. movers: how many single customers to name.
    """
    before, after = dict(live.outputs()), dict(draft.outputs())
    migrations: dict[str, Migration] = {}
    scores: dict[str, int] = {}
    anyone = np.zeros(len(amount), dtype=bool)
    for address, output in after.items():
        if address not in before:
            continue
        was, now = live.column(address), draft.column(address)
        if _labelled(output) and _labelled(before[address]):
            migrations[address], moved = _migration(address, before[address], output, was, now, amount)
            if moved is not None and output.has_history:  # codes of many labels are for other policies
                anyone |= moved
        elif was is not now:
            scores[address] = _different(was, now)
    return Comparison(
        rows=len(amount),
        amount=int(amount.sum()),
        migrations=migrations,
        new=tuple(address for address in after if address not in before and _declares(live, address) is None),
        removed=tuple(address for address in before if address not in after and _declares(draft, address) is None),
        scores=scores,
        faults=_faults(draft),
        live_faults=_faults(live),
        hits=_hits(live, draft),
        withheld=_withheld(live, draft),
        movers=_movers(live, draft, [address for address in migrations if after[address].has_history], anyone, amount, movers),
        moved=int(anyone.sum()),
        moved_amount=int(amount[anyone].sum()),
        sizes={
            address: _sizes(output, draft.column(address), migrations.get(address))
            for address, output in after.items()
            if output.labels or output.kind == "flag"
        },
    )


def _sizes(output: Output, column: Column, migration: Migration | None) -> Sizes:
    if migration is not None:
        counts = migration.counts_after
        total = sum(counts.values()) - counts.pop(NO_VALUE)
        return Sizes(counts, total)
    if output.kind == "set":
        assert not isinstance(column, Codes)
        members = [np.count_nonzero(column >> np.uint64(bit) & np.uint64(1)) for bit in range(len(output.labels))]
        return Sizes({key: int(count) for key, count in zip(output.keys, members, strict=True)}, int(np.count_nonzero(column)))
    codes, keys = _codes(column)
    by_code = np.bincount(codes[codes >= 0], minlength=len(keys)).tolist()
    return Sizes(dict(zip(keys, by_code, strict=True)), sum(by_code))


def _labelled(output: Output) -> bool:
    return output.kind in ("label", "flag")


def _declares(outcome: Outcome, address: str) -> Output | None:
    """The declaration of an output, whether or not its policy failed."""
    key, _, name = address.partition(".")
    policy = outcome.policies.get(key)
    return next((output for output in policy.step.outputs if output.name == name), None) if policy else None


def _codes(column: Column) -> tuple[Array, tuple[str, ...]]:
    return (column.codes, column.values) if isinstance(column, Codes) else (column, FLAG_KEYS)


def _migration(address: str, live: Output, draft: Output, was: Column, now: Column, amount: Array) -> tuple[Migration, Flags | None]:
    """The matrix of one output, and who moves; None when nobody does."""
    (first, before), (second, after) = _codes(was), _codes(now)
    cells = first.astype(np.intp) + 1  # bincount takes this type as it is; no value is 0 here and goes last below
    if was is not now:
        cells *= len(after) + 1
        cells += second
        cells += 1
    customers, amounts = _counted(cells, None, was is now, before, after), _counted(cells, amount, was is now, before, after)
    keys = (*before, NO_VALUE), (*after, NO_VALUE)
    migration = Migration(address, draft.kind, *keys, customers, amounts, live.labels, draft.labels)
    if not migration.moved:
        return migration, None
    return migration, np.roll(migration._differs, 1, axis=(0, 1)).ravel()[cells]


def _counted(cells: Array, weights: Array | None, same: bool, before: Sequence[str], after: Sequence[str]) -> Array:
    """Customers, or the sum of their weights (whole numbers below 2^53: exact in any order), per cell of the matrix."""
    shape = len(before) + 1, len(after) + 1
    sums = np.bincount(cells, weights=weights, minlength=shape[1] if same else shape[0] * shape[1])
    matrix = np.diag(sums) if same else sums.reshape(shape)
    return np.roll(matrix, -1, axis=(0, 1)).astype(np.int64)


def _different(was: Column, now: Column) -> int:
    if isinstance(was, Codes) or isinstance(now, Codes) or was.dtype.kind != now.dtype.kind:
        return len(was)
    same = was == now
    if was.dtype.kind in "fM":
        same |= (was != was) & (now != now)
    return int(len(was) - same.sum())


def _faults(outcome: Outcome) -> dict[str, str]:
    return {
        key: policy.fault or f"needs {policy.stale_because}, which failed" for key, policy in outcome.policies.items() if not policy.sound
    }


def _hits(live: Outcome, draft: Outcome) -> dict[str, list[tuple[int, int, int]]]:
    """Hits per rule of the policies that say which rule decided."""
    found = {}
    for key, policy in draft.policies.items():
        other = live.policies.get(key)
        before = _rules(other) if other is not None else None
        after = before if other is not None and policy.rule is other.rule else _rules(policy)
        if before is not None and after is not None:
            found[key] = [(rule, before.get(rule, 0), after.get(rule, 0)) for rule in sorted({*before, *after})]
    return found


def _rules(policy: PolicyOutcome) -> dict[int, int] | None:
    if not policy.sound or policy.rule is None:
        return None
    counts = np.bincount(policy.rule.astype(np.int32) + 1)[1:]
    return {rule: int(counts[rule]) for rule in np.flatnonzero(counts).tolist()}


def _withheld(live: Outcome, draft: Outcome) -> dict[str, dict[str, tuple[int, int]]]:
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for key, policy in draft.policies.items():
        other = live.policies.get(key)
        before = _reasons(live, other)
        after = before if other is not None and policy.reason is other.reason else _reasons(draft, policy)
        both = {words: (before.get(words, 0), after.get(words, 0)) for words in [*after, *before]}
        if both:
            found[key] = dict(sorted(both.items(), key=lambda item: -max(item[1])))
    return found


def _reasons(outcome: Outcome, policy: PolicyOutcome | None) -> dict[str, int]:
    if policy is None or not policy.sound or policy.reason is None:
        return {}
    counts = np.bincount(policy.reason.astype(np.int32) + 1)[1:]
    found: dict[str, int] = {}
    for position in np.flatnonzero(counts).tolist():
        words = str(outcome.reasons[position])
        found[words] = found.get(words, 0) + int(counts[position])
    return found


def _movers(live: Outcome, draft: Outcome, addresses: Sequence[str], anyone: Flags, amount: Array, most: int) -> list[Mover]:
    """The customers of whom something moves, the largest revenue first; equal ones in the order of their ids."""
    rows = np.flatnonzero(anyone)
    if len(rows) > most:
        least = -np.partition(-amount[rows], most - 1)[most - 1] if most else np.inf
        rows = rows[amount[rows] >= least]
    ids = draft.facts.customer_id
    rows = rows[np.lexsort((ids[rows], -amount[rows]))][:most]
    found = []
    for row in rows.tolist():
        pairs = [(address, _key(live.column(address), row), _key(draft.column(address), row)) for address in addresses]
        found.append(Mover(int(ids[row]), int(amount[row]), tuple(pair for pair in pairs if pair[1] != pair[2])))
    return found


def _key(column: Column, row: int) -> str:
    codes, keys = _codes(column)
    return keys[codes[row]] if codes[row] >= 0 else NO_VALUE


def _margin(keys: tuple[str, ...], sums: Any) -> dict[str, int]:
    return {key: int(total) for key, total in zip(keys, sums.tolist(), strict=True)}
