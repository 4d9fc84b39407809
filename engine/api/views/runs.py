"""Runs: what was graded when, and what came of it."""

from __future__ import annotations

from typing import Any

from engine.api.answers.parts import page
from engine.api.answers.runs import Run
from engine.api.fields import Page, after_number
from engine.api.kit import Call, Routes, or_404
from engine.api.pages import page_of
from engine.api.problems import Problem
from engine.errors import RunError
from engine.moments import written
from engine.store.outcomes import RunRecord

routes = Routes("runs", "Grade every customer, and look at what came of it.")


def run_answer(record: RunRecord, call: Call) -> dict[str, Any]:
    """A run as one object: what it rests on, what it gave, what it could not give."""
    zone = call.engine.zone
    return {
        "run": record.id,
        "status": record.status,
        "rulebook": record.report["rulebook"],
        "as_of": written(record.as_of, zone),
        "finished_at": written(record.finished_at, zone),
        "batch": record.batch_id,
        "customers": record.customers,
        "graded": record.graded,
        "digest": record.digest,
        "base_run": record.base_run_id,
        "fingerprint": record.fingerprint,
        "fact_seq": record.fact_seq,
        "seconds": record.seconds,
        "outputs": record.outputs,
        "withheld": record.withheld,
        "faults": record.faults,
        "changes": record.report.get("changes"),
        "moved": record.report.get("moved"),
        "held": record.held,
        "warnings": record.warnings,
    }


@routes.verb("GET", "/runs", "runs:read", query=Page, gives=page(Run))
def list_runs(call: Call) -> Any:
    """The newest runs first."""
    before = after_number(call.query["after"]) or None
    return page_of(call.engine.runs(call.query["limit"], before=before), call, lambda record: record.id, lambda r: run_answer(r, call))


@routes.verb("GET", "/runs/live", "runs:read", gives=Run)
def get_live_run(call: Call) -> Any:
    """The newest visible run: the one that assignments come from."""
    return run_answer(call.engine.run_record(), call)


@routes.verb("GET", "/runs/<int:run>", "runs:read", gives=Run)
def get_run(call: Call, run: int) -> Any:
    """One run."""
    with or_404(RunError):
        return run_answer(call.engine.run_record(number(run)), call)


@routes.verb("POST", "/runs/<int:run>/release", "runs:write", gives=Run)
def release_run(call: Call, run: int) -> Any:
    """Make a held run visible."""
    with or_404(RunError):
        call.engine.run_record(number(run))
    return run_answer(call.engine.release(run), call)


def number(given: int) -> int:
    """A number that a database can look up. Raises `Problem` for others, which nothing has."""
    if given >= 2**31:
        raise Problem("not_found", "there is nothing with such a number")
    return given
