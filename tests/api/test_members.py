"""Levels of members over the API: the card of one call, the levels of all, and what is refused."""

from __future__ import annotations

import pytest

from tests.api.conftest import AS_OF, Client

BOOK = {"name": "Members", "policies": [{"key": "membership", "type": "membership", "params": {"grace_days": 30}}]}


@pytest.fixture
def members(api: Client) -> Client:
    api.engine.publish(BOOK)
    api.engine.run(AS_OF, recompute=True)
    return api


def test_one_call_gives_level_rights_points_and_what_is_missing(members: Client) -> None:
    card = members.get(f"/loyalty/members/C1?as_of={AS_OF}")
    assert card["level"]["key"] == "basic"
    more = members.get(f"/loyalty/members/C1?as_of={AS_OF}&plus={card['to_next']:.2f}")
    assert (more["level"]["key"], more["next"]) == ("silver", "gold")
    assert more["receipt"]["en"].endswith(" to Gold")
    assert more["receipt"]["zh"].startswith("距金卡会员还差 ")
    assert more["points"] == {"spendable": 0, "pending": 0, "owed": 0, "expiring": []}


def test_one_call_says_what_will_be_lost_with_dates(members: Client) -> None:
    members.engine.import_facts([{"order": "old", "customer": "C1", "ordered_at": "2024-03-01", "amount": "6000"}], "orders")
    members.engine.points.earn("C1", 80, key="a", at="2025-01-01", valid_days=36_000)
    members.engine.points.earn("C1", 20, key="b", at="2025-01-01", valid_days=36_000, hold_days=1)
    members.engine.points.earn("C1", 5, key="c")
    card = members.get("/loyalty/members/C1?as_of=2025-06-30")
    assert (card["level"]["key"], card["falls_to"], card["falls_on"], card["keep_by"]) == ("gold", "basic", "2026-01-31", "2025-12-31")
    kept = {"basic": []}
    assert card["loses"] == [right for right in card["level"]["rights"] if right not in kept["basic"]]
    assert card["loses"]
    assert card["points"]["expiring"] == [{"last_day": "2123-07-26", "points": 80}, {"last_day": "2123-07-27", "points": 20}]
    assert card["points"]["spendable"] == 105


def test_levels_of_all(members: Client) -> None:
    found = members.get("/loyalty/levels")
    assert [level["key"] for level in found["levels"]] == ["gold", "silver", "basic"]
    assert sum(level["members"] for level in found["levels"]) == 24
    assert (found["policy"], found["losing"]) == ("membership", [])


def test_whoever_sees_only_its_own_customers_gets_no_card_of_others(members: Client) -> None:
    own = members.user("service", reach="own", owner="nobody at all")
    own("GET", "/loyalty/members/C1", code=404)
    assert own.get("/loyalty/levels")["losing"] == []


@pytest.mark.parametrize("query", ["plus=-1", "plus=1e9", "plus=nan", "plus=99999999999999", "policy=", "as_of=x"])
def test_what_cannot_be_is_refused(members: Client, query: str) -> None:
    assert members("GET", f"/loyalty/members/C1?{query}").status_code in (400, 422)


def test_without_members_there_is_no_level(api: Client) -> None:
    for path in ("/loyalty/levels", "/loyalty/members/C1"):
        answer = api("GET", path, code=409)
        assert "no policy of the live rulebook has members" in answer.json["detail"]
