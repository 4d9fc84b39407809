"""What the API counts (Prometheus) and logs (one JSON line per request), without personal data.

A line names the route and not the path, the key by its number, and never a parameter, body, customer or address.
"""

from __future__ import annotations

import logging
import sys
import time
import traceback
from typing import Any

import structlog
from flask import Request, Response, g
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from engine.service import Engine

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Telemetry:
    """Counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("tierwise_requests", "Requests answered.", labels, registry=self.registry)
        self._seconds = Histogram(
            "tierwise_request_seconds", "Seconds per request.", ("method", "route"), buckets=BUCKETS, registry=self.registry
        )
        self._evaluated = Counter("tierwise_evaluated_customers", "Customers evaluated one by one.", registry=self.registry)
        self._log = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            processors=[structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.JSONRenderer()],
        )
        self._silent = logging.getLogger("tierwise.api").level > logging.INFO

    def count(self, request: Request, response: Response) -> None:
        """Count and log a request that was answered."""
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        route = request.url_rule.rule if request.url_rule is not None else "-"
        method = request.method if request.method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
        self._requests.labels(method, route, str(response.status_code)).inc()
        self._seconds.labels(method, route).observe(seconds)
        if logging.getLogger("tierwise.api").isEnabledFor(logging.INFO):
            self._log.info(
                "request",
                request_id=g.get("request_id", ""),
                method=method,
                route=route,
                status=response.status_code,
                milliseconds=round(seconds * 1_000, 2),
                key=g.get("key_id"),
                **({"problem": g.problem} if "problem" in g else {}),
            )

    def evaluated(self, customers: int) -> None:
        """Count customers that were evaluated."""
        self._evaluated.inc(customers)

    def bug(self, error: Exception) -> None:
        """Log an exception that nobody expected: its kind and where, not its words, which may hold data."""
        places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)[-8:]]
        self._log.error("bug", request_id=g.get("request_id", ""), kind=type(error).__name__, places=places)

    def page(self, engine: Engine) -> bytes:
        """Everything counted, with what the store says of itself."""
        lines = [generate_latest(self.registry).decode()]
        gauges: dict[str, Any] = {"tierwise_feed_position": engine.feed.cursor().partition("-")[0]}
        try:
            record = engine.run_record()
            gauges |= {
                "tierwise_live_run": record.id,
                "tierwise_live_run_as_of_seconds": record.as_of,
                "tierwise_live_run_customers": record.customers,
            }
        except Exception:  # nothing has run yet; there is nothing to say
            pass
        lines += [f"# TYPE {name} gauge\n{name} {value}\n" for name, value in gauges.items()]
        return "".join(lines).encode()
