"""In a real browser: a purchase earns, a return reverses, a reward is redeemed, the level rises, the task for the manager appears."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine import clock
from engine.moments import written
from engine.service import Engine
from tests.admin.conftest import PASSWORD, open_app, served
from tests.admin.test_browser import browser, until
from tests.small_store import DAY, add_customers, open_store

__all__ = ["browser"]

LEVELS = [
    {"key": "basic", "title": {"en": "Basic", "zh": "普通会员"}, "from": 0, "below": 1000},
    {"key": "gold", "title": {"en": "Gold", "zh": "金卡会员"}, "from": 1000, "points_multiplier": 1.5},
]
BOOK = {
    "name": "Story",
    "guards": {"customers": None, "amount": None, "label": None},
    "policies": [
        {"key": "membership", "type": "membership", "params": {"levels": LEVELS, "period": "rolling"}},
        {
            "key": "points",
            "type": "points",
            "params": {"hold_days": 0, "level": "membership.level", "levels": [{"label": "gold", "factor": 1.5}]},
        },
    ],
}


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with open_store(sqlite_url) as store:
        add_customers(store, range(1, 4))
    with Engine.open(sqlite_url, actor="setup") as opened:
        opened.publish(BOOK)
        opened.rewards.save("mug", {"title": {"en": "Mug", "zh": "马克杯"}, "points": 200, "stock": 3})
        opened.managers.add("Sun", capacity=9, title="Sun Li")
        opened.managers.give(["C1"], "Sun", reason="known")
        opened.care.save(
            "congratulate",
            {"trigger": "upgrade", "output": "membership.level", "text": "Congratulate ${name} on ${level}", "consent": "none"},
        )
        opened.people.first_administrator("ada", PASSWORD)
        yield opened


def sold(engine: Engine, number: str, amount: str, days_ago: float, **more: Any) -> None:
    """A sale, or a return of one, as the till sends it."""
    row = {
        "order": number,
        "customer": "C1",
        "ordered_at": written(clock.now() - int(days_ago * DAY), engine.zone),
        "amount": amount,
        **more,
    }
    taken = engine.exchange.take("orders", [row], source="test")
    assert taken.errors == []


def test_from_a_purchase_to_the_task_of_the_manager(engine: Engine, browser: Any) -> None:
    with served(open_app(engine)) as site:

        def press(path: str, selector: str, **fields: str) -> None:
            """Open a page, fill in a form and press its button; wait until the next page is there."""
            browser.get(f"{site}{path}")
            for name, value in fields.items():
                browser.execute_script(
                    "const details = arguments[0].closest('details'); if (details) details.open = true",
                    field := browser.find_element("css selector", f"{selector} [name={name}]"),
                )
                field.send_keys(value)
            before = browser.find_element("tag name", "html")
            browser.execute_script("arguments[0].requestSubmit()", browser.find_element("css selector", selector))
            until(
                browser,
                lambda: browser.find_element("tag name", "html") != before and bool(browser.find_elements("css selector", ".note.ok")),
            )

        def heading(path: str) -> str:
            browser.get(f"{site}{path}")
            return str(browser.find_element("tag name", "h1").text)

        browser.get(f"{site}/login")
        browser.find_element("name", "name").send_keys("ada")
        browser.find_element("name", "password").send_keys(PASSWORD)
        browser.find_element("css selector", "form.form button").click()
        until(browser, lambda: browser.current_url == f"{site}/")

        sold(engine, "A", "800", 3)
        press("/points/", "form[action='/points/day']")
        assert heading("/points/of/C1") == "Customer 1 can spend 800 points"

        sold(engine, "A-", "300", 2, kind="refund", refund_of="A")
        press("/points/", "form[action='/points/day']")
        assert heading("/points/of/C1") == "Customer 1 can spend 500 points"
        assert "Taken back" in browser.find_element("tag name", "main").text

        press("/rewards/?tab=claims", "form[action='/rewards/reserve']", customer="C1")
        assert heading("/points/of/C1") == "Customer 1 can spend 300 points"
        press("/rewards/?tab=claims", "form[action='/rewards/claims/1/confirm']")
        assert "confirmed" in browser.find_element("tag name", "table").text

        engine.run(clock.now() - 3 * DAY // 2)
        sold(engine, "B", "900", 1)
        engine.run()
        engine.care.run()
        browser.get(f"{site}/customers/C1")
        assert "Gold" in browser.find_element("tag name", "main").text
        browser.get(f"{site}/members/")
        assert "1" in browser.find_element("xpath", "//tr[contains(., 'Gold')]").text
        (task,) = engine.tasks.list(owner="Sun")
        assert (task.customer, task.text) == ("C1", "Congratulate Customer 1 on Gold")
        pages = [
            path
            for path in ("/tasks/", "/servicetasks/", "/service_tasks/")
            if path in {rule.rule for rule in open_app(engine).url_map.iter_rules()}
        ]
        browser.get(f"{site}{pages[0]}")
        assert "Customer 1" in browser.find_element("tag name", "main").text

        sold(engine, "C", "100", 0)
        press("/points/", "form[action='/points/day']")
        assert heading("/points/of/C1") == "Customer 1 can spend 1,350 points", "300, 900 of before the rise, one and a half times 100"
