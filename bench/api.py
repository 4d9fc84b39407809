"""Requests per second and latency of POST /api/v1/evaluate, with key check and audit, measured by wrk and hey (Debian has both).

    python bench/api.py                      # waitress and gunicorn, features given and stored customers
    python bench/api.py --server gunicorn --seconds 20

Server, database and load share the machine. First as much as goes, by 16 connections of wrk; then,
paced by hey, at 70 % of that. gunicorn has two plain workers: threads of one process wait for each other.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from engine.service import Engine

SCRIPT = """
wrk.method = "POST"
wrk.body = os.getenv("BODY")
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("KEY")
"""
FEATURES = '{"features": [{"orders.count_365d": 12, "orders.amount_365d": 5400.0, "orders.recency_days": 9, "orders.count": 30}]}'
STORED = '{"customers": ["C17"]}'
CONNECTIONS = 16


def fill(url: str, customers: int, rulebook: str) -> str:
    """A store with customers and orders, graded; returns the secret of a key."""
    os.environ["TIERWISE_FOUR_EYES"] = "off"
    with Engine.open(url, actor="bench") as engine:
        engine.import_facts([{"customer": f"C{n}", "name": f"Name {n}"} for n in range(customers)], "customers")
        rows = [
            {
                "order": f"O{n}",
                "customer": f"C{n * 7919 % customers}",
                "ordered_at": f"2025-{n % 12 + 1:02}-{n % 28 + 1:02}",
                "amount": str(n % 9_000),
            }
            for n in range(customers * 8)
        ]
        engine.import_facts(rows, "orders")
        engine.publish(rulebook)
        engine.run("2025-12-31")
        engine.people.add("bench", roles=["analyst"])
        return engine.people.make_key("bench", user="bench", scopes=["results:read"])[0]


def start(server: str, url: str, port: int) -> subprocess.Popen[bytes]:
    """The server as a process, its log thrown away."""
    make = f"from engine.api import create_app; from engine.service import Engine; app = create_app(Engine.open({url!r}, create=False))"
    if server == "waitress":
        code = f"{make}; from waitress import serve; serve(app, host='127.0.0.1', port={port}, threads=8)"
        command = [sys.executable, "-c", code]
    else:
        folder = Path(tempfile.mkdtemp())
        (folder / "served.py").write_text(make + "\n", encoding="utf-8")
        target = "served:app"
        options = ["--workers", "2", "--chdir", str(folder), "--bind", f"127.0.0.1:{port}", "--log-level", "error"]
        command = [sys.executable, "-m", "gunicorn", *options, target]
    env = {**os.environ, "TIERWISE_API_RATE": "100000000"}
    return subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def wait_for(port: int) -> None:
    """Until the server answers."""
    for _ in range(200):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/ready", timeout=1).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise SystemExit("the server does not come up")


def load(port: int, key: str, body: str, seconds: int) -> tuple[float, dict[str, float], int]:
    """Requests per second, milliseconds by percentile, and how many answers were not 2xx."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT)
        script.flush()
        command = [
            "wrk",
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{seconds}s",
            "--latency",
            "-s",
            script.name,
            f"http://127.0.0.1:{port}/api/v1/evaluate",
        ]
        env = {**os.environ, "BODY": body, "KEY": key}
        told = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found, told
    percentiles = {name: number(value) for name, value in re.findall(r"^\s+(50|90|99)%\s+(\S+)$", told, re.MULTILINE)}
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    return float(found[1]), percentiles, int(wrong[1]) if wrong else 0


def paced(port: int, key: str, body: str, seconds: int, rate: float) -> tuple[float, dict[str, float], int]:
    """The same with requests that come at a rate."""
    command = ["hey", "-z", f"{seconds}s", "-c", str(CONNECTIONS), "-q", f"{rate / CONNECTIONS:.2f}", "-m", "POST", "-d", body]
    command += ["-T", "application/json", "-H", f"Authorization: Bearer {key}", f"http://127.0.0.1:{port}/api/v1/evaluate"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found, told
    percentiles = {name: 1000 * float(value) for name, value in re.findall(r"^\s+(50|90|99)% in ([\d.]+) secs$", told, re.MULTILINE)}
    wrong = sum(int(count) for status, count in re.findall(r"\[(\d+)\]\s+(\d+) responses", told) if not status.startswith("2"))
    return float(found[1]), percentiles, wrong


def number(text: str) -> float:
    """Milliseconds of wrk's "1.32ms", "820.00us", "1.10s"."""
    value, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def measure(server: str, url: str, key: str, seconds: int) -> None:
    """Print both loads for both kinds of request."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = start(server, url, port)
    try:
        wait_for(port)
        for title, body in (("features given", FEATURES), ("stored customer", STORED)):
            load(port, key, body, 2)
            before = busy(process.pid)
            most, full, wrong = load(port, key, body, seconds)
            used = 1000 * (busy(process.pid) - before) / (most * seconds)
            print(line(server, title, 1, most, full, wrong), f"  {used:.2f} ms of CPU per request", flush=True)
            rate, calm, wrong = paced(port, key, body, seconds, 0.7 * most)
            print(line(server, title, rate / most, rate, calm, wrong), flush=True)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def line(server: str, title: str, share: float, rate: float, found: dict[str, float], wrong: int) -> str:
    """One measurement."""
    spread = f"p50 {found.get('50', float('nan')):6.1f} ms  p99 {found.get('99', float('nan')):6.1f} ms"
    return f"{server:9} {title:16} {share:4.0%} {rate:7.0f}/s  {spread}  not 2xx {wrong}"


def busy(group: int) -> float:
    """CPU seconds that a process and its children have used."""
    used = 0.0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", choices=["waitress", "gunicorn"])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rulebook", default="starter", help="the starter, or a file")
    parser.add_argument("--customers", type=int, default=5_000)
    asked = parser.parse_args()
    if lacking := [name for name in ("wrk", "hey") if shutil.which(name) is None]:
        raise SystemExit(f"not installed: {' and '.join(lacking)} (Debian: apt-get install wrk hey)")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.db"
        key = fill(url, asked.customers, asked.rulebook)
        for server in [asked.server] if asked.server else ["waitress", "gunicorn"]:
            measure(server, url, key, asked.seconds)


if __name__ == "__main__":
    main()
