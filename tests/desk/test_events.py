"""Lines of a ticket's time line."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.desk.events import event_words


@dataclass
class Event:
    kind: str
    details: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("told", "en", "zh"),
    [
        (["wang", "chen"], "First answer is broken; told wang, chen", "首次答复已超时；已通知 wang, chen"),
        ([], "First answer is broken; there was nobody to tell", "首次答复已超时；没有可通知的人"),
    ],
)
def test_a_step_says_who_was_told_or_that_nobody_was_there(told: list[str], en: str, zh: str) -> None:
    words = event_words(Event("step", {"clock": "answer", "breach": True, "told": told}))
    assert (words.en, words.zh) == (en, zh)
