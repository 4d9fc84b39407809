"""The audit trail on the command line."""

from __future__ import annotations

from sqlalchemy import text

from engine.store.session import Store
from tests.cli.conftest import Shop


def test_the_trail_of_a_shop_is_whole_and_says_who_did_what(graded_shop: Shop) -> None:
    verified = graded_shop.json("audit", "verify")
    assert (verified["whole"], verified["breaches"], verified["sealed"]) == (True, [], False)
    assert verified["head"].startswith(f"{verified['entries']}:")
    printed = graded_shop("audit", "verify")
    assert "The trail is whole" in printed
    assert verified["head"] in printed.replace("\n", "")
    assert "TIERWISE_AUDIT_KEY" in printed
    assert "审计记录完整" in graded_shop("--language", "zh", "audit", "verify")
    assert "whole" in graded_shop("audit", "verify", "--head", verified["head"])
    acts = [entry["action"] for entry in graded_shop.json("audit", "log")]
    assert acts[:3] == ["run", "import", "import"]
    newest = graded_shop.json("audit", "log", "--limit", "1", "--action", "run")[0]
    assert newest["subject"] == "run:1"
    assert newest["details"]["status"] == "visible"
    assert newest["at"].startswith("20")
    printed = graded_shop("audit", "log")
    assert "run:1" in printed
    assert "not proven" in printed
    assert "操作记录" in graded_shop("--language", "zh", "audit", "log", "--subject", "run:1")
    assert "Nothing was done" in graded_shop("audit", "log", "--actor", "nobody")
    older = graded_shop.json("audit", "log", "--after", str(newest["seq"]))
    assert all(entry["seq"] < newest["seq"] for entry in older)


def test_a_trail_that_was_altered_ends_with_code_2_and_names_the_entry(shop: Shop) -> None:
    head = shop.json("audit", "verify")["head"]
    count = int(head.partition(":")[0])
    with Store.open(shop.url) as store, store.write() as connection:
        connection.execute(text("drop trigger audit_entry_no_update"))
        connection.execute(text("drop trigger audit_entry_no_delete"))
        connection.execute(text("update audit_entry set actor = 'mallory' where seq = 1"))
        connection.execute(text("delete from audit_entry where seq = :last"), {"last": count})
    told = shop.json("audit", "verify", code=2)
    assert [(one["kind"], one["seq"]) for one in told["breaches"]] == [("altered", 1), ("truncated", count)]
    printed = shop("audit", "verify", code=2)
    assert "entry 1: was altered" in printed
    assert f"第 {count} 条：自末尾被截去" in shop("--language", "zh", "audit", "verify", code=2)


def test_a_head_that_is_none_is_refused(graded_shop: Shop) -> None:
    assert "expected NUMBER:HASH" in graded_shop.fails("audit", "verify", "--head", "abc")
