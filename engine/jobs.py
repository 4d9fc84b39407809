"""Long work as jobs: runs, simulations, imports and exports that go on when the page is left, the worker restarts, or it is killed.

    job = engine.jobs.submit("run", {"as_of": "2025-12-31"})
    engine.jobs.get(job.id).status          # queued, running, done, failed, cancelled

The row is the truth: a worker claims it with a lease, reports progress, and loses it when the lease runs out; then
another worker takes it up. The queue only wakes a worker sooner. What a kind of job does is in `engine.job_kinds`.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from engine.errors import TierwiseError, did_you_mean
from engine.store.models.jobs import job, jobs_metadata

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from engine.service import Engine
    from engine.store.session import Store

KINDS = ("run", "simulate", "import", "export", "tick", "insight", "tickets")
STATUSES = ("queued", "running", "done", "failed", "cancelled")
OPEN = ("queued", "running")

LEASE = 20
"""Seconds for which a worker owns a job without a sign of life."""

MOST_ATTEMPTS = 5
"""How often a job is taken up again after its worker died; then it is the job that kills workers."""

KEPT_DAYS = 90


class JobError(TierwiseError):
    """A job is unknown, or is not in a state in which that can be done."""


class Cancelled(BaseException):
    """Raised inside a job's work when it was cancelled, or taken away from this worker. No policy or plugin can swallow it."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it stands. Moments are UTC epoch seconds; step, done and total say how far it is; result is JSON."""

    id: int
    kind: str
    title: str
    params: Mapping[str, Any]
    actor: str
    authenticated: bool
    status: str
    attempts: int
    cancelling: bool
    step: str
    done: int
    total: int | None
    created_at: int
    started_at: int | None
    finished_at: int | None
    result: Mapping[str, Any] | None
    error: str | None
    dedupe: str | None
    slot: str | None

    @property
    def is_open(self) -> bool:
        """Whether it still waits or works."""
        return self.status in OPEN

    @property
    def seconds(self) -> int | None:
        """How long it has worked, or worked in all."""
        return None if self.started_at is None else (self.finished_at or int(time.time())) - self.started_at

    @property
    def share(self) -> float | None:
        """How much is done, 0 to 1; None where nobody knows."""
        return min(1.0, self.done / self.total) if self.total else None

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self) | {"params": dict(self.params), "result": dict(self.result) if self.result is not None else None}


class Jobs:
    """The verbs of jobs, as `engine.jobs`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def store(self) -> Store:
        """Where jobs are kept: beside an SQLite store in a file of its own, on PostgreSQL in the same database."""
        return self._engine.store.beside("jobs", jobs_metadata)

    # --- asking ------------------------------------------------------------------------------------------------

    def submit(
        self,
        kind: str,
        params: Mapping[str, Any] | None = None,
        *,
        title: str = "",
        dedupe: str | None = None,
        slot: str | None = None,
    ) -> Job:
        """Ask for a job and return it; a worker is woken. params: JSON, checked by the kind.

        dedupe: for ever at most one job with this key. slot: at most one that is not over yet. Where there is one already,
        that one is returned. Raises `JobError` for an unknown kind or wrong parameters.
        """
        from engine.job_kinds import check

        settings = self._engine.settings
        checked = check(self._engine, kind, dict(params or {}))
        values = {
            "kind": kind,
            "title": title[:200],
            "params": json.dumps(checked, ensure_ascii=False),
            "actor": settings.actor,
            "authenticated": int(settings.authenticated),
            "status": "queued",
            "dedupe": dedupe,
            "slot": slot,
            "created_at": int(time.time()),
        }
        try:
            with self.store.write() as connection:
                number = int(connection.execute(insert(job).values(values).returning(job.c.id)).scalar_one())
        except IntegrityError:
            return self._same(dedupe, slot) or self.submit(kind, params, title=title, dedupe=dedupe, slot=slot)
        self._wake(number)
        return self.get(number)

    def get(self, job_id: int) -> Job:
        """One job. Raises `JobError`."""
        with self.store.read() as connection:
            row = connection.execute(select(job).where(job.c.id == job_id)).mappings().first()
        if row is None:
            raise JobError(f"there is no job {job_id}")
        return self._seen(_job(row))

    def named(self, dedupe: str) -> Job | None:
        """The job that was asked for with this key, if there was one."""
        found = self._same(dedupe, None)
        return None if found is None else self._seen(found)

    def list(
        self, *, status: str | Sequence[str] | None = None, kind: str | None = None, limit: int = 50, before: int | None = None
    ) -> Sequence[Job]:
        """The newest jobs first. before: only those with a smaller number, for the next page."""
        wanted = (status,) if isinstance(status, str) else status
        for name in wanted or ():
            if name not in STATUSES:
                raise JobError(f"{name!r} is no status of a job; {did_you_mean(name, STATUSES) or ', '.join(STATUSES)}")
        query = select(job).order_by(job.c.id.desc()).limit(limit)
        if wanted:
            query = query.where(job.c.status.in_(wanted))
        if kind:
            query = query.where(job.c.kind == kind)
        if before is not None:
            query = query.where(job.c.id < before)
        with self.store.read() as connection:
            found = [_job(row) for row in connection.execute(query).mappings()]
        return [self._seen(each) for each in found]

    def _seen(self, found: Job) -> Job:
        """What a simulation names, it names in the name of who asked: nobody else reads it there, save those who see everything.

        An answer about the population goes to those only who see the same customers: `engine.questions`.
        """
        if found.kind == "insight" and found.result:
            return found if self._engine.questions.sees(found.result) else replace(found, result=None)
        if found.kind != "simulate" or not found.result or "picture" not in found.result:
            return found
        if found.actor == self._engine.settings.actor or self._engine.sight.everything:
            return found
        return replace(found, result={**found.result, "picture": {**found.result["picture"], "movers": []}})

    def counts(self) -> dict[str, int]:
        """How many jobs there are, by status."""
        with self.store.read() as connection:
            found: dict[str, int] = {
                row[0]: row[1] for row in connection.execute(select(job.c.status, func.count()).group_by(job.c.status))
            }
        return {status: int(found.get(status, 0)) for status in STATUSES}

    def cancel(self, job_id: int) -> Job:
        """Stop a job: at once while it waits, at its next step while it works. Raises `JobError` when it is over."""
        now = int(time.time())
        with self.store.write() as connection:
            waiting = (job.c.id == job_id) & (job.c.status == "queued")
            ended = {"status": "cancelled", "finished_at": now, "slot": None, "cancel": 1}
            if not connection.execute(update(job).where(waiting).values(ended)).rowcount:
                connection.execute(update(job).where((job.c.id == job_id) & (job.c.status == "running")).values(cancel=1))
        found = self.get(job_id)
        if found.status in ("done", "failed"):
            raise JobError(f"job {job_id} is {found.status} already; only a job that waits or works can be cancelled")
        return found

    def retry(self, job_id: int) -> Job:
        """Ask again for a job that failed or was cancelled. Raises `JobError` for any other."""
        with self.store.write() as connection:
            over = (job.c.id == job_id) & job.c.status.in_(("failed", "cancelled"))
            again = {"status": "queued", "attempts": 0, "cancel": 0, "error": None, "result": None, "step": "", "done": 0, "total": None}
            fresh = {"started_at": None, "finished_at": None, "owner": None, "lease_until": None}
            changed = connection.execute(update(job).where(over).values(again | fresh)).rowcount
        found = self.get(job_id)
        if not changed:
            raise JobError(f"job {job_id} is {found.status}; only one that failed or was cancelled can be asked for again")
        self._wake(job_id)
        return found

    def files(self) -> Path:
        """The folder of files that jobs read and write: uploads and exports. Only this installation's user can read it."""
        store = self._engine.store
        folder = store.path.with_name(f"{store.path.name}.files") if store.is_sqlite else store.cache_dir / "files"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    # --- working: for workers ----------------------------------------------------------------------------------

    def claim(self, job_id: int, owner: str) -> Job | None:
        """Take a job that waits, or whose worker is gone; None when it is not to be had."""
        now = int(time.time())
        free = or_(job.c.status == "queued", (job.c.status == "running") & (job.c.lease_until < now))
        taken = {"status": "running", "owner": owner, "lease_until": now + LEASE, "attempts": job.c.attempts + 1, "started_at": now}
        with self.store.write() as connection:
            if not connection.execute(update(job).where((job.c.id == job_id) & free).values(taken)).rowcount:
                return None
        return self.get(job_id)

    def tell(self, job_id: int, owner: str, **progress: Any) -> None:
        """Report progress (step, done, total) and hold on to the lease. Raises `Cancelled` when the job is no longer wanted or ours."""
        mine = (job.c.id == job_id) & (job.c.owner == owner) & (job.c.status == "running") & (job.c.cancel == 0)
        with self.store.write() as connection:
            if not connection.execute(update(job).where(mine).values(lease_until=int(time.time()) + LEASE, **progress)).rowcount:
                raise Cancelled

    def finish(self, job_id: int, owner: str, status: str, *, result: Mapping[str, Any] | None = None, error: str | None = None) -> bool:
        """End a job; False when it was taken away meanwhile. A job that was cancelled and never stopped is done."""
        written = None if result is None else json.dumps(result, ensure_ascii=False, default=str)
        values = {"status": status, "result": written, "error": error, "finished_at": int(time.time()), "slot": None, "lease_until": None}
        mine = (job.c.id == job_id) & (job.c.owner == owner) & (job.c.status == "running")
        with self.store.write() as connection:
            return bool(connection.execute(update(job).where(mine).values(values)).rowcount)

    def give_back(self, owner: str) -> Sequence[int]:
        """Put the jobs of a worker that stops back into the queue."""
        return self._requeue((job.c.owner == owner) & (job.c.status == "running"))

    def reap(self) -> Sequence[int]:
        """Take up what lost its worker, and name every job that waits. A job whose workers died too often fails."""
        now = int(time.time())
        gone = [number for number, owner in self._running() if owner_is_gone(owner)]
        lost: ColumnElement[bool] = (job.c.status == "running") & or_(job.c.lease_until < now, job.c.id.in_(gone))
        with self.store.write() as connection:
            stopped = {"status": "cancelled", "finished_at": now, "slot": None}
            connection.execute(update(job).where(lost & (job.c.cancel == 1)).values(stopped))
            error = f"its worker died {MOST_ATTEMPTS} times while doing it; the log of the worker says more"
            failed = {"status": "failed", "error": error, "finished_at": now, "slot": None}
            connection.execute(update(job).where(lost & (job.c.attempts >= MOST_ATTEMPTS)).values(failed))
        self._requeue(lost)
        with self.store.read() as connection:
            return list(connection.scalars(select(job.c.id).where(job.c.status == "queued").order_by(job.c.id)))

    def purge(self, *, days: int = KEPT_DAYS) -> int:
        """Forget jobs that ended long ago, and the files that no job knows any more; returns how many jobs."""
        then = int(time.time()) - days * 86_400
        with self.store.write() as connection:
            gone = connection.execute(delete(job).where(job.c.finished_at < then)).rowcount
        for path in self.files().iterdir():
            if path.stat().st_mtime < then:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        return int(gone)

    # --- inside ------------------------------------------------------------------------------------------------

    def _running(self) -> Sequence[tuple[int, str]]:
        with self.store.read() as connection:
            return [(row.id, row.owner) for row in connection.execute(select(job.c.id, job.c.owner).where(job.c.status == "running"))]

    def _requeue(self, which: ColumnElement[bool]) -> Sequence[int]:
        with self.store.write() as connection:
            back = update(job).where(which).values(status="queued", owner=None, lease_until=None).returning(job.c.id)
            return list(connection.scalars(back))

    def _same(self, dedupe: str | None, slot: str | None) -> Job | None:
        keys = [job.c.dedupe == dedupe] if dedupe else []
        keys += [job.c.slot == slot] if slot else []
        with self.store.read() as connection:
            row = connection.execute(select(job).where(or_(*keys)).order_by(job.c.id)).mappings().first()
        return _job(row) if row is not None else None

    def _wake(self, job_id: int) -> None:
        from engine.wakeup import wake

        wake(self._engine.store, job_id)


def owner_name() -> str:
    """This worker: its machine, process and when that started, so that a later process with the same number is another."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def owner_is_gone(owner: str | None) -> bool:
    """Whether an owner was a process of this machine that is no more. Of other machines only the lease tells."""
    host, _, rest = (owner or "").rpartition("/")[0].rpartition("/")
    started = (owner or "").rpartition("/")[2]
    if host != socket.gethostname() or not rest.isdigit():
        return False
    now = _started(int(rest))
    return now == "" if started == "" else now != started


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine did; "" when it is not there."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return "" if Path("/proc/self").exists() or not _alive(pid) else "?"
    fields = status.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _job(row: Mapping[Any, Any]) -> Job:
    return Job(
        id=row["id"],
        kind=row["kind"],
        title=row["title"],
        params=json.loads(row["params"]),
        actor=row["actor"],
        authenticated=bool(row["authenticated"]),
        status=row["status"],
        attempts=row["attempts"],
        cancelling=bool(row["cancel"]) and row["status"] == "running",
        step=row["step"],
        done=row["done"],
        total=row["total"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        result=None if row["result"] is None else json.loads(row["result"]),
        error=row["error"],
        dedupe=row["dedupe"],
        slot=row["slot"],
    )
