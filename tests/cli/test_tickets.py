"""Tickets on the command line, from the opening to the figures, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.service import Engine
from tests.cli.conftest import Shop
from tests.small_desk import fill_desk

OFFICE = 'timezone: Asia/Shanghai\nweek: {mon-fri: ["09:00-12:00", "13:00-18:00"]}\n'
SORRY = 'title: Sorry\ntext: {en: "We are sorry about {ticket}.", zh: "抱歉 {ticket}"}\nkinds: [complaint]\n'


@pytest.fixture
def desk(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path, f"sqlite:///{tmp_path / 'desk.db'}")
    with Engine.open(shop.url, actor="lin") as engine:
        fill_desk(engine)
    return shop


def test_a_ticket_from_opened_to_closed(desk: Shop) -> None:
    assert "ticket 1 is open; First answer by" in desk("ticket", "open", "A1", "complaint", "late parcel", "--text", "where is it")
    assert "工单 2 已创建；首次答复截至" in desk("--language", "zh", "ticket", "open", "C1", "objection", "why C")
    assert [each["customer"] for each in desk.json("ticket", "queue")] == ["A1", "C1"]
    assert "late parcel" in desk("ticket", "list", "--state", "live")
    assert "没有工单" in desk("--language", "zh", "ticket", "list", "--state", "closed")
    listed = desk("--language", "zh", "ticket", "queue")
    assert "投诉" in listed
    assert "complaint" not in listed
    shown = desk("ticket", "show", "2")
    assert "Reason letter" in shown
    assert "Class B begins at" in shown
    said = desk.json("ticket", "say", "1", "it comes tomorrow", "--key", "k1")
    assert said["answered_at"] == desk.json("ticket", "say", "1", "it comes tomorrow", "--key", "k1")["answered_at"]
    assert sum(each["kind"] == "message_out" for each in desk.json("ticket", "show", "1")["timeline"]) == 1
    assert "the clock stands" in desk("ticket", "move", "1", "waiting_customer", "--reason", "photo")
    assert "计时暂停" in desk("--language", "zh", "ticket", "show", "1")
    assert desk.json("ticket", "say", "1", "here", "--direction", "in")["state"] == "in_progress"
    assert desk.json("ticket", "edit", "1", "--priority", "urgent", "--compensation", "500")["compensation"] == 500
    assert "Resolved" in desk("ticket", "move", "1", "resolved")
    assert desk.json("ticket", "move", "1", "closed")["closed_at"]
    assert "from which it cannot become open" in desk.fails("ticket", "move", "1", "open")
    assert "0 steps taken" in desk("ticket", "tick")
    assert "100.0%" in desk("ticket", "attainment", "--by", "grade")
    kept = desk("--language", "zh", "ticket", "attainment", "--by", "grade")
    assert "首次答复" in kept
    assert "grade" not in kept
    assert desk.json("ticket", "attainment", "--by", "owner")["by"] == "owner"
    assert "say what changes" in desk.fails("ticket", "edit", "1")
    assert "there is no ticket 9" in desk.fails("ticket", "show", "9")


def test_the_desk_is_set_up_with_calendars_and_answers(desk: Shop) -> None:
    assert "revision 1" in desk("calendar", "save", "office", desk.file("office.yaml", OFFICE))
    setup = desk.file("setup.yaml", "kinds: [{key: complaint}]\ncalendar: office\n")
    assert "revision 1" in desk("ticket", "setup", setup)
    assert '"calendar": "office"' in desk("ticket", "setup")
    assert [each["used_by"] for each in desk.json("calendar", "list")] == [["setup"]]
    assert "office" in desk("calendar", "list")
    assert "used by setup" in desk.fails("calendar", "remove", "office")
    assert "revision 1" in desk("ticket", "answer", "sorry", desk.file("sorry.yaml", SORRY))
    assert "complaint" in desk("ticket", "answers")
    desk("ticket", "open", "A1", "complaint", "late")
    assert desk.json("ticket", "answers", "1") == [{"name": "sorry", "text": "We are sorry about 1."}]
    assert '"sorry"' in desk("ticket", "answer", "sorry")
    assert "is removed" in desk("ticket", "answer", "sorry", "--remove")
    desk("ticket", "setup", desk.file("setup.yaml", "kinds: [{key: complaint}]\n"))
    assert "used by promises" in desk.fails("calendar", "remove", "office")
    desk("ticket", "move", "1", "resolved")
    assert "is removed" in desk("calendar", "remove", "office")
    assert "none is stored yet" in desk.fails("calendar", "show", "office")


def test_a_file_of_tickets_is_imported_whole_or_not_at_all(desk: Shop) -> None:
    head = "reference,customer,kind,subject,opened_at,answered_at,resolved_at,closed_at\n"
    good = "R1,A1,question,old,2026-01-05 10:00,2026-01-05 10:30,2026-01-06 10:00,2026-01-06 11:00\n"
    bad = "R2,A1,question,older,2026-01-05 10:00,,2026-01-04 10:00,\nR3,Z9,question,x,2026-01-05,,,\n"
    said = desk.fails("ticket", "import", desk.file("t.csv", head + good + bad))
    assert "TW404 line 3: the moment of resolved_at, 2026-01-04T10:00:00+08:00, is before that of opened_at" in said
    assert "line 4: there is no customer 'Z9'" in said
    assert desk.json("ticket", "list") == []
    assert desk.json("ticket", "import", desk.file("t.csv", head + good)) == {"rows": 1, "opened": 1, "known": 0}
    assert "1 known" in desk("ticket", "import", desk.file("t.csv", head + good))
    lines = '{"reference": "R4", "customer": "C1", "kind": "request", "subject": "s", "opened_at": "2026-01-05"}\n'
    assert desk.json("ticket", "import", desk.file("t.jsonl", lines))["opened"] == 1
    assert "there is no column 'when'" in desk.fails("ticket", "import", desk.file("u.csv", "when\n1\n"))
