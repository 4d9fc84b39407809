"""Segments: named conditions, of which a customer meets several, or the first decides."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.segments.policy import Segments

__all__ = ["Segments"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `segments`."""
    return [Segments]
