"""What belongs to a customer who was joined into another is seen by those who see that one, and by nobody else."""

from __future__ import annotations

import pytest

from engine.errors import TicketError
from engine.service import Engine
from engine.store.facts import init_settings
from engine.store.reach import Reach
from engine.store.session import Store
from engine.store.sight import Sight
from tests.small_desk import fill_desk


def test_a_ticket_goes_with_its_customer(store_url: str) -> None:
    with Store.open(store_url) as store:
        init_settings(store, "Asia/Shanghai", "CNY", 2)
    with Engine.open(store_url, actor="li") as engine:
        fill_desk(engine)
        sales = [("S1", "C1", "Sun"), ("S2", "C2", "Sun"), ("S3", "C3", "Moon")]
        engine.import_facts(
            [{"order": name, "customer": who, "ordered_at": "2025-11-05", "amount": "5", "seller": seller} for name, who, seller in sales],
            "orders",
        )
        numbers = [engine.tickets.open(who, "complaint", "Late").id for who in ("C1", "C2", "C3")]
        sun, moon = (engine.acting_as(name, sight=Sight(Reach("own", name.title()), personal=False)) for name in ("sun", "moon"))
        engine.join_customers("C2", "C1")
        assert {each.id for each in sun.tickets.queue()} == set(numbers[:2])
        assert sun.tickets.say(numbers[0], "On its way").answered_at is not None
        with pytest.raises(TicketError, match="there is no ticket"):
            moon.tickets.get(numbers[0])
        assert [each.id for each in moon.tickets.list()] == numbers[2:]
