"""The features that ship with Tierwise, declared."""

from __future__ import annotations

from engine.catalogue import Feature
from engine.policy import Text


def _orders(name: str, aggregate: str, en: str, zh: str, **rest: object) -> Feature:
    return Feature(f"orders.{name}", rest.pop("source", "orders"), aggregate, Text(en, zh), **rest)  # type: ignore[arg-type]


def _money(name: str, aggregate: str, en: str, zh: str, **rest: object) -> Feature:
    return _orders(name, aggregate, en, zh, **{"dtype": "amount", "unit": "money", "step": 0.01, "windowable": True, **rest})


def _days(name: str, aggregate: str, en: str, zh: str, **rest: object) -> Feature:
    return _orders(name, aggregate, en, zh, **{"dtype": "days", "unit": "days", "nullable": True, "actionable": "no", **rest})


def _profile(name: str, en: str, zh: str, **rest: object) -> Feature:
    options = {
        "aggregate": "value",
        "of": name,
        "dtype": "text",
        "minimum": None,
        "step": None,
        "nullable": True,
        "actionable": "no",
        **rest,
    }
    return Feature(f"profile.{name}", "profile", title=Text(en, zh), **options)  # type: ignore[arg-type]


def _lines(name: str, aggregate: str, en: str, zh: str, **rest: object) -> Feature:
    return Feature(f"lines.{name}", "lines", aggregate, Text(en, zh), windowable=True, **rest)  # type: ignore[arg-type]


def _contact(name: str, aggregate: str, en: str, zh: str, **rest: object) -> Feature:
    return Feature(f"contact.{name}", "contact", aggregate, Text(en, zh), **rest)  # type: ignore[arg-type]


BUILT_IN: tuple[Feature, ...] = (
    _orders("count", "count", "Orders", "订单数", unit="orders", windowable=True),
    _money("amount", "sum", "Sales", "销售额", of="amount"),
    _money("net_amount", "sum", "Sales less refunds", "净销售额", of="net_amount", minimum=None),
    _money("average_amount", "average", "Average order", "平均订单额", of="amount", nullable=True),
    _money("cost", "sum", "Cost of goods", "商品成本", of="cost", actionable="down"),
    _orders("refund_count", "count", "Refunds", "退款次数", source="refunds", unit="refunds", windowable=True, actionable="down"),
    _money("refund_amount", "sum", "Refunded", "退款额", source="refunds", of="amount", actionable="down"),
    _orders("purchase_days", "days", "Purchase days", "购买天数", unit="days", windowable=True),
    _days("recency_days", "recency", "Days since the last order", "距上次下单天数", actionable="down"),
    _days("tenure_days", "tenure", "Days since the first order", "距首次下单天数"),
    _days("interval_days", "interval", "Mean days between purchase days", "平均购买间隔", step=None),
    _days("interval_median_days", "interval_median", "Median days between purchase days", "购买间隔中位数", step=0.5),
    _days("gap_days", "gap", "Days between the last two orders", "最近两单间隔天数", windowable=True),
    _lines("count", "count", "Order lines", "订单行数", unit="lines"),
    _lines("quantity", "sum", "Items bought", "购买件数", of="quantity", dtype="number", unit="items", step=0.001),
    _lines("amount", "sum", "Spent on lines", "订单行金额", of="amount", dtype="amount", unit="money", step=0.01, minimum=None),
    _lines("products", "distinct", "Different products", "购买品种数", of="product", unit="products"),
    _contact("days_since", "recency", "Days since contact", "距上次联系天数", dtype="days", unit="days", nullable=True, actionable="down"),
    _contact("last", "last", "Last contact", "上次联系日期", dtype="date", minimum=None, nullable=True),
    _contact("count", "count", "Contacts", "联系次数", windowable=True),
    _profile("kind", "Person or company", "个人或企业", values=("person", "company")),
    _profile("gender", "Gender", "性别", values=("female", "male")),
    _profile("age", "Age", "年龄", aggregate="age", of="birth_day", dtype="count", unit="years", minimum=0, step=1),
    _profile("birth_month", "Month of birth", "出生月份", aggregate="month", of="birth_day", dtype="count", minimum=1, step=1),
    _profile(
        "days_to_birthday",
        "Days to the next birthday",
        "距下个生日天数",
        aggregate="birthday",
        of="birth_day",
        dtype="days",
        unit="days",
        minimum=0,
        step=1,
    ),
    _profile("country", "Country", "国家"),
    _profile("region", "Region", "地区"),
    _profile("city", "City", "城市"),
    _profile("industry", "Industry", "行业"),
    _profile("education", "Education", "学历"),
    _profile("income", "Income", "收入", dtype="amount", unit="money", minimum=0, step=0.01),
    _profile(
        "joined_days", "Days since joining", "注册天数", aggregate="tenure", of="joined_at", dtype="days", unit="days", minimum=None, step=1
    ),
)
