"""How fast the service desk is with many tickets: python bench/desk.py [TICKETS]

Makes a store with that many live tickets (default 100,000) in three calendars, a third of them with pauses, and measures
opening, the first page of the queue, a tick that finds nothing, working out every clock anew, and attainment.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import insert

from engine.service import Engine
from engine.store.models import ticket, ticket_clock, ticket_pause

DAY = 86_400
WEEK = {"mon-fri": ["09:00-12:00", "13:00-18:00"]}


def made(engine: Engine, count: int) -> None:
    """Customers, three calendars, and tickets of the last ten days, written straight into the tables."""
    chance = random.Random(5)
    engine.import_facts([{"customer": f"C{n}"} for n in range(1_000)], "customers")
    for name, zone in (("one", "Asia/Shanghai"), ("two", "Europe/Berlin"), ("three", "America/New_York")):
        engine.calendars.save(name, {"timezone": zone, "week": WEEK, "holidays": "CN" if name == "one" else ""})
    now = int(time.time())
    words = {
        "reference": None,
        "request": "",
        "category": "",
        "cause": "",
        "priority": "normal",
        "channel": "",
        "language": "en",
        "subject": "s",
    }
    fixed = {"reason": "", "owner": "", "level": "", "grade": "", "compensation": 0, "opened_by": "bench", "revision": 1, "state": "open"}
    tickets, clocks, pauses = [], [], []
    for n in range(1, count + 1):
        opened = now - chance.randrange(10 * DAY)
        moments = {"opened_at": opened, "posted_at": opened, "changed_at": opened}
        tickets.append(
            {"id": n, "customer_id": n % 1_000 + 1, "kind": chance.choice(["question", "complaint"]), **words, **fixed, **moments}
        )
        for clock, hours in (("answer", 8), ("resolution", 80)):
            clocks.append({"ticket_id": n, "clock": clock, "calendar_id": n % 3 + 1, "seconds": hours * 3_600})
        if n % 3 == 0:
            pauses += [{"ticket_id": n, "start_at": opened + 600 + k * 7_200, "until_at": opened + 4_000 + k * 7_200} for k in range(n % 4)]
    with engine.store.write(bulk=True) as connection:
        for table, rows in ((ticket, tickets), (ticket_clock, clocks), (ticket_pause, pauses)):
            for start in range(0, len(rows), 5_000):
                connection.execute(insert(table), rows[start : start + 5_000])


def took(what: str, act: Callable[[], Any], times: int = 1) -> None:
    """Print the median of how long something takes."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        found.append(time.perf_counter() - start)
    print(f"{what:44} {sorted(found)[len(found) // 2] * 1_000:10.1f} ms")


def main(count: int) -> None:
    """Make the store and measure."""
    with tempfile.TemporaryDirectory() as folder, Engine.open(f"sqlite:///{folder}/desk.db", actor="bench") as engine:
        made(engine, count)

        def refresh() -> None:
            with engine.store.write() as connection:
                engine.tickets.clocks.refresh(connection, None, int(time.time()))

        print(f"{count:,} live tickets, {2 * count:,} clocks, three calendars")
        took("every clock worked out anew", refresh)
        took("first page of the queue (50)", lambda: engine.tickets.queue(limit=50, left=True), 9)
        took("first page of one owner (50)", lambda: engine.tickets.queue(limit=50, left=True, owner=""), 9)
        took("live tickets, counted to 1,000", lambda: engine.tickets.count(state="live", most=1_001), 9)
        took("page at 50,000", lambda: engine.tickets.queue(limit=50, offset=count // 2, left=True), 5)
        took("open a ticket", lambda: engine.tickets.open("C1", "question", "s"), 25)
        took("answer a ticket", lambda: engine.tickets.say(count, "s", direction="note"), 25)
        took("attainment of 30 days by kind", lambda: engine.attainment.read(by="kind"), 5)
        took("is anything due", lambda: engine.tickets.due(), 9)
        start = time.perf_counter()
        steps = len(engine.tickets.tick())
        print(f"{'a tick that takes ' + format(steps, ',') + ' steps':44} {(time.perf_counter() - start) * 1_000:10.1f} ms")
        took("a tick with nothing to do", lambda: engine.tickets.tick(), 5)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
