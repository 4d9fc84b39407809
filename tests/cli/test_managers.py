"""Account managers on the command line: from added to handed over, in both languages."""

from __future__ import annotations

from tests.cli.conftest import Shop


def test_from_added_to_handed_over(shop: Shop) -> None:
    assert "nobody said yet" in shop("manager", "policy")
    assert "Sun: 0 of 2" in shop("manager", "add", "Sun", "--capacity", "2", "--grade", "A")
    assert shop.json("manager", "add", "Moon", "--capacity", "50")["room"] == 50
    file = shop.file("managers.yaml", "output: abc.class\ngrades: [A, B]\nrank: orders.amount\nneglect_days: 1\ncontact: [tasks]\n")
    assert "claims_per_day: 20" in shop("manager", "policy", file)
    dry = shop.json("manager", "assign", "--dry-run")
    assert dry["given"] > 2
    assert "are to have a manager" in shop("manager", "assign")
    assert [each["customers"] for each in shop.json("manager", "list")["managers"]] == [each["after"] for each in dry["managers"]]
    assert "客户经理 2 位" in shop("--language", "zh", "manager", "list")
    customer = dry["examples"][0]["customer"]
    assert shop.json("manager", "explain", customer)["owner"] == dry["examples"][0]["now"]
    assert "最空闲" in shop("--language", "zh", "manager", "explain", customer)
    assert "1 customers are in the pool" in shop("manager", "release", customer, "--reason", "far")
    assert shop.json("manager", "pool")["items"][0]["words"].startswith("given back to the pool")
    assert customer in shop("manager", "pool")
    assert "1 customers are taken" in shop("manager", "claim", customer, "--for", "Moon")
    assert "公海" in shop("--language", "zh", "manager", "neglected", "--dry-run")
    assert "room for" in shop("manager", "capacity", "412")
    assert shop.json("manager", "edit", "Moon", "--capacity", "60", "--region", "")["capacity"] == 60
    done = shop.json("manager", "leave", "Sun", "--to", "Moon", "--reason", "left")
    assert done["customers"] == dry["managers"][1]["after"] or done["customers"] <= 2
    assert "0 customers are Moon's" in shop("manager", "give", "Moon", customer, "--reason", "again")
    assert "没有客户经理 'Mon'" in shop.result("--language", "zh", "manager", "leave", "Mon", "--reason", "x", code=2).stderr


def test_a_wrong_policy_is_refused(shop: Shop) -> None:
    said = shop.fails("manager", "policy", shop.file("m.yaml", "output: abc.clas\ngrades: []\nsticky: 1\n"))
    assert "TW411 grades" in said
    assert "TW411 sticky" in said
