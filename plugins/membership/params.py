"""The parameters of membership: what counts, in which period, the levels with their ranges and rights, and floors for life."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from engine import Label, Params, Text, editors

NAME = r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z"
LONGEST_WINDOW = 3_660
LONGEST_GRACE = 300
"""Days. A grace must end before the next review, the earliest of which is a year away."""

OF_HISTORY = ("spend", "orders", "points")
"""Measures whose days are known, so that levels have a past; any other is a value of today."""

DEFAULT = (
    {"key": "basic", "title": {"en": "Basic", "zh": "普通会员"}, "from": 0, "below": 1000},
    {
        "key": "silver",
        "title": {"en": "Silver", "zh": "银卡会员"},
        "from": 1000,
        "below": 5000,
        "points_multiplier": 1.2,
        "rights": [{"en": "Free delivery", "zh": "免运费"}],
    },
    {
        "key": "gold",
        "title": {"en": "Gold", "zh": "金卡会员"},
        "from": 5000,
        "points_multiplier": 1.5,
        "birthday_multiplier": 2,
        "rights": [{"en": "Free delivery", "zh": "免运费"}, {"en": "Late checkout", "zh": "延迟退房"}],
    },
)
"""What a new policy of this type begins with."""


def _number(default: float | None, title: Text, help: Text, *, least: float, most: float = 1e12, **rest: Any) -> editors.Number:
    return editors.Number(load_default=default, validate=validate.Range(least, most), metadata={"title": title, "help": help}, **rest)


def _text(title: Text) -> fields.String:
    help = Text("Free text, up to 500 characters.", "自由文本，最多 500 个字符。")
    return fields.String(required=True, validate=validate.Length(1, 500), metadata={"title": title, "help": help})


class RightParams(Params):
    """A right of a level, in both languages."""

    en = _text(Text("English", "英文"))
    zh = _text(Text("Chinese", "中文"))


class LevelParams(Params):
    """One level: its range, and what it gives."""

    key = fields.String(
        required=True,
        validate=validate.Regexp(r"[a-z][a-z0-9_]{0,63}\Z", error="must be lower-case letters, digits and _, starting with a letter"),
        metadata={
            "title": Text("Key", "键"),
            "help": Text("Stored, and kept when the title changes.", "存入记录，标题更改时保持不变。"),
            "editor": "key",
        },
    )
    title = fields.Raw(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Title", "名称"),
            "help": Text("What people call it, in both languages; empty: the key.", "两种语言的名称；留空则用键。"),
            "editor": "title",
        },
    )
    start = editors.Number(
        data_key="from",
        attribute="from",
        required=True,
        validate=validate.Range(0, 1e12),
        metadata={"title": Text("From", "起点"), "help": Text("Where the level begins; the lowest at 0.", "等级起点；最低等级为 0。")},
    )
    below = _number(
        None,
        Text("Below", "低于"),
        Text("Where it ends, which is where the next one begins; empty for the highest.", "等级终点，即下一等级的起点；最高等级留空。"),
        least=0,
        allow_none=True,
    )
    points_multiplier = _number(
        1.0,
        Text("Points multiplier", "积分倍数"),
        Text("What the points of a purchase are multiplied by.", "消费所得积分的倍数。"),
        least=0,
        most=100,
    )
    birthday_multiplier = _number(
        1.0,
        Text("Birthday multiplier", "生日倍数"),
        Text("By which they are multiplied again on the birthday.", "生日当天在此基础上再乘的倍数。"),
        least=0,
        most=100,
    )
    rights = fields.List(
        fields.Nested(RightParams),
        load_default=list,
        validate=validate.Length(max=50),
        metadata={"title": Text("Rights", "权益"), "help": Text("What members of the level may claim.", "该等级会员可享受的权益。")},
    )


class FloorParams(Params):
    """A level that a member never falls below again."""

    level = fields.String(
        required=True,
        metadata={"title": Text("Never below", "永不低于"), "help": Text("The key of a level.", "等级的键。")},
    )
    reached = fields.String(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Once reached", "曾达到"),
            "help": Text("The key of a level that was held at least once.", "曾经持有过的等级的键。"),
        },
    )
    lifetime = _number(
        None,
        Text("Or in all", "或累计达到"),
        Text("All that ever counted comes to so much.", "历来计入的总额达到此数。"),
        least=0,
        allow_none=True,
    )


class MembershipParams(Params):
    """See docs/reference/policies/membership.md."""

    measure = fields.String(
        load_default="spend",
        validate=validate.Regexp(rf"({'|'.join(OF_HISTORY)})\Z|{NAME}", error="must be spend, orders, points, or a feature or output"),
        metadata={
            "title": Text("What counts", "计入指标"),
            "help": Text(
                "spend, orders or points (earned): levels then have a past. Or any number feature or score, compared as it is today.",
                "spend（消费额）、orders（订单数）或 points（所得积分）：等级有历史可循。也可为任一数值特征或得分，按当日数值比较。",
            ),
            "editor": "column",
        },
    )
    net = fields.Boolean(
        load_default=True,
        metadata={
            "title": Text("Less refunds", "扣除退款"),
            "help": Text("Of spend: refunds are taken off on their own day.", "按消费额时：退款在退款当日扣除。"),
        },
    )
    period = editors.Choice(
        {
            "year": Text("calendar year", "自然年"),
            "rolling": Text("rolling window", "滚动窗口"),
            "joining": Text("since joining", "入会以来"),
        },
        load_default="year",
        metadata={
            "title": Text("Period", "周期"),
            "help": Text(
                "The calendar year, the last days up to today, or everything since joining, where levels are never lost.",
                "自然年（year）、截至当日的若干天（rolling），或入会以来全部（joining，等级不会失去）。",
            ),
        },
    )
    window_days = fields.Integer(
        strict=True,
        load_default=365,
        validate=validate.Range(LONGEST_GRACE + 1, LONGEST_WINDOW),
        metadata={
            "title": Text("Window", "窗口"),
            "help": Text(
                "Of a rolling window: so many days count, and a level is held for as long from the day it was reached.",
                "滚动窗口的天数；等级自达到之日起保持同样天数。",
            ),
            "unit": "days",
            "only": {"period": ("rolling",)},
        },
    )
    grace_days = fields.Integer(
        strict=True,
        load_default=0,
        validate=validate.Range(0, LONGEST_GRACE),
        metadata={
            "title": Text("Grace", "宽限期"),
            "help": Text(
                "A level that was not kept is lost so many days after the period ended; who reaches it anew meanwhile keeps it.",
                "未能保级者在周期结束后的这么多天才降级；期间重新达到则保级。",
            ),
            "unit": "days",
            "only": {"period": ("year", "rolling")},
        },
    )
    downgrade = editors.Choice(
        {"balance": Text("by balance", "按实际数额"), "step": Text("one step", "每次一级")},
        load_default="balance",
        metadata={
            "title": Text("Falls", "降级方式"),
            "help": Text(
                "To the level of what was reached in the period, or by one level at most.",
                "降至周期内数额所对应的等级（balance），或每次最多降一级（step）。",
            ),
            "only": {"period": ("year", "rolling")},
        },
    )
    levels = fields.List(
        fields.Nested(LevelParams),
        load_default=lambda: [LevelParams().load(dict(level)) for level in DEFAULT],
        validate=validate.Length(2, 12),
        metadata={
            "title": Text("Levels", "等级"),
            "help": Text("Lowest first; each begins where the one before ends.", "由低到高；每一等级从上一等级的终点开始。"),
        },
    )
    floors = fields.List(
        fields.Nested(FloorParams),
        load_default=list,
        validate=validate.Length(max=12),
        metadata={
            "title": Text("Floors for life", "终身保底"),
            "help": Text("Levels that are never lost again.", "此后永不失去的等级。"),
        },
    )

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """Check that the ranges follow each other without gap or overlap, and that floors name levels."""
        faults: dict[str, Any] = {}
        ranges = _ranges(data["levels"])
        if ranges:
            faults["levels"] = ranges
        floors = _floors(data["floors"], [level["key"] for level in data["levels"]], data["measure"])
        if floors:
            faults["floors"] = floors
        if faults:
            raise ValidationError(faults)

    @post_load
    def complete(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give every level its title, and its end where the next one says it."""
        for level in data["levels"]:
            title = level["key"] if level["title"] is None else level["title"]
            try:
                text = editors.load_title(title)
            except ValidationError as error:
                at = data["levels"].index(level)
                raise ValidationError({"levels": {at: {"title": error.messages}}}) from None
            level["title"] = {"en": text.en, "zh": text.zh}
        return data


def labels_of(levels: list[dict[str, Any]]) -> tuple[Label, ...]:
    """The levels as labels, best first, their colours spread over the scale."""
    last = len(levels) - 1
    return tuple(
        Label(level["key"], Text(level["title"]["en"], level["title"]["zh"]), 1 + round(7 * at / last))
        for at, level in enumerate(reversed(levels))
    )


def _ranges(levels: list[dict[str, Any]]) -> dict[int, Any]:
    faults: dict[int, Any] = {}

    def fault(at: int, name: str, text: str) -> None:
        faults.setdefault(at, {}).setdefault(name, []).append(text)

    keys = [level["key"] for level in levels]
    for at, key in enumerate(keys):
        if key in keys[:at]:
            fault(at, "key", f"is {key!r}, which an earlier level has too")
    if levels[0]["from"] != 0:
        fault(0, "from", f"is {levels[0]['from']:.15g}, but the lowest level must begin at 0: what is below has no level")
    for at, (one, other) in enumerate(pairwise(levels)):
        if other["from"] <= one["from"]:
            fault(at + 1, "from", f"is {other['from']:.15g}, but must be above {one['from']:.15g}, where {one['key']} begins")
        elif one["below"] is None:
            fault(at, "below", f"is missing; {other['key']} begins at {other['from']:.15g}")
        elif one["below"] < other["from"]:
            fault(at, "below", f"is {one['below']:.15g}, which leaves a gap up to {other['from']:.15g}, where {other['key']} begins")
        elif one["below"] > other["from"]:
            fault(at, "below", f"is {one['below']:.15g}, which overlaps {other['key']}, which begins at {other['from']:.15g}")
    if levels[-1]["below"] is not None:
        fault(len(levels) - 1, "below", f"is {levels[-1]['below']:.15g}, but the highest level has no end: leave it empty")
    return faults


def _floors(floors: list[dict[str, Any]], keys: list[str], measure: str) -> dict[int, Any]:
    faults: dict[int, Any] = {}
    for at, floor in enumerate(floors):
        wrong: dict[str, list[str]] = {}
        for name in ("level", "reached"):
            if floor[name] is not None and floor[name] not in keys:
                wrong[name] = [f"is {floor[name]!r}; expected one of {', '.join(keys)}"]
        if floor["reached"] is None and floor["lifetime"] is None:
            wrong["reached"] = ["is missing, and so is lifetime; a floor needs one of them"]
        if not wrong and floor["reached"] is not None and keys.index(floor["level"]) > keys.index(floor["reached"]):
            wrong["level"] = [f"is {floor['level']!r}, which is above {floor['reached']!r}"]
        if not wrong and keys.index(floor["level"]) == 0:
            wrong["level"] = [f"is {floor['level']!r}, the lowest level, which nobody can fall below"]
        if not wrong and measure not in OF_HISTORY:
            wrong["level"] = [f"needs a measure with a history ({', '.join(OF_HISTORY)}); {measure} is compared as it is today"]
        if wrong:
            faults[at] = wrong
    return faults
