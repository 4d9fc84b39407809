"""Take out of an explanation what its reader may not see: values of hidden features, and every sentence made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from engine.explanation import Explanation, InputValue, OutputValue, WhatIf

MASK = "***"

Hidden = Callable[[str], bool]
"""Whether a feature, by name, may not be seen."""


def masked_explanation(explanation: Explanation, hidden: Hidden, language: str) -> Explanation:
    """The explanation as somebody without the right to personal data may read it.

    What a policy decided stays; where it read a hidden feature itself, its reasons and verdicts would tell the value, so
    one sentence stands for them. Changes that move a hidden feature are left out.
    """
    own = [each for each in explanation.inputs if hidden(each.name)]
    zh = language.startswith("zh")
    told = bool(own) or _names(explanation.population, hidden)
    words = "依据您无权查看的个人信息得出。" if zh else "It rests on personal data that you may not see."
    reach = explanation.reach
    if reach is not None and reach.change is not None and not _open(reach.change, hidden):
        reach = replace(reach, change=None, sentence=words)
    return replace(
        explanation,
        outputs=tuple(_output(each) for each in explanation.outputs),
        inputs=tuple(_input(each) if hidden(each.name) else each for each in explanation.inputs),
        reasons=(words,) if told and explanation.withheld is None else explanation.reasons,
        nearest=tuple(each for each in explanation.nearest if _open(each, hidden)),
        population=None if told else explanation.population,
        verdicts=() if told else explanation.verdicts,
        reach=reach,
    )


def _input(given: InputValue) -> InputValue:
    return given if given.value is None else replace(given, value=MASK, text=MASK)


def _output(given: OutputValue) -> OutputValue:
    """Why somebody fixed a value is written freely, so it may hold anything."""
    note = given.effective
    if note is None or note.fixed is None:
        return given
    return replace(
        given, effective=replace(note, fixed=replace(note.fixed, reason=MASK), sentences=_without(note.sentences, note.fixed.reason))
    )


def _without(sentences: tuple[str, ...], reason: str) -> tuple[str, ...]:
    return tuple(sentence.replace(reason, MASK) for sentence in sentences)


def _open(change: WhatIf, hidden: Hidden) -> bool:
    return not any(hidden(each.feature) for each in change.changes)


def _names(node: Mapping[str, Any] | None, hidden: Hidden) -> bool:
    """Whether a tree of verdicts looks at a hidden feature anywhere."""
    if node is None:
        return False
    return hidden(str(node.get("feature", ""))) or any(_names(item, hidden) for item in node.get("items", ()))
