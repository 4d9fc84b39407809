"""Decision table: rows of cells over features and grades decide labels, numbers, flags or dates."""

from __future__ import annotations

from engine import Policy, hookimpl
from plugins.decision_table.policy import DecisionTablePolicy

__all__ = ["DecisionTablePolicy"]


@hookimpl
def tierwise_policies() -> list[type[Policy]]:
    """Offer the type `decision_table`."""
    return [DecisionTablePolicy]
