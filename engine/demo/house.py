"""What the demo's company does with its grades: service levels and a desk, managers, care, members, points and rewards.

    publish(engine.acting_as("lin"), engine.acting_as("chen"))
    engine.run(files.as_of)
    furnish(engine)

The tickets have come in within the last week, so that their clocks run.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.documents import read_text

if TYPE_CHECKING:
    from engine.service import Engine

HOUR = 3600
SPENDERS = 24
"""So many members redeem something."""


def rulebook() -> dict[str, Any]:
    """The starter rulebook and, after it, the policies of service and loyalty."""
    starter = _read("starter.yaml")
    return {**starter, "policies": [*starter["policies"], *_read("demo/house.yaml")["policies"]]}


def publish(author: Engine, approver: Engine) -> None:
    """Bring the policies of service and loyalty in as people do: one writes and submits, another approves and publishes."""
    draft = author.drafts.new(document=rulebook(), title="Service and loyalty", note="service levels, membership, points and offers")
    author.drafts.submit(draft.id)
    approver.drafts.approve(draft.id, note="seen in the simulation")
    approver.drafts.publish(draft.id)


def furnish(engine: Engine) -> None:
    """Set up desk, managers, care and rewards, post the points, and let customers ask and redeem. Does nothing the second time.

    engine: in the name of whom it is done.
    """
    if engine.calendars.list():
        return
    house = _read("demo/house.yaml")
    engine.calendars.save("service", house["calendar"])
    engine.desk.save_setup(house["desk"])
    for key, answer in house["answers"].items():
        engine.desk.save_answer(key, answer)
    for manager in house["managers"]:
        engine.managers.add(**manager)
    engine.managers.set_policy(house["manager_policy"])
    engine.managers.assign()
    for key, plan in house["plans"].items():
        engine.care.save(key, plan)
    engine.care.run()
    for key, reward in house["rewards"].items():
        engine.rewards.save(key, reward)
    engine.points.day()
    _redeem(engine)
    _ask(engine, house["tickets"])


def _redeem(engine: Engine) -> None:
    """Members with enough points take a cup; most of them have it already."""
    found = engine.assignments("membership", value="gold")
    for number, customer in enumerate(found["customer"].head(SPENDERS)):
        if engine.points.balance(customer).spendable >= engine.rewards.get("cup").reward.points:
            claim = engine.rewards.reserve(customer, "cup", key=f"demo-{customer}")
            if number % 4:
                engine.rewards.confirm(claim.number)


def _ask(engine: Engine, tickets: list[list[Any]]) -> None:
    """Tickets of customers of each grade: open, answered, waiting, resolved."""
    now = clock.now()
    customers = {grade: iter(engine.assignments("grade", value=grade)["customer"]) for grade in sorted({row[0] for row in tickets})}
    for grade, kind, category, channel, en, zh, ago, answer, solution in sorted(tickets, key=lambda row: -row[6]):
        subject = zh if engine.settings.language == "zh" else en
        opened = now - int(ago * HOUR)
        ticket = engine.tickets.open(next(customers[grade]), kind, subject, subject, channel=channel, category=category, at=opened)
        if answer is not None:
            text = "我们正在处理。" if engine.settings.language == "zh" else "We are looking into it."
            engine.tickets.say(ticket.id, text, at=opened + int(answer * HOUR))
        if solution is not None:
            engine.tickets.move(ticket.id, "resolved", at=opened + int(solution * HOUR))


@cache
def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = read_text(resources.files("engine").joinpath(name).read_text(encoding="utf-8"), name).value
    return found
