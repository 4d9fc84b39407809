"""Membership: levels that members reach, keep and lose, with their rights."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.membership.policy import Membership

__all__ = ["Membership"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `membership`."""
    return [Membership]
