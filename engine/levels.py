"""Service levels: what a policy promises to the customers of a label, and what is promised for one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.texts import Text

ANY = "*"
"""In a target: whatever kind, or whatever priority."""

PRIORITIES: Mapping[str, Text] = {
    "urgent": Text("Urgent", "紧急"),
    "high": Text("High", "高"),
    "normal": Text("Normal", "普通"),
    "low": Text("Low", "低"),
}
"""The priorities of requests, the most pressing first."""


@dataclass(frozen=True, slots=True)
class ServiceTarget:
    """What is promised for requests of a kind and a priority: working seconds to the first answer and to the resolution.

    kind, priority: `ANY` fits every one. answer, resolution: None promises nothing.
    """

    kind: str
    priority: str
    answer: int | None
    resolution: int | None


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """How the customers with one label are served.

    key: of the label. manager: whether they have a dedicated manager. priority: of their requests, unless somebody says
    otherwise. channels: open to them. review_days: between looks at the customer; None is never. hours: set aside for each
    customer in a year. calendar: name of a stored calendar, "" for the installation's. extras: in free text.
    """

    key: str
    title: Text
    manager: bool = False
    priority: str = "normal"
    channels: tuple[str, ...] = ()
    review_days: int | None = None
    hours: float = 0.0
    calendar: str = ""
    extras: Text | None = None
    targets: tuple[ServiceTarget, ...] = ()

    def target(self, kind: str, priority: str) -> ServiceTarget | None:
        """What is promised for a request: the first target that fits; None where none does."""
        return first_fitting(self.targets, kind, priority)


def first_fitting(targets: Sequence[ServiceTarget], kind: str, priority: str) -> ServiceTarget | None:
    """The first of some targets that fits a kind and a priority."""
    return next((each for each in targets if each.kind in (ANY, kind) and each.priority in (ANY, priority)), None)
