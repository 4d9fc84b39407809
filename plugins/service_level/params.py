"""The parameters of service levels: the table that decides, what each level gives, what is promised for requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Length, Range

from engine import DecisionTable, Fault, Label, Params, RulebookError, Text, editors, levels

MINUTE = 60
LONGEST = 525_600

TABLE = {
    "inputs": ["orders.amount_365d", "orders.count_365d"],
    "outputs": ["level"],
    "hit_policy": "first",
    "rows": [
        {"when": [">= 5000", "-"], "then": ["premium"]},
        {"when": ["-", ">= 4"], "then": ["preferred"]},
    ],
    "default": ["standard"],
}
"""What a new policy of this type begins with; a table over a grade, such as abc.class, is what most companies use."""

LEVELS: tuple[dict[str, Any], ...] = (
    {"key": "premium", "title": {"en": "Premium", "zh": "尊享"}, "manager": True, "priority": "high", "review_days": 30, "hours": 12.0},
    {
        "key": "preferred",
        "title": {"en": "Preferred", "zh": "优先"},
        "manager": False,
        "priority": "normal",
        "review_days": 90,
        "hours": 3.0,
    },
    {
        "key": "standard",
        "title": {"en": "Standard", "zh": "标准"},
        "manager": False,
        "priority": "normal",
        "review_days": 365,
        "hours": 0.5,
    },
)
TARGETS: tuple[dict[str, Any], ...] = (
    {"level": levels.ANY, "kind": levels.ANY, "priority": "urgent", "answer_minutes": 30, "resolution_minutes": 240},
    {"level": "premium", "kind": levels.ANY, "priority": levels.ANY, "answer_minutes": 60, "resolution_minutes": 480},
    {"level": "preferred", "kind": levels.ANY, "priority": levels.ANY, "answer_minutes": 240, "resolution_minutes": 960},
    {"level": "standard", "kind": levels.ANY, "priority": levels.ANY, "answer_minutes": 480, "resolution_minutes": 2_400},
)


def _priorities(first: Mapping[str, Text]) -> dict[str, Text]:
    return {**first, **levels.PRIORITIES}


class LevelParams(Params):
    """One level: what its customers get."""

    key = fields.Raw(
        required=True,
        metadata={
            "title": Text("Key", "键"),
            "help": Text("Stable name of the level, as the table gives it.", "级别的稳定名称，与表中结果一致。"),
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
    step = fields.Raw(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Colour step", "色阶"),
            "help": Text("1 (best) to 8; empty: spread evenly.", "1（最好）至 8；留空则均匀分布。"),
            "editor": "step",
        },
    )
    manager = fields.Boolean(
        load_default=False,
        metadata={
            "title": Text("Dedicated manager", "专属客户经理"),
            "help": Text("Whether its customers have a manager of their own.", "该级别客户是否配备专属客户经理。"),
        },
    )
    priority = editors.Choice(
        _priorities({}),
        load_default="normal",
        metadata={
            "title": Text("Priority", "优先级"),
            "help": Text("Of their requests, unless somebody says otherwise.", "其请求的默认优先级。"),
        },
    )
    channels = fields.List(
        fields.String(validate=Length(1, 64)),
        load_default=list,
        validate=Length(max=20),
        metadata={
            "title": Text("Channels", "服务渠道"),
            "help": Text("Ways open to them, such as phone or chat; empty: all.", "可用的服务渠道，例如电话、在线客服；留空表示全部。"),
        },
    )
    review_days = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=Range(1, 3_650),
        metadata={
            "title": Text("Review", "回访间隔"),
            "help": Text("Days between looks at the customer; empty: none.", "两次回访之间的天数；留空则不安排。"),
            "unit": "days",
        },
    )
    hours = editors.Number(
        load_default=0.0,
        validate=Range(0, 2_000),
        metadata={
            "title": Text("Hours a year", "年服务工时"),
            "help": Text("Working hours set aside for each customer in a year.", "每位客户每年预留的服务工时。"),
            "unit": "hours",
        },
    )
    calendar = fields.String(
        load_default="",
        validate=Length(max=64),
        metadata={
            "title": Text("Calendar", "工作日历"),
            "help": Text(
                "Name of a stored calendar in whose working time promises run; empty: that of the service desk.",
                "承诺时限所依据的工作日历名称；留空则用服务台默认日历。",
            ),
        },
    )
    extras = fields.Raw(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Extras", "附加权益"),
            "help": Text("What else they get, in both languages.", "其他权益说明，中英文各一。"),
            "editor": "title",
        },
    )


class TargetParams(Params):
    """What is promised for requests of a kind and priority."""

    level = fields.String(
        load_default=levels.ANY,
        metadata={"title": Text("Level", "级别"), "help": Text("Key of a level; * is any.", "级别的键；* 表示任意。")},
    )
    kind = fields.String(
        load_default=levels.ANY,
        validate=Length(1, 64),
        metadata={
            "title": Text("Kind", "请求类型"),
            "help": Text("Kind of request, such as complaint; * is any.", "请求类型的键，例如 complaint；* 表示任意。"),
        },
    )
    priority = editors.Choice(
        _priorities({levels.ANY: Text("any", "任意")}),
        load_default=levels.ANY,
        metadata={"title": Text("Priority", "优先级"), "help": Text("Of the request; * is any.", "请求的优先级；* 表示任意。")},
    )
    answer_minutes = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=Range(1, LONGEST),
        metadata={
            "title": Text("First answer", "首次答复"),
            "help": Text("Working minutes until the first answer; empty: none is promised.", "首次答复的工作分钟数；留空则不承诺。"),
            "unit": "minutes",
        },
    )
    resolution_minutes = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=Range(1, LONGEST),
        metadata={
            "title": Text("Resolution", "解决时限"),
            "help": Text("Working minutes until the resolution; empty: none is promised.", "解决请求的工作分钟数；留空则不承诺。"),
            "unit": "minutes",
        },
    )


class ServiceLevelParams(Params):
    """See docs/reference/policies/service_level.md."""

    table = editors.Table(
        check=False,  # where no hit policy is named it is the first row that decides, unlike in other tables
        load_default=lambda: DecisionTable.load(TABLE).document,
        metadata={
            "title": Text("Who has which level", "级别判定"),
            "help": Text(
                "Inputs (grades, segments, features), one output `level`, rows in order, and a default.",
                "输入（分级、分群、特征）、唯一输出 level、按顺序的规则行与默认行。",
            ),
        },
    )
    levels = fields.List(
        fields.Nested(LevelParams),
        load_default=lambda: [dict(LevelParams().load(dict(level))) for level in LEVELS],
        validate=Length(1, 20),
        metadata={
            "title": Text("Levels", "服务级别"),
            "help": Text("What the customers of each level get, best first.", "各级别客户享有的服务，从好到差。"),
            "editor": "grid",
        },
    )
    targets = fields.List(
        fields.Nested(TargetParams),
        load_default=lambda: [dict(target) for target in TARGETS],
        validate=Length(max=200),
        metadata={
            "title": Text("Promises", "服务承诺"),
            "help": Text(
                "Working time until first answer and resolution; the first row that fits a request holds.",
                "首次答复与解决的工作时限；以首个符合请求的行为准。",
            ),
            "editor": "grid",
        },
    )

    @post_load
    def complete(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Write out titles; check the table's output, and that levels are known wherever one is named."""
        labels = editors.load_labels([{name: each.get(name) for name in ("key", "title", "step")} for each in data["levels"]], "levels")
        for i, (each, label) in enumerate(zip(data["levels"], labels, strict=True)):
            each.update(title={"en": label.title.en, "zh": label.title.zh}, step=label.step)
            if each["extras"] is not None:
                try:
                    text = editors.load_title(each["extras"])
                except ValidationError as error:
                    raise ValidationError({"levels": {i: {"extras": error.messages}}}) from None
                each["extras"] = {"en": text.en, "zh": text.zh}
        keys = [label.key for label in labels]
        data["table"] = _checked(data["table"], keys)
        for i, target in enumerate(data["targets"]):
            if target["level"] not in (levels.ANY, *keys):
                raise ValidationError({"targets": {i: {"level": [f"there is no level {target['level']!r}; levels are {', '.join(keys)}"]}}})
            answer, resolution = target["answer_minutes"], target["resolution_minutes"]
            if answer is not None and resolution is not None and answer > resolution:
                wrong = f"the first answer after {answer} minutes is promised later than the resolution after {resolution}"
                raise ValidationError({"targets": {i: {"answer_minutes": [wrong]}}})
        return data


def _checked(document: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """The canonical document."""
    try:
        table = DecisionTable.load({"hit_policy": "first", **document})
    except RulebookError as error:
        raise ValidationError(list(error.faults), "table") from None
    data = table.data
    if [column.name for column in data.outputs] != ["level"]:
        raise ValidationError("the table gives one output, named level", "table")
    if data.hit_policy != "first":
        raise ValidationError(f"the hit policy is {data.hit_policy}; levels are decided by the first row that fits", "table")
    rows = [(f"row {number}", row[0]) for number, row in enumerate(data.then, 1)]
    rows += [("default", data.default[0])] if data.default is not None else []
    lacking = [
        Fault("TW328", f"{place}, output level", f"{value!r} is no level", f"levels are {', '.join(keys)}")
        for place, value in rows
        if value not in keys
    ]
    if lacking:
        raise ValidationError(lacking, "table")
    return table.document


def labels_of(levels: Sequence[Mapping[str, Any]]) -> tuple[Label, ...]:
    """The labels of the levels, best first."""
    return tuple(Label(each["key"], Text(**each["title"]), each["step"]) for each in levels)


def levels_of(entries: Sequence[Mapping[str, Any]], targets: Sequence[Mapping[str, Any]]) -> tuple[levels.ServiceLevel, ...]:
    """The levels with their promises, as the service desk reads them."""
    return tuple(
        levels.ServiceLevel(
            key=each["key"],
            title=Text(**each["title"]),
            manager=each["manager"],
            priority=each["priority"],
            channels=tuple(each["channels"]),
            review_days=each["review_days"],
            hours=each["hours"],
            calendar=each["calendar"],
            extras=Text(**each["extras"]) if each["extras"] else None,
            targets=tuple(_target(target) for target in targets if target["level"] in (levels.ANY, each["key"])),
        )
        for each in entries
    )


def _target(target: Mapping[str, Any]) -> levels.ServiceTarget:
    answer, resolution = target["answer_minutes"], target["resolution_minutes"]
    return levels.ServiceTarget(
        target["kind"],
        target["priority"],
        None if answer is None else answer * MINUTE,
        None if resolution is None else resolution * MINUTE,
    )
