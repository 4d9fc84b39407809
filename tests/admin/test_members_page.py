"""Members in the console: levels with counts and rights, who moved, who will lose what; the card on a customer's page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from engine.service import Engine
from tests.admin.conftest import PASSWORD, Browser, open_app
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

LATER = AS_OF + 30 * DAY
RIGHTS = [{"en": "Lounge <b>", "zh": "休息室 <b>"}]
BOOK: dict[str, Any] = {
    "name": "Members",
    "guards": {"customers": None, "amount": None, "label": None, "silent_days": None},
    "policies": [
        {
            "key": "club",
            "type": "membership",
            "params": {
                "period": "rolling",
                "grace_days": 30,
                "levels": [
                    {"key": "basic", "title": {"en": "Basic", "zh": "普通"}, "from": 0, "below": 100},
                    {"key": "gold", "title": {"en": "Gold", "zh": "金卡"}, "from": 100, "points_multiplier": 1.5, "rights": RIGHTS},
                ],
            },
        },
    ],
}


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """C1 holds gold, C2 has fallen, C3 rises between the runs, C4 never had it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('members') / 'store.db'}"
    store = open_store(url)
    add_customers(store, range(1, 5))
    moments = [(1, AS_OF - 20 * DAY, 15_000), (2, AS_OF - 390 * DAY, 12_000), (3, LATER - DAY, 20_000), (4, AS_OF - DAY, 5_000)]
    add_orders(store, [Order(*each) for each in moments])
    store.close()
    with Engine.open(url, actor="setup") as engine:
        engine.publish(BOOK)
        engine.run(AS_OF)
        engine.run(LATER)
        engine.people.first_administrator("administrator", PASSWORD)
        engine.people.add("viewer", roles=["viewer"], password=PASSWORD)
        engine.people.add("own", roles=["service"], password=PASSWORD, reach="own", owner="nobody")
        yield engine


@pytest.fixture
def app(members: Engine) -> Flask:
    return open_app(members)


def test_levels_with_counts_rights_moves_and_losses(app: Flask) -> None:
    page = Browser(app).sign_in("administrator").get("/members/").text
    assert "1 member rose and 1 fell since the run before" in page
    assert "Lounge &lt;b&gt;" in page
    assert "Lounge <b>" not in page
    assert "¥100" in page
    assert page.count('href="/customers/C3"') == 2, "it rose, and will fall"
    assert "2025-10" in page


def test_everything_is_said_in_chinese(app: Flask) -> None:
    browser = Browser(app).sign_in("viewer").speak("zh")
    assert "1 位会员升级，1 位降级" in browser.get("/members/").text
    card = browser.get("/customers/C4").text
    assert "距金卡还差 ¥100" in card
    assert "计入（最近 365 天）" in card


def test_only_customers_within_sight_are_named_and_figures_are_of_all(app: Flask) -> None:
    page = Browser(app).sign_in("own").get("/members/").text
    assert "1 member rose and 1 fell" in page
    assert "Customer 1" not in page
    assert ">C1<" not in page


def test_the_card_says_what_is_missing_and_what_a_purchase_would_change(app: Flask) -> None:
    browser = Browser(app).sign_in("administrator")
    page = browser.get("/customers/C4").text
    assert "¥100 to Gold" in page, "its order has left the window long ago"
    assert 'id="membership"' in page
    page = browser.get("/customers/C4?plus=100").text
    assert "Gold: the highest level" in page
    assert "An amount such as" in browser.get("/customers/C4?plus=much").text
    assert "¥100 to Gold" in browser.get("/customers/C4").text, "nothing was stored"


def test_the_facts_behind_a_level_are_shown(app: Flask, members: Engine) -> None:
    feature = next(name for name in members.rulebook().plan.features if name.endswith("qualifying_balance"))
    found = Browser(app).sign_in("administrator").get(f"/customers/evidence/{feature}?customer=C1")
    assert found.status_code == 200, found.text[:500]
    assert [(fact["amount"], fact["yes"]) for fact in found.json["facts"]] == [("¥150.00", True)]


def test_without_a_policy_of_members_the_page_says_how_to_begin(empty: Flask, members: Engine) -> None:
    engine = empty.extensions["tierwise_engine"]
    engine.people.first_administrator("administrator", PASSWORD)
    assert "Nobody is a member yet" in Browser(empty).sign_in("administrator").get("/members/").text
