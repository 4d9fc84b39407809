"""Look ahead over the store: every customer's features on each day to come, if nothing more happens.

Days since the last order, the first order and joining grow by one a day, and what counts everything ever stays as it
is; only features with a window (or of the calendar) are read again, as of each day, with facts up to now. The states
are those of the newest visible run, and former outcomes are its own. Damping goes on from one day looked at to the next,
as if there were a run on each; values fixed by hand end when they end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.catalogue import Catalogue, Feature
from engine.columns import Array, Codes, Column, freeze
from engine.effective import Effects, Stood
from engine.errors import RunError, did_you_mean
from engine.former import Snapshot, previous_columns, take_snapshot
from engine.plan import Plan
from engine.policy import Output
from engine.progress import Tell, silent
from engine.radar import Radar, Watch
from engine.run import Facts, Outcome, compute
from engine.run_report import REVENUE
from engine.simulate import FLAG_KEYS, NO_VALUE
from engine.standing import effects_of
from engine.store.facts import store_settings
from engine.store.features import FeatureTable, read_features
from engine.store.fixed_values import in_force
from engine.store.lookups import external_ids
from engine.store.reach import ALL, Reach
from engine.store.session import Store

if TYPE_CHECKING:
    from engine.evaluate import Evaluator

DAY = 86_400
LONGEST = 3_660
"""Days. Ten years of silence is the end of any customer."""

_STILL = frozenset({"count", "sum", "average", "days", "distinct", "interval", "interval_median", "gap", "value", "month", "last"})
_GROWS = frozenset({"recency", "tenure"})


def look_ahead(
    evaluator: Evaluator,
    address: str,
    days: int,
    *,
    label: str | None = None,
    every: int = 1,
    most: int = 20,
    reach: Reach = ALL,
    tell: Tell = silent,
) -> Radar:
    """Find for every customer the day on which it loses its label. label: name single customers of this label only.

    reach: whom single customers are named of. tell: is called before each day that is looked at.
    Raises `RunError` for an unknown output or label, and for days out of bounds.
    """
    output = _output(evaluator, address)
    keys = (*(FLAG_KEYS if output.kind == "flag" else output.keys), NO_VALUE)
    if label is not None and label not in keys[:-1]:
        raise RunError(f"{address} has no label {label!r}; {did_you_mean(label, keys) or 'it has ' + ', '.join(keys[:-1])}")
    if not 1 <= days <= LONGEST or not 1 <= every <= days:
        raise RunError(
            f"looking {days} days ahead every {every} days is not possible; expected 1 to {LONGEST:,} days, and a step within them"
        )
    watch: Watch | None = None
    tell("ahead", 0, days)
    for day, outcome in _days(evaluator, address, days, every):
        codes = _codes(outcome, address, keys)
        if watch is None:
            watch, facts = Watch(codes, len(keys)), outcome.facts
        else:
            watch.look(day, codes)
        tell("ahead", day, days)
    assert watch is not None
    revenue = facts.columns[REVENUE]
    assert not isinstance(revenue, Codes)
    amount = np.rint(revenue * 10 ** store_settings(evaluator.store).minor_digits)
    losses, amounts = watch.by_week(days, amount)
    with evaluator.store.read() as connection:
        seen = None if reach.everybody else reach.flags(connection, facts.customer_id)
        falls = watch.falls(keys, facts.customer_id, amount, label, most, seen)
        names = external_ids(connection, [fall.customer_id for fall in falls])
    return Radar(
        address=address,
        kind=output.kind,
        as_of=evaluator.record.as_of,
        days=days,
        every=every,
        keys=keys,
        labels=output.labels,
        now=watch.counts[0],
        losses=losses,
        amounts=amounts,
        counts=np.array(watch.counts),
        falls=[replace(fall, external_id=names.get(fall.customer_id, "")) for fall in falls],
    )


def _output(evaluator: Evaluator, address: str) -> Output:
    outputs = {f"{step.entry.key}.{o.name}": o for step in evaluator.plan.steps for o in step.outputs if o.kind in ("label", "flag")}
    if address not in outputs:
        hint = did_you_mean(address, outputs) or f"labels and flags are {', '.join(outputs)}"
        raise RunError(f"the rulebook of run {evaluator.record.id} has no label {address!r}; {hint}")
    return outputs[address]


def _days(evaluator: Evaluator, address: str, days: int, every: int) -> Iterator[tuple[int, Outcome]]:
    """The outcome now, and on each day that is looked at."""
    chain = evaluator.plan.chain(address.partition(".")[0])
    catalogue, now = evaluator.rulebook.catalogue, evaluator.record.as_of
    names = sorted({*chain.features, REVENUE})
    table = _read(evaluator.store, names, now, now, catalogue)
    with evaluator.store.read() as connection:
        ahead = take_snapshot(connection, now + 1)
    first = previous_columns(chain, evaluator.snapshot, table.customer_id)
    later = previous_columns(chain, ahead, table.customer_id)
    again = [name for name in names if _ages(catalogue.resolve(name), catalogue) == "read"]
    effects = evaluator.effects_in_run(table.customer_id, table.not_graded)
    outcome = compute(
        chain, Facts(table.customer_id, table.key_hash, table.columns, table.not_graded, first, effects), states=evaluator.states
    )
    facts = outcome.facts
    yield 0, outcome
    for day in range(every, days + 1, every):
        columns = dict(_aged(table, day, catalogue))
        if again:
            fresh = _read(evaluator.store, again, now + day * DAY, now, catalogue)
            if fresh.fact_seq != table.fact_seq:
                raise RunError("facts were imported while the days ahead were looked at; look again")
            columns |= fresh.columns
        effects = _held(evaluator, chain, ahead, outcome, effects, now + day * DAY)
        outcome = compute(chain, replace(facts, columns=freeze(columns), previous=later, effects=effects), states=evaluator.states)
        yield day, outcome


def _held(evaluator: Evaluator, chain: Plan, ahead: Snapshot, before: Outcome, effects: Effects, moment: int) -> Effects:
    """What holds labels back at a moment: damping goes on from the day looked at before, as if there were a run on each."""
    with evaluator.store.read() as connection:
        then = replace(ahead, fixed=in_force(connection, moment))
    fresh = effects_of(chain, replace(then, base_block=None), before.facts.customer_id, before.facts.not_graded, moment, effects.zone)
    return replace(fresh, stood=_stood(before, effects.as_of))


def _stood(before: Outcome, as_of: int) -> dict[str, Stood]:
    """How damped outputs stood on the day looked at before."""
    found = {}
    for key, policy in before.policies.items():
        for name, beside in policy.beside.items():
            standing = policy.columns.get(name) if beside.standing is None else beside.standing
            if beside.since is not None and isinstance(standing, Codes) and isinstance(beside.computed, Codes):
                found[f"{key}.{name}"] = Stood(standing.codes, beside.computed.codes, beside.since, as_of)
    return found


def _read(store: Store, names: list[str], as_of: int, known_until: int, catalogue: Catalogue) -> FeatureTable:
    return read_features(store, names, as_of, catalogue=catalogue, known_until=known_until, keep=False)[0]


def _ages(feature: Feature, catalogue: Catalogue) -> str:
    """How a feature changes in silence: not at all ("still"), by one a day ("grows"), or as only the facts can say ("read")."""
    if feature.terms:
        return "still" if all(_ages(catalogue.resolve(term), catalogue) == "still" for term in feature.terms) else "read"
    if feature.window_days or feature.ends_days_before:
        return "read"
    if feature.aggregate in _GROWS and feature.source != "profile":  # who joins later than now has no days yet
        return "grows"
    return "still" if feature.aggregate in _STILL else "read"


def _aged(table: FeatureTable, day: int, catalogue: Catalogue) -> Iterator[tuple[str, Column]]:
    for name, column in table.columns.items():
        grows = _ages(catalogue.resolve(name), catalogue) == "grows" and not isinstance(column, Codes)
        yield name, column + day if grows and not isinstance(column, Codes) else column


def _codes(outcome: Outcome, address: str, keys: tuple[str, ...]) -> Array:
    policy = outcome.policies[address.partition(".")[0]]
    if not policy.sound:
        raise RunError(f"{address} cannot be looked ahead: {policy.fault or policy.stale_because + ' failed'}")
    column = outcome.column(address)
    codes, values = (column.codes, column.values) if isinstance(column, Codes) else (column, FLAG_KEYS)
    table = np.array([*(keys.index(value) for value in values), len(keys) - 1], dtype=np.int16)
    return np.asarray(table[codes.astype(np.int64)])
