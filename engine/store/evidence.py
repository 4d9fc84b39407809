"""The facts behind one feature of one customer: which rows it counts, and why it leaves the others out.

The verdict on a row is SQL made of the very tests by which `engine.store.feature_sql` reads the feature, so that what is
listed as counted is what was counted. Rows come page by page; counts and sums are of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping

from engine.catalogue import Feature
from engine.store.feature_sql import DAY, FACTS, Customers, Plan, Query, filter_sql, rendered
from engine.store.features import text_ids
from engine.store.models import REFUND, SALE

COUNTED = "counted"
TEXTS = ("channel", "store", "seller", "status", "currency")
"""Texts of an order that a reader may want to see, and filters ask for."""


@dataclass(frozen=True, slots=True)
class Scope:
    """How a feature looks at the rows of its source. moment: UTC epoch seconds.

    last, before: of the gap between orders, the two moments that count; None for every other feature.
    """

    feature: Feature
    plan: Plan
    moment: int
    ids: tuple[tuple[int, ...], ...]
    run_seq: int
    run_started: int
    last: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One fact: an order, a refund or an order line.

    verdict: "counted", or the key of the reason why not. value: what it adds, in the integers of the store; None of a
    fact that adds nothing but itself. sign: -1 of a refund that is taken off.
    """

    kind: int
    external_id: str
    ordinal: int | None
    at: int
    day: int
    amount: int
    value: int | None
    sign: int
    verdict: str
    merged_from: str | None
    changed_since: bool
    texts: Mapping[str, str | None]


def scope_of(connection: Connection, feature: Feature, customer: int, moment: int, run_seq: int, run_started: int) -> Scope:
    """Prepare a look at a feature of orders, refunds or lines."""
    plan = Plan([feature])
    if feature.where:
        filter_sql(feature, plan)  # notes the texts that its ids are looked up for
    ids = tuple(tuple(text_ids(connection, kind, text)) for kind, text in plan.texts)
    scope = Scope(feature, plan, moment, ids, run_seq, run_started)
    if feature.aggregate != "gap":
        return scope
    last = _moment(connection, scope, customer, "")
    before = None if last is None else _moment(connection, scope, customer, f" and o.ordered_at < {last}")
    return Scope(feature, plan, moment, ids, run_seq, run_started, last, before)


def _moment(connection: Connection, scope: Scope, customer: int, also: str) -> int | None:
    """The last moment of a row that passes everything but the window."""
    where = f" and {filter_sql(scope.feature, scope.plan)}" if scope.feature.where else ""
    until = scope.feature.ends_days_before * DAY
    text = f"select max(o.ordered_at) from orders o where o.customer_id @who and o.kind = {SALE} and o.ordered_at <= @s{until}{where}{also}"
    found = connection.exec_driver_sql(_filled(scope, text, customer)).scalar()
    return None if found is None else int(found)


def totals(connection: Connection, scope: Scope, customer: int) -> dict[str, tuple[int, int]]:
    """Rows and the sum of their signed values, by verdict."""
    text = f"select verdict, count(*), cast(coalesce(sum(sign * value), 0) as bigint) from ({_rows_sql(scope)}) f group by verdict"
    return {row[0]: (int(row[1]), int(row[2])) for row in connection.exec_driver_sql(_filled(scope, text, customer))}


def page(connection: Connection, scope: Scope, customer: int, *, only: str, offset: int, limit: int) -> list[Row]:
    """Rows from the newest to the oldest. only: "counted", "left out", or "" for all."""
    where = {"": "", "counted": f" where verdict = '{COUNTED}'", "left out": f" where verdict <> '{COUNTED}'"}[only]
    text = f"select * from ({_rows_sql(scope)}) f{where} order by at desc, order_id desc, ordinal limit {limit} offset {offset}"
    return [_row(found) for found in connection.exec_driver_sql(_filled(scope, text, customer)).mappings()]


def deciding(connection: Connection, scope: Scope, customer: int) -> frozenset[int]:
    """The moments that a recency, tenure, interval or gap is made of."""
    if scope.feature.aggregate == "gap":
        return frozenset(at for at in (scope.last, scope.before) if at is not None)
    if scope.feature.aggregate not in ("recency", "tenure", "interval"):
        return frozenset()
    text = f"select min(at), max(at) from ({_rows_sql(scope)}) f where verdict = '{COUNTED}'"
    first, last = connection.exec_driver_sql(_filled(scope, text, customer)).one()
    wanted = {"recency": (last,), "tenure": (first,), "interval": (first, last)}[scope.feature.aggregate]
    return frozenset(int(at) for at in wanted if at is not None)


def _filled(scope: Scope, text: str, customer: int) -> str:
    return rendered(Query("evidence", text), sqlite=False, as_of=scope.moment, ids=scope.ids, who=Customers(customer, customer))


def _row(found: RowMapping) -> Row:
    return Row(
        kind=int(found["kind"]),
        external_id=found["external_id"],
        ordinal=None if found["ordinal"] is None else int(found["ordinal"]),
        at=int(found["at"]),
        day=int(found["day"]),
        amount=int(found["amount"]),
        value=None if found["value"] is None else int(found["value"]),
        sign=int(found["sign"]),
        verdict=found["verdict"],
        merged_from=found["merged_from"],
        changed_since=bool(found["changed_since"]),
        texts={name: found[name] for name in (*TEXTS, "product", "category")},
    )


def _rows_sql(scope: Scope) -> str:
    """Every row of the customer with its verdict."""
    feature = scope.feature
    lines = feature.source == "lines"
    value = _value(feature)
    texts = ", ".join(f"t_{name}.value as {name}" for name in TEXTS)
    joins = "".join(f" left join term t_{name} on t_{name}.id = o.{name}_id" for name in TEXTS)
    if lines:
        columns = "case when l.ordinal < 0 then -1 - l.ordinal else l.ordinal end as ordinal, l.amount as amount, coalesce(p.name, p.external_id) as product, t_cat.value as category"
        joins += " join order_line l on l.order_id = o.id left join product p on p.id = l.product_id and p.voided_at is null left join term t_cat on t_cat.id = p.category_id"
    else:
        columns = "null as ordinal, o.amount as amount, null as product, null as category"
    sign = f"case when o.kind in ({REFUND}, {-1 - REFUND}) then -1 else 1 end" if feature.of == "net_amount" else "1"
    changed = f"case when b.fact_seq > {scope.run_seq} or o.voided_at >= {scope.run_started} then 1 else 0 end"
    return (
        f"select o.id as order_id, o.external_id as external_id, o.kind as kind, o.ordered_at as at, o.ordered_on as day, {columns}, "
        f"{value} as value, {sign} as sign, {_verdict(scope, value)} as verdict, bc.external_id as merged_from, {changed} as changed_since, {texts} "
        f"from orders o{joins} left join customer bc on bc.id = o.booked_customer_id left join import_batch b on b.id = o.batch_id "
        f"where o.customer_id @who"
    )


def _value(feature: Feature) -> str:
    """What a row adds: of sums and averages the summed column, of distinct products the product."""
    if feature.aggregate == "distinct":
        return "l.product_id"
    if feature.aggregate in ("sum", "average") or (feature.aggregate == "fold" and feature.of):
        column = "amount" if feature.of == "net_amount" else feature.of
        return f"{'l' if feature.source == 'lines' else 'o'}.{column}"
    return "cast(null as bigint)"


def _verdict(scope: Scope, value: str) -> str:
    feature = scope.feature
    until = feature.ends_days_before * DAY
    kinds = (SALE, REFUND) if feature.of == "net_amount" else (REFUND,) if feature.source == "refunds" else (SALE,)
    listed = ", ".join(map(str, kinds))
    tests = [f"when o.kind in ({-1 - SALE}, {-1 - REFUND}) then 'voided'"]
    if feature.source == "lines":
        tests.append("when l.ordinal < 0 then 'voided'")
    tests.append(f"when o.kind not in ({listed}) then '{'sale' if feature.source == 'refunds' else 'refund'}'")
    tests.append("when o.ordered_at > @s0 then 'after'")
    if until:
        tests.append(f"when o.ordered_at > @s{until} then 'too_recent'")
    if feature.where:
        tests.append(f"when not coalesce({filter_sql(feature, scope.plan)}, false) then 'filter'")
    if feature.window_days and feature.aggregate != "gap":
        tests.append(f"when o.ordered_at <= @s{until + feature.window_days * DAY} then 'before_window'")
    if feature.aggregate == "gap":
        if feature.window_days and scope.last is not None and scope.last <= scope.moment - until - feature.window_days * DAY:
            tests.append("when 1 = 1 then 'before_window'")
        moments = ", ".join(str(at) for at in (scope.last, scope.before) if at is not None) or "-1"
        tests.append(f"when o.ordered_at not in ({moments}) then 'older'")
    if feature.aggregate in ("sum", "average", "distinct"):
        tests.append(f"when {value} is null then 'no_value'")
    return f"case {' '.join(tests)} else '{COUNTED}' end"


__all__ = ["COUNTED", "FACTS", "Row", "Scope", "deciding", "page", "scope_of", "totals"]
