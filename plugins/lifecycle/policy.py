"""The policy type `lifecycle`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import Output, Picture, Policy, Reason, Text
from plugins.lifecycle import pictures
from plugins.lifecycle.explain import explain
from plugins.lifecycle.params import LIMITS, LifecycleParams
from plugins.lifecycle.stages import KEYS, LOYAL, NEW, PROSPECT, STAGE_OF, STAGES, WON_BACK

RECENCY, TENURE, COUNT = "orders.recency_days", "orders.tenure_days", "orders.count"


class Lifecycle(Policy):
    """Place a customer by first order, last order, number of orders, and how unusual its silence is.

    Reactivated follows from the gap before the last order, so it needs no earlier run. In rhythm mode the expected
    interval is the customer's own, or that of the population for customers with few purchase days.
    """

    name = "lifecycle"
    family = "lifecycle"
    title = Text("Lifecycle", "客户生命周期")
    help = Text(
        "Prospect, new, active, loyal, at risk, dormant, lost or reactivated, by days or by the customer's own rhythm.",
        "潜在、新、活跃、忠诚、流失风险、沉睡、流失或重新激活，按固定天数或客户自身节奏判断。",
    )
    Params = LifecycleParams

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        p = self.params
        self.rhythm: bool = p.basis == "rhythm"
        self.limits: tuple[float, ...] = tuple(getattr(p, f"{limit}_{'times' if self.rhythm else 'days'}") for limit in LIMITS)
        self.won_back_limit: float = self.limits[LIMITS.index(p.won_back_from)]
        self.count = COUNT if p.loyal_window_days is None else f"orders.count_{p.loyal_window_days}d"
        # A gap matters only where the last order is recent; in fixed mode the shorter window is cheaper to read.
        self.gap = "orders.gap_days" if self.rhythm else f"orders.gap_days_{p.active_days}d"
        self.interval = "orders.interval_days" if p.interval == "mean" else "orders.interval_median_days"

    def inputs(self) -> tuple[str, ...]:
        """Moments are optional: who never bought has none, and is a prospect."""
        rhythm = (f"{self.interval}?", "orders.purchase_days") if self.rhythm else ()
        return (f"{RECENCY}?", f"{TENURE}?", f"{self.gap}?", self.count, *rhythm)

    def outputs(self) -> tuple[Output, ...]:
        """The stage; in rhythm mode also the expected interval, and the silence as a multiple of it."""
        stage = Output("stage", labels=STAGES, title=Text("Stage", "阶段"))
        if not self.rhythm:
            return (stage,)
        return (
            stage,
            Output("interval", kind="score", title=Text("Expected interval", "预期间隔"), unit="days", decimals=1, minimum=0),
            Output("silence", kind="score", title=Text("Silence", "沉默程度"), unit="×", decimals=2, minimum=0),
        )

    def fit(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """In rhythm mode, return the median interval of all customers with a rhythm of their own."""
        if not self.rhythm:
            return {}
        own = columns[self.interval][columns["orders.purchase_days"] >= self.params.rhythm_purchase_days]
        own = own[~np.isnan(own)]
        return {"interval_days": float(np.median(own)) if len(own) else self._default_interval}

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Compare the silence with three limits; then one look-up by silence and four facts."""
        recency, gap = columns[RECENCY], columns[self.gap]
        if not self.rhythm:
            return {"stage": self._stage(columns, recency, gap)}
        interval = self._expected(columns, state)
        silence = recency / interval
        stage = self._stage(columns, silence, gap / interval)
        return {"stage": stage, "interval": np.where(np.isnan(recency), np.nan, interval), "silence": silence}

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Say which silence, limit, count or gap decided."""
        stage = KEYS[int(self.apply(columns, state)["stage"][0])]
        own = self.rhythm and bool(self._has_rhythm(columns)[0])
        interval = float(self._expected(columns, state)[0]) if self.rhythm else None
        names = {"recency": RECENCY, "tenure": TENURE, "gap": self.gap, "count": self.count}
        return explain(self, stage, {short: float(columns[name][0]) for short, name in names.items()}, interval, own=own)

    def bounds(self, state: Mapping[str, Any] | None) -> Mapping[str, list[float]]:
        """The day limits; in rhythm mode those of customers who are judged by the interval of the population."""
        limits = [float(limit) for limit in self.limits]
        if self.rhythm:
            limits = [limit * self._population_interval(state) for limit in limits]
        won_back = limits[LIMITS.index(self.params.won_back_from)]
        return {
            RECENCY: limits,
            TENURE: [float(self.params.new_days)],
            self.count: [self.params.loyal_orders - 1.0],
            self.gap: [won_back],
        }

    def pictures(self) -> tuple[Picture, ...]:
        """How many came back how often, and the stages side by side."""
        return pictures.PICTURES

    def _stage(self, columns: Mapping[str, Any], silence: Any, gap: Any) -> Any:
        """Comparisons with a missing value are false, so a prospect shows none of the other facts by accident."""
        facts = np.zeros(len(silence), dtype=np.int8)
        for limit in self.limits:
            facts += silence > limit
        for fact, holds in (
            (LOYAL, columns[self.count] >= self.params.loyal_orders),
            (WON_BACK, gap > self.won_back_limit),
            (NEW, columns[TENURE] <= self.params.new_days),
            (PROSPECT, np.isnan(columns[RECENCY])),
        ):
            facts += holds * np.int8(fact)
        return STAGE_OF[facts]

    @property
    def _default_interval(self) -> float:
        """Where nobody has a rhythm yet: the interval at which `active_times` says the same as `active_days`."""
        return float(self.params.active_days / self.params.active_times)

    def _population_interval(self, state: Mapping[str, Any] | None) -> float:
        interval = state["interval_days"] if state else self._default_interval
        return float(max(interval, self.params.shortest_interval_days))

    def _has_rhythm(self, columns: Mapping[str, Any]) -> Any:
        enough = columns["orders.purchase_days"] >= self.params.rhythm_purchase_days
        return enough & ~np.isnan(columns[self.interval])

    def _expected(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Any:
        """The interval at which each customer is expected to buy, in days."""
        own = np.maximum(columns[self.interval], self.params.shortest_interval_days)
        return np.where(self._has_rhythm(columns), own, self._population_interval(state))
