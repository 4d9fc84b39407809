"""Rewards and offers on the command line, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import AS_OF, Shop

BOOK = """
format: 1
name: Shop
policies:
  - key: offers
    type: offers
    params:
      offers:
        - {key: tenth, title: {en: A tenth, zh: 九折}, when: {feature: orders.count, op: ">=", value: 1}, kind: share, value: 0.1}
        - {key: coupon, when: {feature: orders.count, op: ">=", value: 1}, kind: amount, value: 5, coded: true}
"""


def test_a_reward_is_listed_reserved_and_confirmed(shop: Shop) -> None:
    file = shop.file("mug.json", '{"title": {"en": "Mug", "zh": "马克杯"}, "points": 30, "stock": 1, "coupon": true}')
    assert "revision 1" in shop("reward", "save", "mug", file)
    assert "needs 30 more points" in shop("reward", "list", "M001")
    assert "还差 30 积分" in shop("--language", "zh", "reward", "list", "M001")
    assert "needs 30 more points" in shop.fails("reward", "reserve", "M001", "mug", "--key", "a")
    shop("points", "earn", "M001", "40", "--key", "x")
    claim = shop.json("reward", "reserve", "M001", "mug", "--key", "a")
    assert "is out of stock" in shop("reward", "list", "M001")
    assert "code" in shop("reward", "confirm", str(claim["number"]))
    assert "已确认" in shop("--language", "zh", "reward", "claims", "M001")
    assert shop.json("reward", "cancel", str(claim["number"]))["status"] == "cancelled"
    assert "0 reservations lapsed" in shop("reward", "release")
    assert "not offered" in shop("reward", "save", "mug", file, "--retire") + shop("reward", "list")
    assert "Expecting" in shop.result("reward", "save", "mug", shop.file("broken.json", "{"), code=1).output


def test_offers_are_asked_for_used_and_taken_back(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "book.yaml").write_text(BOOK)
    shop("rulebook", "publish", str(tmp_path / "book.yaml"))
    shop("run", "--as-of", AS_OF)
    assert "M001 saves 10.00" in shop("offer", "for", "M001", "10000")
    (code,) = shop.json("offer", "issue", "coupon", "--customer", "M001")
    used = shop.json("offer", "use", "M001", "10000", "--code", code, "--key", "r1")
    assert [(each["offer"], each["saved"]) for each in used] == [("coupon", 500), ("tenth", 950)]
    assert "9.50" in shop("offer", "list")
    assert "was used already" in shop.fails("offer", "use", "M001", "10000", "--code", code, "--key", "r2")
    assert "2 offers taken back" in shop("offer", "cancel", "M001", "--key", "r1")
    assert "已使用 1 项优惠" in shop("--language", "zh", "offer", "use", "M001", "500", "--key", "r3")
    assert len(shop("offer", "issue", "coupon", "--count", "3").split()) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("reward", "confirm", "9"), "there is no claim 9"),
        (("reward", "reserve", "M001", "cup", "--key", "a"), "there is no reward 'cup'"),
        (("offer", "cancel", "M001", "--key", "z"), "no offers were used"),
    ],
)
def test_what_is_not_there_is_said(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    assert said in shop.fails(*arguments)
