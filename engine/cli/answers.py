"""Runs and evaluations as plain objects, for `--json`; the same keys as the documentation lists."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engine.moments import written

if TYPE_CHECKING:
    from engine.evaluate import Evaluation
    from engine.store.outcomes import RunRecord


def run_answer(record: RunRecord, zone: ZoneInfo) -> dict[str, Any]:
    """A run as one object: what it rests on, what it gave, what it could not give."""
    return {
        "run": record.id,
        "status": record.status,
        "rulebook": record.report["rulebook"],
        "as_of": written(record.as_of, zone),
        "customers": record.customers,
        "graded": record.graded,
        "digest": record.digest,
        "base_run": record.base_run_id,
        "fingerprint": record.fingerprint,
        "fact_seq": record.fact_seq,
        "reading": record.reading,
        "seconds": record.seconds,
        "outputs": record.outputs,
        "withheld": record.withheld,
        "faults": record.faults,
        "stale": record.report["stale"],
        "changes": record.report["changes"],
        "moved": record.report["moved"],
        "held": record.held,
        "warnings": record.warnings,
    }


def evaluation_answer(evaluation: Evaluation, customer: str | None, zone: ZoneInfo) -> dict[str, Any]:
    """What one customer would be."""
    answer = {"customer": customer, **asdict(evaluation)}
    del answer["customer_id"], answer["inputs"]
    return {**answer, "as_of": written(evaluation.as_of, zone)}
