"""The parameters of offers: each with its condition, what it saves, and what limits it."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Length, Range, Regexp

from engine import Params, Text, editors

MOST = 64
"""A set holds as many."""

KINDS = {"amount": Text("amount off", "立减"), "share": Text("share off", "折扣"), "points": Text("points", "送积分")}
DEFAULT = (
    {
        "key": "welcome_back",
        "title": {"en": "Welcome back", "zh": "欢迎回来"},
        "when": {"feature": "orders.days_since_last", "op": ">", "value": 90},
        "kind": "share",
        "value": 0.1,
        "each": 1,
    },
)
"""What a new policy of this type begins with."""


def _money(title: Text, help: Text) -> editors.Number:
    return editors.Number(
        load_default=None, allow_none=True, validate=Range(0, 1e12), metadata={"title": title, "help": help, "unit": "currency"}
    )


class OfferParams(Params):
    """One offer."""

    key = fields.String(
        required=True,
        validate=Regexp(r"[a-z][a-z0-9_]{0,39}\Z", error="must be lower-case letters, digits and _"),
        metadata={
            "title": Text("Key", "键"),
            "help": Text("Stable name, stored with every use.", "稳定名称，随每次使用保存。"),
            "editor": "key",
        },
    )
    title = fields.Raw(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Title", "名称"),
            "help": Text("What people read, in both languages.", "供人阅读的名称，中英文各一。"),
            "editor": "title",
        },
    )
    when = editors.When(
        required=True, metadata={"title": Text("Condition", "条件"), "help": Text("To whom the offer is open.", "可享受该优惠的客户。")}
    )
    kind = editors.Choice(
        KINDS,
        load_default="amount",
        metadata={
            "title": Text("Gives", "优惠方式"),
            "help": Text("Money off, a share of the basket off, or points.", "立减金额、按比例折扣，或赠送积分。"),
        },
    )
    value = editors.Number(
        required=True,
        validate=Range(0, 1e9, min_inclusive=False),
        metadata={
            "title": Text("How much", "数值"),
            "help": Text("An amount of money, a share (0.1 is 10 %), or whole points.", "金额、比例（0.1 即 10%）或整数积分。"),
        },
    )
    minimum = _money(Text("Basket from", "最低消费"), Text("The smallest basket it counts for.", "享受优惠的最低订单金额。"))
    most = _money(Text("At most", "最高优惠"), Text("The most that one use saves.", "单次最多优惠金额。"))
    priority = fields.Integer(
        strict=True,
        load_default=0,
        validate=Range(-1000, 1000),
        metadata={"title": Text("Priority", "优先级"), "help": Text("The larger goes first.", "数值大的优先。")},
    )
    alone = fields.Boolean(
        load_default=False,
        metadata={"title": Text("Stands alone", "不可叠加"), "help": Text("Never used together with another offer.", "不与其他优惠同享。")},
    )
    first = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"title": Text("First day", "首日"), "help": Text("Business day; empty: at once.", "营业日；留空则立即开始。")},
    )
    last = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Last day", "末日"),
            "help": Text("Business day, included; empty: without end.", "营业日，含当日；留空则不限期。"),
        },
    )
    budget = _money(Text("Budget", "预算"), Text("The most that all uses together may save.", "全部使用合计最多优惠金额。"))
    each = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=Range(1, 1_000_000),
        metadata={"title": Text("Per customer", "每人次数"), "help": Text("How often a customer may use it.", "每位客户可使用的次数。")},
    )
    coded = fields.Boolean(
        load_default=False,
        metadata={
            "title": Text("Needs a code", "需优惠码"),
            "help": Text("Only with a code that was issued for it; each works once.", "须出示为其发放的优惠码，每码一次有效。"),
        },
    )

    @validates_schema
    def sensible(self, data: dict[str, Any], **_: Any) -> None:
        """Check what belongs together; all faults at once."""
        faults: dict[str, list[str]] = {}
        if data["kind"] == "share" and data["value"] > 1:
            faults["value"] = ["a share is at most 1; 10 % is 0.1"]
        if data["kind"] == "points" and data["value"] != int(data["value"]):
            faults["value"] = ["points are whole numbers"]
        if data["first"] is not None and data["last"] is not None and data["last"] < data["first"]:
            faults["last"] = ["the offer ends before it begins"]
        if faults:
            raise ValidationError(faults)


class OffersParams(Params):
    """See docs/reference/policies/offers.md."""

    offers = fields.List(
        fields.Nested(OfferParams),
        load_default=lambda: [OfferParams().load(dict(each)) for each in DEFAULT],
        validate=Length(1, MOST),
        metadata={
            "title": Text("Offers", "优惠"),
            "help": Text("Each with its condition, what it gives and its limits.", "每项优惠的条件、力度与限制。"),
        },
    )

    @validates_schema
    def apart(self, data: dict[str, Any], **_: Any) -> None:
        """Keys stand once."""
        keys = [each["key"] for each in data["offers"]]
        twice = next((key for at, key in enumerate(keys) if key in keys[:at]), None)
        if twice is not None:
            raise ValidationError({"offers": [f"the key {twice!r} stands twice"]})
