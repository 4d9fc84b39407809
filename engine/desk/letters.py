"""The reason letter: why a customer has its grade, in words that can be handed to the customer."""

from __future__ import annotations

from collections.abc import Sequence

from engine.explanation import Explanation

NEAREST = 3
"""Changes that are named."""


def letter(explanations: Sequence[Explanation], language: str) -> str:
    """What was decided of a customer, why, on which values, and what would give another outcome."""
    zh = language.startswith("zh")
    parts = []
    for each in explanations:
        decided = [
            f"{output.title}{'：' if zh else ': '}{output.text}" for output in each.outputs if output.kind in ("label", "flag", "set")
        ]
        lines = [f"{each.title}（数据截至 {each.as_of}）" if zh else f"{each.title} (as of {each.as_of})", *decided]
        lines += list(each.reasons) or ([each.withheld] if each.withheld else [])
        if each.inputs:
            read = [f"{given.title} {given.text}" for given in each.inputs]
            lines.append(("所依据的数据：" if zh else "Read: ") + ("；" if zh else "; ").join(read))
        lines += [change.sentence for change in each.nearest[:NEAREST]]
        lines += list(each.notes)
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
