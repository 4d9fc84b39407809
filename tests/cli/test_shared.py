"""Words that several commands share."""

import pytest

from engine.cli.shared import counted, to_the_minute


@pytest.mark.parametrize(("number", "said"), [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks"), (1200, "1,200 tasks")])
def test_a_number_stands_with_its_noun(number: int, said: str) -> None:
    assert counted(number, "task") == said


def test_a_moment_is_read_to_the_minute() -> None:
    assert to_the_minute("2026-10-16T09:30:12+08:00") == "2026-10-16 09:30"
    assert to_the_minute("") == ""
