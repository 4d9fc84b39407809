"""Calendars on the command line: shown, asked, refused."""

from __future__ import annotations

from tests.cli.conftest import Shop

OFFICE = 'timezone: Asia/Shanghai\nweek: {mon-fri: ["09:00-12:00", "13:00-18:00"]}\nholidays: CN\n'


def test_days_are_shown_and_a_promise_is_dated(empty: Shop) -> None:
    file = empty.file("office.yaml", OFFICE)
    shown = empty("calendar", "check", file, "--from", "2025-09-26", "--days", "6")
    assert shown.count("09:00-12:00, 13:00-18:00") == 4, "Friday, the Sunday that is worked, Monday, Tuesday"
    assert "2025-09-28" in shown
    assert "休息" in empty("--language", "zh", "calendar", "check", file, "--from", "2025-09-27", "--days", "1")
    assert empty("calendar", "due", file, "2025-09-26 17:00", "2").strip() == "2025-09-28T10:00:00+08:00"
    assert empty.json("calendar", "due", file, "2025-03-28 12:00", "1.5")["due"] == "2025-03-28T14:30:00+08:00"


def test_what_is_wrong_is_told_at_its_place(empty: Shop) -> None:
    file = empty.file("wrong.yaml", 'timezone: Asia/Shangai\nweek: {mon: ["9-12", "10:00-12:00", "11:00-13:00"]}\n')
    said = empty.fails("calendar", "check", file)
    for part in ("did you mean 'Asia/Shanghai'?", "week.mon[0]: the window '9-12'", "windows that overlap at 11:00"):
        assert part in said
    assert "is no date" in empty.fails("calendar", "check", empty.file("office.yaml", OFFICE), "--from", "soon")
    assert "is not a moment" in empty.fails("calendar", "due", empty.file("office.yaml", OFFICE), "soon", "2")
