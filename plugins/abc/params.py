"""The parameters of ABC: what is measured, where it is cut, who crosses the cut, what the classes are called."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from engine import Label, Params, Text, editors

DEFAULT_CUTS = (0.8, 0.95)
LETTERS = "ABCDEFG"


def usual_labels(classes: int) -> tuple[Label, ...]:
    """Return the labels A, B, C, ... for 2 to 7 classes, their colours spread over the whole scale."""
    return tuple(
        Label(LETTERS[i], Text(f"Class {LETTERS[i]}", f"{LETTERS[i]} 类"), 1 + round(7 * i / (classes - 1))) for i in range(classes)
    )


class ABCParams(Params):
    """See docs/reference/policies/abc.md."""

    measure = fields.String(
        load_default="orders.amount",
        validate=validate.Regexp(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z", error="must be a feature or an output, such as orders.amount"),
        metadata={
            "editor": "column",
            "title": Text("Measure", "衡量指标"),
            "help": Text(
                "A number feature, or a score of another policy: orders.amount, orders.net_amount_365d, orders.count.",
                "数值特征或其他策略的得分，例如 orders.amount、orders.net_amount_365d、orders.count。",
            ),
        },
    )
    cuts = editors.Cuts(
        load_default=list(DEFAULT_CUTS),
        validate=validate.Length(min=1, max=6),
        metadata={
            "title": Text("Cuts", "分界"),
            "help": Text(
                "Cumulative shares at which a class ends, each between 0 and 1: 0.8 and 0.95 make three classes.",
                "各等级截止的累计占比，介于 0 和 1 之间：0.8 与 0.95 分出三个等级。",
            ),
            "unit": "share",
        },
    )
    crossing = editors.Choice(
        {
            "lower": Text("lower class", "归入下一等级"),
            "upper": Text("upper class", "归入上一等级"),
            "own": Text("own share", "按自身占比"),
        },
        load_default="lower",
        metadata={
            "title": Text("Crossing customer", "跨界客户"),
            "help": Text(
                "The customer on whom the share passes a cut: in the lower class, in the upper class, or each class filled to "
                "its own share, counted anew after the class above it.",
                "累计占比恰好越过分界的客户：归入下一等级（lower）、归入上一等级（upper），或各等级按自身占比重新累计（own）。",
            ),
        },
    )
    labels = editors.Labels(
        load_default=None,
        allow_none=True,
        metadata={
            "title": Text("Classes", "等级"),
            "help": Text(
                "Names and colours of the classes, best first, one more than there are cuts. Left empty: A, B, C, …",
                "各等级的名称与颜色，从高到低，比分界多一个。留空则为 A、B、C……",
            ),
        },
    )

    @post_load
    def complete(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Check that cuts are shares and that every class has a label."""
        wrong = [cut for cut in data["cuts"] if not 0 < cut < 1]
        if wrong:
            raise ValidationError(f"each cut must lie between 0 and 1, found {wrong[0]:g}; 80 % is 0.8", "cuts")
        classes = len(data["cuts"]) + 1
        if data["labels"] is None:
            data["labels"] = usual_labels(classes)
        elif len(data["labels"]) != classes:
            raise ValidationError(f"{classes - 1} cuts make {classes} classes, but there are {len(data['labels'])} labels", "labels")
        return data
