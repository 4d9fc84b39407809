"""Random numbers that stay the same: NumPy promises the bit stream of PCG64, not those of its distributions.

So only raw bits are drawn, and shaped here; the generated company is then the same with any NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from engine.columns import Array


class Dice:
    """A stream of random columns. The same seed and the same calls in the same order give the same numbers."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def uniform(self, size: int) -> Array:
        """Evenly spread over [0, 1)."""
        return np.asarray((self._bits.random_raw(size) >> np.uint64(11)) * 2.0**-53)

    def normal(self, size: int) -> Array:
        """Standard normal, by Box and Muller."""
        result: Array = np.sqrt(-2 * np.log1p(-self.uniform(size))) * np.cos(2 * np.pi * self.uniform(size))
        return result

    def exponential(self, size: int) -> Array:
        """Exponential with mean 1."""
        return np.asarray(-np.log1p(-self.uniform(size)))

    def erlang(self, size: int, shape: int) -> Array:
        """The mean of `shape` exponentials: mean 1, the more regular the larger `shape`."""
        result: Array = self.exponential(size * shape).reshape(shape, size).sum(axis=0) / shape
        return result

    def poisson(self, size: int, mean: float) -> Array:
        """Poisson counts, cut off far out in the tail."""
        last = int(mean + 10 * math.sqrt(mean) + 10)
        return self.pick(size, [math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(last)])

    def chance(self, size: int, probability: float | Array) -> Array:
        """Flags that are true with this probability."""
        return self.uniform(size) < probability

    def pick(self, size: int, weights: Sequence[float] | Array) -> Array:
        """Positions in `weights`, each as often as it weighs."""
        edges = np.cumsum(np.asarray(weights, dtype=float))
        return np.asarray(np.searchsorted(edges / edges[-1], self.uniform(size), side="right"))

    def pick_each(self, weights: Array) -> Array:
        """One position per row of a table of weights."""
        edges = np.cumsum(weights, axis=1)
        result: Array = (edges <= (self.uniform(len(weights)) * edges[:, -1])[:, None]).sum(axis=1)
        return result

    def whole(self, low: int, high: int, size: int) -> Array:
        """Whole numbers from low to high, both included."""
        result: Array = low + np.floor(self.uniform(size) * (high - low + 1)).astype(np.int64)
        return result
