"""Jobs: the row is the truth; a worker that dies loses its job to another, and a run taken up again ends with the same digest."""

from __future__ import annotations

import json
import multiprocessing
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from engine.jobs import LEASE, MOST_ATTEMPTS, Cancelled, JobError, owner_is_gone, owner_name
from engine.service import Engine
from engine.store.models.jobs import job
from engine.wakeup import next_call
from engine.worker import Worker
from tests.small_store import AS_OF
from tests.trust.company import LATER, company


@pytest.fixture
def engine(sqlite_url: str) -> Any:
    company(sqlite_url)
    with Engine.open(sqlite_url, actor="ann") as opened:
        yield opened


@pytest.fixture
def both(store_url: str) -> Any:
    """On both databases: claims, keys, leases, calls."""
    company(store_url)
    with Engine.open(store_url, actor="ann") as opened:
        yield opened


def ended(engine: Engine, job_id: int, worker: Worker) -> Any:
    """Do a job in this thread and return it."""
    worker.do(job_id)
    return engine.jobs.get(job_id)


def test_a_run_as_a_job(engine: Engine) -> None:
    asked = engine.jobs.submit("run", {"as_of": AS_OF}, title="the first")
    assert (asked.status, asked.actor, asked.title, asked.params) == ("queued", "ann", "the first", {"as_of": AS_OF})
    done = ended(engine, asked.id, Worker(engine))
    assert done.status == "done"
    assert done.result == {
        "run": 1,
        "status": "visible",
        "digest": engine.run_record().digest,
        "customers": engine.run_record().customers,
        "faults": {},
        "held": [],
        "moved": engine.run_record().report["moved"],
    }
    assert (done.attempts, done.total) == (1, 7)
    assert engine.run_record().actor == "ann"
    json.dumps(done.as_dict())


def test_a_run_keeps_the_moment_it_was_asked_for(engine: Engine) -> None:
    before = int(time.time())
    assert before <= engine.jobs.submit("run").params["as_of"] <= int(time.time())
    assert engine.jobs.submit("run", {"as_of": "2024-10-04"}).params["as_of"] == AS_OF


@pytest.mark.parametrize(
    ("kind", "params", "words"),
    [
        ("runs", {}, "there is no kind of job 'runs'; did you mean 'run'?"),
        ("run", {"asof": 1}, "a job 'run' takes no 'asof'; did you mean 'as_of'?"),
        ("run", {"historical": 1}, "historical of a job 'run' is 1, which has the wrong type"),
        ("run", {"partitions": True}, "partitions of a job 'run' is True, which has the wrong type"),
        ("simulate", {"draft": "/etc/passwd"}, "draft: '/etc/passwd' names no draft; expected one such as d7, or a document"),
        ("tick", {"at": 1}, "a job 'tick' takes no 'at'; it takes nothing"),
        ("import", {"mapping": "tierwise/customers"}, "a job 'import' needs 'file'"),
        ("import", {"file": "../store.db", "mapping": "x"}, "there is no uploaded file '../store.db'"),
        ("import", {"file": ".hidden", "mapping": "x"}, "there is no uploaded file '.hidden'"),
        ("export", {"what": "customer", "format": "csv"}, "what: there is no 'customer'; did you mean 'customers'?"),
        ("export", {"what": "customers", "format": "exe"}, "format: there is no 'exe'"),
    ],
)
def test_what_is_wrong_with_a_job_is_said_when_it_is_asked_for(sqlite_url: str, kind: str, params: dict[str, Any], words: str) -> None:
    with Engine.open(sqlite_url) as engine, pytest.raises(JobError) as caught:
        engine.jobs.submit(kind, params)
    assert str(caught.value).startswith(words)


def test_a_key_makes_one_job_for_ever_and_a_slot_one_at_a_time(both: Engine) -> None:
    first = both.jobs.submit("run", {"as_of": AS_OF}, dedupe="nightly:1", slot="run")
    assert both.jobs.submit("run", {"as_of": LATER}, dedupe="nightly:1").id == first.id
    assert both.jobs.submit("run", {"as_of": LATER}, slot="run").id == first.id
    ended(both, first.id, Worker(both))
    assert both.jobs.submit("run", dedupe="nightly:1").id == first.id
    assert both.jobs.submit("run", {"as_of": LATER}, slot="run").id != first.id


def test_many_ask_for_the_same_at_once(both: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: both.jobs.submit("run", {"as_of": AS_OF}, dedupe="one").id, range(16)))
    assert len(found) == 1


def test_one_worker_of_many_gets_a_job(both: Engine) -> None:
    asked = both.jobs.submit("run", {"as_of": AS_OF})
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda n: both.jobs.claim(asked.id, f"other/{n}/1"), range(8)))
    assert sum(claim is not None for claim in claims) == 1


def test_a_job_that_waits_is_cancelled_at_once_and_asked_for_again(engine: Engine) -> None:
    asked = engine.jobs.submit("run", {"as_of": AS_OF})
    assert engine.jobs.cancel(asked.id).status == "cancelled"
    assert ended(engine, asked.id, Worker(engine)).status == "cancelled"
    assert engine.jobs.retry(asked.id).status == "queued"
    assert ended(engine, asked.id, Worker(engine)).status == "done"
    with pytest.raises(JobError, match="is done already"):
        engine.jobs.cancel(asked.id)
    with pytest.raises(JobError, match="only one that failed or was cancelled can be asked for again"):
        engine.jobs.retry(asked.id)


def test_a_run_is_cancelled_between_two_policies_and_has_changed_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.run(AS_OF)
    asked = engine.jobs.submit("run", {"as_of": LATER})
    steps: list[str] = []
    tell = engine.jobs.tell

    def told(job_id: int, owner: str, **progress: Any) -> None:
        steps.append(progress.get("step", ""))
        if progress.get("step", "").startswith("compute ") and not engine.jobs.get(job_id).cancelling:
            assert engine.jobs.cancel(job_id).cancelling
        tell(job_id, owner, **progress)

    monkeypatch.setattr(engine.jobs, "tell", told)
    found = ended(engine, asked.id, Worker(engine))
    assert found.status == "cancelled"
    assert found.error == "cancelled; what was not finished has changed nothing"
    assert sum(step.startswith("compute ") for step in steps) == 1
    assert [record.as_of for record in engine.runs()] == [AS_OF]


def test_what_goes_wrong_ends_in_the_row(engine: Engine) -> None:
    engine.run(LATER)
    failed = ended(engine, engine.jobs.submit("run", {"as_of": AS_OF}).id, Worker(engine))
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.startswith("TW101 as_of ")


def test_only_the_owner_may_report_and_finish(engine: Engine) -> None:
    asked = engine.jobs.submit("run", {"as_of": AS_OF})
    assert engine.jobs.claim(asked.id, "host/1/1") is not None
    engine.jobs.tell(asked.id, "host/1/1", step="read", done=1, total=7)
    with pytest.raises(Cancelled):
        engine.jobs.tell(asked.id, "host/2/2", step="read")
    assert not engine.jobs.finish(asked.id, "host/2/2", "done")
    found = engine.jobs.get(asked.id)
    assert (found.step, found.done, found.total, found.share) == ("read", 1, 7, 1 / 7)


def test_a_job_whose_lease_is_over_is_taken_up_again(both: Engine) -> None:
    asked = both.jobs.submit("run", {"as_of": AS_OF})
    both.jobs.claim(asked.id, "elsewhere/1/1")
    assert both.jobs.reap() == []
    assert both.jobs.claim(asked.id, "host/2/2") is None
    age(both, asked.id)
    assert both.jobs.reap() == [asked.id]
    assert ended(both, asked.id, Worker(both)).attempts == 2


def test_a_job_that_kills_its_workers_fails(engine: Engine) -> None:
    asked = engine.jobs.submit("run", {"as_of": AS_OF}, slot="run")
    for _ in range(MOST_ATTEMPTS):
        assert engine.jobs.claim(asked.id, "elsewhere/1/1") is not None
        age(engine, asked.id)
        engine.jobs.reap()
    found = engine.jobs.get(asked.id)
    assert (found.status, found.slot) == ("failed", None)
    assert found.error == f"its worker died {MOST_ATTEMPTS} times while doing it; the log of the worker says more"


def test_a_cancelled_job_of_a_dead_worker_is_cancelled(engine: Engine) -> None:
    asked = engine.jobs.submit("run", {"as_of": AS_OF})
    engine.jobs.claim(asked.id, "elsewhere/1/1")
    assert engine.jobs.cancel(asked.id).cancelling
    age(engine, asked.id)
    assert engine.jobs.reap() == []
    assert engine.jobs.get(asked.id).status == "cancelled"


def age(engine: Engine, job_id: int) -> None:
    """Let the lease of a job run out."""
    with engine.jobs.store.write() as connection:
        connection.execute(update(job).where(job.c.id == job_id).values(lease_until=int(time.time()) - LEASE))


CHILD = """
import os, signal, sys
from engine.service import Engine
from engine.worker import Worker
with Engine.open(sys.argv[1]) as engine:
    tell = engine.jobs.tell
    def told(job_id, owner, **progress):
        tell(job_id, owner, **progress)
        if progress.get("step", "").startswith(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
    engine.jobs.tell = told
    Worker(engine).do(int(sys.argv[2]))
"""


@pytest.mark.parametrize("step", ["read", "compute ", "digest"])
def test_a_run_whose_worker_is_killed_goes_on_elsewhere_with_the_same_digest(
    engine: Engine, sqlite_url: str, tmp_path: Path, step: str
) -> None:
    company(f"sqlite:///{tmp_path / 'undisturbed.db'}")
    with Engine.open(f"sqlite:///{tmp_path / 'undisturbed.db'}") as other:
        other.run(AS_OF)
        expected = other.run(LATER).digest
    engine.run(AS_OF)
    asked = engine.jobs.submit("run", {"as_of": LATER}, slot="run")
    child = subprocess.run([sys.executable, "-c", CHILD, sqlite_url, str(asked.id), step], check=False)
    assert child.returncode == -signal.SIGKILL
    assert engine.jobs.get(asked.id).status == "running"
    assert [record.as_of for record in engine.runs()] == [AS_OF]
    assert engine.jobs.reap() == [asked.id], "the process is gone, so nobody waits for its lease"
    done = ended(engine, asked.id, Worker(engine))
    assert (done.status, done.attempts) == ("done", 2)
    assert done.result is not None
    assert done.result["digest"] == expected
    assert engine.run_record().digest == expected


def test_a_worker_does_what_it_is_called_for(both: Engine) -> None:
    asked = both.jobs.submit("run", {"as_of": AS_OF})
    worker = Worker(both, threads=1)
    worker.start()
    deadline = time.monotonic() + 60
    while both.jobs.get(asked.id).is_open and time.monotonic() < deadline:
        time.sleep(0.05)
    worker.stop(wait=10)
    assert both.jobs.get(asked.id).status == "done"


def test_a_call_is_a_number_and_anything_else_is_nothing(engine: Engine) -> None:
    from engine.wakeup import _queue

    asked = engine.jobs.submit("run", {"as_of": AS_OF})
    assert next_call(engine.store) == asked.id
    _queue(engine.store).enqueue(b"\x80\x04cposix\nsystem\n")
    assert next_call(engine.store) is None


def test_what_a_worker_leaves_goes_back(engine: Engine) -> None:
    asked = engine.jobs.submit("run", {"as_of": AS_OF})
    engine.jobs.claim(asked.id, owner_name())
    assert engine.jobs.give_back(owner_name()) == [asked.id]
    assert engine.jobs.get(asked.id).status == "queued"


def test_owners_that_are_gone() -> None:
    assert not owner_is_gone(owner_name())
    assert not owner_is_gone(None)
    assert not owner_is_gone("another-machine/1/1")
    child = multiprocessing.get_context("fork").Process(target=int)
    child.start()
    host, _, started = owner_name().split("/")
    pid = child.pid
    child.join()
    assert owner_is_gone(f"{host}/{pid}/{started}")


def test_an_export_and_an_import_as_jobs(engine: Engine) -> None:
    engine.run(AS_OF)
    done = ended(engine, engine.jobs.submit("export", {"what": "assignments", "format": "csv"}).id, Worker(engine))
    assert done.result is not None
    text = (engine.jobs.files() / done.result["file"]).read_text(encoding="utf-8-sig")
    assert text.count("\n") - 1 == done.result["rows"] > 0
    assert engine.jobs.files().stat().st_mode & 0o077 == 0
    (engine.jobs.files() / "more.csv").write_text("customer,name\nX1,One\nX2,Two\n")
    mapping = {"kind": "customers", "source": "test", "columns": {"customer": "customer", "name": "name"}}
    with pytest.raises(JobError, match="mapping: there is no '/etc/passwd'"):
        engine.jobs.submit("import", {"file": "more.csv", "mapping": "/etc/passwd"})
    asked = engine.jobs.submit("import", {"file": "more.csv", "mapping": mapping, "name": "more.csv"})
    found = ended(engine, asked.id, Worker(engine))
    assert found.status == "done", found.error
    assert found.result is not None
    assert (found.result["rows"], found.result["created"]) == (2, 2)


def test_a_simulation_of_a_document_and_of_a_draft(engine: Engine) -> None:
    engine.run(AS_OF)
    draft = engine.drafts.new()
    for given in (draft.id, draft.document):
        found = ended(engine, engine.jobs.submit("simulate", {"draft": given}).id, Worker(engine))
        assert found.status == "done", found.error
        assert found.result is not None
        assert found.result["moved"] == 0
        assert found.result["customers"] == engine.run_record().customers


def test_lists_and_counts(engine: Engine) -> None:
    numbers = [engine.jobs.submit("run", {"as_of": AS_OF + n}).id for n in range(5)]
    engine.jobs.cancel(numbers[0])
    assert [each.id for each in engine.jobs.list(limit=2)] == numbers[:2:-1]
    assert [each.id for each in engine.jobs.list(before=numbers[3], limit=2)] == [numbers[2], numbers[1]]
    assert [each.id for each in engine.jobs.list(status="cancelled", kind="run")] == numbers[:1]
    assert engine.jobs.counts() == {"queued": 4, "running": 0, "done": 0, "failed": 0, "cancelled": 1}
    with pytest.raises(JobError, match="did you mean 'done'"):
        engine.jobs.list(status="don")
    with pytest.raises(JobError, match="there is no job 99"):
        engine.jobs.get(99)


def test_old_jobs_are_forgotten(engine: Engine) -> None:
    asked = engine.jobs.submit("run", {"as_of": AS_OF})
    engine.jobs.cancel(asked.id)
    assert engine.jobs.purge() == 0
    with engine.jobs.store.write() as connection:
        connection.execute(update(job).values(finished_at=1))
    assert engine.jobs.purge() == 1
