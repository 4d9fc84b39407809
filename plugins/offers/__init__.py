"""Offers: who may save what, by conditions, with priorities and budgets."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.offers.policy import Offers

__all__ = ["Offers"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `offers`."""
    return [Offers]
