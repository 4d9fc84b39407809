"""Levels of members on the command line: one card in one call, with a basket in thought, all levels, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import AS_OF, Shop

BOOK = """
format: 1
name: Shop
policies:
  - {key: membership, type: membership}
"""


@pytest.fixture
def members(shop: Shop, tmp_path: Path) -> Shop:
    (tmp_path / "book.yaml").write_text(BOOK)
    shop("rulebook", "publish", str(tmp_path / "book.yaml"))
    return shop


def test_a_card_says_level_rights_points_and_what_is_missing(members: Shop) -> None:
    assert "Nobody has a level yet" in members("member", "levels")
    assert members.json("member", "levels") is None
    members("run", "--as-of", AS_OF)
    card = members.json("member", "show", "M001", "--as-of", AS_OF)
    assert card["level"]["key"] in ("basic", "silver", "gold")
    more = members.json("member", "show", "M001", "--as-of", AS_OF, "--plus", "100000")
    assert (more["level"]["key"], more["to_next"], more["receipt"]["en"]) == ("gold", None, "Gold: the highest level")
    assert [right["zh"] for right in more["level"]["rights"]] == ["免运费", "延迟退房"]
    assert members.json("member", "show", "M001", "--as-of", AS_OF) == card, "nothing was stored"
    assert card["receipt"]["en"] in members("member", "show", "M001", "--as-of", AS_OF)
    assert "距下一等级" in members("--language", "zh", "member", "show", "M001", "--as-of", AS_OF)


def test_all_levels_with_who_will_lose_what(members: Shop) -> None:
    members("run", "--as-of", AS_OF)
    found = members.json("member", "levels")
    assert [level["key"] for level in found["levels"]] == ["gold", "silver", "basic"]
    assert sum(level["members"] for level in found["levels"]) > 0
    assert sum(each["members"] for each in found["losses"]) == sum(level["members"] for level in found["levels"] if level["key"] != "basic")
    assert "Gold" in members("member", "levels")
    assert "金卡会员" in members("--language", "zh", "member", "levels", "--most", "0")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nobody"), "there is no customer"),
        (("show", "M001", "--policy", "membrship"), "did you mean 'membership'"),
        (("show", "M001", "--plus", "much"), "amount"),
    ],
)
def test_what_is_wrong_is_told(members: Shop, arguments: tuple[str, ...], said: str) -> None:
    members("run", "--as-of", AS_OF)
    assert said in members.fails("member", *arguments)


def test_without_members_there_is_nothing_to_show(shop: Shop) -> None:
    shop("rulebook", "publish", "starter")
    assert "no policy of the live rulebook has members" in shop.fails("member", "levels")
