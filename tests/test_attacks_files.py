"""Files that are bombs, lies or broken: refused in words wherever a file is read, in little memory, with nothing stored."""

from __future__ import annotations

import io
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from engine.errors import FactError, RulebookError, TierwiseError
from engine.service import Engine
from engine.store.models import metadata
from engine.table_files import table_of_file
from tests.admin.conftest import Browser, open_app
from tests.bombs import BOMBS

TAKEN = {
    "a million cells",
    "a wide sheet",
    "a workbook called csv",
    "a gzip of many lines",
    "a gzip of line ends",
    "other letters",
    "numbers too large",
}
"""What can be looked into; importing it as orders stores nothing all the same."""

MEMORY = 1 << 30


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bombs")
    for name, make in BOMBS.values():
        (folder / name).write_bytes(make())
    return folder


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine.open(f"sqlite:///{tmp_path_factory.mktemp('shop') / 'store.db'}", actor="operator") as engine:
        engine.import_facts([{"customer": "C1"}], "customers")
        engine.people.first_administrator("ada", "a lake above the tree line")
        yield engine


def counts(engine: Engine) -> dict[str, int]:
    with engine.store.read() as connection:
        found = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in metadata.sorted_tables}
    return {name: count for name, count in found.items() if name not in ("web_session", "audit_entry", "job")}


def read(shop: Engine, path: Path, *, look: bool) -> None:
    """Look into a file, and try to import it."""
    if look:
        shop.look_into(path)
    else:
        report = shop.import_facts(path, "tierwise/orders")
        assert report.created == report.accepted == 0


@pytest.mark.parametrize("bomb", list(BOMBS))
def test_a_bomb_is_refused_in_words(shop: Engine, files: Path, bomb: str) -> None:
    path, before = files / BOMBS[bomb][0], counts(shop)
    if bomb in TAKEN:
        read(shop, path, look=True)
    else:
        with pytest.raises(FactError) as caught:
            read(shop, path, look=True)
        assert "Traceback" not in str(caught.value)
        assert len(str(caught.value)) < 1_000
    if bomb != "numbers too large":
        with pytest.raises(FactError):
            read(shop, path, look=False)
        assert counts(shop) == before
    else:
        read(shop, path, look=False)


@pytest.mark.parametrize("bomb", list(BOMBS))
def test_a_bomb_is_no_decision_table(files: Path, bomb: str) -> None:
    name = BOMBS[bomb][0]
    with pytest.raises(RulebookError):
        table_of_file(name if name.endswith((".csv", ".xlsx")) else f"{name}.csv", (files / name).read_bytes())


def test_all_of_them_fit_into_little_memory(shop: Engine, files: Path) -> None:
    """In a child whose memory is limited: what is refused is refused before it grows."""
    child = os.fork()
    if not child:
        code = 1
        try:
            used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
            for bomb, (name, _) in BOMBS.items():
                for look in (True, False):
                    try:
                        read(shop, files / name, look=look)
                    except TierwiseError:
                        assert bomb not in TAKEN or not look
            code = 0
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_the_console_answers_each_of_them(shop: Engine, files: Path) -> None:
    who = Browser(open_app(shop)).sign_in("ada", "a lake above the tree line")
    before = counts(shop)
    for bomb, (name, _) in BOMBS.items():
        with (files / name).open("rb") as stream:
            data = stream.read(400_000)
        sent = who.post("/imports/upload", {"file": (io.BytesIO(data), name)}, content_type="multipart/form-data")
        assert sent.status_code in (302, 400, 413), (bomb, sent.status_code)
        sent.close()
        assert who.get(sent.location).status_code < 500, bomb
    assert counts(shop) == before
