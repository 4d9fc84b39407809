"""Why a customer is in its ABC class, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine import Label, Measured, Reason, Text, bands


def explain(measure: str, value: float, cutoffs: Sequence[float], cuts: Sequence[float], labels: Sequence[Label]) -> list[Reason]:
    """Name the class that `value` falls into, its lower bound, and the bound of the class above."""
    missed = sum(value < cutoff for cutoff in cutoffs)
    label = labels[missed]
    reasons = [_inside(measure, value, label, cutoffs, cuts, missed)]
    if missed and cutoffs[missed - 1] != bands.NOBODY:
        better, cutoff = labels[missed - 1], cutoffs[missed - 1]
        reasons.append(
            Reason(
                "next_class",
                Text(
                    en="{better} begins at {cutoff}; {lacking} is missing.",
                    zh="{better_zh}从 {cutoff} 起，还差 {lacking}。",
                ),
                {
                    "better": better.title.en,
                    "better_zh": better.title.zh,
                    "cutoff": Measured(cutoff, measure),
                    "lacking": Measured(round(cutoff - value, 4), measure),
                },
            )
        )
    return reasons


def _inside(measure: str, value: float, label: Label, cutoffs: Sequence[float], cuts: Sequence[float], missed: int) -> Reason:
    values: dict[str, Any] = {"value": Measured(value, measure), "class": label.title.en, "class_zh": label.title.zh}
    if value <= 0:
        return Reason("not_positive", Text("{value} is not above zero, so {class}.", "{value} 不大于零，因此为{class_zh}。"), values)
    if missed == len(cutoffs):
        return Reason("below_all", Text("{value} lies below every cut, so {class}.", "{value} 低于所有分界，因此为{class_zh}。"), values)
    return Reason(
        "inside",
        Text(
            en="{value} is at least {cutoff}, the smallest amount within the first {share} % of the total, so {class}.",
            zh="{value} 不低于 {cutoff}（累计前 {share}% 内的最小值），因此为{class_zh}。",
        ),
        {**values, "cutoff": Measured(cutoffs[missed], measure), "share": round(100 * cuts[missed], 4)},
    )
