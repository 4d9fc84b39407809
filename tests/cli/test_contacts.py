"""Interactions on the command line: written down, brought by a file, voided, refused."""

from __future__ import annotations

from tests.cli.conftest import Shop


def test_from_written_down_to_voided(shop: Shop) -> None:
    assert "contact 1 with M001" in shop("contact", "add", "M001", "--channel", "phone", "--note", "asked", "--at", "2026-01-02T10:00")
    found = shop.json("contact", "add", "M001", "--in", "--by", "Sun", "--reference", "K7")
    assert (found["direction"], found["by"]) == ("in", "Sun")
    assert "2 contacts" in shop("contact", "list", "M001")
    assert "客户来访" in shop("--language", "zh", "contact", "list", "M001", "--limit", "5")
    path = shop.file("calls.csv", "customer,at,channel\nM001,2026-01-03,phone\n")
    assert "1 rows: 1 new, 0 known" in shop("contact", "import", path, "--dry-run")
    assert "1 rows: 1 new, 0 known" in shop("contact", "import", path)
    assert shop.json("contact", "import", path)["known"] == 1
    assert "已作废" in shop("--language", "zh", "contact", "void", "1")
    assert len(shop.json("contact", "list", "M001")) == 2
    assert "TW424 line 2: at is missing" in shop.fails("contact", "import", shop.file("bad.csv", "customer,at\nM001,\n"))
    assert "没有联系记录" in shop.result("--language", "zh", "contact", "void", "99", code=2).stderr
    assert "contact.days_since" in shop("features")
