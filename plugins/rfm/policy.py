"""The policy type `rfm`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine import DecisionTable, Label, Output, Picture, Policy, Reason, Scale, TableRules, Text
from plugins.rfm import binning, pictures
from plugins.rfm.explain import explain
from plugins.rfm.params import SCORES, RFMParams
from plugins.rfm.segments import scores, segment_map

RECENCY = "orders.recency_days"
NEVER, NOBODY, SILENT = 0, 1, 2


class RFM(Policy):
    """Score recency, frequency and money from 1 to `bins`, and look up the segment of the three.

    Equal values get equal scores: `fit` finds edges, and a value equal to an edge stays below it. Fewer days is
    better, so recency is reversed. Who never bought, or not within the window, has no RFM, and a reason.
    """

    name = "rfm"
    family = "segmentation"
    title = Text("RFM segments", "RFM 分群")
    help = Text(
        "Recency, frequency and money, each scored against the other customers, and the segments they make.",
        "按最近购买、购买频次、购买金额分别评分，并据此分群。",
    )
    Params = RFMParams

    def __init__(self, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(params)
        p = self.params
        window = "" if p.window_days is None else f"_{p.window_days}d"
        measure = {"sum": "amount", "average": "average_amount", "net": "net_amount"}[p.monetary]
        self.frequency = f"orders.{'count' if p.frequency == 'orders' else 'purchase_days'}{window}"
        self.money = f"orders.{measure}{window}"
        self.sales = f"orders.amount{window}"
        self.map = segment_map(p.segments, p.bins, [label.key for label in p.labels])
        weights = np.array([p.weights[name] for name in SCORES])
        every = scores(p.bins)
        total = sum(weight * every[name] for weight, name in zip(weights, SCORES, strict=True)) / weights.sum()
        self._total = np.append(total, np.nan)
        self._outputs = _outputs(p.bins, p.labels)

    def inputs(self) -> tuple[str, ...]:
        """Optional where nothing is missing rather than zero: who never bought gets this policy's own reason."""
        money = f"{self.money}?" if self.params.monetary == "average" else self.money
        return (f"{RECENCY}?", self.frequency, money)

    def outputs(self) -> tuple[Output, ...]:
        """Segment, score code, the scores, and their weighted mean."""
        return self._outputs

    def reasons(self) -> tuple[Reason, ...]:
        """Never bought; no population to compare with; with a window, not within it."""
        reasons = [
            Reason("no_order", Text("no order yet", "尚无订单")),
            Reason("nobody", Text("nobody to compare with", "没有可供比较的客户")),
        ]
        days = self.params.window_days
        if days is not None:
            reasons.append(Reason("no_order_in_window", Text(f"no order within {days} days", f"{days} 天内无订单")))
        return tuple(reasons)

    def rule_sets(self) -> tuple[TableRules, ...]:
        """The segment map, over the scores that this policy gives itself."""
        return (TableRules("segments", DecisionTable.load(self.params.segments), counted=True),)

    def fit(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the inner edges of r, f and m over all who bought; an empty object when nobody did."""
        p = self.params
        if p.binning == "fixed":
            return {name: list(getattr(p, f"{name}_cuts")) for name in SCORES}
        bought = self._bought(columns)
        if not bought.any():
            return {}
        fit = binning.fit_nested if p.binning == "nested" else binning.fit_quantiles
        recency, frequency, money = (columns[name][bought] for name in (RECENCY, self.frequency, self.money))
        return fit(recency, frequency, money, p.bins, p.edges)

    def apply(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> dict[str, Any]:
        """Band each measure; everything else is a look-up by score code."""
        bins = self.params.bins
        withheld = self._withheld(columns, state)
        if not state:
            empty = np.full(len(withheld), np.nan)
            nothing = np.full(len(withheld), -1)
            return {"segment": nothing, "code": nothing, "r": empty, "f": empty, "m": empty, "total": empty, "withheld": withheld}
        r, f, m = binning.score(columns[RECENCY], columns[self.frequency], columns[self.money], state)
        code = np.multiply(bins - r, bins * bins, dtype=np.int16)
        code += np.multiply(bins - f, bins, dtype=np.int16)
        code += bins - m
        code[withheld >= 0] = -1
        return {
            "segment": self.map.segment[code],
            "code": code,
            "r": r,
            "f": f,
            "m": m,
            "total": self._total[code],
            "withheld": withheld,
            "rule": self.map.rule[code],
        }

    def explain(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> list[Reason]:
        """Say for each measure its value, its score and the interval it lies in; then the row of the segment map."""
        if not state or self._withheld(columns, state)[0] >= 0:
            return []
        return explain(self, columns, state)

    def bounds(self, state: Mapping[str, Any] | None) -> Mapping[str, list[float]]:
        """The edges of each measure."""
        names = {"r": RECENCY, "f": self.frequency, "m": self.money}
        return {names[name]: binning.all_edges(state[name]) for name in SCORES} if state else {}

    def scales(self) -> dict[str, Scale]:
        """Cuts of days, orders and money; of days the highest score is the lowest band."""
        rising = _score_labels(self.params.bins)
        return {
            "r_cuts": Scale(RECENCY, rising[::-1], "r"),
            "f_cuts": Scale(self.frequency, rising, "f"),
            "m_cuts": Scale(self.money, rising, "m"),
        }

    def pictures(self) -> tuple[Picture, ...]:
        """Recency against frequency, and the segments by size and money."""
        p = self.params
        keys = [label.key for label in p.labels]
        return pictures.of(p.bins, keys, self.sales, (self.frequency, RECENCY), bounds=p.binning != "nested")

    def _bought(self, columns: Mapping[str, Any]) -> Any:
        bought = (columns[self.frequency] > 0) & ~np.isnan(columns[RECENCY])
        return bought & ~np.isnan(columns[self.money]) if self.params.monetary == "average" else bought

    def _withheld(self, columns: Mapping[str, Any], state: Mapping[str, Any] | None) -> Any:
        withheld = np.full(len(columns[RECENCY]), -1 if state else NOBODY, dtype=np.int8)
        withheld[~self._bought(columns)] = SILENT if self.params.window_days is not None else NEVER
        withheld[np.isnan(columns[RECENCY])] = NEVER
        return withheld


def _outputs(bins: int, labels: tuple[Label, ...]) -> tuple[Output, ...]:
    return (
        Output("segment", labels=labels, title=Text("Segment", "分群")),
        Output("code", labels=_codes(bins), title=Text("Score code", "评分代码"), history=False),
        Output("r", kind="score", title=Text("Recency score", "R 分值"), decimals=0, minimum=1, maximum=bins),
        Output("f", kind="score", title=Text("Frequency score", "F 分值"), decimals=0, minimum=1, maximum=bins),
        Output("m", kind="score", title=Text("Money score", "M 分值"), decimals=0, minimum=1, maximum=bins),
        Output("total", kind="score", title=Text("Weighted score", "加权总分"), minimum=1, maximum=bins),
    )


def _score_labels(bins: int) -> tuple[Label, ...]:
    """The scores 1 to bins, the highest in the best colour."""
    return tuple(
        Label(str(score), Text(f"Score {score}", f"{score} 分"), 8 - round(7 * (score - 1) / (bins - 1))) for score in range(1, bins + 1)
    )


def _codes(bins: int) -> tuple[Label, ...]:
    """The labels "5-5-5" down to "1-1-1"."""
    every = scores(bins)
    codes = ("-".join(map(str, code)) for code in zip(*(every[name].tolist() for name in SCORES), strict=True))
    return tuple(Label(code, Text(code, code)) for code in codes)
