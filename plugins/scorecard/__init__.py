"""Scorecard: points for several features, weighted into a score, cut into grades."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.scorecard.policy import Scorecard

__all__ = ["Scorecard"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `scorecard`."""
    return [Scorecard]
