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
    assert more["points"] == {"spendable": 0, "pending": 0, "owed": 0}


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
