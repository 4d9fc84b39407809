"""ABC classes: who brings most of the turnover, cut by cumulative share."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.abc.policy import ABC

__all__ = ["ABC"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `abc`."""
    return [ABC]
