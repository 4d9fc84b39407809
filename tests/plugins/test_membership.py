"""The policy of members: the contract, what its parameters refuse, multipliers on birthdays, and what its reasons say."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pytest
from marshmallow import ValidationError

from engine.store.feature_columns import days_to_birthday
from engine.testing import contract_tests
from plugins.membership import Membership
from plugins.membership.policy import BIRTHDAY

TestContract = contract_tests(
    Membership,
    {},
    {"measure": "points", "period": "rolling", "downgrade": "step", "grace_days": 30},
    {"measure": "orders", "period": "joining", "floors": [{"level": "silver", "reached": "gold"}, {"level": "gold", "lifetime": 9}]},
    {"measure": "orders.amount_365d"},
)


def member(**known: Any) -> dict[str, Any]:
    """The inputs of one member of the default levels."""
    policy = Membership({})
    columns: dict[str, Any] = {policy.names["level_number"]: np.array([known.get("level", 0)])}
    columns[policy.names["floor_number"]] = np.array([known.get("floor", 0)])
    for part in ("qualifying_balance", "falls_to_number", "keep_balance"):
        columns[policy.names[part]] = np.array([known.get(part, 0.0 if part == "qualifying_balance" else np.nan)], dtype=float)
    for part in ("raised_on", "falls_on", "keep_by_date"):
        columns[policy.names[part]] = np.array([known.get(part, "NaT")], dtype="datetime64[D]")
    return {**columns, BIRTHDAY: np.array([known.get("birthday", np.nan)], dtype=float)}


def outcome(**known: Any) -> dict[str, Any]:
    policy = Membership({})
    found = policy.apply(member(**known), None)
    return {**found, "level": policy.outputs()[0].keys[int(found["level"][0])]}


@pytest.mark.parametrize(
    ("level", "birthday", "times"), [(0, 0, 1.0), (1, 0, 1.2), (2, 0, 3.0), (2, 1, 1.5), (2, float("nan"), 1.5), (1, 364, 1.2)]
)
def test_the_multiplier_of_a_level_is_multiplied_again_on_the_birthday(level: int, birthday: float, times: float) -> None:
    assert outcome(level=level, birthday=birthday)["multiplier"].tolist() == [times]


def test_a_higher_amount_in_thought_raises_the_level_and_leaves_the_foretold_out() -> None:
    held = {"level": 1, "falls_on": "2027-01-01", "falls_to_number": 0, "keep_by_date": "2026-12-31", "keep_balance": 40.0}
    found = outcome(qualifying_balance=4999.99, **held)
    assert (found["level"], round(found["to_next"][0], 2), str(found["falls_on"][0])) == ("silver", 0.01, "2027-01-01")
    raised = outcome(qualifying_balance=5000.0, **held)
    assert (raised["level"], str(raised["falls_on"][0]), np.isnan(raised["to_keep"][0])) == ("gold", "NaT", True)


def test_reasons_say_why_what_is_missing_and_what_will_be_lost() -> None:
    from engine.columns import Codes

    policy = Membership({})
    columns = member(
        level=1,
        qualifying_balance=320.0,
        raised_on="2025-05-01",
        falls_on="2027-01-31",
        falls_to_number=0,
        keep_by_date="2026-12-31",
        keep_balance=680.0,
        floor=0,
    )
    found = policy.apply(columns, None)
    labels = {output.name: output.keys for output in policy.outputs() if output.labels}
    outputs = {name: Codes(np.asarray(column), labels[name]) if name in labels else column for name, column in found.items()}
    said = [(reason.key, reason.values or {}) for reason in policy.explain({**columns, **outputs}, None)]
    assert [key for key, _ in said] == ["amount", "held", "next", "loss"]
    assert said[1][1]["day"] == dt.date(2025, 5, 1)
    assert (said[3][1]["by"], said[3][1]["day"]) == (dt.date(2026, 12, 31), dt.date(2027, 1, 31))


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"window_days": 200}, ["window_days"]),
        ({"grace_days": 301}, ["grace_days"]),
        ({"floors": [{"level": "gold"}]}, ["floors", 0, "reached"]),
        ({"floors": [{"level": "platinum", "lifetime": 5}]}, ["floors", 0, "level"]),
        ({"floors": [{"level": "gold", "reached": "silver"}]}, ["floors", 0, "level"]),
        ({"floors": [{"level": "basic", "lifetime": 5}]}, ["floors", 0, "level"]),
        ({"measure": "orders.count", "floors": [{"level": "gold", "lifetime": 5}]}, ["floors", 0, "level"]),
        ({"measure": "money"}, ["measure"]),
        ({"levels": [{"key": "a", "from": 0}]}, ["levels"]),
        ({"levels": [{"key": "a", "from": 0, "below": 5}, {"key": "b", "from": 5, "title": 7}]}, ["levels", 1, "title"]),
        ({"levels": [{"key": "a", "from": 0}, {"key": "b", "from": 5}]}, ["levels", 0, "below"]),
        ({"levels": [{"key": "a", "from": -5, "below": 5}, {"key": "b", "from": 5}]}, ["levels", 0, "from"]),
        (
            {"levels": [{"key": "a", "from": 0, "below": 5, "points_multiplier": -1}, {"key": "b", "from": 5}]},
            ["levels", 0, "points_multiplier"],
        ),
    ],
)
def test_parameters_that_make_no_sense_are_refused_with_their_place(params: dict[str, Any], place: list[Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Membership(params)
    found: Any = caught.value.messages
    for step in place:
        found = found[step]
    assert found


@pytest.mark.parametrize(
    ("born", "today", "days"),
    [
        ("1992-02-29", "2026-02-28", 0),
        ("1992-02-29", "2024-02-28", 1),
        ("1992-02-29", "2024-02-29", 0),
        ("1992-02-29", "2026-03-01", 364),
        ("1990-12-31", "2026-01-01", 364),
        ("1990-01-01", "2026-12-31", 1),
        ("2026-06-01", "2026-06-01", 0),
    ],
)
def test_days_to_a_birthday_also_of_29_february(born: str, today: str, days: int) -> None:
    assert days_to_birthday(np.array([born], dtype="datetime64[D]"), np.datetime64(today)).tolist() == [days]


def test_birthdays_of_every_day_of_four_years_equal_a_plain_calendar() -> None:
    birthdays = [dt.date(1988, 1, 1) + dt.timedelta(days=n) for n in range(366)]
    for number in range(0, 1_461, 13):
        today = dt.date(2023, 6, 1) + dt.timedelta(days=number)
        expected = []
        for born in birthdays:
            ahead = []
            for year in (today.year, today.year + 1):
                leap = born.month == 2 and born.day == 29 and not (year % 4 == 0 and (year % 100 or year % 400 == 0))
                ahead.append((dt.date(year, 2, 28) if leap else born.replace(year=year)) - today)
            expected.append(min(each.days for each in ahead if each.days >= 0))
        assert days_to_birthday(np.array(birthdays, dtype="datetime64[D]"), np.datetime64(today)).tolist() == expected
