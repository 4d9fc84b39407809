"""The hooks that a plugin may implement. A plugin is a module (or package) with functions marked `@hookimpl`.

Each hook is called once while the engine opens, in the main process only; workers receive policies and states.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from engine.catalogue import Feature
    from engine.policy import Policy

hookspec = pluggy.HookspecMarker("tierwise")
hookimpl = pluggy.HookimplMarker("tierwise")


@hookspec
def tierwise_policies() -> Iterable[type[Policy]]:  # type: ignore[empty-body]
    """Offer policy types, as a list of classes.

    Example::

        from engine import Label, Output, Policy, Text, hookimpl
        import numpy as np

        class BigSpender(Policy):
            name = "big_spender"
            title = Text(en="Big spender", zh="大额客户")
            help = Text(en="Spent 1,000 or more in a year.", zh="一年内消费满 1000。")

            def inputs(self):
                return ("orders.amount_365d",)

            def outputs(self):
                return (Output("flag", kind="flag"),)

            def apply(self, columns, state):
                return {"flag": columns["orders.amount_365d"] >= 1000}

        @hookimpl
        def tierwise_policies():
            return [BigSpender]
    """


@hookspec
def tierwise_features() -> Iterable[Feature]:  # type: ignore[empty-body]
    """Offer features, declaratively: source, aggregate, column, filter and window; the engine writes the SQL.

    Example::

        from engine import Feature, Text, hookimpl

        @hookimpl
        def tierwise_features():
            return [Feature("orders.web_count_90d", source="orders", aggregate="count", window_days=90,
                            where={"feature": "channel", "op": "=", "value": "web"},
                            title=Text(en="Web orders, 90 days", zh="90 天网上订单数"))]
    """
