"""Kept lists, the time line, orders and moves of customers on the command line."""

from __future__ import annotations

from tests.cli.conftest import Shop


def test_a_list_is_kept_shown_shared_and_removed(shop: Shop) -> None:
    assert "list 1 is kept" in shop("lists", "save", "Big spenders", "--where", "orders.count>=1", "--sort", "-orders.count")
    assert shop.json("lists", "list")[0]["title"] == "Big spenders"
    shown = shop.json("lists", "show", "1", "--limit", "3")
    assert len(shown["customers"]) == 3 <= shown["total"]
    assert "Big spenders" in shop("lists", "show", "1")
    assert "已共享" in shop("--language", "zh", "lists", "share", "1")
    assert "no longer shared" in shop("lists", "share", "1", "--off")
    assert "nothing" not in shop("lists", "list")
    shop.fails("lists", "save", "Wrong", "--where", "no.such>=1")
    assert "is removed" in shop("lists", "remove", "1")
    shop.fails("lists", "show", "1")


def test_what_happened_to_a_customer_and_who_moved(shop: Shop) -> None:
    buyer = next(each for each in ("M001", "M002", "M003") if shop.json("customers", "orders", each))
    assert shop.json("customers", "orders", buyer, "--limit", "1")[0]["amount"] != 0
    assert "orders" in shop("customers", "orders", buyer)
    line = shop.json("customers", "timeline", buyer)
    assert line["customer"] == buyer
    assert "moves" in shop("customers", "timeline", buyer)
    assert "变动" in shop("--language", "zh", "customers", "timeline", buyer)
    shop("run", "--as-of", "2026-01-01")
    output = "abc.class"
    found = shop.json("customers", "moves", output)
    assert set(found) >= {"rows", "total", "run", "since_run"}
    assert "moved between run" in shop("customers", "moves", output, "--limit", "5")
    shop.fails("customers", "timeline", "nobody")
