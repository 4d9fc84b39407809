"""Measure the card of one member over the HTTP API: `python bench/card.py DATABASE_URL [CALLS]`. Nothing is written but a key for the calls.

Level, rights, points, what is missing and what will be lost, for members drawn at random, each asked once; half of the calls
with an amount that is bought in addition. The store needs a policy of members and a run.
"""

from __future__ import annotations

import random
import statistics
import sys
import time

from sqlalchemy import text

from engine import Engine
from engine.api import create_app


def main() -> None:
    """Measure and print."""
    calls = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000
    chance = random.Random(1)
    with Engine.open(sys.argv[1], create=False, actor="bench") as engine:
        name = f"till-{time.time_ns()}"
        engine.people.add(name, roles=["service"])
        secret, _ = engine.people.make_key("bench", user=name, scopes=("loyalty:read",))
        with engine.store.read() as connection:
            last = connection.scalar(text("select max(id) from customer"))
            wanted = {"keys": ",".join(str(chance.randint(1, last)) for _ in range(calls))}
            found = [
                connection.scalar(text("select external_id from customer where id = :key"), {"key": int(key)})
                for key in wanted["keys"].split(",")
            ]
        app = create_app(engine)
        client = app.test_client()
        for kind, query in (("card", ""), ("with a purchase in thought", "?plus=320")):
            taken = []
            for number, customer in enumerate(filter(None, found)):
                began = time.perf_counter()
                answer = client.get(f"/api/v1/loyalty/members/{customer}{query}", headers={"Authorization": f"Bearer {secret}"})
                taken.append(time.perf_counter() - began)
                if answer.status_code != 200:
                    raise SystemExit(answer.text)
                if not number:
                    print(f"first {kind}: {taken.pop() * 1000:.0f} ms")
            cuts = statistics.quantiles(taken, n=100)
            print(f"{kind}: {len(taken):,} calls, p50 {cuts[49] * 1000:.1f} ms, p99 {cuts[98] * 1000:.1f} ms")


if __name__ == "__main__":
    main()
