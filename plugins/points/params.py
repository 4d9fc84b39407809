"""The parameters of points: rate, return period, expiry, factors, points for events, and what a point costs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Length, Range, Regexp

from engine import Params, Text, editors

NAME = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z"
FACTOR = Range(1, 20)


def _factor(default: float, title: Text, help: Text) -> editors.Number:
    return editors.Number(load_default=default, validate=FACTOR, metadata={"title": title, "help": help, "unit": "×"})


def _count(default: int, title: Text, help: Text, unit: str, most: int = 1_000_000, **more: Any) -> fields.Integer:
    metadata = {"title": title, "help": help, "unit": unit, **more}
    return fields.Integer(strict=True, load_default=default, validate=Range(0, most), metadata=metadata)


class LevelFactor(Params):
    """What the members of a level earn."""

    label = fields.String(
        required=True,
        validate=Length(1, 60),
        metadata={"title": Text("Level", "等级"), "help": Text("A label of the output.", "该输出的一个标签。"), "editor": "key"},
    )
    factor = editors.Number(
        required=True,
        validate=FACTOR,
        metadata={"title": Text("Factor", "倍数"), "help": Text("How many times as much.", "积分倍数。"), "unit": "×"},
    )


def _of_lines() -> fields.Field[Any]:
    """The factor of order lines."""
    return editors.Number(
        required=True,
        validate=Range(0, 20),
        metadata={
            "title": Text("Factor", "倍数"),
            "help": Text("How many times as much; 0 earns nothing.", "积分倍数；0 表示不积分。"),
            "unit": "×",
        },
    )


class CategoryFactor(Params):
    """What the lines of a product category earn."""

    category = fields.String(
        required=True,
        validate=Length(1, 200),
        metadata={"title": Text("Category", "品类"), "help": Text("As the products have it.", "与商品资料一致。")},
    )
    factor = _of_lines()


class ProductFactor(Params):
    """What the lines of one product earn."""

    product = fields.String(
        required=True,
        validate=Length(1, 200),
        metadata={"title": Text("Product", "商品"), "help": Text("Its id, as files have it.", "商品编号，与文件一致。")},
    )
    factor = _of_lines()


class CampaignParams(Params):
    """Days on which sales earn more."""

    first = fields.Date(
        required=True, metadata={"title": Text("First day", "首日"), "help": Text("Business day, included.", "营业日，含当日。")}
    )
    last = fields.Date(
        required=True, metadata={"title": Text("Last day", "末日"), "help": Text("Business day, included.", "营业日，含当日。")}
    )
    factor = editors.Number(
        required=True,
        validate=FACTOR,
        metadata={"title": Text("Factor", "倍数"), "help": Text("How many times as much.", "积分倍数。"), "unit": "×"},
    )


class PointsParams(Params):
    """See docs/reference/policies/points.md."""

    rate = editors.Number(
        load_default=1.0,
        validate=Range(0.01, 100),
        metadata={
            "title": Text("Points per unit of money", "每元积分"),
            "help": Text(
                "Points for each unit of the business currency, rounded down per sale.", "每单位本位币的积分，按单笔销售向下取整。"
            ),
            "unit": "points",
        },
    )
    since = fields.Date(
        load_default=lambda: dt.date(2000, 1, 1),
        metadata={
            "title": Text("Sales since", "起始日"),
            "help": Text("The first business day whose sales earn points.", "自该营业日起的销售可获积分。"),
        },
    )
    hold_days = _count(
        14,
        Text("Return period", "退货期"),
        Text("Points can be spent so many days after the sale.", "销售后经过这么多天，积分方可使用。"),
        "days",
        3_650,
    )
    expiry = editors.Choice(
        {
            "never": Text("never", "永不过期"),
            "days": Text("after days", "按天数"),
            "year_end": Text("at the end of a year", "年末"),
            "date": Text("on a date", "固定日期"),
        },
        load_default="days",
        metadata={
            "title": Text("Points expire", "积分到期"),
            "help": Text("When points that were not spent are lost.", "未使用积分的失效时间。"),
        },
    )
    expiry_days = _count(
        365,
        Text("Valid for", "有效天数"),
        Text("Days after the return period.", "自退货期结束起的天数。"),
        "days",
        36_500,
        only={"expiry": ("days",)},
    )
    expiry_years = _count(
        1,
        Text("Full years", "完整年数"),
        Text(
            "0: the end of the calendar year in which the return period ends; 1: the end of the next.",
            "0 为退货期结束当年年末，1 为次年年末。",
        ),
        "years",
        50,
        only={"expiry": ("year_end",)},
    )
    expiry_date = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Date", "日期"),
            "help": Text("The first day without the points.", "积分失效的首日。"),
            "only": {"expiry": ("date",)},
        },
    )
    level = fields.String(
        load_default="",
        validate=Regexp(rf"\Z|{NAME}", error="must be an output of another policy, such as membership.level, or empty"),
        metadata={
            "title": Text("Level", "等级"),
            "help": Text(
                "The output whose label decides the factor; empty: everybody earns the same.", "决定倍数的等级输出；留空则所有客户相同。"
            ),
            "editor": "column",
        },
    )
    levels = fields.List(
        fields.Nested(LevelFactor),
        load_default=list,
        validate=Length(max=64),
        metadata={
            "title": Text("Factors of levels", "等级倍数"),
            "help": Text("Levels that are not named earn once.", "未列出的等级按 1 倍积分。"),
        },
    )
    categories = fields.List(
        fields.Nested(CategoryFactor),
        load_default=list,
        validate=Length(max=500),
        metadata={
            "title": Text("Factors of categories", "品类倍数"),
            "help": Text("For sales that are stored with their lines.", "适用于含明细的销售。"),
        },
    )
    products = fields.List(
        fields.Nested(ProductFactor),
        load_default=list,
        validate=Length(max=500),
        metadata={
            "title": Text("Factors of products", "商品倍数"),
            "help": Text("Instead of the factor of the product's category.", "优先于商品所属品类的倍数。"),
        },
    )
    birthday = _factor(
        1.0,
        Text("Birthday", "生日"),
        Text("Factor on the day of birth; the larger of this and the campaign counts.", "生日当天的倍数；与活动倍数取较大者。"),
    )
    campaigns = fields.List(
        fields.Nested(CampaignParams),
        load_default=list,
        validate=Length(max=500),
        metadata={
            "title": Text("Campaigns", "活动"),
            "help": Text("Of several on one day the largest factor counts.", "同一天有多个活动时取最大倍数。"),
        },
    )
    survey = _count(0, Text("Answered survey", "完成问卷"), Text("Points for an answered survey.", "完成问卷所得积分。"), "points")
    referral = _count(
        0, Text("Referral", "推荐新客"), Text("Points for a new customer who was referred.", "推荐新客户所得积分。"), "points"
    )
    manual = _count(
        1_000,
        Text("Largest correction", "人工调整上限"),
        Text("The most points that one correction by hand may give or take.", "单次人工调整可增减的最多积分。"),
        "points",
        1_000_000_000,
    )
    worth = editors.Number(
        load_default=1.0,
        validate=Range(0, 100_000),
        metadata={
            "title": Text("100 points cost", "每百积分成本"),
            "help": Text(
                "Business currency that 100 redeemed points cost; for the liability.", "兑换 100 积分的本位币成本，用于计算积分负债。"
            ),
            "unit": "currency",
        },
    )

    @validates_schema
    def sensible(self, data: dict[str, Any], **_: Any) -> None:
        """Check what belongs together; all faults at once."""
        faults: dict[str, list[str]] = {}
        if data["levels"] and not data["level"]:
            faults["level"] = ["factors of levels need the output that gives the level"]
        for name, key in (("levels", "label"), ("categories", "category"), ("products", "product")):
            values = [each[key] for each in data[name]]
            twice = next((value for at, value in enumerate(values) if value in values[:at]), None)
            if twice is not None:
                faults[name] = [f"{twice} stands twice"]
        if data["expiry"] == "date" and data["expiry_date"] is None:
            faults["expiry_date"] = ["a date is needed"]
        if data["expiry"] == "days" and data["expiry_days"] < 1:
            faults["expiry_days"] = ["points must be valid for at least one day"]
        if any(each["last"] < each["first"] for each in data["campaigns"]):
            faults["campaigns"] = ["a campaign ends before it begins"]
        if faults:
            raise ValidationError(faults)
