"""What giving customers to account managers rests on, read as columns of all customers at once; and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine import clock
from engine.columns import Array, Codes, Column
from engine.desk.assigning import LOAD, NO_FIT, NO_ROOM, NOBODY, WHYS, Assigned, assign
from engine.desk.manager_policy import BUILT_IN, ManagerPolicy
from engine.desk.manager_words import why_words
from engine.errors import Fault, FeatureError, RulebookError, did_you_mean
from engine.store import interactions
from engine.store import managers as rows
from engine.store.facts import fact_seq
from engine.store.features import FeatureTable, read_features, read_one
from engine.store.lookups import external_ids_many
from engine.store.managers import Manager
from engine.texts import Text

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.service import Engine

SHOWN = 50
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Given:
    """A customer whose manager changed. was, now: names, None for nobody."""

    customer: str
    was: str | None
    now: str | None
    why: Text


@dataclass(slots=True)
class Draw:
    """Who gets which manager: all customers who are to have one.

    keys, grades: of the customers; before, after: dictionary numbers of owners, `NOBODY` for none. gone: customers who are no
    longer to have a manager, and were given one before. seq: the state of the facts.
    """

    managers: Sequence[Manager]
    names: Mapping[int, str]
    keys: Array
    before: Array
    after: Array
    assigned: Assigned
    pooled: Array
    explained: Array
    facts: Sequence[str]
    gone: Array
    seq: int
    examples: Sequence[Given] = ()

    @property
    def changed(self) -> Array:
        """Places of customers whose owner is another now."""
        return np.flatnonzero(self.before != self.after)

    def counts(self) -> dict[str, int]:
        """How many customers, by what happens to them."""
        by_why = self.assigned.counts()
        had = self.before != NOBODY
        moved = had & (self.after != NOBODY) & (self.before != self.after)
        return {
            "customers": len(self.keys),
            "kept": by_why["kept"],
            "moved": int(moved.sum()),
            "given": int((~had & (self.after != NOBODY)).sum()),
            NO_FIT: by_why[NO_FIT],
            NO_ROOM: by_why[NO_ROOM],
            "released": len(self.gone),
        }

    def loads(self) -> list[dict[str, Any]]:
        """Per manager the customers before and after, and the capacity."""
        after = np.bincount(self.assigned.manager[self.assigned.manager >= 0], minlength=len(self.managers))
        return [
            {"manager": each.name, "before": each.customers, "after": int(count), "capacity": each.capacity}
            for each, count in zip(self.managers, after.tolist(), strict=True)
        ]

    def words(self) -> Text:
        """What happens, as a sentence."""
        n = self.counts()
        none = n[NO_FIT] + n[NO_ROOM]
        return Text(
            f"{n['customers']:,} customers are to have a manager: {n['kept']:,} keep theirs, {n['given']:,} get one, {n['moved']:,} get another, {none:,} have none",
            f"应有客户经理的客户 {n['customers']:,} 位：保留 {n['kept']:,}，新分配 {n['given']:,}，更换 {n['moved']:,}，未分配 {none:,}",
        )

    def as_dict(self, language: str = "en") -> dict[str, Any]:
        """As plain data."""
        examples = [{"customer": e.customer, "was": e.was, "now": e.now, "why": e.why.in_(language)} for e in self.examples]
        return {**self.counts(), "managers": self.loads(), "examples": examples, "words": self.words().in_(language)}

    def holds(self, connection: Connection) -> bool:
        """Whether no fact changed since it was drawn."""
        return fact_seq(connection) == self.seq

    def keep(self, connection: Connection, by: str, now: int) -> None:
        """Write what changed, and the reason where none is known yet."""
        silent = (self.after == NOBODY) & ~self.pooled
        write = np.flatnonzero((self.before != self.after) | silent | ((self.after != NOBODY) & ~self.explained))
        why = [WHYS[number] for number in self.assigned.why[write].tolist()]
        ids = {each.name: rows.word_id(connection, each.name) for each in self.managers}
        after = self.after[write].copy()
        for at, each in enumerate(self.managers):  # a manager nobody had before has a number only now
            after[self.assigned.manager[write] == at] = ids[each.name]
        facts = [self.facts[at] for at in write.tolist()]
        former = self.before[write]
        rows.set_owners(connection, self.keys[write], after, why=why, facts=facts, former=former, note="", by=by, now=now)
        rows.forget(connection, self.gone)


def drawn(engine: Engine, policy: ManagerPolicy) -> Draw:
    """Draw who gets whom, as of now; nothing is written."""

    def also(connection: Connection) -> Any:
        managers = rows.every(connection)
        return (
            managers,
            rows.labels(connection, policy.output, policy.grades),
            rows.owners(connection),
            rows.kept(connection),
            rows.sellers(connection, [each.name for each in managers]) if policy.history else None,
            _words(connection, managers),
        )

    table, found = _table(engine, policy, also)
    managers, graded, owned, kept, sold, words = found
    grades = _placed(table.customer_id, *graded)
    rows_ = np.flatnonzero(grades != NOBODY)
    keys = table.customer_id[rows_]
    before, explained_owner, since_known = _placed(keys, *owned), _placed(keys, kept[0], kept[1], absent=-2), _has(keys, kept[0])
    number = {words[each.name]: at for at, each in enumerate(managers) if each.name in words}
    owners = np.array([number.get(word, NOBODY) for word in before.tolist()], np.int64)
    past = _placed(keys, *sold) if sold is not None else np.full(len(keys), NOBODY)
    columns = {name: _codes(table, getattr(policy, name))[rows_] for name in ("region", "language")}
    grade = Codes(grades[rows_], policy.grades)
    assigned = assign(
        columns["region"],
        columns["language"],
        grade,
        rank=_rank(table, policy)[rows_],
        owners=owners,
        past=past,
        managers=[each.places for each in managers],
        sticky=policy.sticky,
        history=policy.history,
    )
    number_of = np.array([*(words.get(each.name, -3 - at) for at, each in enumerate(managers)), NOBODY], np.int64)
    after = number_of[assigned.manager]
    ours = kept[0][_placed(kept[0], *owned) == kept[1]]  # not those to whom the facts gave another owner since
    gone = ours[~np.isin(ours, keys) & np.isin(ours, table.customer_id)]
    facts = _facts(grade, columns["region"], columns["language"])
    names = {**{word: name for name, word in words.items()}, **{-3 - at: each.name for at, each in enumerate(managers)}}
    draw = Draw(
        managers, names, keys, before, after, assigned, since_known & (explained_owner == NOBODY) & (before == NOBODY),
        since_known & (explained_owner == before) & (before != NOBODY), facts, gone, table.fact_seq,
    )  # fmt: skip
    draw.examples = _examples(engine, draw)
    return draw


def silent(engine: Engine, policy: ManagerPolicy) -> tuple[Array, Array, Array, int]:
    """Customers of managers without contact for as long as the policy says: keys, numbers of their owners, days of silence.

    Last, the state of the facts that this rests on.
    """
    now = clock.now()

    def also(connection: Connection) -> Any:
        managers = rows.every(connection)
        bought = rows.last_orders(connection, now) if "orders" in policy.contact else None
        said = interactions.last(connection, now) if "interactions" in policy.contact else None
        return rows.owners(connection), rows.kept(connection), rows.last_done(connection), bought, said, _words(connection, managers)

    table, (owned, kept, done, bought, said, words) = _table(engine, policy, also, contact=True)
    owners = _placed(table.customer_id, *owned)
    last = np.zeros(len(table), np.int64)
    current_owner = _placed(table.customer_id, kept[0], kept[1], absent=-2)
    since = np.where(current_owner == owners, _placed(table.customer_id, kept[0], kept[2], absent=0), 0)
    last = np.maximum(last, since)
    for name in policy.contact:
        if name == "tasks":
            last = np.maximum(last, _placed(table.customer_id, *done, absent=0))
        elif name == "interactions":
            last = np.maximum(last, _placed(table.customer_id, *said, absent=0))
        elif name == "orders":
            last = np.maximum(last, _placed(table.customer_id, *bought, absent=0))
        else:
            dates = np.asarray(table.columns[name]).astype("datetime64[D]").astype(np.int64)
            last = np.maximum(last, np.where(dates < 0, 0, dates * DAY))
    days = (now - last) // DAY
    chosen = np.isin(owners, list(words.values())) & (days >= policy.neglect_days)
    return table.customer_id[chosen], owners[chosen], days[chosen], table.fact_seq


def facts_of(engine: Engine, policy: ManagerPolicy, key: int) -> dict[str, str | None]:
    """Grade, region and language of one customer."""
    names = [name for name in (policy.region, policy.language) if name in engine.catalogue]
    table = read_one(engine.store, key, names, clock.now(), catalogue=engine.catalogue)
    with engine.store.read() as connection:
        keys, grades = rows.labels(connection, policy.output, policy.grades)
    at = np.flatnonzero(keys == key)
    found = {name: _codes(table, getattr(policy, name)).texts() for name in ("region", "language")}
    grade = policy.grades[int(grades[at[0]])] if len(at) else None
    return {"grade": grade, **{name: texts[0] if texts else None for name, texts in found.items()}}


def name_faults(engine: Engine, policy: ManagerPolicy) -> list[Fault]:
    """Outputs, labels and features of a policy that this store does not know. A custom field may come later."""
    faults = []
    for key, kinds in (("region", ("text",)), ("language", ("text",)), ("rank", ("amount", "number", "count", "days"))):
        name = getattr(policy, key)
        try:
            feature = engine.catalogue.resolve(name)
        except FeatureError as error:
            if not name.startswith("custom."):
                faults.append(Fault("TW412", key, str(error)))
            continue
        if feature.dtype not in kinds:
            faults.append(Fault("TW412", key, f"{name} is a {feature.dtype}", f"expected one of {', '.join(kinds)}"))
    for at, name in enumerate(policy.contact):
        if name not in BUILT_IN and name in engine.catalogue and engine.catalogue.resolve(name).dtype != "date":
            faults.append(Fault("TW412", f"contact[{at}]", f"{name} is a {engine.catalogue.resolve(name).dtype}", "expected a date"))
    try:
        outputs = {
            f"{entry.key}.{each.name}": each for entry in engine.rulebook().entries for each in entry.policy.outputs() if each.has_history
        }
    except RulebookError:
        return faults
    if policy.output not in outputs:
        faults.append(Fault("TW412", "output", f"{policy.output!r} is no output with labels", did_you_mean(policy.output, outputs)))
        return faults
    known = [label.key for label in outputs[policy.output].labels] or ["true", "false"]
    for at, grade in enumerate(policy.grades):
        if grade not in known:
            faults.append(
                Fault(
                    "TW412",
                    f"grades[{at}]",
                    f"{policy.output} has no label {grade!r}",
                    did_you_mean(grade, known) or f"labels are {', '.join(known)}",
                )
            )
    return faults


def _table(engine: Engine, policy: ManagerPolicy, also: Any, *, contact: bool = False) -> tuple[FeatureTable, Any]:
    names = [policy.region, policy.language, policy.rank]
    if contact:
        names = [name for name in policy.contact if name not in BUILT_IN]
    catalogue = engine.catalogue
    wanted = list(dict.fromkeys(name for name in names if _known(catalogue, name)))
    table, found = read_features(engine.store, wanted or ["orders.count"], clock.now(), catalogue=catalogue, also=also, keep=False)
    if contact:
        for name in names:
            if name not in table.columns:
                table.columns = {**table.columns, name: np.full(len(table), np.datetime64("NaT", "D"))}
    return table, found


def _known(catalogue: Any, name: str) -> bool:
    try:
        catalogue.resolve(name)
    except FeatureError:
        return False
    return True


def _codes(table: FeatureTable, name: str) -> Codes:
    column: Column | None = table.columns.get(name)
    return column if isinstance(column, Codes) else Codes(np.full(len(table), -1), ())


def _rank(table: FeatureTable, policy: ManagerPolicy) -> Array:
    column = table.columns.get(policy.rank)
    return np.zeros(len(table)) if column is None or isinstance(column, Codes) else np.asarray(column, float)


def _words(connection: Connection, managers: Sequence[Manager]) -> dict[str, int]:
    """The dictionary's numbers of managers whom the facts name already."""
    from sqlalchemy import select

    from engine.store.models import term

    names = [each.name for each in managers]
    query = select(term.c.value, term.c.id).where(term.c.field == rows.TERMS, term.c.value.in_(names))
    return dict(connection.execute(query).all())


def _placed(keys: Array, there: Array, values: Array, *, absent: int = NOBODY) -> Array:
    """Values by key, for these keys."""
    if not len(there):
        return np.full(len(keys), absent, np.int64)
    order = np.argsort(there, kind="stable")
    at = np.clip(np.searchsorted(there, keys, sorter=order), 0, len(there) - 1)
    place = order[at]
    return np.where(there[place] == keys, values[place], absent).astype(np.int64)


def _has(keys: Array, there: Array) -> Array:
    return np.isin(keys, there)


def _facts(grade: Codes, region: Codes, language: Codes) -> list[str]:
    """What each assignment rests on, as JSON; made once per combination."""
    stacked = np.stack([grade.codes, region.codes, language.codes], axis=1)
    combinations, inverse = np.unique(stacked, axis=0, return_inverse=True)
    said = []
    for codes in combinations.tolist():
        texts = [None if code < 0 else column.values[code] for code, column in zip(codes, (grade, region, language), strict=True)]
        said.append(json.dumps(dict(zip(("grade", "region", "language"), texts, strict=True)), ensure_ascii=False))
    return [said[at] for at in inverse.ravel().tolist()]


def _examples(engine: Engine, draw: Draw) -> list[Given]:
    """Some of those whose manager changes, moved ones first."""
    changed = draw.changed
    order = np.lexsort((changed, draw.before[changed] == NOBODY))
    chosen = changed[order][:SHOWN]
    from engine.store.models import term

    with engine.store.read() as connection:
        ids = external_ids_many(connection, draw.keys[chosen])
        from sqlalchemy import select

        words = {number for number in draw.before[chosen].tolist() if number != NOBODY}
        names = dict(connection.execute(select(term.c.id, term.c.value).where(term.c.id.in_(words))).all())
    found = []
    for at in chosen.tolist():
        was, number = names.get(int(draw.before[at])), int(draw.assigned.manager[at])
        now = None if number == NOBODY else draw.managers[number].name
        why = WHYS[int(draw.assigned.why[at])]
        found.append(Given(ids[int(draw.keys[at])], was, now, why_words(why, now, former=was, facts=json.loads(draw.facts[at]))))
    return found


__all__ = ["LOAD", "Draw", "Given", "drawn", "facts_of", "name_faults", "silent"]
