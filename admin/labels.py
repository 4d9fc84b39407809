"""What the labels of outputs are called and how they look, by address and key, for every page that shows some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g

from admin.words import t
from engine import Text, TierwiseError


@dataclass(frozen=True, slots=True)
class Look:
    """A label as it is shown. rank: smaller is better; None where there is no order."""

    key: str
    title: Any
    step: int
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class OutputLook:
    """An output as it is shown, with its labels in order."""

    address: str
    title: Any
    labels: Mapping[str, Look]

    def of(self, key: Any) -> Look | None:
        """The look of a label; one that is no longer declared shows its key; None for none."""
        if key is None or key == "":
            return None
        text = str(key).lower() if isinstance(key, bool) else str(key)
        return self.labels.get(text) or Look(text, Text(text, text), 0)


def outputs(engine: Any, run_id: int | None = None) -> Mapping[str, OutputLook]:
    """The outputs of a run (default: the newest visible) by address, in their order; nothing before the first run."""
    known: dict[int | None, Mapping[str, OutputLook]] = g.setdefault("output_looks", {})
    if run_id not in known:
        known[run_id] = _outputs(engine, run_id)
    return known[run_id]


def _outputs(engine: Any, run_id: int | None) -> Mapping[str, OutputLook]:
    try:
        summary = engine.run_summary(run_id)
    except TierwiseError:
        return {}
    return {
        output.address: OutputLook(
            output.address,
            output.title,
            {line.key: Look(line.key, line.title, line.step, getattr(line, "rank", place)) for place, line in enumerate(output.lines)},
        )
        for output in summary.outputs
    }


def titles(engine: Any, address: str, keys: Sequence[str]) -> list[str]:
    """The titles of labels of an output in the reader's language; the key of one that nothing declares."""
    found = outputs(engine).get(address)
    looks = [found.of(key) if found else None for key in keys]
    return [t(look.title) if look else key for key, look in zip(keys, looks, strict=True)]


def title(engine: Any, address: str) -> str:
    """The title of an output in the reader's language; its address where nothing declares it."""
    found = outputs(engine).get(address)
    return t(found.title) if found else address
