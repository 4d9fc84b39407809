"""Kill -9 at random moments of runs: nothing half-written is ever seen, and running again ends with the same digest."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import func, select

from engine.service import Engine
from engine.store import outcomes
from engine.store.models import block, change, current, run, run_state
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store
from tests.test_runner import BOOK, POLICIES, cells, changed, difference
from tests.trust.killed import run_and_die

KILLS = 1000 if os.environ.get("TIERWISE_TRIALS") == "long" else 20
LATER = AS_OF + 30 * DAY

CHILD = f"""
import sys
from engine.service import Engine
with Engine.open(sys.argv[1]) as engine:
    while True:
        print("running", flush=True)
        engine.run({LATER}, recompute=True)
"""


def company(url: str) -> None:
    """200 customers with orders on both sides of the first run."""
    chance = random.Random(11)
    store = open_store(url)
    add_customers(store, range(1, 201))
    add_orders(
        store, [Order(chance.randint(1, 200), LATER - chance.randint(0, 500 * DAY), chance.randint(100, 90_000)) for _ in range(1500)]
    )
    store.close()


def undisturbed(folder: Path) -> str:
    """The digest of the second run where nobody kills anything."""
    url = f"sqlite:///{folder / 'undisturbed.db'}"
    company(url)
    with Engine.open(url) as engine:
        engine.publish({**BOOK, "policies": POLICIES})
        engine.run(AS_OF)
        return engine.run(LATER).digest


def test_runs_that_are_killed_leave_the_former_outcome_or_the_whole_new_one(store_url: str, tmp_path: Path) -> None:
    company(store_url)
    expected = undisturbed(tmp_path)
    with Engine.open(store_url) as engine:
        engine.publish({**BOOK, "policies": POLICIES})
        engine.run(AS_OF)
        before = cells(engine)
    chance = random.Random(7)
    seen = set()
    for number in range(KILLS):
        child = subprocess.Popen([sys.executable, "-c", CHILD, store_url], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(1 + number % 2):  # every other child has one whole run behind it
            assert child.stdout.readline() == "running\n"
        time.sleep(chance.uniform(0, 0.25))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        with Engine.open(store_url) as engine:
            live = engine.run_record()
            seen.add(live.as_of)
            assert_whole(engine)
            if live.as_of == AS_OF:
                assert cells(engine) == before
            else:
                assert live.digest == expected
                assert changed(engine, live.id) == difference(before, cells(engine))
    with Engine.open(store_url) as engine:
        assert engine.run(LATER, recompute=True).digest == expected
    assert LATER in seen


def test_a_run_killed_at_any_of_its_statements_is_all_or_nothing(store_url: str, tmp_path: Path) -> None:
    """The process ends itself without a goodbye at every 6th of its statements (long trials: at each), last transaction included."""
    company(store_url)
    expected = undisturbed(tmp_path)
    with Engine.open(store_url) as engine:
        engine.publish({**BOOK, "policies": POLICIES})
        engine.run(AS_OF)
        before = cells(engine)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.trust.killed"])
    step = 1 if os.environ.get("TIERWISE_TRIALS") == "long" else 6
    for number in itertools.count(1, step):
        child = processes.Process(target=run_and_die, args=(store_url, LATER, number))
        child.start()
        child.join()
        with Engine.open(store_url) as engine:
            assert_whole(engine)
            if engine.run_record().as_of == LATER:
                break
            assert child.exitcode == -signal.SIGKILL
            assert cells(engine) == before
    assert number > 20
    with Engine.open(store_url) as engine:
        live = engine.run_record()
        assert live.digest == engine.run(LATER).digest == expected
        assert changed(engine, live.id) == difference(before, cells(engine))


def assert_whole(engine: Engine) -> None:
    """Every run has its block, inputs and states; one run is visible per moment; `current` is the live block."""
    with engine.store.read() as connection:
        runs = connection.scalar(select(func.count()).select_from(run))
        assert connection.scalar(select(func.count()).select_from(block)) == 2 * (runs or 0)
        assert connection.scalar(select(func.count()).select_from(run_state)) == len(POLICIES) * (runs or 0)
        visible = connection.execute(select(run.c.as_of).where(run.c.status == "visible")).scalars().all()
        assert len(visible) == len(set(visible))
        newest = outcomes.live_run(connection)
        assert newest is not None
        kept = outcomes.load_block(connection, newest.id)
        assert connection.scalar(select(func.count()).select_from(current)) == len(kept.customer_id)
        stray = select(func.count()).select_from(change).join(run, run.c.id == change.c.run_id).where(run.c.status != "visible")
        assert connection.scalar(stray) == 0
