"""Static files with a fingerprint in their address, so that browsers keep them for a year and still get the new one."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from flask import url_for

STATIC = Path(__file__).parent / "static"


@lru_cache(maxsize=256)
def _fingerprint(name: str, changed: int) -> str:
    return blake2b((STATIC / name).read_bytes(), digest_size=5).hexdigest()


def asset(name: str) -> str:
    """The address of a file in `admin/static`, with what it holds as its version."""
    return url_for("static", filename=name, v=_fingerprint(name, (STATIC / name).stat().st_mtime_ns))


FOUNDATIONS = ("registry", "kit", "cells", "condition_words", "table_document")
"""What editors are made from; loaded before them."""


def param_editors() -> list[str]:
    """The scripts that edit parameters, one per editor: whatever lies in `js/editors`, what they are made from first."""
    names = {path.stem for path in (STATIC / "js" / "editors").glob("*.js")}
    ordered = [name for name in FOUNDATIONS if name in names] + sorted(names - {*FOUNDATIONS})
    return [asset(f"js/editors/{name}.js") for name in ordered]
