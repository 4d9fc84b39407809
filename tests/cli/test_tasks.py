"""Tasks on the command line: made, listed in both languages, closed, refused."""

from __future__ import annotations

from tests.cli.conftest import Shop


def test_a_task_from_made_to_done(shop: Shop) -> None:
    assert "task 1: open, due 2026-03-01, chen: Call" in shop("task", "add", "Call", "--due", "2026-03-01", "--owner", "chen")
    assert shop.json("task", "add", "Again", "--once", "k")["id"] == shop.json("task", "add", "Again", "--once", "k")["id"] == 2
    assert "逾期" in shop("--language", "zh", "task", "list")
    assert [each["title"] for each in shop.json("task", "list", "--owner", "chen")] == ["Call"]
    assert shop.json("task", "edit", "1", "--owner", "")["owner"] == ""
    done = shop.json("task", "done", "1", "--outcome", "renewed")
    assert (done["status"], done["outcome"], done["closed_at"][:2]) == ("done", "renewed", "20")
    assert "已是 done 状态" in shop.result("--language", "zh", "task", "done", "1", code=2).stderr
    assert "skipped" in shop("task", "skip", "2", "--reason", "moved")
    assert len(shop.json("task", "list", "--status", "all")) == 2
    assert "there is no task 9" in shop.fails("task", "done", "9")
