"""The parameters of segments: named conditions in order, and what becomes of the customers whom none fits."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Length

from engine import Label, Params, Text, editors

LARGEST_SET = 64
MOST = 200

DEFAULT = (
    {"key": "high", "title": {"en": "High frequency", "zh": "高频客户"}, "when": {"feature": "orders.count_365d", "op": ">=", "value": 4}},
    {"key": "low", "title": {"en": "Low frequency", "zh": "低频客户"}, "when": {"feature": "orders.count_365d", "op": ">=", "value": 1}},
    {"key": "zero", "title": {"en": "Zero frequency", "zh": "零频客户"}, "when": {"feature": "orders.count_365d", "op": "=", "value": 0}},
)
"""What a new policy of this type begins with."""

_KEY = {
    "title": Text("Key", "键"),
    "help": Text("Stable name of the segment, stored with every outcome.", "分群的稳定名称，随每个结果保存。"),
    "editor": "key",
}
_TITLE = {
    "title": Text("Title", "名称"),
    "help": Text("What people read, in both languages.", "供人阅读的名称，中英文各一。"),
    "editor": "title",
}
_STEP = {
    "title": Text("Colour step", "色阶"),
    "help": Text("1 (best) to 8; empty: spread evenly.", "1（最好）至 8；留空则均匀分布。"),
    "editor": "step",
}


class SegmentParams(Params):
    """One segment: a label and its condition."""

    key = fields.Raw(required=True, metadata=_KEY)
    title = fields.Raw(load_default=None, allow_none=True, metadata=_TITLE)
    step = fields.Raw(load_default=None, allow_none=True, metadata=_STEP)
    when = editors.When(
        required=True,
        metadata={"title": Text("Condition", "条件"), "help": Text("Whom the segment holds.", "符合条件的客户归入该分群。")},
    )


class SegmentsParams(Params):
    """See docs/reference/policies/segments.md."""

    mode = editors.Choice(
        {"first": Text("the first that fits", "首个符合的"), "all": Text("every one that fits", "所有符合的")},
        load_default="first",
        metadata={
            "title": Text("Membership", "归属方式"),
            "help": Text(
                "The first segment whose condition is true decides; or a customer is in all whose conditions are true.",
                "以首个条件成立的分群为准（first），或归入所有条件成立的分群（all）。",
            ),
        },
    )
    segments = fields.List(
        fields.Nested(SegmentParams),
        load_default=lambda: [dict(segment) for segment in DEFAULT],
        validate=Length(min=1, max=MOST),
        metadata={
            "editor": "segments",
            "title": Text("Segments", "分群"),
            "help": Text(
                "Key, title, colour step and condition of each, best first. In order: the first that fits comes first.",
                "各分群的键、名称、色阶与条件，从好到差；按先后顺序判断。",
            ),
        },
    )
    otherwise = editors.Labels(
        load_default=None,
        allow_none=True,
        validate=Length(max=1),
        metadata={
            "title": Text("Everybody else", "其余客户"),
            "help": Text(
                "A label for customers whom no segment fits. Left empty: they have none, and a reason. Only for the first that fits.",
                "不符合任何分群的客户归入此标签；留空则无结果并注明原因。仅用于首个成立方式。",
            ),
        },
    )

    @post_load
    def complete(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Write out titles, and check that keys are different and sets small enough."""
        labels = editors.load_labels([{name: each.get(name) for name in ("key", "title", "step")} for each in data["segments"]], "segments")
        data["segments"] = [
            {**written, "when": each["when"]} for written, each in zip(editors.dump_labels(labels), data["segments"], strict=True)
        ]
        if data["mode"] == "all" and data["otherwise"]:
            raise ValidationError("there is no 'everybody else' where a customer may be in several segments", "otherwise")
        if data["mode"] == "all" and len(labels) > LARGEST_SET:
            raise ValidationError(f"{len(labels)} segments; a customer may be in several of at most {LARGEST_SET}", "segments")
        if any(label.key in {other.key for other in labels} for label in data["otherwise"] or ()):
            raise ValidationError("the key stands among the segments too", "otherwise")
        return data


def labels_of(segments: list[dict[str, Any]]) -> tuple[Label, ...]:
    """The labels of segments, in order."""
    return tuple(Label(each["key"], Text(**each["title"]), each["step"]) for each in segments)
