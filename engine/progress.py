"""How work that takes long says how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

Tell: TypeAlias = Callable[[str, int, int | None], None]
"""Report progress: what is being done, how much of it is done, and of how much (None: unknown). It may raise to stop the work."""


def silent(step: str, done: int, total: int | None) -> None:
    """Tell nobody."""
