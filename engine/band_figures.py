"""What stands under the cuts of a policy: the histogram of what they divide, and how many customers and how much revenue lie in each band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.catalogue import Catalogue
from engine.columns import Array, Codes, Column, Flags
from engine.errors import FeatureError
from engine.histograms import Histogram, histogram, share_histogram
from engine.plan import Step
from engine.policy import Label, Text
from engine.run import Outcome, PolicyOutcome
from engine.scales import Scale


@dataclass(frozen=True, slots=True)
class Measure:
    """What is cut: its address, title and unit; money: whether it is an amount of the business currency."""

    name: str
    title: Text
    unit: str = ""
    money: bool = False


@dataclass(frozen=True, slots=True)
class BandFigures:
    """A parameter of cuts with its customers.

    place: the parameter. cuts: those in effect, learnt ones too; None where there is no single row of them. customers,
    amounts (minor units): by band, in the order of `bands`; live: the same by the live rulebook, None where it has no such
    output. valued: customers with a value. histogram: None where nobody has one.
    """

    place: str
    measure: Measure
    bands: tuple[Label, ...]
    share: str
    equal: str
    cuts: tuple[float, ...] | None
    customers: tuple[int, ...]
    amounts: tuple[int, ...]
    live: tuple[int, ...] | None
    valued: int
    amount: int
    histogram: Histogram | None


def band_figures(
    step: Step, draft: Outcome, live: Outcome, amount: Array, catalogue: Catalogue, drawn: dict[Any, Any]
) -> list[BandFigures]:
    """The figures of every parameter of cuts of a policy. amount: revenue per customer, minor units.

    drawn: histograms that are known already, by what decides them; new ones are added. A scale of a plugin that names
    what is not there is left out.
    """
    policy = draft.policies.get(step.entry.key)
    if policy is None or not policy.sound:
        return []
    try:
        scales: Mapping[str, Scale] = step.entry.policy.scales()
        bounds = step.entry.policy.bounds(policy.state)
    except Exception:  # a plugin is foreign code
        return []
    found = []
    for place, scale in scales.items():
        own = scale.name in policy.columns
        values = policy.columns.get(scale.name) if own else draft.facts.columns.get(scale.name, _output(draft, scale.name))
        banded = policy.columns.get(scale.output)
        if values is None or isinstance(values, Codes) or values.dtype.kind not in "fiu" or banded is None:
            continue
        here = policy.reason < 0 if policy.reason is not None else np.ones(len(values), dtype=bool)
        if values.dtype.kind == "f":
            here = here & ~np.isnan(values)
        customers, amounts = _counted(banded, scale.bands, here, amount)
        key = (scale.share, id(values), int(here.sum()), int(np.flatnonzero(here)[-1]) if here.any() else -1)
        if own or key not in drawn:
            shape = share_histogram(values[here], scale.share) if scale.share else histogram(values[here])
            drawn[key] = (values, shape)  # the column is kept with it, so that its id stays its own
        found.append(
            BandFigures(
                place=place,
                measure=_measure(scale.name, step, draft, catalogue),
                bands=scale.bands,
                share=scale.share,
                equal=scale.equal,
                cuts=_cuts(place, scale, step, bounds),
                customers=customers,
                amounts=amounts,
                live=_live(step.entry.key, scale, live, amount),
                valued=int(here.sum()),
                amount=int(amount[here].sum()),
                histogram=drawn[key][1],
            )
        )
    return found


def _cuts(place: str, scale: Scale, step: Step, bounds: Mapping[str, Sequence[float]]) -> tuple[float, ...] | None:
    """The parameter where it counts, else what was learnt."""
    written = getattr(step.entry.policy.params, place, None)
    inactive = _inactive(step, place)
    if not inactive and isinstance(written, list) and len(written) == len(scale.bands) - 1:
        return tuple(float(cut) for cut in written)
    learnt = bounds.get(scale.name)
    return tuple(float(cut) for cut in learnt) if learnt is not None and len(learnt) == len(scale.bands) - 1 else None


def _inactive(step: Step, place: str) -> bool:
    """Whether another parameter says that this one does not count."""
    field: Any = step.entry.policy.Params().fields.get(place)
    only = field.metadata.get("only") if field is not None else None
    params = step.entry.policy.params
    return isinstance(only, Mapping) and any(getattr(params, name, None) not in values for name, values in only.items())


def _counted(column: Column, bands: Sequence[Label], here: Flags, amount: Array) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Customers and revenue by band; the column is a label, or a score that counts from one."""
    if isinstance(column, Codes):
        place = {key: at for at, key in enumerate(column.values)}
        codes, order = column.codes, [place.get(band.key, -1) for band in bands]
        size = len(column.values)
    else:
        codes = np.nan_to_num(column, nan=-1).astype(np.int64)
        order = [int(band.key) if band.key.isdigit() else -1 for band in bands]
        size = max([0, *order]) + 1
    inside = here & (codes >= 0) & (codes < size)
    numbers = np.bincount(codes[inside], minlength=size)
    sums = np.bincount(codes[inside], weights=amount[inside], minlength=size)
    return tuple(int(numbers[at]) if at >= 0 else 0 for at in order), tuple(int(sums[at]) if at >= 0 else 0 for at in order)


def _live(key: str, scale: Scale, live: Outcome, amount: Array) -> tuple[int, ...] | None:
    policy: PolicyOutcome | None = live.policies.get(key)
    if policy is None or not policy.sound or scale.output not in policy.columns:
        return None
    column = policy.columns[scale.output]
    here = policy.reason < 0 if policy.reason is not None else np.ones(len(amount), dtype=bool)
    return _counted(column, scale.bands, here, amount)[0]


def _output(outcome: Outcome, address: str) -> Column | None:
    key, _, name = address.partition(".")
    policy = outcome.policies.get(key)
    return policy.columns.get(name) if policy is not None else None


def _measure(name: str, step: Step, outcome: Outcome, catalogue: Catalogue) -> Measure:
    owner, _, bare = name.partition(".")
    other = outcome.policies.get(owner)
    known = step.outputs if "." not in name else other.step.outputs if other is not None else ()
    for output in known:
        if output.name == (bare or name):
            return Measure(name, output.title or Text(name, name), output.unit, output.kind == "amount")
    try:
        feature = catalogue.resolve(name)
    except FeatureError:
        return Measure(name, Text(name, name))
    return Measure(name, feature.title, feature.unit, feature.dtype == "amount")
