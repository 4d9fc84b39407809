"""Answers about the population as plain data and back, so that a page or program reads what another process computed. No database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from engine.care.reports import CareReport
from engine.division import Division, OutputDivision, Walk, Walker
from engine.policy import Label, Text
from engine.portrait import Portrait, Trait
from engine.radar import Fall, Radar

Plain = Mapping[str, Any]


def packed(found: Any) -> dict[str, Any]:
    """An answer as JSON: its figures, and what its labels are called."""
    if isinstance(found, list):  # days of care
        return {"days": [each.as_dict() for each in found]}
    plain: dict[str, Any] = found.as_dict()
    if isinstance(found, Radar):
        return plain | {"kind": found.kind, "labels": _labels(found.labels)}
    if isinstance(found, Division):
        outputs = {
            address: {**plain["outputs"][address], "kind": one.kind, "labels": _labels(one.labels)}
            for address, one in found.outputs.items()
        }
        return plain | {"outputs": outputs}
    if not isinstance(found, Portrait):
        return plain | {"document": found.document, "finding": {"en": found.finding.en, "zh": found.finding.zh}}
    return plain


def unpacked(question: str, plain: Plain) -> Any:
    """The answer that was packed; that of a wanted count stays plain. Single customers keep their own ids only."""
    return UNPACK[question](plain) if question in UNPACK else plain


def _radar(plain: Plain) -> Radar:
    named = ("address", "kind", "as_of", "days", "every")
    falls = [Fall(0, one["label"], one["becomes"], one["day"], one["amount"], one["customer"]) for one in plain["falls"]]
    arrays: dict[str, Any] = {name: np.array(plain[name], dtype=np.int64) for name in ("now", "losses", "amounts", "counts")}
    return Radar(**{name: plain[name] for name in named}, keys=tuple(plain["keys"]), labels=_told(plain["labels"]), falls=falls, **arrays)


def _division(plain: Plain) -> Division:
    counts = ("first", "second", "first_as_of", "second_as_of", "undivided", "customers")
    walkers = [
        Walker(
            0, one["amount"], tuple(Walk(at, tuple((a, b, c) for a, b, c in moves)) for at, moves in one["walks"].items()), one["customer"]
        )
        for one in plain["walkers"]
    ]
    outputs = {address: _output(address, one) for address, one in plain["outputs"].items()}
    return Division(
        **{name: plain[name] for name in counts}, outputs=outputs, undivided_outputs=plain["undivided_outputs"], walkers=walkers
    )


def _output(address: str, plain: Plain) -> OutputDivision:
    arrays: dict[str, Any] = {name: np.array(plain[name], dtype=np.int64) for name in ("before", "after")}
    by_part: dict[str, Any] = {
        name: {part: np.array(found, dtype=np.int64) for part, found in plain[name].items()} for name in ("parts", "flows")
    }
    return OutputDivision(address, plain["kind"], tuple(plain["keys"]), **arrays, **by_part, labels=_told(plain["labels"]))


def _portrait(plain: Plain) -> Portrait:
    traits = tuple(Trait(**{**one, **{name: _tuple(one[name]) for name in TUPLES}}) for one in plain["traits"])
    return Portrait(plain["members"], plain["others"], traits, tuple(plain["unclear"]))


TUPLES = ("members", "others", "missing", "standardised")


def _tuple(found: Iterable[float] | None) -> Any:
    return None if found is None else tuple(found)


def _labels(labels: Iterable[Label]) -> list[dict[str, Any]]:
    return [{"key": one.key, "title": {"en": one.title.en, "zh": one.title.zh}, "step": one.step} for one in labels]


def _told(plain: Iterable[Plain]) -> tuple[Label, ...]:
    return tuple(Label(one["key"], Text(one["title"]["en"], one["title"]["zh"]), one["step"]) for one in plain)


def _care(plain: Plain) -> list[CareReport]:
    return [CareReport.of(each) for each in plain["days"]]


UNPACK: Mapping[str, Callable[[Plain], Any]] = {"radar": _radar, "division": _division, "portrait": _portrait, "care": _care}
"""How each question's answer is read."""
