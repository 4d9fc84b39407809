"""Why a customer has the account manager it has, or none, in words of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.texts import Text

_WHY: Mapping[str, Text] = {
    "kept": Text("{owner} looked after this customer already and still fits", "原由 {owner} 负责，仍然符合"),
    "history": Text("{owner} sold to this customer before", "{owner} 曾向该客户销售"),
    "load": Text("{owner} takes such customers and was the least full", "{owner} 负责此类客户，且当时最空闲"),
    "no_fit": Text("nobody takes such customers", "没有人负责此类客户"),
    "no_room": Text("everybody who takes such customers is full", "负责此类客户的人均已满额"),
    "given": Text("given to {owner} by {by}", "由 {by} 指派给 {owner}"),
    "claimed": Text("{owner} took this customer from the pool", "{owner} 从公海领取"),
    "handover": Text("handed over from {former}", "由 {former} 移交"),
    "neglected": Text("back in the pool: {days} days without contact under {former}", "退回公海：{former} 名下 {days} 天未联系"),
    "released": Text("given back to the pool by {by}", "由 {by} 退回公海"),
    "": Text("the facts name {owner}; since when and why is not known", "事实数据指明为 {owner}；起始时间与原因未知"),
    "nobody": Text("nobody looks after this customer", "该客户尚无客户经理"),
}
_FACTS: Mapping[str, Text] = {
    "grade": Text("grade {}", "等级 {}"),
    "region": Text("region {}", "地区 {}"),
    "language": Text("language {}", "语言 {}"),
}
_MISFITS: Mapping[str, Text] = {
    "grade": Text("does not take grade {grade}", "不负责等级 {grade}"),
    "region": Text("does not take region {region}", "不负责地区 {region}"),
    "language": Text("does not speak {language}", "不使用语言 {language}"),
    "full": Text("is full: {customers} of {capacity}", "已满额：{customers}/{capacity}"),
    "": Text("would fit: {customers} of {capacity}", "符合：{customers}/{capacity}"),
}
_UNKNOWN = Text("unknown", "未知")


def why_words(
    why: str | None, owner: str | None, *, former: str | None = None, by: str = "", facts: Mapping[str, Any], note: str = ""
) -> Text:
    """The reason as a sentence: why a customer has this owner, what it rests on, and what somebody noted."""
    key = ("" if owner else "nobody") if why is None else why
    return Text(
        *(_said(_WHY[key], facts, language, {"owner": owner or "", "former": former or "", "by": by}, note) for language in ("en", "zh"))
    )


def _said(text: Text, facts: Mapping[str, Any], language: str, values: Mapping[str, str], note: str) -> str:
    colon, comma, semicolon = (": ", ", ", "; ") if language == "en" else ("：", "，", "；")
    said = text.in_(language).format(**values, days=facts.get("days", ""))
    known = [words.in_(language).format(facts[name] or _UNKNOWN.in_(language)) for name, words in _FACTS.items() if name in facts]
    return said + (f"{semicolon}{comma.join(known)}" if known else "") + (f"{colon}{note}" if note else "")


def fit_words(misfit: str, has: Mapping[str, str | None], customers: int, capacity: int) -> Text:
    """What speaks against a manager for a customer, or that nothing does."""
    return Text(
        *(
            _MISFITS[misfit]
            .in_(language)
            .format(**{name: value or _UNKNOWN.in_(language) for name, value in has.items()}, customers=customers, capacity=capacity)
            for language in ("en", "zh")
        )
    )


def capacity_words(managers: int, room: int, wanted: int) -> Text:
    """Whether there are places for customers who are to have a manager: "6 managers have room for 150"."""
    en = f"{managers:,} manager{' has' if managers == 1 else 's have'} room for {room:,}"
    zh = f"{managers:,} 位客户经理还可接收 {room:,} 位客户"
    if wanted > room:
        return Text(f"{en}; {wanted - room:,} of {wanted:,} would have none", f"{zh}；{wanted:,} 位中有 {wanted - room:,} 位将无人负责")
    return Text(f"{en}; {wanted:,} are wanted", f"{zh}；需要 {wanted:,} 位")
