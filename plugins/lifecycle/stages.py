"""The stages, and the one small table that tells them apart."""

from __future__ import annotations

import numpy as np

from engine import Label, Text

STAGES = (
    Label("prospect", Text("Prospect", "潜在客户"), 5),
    Label("new", Text("New", "新客户"), 3),
    Label("active", Text("Active", "活跃客户"), 2),
    Label("loyal", Text("Loyal", "忠诚客户"), 1),
    Label("at_risk", Text("At risk", "流失风险"), 6),
    Label("dormant", Text("Dormant", "沉睡客户"), 7),
    Label("lost", Text("Lost", "流失客户"), 8),
    Label("reactivated", Text("Reactivated", "重新激活"), 4),
)
KEYS = tuple(stage.key for stage in STAGES)

LOYAL, WON_BACK, NEW, PROSPECT = 4, 8, 16, 32
"""What a customer is, as one number: silence 0..3 in the lowest two bits, then one bit for each fact."""


def _stage(facts: int) -> str:
    """The first that holds, in this order: prospect, new, reactivated, loyal, then by silence."""
    silence = facts % LOYAL
    if facts & PROSPECT:
        return "prospect"
    if facts & NEW:
        return "new"
    if silence:
        return ("at_risk", "dormant", "lost")[silence - 1]
    return "reactivated" if facts & WON_BACK else "loyal" if facts & LOYAL else "active"


STAGE_OF = np.array([KEYS.index(_stage(facts)) for facts in range(2 * PROSPECT)], dtype=np.int8)
"""Position in `STAGES` of each combination: one look-up per customer instead of eight masks."""
