"""The points of members on the command line: a programme, a day, acts by key, what is owed, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Shop

BOOK = """
format: 1
name: Shop
policies:
  - {key: points, type: points, params: {expiry: never, hold_days: 0, manual: 50, survey: 5, worth: 2}}
"""


@pytest.fixture
def members(shop: Shop, tmp_path: Path) -> Shop:
    (tmp_path / "book.yaml").write_text(BOOK)
    shop("rulebook", "publish", str(tmp_path / "book.yaml"))
    return shop


def test_a_day_is_posted_once_and_acts_are_told(members: Shop) -> None:
    day = members.json("points", "day")
    assert day["sales"] > 0 < day["points"]
    assert members.json("points", "day") == {"sales": 0, "changed": 0, "points": 0, "matured": 0, "expired": 0}
    before = members.json("points", "show", "M001")["spendable"]
    assert members.json("points", "event", "M001", "survey", "--key", "s")["spendable"] == before + 5
    spent = members.json("points", "redeem", "M001", "3", "--key", "gift")
    assert members.json("points", "redeem", "M001", "3", "--key", "gift") == spent
    assert "redemption cancelled" in members("points", "cancel", "M001", str(spent["number"]), "--key", "back")
    assert "转出" in members("--language", "zh", "points", "transfer", "M001", "M002", "4", "--key", "t")
    assert members.json("points", "correct", "M001", "-1", "--reason", "typing error", "--key", "c")["spendable"] == before
    assert "typing error" in members("points", "history", "M001")
    assert "+08:00" not in members("points", "history", "M001")
    event = next(act for act in members.json("points", "history", "M001") if act["note"] == "survey")
    undo = ("points", "undo", "M001", str(event["number"]), "--reason", "answered twice", "--key", "u")
    assert "撤回调整或事件" in members("--language", "zh", *undo)
    assert members.json(*undo)["spendable"] == before - 5
    assert "members hold" in members("points", "liability")
    assert "every act sums to zero" in members("points", "verify")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("redeem", "M001", "999999999", "--key", "a"), "are missing"),
        (("redeem", "M001", "0", "--key", "a"), "expected a whole number from 1"),
        (("redeem", "M001", "1.5", "--key", "a"), "1.5"),
        (("correct", "M001", "51", "--reason", "too much", "--key", "a"), "one correction may move"),
        (("undo", "M001", "77", "--reason", "a mistake", "--key", "a"), "there is no correction or event 77"),
        (("cancel", "M001", "77", "--key", "a"), "there is no redemption 77"),
        (("earn", "M001", "5", "--at", "2999-01-01", "--key", "a"), "lies in the future"),
        (("show", "NOBODY"), "there is no customer"),
    ],
)
def test_what_cannot_be_is_refused(members: Shop, arguments: tuple[str, ...], said: str) -> None:
    assert said in members.fails("points", *arguments)


def test_a_closed_account_takes_nothing(members: Shop) -> None:
    members("points", "close", "M001")
    assert "is closed" in members.fails("points", "earn", "M001", "5", "--key", "a")
    members("points", "close", "M001", "--back")
    members("points", "earn", "M001", "5", "--key", "a", "--valid-days", "3")
    earned = members.json("points", "earn", "M001", "5", "--key", "b", "--hold-days", "30")
    assert members.json("points", "reverse", "M001", str(earned["number"]), "5", "--key", "r")["pending"] == 0
