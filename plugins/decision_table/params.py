"""The parameters of a decision table: the table, how its outputs are shown, and what several hits amount to."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Range

from engine import DecisionTable, Params, Text, editors
from plugins.decision_table.outputs import LISTS, declare

DEFAULT = {
    "inputs": ["orders.count_365d", "orders.amount_365d"],
    "outputs": ["grade"],
    "hit_policy": "first",
    "rows": [
        {"when": [">= 4", ">= 5000"], "then": ["A"]},
        {"when": [">= 2", "-"], "then": ["B"]},
        {"when": ["-", ">= 1000"], "then": ["B"]},
    ],
    "default": ["C"],
}
"""What a new policy of this type begins with."""


class OutputParams(Params):
    """How one output of the table is shown."""

    name = fields.String(required=True, metadata={"title": Text("Output", "输出"), "help": Text("Its name in the table.", "表中的名称。")})
    title = fields.Raw(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Title", "名称"),
            "help": Text("What people read, in both languages.", "供人阅读的名称，中英文各一。"),
            "editor": "title",
        },
    )
    labels = editors.Labels(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Labels", "标签"),
            "help": Text("Titles and colours of the texts it gives, best first.", "文本结果的名称与颜色，从好到差。"),
        },
    )
    kind = editors.Choice(
        {"score": Text("a score", "分值"), "amount": Text("an amount of money", "金额")},
        load_default="score",
        metadata={"title": Text("Number", "数值类型"), "help": Text("What a number stands for.", "数值的含义：分值或金额。")},
    )
    decimals = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=Range(0, 4),
        metadata={
            "title": Text("Decimals", "小数位"),
            "help": Text("Of a number; empty: as many as the table has.", "数值的小数位；留空则与表中一致。"),
        },
    )
    unit = fields.String(
        load_default="",
        metadata={"title": Text("Unit", "单位"), "help": Text("Of a number, such as days or points.", "数值的单位，例如天或分。")},
    )


class DecisionTableParams(Params):
    """See docs/reference/policies/decision_table.md."""

    table = editors.Table(
        load_default=lambda: DecisionTable.load(DEFAULT).document,
        metadata={
            "title": Text("Table", "决策表"),
            "help": Text(
                "Inputs (features and outputs of other policies), outputs, hit policy, rows and default.",
                "输入（特征及其他策略的输出）、输出、命中策略、规则行与默认行。",
            ),
        },
    )
    outputs = fields.List(
        fields.Nested(OutputParams),
        load_default=list,
        metadata={
            "title": Text("Outputs", "输出"),
            "help": Text(
                "Titles, labels and kinds of the outputs. What is not named here is shown as the table writes it.",
                "各输出的名称、标签与类型；未列出的按表中写法显示。",
            ),
        },
    )
    several = editors.Choice(
        {"set": Text("all of them", "全部"), "first": Text("the first of them", "第一个")},
        load_default="set",
        metadata={
            "title": Text("Several hits", "多行命中"),
            "help": Text(
                "Under collect, rule_order and output_order: a customer gets the set of all texts, or the first.",
                "在 collect、rule_order、output_order 下：取全部文本的集合（set），或取第一个（first）。",
            ),
        },
    )

    @post_load
    def complete(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Check that what is said of outputs is of outputs that the table has, and that each can be a column."""
        names = [entry["name"] for entry in data["outputs"]]
        doubled = next((name for i, name in enumerate(names) if name in names[:i]), None)
        if doubled is not None:
            raise ValidationError(f"the output {doubled!r} stands twice", "outputs")
        if data["table"]["hit_policy"] not in LISTS:
            data["several"] = "set"
        declare(data["table"], data["outputs"], data["several"])
        return data
