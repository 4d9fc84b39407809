"""A company with customers of three levels and a service desk that promises them different times."""

from __future__ import annotations

from typing import Any

from engine.service import Engine

AS_OF = "2025-12-31"
ALWAYS = {"timezone": "UTC", "week": {"mon-sun": ["00:00-24:00"]}}
OFFICE = {"timezone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-12:00", "13:00-18:00"]}}
CLASSES = {"key": "abc", "type": "abc"}


def service(**more: Any) -> dict[str, Any]:
    """The policy: A has a manager and an hour, B four hours, C a day, all around the clock unless `calendar` says so."""
    calendar = more.pop("calendar", "")
    rows = [{"when": [f'"{letter}"'], "then": [level]} for letter, level in (("A", "gold"), ("B", "silver"))]
    table = {"inputs": ["abc.class"], "outputs": ["level"], "rows": rows, "default": ["plain"]}
    levels = [
        {"key": "gold", "title": {"en": "Gold", "zh": "金牌"}, "manager": True, "priority": "high", "hours": 10, "calendar": calendar},
        {"key": "silver", "title": {"en": "Silver", "zh": "银牌"}, "hours": 4, "calendar": calendar},
        {"key": "plain", "title": {"en": "Plain", "zh": "普通"}, "calendar": calendar},
    ]
    targets = [
        {"priority": "urgent", "answer_minutes": 30, "resolution_minutes": 120},
        {"level": "gold", "answer_minutes": 60, "resolution_minutes": 480},
        {"level": "silver", "answer_minutes": 240, "resolution_minutes": 960},
        {"level": "plain", "answer_minutes": 1_440, "resolution_minutes": 4_320},
    ]
    return {"key": "service", "type": "service_level", "params": {"table": table, "levels": levels, "targets": targets, **more}}


def book(**more: Any) -> dict[str, Any]:
    """The rulebook."""
    return {"format": 1, "name": "desk", "policies": [CLASSES, service(**more)]}


def fill_desk(engine: Engine, *, run: bool = True) -> None:
    """Customers A1 (class A), B1 and C1 to C3, and a run."""
    engine.import_facts(
        [{"customer": name, "name": f"Name {name}", "email": f"{name.lower()}@example.org"} for name in ("A1", "B1", "C1", "C2", "C3")],
        "customers",
    )
    amounts = {"A1": 8_000, "B1": 1_500, "C1": 300, "C2": 150, "C3": 50}
    engine.import_facts(
        [{"order": f"O{name}", "customer": name, "ordered_at": "2025-11-02", "amount": str(amount)} for name, amount in amounts.items()],
        "orders",
    )
    engine.publish(book())
    if run:
        engine.run(AS_OF)


def levels_of(engine: Engine) -> dict[str, str]:
    """The level of every customer."""
    found = engine.assignments("service")
    return {row.customer: row.value for row in found.itertuples() if row.output == "level"}
