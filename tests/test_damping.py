"""A damping in a rulebook: read completely, with its canonical form and every fault at its place."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.damping import Hold, period_start
from engine.errors import RulebookError
from tests.small_book import book_of

RFM = {"type": "rfm"}


def canonical(damping: Any) -> Any:
    return book_of([{**RFM, "damping": damping}]).document["policies"][0].get("damping")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (None, None),
        ({}, None),
        ({"segment": {}}, None),
        ({"segment": {"up": {}, "down": None}}, None),
        ({"segment": {"every": "month"}}, {"segment": {"up": {"every": "month"}, "down": {"every": "month"}}}),
        ({"segment": {"down": {"after_days": 30, "every": "year"}}}, {"segment": {"down": {"every": "year", "after_days": 30}}}),
        (
            {"segment": {"up": {"margin": {"of": "orders.recency_days", "by": 3}}}},
            {"segment": {"up": {"margin": {"of": "orders.recency_days", "by": 3}}}},
        ),
    ],
)
def test_one_meaning_has_one_canonical_form(written: Any, kept: Any) -> None:
    assert canonical(written) == kept


def test_a_damping_is_part_of_the_content() -> None:
    plain, damped = book_of([RFM]), book_of([{**RFM, "damping": {"segment": {"every": "month"}}}])
    assert plain.hash != damped.hash
    assert "damping" not in plain.text


@pytest.mark.parametrize(
    ("damping", "words"),
    [
        ("monthly", "TW030 policies[0].damping: the text 'monthly'; expected an object of label output"),
        ({"segmnt": {}}, "TW030 policies[0].damping.segmnt: the output 'segmnt', which this policy does not have; did you mean 'segment'?"),
        ({"total": {"every": "month"}}, "TW030 policies[0].damping.total: a score output; only label outputs are damped"),
        ({"segment": []}, "TW030 policies[0].damping.segment: []; expected an object with every"),
        ({"segment": {"evry": "month"}}, "TW002 policies[0].damping.segment.evry: the unknown key 'evry'; did you mean 'every'?"),
        ({"segment": {"down": {}, "every": "month"}}, "TW002 policies[0].damping.segment.every: the unknown key"),
        ({"segment": {"every": "mnth"}}, "TW030 policies[0].damping.segment.every: the text 'mnth'; did you mean 'month'?"),
        ({"segment": {"every": ["month"]}}, "TW030 policies[0].damping.segment.every: ['month']; expected month, quarter, year"),
        ({"segment": {"down": "month"}}, "TW030 policies[0].damping.segment.down: the text 'month'; expected an object"),
        ({"segment": {"after_days": 0}}, "TW030 policies[0].damping.segment.after_days: 0; expected whole days from 1 to 3660"),
        ({"segment": {"after_days": True}}, "TW030 policies[0].damping.segment.after_days: True; expected whole days"),
        ({"segment": {"after_days": 1.5}}, "TW030 policies[0].damping.segment.after_days: 1.5; expected whole days"),
        ({"segment": {"margin": 3}}, "TW030 policies[0].damping.segment.margin: 3; expected an object with of, and by or share"),
        ({"segment": {"margin": {"by": 3}}}, "TW030 policies[0].damping.segment.margin.of: nothing; expected the name of the measure"),
        ({"segment": {"margin": {"of": "x"}}}, "TW030 policies[0].damping.segment.margin: neither by nor share; expected one of them"),
        ({"segment": {"margin": {"of": "x", "by": 1, "share": 0.1}}}, "TW030 policies[0].damping.segment.margin: both by and share"),
        ({"segment": {"margin": {"of": "x", "by": 0}}}, "TW030 policies[0].damping.segment.margin.by: 0; expected a number above 0"),
        ({"segment": {"margin": {"of": "x", "share": 1}}}, "TW030 policies[0].damping.segment.margin.share: 1; expected a share"),
        ({"segment": {"margin": {"of": "x", "by": "1"}}}, "TW030 policies[0].damping.segment.margin.by: the text '1'"),
        (
            {"segment": {"margin": {"of": "orders.recency_day", "by": 1}}},
            "TW030 policies[0].damping.segment.up.margin.of: 'orders.recency_day', which this policy does not decide by; did you mean",
        ),
    ],
)
def test_faults_name_the_place_what_was_found_and_what_is_right(damping: Any, words: str) -> None:
    with pytest.raises(RulebookError) as caught:
        canonical(damping)
    assert words in str(caught.value)


def test_a_measure_is_a_number() -> None:
    table = {"inputs": ["profile.region"], "outputs": ["grade"], "rows": [{"when": ["-"], "then": ["a"]}]}
    damping = {"grade": {"margin": {"of": "profile.region", "by": 1}}}
    with pytest.raises(RulebookError, match=r"'profile\.region', which is a text; a measure is a number: this policy reads none"):
        book_of([{"type": "decision_table", "params": {"table": table}, "damping": damping}])


def moment(text: str, zone: ZoneInfo) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("every", "at", "begin", "following"),
    [
        ("month", "2024-03-31T23:59:59", "2024-03-01", "2024-04-01"),
        ("quarter", "2024-03-31T23:59:59", "2024-01-01", "2024-04-01"),
        ("year", "2024-12-31T23:59:59", "2024-01-01", "2025-01-01"),
        ("year", "2025-01-01T00:00:00", "2025-01-01", "2026-01-01"),
    ],
)
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "Pacific/Apia"])
def test_periods_begin_in_the_business_zone(every: str, at: str, begin: str, following: str, zone: str) -> None:
    place = ZoneInfo(zone)
    assert period_start(moment(at, place), every, place) == moment(begin, place)
    assert period_start(moment(at, place), every, place, ahead=1) == moment(following, place)


def test_the_next_moment_is_the_first_at_which_calendar_and_days_agree() -> None:
    place = ZoneInfo("Asia/Shanghai")
    since, now = moment("2024-11-03T08:00:00", place), moment("2024-11-20T00:00:00", place)
    assert Hold("year").due(since, now, place) == moment("2025-01-01", place)
    assert Hold("month", 30).due(since, now, place) == moment("2025-01-01", place)  # on 1 December it stands 28 days
    assert Hold(None, 30).due(since, now, place) == moment("2024-12-03T08:00:00", place)
    assert Hold("month", 1).due(since, moment("2024-12-01", place) - 1, place) == moment("2024-12-01", place)
