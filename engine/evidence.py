"""Open a feature of an explanation: the facts that it counted, and those that it left out, with the reason.

The facts are today's, looked at as of the run's moment. What changed since the run is marked, and where the run read
another value, the answer says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, select

from engine.catalogue import Feature
from engine.errors import FeatureError
from engine.kinds import Value
from engine.moments import written
from engine.naming import Naming
from engine.policy import Text
from engine.rulebook import Rulebook
from engine.store import evidence as facts_of
from engine.store.evidence import COUNTED, Row, Scope
from engine.store.facts import store_settings
from engine.store.feature_columns import QUANTITY_SCALE
from engine.store.features import read_one
from engine.store.inputs import Inputs
from engine.store.models import REFUND, customer
from engine.store.outcomes import RunRecord
from engine.store.session import Store
from engine.values import json_value, value_at
from engine.wording import Words

PAGE, LARGEST_PAGE = 100, 1_000
"""Facts per page."""

NOT_GIVEN = "not_given"
"""Why a field of the customer record is not counted."""

_FILTERED = {
    "channel": Text("channel", "渠道"),
    "store": Text("store", "门店"),
    "seller": Text("seller", "销售人员"),
    "status": Text("status", "状态"),
    "category": Text("category", "品类"),
    "product": Text("product", "商品"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. kind: "order", "refund", "line", or "customer" for a field of the customer record.

    counted: whether the feature counts it; reason, reason_text: why not. decides: whether the value is its moment.
    value: what it adds to a sum, in the feature's units. merged_from: whose it was before a join. changed_since: whether it came
    or changed after the run.
    """

    kind: str
    id: str
    at: str | None
    amount: float | None
    counted: bool
    reason: str | None = None
    reason_text: str = ""
    value: Any = None
    decides: bool = False
    line: int | None = None
    details: Mapping[str, str] | None = None
    merged_from: str | None = None
    changed_since: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """The facts behind one feature of one customer as of a run's moment.

    value, text: of today's facts; run_value: what the run read, where it is still kept. counted, left_out: how many
    facts, the latter by reason. total: the sum of what the counted facts add, in the feature's units. facts: one page;
    next_offset: where the next begins, None after the last. parts: of a ratio or difference, the two it is made of.
    """

    customer: str
    feature: str
    title: str
    value: Any
    text: str
    run: int
    as_of: str
    run_value: Any
    counted: int
    left_out: Mapping[str, int]
    total: float | None
    facts: tuple[Fact, ...]
    next_offset: int | None
    parts: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which facts are asked for. only: "counted", "left out", or "" for all."""

    only: str = ""
    offset: int = 0
    limit: int = PAGE


class Evidences:
    """Evidence of one customer in one run."""

    def __init__(
        self, store: Store, record: RunRecord, rulebook: Rulebook, inputs: Inputs | None, customer_id: int, name: str, language: str
    ) -> None:
        self.store, self.record, self.rulebook, self.inputs = store, record, rulebook, inputs
        self.customer_id, self.name = customer_id, name
        self.catalogue = rulebook.catalogue
        self.business = business = store_settings(store)
        self.words = Words(language, business.currency, business.minor_digits, Naming(rulebook))

    def of(self, name: str, asked: Asked) -> Evidence:
        """The evidence of one feature. Raises `FeatureError` for an unknown one, and for what no fact lies behind."""
        if not 1 <= asked.limit <= LARGEST_PAGE or asked.offset < 0:
            raise FeatureError(f"a page holds 1 to {LARGEST_PAGE:,} facts and begins at 0 or later")
        if name in {f"{step.entry.key}.{output.name}" for step in self.rulebook.plan.steps for output in step.outputs}:
            raise FeatureError(f"{name} is an outcome, not a feature; explain the policy {name.partition('.')[0]} instead")
        feature = self.catalogue.resolve(name)
        table = read_one(self.store, self.customer_id, [name], self.record.as_of, catalogue=self.catalogue)
        value = value_at(table.columns[name], 0) if len(table) else None
        with self.store.read() as connection:
            changed = (connection.scalar(select(customer.c.fact_seq).where(customer.c.id == self.customer_id)) or 0) > self.record.fact_seq
            return self._of(connection, feature, value, asked, changed=changed)

    def _of(self, connection: Connection, feature: Feature, value: Value | None, asked: Asked, *, changed: bool) -> Evidence:
        if feature.terms:
            parts = tuple(self.of(term, asked) for term in feature.terms)
            return self._answer(feature, value, {}, None, [], None, changed=changed, parts=parts)
        if feature.source not in facts_of.FACTS:
            found = self._field(feature, value, changed=changed)
            return self._answer(feature, value, {found.reason or COUNTED: (1, 0)}, None, [found], None, changed=changed)
        record = self.record
        scope = facts_of.scope_of(connection, feature, self.customer_id, record.as_of, record.fact_seq, record.started_at)
        totals = facts_of.totals(connection, scope, self.customer_id)
        rows = facts_of.page(connection, scope, self.customer_id, only=asked.only, offset=asked.offset, limit=asked.limit + 1)
        more = asked.offset + asked.limit if len(rows) > asked.limit else None
        deciding = facts_of.deciding(connection, scope, self.customer_id)
        facts = [self._fact(scope, row, deciding) for row in rows[: asked.limit]]
        total = totals.get(COUNTED, (0, 0))[1] / self._scale(feature) if feature.aggregate in ("sum", "average") else None
        return self._answer(feature, value, totals, total, facts, more, changed=changed)

    def _field(self, feature: Feature, value: Value | None, *, changed: bool) -> Fact:
        """The field of the customer record that a feature is made of, or that it lacks."""
        field = Text("date of birth", "出生日期") if feature.of == "birth_day" else feature.title if feature.of else None
        none = ("no contact is recorded", "无联系记录") if field is None else (f"not given: {field.en}", f"未提供：{field.zh}")
        lacks = self.words.pick(*none)
        return Fact(
            "customer",
            self.name,
            None,
            None,
            value is not None,
            reason=NOT_GIVEN if value is None else None,
            reason_text=lacks if value is None else "",
            value=json_value(value),
            details={self.words.pick("field", "字段"): self.words.of(field)} if field else None,
            changed_since=changed,
        )

    def _scale(self, feature: Feature) -> int:
        return QUANTITY_SCALE if feature.of == "quantity" else int(10**self.business.minor_digits)

    def _fact(self, scope: Scope, row: Row, deciding: frozenset[int]) -> Fact:
        feature, counted = scope.feature, row.verdict == COUNTED
        refund = row.kind in (REFUND, -1 - REFUND)
        added = None
        if counted and row.value is not None and feature.aggregate in ("sum", "average"):
            added = row.sign * row.value / self._scale(feature)
        details = {self.words.of(_FILTERED[name]): text for name, text in row.texts.items() if text is not None and name in _FILTERED}
        if row.texts["currency"] is not None:
            details[self.words.pick("currency", "币种")] = row.texts["currency"]
        return Fact(
            kind="line" if row.ordinal is not None else "refund" if refund else "order",
            id=row.external_id,
            at=written(row.at, self.business.timezone),
            amount=row.amount / 10**self.business.minor_digits,
            counted=counted,
            reason=None if counted else row.verdict,
            reason_text="" if counted else self._why(feature, row),
            value=added,
            decides=counted and row.at in deciding,
            line=None if row.ordinal is None else row.ordinal + 1,
            details=details,
            merged_from=row.merged_from,
            changed_since=row.changed_since,
        )

    def _why(self, feature: Feature, row: Row) -> str:
        pick = self.words.pick
        match row.verdict:
            case "voided":
                return pick("voided", "已作废")
            case "refund":
                return pick("a refund, not a sale", "退款，不是销售")
            case "sale":
                return pick("a sale, not a refund", "销售，不是退款")
            case "after":
                return pick("after the moment of the run", "晚于运行时点")
            case "too_recent":
                return pick(
                    f"in the last {feature.ends_days_before} days, which this feature leaves out",
                    f"在最近 {feature.ends_days_before} 天内，该特征不计",
                )
            case "before_window":
                return pick(f"before the window of {feature.window_days} days", f"早于 {feature.window_days} 天的窗口")
            case "older":
                return pick("older than the last two", "早于最近两次")
            case "no_value":
                what = (
                    Text("product", "商品")
                    if feature.aggregate == "distinct"
                    else Text(feature.of, {"cost": "成本"}.get(feature.of, feature.of))
                )
                return pick(f"has no {what.en}", f"没有{what.zh}")
        return self._filtered(feature, row)

    def _filtered(self, feature: Feature, row: Row) -> str:
        from engine.condition_documents import leaves
        from engine.feature_filters import checked_filter

        names = dict.fromkeys(leaf.feature for leaf in leaves(checked_filter(feature.name, feature.where or {}, feature.source)))
        none = self.words.pick("none", "无")
        found = self.words.pick(", ", "、").join(f"{self.words.of(_FILTERED[name])} {row.texts.get(name) or none}" for name in names)
        return self.words.pick(f"outside the filter: {found}", f"不符合筛选条件：{found}")

    def _answer(
        self,
        feature: Feature,
        value: Value | None,
        totals: Mapping[str, tuple[int, int]],
        total: float | None,
        facts: list[Fact],
        more: int | None,
        *,
        changed: bool,
        parts: tuple[Evidence, ...] = (),
    ) -> Evidence:
        record, known = self.record, self._run_value(feature.name)
        return Evidence(
            customer=self.name,
            feature=feature.name,
            title=self.words.of(feature.title),
            value=json_value(value),
            text=self.words.with_unit(value, feature),
            run=record.id,
            as_of=written(record.as_of, self.business.timezone),
            run_value=json_value(known[0]) if known else None,
            counted=totals.get(COUNTED, (0, 0))[0],
            left_out={why: count for why, (count, _) in sorted(totals.items()) if why != COUNTED},
            total=total,
            facts=tuple(facts),
            next_offset=more,
            parts=parts,
            notes=tuple(self._notes(feature, value, known, changed=changed)),
        )

    def _run_value(self, name: str) -> tuple[Value | None] | None:
        """What the run read; None where that is not kept."""
        inputs = self.inputs
        row = inputs.row_of(self.customer_id) if inputs else None
        if inputs is None or row is None or name not in inputs.columns:
            return None
        return (value_at(inputs.columns[name], row),)

    def _notes(self, feature: Feature, value: Value | None, known: tuple[Value | None] | None, *, changed: bool) -> list[str]:
        pick, number = self.words.pick, self.record.id
        if known and known[0] != value:
            was = self.words.with_unit(known[0], feature)
            now = self.words.with_unit(value, feature)
            return [
                pick(
                    f"Run {number} read {was}; today's facts as of its moment give {now}, because facts have changed since.",
                    f"运行 {number} 读取的是 {was}；按当前事实、以其时点计算为 {now}，因为此后事实有变动。",
                )
            ]
        if known is None and changed:
            return [pick(f"Facts of this customer have changed since run {number}.", f"该客户的事实在运行 {number} 之后有变动。")]
        return []


__all__ = ["Asked", "Evidence", "Evidences", "Fact"]
