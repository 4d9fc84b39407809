"""RFM: score customers by recency, frequency and money, and name eleven segments."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.rfm.policy import RFM

__all__ = ["RFM"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `rfm`."""
    return [RFM]
