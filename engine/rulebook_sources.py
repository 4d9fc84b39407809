"""Where a rulebook comes from: a file, the starter that ships, or a document in memory."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from engine.documents import Document, read_file, read_text

RulebookSource = str | Path | Mapping[str, Any]


def read_source(source: RulebookSource) -> Document:
    """The document of a file, of "starter", or of an object. Raises `RulebookError` when it cannot be read."""
    if not isinstance(source, (str, Path)):
        return Document.of(source, "rulebook")
    if str(source) == "starter":
        return read_text(resources.files("engine").joinpath("starter.yaml").read_text(encoding="utf-8"), "starter.yaml")
    return read_file(Path(source), whole=False)
