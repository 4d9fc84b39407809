"""The library of the zoomable charts, served from its installed package."""

from __future__ import annotations

import gzip
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files


@lru_cache(maxsize=1)
def chart_release() -> str:
    """The release of the chart library: a new one has a new address."""
    return version("plotly")


@lru_cache(maxsize=2)
def library(small: bool) -> bytes:
    """The script. small: compressed, a third of it."""
    script = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return gzip.compress(script, 6) if small else script
