"""`tierwise serve`: web and worker with one command, and what happens when one of them is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.service import Engine
from tests.small_store import AS_OF
from tests.trust.company import LATER, company


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait until something holds, and return it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it never came true")


def children(pid: int) -> list[int]:
    """The processes that a process started and that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.fixture
def served(sqlite_url: str, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """A served store with one run, its url and port."""
    company(sqlite_url)
    with Engine.open(sqlite_url) as engine:
        engine.run(AS_OF)
    port = free_port()
    command = [sys.executable, "-m", "engine.cli", "--database", sqlite_url, "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == f"Tierwise is at http://127.0.0.1:{port}/\n"
    yield process, sqlite_url, port
    for child in children(process.pid):
        os.kill(child, signal.SIGKILL)
    process.kill()
    process.wait()
    process.stdout.close()


def digest_of(url: str, job_id: int) -> str | None:
    with Engine.open(url, create=False) as engine:
        job = engine.jobs.get(job_id)
        assert job.status in ("queued", "running", "done"), job.error
        return str((job.result or {})["digest"]) if job.status == "done" else None


def test_web_and_worker_and_each_survives_the_other(served: tuple[subprocess.Popen[str], str, int], tmp_path: Path) -> None:
    process, url, port = served
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/first", timeout=30) as answer:
        assert answer.status == 200
        assert b"csrf_token" in answer.read()
    (worker,) = until(lambda: children(process.pid))
    os.kill(worker, signal.SIGKILL)
    (other,) = until(lambda: [pid for pid in children(process.pid) if pid != worker])
    with Engine.open(url, create=False) as engine:
        job = engine.jobs.submit("run", {"as_of": LATER}, slot="run")
    until(lambda: digest_of(url, job.id))
    process.kill()
    process.wait()
    until(lambda: not Path(f"/proc/{other}").exists() or Path(f"/proc/{other}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
    company(f"sqlite:///{tmp_path / 'undisturbed.db'}")
    with Engine.open(f"sqlite:///{tmp_path / 'undisturbed.db'}") as engine:
        engine.run(AS_OF)
        assert digest_of(url, job.id) == engine.run(LATER).digest


def test_a_port_that_is_taken_is_refused_in_words(sqlite_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "engine.cli", "--database", sqlite_url, "serve", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert "Traceback" not in done.stderr
