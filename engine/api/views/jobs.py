"""Jobs: what is being done in the background; runs and simulations are started here."""

from __future__ import annotations

from typing import Any

from engine import clock
from engine.api.answers.jobs import Job as JobGiven
from engine.api.answers.jobs import JobAsked
from engine.api.answers.parts import page
from engine.api.fields import Flag, Page, after_number, text, whole
from engine.api.kit import Answer, Call, Routes, Strict, or_404
from engine.api.pages import page_of
from engine.api.problems import Problem
from engine.api.views.runs import number
from engine.job_kinds import check
from engine.jobs import Job, JobError

routes = Routes("jobs", "What is being done in the background.")


class RunBody(Strict):
    """How to run."""

    as_of = text(40, "As of when; default: now.", allow_none=True, load_default=None)
    historical = Flag(load_default=False, metadata={"description": "A look back; never touches current assignments."})
    recompute = Flag(load_default=False, metadata={"description": "Run even if the same run is already finished."})
    partitions = whole(1, 64, 1, "In how many parts columns are computed; the digest is the same.", strict=True)


def job_answer(job: Job, call: Call) -> dict[str, Any]:
    """A job as one object."""
    names = ("id", "kind", "title", "actor", "status", "attempts", "cancelling", "step", "done", "total", "result", "error")
    found = {name: getattr(job, name) for name in names}
    times = {name: getattr(job, name) for name in ("created_at", "started_at", "finished_at")}
    return {**found, **call.dated(times, *times), "share": job.share}


DRY = {"Dry-Run": "true"}
_RUN_TO_BE: dict[str, Any] = {
    "id": None, "kind": "run", "title": "", "status": "queued", "attempts": 0, "cancelling": False, "step": "", "done": 0,
    "total": None, "result": None, "error": None, "started_at": None, "finished_at": None, "share": None,
}  # fmt: skip


@routes.verb(
    "POST",
    "/runs",
    "runs:write",
    body=RunBody,
    status=202,
    outside=True,
    example={"as_of": "2026-01-01"},
    gives=JobAsked,
    sends=("Location",),
)
def start_run(call: Call) -> Any:
    """Start a run as a job; `result.run` of the job is its number when it is done.

    While a run waits or works, the same job is answered.
    """
    params = {name: value for name, value in call.body.items() if value not in (None, False)}
    if call.dry_run:
        call.engine.rulebook()
        check(call.engine, "run", params)
        return Answer({**_RUN_TO_BE, "actor": call.caller.user.name, "created_at": call.engine.written(clock.now())}, 202, DRY)
    job = call.engine.jobs.submit(
        "run", params, title=f"run, by key {call.caller.key.id}", dedupe=call.once_key, slot=None if call.once_key else "run"
    )
    return Answer(job_answer(job, call), 202, {"Location": f"/api/v1/jobs/{job.id}"})


@routes.verb("GET", "/jobs", "jobs:read", query=Page, gives=page(JobGiven))
def list_jobs(call: Call) -> Any:
    """The newest jobs first."""
    found = call.engine.jobs.list(limit=call.query["limit"], before=after_number(call.query["after"]) or None)
    return page_of(found, call, lambda job: job.id, lambda job: job_answer(job, call))


@routes.verb("GET", "/jobs/<int:job>", "jobs:read", gives=JobGiven)
def get_job(call: Call, job: int) -> Any:
    """One job: its status, step, how much is done, and its result."""
    with or_404(JobError):
        return job_answer(call.engine.jobs.get(number(job)), call)


@routes.verb("POST", "/jobs/<int:job>/cancel", "jobs:write", outside=True, gives=JobGiven)
def cancel_job(call: Call, job: int) -> Any:
    """Stop a job: at once while it waits, at its next step while it works."""
    return _step(call, job, "cancel")


@routes.verb("POST", "/jobs/<int:job>/retry", "jobs:write", outside=True, gives=JobGiven)
def retry_job(call: Call, job: int) -> Any:
    """Ask again for a job that failed or was cancelled."""
    return _step(call, job, "retry")


def _step(call: Call, job: int, verb: str) -> Any:
    with or_404(JobError):
        found = call.engine.jobs.get(number(job))
    if call.dry_run:
        return Answer(job_answer(found, call), 200, DRY)
    try:
        return job_answer(getattr(call.engine.jobs, verb)(job), call)
    except JobError as error:
        raise Problem("conflict", str(error)) from None
