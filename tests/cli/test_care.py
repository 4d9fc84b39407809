"""Care plans on the command line: saved, previewed, carried out once, refused."""

from __future__ import annotations

from tests.cli.conftest import Shop

QUIET = "trigger: silence\ndays: 1\ntitle: {en: Silent, zh: 久未联系}\ntext: Dear ${name}\ncontrol_share: 0.2\n"


def test_from_saved_to_its_effect(shop: Shop) -> None:
    assert "care plan quiet is saved" in shop("care", "save", "quiet", shop.file("q.yaml", QUIET))
    assert "trigger: silence" in shop("care", "show", "quiet")
    dry = shop.json("care", "run", "--dry-run")
    assert dry["made"] > 0
    assert shop.json("task", "list") == []
    assert "customers to care for" in shop("care", "run")
    assert len(shop.json("task", "list", "--limit", "1000")) == dry["made"]
    assert shop.json("care", "run")["made"] == 0
    assert shop.json("care", "list")[0]["care"] == dry["made"]
    assert "久未联系" in shop("--language", "zh", "care", "list")
    assert "quiet" in shop("care", "preview", "--days", "2", "--plan", "quiet") or dry["made"]
    assert "n = 0 and 0" in shop("care", "effect", "quiet")
    assert "置信区间" in shop("--language", "zh", "care", "effect", "quiet")
    assert "已停用" in shop("--language", "zh", "care", "disable", "quiet")
    assert "enabled" in shop("care", "enable", "quiet")
    assert "0 messages were handed over" in shop("care", "deliver")
    assert "is removed" in shop("care", "remove", "quiet")
    assert "there is none yet" in shop.fails("care", "show", "quiet")


def test_a_wrong_plan_and_a_day_to_come_are_refused(shop: Shop) -> None:
    said = shop.fails("care", "save", "x", shop.file("x.yaml", "trigger: brithday\ntext: Dear ${nmae}\n"))
    assert "TW421 trigger: 'brithday'; did you mean 'birthday'?" in said
    assert "did you mean 'name'?" in said
    zh = shop.result("--language", "zh", "care", "save", "x", shop.file("x.yaml", "trigger: festival\ntext: x\n"), code=2).stderr
    assert "请填写 day" in zh
    assert "尚未到来" in shop.result("--language", "zh", "care", "run", "--date", "2999-01-01", code=2).stderr
