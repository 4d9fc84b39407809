"""A company whose customers carry canaries: texts that nobody may see without the right to personal data."""

from __future__ import annotations

from engine.service import Engine
from tests.small_store import AS_OF, DAY

CANARIES = {
    "name": "CANARYNAME",
    "email": "canarymail",
    "phone": "+86 139 9999",
    "city": "Canarytown",
    "education": "canary degree",
    "birth": "1971-02-0",
    "income": "77123",
    "custom": "canary-secret",
}
PASSWORD = "seven dry winters of barley"


def fill(engine: Engine, customers: int = 30) -> None:
    """Customers C1..Cn with canaries, sold to by two sellers in two stores; two runs of the starter."""
    rows = [
        {
            "customer": f"C{n}",
            "name": f"CANARYNAME {n:03}",
            "kind": "person",
            "gender": "F",
            "birth_date": f"1971-02-{n % 9 + 1:02}",
            "email": f"canarymail{n}@example.org",
            "phone": f"+86 139 9999 {n:04}",
            "country": "CN",
            "region": "East" if n % 2 else "West",
            "city": "Canarytown",
            "education": "canary degree",
            "income": "77123.45",
        }
        for n in range(1, customers + 1)
    ]
    report = engine.import_facts(rows, "customers")
    assert not report.rejected_rows, report.rejected
    base = AS_OF - 40 * DAY
    orders = [
        {
            "order": f"O{n}-{k}",
            "customer": f"C{n}",
            "ordered_at": engine.written(base - (n * 7 + k * 11) % 300 * DAY),
            "amount": f"{(n * 137 + k * 53) % 900 + 10}.00",
            "seller": "Sun" if n <= 10 else "Moon",
            "store": "North" if n <= 20 else "South",
        }
        for n in range(1, customers + 1)
        for k in range(n % 5 + 1)
    ]
    report = engine.import_facts(orders, "orders")
    assert not report.rejected_rows, report.rejected
    more = [
        {"order": f"P{n}", "customer": f"C{n}", "ordered_at": engine.written(AS_OF - 3 * DAY), "amount": "5000.00", "seller": "Moon"}
        for n in (12, 25)
    ]
    engine.import_facts(more, "orders")
    engine.publish("starter")
    for moment in (AS_OF - 35 * DAY, AS_OF):
        record = engine.run(moment)
        if record.status == "held":
            engine.release(record.id)


def people(engine: Engine) -> dict[str, Engine]:
    """Engines in the name of people with and without rights, by what they may: "all", "masked", "own", "unit", "nobody"."""
    engine.people.first_administrator("ada", PASSWORD)
    engine.people.add("masked", roles=["viewer"], password=PASSWORD)
    engine.people.add("own", roles=["service"], password=PASSWORD, reach="own", owner="Sun")
    engine.people.add("ownmasked", roles=["viewer"], password=PASSWORD, reach="own", owner="Sun")
    engine.people.add("unit", roles=["analyst"], password=PASSWORD, reach="unit", unit="North")
    names = {"all": "ada", "masked": "masked", "own": "own", "ownmasked": "ownmasked", "unit": "unit", "nobody": "not there"}
    return {key: engine.acting_as(name) for key, name in names.items()}


__all__ = ["CANARIES", "PASSWORD", "fill", "people"]
