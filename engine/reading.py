"""What a run read: every customer, or only whom something happened to; and in words why it was all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

from engine.policy import Text

Why: TypeAlias = Literal["", "asked", "nothing kept", "business zone", "catalogue", "features", "rulebook", "day", "many"]

WHY: Mapping[str, Text] = {
    "asked": Text("as asked", "按要求全部读取"),
    "nothing kept": Text("the cache holds nothing that an earlier run of this store read", "缓存中没有本存储先前运行读到的内容"),
    "business zone": Text("time zone or currency of the store are others now", "存储的时区或币种已不同"),
    "catalogue": Text("features are declared differently now", "特征的定义有变"),
    "features": Text("the rulebook asks for other features now", "规则手册用到的特征有变"),
    "rulebook": Text("the rulebook or a plugin changed", "规则手册或插件有变"),
    "day": Text("levels are of another day, or follow from points", "等级属于另一日，或取决于积分"),
    "many": Text("so many customers changed that this is faster", "有变化的客户太多，全部读取更快"),
}
"""Why everything was read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Whose features a run read from the facts.

    customers: how many, `of` all that are stored. why: empty where only those were read to whom something happened;
    otherwise a key of `WHY`. run: the run whose reading was brought up to date. facts, moments: of the customers read, those whose
    facts changed, and those with an order that came into a window or left one (some are both).
    """

    customers: int
    of: int
    why: Why = "asked"
    run: int | None = None
    facts: int = 0
    moments: int = 0

    @property
    def full(self) -> bool:
        """Whether everything was read."""
        return bool(self.why)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {"full": self.full, **asdict(self)}

    def sentence(self) -> Text:
        """What was read again, in words."""
        if self.full:
            why = WHY[self.why]
            return Text(f"all {self.of:,}: {why.en}", f"全部 {self.of:,} 位：{why.zh}")
        return Text(f"{self.customers:,} of {self.of:,}", f"{self.of:,} 位中的 {self.customers:,} 位")


def reading_of(found: Mapping[str, Any]) -> Reading:
    """What `as_dict` said."""
    return Reading(**{name: found[name] for name in Reading.__slots__})


__all__ = ["WHY", "Reading", "Why", "reading_of"]
