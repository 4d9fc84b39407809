"""Commands that stay: serve (web and worker), worker."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import App, pass_app
from engine.errors import TierwiseError

if TYPE_CHECKING:
    from engine.service import Engine

STOP_SECONDS = 10
"""How long a worker may take to put its jobs back before it is ended."""


@click.command(short_help="Serve the console and do its jobs.")
@click.option("--host", metavar="ADDRESS", help="Listen here.  [TIERWISE_HOST, 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), metavar="N", help="Listen on this port.  [TIERWISE_PORT, 8350]")
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="How many requests at once.")
@click.option("--no-worker", is_flag=True, help="Only the web; workers run elsewhere.")
@click.option("--sandbox", is_flag=True, help="Serve a store for trying things, with a test key and a clock that can be moved.")
@pass_app
def serve(app: App, host: str | None, port: int | None, threads: int, no_worker: bool, sandbox: bool) -> None:
    """Serve the console, with a worker for its jobs, until interrupted.

    The worker is a process of its own and is started again when it dies; what it was doing goes on.

    A sandbox is a store of its own, sandbox/tierwise.db in this folder unless --database names one. A new one is filled with
    a company of 2,000 customers. It takes test keys only, and its clock goes ahead by PUT /api/v1/sandbox/clock.
    """
    from engine.service import Engine

    settings = app.settings
    if sandbox:
        from engine.cli.demo import serve_sandbox

        serve_sandbox(app, host or settings.host, port or settings.port, threads=threads, worker=not no_worker)
        return
    with Engine.open(settings.database_url) as engine:
        serve_engine(app, engine, host or settings.host, port or settings.port, threads=threads, worker=not no_worker)


def serve_engine(app: App, engine: Engine, host: str, port: int, *, threads: int = 8, worker: bool = True) -> None:
    """Serve an open engine until interrupted."""
    from waitress.server import create_server

    from engine.wsgi import application

    made = application(engine)
    try:
        server: Any = create_server(made, host=host, port=port, threads=threads, ident="tierwise", max_request_body_size=2**30)
    except OSError as error:
        raise TierwiseError(f"cannot listen on {host}:{port}: {error.strerror}; choose another with --port N") from None
    child = Child(engine.settings.database_url) if worker else None
    _say(app, engine, host, port)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if child is not None:
            child.start()
        server.run()
    except KeyboardInterrupt:
        pass
    finally:
        server.close()
        if child is not None:
            child.stop()
    click.echo(app.text("Stopped.", "已停止。"), err=True)


def _say(app: App, engine: Engine, host: str, port: int) -> None:
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)
    address = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"
    click.echo(app.text(f"Tierwise is at {address}", f"Tierwise 已启动：{address}"))
    if engine.people.needs_administrator:
        click.echo(
            app.text("This installation is new: open it and make its first administrator.", "这是新系统：请打开上述地址创建首位管理员。")
        )
    click.echo(app.text("Ctrl+C stops it.", "按 Ctrl+C 停止。"), err=True)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


class Child:
    """A worker as a process of its own, started again when it dies."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._keep, name="worker-keeper", daemon=True)

    def start(self) -> None:
        """Start the worker, and watch over it."""
        self._watch.start()

    def stop(self) -> None:
        """Stop the worker; its jobs go back into the queue."""
        self._stopping.set()
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _keep(self) -> None:
        quick = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            environment = {**os.environ, "TIERWISE_DATABASE_URL": self._url}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "engine.cli", "worker", "--quiet", "--with", str(os.getpid())], env=environment
            )
            self._process.wait()
            if self._stopping.is_set():
                return
            quick = quick + 1 if time.monotonic() - started < 5 else 0
            click.echo(f"the worker ended with {self._process.returncode} and is started again", err=True)
            self._stopping.wait(min(30, 2**quick))


@click.command(short_help="Do the jobs of the console and of schedules.")
@click.option("--threads", type=click.IntRange(1, 16), default=2, show_default=True, help="How many jobs at once.")
@click.option("--quiet", is_flag=True, help="Say nothing but what goes wrong.")
@click.option("--with", "parent", type=int, metavar="PID", help="End when this process, which started the worker, is no more.")
@pass_app
def worker(app: App, threads: int, quiet: bool, parent: int | None) -> None:
    """Do jobs until interrupted: runs, simulations, imports, exports, schedules.

    Any number of workers may serve one store. It may be killed: what it was doing is taken up again.
    """
    from engine.service import Engine
    from engine.worker import Worker

    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with Engine.open(app.settings.database_url, create=False) as engine:
        made = Worker(engine, threads=threads, parent=parent)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: made.stop())
        if not quiet:
            click.echo(app.text("A worker is waiting for jobs. Ctrl+C stops it.", "作业进程已启动，按 Ctrl+C 停止。"), err=True)
        made.run()
