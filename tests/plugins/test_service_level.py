"""Service levels: who has which, what it gives in numbers and words, what is promised for a request, wrong parameters, the contract."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from marshmallow import ValidationError

from engine import Codes
from engine.outputs import check_outputs
from engine.testing import contract_tests
from plugins.service_level import ServiceLevelPolicy
from plugins.service_level.explain import gives

GRADES = {"inputs": ["abc.class", "orders.count"], "outputs": ["level"], "rows": [{"when": ['"A"', "-"], "then": ["gold"]}, {"when": ['"B"', ">= 3"], "then": ["plain"]}]}  # fmt: skip
LEVELS = [
    {
        "key": "gold",
        "title": {"en": "Gold", "zh": "金"},
        "manager": True,
        "priority": "high",
        "hours": 6,
        "extras": "lounge",
        "channels": ["phone"],
    },
    {"key": "plain", "review_days": 90},
]
TARGETS = [
    {"level": "gold", "kind": "complaint", "answer_minutes": 15, "resolution_minutes": 120},
    {"level": "gold", "priority": "urgent", "answer_minutes": 5, "resolution_minutes": 60},
    {"level": "gold", "answer_minutes": 60},
    {"kind": "question", "resolution_minutes": 600},
]
PARAMS = {"table": GRADES, "levels": LEVELS, "targets": TARGETS}
COLUMNS: dict[str, Any] = {"abc.class": Codes.of(["A", "B", "B", None]), "orders.count": np.array([1.0, 3, 2, 9])}

TestContract = contract_tests(
    ServiceLevelPolicy, {}, PARAMS, {**PARAMS, "table": {**GRADES, "default": ["plain"]}}, examples={"abc.class": ["A", "B", "C", None]}
)


def test_the_table_gives_the_level_and_the_level_its_numbers() -> None:
    policy = ServiceLevelPolicy(PARAMS)
    found = check_outputs(policy, policy.apply(COLUMNS, None), 4)
    assert found["level"].texts() == ["gold", "plain", None, None]
    assert found["withheld"].tolist() == [-1, -1, 0, 0]
    assert found["manager"].tolist() == [1, 0, -1, -1]
    assert found["priority"].tolist()[:2] == [2, 3]
    assert found["answer_minutes"].tolist()[0] == 60
    assert np.isnan(found["resolution_minutes"][:2]).all()
    assert found["hours"].tolist()[:2] == [6, 0]


@pytest.mark.parametrize(
    ("level", "kind", "priority", "expected"),
    [
        ("gold", "complaint", "urgent", (900, 7_200)),  # the first that fits, though a later one is quicker
        ("gold", "question", "urgent", (300, 3_600)),
        ("gold", "question", "low", (3_600, None)),
        ("plain", "question", "normal", (None, 36_000)),
        ("plain", "complaint", "normal", None),
    ],
)
def test_the_first_target_that_fits_is_what_is_promised(level: str, kind: str, priority: str, expected: Any) -> None:
    levels = {each.key: each for each in ServiceLevelPolicy(PARAMS).service_levels()["level"]}
    found = levels[level].target(kind, priority)
    assert (None if found is None else (found.answer, found.resolution)) == expected


def test_the_reason_names_the_row_and_what_it_gives() -> None:
    policy = ServiceLevelPolicy(PARAMS)
    found = policy.explain({name: column[np.array([0])] for name, column in COLUMNS.items()}, None)
    assert [(each.key, each.values["row"] if each.values and "row" in each.values else None) for each in found] == [
        ("row", 1),
        ("gives", None),
    ]
    assert policy.explain({name: column[np.array([2])] for name, column in COLUMNS.items()}, None) == []
    said = gives(policy.levels[0])
    assert said.en == "a dedicated manager, a first answer within 1 h of working time, lounge"
    assert said.zh == "专属客户经理、1 个工作小时内首次答复、lounge"


@pytest.mark.parametrize(
    ("params", "place", "words"),
    [
        ({"table": {**GRADES, "outputs": ["tier"]}}, "table", "named level"),
        ({"table": {**GRADES, "hit_policy": "unique"}}, "table", "first row that fits"),
        ({"table": {**GRADES, "default": ["silver"]}}, "table", "silver"),
        ({"levels": [LEVELS[0], LEVELS[0]]}, "levels", "stands twice"),
        ({"levels": [{"key": "gold", "extras": {"en": "x"}}]}, "levels", "title"),
        ({"targets": [{"level": "silver"}]}, "targets", "there is no level 'silver'"),
        ({"targets": [{"answer_minutes": 90, "resolution_minutes": 60}]}, "targets", "later than the resolution"),
        ({"targets": [{"answer_minutes": 0}]}, "targets", "1"),
        ({"targets": [{"answer_minutes": 1.5}]}, "targets", "integer"),
        ({"targets": [{"priority": "soon"}]}, "targets", "Must be one of"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(params: dict[str, Any], place: str, words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ServiceLevelPolicy({**PARAMS, **params})
    assert words in str(caught.value.normalized_messages()[place])
