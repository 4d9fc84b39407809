"""Rewards that points buy: what a catalogue entry says, and what keeps a member from it, in words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from engine.errors import PointsError
from engine.loyalty.ledger import MOST
from engine.texts import Text

KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}\Z")


@dataclass(frozen=True, slots=True)
class Hurdle:
    """What keeps a member from a reward or an offer. key: stable."""

    key: str
    text: Text


@dataclass(frozen=True, slots=True)
class Reward:
    """An entry of the catalogue.

    points: what it costs the member. worth: what it costs the business, minor units. stock: None without end. first, last:
    business days of validity. output, labels: who may have it, everybody without an output. each: how often a member may have it.
    hold_minutes: how long a reservation waits for its confirmation. coupon: whether a confirmed one gives a code.
    """

    key: str
    title: Text
    points: int
    worth: int
    stock: int | None
    first: dt.date | None
    last: dt.date | None
    output: str
    labels: tuple[str, ...]
    each: int | None
    hold_minutes: int
    coupon: bool
    active: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a member and of the catalogue decides: points to spend, labels by output, own claims, what is taken of the stock."""

    spendable: int
    labels: Mapping[str, Any]
    claimed: int
    taken: int
    today: dt.date


def hurdles(reward: Reward, standing: Standing) -> list[Hurdle]:
    """Everything that keeps a member from a reward; none when it can be had."""
    found = []
    if not reward.active:
        found.append(Hurdle("inactive", Text("is not offered any more", "已下架")))
    if reward.first is not None and standing.today < reward.first:
        found.append(Hurdle("not_yet", Text(f"begins on {reward.first}", f"{reward.first} 起可兑换")))
    if reward.last is not None and standing.today > reward.last:
        found.append(Hurdle("over", Text(f"ended on {reward.last}", f"已于 {reward.last} 结束")))
    if reward.output and standing.labels.get(reward.output) not in reward.labels:
        wanted = ", ".join(reward.labels)
        found.append(Hurdle("level", Text(f"is for {wanted} of {reward.output} only", f"仅限 {reward.output} 为 {wanted} 的会员")))
    if reward.stock is not None and standing.taken >= reward.stock:
        found.append(Hurdle("stock", Text("is out of stock", "已兑完")))
    if reward.each is not None and standing.claimed >= reward.each:
        found.append(
            Hurdle(
                "limit",
                Text(
                    f"was taken {standing.claimed} times already, {reward.each} are allowed",
                    f"已兑换 {standing.claimed} 次，上限 {reward.each} 次",
                ),
            )
        )
    missing = reward.points - standing.spendable
    if missing > 0:
        found.append(Hurdle("points", Text(f"needs {missing:,} more points", f"还差 {missing:,} 积分")))
    return found


class _Titles(Schema):
    en = fields.String(required=True, validate=validate.Length(1, 100))
    zh = fields.String(required=True, validate=validate.Length(1, 100))


class RewardDocument(Schema):
    """A reward as a document."""

    class Meta:
        """Unknown keys are refused."""

        unknown = RAISE

    title = fields.Nested(_Titles(unknown=RAISE), required=True)
    points = fields.Integer(required=True, strict=True, validate=validate.Range(0, MOST))
    worth = fields.Integer(strict=True, load_default=0, validate=validate.Range(0, 10**12))
    stock = fields.Integer(strict=True, load_default=None, allow_none=True, validate=validate.Range(0, 10**9))
    first = fields.Date(load_default=None, allow_none=True)
    last = fields.Date(load_default=None, allow_none=True)
    output = fields.String(load_default="", validate=validate.Length(max=100))
    labels = fields.List(fields.String(validate=validate.Length(1, 60)), load_default=list, validate=validate.Length(max=64))
    each = fields.Integer(strict=True, load_default=None, allow_none=True, validate=validate.Range(1, 10**6))
    hold_minutes = fields.Integer(strict=True, load_default=30, validate=validate.Range(1, 60 * 24 * 60))
    coupon = fields.Boolean(load_default=False, truthy={True}, falsy={False})

    @validates_schema
    def sensible(self, data: dict[str, Any], **_: Any) -> None:
        """Check what belongs together."""
        if data["first"] is not None and data["last"] is not None and data["last"] < data["first"]:
            raise ValidationError({"last": ["ends before it begins"]})
        if bool(data["output"]) != bool(data["labels"]):
            raise ValidationError({"labels": ["output and labels belong together"]})


def read_reward(key: str, document: Any, *, active: bool = True) -> Reward:
    """A checked reward. Raises `PointsError` with every fault and its place."""
    if not isinstance(key, str) or not KEY.match(key):
        raise PointsError(f"reward {str(key)[:40]!r}: expected a key of lower-case letters, digits, - and _")
    if not isinstance(document, Mapping):
        raise PointsError("a reward is an object with title and points")
    try:
        data = RewardDocument().load(dict(document))
    except ValidationError as error:
        raise PointsError(f"reward {key}: {told(error.messages)}") from None
    values = {**data, "title": Text(data["title"]["en"], data["title"]["zh"]), "labels": tuple(data["labels"])}
    return Reward(key=key, active=active, **values)


def told(messages: Any, path: str = "") -> str:
    """The faults of a document in a line: place: what is wrong."""
    if isinstance(messages, Mapping):
        return "; ".join(told(inner, path if name == "_schema" else f"{path}.{name}".lstrip(".")) for name, inner in messages.items())
    return f"{path}: {' '.join(str(each) for each in messages)}" if isinstance(messages, list) else f"{path}: {messages}"
