"""Today's picture: customers and revenue by label, who moved since an earlier run, who matters most among them.

Counts come from the summaries that each run keeps; who moved comes from comparing two runs' blocks, column against column,
so a million customers take some tenths of a second. What is computed once is kept: a run never changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from engine.columns import Array
from engine.errors import RunError, did_you_mean
from engine.policy import Text
from engine.report import OutputSummary
from engine.run_report import REVENUE
from engine.store import outcomes
from engine.store.blocks import Block, read_arrow
from engine.store.models import block, customer, run
from engine.store.outcomes import RunRecord
from engine.summaries import rank_of

if TYPE_CHECKING:
    from engine.catalogue import Feature
    from engine.rulebook import Rulebook
    from engine.service import Engine
    from engine.store.session import Store

DAY = 86_400
KEPT = 32
"""How many pictures are remembered."""

NONE = ""
"""Stands where a customer has no value."""


@dataclass(frozen=True, slots=True)
class Band:
    """A label with its customers now and before. amount: their sales up to the run's moment, minor units.

    before: None without an earlier run. shares: of all customers, per run, the oldest first. rank: smaller is better.
    """

    key: str
    title: Text
    step: int
    rank: int | None
    customers: int
    amount: int
    before: int | None = None
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """What is different about a customer: a feature before and after, as plain values."""

    title: Text
    unit: str
    was: float | str | None
    now: float | str | None


@dataclass(frozen=True, slots=True)
class Mover:
    """A customer that moved. amount: its sales, minor units; changed: what is different, the most telling first."""

    customer: str
    name: str | None
    was: str
    now: str
    amount: int
    changed: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class Movement:
    """What happened between two runs. cells: (was, now) label to customers, "" for no value; those who came are not in it."""

    since_run: int
    since: int
    cells: Mapping[tuple[str, str], int]
    up: int
    down: int
    other: int
    up_amount: int
    down_amount: int
    came: int
    left: int
    movers: tuple[Mover, ...]

    @property
    def gained(self) -> int:
        """How many have a value and had none."""
        return sum(n for (was, now), n in self.cells.items() if was == NONE != now)

    @property
    def lost(self) -> int:
        """How many had a value and have none."""
        return sum(n for (was, now), n in self.cells.items() if now == NONE != was)

    @property
    def moved(self) -> int:
        """How many have another value, a new one, or none any more."""
        return self.up + self.down + self.other


@dataclass(frozen=True, slots=True)
class Overview:
    """The picture of one output. policies: key, title, enabled. outputs: (address, title) of all that can be chosen. withheld: customers without a value."""

    run: RunRecord
    address: str
    title: Text
    outputs: tuple[tuple[str, Text], ...]
    bands: tuple[Band, ...]
    customers: int
    amount: int
    withheld: int
    withheld_amount: int
    movement: Movement | None
    ordered: bool
    policies: tuple[tuple[str, Text, bool], ...] = ()

    def band(self, key: str) -> Band | None:
        """The band of a label."""
        return next((band for band in self.bands if band.key == key), None)


_pictures: OrderedDict[tuple[Any, ...], Overview] = OrderedDict()
_lock = threading.Lock()


def overview(engine: Engine, address: str | None = None, *, days: int | None = None, movers: int = 6) -> Overview | None:
    """The picture of the newest visible run, or None when nothing has run yet.

    address: the output; None is the one that grades: an output named grade or class, else the first. days: compare with
    the newest run that is at least so old; None is the run before. Raises `RunError` for an unknown output.
    """
    with engine.store.read() as connection:
        live = outcomes.live_run(connection)
        history = connection.execute(
            select(run.c.id, run.c.as_of).where(run.c.status.in_(("visible", "historical"))).order_by(run.c.as_of, run.c.id)
        ).all()
    if live is None:
        return None
    earlier = [(row.as_of, row.id) for row in history if row.as_of < live.as_of - (days or 0) * DAY + (1 if days else 0)]
    since = max(earlier)[1] if earlier else None
    key = (str(engine.store.sql.url), live.id, live.digest, address, since, movers)
    with _lock:
        if key in _pictures:
            _pictures.move_to_end(key)
            return _pictures[key]
    series = [row.id for row in history if row.as_of < live.as_of][-11:]
    found = _picture(engine, live, address, since, [*series, live.id], movers)
    with _lock:
        _pictures[key] = found
        while len(_pictures) > KEPT:
            _pictures.popitem(last=False)
    return found


def _picture(engine: Engine, live: RunRecord, address: str | None, since: int | None, series: Sequence[int], movers: int) -> Overview:
    rulebook = engine.rulebook(str(live.version_id))
    summary = engine.run_summary(live.id)
    known = {output.address: output for output in summary.outputs}
    if not known:
        raise RunError(f"run {live.id} has no output with labels")
    chosen = known[_chosen(address, known)]
    counts = [engine.label_amounts(number) for number in series]
    movement = _movement(engine, live, rulebook, chosen, since, movers) if since is not None else None
    before = engine.label_amounts(since) if since is not None else {}
    ranks = {line.key: rank_of(rulebook, chosen.address, line.key) for line in chosen.lines}
    bands = tuple(
        Band(
            key=line.key,
            title=line.title,
            step=line.step,
            rank=ranks[line.key],
            customers=line.customers,
            amount=line.amount,
            before=before.get((chosen.address, line.key), (0, 0))[0] if movement else None,
            shares=tuple(_share(each, chosen.address, line.key) for each in counts),
        )
        for line in chosen.lines
    )
    return Overview(
        run=live,
        address=chosen.address,
        title=chosen.title,
        outputs=tuple((output.address, output.title) for output in summary.outputs),
        bands=bands,
        customers=chosen.customers,
        amount=chosen.amount,
        withheld=chosen.withheld,
        withheld_amount=chosen.withheld_amount,
        movement=movement,
        policies=tuple((entry.key, entry.title, entry.enabled) for entry in rulebook.entries),
        ordered=all(band.rank is not None for band in bands) and not address_is_stage(chosen, rulebook),
    )


def address_is_stage(chosen: OutputSummary, rulebook: Rulebook) -> bool:
    """Whether the labels stand in order of life, not of worth: their steps do not rise with their place."""
    steps = [line.step for line in chosen.lines]
    return steps != sorted(steps)


def _chosen(address: str | None, known: Mapping[str, Any]) -> str:
    if address is not None:
        if address not in known:
            raise RunError(f"there is no output {address!r}; {did_you_mean(address, known) or 'outputs are ' + ', '.join(known)}")
        return address
    for name in ("grade", "class"):
        for each in known:
            if name in each.split("."):
                return each
    return next(iter(known))


def _share(counts: Mapping[tuple[str, str], tuple[int, int]], address: str, key: str) -> float:
    total = sum(customers for (where, _), (customers, _) in counts.items() if where == address)
    return counts.get((address, key), (0, 0))[0] / total if total else 0.0


def _movement(engine: Engine, live: RunRecord, rulebook: Rulebook, chosen: OutputSummary, since: int, most: int) -> Movement | None:
    with engine.store.read() as connection:
        first = outcomes.record(connection, since)
        if first.report["types"].get(chosen.address) != live.report["types"].get(chosen.address):
            return None  # another policy stood under this name: its labels cannot be compared
        new, old = outcomes.load_block(connection, live.id), outcomes.load_block(connection, since)
        if chosen.address not in new.values or chosen.address not in old.values:
            return None
        ids = outcomes.all_labels(connection).get((chosen.address, live.report["types"][chosen.address]), {})
        inputs = {number: _inputs(connection, number) for number in (live.id, since)}
    keys = {number: key for key, number in ids.items()} | {-1: NONE}
    if live.report["kinds"][chosen.address] == "flag":
        keys = {-1: NONE, 0: "false", 1: "true"}
    rows, there = old.rows_of(new.customer_id)
    was, now = old.values[chosen.address][rows][there].astype(np.int64), new.values[chosen.address][there].astype(np.int64)
    amount = _amounts(inputs[live.id], new, engine.business.minor_digits)[there]
    width = max(keys) + 2
    cells = np.bincount((was + 1) * width + now + 1, minlength=width * width).reshape(width, width)
    ranks = {number: rank_of(rulebook, chosen.address, key) for number, key in keys.items()}
    place = np.array([np.nan if ranks.get(n - 1) is None else ranks[n - 1] for n in range(width)], dtype=float)
    moved = was != now
    rise = place[was + 1] - place[now + 1]
    up, down = moved & (rise > 0), moved & (rise < 0)
    return Movement(
        since_run=since,
        since=first.as_of,
        cells={(keys.get(i - 1, "?"), keys.get(j - 1, "?")): int(cells[i, j]) for i, j in np.argwhere(cells).tolist()},
        up=int(up.sum()),
        down=int(down.sum()),
        other=int((moved & ~up & ~down).sum()),
        up_amount=int(amount[up].sum()),
        down_amount=int(amount[down].sum()),
        came=int((~there).sum()),
        left=int(len(old.customer_id) - there.sum()),
        movers=_movers(
            engine, rulebook, chosen.address, new.customer_id[there], was, now, moved, amount, keys, inputs, live.id, since, most
        ),
    )


def _inputs(connection: Any, run_id: int) -> dict[str, Array]:
    data = connection.scalar(select(block.c.data).where(block.c.run_id == run_id, block.c.kind == "input"))
    return {} if data is None else read_arrow(data)


def _amounts(inputs: Mapping[str, Array], new: Block, digits: int) -> Array:
    """Sales of every customer, minor units."""
    if REVENUE not in inputs:
        return np.zeros(len(new.customer_id), dtype=np.int64)
    minor: Array = np.rint(np.nan_to_num(inputs[REVENUE]) * 10**digits).astype(np.int64)
    return minor


def _movers(
    engine: Engine,
    rulebook: Rulebook,
    address: str,
    customers: Array,
    was: Array,
    now: Array,
    moved: Array,
    amount: Array,
    keys: Mapping[int, str],
    inputs: Mapping[int, Mapping[str, Array]],
    live: int,
    since: int,
    most: int,
) -> tuple[Mover, ...]:
    rows = np.flatnonzero(moved)
    if not len(rows):
        return ()
    order = rows[np.lexsort((customers[rows], -amount[rows]))][:most]
    chosen = [int(number) for number in customers[order]]
    with engine.store.read() as connection:
        query = select(customer.c.id, customer.c.external_id, customer.c.name).where(customer.c.id.in_(chosen))
        known = {row.id: (row.external_id, row.name) for row in connection.execute(query)}
    features = telling(rulebook, address)
    return tuple(
        Mover(
            customer=known[number][0],
            name=known[number][1],
            was=keys.get(int(was[at]), "?"),
            now=keys.get(int(now[at]), "?"),
            amount=int(amount[at]),
            changed=changed_between(features, inputs[since], inputs[live], number),
        )
        for number, at in zip(chosen, order.tolist(), strict=True)
        if number in known
    )


def telling(rulebook: Rulebook, address: str) -> list[Feature]:
    """The features that lead to an output: numbers only."""
    plan = rulebook.plan.chain(address.partition(".")[0])
    found = [rulebook.catalogue.resolve(name) for name in plan.features]
    return [feature for feature in found if feature.dtype not in ("text", "date", "flag") and feature.aggregate != "tenure"]


def changed_between(features: Sequence[Feature], old: Mapping[str, Array], new: Mapping[str, Array], number: int) -> tuple[Changed, ...]:
    """The two features that differ most between two runs, by the size of the step against the larger value."""
    found = []
    for feature in features:
        was, now = _value(old, feature.name, number), _value(new, feature.name, number)
        if was is None or now is None or was == now:
            continue
        found.append((-abs(now - was) / max(abs(now), abs(was), 1e-9), feature.name, Changed(feature.title, feature.unit, was, now)))
    return tuple(each for _, _, each in sorted(found, key=lambda item: item[:2])[:2])


def _value(inputs: Mapping[str, Array], name: str, number: int) -> float | None:
    if name not in inputs:
        return None
    at = int(np.searchsorted(inputs["customer_id"], number))
    if at >= len(inputs["customer_id"]) or int(inputs["customer_id"][at]) != number:
        return None
    value = float(inputs[name][at])
    return None if np.isnan(value) else value


def within(engine: Engine, picture: Overview) -> Overview:
    """The picture as the engine's actor may see it: figures are of all, but only customers within sight are named."""
    movement, sight = picture.movement, engine.sight
    if movement is None:
        return picture
    with engine.store.read() as connection:
        ids = [mover.customer for mover in movement.movers]
        seen = set(connection.scalars(select(customer.c.external_id).where(customer.c.external_id.in_(ids), sight.where())))
    movers = tuple(replace(each, name=sight.shown(customer.c.name, each.name)) for each in movement.movers if each.customer in seen)
    return replace(picture, movement=replace(movement, movers=movers))


def forget(store: Store) -> None:
    """Drop what is remembered of a store."""
    with _lock:
        for key in [key for key in _pictures if key[0] == str(store.sql.url)]:
            del _pictures[key]
