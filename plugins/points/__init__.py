"""Points: what sales earn, for how long, and what a year of a customer is worth in points."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.points.policy import Points

__all__ = ["Points"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `points`."""
    return [Points]
