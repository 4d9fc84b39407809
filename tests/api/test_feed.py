"""A follower who applies the feed holds what an export holds, whatever happened in between."""

from __future__ import annotations

import csv
import io
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import insert

from engine.errors import RunError, StoreError, TierwiseError
from engine.feed import Feed, FeedGone
from engine.service import Engine
from engine.store import rulebooks
from engine.store.models import publication
from tests.api.conftest import AS_OF, Client

State = dict[tuple[str, str], Any]


def exported(api: Client) -> tuple[State, str]:
    """What the export of the API says, and its cursor."""
    answer = api("GET", "/exports/assignments", code=200)
    rows = csv.DictReader(io.StringIO(answer.get_data(as_text=True)))
    return {(row["customer"], f"{row['policy']}.{row['output']}"): row["value"] for row in rows}, answer.headers["Tierwise-Cursor"]


def follow(api: Client, state: State, cursor: str | None, limit: int) -> str:
    """Apply the feed from a cursor on; `was` must be what is held."""
    while True:
        page = api.get("/changes", query_string={"limit": limit, **({"cursor": cursor} if cursor else {})})
        for item in page["items"]:
            if item["type"] == "closed":
                for key in [key for key in state if key[1] == item["output"]]:
                    del state[key]
            elif item["type"] == "change":
                key = (item["customer"], item["output"])
                assert state.get(key) == item["was"], item
                if item["now"] is None:
                    del state[key]
                else:
                    state[key] = item["now"]
        cursor = page["cursor"]
        if not page["more"]:
            return str(cursor)


def buy(engine: Engine, dice: random.Random, number: int, day: int) -> None:
    rows = [
        {
            "order": f"N{number}-{k}",
            "customer": f"C{dice.randrange(26)}",
            "ordered_at": f"2026-01-{day:02}T08:00",
            "amount": dice.randint(1, 9_000),
        }
        for k in range(dice.randint(1, 6))
    ]
    engine.import_facts(rows, "orders")


def small(engine: Engine) -> dict[str, Any]:
    document = dict(engine.version().document)
    document["policies"] = [entry for entry in document["policies"] if entry["type"] in ("rfm", "lifecycle")]
    return {key: value for key, value in document.items() if key in ("format", "name", "policies", "guards")}


def go_live(engine: Engine, document: dict[str, Any]) -> None:
    """Make a document live without the steps of governance, which have tests of their own."""
    rulebook = engine.check(document)
    with engine.store.write() as connection:
        version = rulebooks.save(connection, rulebook.hash, rulebook.text, author="test", note="")
        connection.execute(insert(publication).values(version_id=version, actor="test", published_at=0))


@pytest.mark.parametrize("seed", range(3))
def test_a_follower_holds_what_is_exported(api_both: Client, seed: int) -> None:
    dice, engine = random.Random(seed), api_both.engine
    engine.import_facts([{"customer": f"C{n}"} for n in (24, 25)], "customers")
    whole, narrow = dict(engine.version().document), small(engine)
    state: State = {}
    cursor: str | None = None
    late: list[tuple[State, str]] = []
    day = 1
    for number in range(12):
        kind = dice.choice(["next", "next", "again", "again", "rules", "void"])
        buy(engine, dice, number, 1)
        if kind == "rules":
            go_live(engine, dice.choice([whole, narrow]))
        if kind == "void":
            engine.void("customer", "api", f"C{dice.randrange(26)}", back=dice.random() < 0.3)
        day += kind != "again"
        record = engine.run(f"2026-01-{day + 1:02}")
        if record.status == "held":
            engine.release(record.id)
        late.append(exported(api_both))
        if dice.random() < 0.6:
            cursor = follow(api_both, state, cursor, dice.choice([1, 3, 7, 1000]))
            assert state == exported(api_both)[0]
    end = exported(api_both)[0]
    follow(api_both, state, cursor, 5)
    assert state == end
    for began, where in late:
        follow(api_both, began, where, 50)
        assert began == end


def test_a_follower_keeps_up_with_writers(api_both: Client) -> None:
    state, cursor = exported(api_both)
    url = api_both.engine.store.sql.url.render_as_string(hide_password=False)

    def write(worker: int) -> None:
        dice = random.Random(worker)
        with Engine.open(url, actor=f"writer{worker}") as engine:
            for number in range(4):
                buy(engine, dice, worker * 100 + number, 2)
                try:
                    record = engine.run("2026-01-05")
                    if record.status == "held":
                        engine.release(record.id)
                except (RunError, StoreError, TierwiseError):
                    continue

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, worker) for worker in range(3)]
        while not all(each.done() for each in writers):
            cursor = follow(api_both, state, cursor, 7)
        for each in writers:
            each.result()
    follow(api_both, state, cursor, 7)
    assert state == exported(api_both)[0]


@pytest.mark.parametrize("cursor", ["", "x", "1", "-1-0", "1-", "99-0", "1-5", "0-99999", "01-0", "1.5-0", "1-0 ", "9" * 14 + "-0", "１-0"])
def test_a_cursor_that_never_was_is_refused(shared: Client, cursor: str) -> None:
    assert shared("GET", "/changes", query_string={"cursor": cursor}).status_code == 422


def test_what_is_no_longer_kept_is_gone(api: Client) -> None:
    from sqlalchemy import delete

    from engine.store.models import block

    with api.engine.store.write() as connection:
        connection.execute(delete(block))
    assert api.get("/changes", code=410)["code"] == "gone"


def test_a_feed_that_begins_after_the_first_runs_says_so(sqlite_url: str) -> None:
    from sqlalchemy import delete

    from engine.store.models import feed
    from tests.api.conftest import fill

    with Engine.open(sqlite_url, actor="operator") as engine:
        fill(engine)
        with engine.store.write() as connection:
            connection.execute(delete(feed))  # a store from before there was a feed
        engine.run("2026-01-02")
        with pytest.raises(FeedGone, match="take a full export"):
            Feed(engine).page()
        assert Feed(engine).cursor() == "1-0"
        assert AS_OF
