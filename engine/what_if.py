"""Say in words what would give another outcome, or why nothing does."""

from __future__ import annotations

from collections.abc import Mapping

from engine.catalogue import Feature
from engine.explanation import FeatureChange, Reach, WhatIf
from engine.policy import Output
from engine.reach import Goal, Proposal, Reached
from engine.values import json_value
from engine.wording import Words


def what_if(words: Words, proposal: Proposal, address: str, output: Output, outcome: str, *, computed: bool = False) -> WhatIf:
    """A proposal with titles, units and its sentence. computed: the outcome is what the rules alone give, not yet what holds."""
    changes = tuple(
        FeatureChange(
            name,
            words.title(name),
            json_value(was),
            json_value(now),
            words.shown(name, was, counted=True),
            words.shown(name, now, counted=True),
        )
        for name, was, now in zip(proposal.features, proposal.was, proposal.now, strict=True)
    )
    title = outcome_title(words, output, outcome)
    parts = [_part(words, change) for change in changes]
    given = words.title(address)
    verb = words.pick("include", "包含") if output.kind == "set" else words.pick("be", "为")
    verb = words.pick("be computed as", "按计算为") if computed else verb
    sentence = words.pick(
        f"If {' and '.join(parts)}, all else equal, {given} would {verb} {title}.",
        f"若{'，且'.join(parts)}，其余不变，{given}将{verb}「{title}」。",
    )
    return WhatIf(changes, address, outcome, title, proposal.distance, sentence)


def _part(words: Words, change: FeatureChange) -> str:
    if change.was is None:
        return words.pick(f"{change.title} were {change.now_text} (it is missing)", f"{change.title}为 {change.now_text}（现缺失）")
    return words.pick(
        f"{change.title} were {change.now_text} instead of {change.was_text}",
        f"{change.title}为 {change.now_text}（现为 {change.was_text}）",
    )


def outcome_title(words: Words, output: Output, outcome: str) -> str:
    """An outcome as people call it."""
    return words.value(outcome == "true") if output.kind == "flag" else words.value(outcome, output=output)


def reach_words(words: Words, found: Reached, address: str, goal: Goal, features: Mapping[str, Feature], withheld: str | None) -> Reach:
    """What a named outcome takes, with its sentence."""
    output, title, given = goal.output, outcome_title(words, goal.output, goal.key), words.title(address)
    change = what_if(words, found.proposal, address, output, goal.key) if found.proposal else None
    if found.status == "is":
        verb = words.pick("includes", "已包含") if output.kind == "set" else words.pick("is", "已是")
        sentence = words.pick(f"{given} {verb} {title} already.", f"{given}{verb}「{title}」。")
    elif found.status == "change" and change is not None:
        sentence = change.sentence
    elif found.status == "forbidden" and change is not None:
        why = words.pick(", and ", "，且").join(
            _forbidden(words, each, features[each.feature]) for each in change.changes if _is_forbidden(each, features)
        )
        sentence = words.pick(
            f"Nothing within reach gives {title}. {change.sentence} But {why}.",
            f"可行的变动都得不到「{title}」。{change.sentence}但{why}。",
        )
    else:
        why = words.pick(f" Now: {withheld}.", f"目前：{withheld}。") if withheld else ""
        sentence = words.pick(f"No change of one or two values gives {title}.{why}", f"改变一个或两个值都得不到「{title}」。{why}")
    return Reach(address, goal.key, title, found.status, change, sentence)


def _is_forbidden(change: FeatureChange, features: Mapping[str, Feature]) -> bool:
    way = features[change.feature].actionable
    if way == "down" and change.was is None:
        return True  # nothing to bring down: a first order brings several features at once
    if way in ("any", "no") or change.was is None or isinstance(change.now, str | bool):
        return way == "no"
    return bool(change.now > change.was) != (way == "up")


def _forbidden(words: Words, change: FeatureChange, feature: Feature) -> str:
    if feature.actionable == "no":
        return words.pick(f"nobody can change {change.title}", f"{change.title}无人可以改变")
    if change.was is None:
        return words.pick(f"{change.title} is missing", f"{change.title}缺失")
    if feature.actionable == "up":
        return words.pick(f"{change.title} can only rise", f"{change.title}只能上升")
    return words.pick(f"{change.title} can only fall", f"{change.title}只能下降")
