"""A worker: claims jobs, does them, keeps their leases, takes up what others left, and looks at the schedules every minute.

It may be killed at any moment. What it was doing is taken up again, by another worker at once when that runs on the
same machine, else when the lease is over.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from engine import clock
from engine.errors import TierwiseError
from engine.job_kinds import perform
from engine.jobs import LEASE, Cancelled, Job, owner_name
from engine.sandbox import synchronise
from engine.wakeup import hang_up, next_call, wake

if TYPE_CHECKING:
    from engine.service import Engine

log = logging.getLogger("tierwise.jobs")

LOOK_SECONDS = 2.0
"""How often a worker looks by itself for jobs that wait and for those whose worker is gone."""

TELL_SECONDS = 0.3
"""Progress within one step is written at most this often."""


class Worker:
    """Threads that do jobs of one engine until `stop` is called, or the process `parent` that started this one is gone."""

    def __init__(self, engine: Engine, *, threads: int = 2, parent: int | None = None) -> None:
        self.engine = engine
        self._parent = parent
        self.owner = owner_name()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._serve, name=f"job-{n}", daemon=True) for n in range(1, threads + 1)]
        self._threads.append(threading.Thread(target=self._look_after, name="job-keeper", daemon=True))
        self._threads.append(threading.Thread(target=self._tell_others, name="webhooks", daemon=True))
        self._minute = clock.now() // 60

    def start(self) -> None:
        """Start working, and return."""
        for thread in self._threads:
            thread.start()

    def run(self) -> None:
        """Work until `stop` is called."""
        self.start()
        self._stopping.wait()
        self._leave()

    def stop(self, *, wait: float = 0) -> None:
        """Take nothing more; what is still being done goes back into the queue. wait: seconds for threads to come to an end."""
        self._stopping.set()
        for thread in self._threads:
            if wait and thread.is_alive():
                thread.join(wait)

    def _leave(self) -> None:
        for number in self.engine.jobs.give_back(self.owner):
            wake(self.engine.store, number)

    # --- threads -----------------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while not self._stopping.is_set():
            try:
                called = next_call(self.engine.store)
                if called is None:
                    self._stopping.wait(0.2 if self.engine.store.is_sqlite else 0.01)
                else:
                    self.do(called)
            except Exception:
                log.exception("a worker stumbled and goes on")
                self._stopping.wait(1)
        hang_up(self.engine.store)

    def _look_after(self) -> None:
        """Call for what waits and nobody was called for, and give the schedules their minute."""
        called: set[int] = set()
        while not self._stopping.is_set():
            if self._parent is not None and os.getppid() != self._parent:
                self.stop()
                return
            try:
                waiting = self.engine.jobs.reap()
                for number in waiting:
                    if number in called:  # it has waited for a whole round: its call was lost, or all workers are busy
                        wake(self.engine.store, number)
                called = set(waiting)
                self._tick()
            except Exception:
                log.exception("looking after the jobs failed; it is tried again")
            self._stopping.wait(LOOK_SECONDS)

    def _tell_others(self) -> None:
        """Send e-mails, and what webhooks wait for. A receiver that hangs holds up this thread and nothing else."""
        while not self._stopping.wait(LOOK_SECONDS):
            for room in (self.engine.tickets, self.engine.care, self.engine.webhooks):
                try:
                    room.deliver()
                except Exception:
                    log.exception("what waits could not be sent; it is tried again")

    def _tick(self) -> None:
        synchronise(self.engine.store)
        minute = clock.now() // 60
        if minute == self._minute:
            return
        former, self._minute = self._minute, minute
        if minute // 1440 != former // 1440:
            self.engine.jobs.purge()
        rooms = (
            self.engine.schedules,
            self.engine.tickets,
            self.engine.care,
            self.engine.points,
            self.engine.rewards,
            self.engine.managers,
        )
        if any(room.due() for room in rooms):
            self.engine.jobs.submit("tick", slot="tick")

    # --- one job -----------------------------------------------------------------------------------------------

    def do(self, job_id: int) -> None:
        """Claim one job and do it. Whatever goes wrong ends in its row."""
        jobs = self.engine.jobs
        job = jobs.claim(job_id, self.owner)
        if job is None:
            return
        log.info("job %s (%s) of %s: attempt %s", job.id, job.kind, job.actor, job.attempts)
        report = _Report(self.engine, job, self.owner)
        try:
            with report:
                result = perform(self.engine.acting_as(job.actor, authenticated=job.authenticated), job.kind, job.params, report.tell)
            jobs.finish(job.id, self.owner, "done", result=result)
        except Cancelled:
            if not self._stopping.is_set():
                jobs.finish(job.id, self.owner, "cancelled", error="cancelled; what was not finished has changed nothing")
        except TierwiseError as error:
            jobs.finish(job.id, self.owner, "failed", error=str(error))
        except Exception as error:
            log.exception("job %s failed", job.id)
            jobs.finish(job.id, self.owner, "failed", error=f"{type(error).__name__}: {error}")
        log.info("job %s is %s", job.id, jobs.get(job.id).status)


class _Report:
    """The progress of one job: written at each step and sometimes within, with a pulse that keeps the lease."""

    def __init__(self, engine: Engine, job: Job, owner: str) -> None:
        self._jobs, self._job, self._owner = engine.jobs, job, owner
        self._told, self._step = 0.0, ""
        self._over, self._lost = threading.Event(), threading.Event()
        self._pulse = threading.Thread(target=self._keep, name=f"job-{job.id}-pulse", daemon=True)

    def __enter__(self) -> None:
        self._pulse.start()

    def __exit__(self, *args: object) -> None:
        self._over.set()
        self._pulse.join()

    def tell(self, step: str, done: int, total: int | None) -> None:
        """Report progress. Raises `Cancelled` when the job was cancelled or is no longer this worker's."""
        if self._lost.is_set():
            raise Cancelled
        now = time.monotonic()
        if step == self._step and now - self._told < TELL_SECONDS:
            return
        self._step, self._told = step, now
        self._jobs.tell(self._job.id, self._owner, step=step, done=done, total=total)

    def _keep(self) -> None:
        while not self._over.wait(LEASE / 4):
            try:
                self._jobs.tell(self._job.id, self._owner)
            except Cancelled:
                self._lost.set()
                return
            except Exception:
                log.warning("the lease of job %s could not be kept this time", self._job.id)
