"""Simulations of drafts, kept in memory while nothing that they rest on changes: `engine.simulations`.

found = engine.simulations.of("d7")                                   # once; then from memory
engine.simulations.members("d7", "rfm.segment", was="loyal", now="at_risk")   # who is behind a number

A simulation of a draft stands until the draft, the live rulebook, the facts, the newest run or a fixed value changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, select

from engine import clock
from engine.columns import Array, Codes, Flags
from engine.errors import RunError, did_you_mean
from engine.gate import Obstacle, obstacles
from engine.mover_words import MoverWords
from engine.policy import Text
from engine.rulebook import Rulebook
from engine.simulate import FLAG_KEYS, NO_VALUE, Migration
from engine.simulation import Simulation, simulate
from engine.simulation_picture import picture
from engine.store import outcomes
from engine.store.drafts import Draft
from engine.store.facts import fact_seq
from engine.store.features import ledger_of
from engine.store.lookups import external_ids, names_of
from engine.store.models import customer, fixed_value

if TYPE_CHECKING:
    from engine.drafts import DraftName
    from engine.moments import Moment
    from engine.service import Engine
    from engine.side_by_side import SideBySide

KEPT = 3
"""Simulations that are remembered in one process."""

INLINE = 250_000
"""Customers up to which a page may wait for a simulation; beyond it is a job."""

_kept: OrderedDict[tuple[Any, ...], Simulated] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Simulated:
    """A draft simulated against the live rulebook, or (draft: None) a version. live_version: None before the first publication.

    whys: why each of `simulation.movers` moves. obstacles: what stands against publishing, the blocking ones first.
    """

    draft: Draft | None
    rulebook: Rulebook
    live: Rulebook
    live_version: int | None
    simulation: Simulation
    whys: Sequence[Text]
    obstacles: Sequence[Obstacle]
    amount: Array = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Everything that a page shows, as plain data: the keys that docs/reference/simulation.md lists."""
        draft, revision = (self.draft.id, self.draft.revision) if self.draft else (None, None)
        about = {"draft": draft, "revision": revision, "live": self.live_version, "hash": self.rulebook.hash}
        return about | picture(self.simulation, self.live, self.rulebook, self.whys, self.obstacles)


@dataclass(frozen=True, slots=True)
class Member:
    """A customer behind a number of a simulation. was, now: its labels in the output asked for; amount in minor units."""

    customer: str
    name: str | None
    amount: int
    was: str
    now: str
    why: Text


@dataclass(frozen=True, slots=True)
class Members:
    """A page of customers behind a number, the largest revenue first. total, amount: of all whom the reader may see.

    hidden: how many there are beside, out of the reader's sight.
    """

    address: str
    total: int
    amount: int
    rows: Sequence[Member]
    hidden: int = 0


class Simulations:
    """The verbs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, draft: DraftName, *, as_of: Moment = None, movers: int = 20) -> Simulated:
        """Simulate a draft over every customer, or give what is remembered of it. Raises `RulebookError` with every fault."""
        found = self._engine.drafts.get(draft)
        return self._of(found, self._engine.check(found.document), as_of, movers)

    def of_version(self, version: str) -> Simulated:
        """What going back to a version would do to every customer. Raises `RulebookError` when it fits the plugins no longer."""
        return self._of(None, self._engine.rulebook(version), None, 20)

    def _of(self, found: Draft | None, rulebook: Rulebook, as_of: Moment, movers: int) -> Simulated:
        key = self._key(found, rulebook, as_of)
        kept = _remembered(key)
        if kept is not None:
            return self._seen(kept)
        made = self._simulate(found, rulebook, as_of, movers)
        with _lock:
            _kept[key] = made
            while len(_kept) > KEPT:
                _kept.popitem(last=False)
        return self._seen(made)

    def _seen(self, made: Simulated) -> Simulated:
        """As the acting person may see it: figures are of all, only customers within sight are named, and no hidden value is told."""
        simulation = made.simulation.seen(self._engine.store, self._engine.sight)
        words, rows = self._words(simulation, made.rulebook), _rows(simulation, [mover.customer_id for mover in simulation.movers])
        return replace(made, simulation=simulation, whys=tuple(words.of(row) for row in rows))

    def remembered(self, draft: DraftName, *, as_of: Moment = None) -> Simulated | None:
        """What is remembered of a draft, without computing anything."""
        found = self._engine.drafts.get(draft)
        known = _remembered(self._key(found, self._engine.check(found.document), as_of))
        return None if known is None else self._seen(known)

    def slow(self) -> bool:
        """Whether so many customers are stored that a person should not wait for a simulation."""
        with self._engine.store.read() as connection:
            return (connection.scalar(select(func.count()).select_from(customer)) or 0) > INLINE

    def key(self, draft: DraftName) -> str:
        """What a simulation of a draft rests on, as a short text: two with the same text say the same."""
        from hashlib import blake2b

        found = self._engine.drafts.get(draft)
        key = self._key(found, self._engine.check(found.document), None)
        return blake2b(repr(key[1:]).encode(), digest_size=12).hexdigest()

    def members(
        self,
        draft: DraftName,
        address: str = "",
        *,
        was: str | None = None,
        now: str | None = None,
        stay: bool = False,
        offset: int = 0,
        limit: int = 50,
        why: bool = True,
    ) -> Members:
        """Who is behind a number: those that go from one label of an output to another.

        address: "" is everyone who moves in any output. was, now: labels, "" for no value; None is any. stay: those too
        who keep their label, where neither both labels are named nor only the movers are asked for. why: say why each
        moves. Raises `RunError` for an output or label that the simulation does not have.
        """
        found = self.of(draft)
        simulation = found.simulation
        chosen = address or self._default(simulation)
        first, second, keys = self._columns(simulation, chosen) if chosen else (None, None, ((), ()))
        rows = np.ones(simulation.comparison.rows, dtype=bool)
        if not address:
            rows &= _anyone(simulation)
        elif (was is None or now is None) and not stay:
            rows &= _differ(first, second, keys)
        for wanted, column, known in ((was, first, keys[0]), (now, second, keys[1])):
            if address and wanted is not None:
                rows &= column == _code(wanted, known, chosen)
        return self._page(found, chosen, first, second, keys, np.flatnonzero(rows), offset, limit, why)

    def names(self, customers: Sequence[str]) -> dict[str, str | None]:
        """The names of some customers by their own ids, where the acting person may see them."""
        sight = self._engine.sight
        if sight.hides(customer.c.name):
            return {}
        with self._engine.store.read() as connection:
            query = select(customer.c.external_id, customer.c.name).where(customer.c.external_id.in_(list(customers)), sight.where())
            return dict(connection.execute(query).all())

    def compare(self, drafts: Sequence[DraftName], *, as_of: Moment = None) -> SideBySide:
        """Lay several drafts beside the live rulebook; each is called by its name, such as d7."""
        found = [self._engine.drafts.get(draft) for draft in dict.fromkeys(drafts)]
        return self._engine.insight.compare({draft.name: draft.document for draft in found}, as_of=as_of)

    # --- how ---------------------------------------------------------------------------------------------------

    def _key(self, draft: Draft | None, rulebook: Rulebook, as_of: Moment) -> tuple[Any, ...]:
        f = fixed_value.c
        books = rulebook, self._engine.live_or_nothing()
        with self._engine.store.read() as connection:
            run = outcomes.live_run(connection)
            fixed = tuple(connection.execute(select(func.count(), func.max(f.decided_at), func.sum(f.ends_at))).one())
            seq = fact_seq(connection)
            points = tuple(ledger_of(connection, each.plan.features, each.catalogue) for each in books)
        live = self._live_version()
        moment = self._engine.simulated_moment(as_of) if as_of is not None else (run.as_of if run else None)
        settings = self._engine.settings
        return (str(self._engine.store.sql.url), draft and draft.id, draft and draft.revision, rulebook.hash, live, run and run.id, moment, seq, points, fixed,
                settings.four_eyes, self._today().isoformat())  # fmt: skip

    def _live_version(self) -> int | None:
        log = self._engine.drafts.log()
        return log[0].version if log else None

    def _today(self) -> Any:

        return clock.today(self._engine.zone)

    def _simulate(self, draft: Draft | None, rulebook: Rulebook, as_of: Moment, movers: int) -> Simulated:
        engine = self._engine
        live = engine.live_or_nothing()
        found = simulate(engine.store, live, rulebook, engine.simulated_moment(as_of), movers=movers)
        against = obstacles(rulebook, found.comparison, today=self._today(), four_eyes=engine.settings.four_eyes)
        return Simulated(draft, rulebook, live, self._live_version(), found, (), against, found.amount)

    def _words(self, found: Simulation, rulebook: Rulebook) -> MoverWords:
        business = self._engine.business
        return MoverWords(found.live, found.draft, rulebook, business.currency, business.minor_digits, self._hides(rulebook))

    def _hides(self, rulebook: Rulebook) -> Callable[[str], bool] | None:
        """Which features tell what the acting person may not see."""
        sight, catalogue = self._engine.sight, rulebook.catalogue
        if sight.personal:
            return None
        return lambda name: name in catalogue and sight.hides_feature(catalogue.resolve(name), catalogue)

    @staticmethod
    def _default(found: Simulation) -> str:
        """The output that moves most."""
        moving = _lasting(found)
        return max(moving, key=lambda address: moving[address].moved) if moving else ""

    @staticmethod
    def _columns(found: Simulation, address: str) -> tuple[Array, Array, tuple[Sequence[str], Sequence[str]]]:
        known = found.comparison.migrations
        if address not in known:
            hint = did_you_mean(address, known) or f"outputs are {', '.join(known) or 'none'}"
            raise RunError(f"the simulation compares no output {address!r}; {hint}")
        columns = found.live.column(address), found.draft.column(address)
        (first, before), (second, after) = ((c.codes, c.values) if isinstance(c, Codes) else (c, FLAG_KEYS) for c in columns)
        return first, second, (before, after)

    def _page(
        self, found: Simulated, address: str, first: Any, second: Any, keys: Any, rows: Array, offset: int, limit: int, why: bool
    ) -> Members:
        ids, amount = np.asarray(found.simulation.draft.facts.customer_id), found.amount
        sight, everybody = self._engine.sight, len(rows)
        if not sight.reach.everybody:
            with self._engine.store.read() as connection:
                rows = rows[sight.reach.flags(connection, ids[rows])]
        total, worth = len(rows), int(amount[rows].sum())
        end = min(max(0, offset) + max(0, limit), total)
        if end < total and end:  # only those that can be on the page are sorted
            least = -np.partition(-amount[rows], end - 1)[end - 1]
            rows = rows[amount[rows] >= least]
        rows = rows[np.lexsort((ids[rows], -amount[rows]))][max(0, offset) : end]
        with self._engine.store.read() as connection:
            own, names = external_ids(connection, ids[rows].tolist()), names_of(connection, ids[rows].tolist())
        words = self._words(found.simulation, found.rulebook) if why else None
        made = [
            Member(
                own.get(int(ids[row]), ""),
                None if sight.hides(customer.c.name) else names.get(int(ids[row])),
                int(amount[row]),
                _key_at(first, keys[0], row),
                _key_at(second, keys[1], row),
                words.of(row) if words else Text("", ""),
            )
            for row in rows.tolist()
        ]
        return Members(address, total, worth, made, everybody - total)


def _remembered(key: tuple[Any, ...]) -> Simulated | None:
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def _rows(found: Simulation, customers: Sequence[int]) -> list[int]:
    """The rows of some customers, in their order."""
    ids = np.asarray(found.draft.facts.customer_id)
    rows = np.flatnonzero(np.isin(ids, list(customers)))
    row_of = dict(zip(ids[rows].tolist(), rows.tolist(), strict=True))
    return [row_of[number] for number in customers]


def _code(wanted: str, known: Sequence[str], address: str) -> int:
    if wanted == NO_VALUE:
        return -1
    if wanted not in known:
        raise RunError(f"{address} has no label {wanted!r}; {did_you_mean(wanted, known) or 'labels are ' + ', '.join(known)}")
    return list(known).index(wanted)


def _differ(first: Any, second: Any, keys: tuple[Sequence[str], Sequence[str]]) -> Flags:
    """Who has another label, compared by key and not by position."""
    names = {key: at for at, key in enumerate(dict.fromkeys([*keys[0], *keys[1]]))}
    one, other = (np.array([*(names[key] for key in known), -1], dtype=np.int32) for known in keys)
    unequal: Flags = one[first.astype(np.int64)] != other[second.astype(np.int64)]
    return unequal


def _anyone(found: Simulation) -> Flags:
    rows = np.zeros(found.comparison.rows, dtype=bool)
    for address, migration in _lasting(found).items():
        if migration.moved:
            rows |= _differ(*Simulations._columns(found, address))
    return rows


def _lasting(found: Simulation) -> dict[str, Migration]:
    """The outputs that people look at: those that keep a history."""
    lasting = {address for address, output in found.draft.outputs() if output.has_history}
    return {address: one for address, one in found.comparison.migrations.items() if address in lasting}


def _key_at(column: Any, known: Sequence[str], row: int) -> str:
    if column is None:
        return NO_VALUE
    code = int(column[row])
    return known[code] if code >= 0 else NO_VALUE
