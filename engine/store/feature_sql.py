"""Turn features into SQL: one GROUP BY per fact source, selecting integers only.

A feature is made of pieces, each one integer aggregate; equal pieces of different features are read once. Everything
that divides happens later in NumPy (ENGINE 10, 12). What all pieces of a query have in common (kind, window, filter)
stands in its WHERE: on 10 M orders that takes the query from 1.2 s to 0.8 s, so sales and refunds are two queries.

The texts are the same for every moment and both databases. `@names` stand for what is filled in by `rendered`:
`@s86400` the moment that many seconds before `as_of`, `@u86400` the same but never after what is known, `@t3` the ids of
the fourth text, `@who` the customers asked for (a range of keys, or some keys), `@index`, `@rows`, `@join` the hints
that SQLite needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from engine.catalogue import Catalogue, Feature
from engine.condition_documents import Node, Not
from engine.errors import FeatureError
from engine.feature_filters import checked_filter
from engine.folds import Fold
from engine.leaves import PRESENCE, Leaf
from engine.store.models import REFUND, SALE

NULL = -(2**62)
"""What stands for "none" in an integer column: smaller than any moment, day or amount."""

DAY = 86_400
FACTS = ("orders", "refunds", "lines")
CONTACT = "contact"
"""The source of interactions, read by the same statements as orders from rows of the same names."""
_CONTACTS = "(select customer_id, at as ordered_at from interaction where voided_at is null)"
LEDGER = "points"
"""The source that is no fact: what members earned, which the fact clock does not tell."""
ISSUED = "issued"
"""The account of the points ledger that says what was given, below zero."""
PROFILE_COLUMNS = {
    "kind": "kind",
    "gender": "gender",
    "birth_day": "birth_day",
    "country": "country_id",
    "region": "region_id",
    "city": "city_id",
    "industry": "industry_id",
    "education": "education_id",
    "income": "income",
    "joined_at": "joined_at",
}
FILTERED: Mapping[str, str] = {
    **{name: f"o.{name}_id" for name in ("channel", "store", "seller", "status")},
    "category": "p.category_id",
    "product": "l.product_id",
}
"""The columns of filters."""

_COVERED = frozenset({"o.channel_id", "o.amount", "o.ordered_at", "o.ordered_on", "1"})
"""The columns of ix_orders_features; a query that needs another one reads the rows (ENGINE 27)."""

_VALUES: Mapping[str, str] = {
    "count": "1",
    "first": "o.ordered_at",
    "last": "o.ordered_at",
    "days": "o.ordered_on",
    "first_day": "o.ordered_on",
    "last_day": "o.ordered_on",
    "day": "o.ordered_on",
    "distinct": "l.product_id",
    "before": "o.ordered_at",
}
_AGGREGATES: Mapping[str, str] = {
    "count": "count({})",
    "sum": "cast(coalesce(sum({}), 0) as bigint)",
    "days": "count(distinct {})",
    "distinct": "count(distinct {})",
    "first": f"coalesce(min({{}}), {NULL})",
    "first_day": f"coalesce(min({{}}), {NULL})",
    "last": f"coalesce(max({{}}), {NULL})",
    "last_day": f"coalesce(max({{}}), {NULL})",
}
NOTHING: Mapping[str, int] = dict.fromkeys(("first", "first_day", "last", "last_day", "before", "value"), NULL)
"""What a customer without rows has of a piece; 0 of every other."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One integer aggregate.

    what: a key of `_AGGREGATES`, "before" (the moment before the last one), "day" (every purchase day), "fold" (what `fold` makes of every
        day under the name `part`) or "value".
    after, until: seconds before `as_of`; only rows in (as_of - after, as_of - until]. where: a filter as SQL.
    """

    source: str
    what: str
    of: str = ""
    after: int | None = None
    until: int = 0
    where: str = ""
    fold: Fold | None = None
    part: str = ""

    @property
    def value(self) -> str:
        """The SQL of what is aggregated."""
        return self.of if self.what == "sum" else _VALUES[self.what]

    @property
    def covered(self) -> bool:
        """Whether the covering index of orders answers it."""
        return self.source != "lines" and {self.value, *re.findall(r"[olp]\.\w+", self.where)} <= _COVERED


@dataclass(frozen=True, slots=True)
class Query:
    """One statement: customer_id, then a column for each piece (p0, p1, ...)."""

    name: str
    text: str
    pieces: tuple[Piece, ...] = ()


@dataclass(slots=True)
class Plan:
    """What a read of some features takes.

    features: with what ratios are made of, in the order in which they can be computed. pieces: of each feature.
    profile: columns of the customers themselves. texts: (field, value) of which `@t0`, `@t1`, ... are the ids.
    """

    features: list[Feature]
    pieces: dict[str, tuple[Piece, ...]] = field(default_factory=dict)
    profile: list[str] = field(default_factory=list)
    queries: list[Query] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)

    def text(self, kind: str, value: str) -> str:
        """The placeholder of the ids of a text."""
        if (kind, value) not in self.texts:
            self.texts.append((kind, value))
        return f"@t{self.texts.index((kind, value))}"

    @property
    def wanted(self) -> list[Piece]:
        """Every piece once."""
        return list(dict.fromkeys(piece for pieces in self.pieces.values() for piece in pieces))

    @property
    def edges(self) -> list[int]:
        """Seconds before `as_of` at which orders come into some window or leave it."""
        return self._edges(FACTS)

    @property
    def contact_edges(self) -> list[int]:
        """The same of interactions."""
        return self._edges((CONTACT,))

    def _edges(self, sources: Sequence[str]) -> list[int]:
        facts = [piece for piece in self.wanted if piece.source in sources]
        return sorted({piece.until for piece in facts} | {piece.after for piece in facts if piece.after is not None})

    @property
    def folds(self) -> bool:
        """Whether something changes with the business day although no fact does."""
        return any(piece.what == "fold" for piece in self.wanted)

    @property
    def beside_facts(self) -> bool:
        """Whether something is read whose changes the fact clock does not tell; such columns are never taken from a cache."""
        return any(piece.source == LEDGER for piece in self.wanted)


def make_plan(names: Iterable[str], catalogue: Catalogue) -> Plan:
    """The queries for the named features. Raises `FeatureError` for an unknown name or a feature that cannot be read."""
    plan = Plan(_with_terms(names, catalogue))
    for feature in plan.features:
        plan.pieces[feature.name] = _pieces(feature, plan, catalogue)
    plan.profile = sorted({feature.of for feature in plan.features if feature.source == "profile"})
    wanted = plan.wanted
    plan.queries = [
        _customer_query(plan.profile),
        *_fact_queries(wanted),
        *_day_queries(wanted),
        *_fold_queries(wanted),
        *_custom_queries(plan),
        *_tag_queries(plan),
    ]
    return plan


def _with_terms(names: Iterable[str], catalogue: Catalogue) -> list[Feature]:
    found: dict[str, Feature] = {}

    def add(name: str, way: tuple[str, ...]) -> None:
        if name in way:
            raise FeatureError(f"{name} is made of itself: {' -> '.join((*way, name))}")
        feature = catalogue.resolve(name)
        for term in feature.terms or ():
            add(term, (*way, name))
        found.setdefault(name, feature)

    for name in names:
        add(name, ())
    return list(found.values())


def _pieces(feature: Feature, plan: Plan, catalogue: Catalogue) -> tuple[Piece, ...]:
    """The integer aggregates that a feature is made of."""
    if feature.terms:
        if not feature.min_count:
            return ()
        counted = replace(catalogue.resolve(feature.terms[1]), aggregate="count", of="")
        return _pieces(counted, plan, catalogue)
    if feature.aggregate == "fold":
        return (
            Piece(
                feature.source,
                "fold",
                feature.of,
                where=filter_sql(feature, plan) if feature.where else "",
                fold=feature.fold,
                part=feature.part,
            ),
        )
    if feature.source not in (*FACTS, CONTACT):
        if feature.source == "tags":
            return (Piece("tags", "borne", feature.of),)
        return (Piece("custom", "value", feature.of),) if feature.source == "custom" else ()
    until = feature.ends_days_before * DAY
    after = until + feature.window_days * DAY if feature.window_days else None
    where = filter_sql(feature, plan) if feature.where else ""

    def piece(what: str, of: str = "", source: str = feature.source) -> Piece:
        return Piece(source, what, of and f"{'l' if source == 'lines' else 'o'}.{of}", after, until, where)

    match feature.aggregate:
        case "sum" if feature.of == "net_amount":
            return (piece("sum", "amount"), piece("sum", "amount", "refunds"))
        case "sum":
            return (piece("sum", feature.of),)
        case "average":
            return (piece("sum", feature.of), piece("count"))
        case "count" | "days" | "distinct":
            return (piece(feature.aggregate),)
        case "recency" | "last":
            return (piece("last"),)
        case "tenure":
            return (piece("first"),)
        case "interval":
            return (piece("first_day"), piece("last_day"), piece("days"))
        case "interval_median":
            return (piece("day"),)
        case "gap":  # the last row of all, and the one before it where the last lies in the window
            return (replace(piece("last"), after=None), piece("before"))
    raise FeatureError(f"{feature.name}: the aggregate {feature.aggregate!r} cannot be read from {feature.source}")


def _customer_query(columns: Sequence[str]) -> Query:
    """Every stored customer: key hash, whether it is not graded, and the profile columns asked for."""
    chosen = "".join(f", cast(coalesce(o.{PROFILE_COLUMNS[name]}, {NULL}) as bigint) as {name}" for name in columns)
    flag = "case when o.not_graded is null then 0 else 1 end as not_graded"
    live = "o.merged_into is null and o.voided_at is null"
    return Query("customers", f"select o.id as customer_id, o.key_hash, {flag}{chosen} from customer o where o.id @who and {live}")


def _custom_queries(plan: Plan) -> list[Query]:
    """All custom fields asked for, as rows (customer, field, value)."""
    names = [feature.of for feature in plan.features if feature.source == "custom"]
    if not names:
        return []
    fields = ", ".join(plan.text("custom field", name) for name in names)
    where = f"o.customer_id @who and o.field_id in ({fields})"
    text = f"select o.customer_id as customer_id, o.field_id as p0, o.value as p1 from custom_value o where {where}"
    return [Query("custom", text, tuple(Piece("custom", "value", name) for name in names))]


def _tag_queries(plan: Plan) -> list[Query]:
    """All tags and groups asked for, as rows (customer, tag, 1)."""
    names = [feature.of for feature in plan.features if feature.source == "tags"]
    if not names:
        return []
    marks = ", ".join(plan.text("tag", name) for name in names)
    where = f"o.customer_id @who and o.tag_id in ({marks})"
    text = f"select o.customer_id as customer_id, o.tag_id as p0, cast(1 as bigint) as p1 from tag_member o where {where}"
    return [Query("tags", text, tuple(Piece("tags", "borne", name) for name in names))]


def _day_queries(pieces: Iterable[Piece]) -> list[Query]:
    """Raw purchase days, which only medians need: the one kind of feature that no GROUP BY of integers gives (ENGINE 27)."""
    found = []
    for number, piece in enumerate(piece for piece in pieces if piece.what == "day"):
        hint = "@index" if piece.covered else "@rows"
        where = " and ".join([_scope(piece.source), *_tests(piece)])
        text = f"select o.customer_id as customer_id, o.ordered_on as p0 from orders o {hint} where {where}"
        found.append(Query(f"days-{number}", text, (piece,)))
    return found


def _fold_queries(pieces: Iterable[Piece]) -> list[Query]:
    """The days that folds are made of, as rows (customer, day, value), once for all folds of the same; of points the moment."""
    streams: dict[tuple[str, str, str], list[Piece]] = {}
    for piece in pieces:
        if piece.what == "fold":
            streams.setdefault((piece.source, piece.of, piece.where), []).append(piece)
    return [Query(f"fold-{number}", _stream(members[0]), tuple(members)) for number, members in enumerate(streams.values())]


def _stream(piece: Piece) -> str:
    if piece.source == LEDGER:
        tables = "points_entry e join points_act o on o.id = e.act_id"
        where = f"o.customer_id @who and e.account = '{ISSUED}' and o.at <= @u0"
        return f"select o.customer_id as customer_id, o.at as p0, cast(-e.points as bigint) as p1 from {tables} where {where}"
    net = piece.of == "net_amount"
    value = f"case when o.kind = {REFUND} then -o.amount else o.amount end" if net else f"o.{piece.of}" if piece.of else "1"
    kinds = f"in ({SALE}, {REFUND})" if net else f"= {_kind(piece.source)}"
    where = " and ".join([f"o.customer_id @who and o.kind {kinds}", *_tests(piece)])
    hint = "@index" if replace(piece, what="sum", of="o.amount").covered and piece.of != "cost" else "@rows"
    return f"select o.customer_id as customer_id, o.ordered_on as p0, cast({value} as bigint) as p1 from orders o {hint} where {where}"


def _fact_queries(pieces: Iterable[Piece]) -> list[Query]:
    """One query per source and kind; those that the index does not cover apart, so that they do not slow the others."""
    groups: dict[tuple[str, bool], list[Piece]] = {}
    for piece in pieces:
        if piece.source in (*FACTS, CONTACT) and piece.what not in ("day", "fold"):
            groups.setdefault((piece.source, piece.covered), []).append(piece)
    return [_fact_query(source, covered, members) for (source, covered), members in groups.items()]


def _fact_query(source: str, covered: bool, pieces: Sequence[Piece]) -> Query:
    plain = [piece for piece in pieces if piece.what != "before"]
    before = [piece for piece in pieces if piece.what == "before"]
    common = set(_tests(plain[0])).intersection(*map(_tests, plain))
    widest = None if any(piece.after is None for piece in plain) else f"o.ordered_at > @s{max(piece.after or 0 for piece in plain)}"
    if widest:
        common.add(widest)
    columns = ", ".join(f"{_aggregate(piece, common)} as p{number}" for number, piece in enumerate(plain))
    if source == "lines":
        tables = "orders o @rows @join order_line l on l.order_id = o.id and l.ordinal >= 0"
        if any("p." in piece.where for piece in pieces):
            tables += " left join product p on p.id = l.product_id and p.voided_at is null"
    elif source == CONTACT:
        tables = f"{_CONTACTS} o"
    else:
        tables = f"orders o {'@index' if covered else '@rows'}"
    where = " and ".join([_scope(source), *sorted(common)])
    text = f"select o.customer_id as customer_id, {columns} from {tables} where {where} group by o.customer_id"
    if before:
        seeks = "".join(f", {_seek(piece, plain)} as p{number}" for number, piece in enumerate(before, len(plain)))
        text = f"select g.*{seeks} from ({text}) g"
    return Query(f"{source}-{'index' if covered else 'rows'}", text, (*plain, *before))


def _seek(piece: Piece, plain: Sequence[Piece]) -> str:
    """The last moment before the last: one index seek per customer, and only for those whose last lies in the window.

    Orders of one moment count once: files that know only dates book all orders of a day at 00:00.
    """
    last = f"g.p{plain.index(replace(piece, what='last', after=None))}"
    tests = _tests(replace(piece, after=None))
    where = " and ".join([f"o.customer_id = g.customer_id and o.kind = {_kind(piece.source)} and o.ordered_at < {last}", *tests[1:]])
    seek = f"coalesce((select max(o.ordered_at) from orders o @index where {where}), {NULL})"
    return seek if piece.after is None else f"case when {last} > @s{piece.after} then {seek} else {NULL} end"


def _kind(source: str) -> int:
    return REFUND if source == "refunds" else SALE


def _scope(source: str) -> str:
    if source == CONTACT:
        return "o.customer_id @who"
    return f"o.customer_id @who and o.kind = {_kind(source)}"


def _tests(piece: Piece) -> list[str]:
    tests = [f"o.ordered_at <= @u{piece.until}"]
    if piece.after is not None:
        tests.append(f"o.ordered_at > @s{piece.after}")
    if piece.where:
        tests.append(piece.where)
    return tests


def _aggregate(piece: Piece, common: set[str]) -> str:
    own = [test for test in _tests(piece) if test not in common]
    value = f"case when {' and '.join(own)} then {piece.value} end" if own else piece.value
    return _AGGREGATES[piece.what].format(value)


# --- filters ----------------------------------------------------------------------------------------------------


def filter_sql(feature: Feature, plan: Plan) -> str:
    """A feature's filter as SQL of integers. SQL's own three values are those of conditions: unknown does not match."""
    return _node_sql(checked_filter(feature.name, feature.where or {}, feature.source), plan)


def _node_sql(node: Node, plan: Plan) -> str:
    if isinstance(node, Leaf):
        return _leaf_sql(node, plan)
    if isinstance(node, Not):
        return f"(not {_node_sql(node.item, plan)})"
    joined = (" and " if node.kind == "all" else " or ").join(_node_sql(item, plan) for item in node.items)
    return f"({joined})"


def _leaf_sql(leaf: Leaf, plan: Plan) -> str:
    column = FILTERED[leaf.feature]
    if leaf.op in PRESENCE:
        return f"{column} is {'not ' if leaf.op == 'is_present' else ''}null"
    ids = ", ".join(plan.text(leaf.feature, str(text)) for text in leaf.literals)
    return f"{column} {'in' if leaf.op in ('=', 'in') else 'not in'} ({ids})"


# --- filling in -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Customers:
    """Whom a statement is about, by internal key: `first` to `last`, or only `some` (ascending)."""

    first: int
    last: int
    some: tuple[int, ...] | None = None

    @property
    def many(self) -> bool:
        """Whether reading every order in passing is faster than looking these customers up."""
        return self.some is None and self.first < self.last

    def sql(self, *, sqlite: bool) -> str:
        """The test that comes after a column of customer keys."""
        if self.some is None:
            return f"between {self.first} and {self.last}"
        keys = ",".join(map(str, self.some))
        return f"in (select value from json_each('[{keys}]'))" if sqlite else f"= any('{{{keys}}}'::bigint[])"


def rendered(
    query: Query, *, sqlite: bool, as_of: int, ids: Sequence[Sequence[int]], who: Customers, known_until: int | None = None
) -> str:
    """The statement for some customers as of a moment. ids: of each text of the plan, none if unknown.

    known_until: facts after this moment do not count, though the columns are as of a later one.
    """
    index = "indexed by ix_orders_features" if sqlite else ""
    fixed = {
        "who": who.sql(sqlite=sqlite),
        "index": index,
        "rows": ("not indexed" if who.many else index) if sqlite else "",
        "join": "cross join" if sqlite else "join",  # keeps orders outside, so that lines are read in their own order
    }

    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name in fixed:
            return fixed[name]
        number = int(name[1:])
        if name[0] == "t":
            return ", ".join(map(str, ids[number])) or "-1"
        moment = as_of - number
        return str(moment if name[0] == "s" or known_until is None else min(moment, known_until))

    return re.sub(r"@(\w+)", filled, query.text)
