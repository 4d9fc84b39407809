"""How customers are given to account managers, as a document that is checked completely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from engine.errors import Fault, ManagerError, did_you_mean

_DEFAULTS: Mapping[str, Any] = {
    "output": "",
    "grades": (),
    "region": "profile.region",
    "language": "custom.language",
    "rank": "orders.amount_365d",
    "sticky": True,
    "history": True,
    "neglect_days": 0,
    "contact": ("interactions", "orders", "tasks"),
    "claims_per_day": 20,
    "claim_again_days": 30,
}
KEYS = tuple(_DEFAULTS)
BUILT_IN = ("interactions", "orders", "tasks")


@dataclass(frozen=True, slots=True)
class ManagerPolicy:
    """A checked policy. Read with `ManagerPolicy.read(document)`.

    output, grades: who gets a manager: those whose output ("abc.class") is one of these labels, the first grade first; of a
    flag, "true". region, language, rank: features. sticky, history: whether a manager who fits stays, and whether one who sold
    to the customer before comes first. neglect_days: days without contact after which a customer returns to the pool, 0 for never. contact: what
    counts as contact: "interactions", "orders", "tasks" (done), and custom fields that are dates. claims_per_day, claim_again_days: limits
    on taking customers from the pool, and for how long nobody takes back whom they neglected.
    """

    output: str
    grades: tuple[str, ...]
    region: str
    language: str
    rank: str
    sticky: bool
    history: bool
    neglect_days: int
    contact: tuple[str, ...]
    claims_per_day: int
    claim_again_days: int

    @classmethod
    def read(cls, document: Any) -> ManagerPolicy:
        """Check a document. Raises `ManagerError` with every fault and its place."""
        if not isinstance(document, Mapping):
            raise ManagerError("a policy for account managers is an object with output and grades")
        faults: list[Fault] = []
        for key in document:
            if key not in KEYS:
                faults.append(
                    Fault(
                        "TW411", str(key), f"the unknown key {key!r}", did_you_mean(str(key), KEYS) or f"known keys are {', '.join(KEYS)}"
                    )
                )
        found = {**_DEFAULTS, **{key: value for key, value in document.items() if key in KEYS}}
        for key in ("output", "region", "language", "rank"):
            if not isinstance(found[key], str) or not 1 <= len(found[key]) <= 200:
                faults.append(Fault("TW411", key, f"{str(found[key])[:60]!r}", "expected the name of an output or a feature"))
        for key in ("grades", "contact"):
            given = found[key]
            if not isinstance(given, list | tuple) or not all(isinstance(each, str) and each for each in given):
                faults.append(Fault("TW411", key, f"{str(given)[:60]!r}", "expected a list of texts"))
            elif len(set(given)) < len(given):
                faults.append(Fault("TW411", key, "a text twice", "each once"))
            else:
                found[key] = tuple(given)
        if found["grades"] == ():
            faults.append(Fault("TW411", "grades", "no grade", "the labels whose customers get a manager, the most important first"))
        for key in ("sticky", "history"):
            if not isinstance(found[key], bool):
                faults.append(Fault("TW411", key, f"{str(found[key])[:60]!r}", "expected true or false"))
        for key, most in (("neglect_days", 3_660), ("claims_per_day", 10_000), ("claim_again_days", 3_660)):
            if isinstance(found[key], bool) or not isinstance(found[key], int) or not 0 <= found[key] <= most:
                faults.append(Fault("TW411", key, f"{str(found[key])[:60]!r}", f"expected a whole number from 0 to {most:,}"))
        if isinstance(found["contact"], tuple):
            for at, each in enumerate(found["contact"]):
                if each not in BUILT_IN and not each.startswith("custom."):
                    faults.append(
                        Fault(
                            "TW411",
                            f"contact[{at}]",
                            f"{each[:60]!r}",
                            "expected interactions, orders, tasks, or a custom field that is a date",
                        )
                    )
        if faults:
            raise ManagerError("the policy for account managers is wrong", faults)
        return cls(**found)

    def as_dict(self) -> dict[str, Any]:
        """The document with every default written out."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
