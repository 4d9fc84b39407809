"""Lifecycle stages: where a customer is between first purchase and loss."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.lifecycle.policy import Lifecycle

__all__ = ["Lifecycle"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `lifecycle`."""
    return [Lifecycle]
