"""Evidence: what the listed facts add up to is the feature, for every feature there is, on both databases."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from sqlalchemy import update

from engine.catalogue import Catalogue, Feature
from engine.errors import FeatureError
from engine.evidence import Asked, Evidence, Evidences, Fact
from engine.rulebook import Rulebook, load_rulebook
from engine.service import Engine
from engine.store.features import read_one
from engine.store.models import import_batch, orders
from engine.store.outcomes import RunRecord
from engine.store.session import Store
from engine.values import value_at
from tests import small_store
from tests.small_book import built_in
from tests.store.shop import AS_OF, DAY, Order, Shop, fill, open_store

WEB = {"feature": "channel", "op": "=", "value": "web"}
OWN: list[dict[str, Any]] = [
    {"name": "orders.web_amount", "source": "orders", "aggregate": "sum", "of": "amount", "where": WEB},
    {"name": "orders.quarter_before", "source": "orders", "aggregate": "sum", "of": "amount", "window_days": 90, "ends_days_before": 90},
    {"name": "orders.not_web", "source": "orders", "aggregate": "count", "where": {"not": WEB}},
    {"name": "orders.web_gap", "source": "orders", "aggregate": "gap", "where": WEB},
    {"name": "orders.web_last", "source": "orders", "aggregate": "recency", "where": {"feature": "channel", "op": "is_present"}},
    {"name": "refunds.average", "source": "refunds", "aggregate": "average", "of": "amount", "window_days": 200},
    {
        "name": "lines.hotel",
        "source": "lines",
        "aggregate": "sum",
        "of": "quantity",
        "where": {"feature": "category", "op": "=", "value": "hotel"},
    },
    {"name": "orders.trend", "ratio": ["orders.amount_90d", "orders.quarter_before"]},
    {"name": "orders.margin", "difference": ["orders.amount", "orders.cost"]},
]
LONG = os.environ.get("TIERWISE_TRIALS") == "long"
WINDOWS = (30, 90, 400) if LONG else (90,)


def rulebook() -> Rulebook:
    document = {"name": "t", "features": OWN, "policies": [{"key": "abc", "type": "abc"}]}
    return load_rulebook(document, built_in(), Catalogue.built_in())


def every_feature(catalogue: Catalogue) -> list[Feature]:
    found = [feature for feature in catalogue.list() if feature.source != "custom"]
    return found + [catalogue.resolve(f"{feature.name}_{days}d") for feature in found if feature.windowable for days in WINDOWS]


def some_shop(seed: int) -> Shop:
    dice = random.Random(seed)
    moments = [0, 1, -1, -5 * DAY, 30 * DAY, 90 * DAY, 90 * DAY - 1, 180 * DAY, *(dice.randrange(600 * DAY) for _ in range(20))]
    many = [
        Order(
            customer=dice.choice([1, 1, 2]),
            ago=dice.choice(moments),
            amount=dice.randrange(1, 99_999),
            kind=dice.choice([0, 0, 0, 0, 1, -1, -2]),
            channel=dice.choice([None, "web", "shop"]),
            cost=dice.choice([None, 0, 700]),
            lines=tuple(
                (dice.choice([None, "a", "b", "c"]), dice.randrange(1, 5000), dice.randrange(1, 999)) for _ in range(dice.randrange(3))
            ),
        )
        for _ in range(dice.choice([0, 1, 2, 30]))
    ]
    profile = {1: {"birth_day": 4000, "kind": 0, "region": "north", "income": 5_000_00, "joined_at": AS_OF - 9 * DAY}}
    return Shop(3, many, categories={"a": "hotel", "b": "hotel", "c": "flight"}, profile=profile)


def record_of(fact_seq: int = 10**9) -> RunRecord:
    """A run at AS_OF that read everything there is."""
    return RunRecord(
        1, "k", 1, "f", AS_OF, None, None, fact_seq, "visible", False, AS_OF, AS_OF, None, "a", 3, "d", {"features": {}, "reasons": []}
    )


def all_facts(evidences: Evidences, name: str, limit: int = 7) -> tuple[Evidence, list[Fact]]:
    """All pages together."""
    first = page = evidences.of(name, Asked(limit=limit))
    facts = list(page.facts)
    while page.next_offset is not None:
        page = evidences.of(name, Asked(offset=page.next_offset, limit=limit))
        facts += page.facts
    return first, facts


def added_up(feature: Feature, facts: list[Fact]) -> Any:
    """What the counted facts make of a feature, in plain Python."""
    scale = 1000 if feature.of == "quantity" else 100
    moments = sorted(int(dt.datetime.fromisoformat(fact.at).timestamp()) for fact in facts if fact.at)
    days = sorted({dt.datetime.fromisoformat(fact.at).date() for fact in facts if fact.at})
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    total = sum(round(fact.value * scale) for fact in facts if isinstance(fact.value, float | int))
    end = AS_OF - feature.ends_days_before * DAY
    match feature.aggregate:
        case "count":
            return len(facts)
        case "sum":
            return total / scale
        case "average":
            return total / (len(facts) * scale) if facts else None
        case "days":
            return len(days)
        case "distinct":
            return len({fact.details["product"] for fact in facts if fact.details})
        case "recency":
            return (end - moments[-1]) // DAY if facts else None
        case "tenure":
            return (end - moments[0]) // DAY if facts else None
        case "interval":
            return (days[-1] - days[0]).days / (len(days) - 1) if len(days) > 1 else None
        case "interval_median":
            return median(gaps) if gaps else None
        case "gap":
            distinct = sorted(set(moments))
            return (distinct[-1] - distinct[-2]) // DAY if len(distinct) > 1 else None
    raise AssertionError(feature)


def plain(store: Store, customer: int, feature: Feature, catalogue: Catalogue) -> Any:
    table = read_one(store, customer, [feature.name], AS_OF, catalogue=catalogue)
    return value_at(table.columns[feature.name], 0)


def test_what_is_counted_adds_up_to_every_feature(store_url: str) -> None:
    book = rulebook()
    with open_store(store_url) as store:
        for seed in range(40 if LONG else 3):
            shop = some_shop(seed)
            fill(store, shop)
            for customer in (1, 3):
                evidences = Evidences(store, record_of(), book, None, customer, str(customer), "en")
                for feature in every_feature(book.catalogue):
                    found, facts = all_facts(evidences, feature.name)
                    value = plain(store, customer, feature, book.catalogue)
                    assert found.value == (value.isoformat() if hasattr(value, "isoformat") else value)
                    if feature.terms:
                        first, second = (part.value for part in found.parts)
                        again = None if None in (first, second) or (feature.aggregate == "ratio" and second == 0) else first
                        if again is not None:
                            assert value == (first / second if feature.aggregate == "ratio" else first - second)
                        continue
                    if feature.source in ("profile", "contact"):
                        assert facts[0].value == found.value
                        assert (facts[0].counted, bool(facts[0].reason_text)) == (value is not None, value is None)
                        continue
                    counted = [fact for fact in facts if fact.counted]
                    assert added_up(feature, counted) == value, feature.name
                    if found.total is not None and feature.aggregate == "sum":
                        assert found.total == value
                    assert found.counted == len(counted)
                    assert sum(found.left_out.values()) == len(facts) - len(counted)
                    assert all(fact.reason and fact.reason_text for fact in facts if not fact.counted)
                    mine = [order for order in shop.orders if order.customer == customer]
                    assert len(facts) == (sum(len(order.lines) for order in mine) if feature.source == "lines" else len(mine))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 's.db'}"
    with small_store.open_store(url) as store:
        small_store.add_customers(store, [1, 2])
        at, day = small_store.AS_OF, small_store.DAY
        many = [small_store.Order(1, at - day, 5000), small_store.Order(1, at - 500 * day, 700), small_store.Order(1, at - 2 * day, 300, 1)]
        small_store.add_orders(store, [*many, small_store.Order(2, at - 3 * day, 900), small_store.Order(1, at + day, 100)])
    with Engine.open(url, create=False) as opened:
        opened.publish("starter")
        opened.run(small_store.AS_OF)
        yield opened


def test_every_fact_says_why_it_is_left_out_in_both_languages(engine: Engine) -> None:
    english, chinese = (engine.evidence("C1", "orders.amount_365d", language=language) for language in ("en", "zh"))
    assert [(fact.id, fact.counted, fact.reason_text) for fact in english.facts] == [
        ("O5", False, "after the moment of the run"),
        ("O1", True, ""),
        ("O3", False, "a refund, not a sale"),
        ("O2", False, "before the window of 365 days"),
    ]
    assert [fact.reason_text for fact in chinese.facts] == ["晚于运行时点", "", "退款，不是销售", "早于 365 天的窗口"]
    assert (english.counted, dict(english.left_out), english.total) == (1, {"after": 1, "before_window": 1, "refund": 1}, 50)
    assert english.run_value == english.value == 50
    assert english.notes == ()
    assert [fact.id for fact in engine.evidence("C1", "orders.amount", only="counted").facts] == ["O1", "O2"]
    page = engine.evidence("C1", "orders.amount", only="left out", limit=1)
    assert ([fact.id for fact in page.facts], page.next_offset) == (["O5"], 1)


def test_a_field_that_is_not_given_says_so(engine: Engine) -> None:
    english, chinese = (engine.evidence("C1", "profile.age", language=language) for language in ("en", "zh"))
    assert [(fact.kind, fact.counted, fact.reason_text) for fact in english.facts] == [("customer", False, "not given: date of birth")]
    assert (chinese.facts[0].reason_text, dict(chinese.left_out)) == ("未提供：出生日期", {"not_given": 1})


def test_what_changed_after_the_run_is_marked_and_the_difference_is_said(engine: Engine) -> None:
    with engine.store.write() as connection:
        values = {
            "id": 9,
            "kind": "orders",
            "source_id": 1,
            "file": "late",
            "mapping": "m",
            "actor": "a",
            "started_at": 0,
            "fact_seq": 10**6,
        }
        connection.execute(import_batch.insert().values(values))
    small_store.add_orders(engine.store, [small_store.Order(1, small_store.AS_OF - 4 * small_store.DAY, 700)], first_id=50)
    with engine.store.write() as connection:
        connection.execute(update(orders).where(orders.c.id == 50).values(batch_id=9))
    found = engine.evidence("C1", "orders.amount_365d", run_id=1)
    assert (found.run_value, found.value, found.total) == (50, 57, 57)
    assert [fact.id for fact in found.facts if fact.changed_since] == ["O50"]
    assert found.notes == ("Run 1 read 50.00 CNY; today's facts as of its moment give 57.00 CNY, because facts have changed since.",)
    assert engine.evidence("C1", "orders.cost", run_id=1).notes == ("Facts of this customer have changed since run 1.",)


def test_facts_of_a_joined_customer_name_whose_they_were(engine: Engine) -> None:
    engine.join_customers("C1", "C2")
    found = engine.evidence("C1", "orders.count")
    assert {fact.id: fact.merged_from for fact in found.facts}["O4"] == "C2"
    assert found.counted == 3


@pytest.mark.parametrize(
    ("name", "asked", "message"),
    [
        ("orders.amuont", {}, "there is no feature 'orders.amuont'; did you mean 'orders.amount'"),
        ("abc.class", {}, "abc.class is an outcome, not a feature; explain the policy abc instead"),
        ("orders.amount", {"only": "none"}, "only: found 'none'; expected 'counted' or 'left out'"),
        ("orders.amount", {"limit": 0}, "a page holds 1 to 1,000 facts"),
    ],
)
def test_what_cannot_be_opened_says_why(engine: Engine, name: str, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(FeatureError, match=message):
        engine.evidence("C1", name, **asked)
