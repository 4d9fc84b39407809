"""Stores to test on: SQLite files, and a real PostgreSQL server on loopback that the tests start themselves."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text

ROOT = Path(__file__).parents[1]

settings.register_profile("tierwise", deadline=None)  # no test looks at the clock
settings.load_profile("tierwise")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """With TIERWISE_NO_SKIP=1 (CI) a skipped test is a failed one: nothing may be left untested unnoticed."""
    report = yield
    if os.environ.get("TIERWISE_NO_SKIP") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where no skip is allowed: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests reaches them."""
    for name in [name for name in os.environ if name.startswith("TIERWISE_") and name not in _OURS]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "off")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


os.environ["TIERWISE_FOUR_EYES"] = "off"
"""Tests publish in one go, also in fixtures of a whole module; those about the second person switch it on."""

_OURS = {"TIERWISE_NO_SKIP", "TIERWISE_TEST_POSTGRES", "TIERWISE_DATA"}


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A new SQLite store."""
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server whose user may create databases; started here unless TIERWISE_TEST_POSTGRES names one."""
    given = os.environ.get("TIERWISE_TEST_POSTGRES")
    if given:
        yield given
        return
    binaries = _postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="tierwise-pg-"))
    port = _free_port()
    try:
        _start_postgres(binaries, folder, port)
        yield f"postgresql://tierwise@127.0.0.1:{port}/postgres"
    finally:
        _as_postgres([str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A new, empty PostgreSQL database, dropped afterwards."""
    name = f"t{uuid.uuid4().hex[:12]}"
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {name}"))
    yield postgres_server.rsplit("/", 1)[0] + f"/{name}"
    with admin.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """A new store on each of the two databases."""
    return str(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real transactions, which is not part of the project."""
    folder = Path(os.environ.get("TIERWISE_DATA") or ROOT.parent / "shared" / "data")
    if not (folder / "online_retail.parquet").is_file():
        pytest.skip(f"the real transactions are not in {folder}; TIERWISE_DATA names another folder")
    return folder


def _postgres_binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _as_postgres(command: list[str], check: bool = False) -> None:
    """PostgreSQL refuses to run as root, so root becomes the user that Debian's package made."""
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--", *command]
    subprocess.run(command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def _start_postgres(binaries: Path, folder: Path, port: int) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    data = str(folder / "data")
    _as_postgres(
        [str(binaries / "initdb"), "-D", data, "-U", "tierwise", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"], check=True
    )
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c full_page_writes=off -c max_connections=60"
    _as_postgres([str(binaries / "pg_ctl"), "-D", data, "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start"], check=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
