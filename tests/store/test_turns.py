"""Writers of one SQLite file get their turns in the order they came, and nothing but order depends on it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import StoreError
from engine.store import turns
from engine.store.session import Store

HOLDS = """
import fcntl, os, sys
seat = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
fcntl.flock(seat, fcntl.LOCK_EX)
print("sits", flush=True)
sys.stdin.read()
"""


def until(found: Callable[[], bool]) -> None:
    """Wait for something other threads do."""
    while not found():
        time.sleep(0.001)


def is_taken(folder: Path, number: int) -> bool:
    """Whether somebody sits there."""
    seat = os.open(folder / str(number), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(seat, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(seat)
    return False


def test_who_came_first_writes_first(tmp_path: Path) -> None:
    """Each waiter is seated before the next comes; then the store is let go once for each."""
    turn, order = threading.Semaphore(0), []

    def come(name: int) -> None:
        assert turns.wait(tmp_path / "q", lambda: turn.acquire(blocking=False), 60)
        order.append(name)

    waiting = []
    for name in range(turns.SEATS):
        waiting.append(threading.Thread(target=come, args=(name,)))
        waiting[-1].start()
        until(lambda name=name: (tmp_path / "q" / str(name)).exists() and is_taken(tmp_path / "q", name))  # type: ignore[misc]
    for name in range(turns.SEATS):
        turn.release()
        until(lambda name=name: len(order) > name)  # type: ignore[misc]
    for thread in waiting:
        thread.join()
    assert order == list(range(turns.SEATS))


def test_more_writers_than_seats_all_get_a_turn(tmp_path: Path) -> None:
    busy, done = threading.Lock(), []

    def come(name: int) -> None:
        for _ in range(20):
            assert turns.wait(tmp_path / "q", lambda: busy.acquire(blocking=False), 60)
            done.append(name)
            busy.release()

    waiting = [threading.Thread(target=come, args=(name,)) for name in range(turns.SEATS * 2)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    assert sorted(done) == sorted(list(range(turns.SEATS * 2)) * 20)


def test_the_wait_ends_when_its_time_is_over_and_the_seat_is_free_again(tmp_path: Path) -> None:
    assert not turns.wait(tmp_path / "q", lambda: False, 0.05)
    assert not any(is_taken(tmp_path / "q", number) for number in range(turns.SEATS))


def test_a_wait_behind_somebody_who_never_moves_ends_too(tmp_path: Path) -> None:
    """A process that was stopped keeps its seat: who waits behind it is told in time."""
    (tmp_path / "q").mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path / "q" / "2")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as sitting:
        assert sitting.stdout is not None
        assert sitting.stdout.readline() == b"sits\n"
        assert not turns.wait(tmp_path / "q", lambda: True, 0.05)
        sitting.kill()
        sitting.wait()
    assert turns.wait(tmp_path / "q", lambda: True, 5)


def test_a_question_that_fails_leaves_its_seat(tmp_path: Path) -> None:
    def broken() -> bool:
        raise StoreError("the disk is full")

    with pytest.raises(StoreError):
        turns.wait(tmp_path / "q", broken, 1)
    assert turns.wait(tmp_path / "q", lambda: True, 1)


def test_where_no_seats_can_be_had_writers_ask_without_order(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert turns.wait(tmp_path / "file", lambda: True, 1)
    assert not turns.wait(tmp_path / "file", lambda: False, 0.05)


def test_a_store_whose_folder_of_seats_is_in_the_way_still_writes(tmp_path: Path) -> None:
    (tmp_path / "shop.db.turns").write_text("")
    with Store.open(f"sqlite:///{tmp_path / 'shop.db'}") as store, store.write() as connection:
        assert connection.exec_driver_sql("select 1").scalar() == 1
