"""Service level: a table decides how a customer is served, and each level says what that promises."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.service_level.policy import ServiceLevelPolicy

__all__ = ["ServiceLevelPolicy"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `service_level`."""
    return [ServiceLevelPolicy]
