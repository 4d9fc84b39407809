"""When schedules are due: the days on which clocks change, what is refused, and what is left of missed times."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cron import Cron
from engine.errors import TierwiseError

CASES = yaml.load((Path(__file__).parent / "cases" / "governance" / "cron.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
BERLIN = ZoneInfo("Europe/Berlin")


def moment(text: str, zone: ZoneInfo) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize("case", CASES, ids=[case.get("name", case["cron"]) for case in CASES])
def test_case(case: dict[str, Any]) -> None:
    zone = ZoneInfo(case["zone"])
    cron, at = Cron.read(case["cron"], zone), moment(case["from"], zone)
    found = []
    for _ in case["due"]:
        at = cron.after(at)
        found.append(dt.datetime.fromtimestamp(at, zone).isoformat())
    assert found == case["due"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("* * * * *", r"minute: found '\*'; expected one number from 0 to 59, as a schedule is due at most once an hour"),
        ("*/5 * * * *", "minute: found"),
        ("0,30 * * * *", "minute: found"),
        ("60 * * * *", "minute: found '60'"),
        ("٠ 2 * * *", "minute: found"),
        ("0 24 * * *", "hour: found '24'; expected 0 to 23"),
        ("0 */0 * * *", "hour: found"),
        ("0 R * * *", "hour: found 'R'"),
        ("0 H * * *", "hour: found 'H'"),
        ("0 0-999999999 * * *", "hour: found"),
        ("0 2 32 * *", "day of month: found '32'"),
        ("0 2 * 13 *", "month: found '13'"),
        ("0 2 * * fun", "day of week: found 'fun'; expected 0 to 6 from Sunday"),
        ("0 2 30 2 *", "never comes: no month has such a day"),
        ("0 2 * *", "expected five fields, minute, hour, day of month, month, day of week; such as 0 2"),
        ("0 2 * * * *", "expected five fields"),
        ("@daily", "expected five fields"),
        ("", "expected five fields"),
        ("0 2 * * " + "1," * 60, "expected five fields"),
        ("__import__('os') 2 * * *", "minute: found"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(TierwiseError, match=said):
        Cron.read(text, BERLIN)


def test_spaces_do_not_count() -> None:
    assert Cron.read("  0   2 * * * ", BERLIN).text == "0 2 * * *"


hours = st.one_of(
    st.just("*"),
    st.just("*/3"),
    st.integers(0, 23).map(str),
    st.lists(st.integers(0, 23), min_size=2, max_size=4).map(lambda h: ",".join(map(str, h))),
)
texts = st.tuples(st.integers(0, 59).map(str), hours, st.just("*"), st.just("*"), st.sampled_from(["*", "1-5", "sun"])).map(" ".join)


@settings(deadline=None, max_examples=60)
@given(
    texts,
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai"]),
    st.integers(1_767_000_000, 1_799_000_000),
)
def test_times_ascend_at_least_half_an_hour_apart_and_show_their_minute(text: str, name: str, start: int) -> None:
    zone = ZoneInfo(name)
    cron, at, days = Cron.read(text, zone), start, []
    for _ in range(30):
        before, at = at, cron.after(at)
        assert at > before
        local = dt.datetime.fromtimestamp(at, zone)
        days.append(local.date())
        if name != "Australia/Lord_Howe":
            assert local.minute == int(text.split()[0])
            assert len(days) == 1 or at - before >= 3600
    if text.split()[1].isdigit() and text.endswith("*"):
        assert len(set(days)) == 30, "once a day, whatever the clocks do"
        assert (days[-1] - days[0]).days == 29


@settings(deadline=None, max_examples=40)
@given(texts, st.integers(0, 60 * 86_400))
def test_of_missed_times_the_last_one_is_left(text: str, missed: int) -> None:
    cron = Cron.read(text, BERLIN)
    first = cron.after(1_790_000_000)
    last = cron.last(first, first + missed)
    assert first <= last <= first + missed < cron.after(last)


def test_years_of_missed_hours_cost_little_and_give_the_last() -> None:
    cron = Cron.read("15 * * * *", BERLIN)
    first = cron.after(1_000_000_000)
    until = 1_790_000_000
    last = cron.last(first, until)
    assert 0 <= until - last < 3600
