"""Account managers in the store: assigned within capacity, explained, handed over, returned to the pool and claimed."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Iterator

import numpy as np
import pytest

from engine import clock
from engine.errors import ManagerError, NotAllowed, TierwiseError
from engine.job_kinds import perform
from engine.service import Engine
from engine.store import managers as rows
from engine.store.models import ownership
from tests.sighted import PASSWORD

POLICY = {"output": "grade.segment", "grades": ["top", "next"], "rank": "orders.amount", "neglect_days": 60, "claims_per_day": 3}
RULES = {
    "format": 1,
    "name": "Grades",
    "policies": [
        {
            "key": "grade",
            "type": "segments",
            "params": {
                "segments": [
                    {"key": "top", "title": {"en": "Top", "zh": "高"}, "when": {"feature": "orders.amount", "op": ">=", "value": 500}},
                    {"key": "next", "title": {"en": "Next", "zh": "中"}, "when": {"feature": "orders.amount", "op": ">=", "value": 200}},
                ]
            },
        }
    ],
}


def shop(engine: Engine) -> None:
    """Ten customers: C1 spent 100, C10 1,000; odd ones live in the East; C10 bought from Moon."""
    customers = [
        {"customer": f"C{n}", "name": f"N{n}", "region": "East" if n % 2 else "West", "custom.language": "zh" if n < 9 else "en"}
        for n in range(1, 11)
    ]
    assert not engine.import_facts(customers, "customers").rejected_rows
    day = engine.written(clock.now() - 10 * 86_400)
    orders = [
        {"order": f"O{n}", "customer": f"C{n}", "ordered_at": day, "amount": str(n * 100), "seller": "Moon" if n == 10 else "X"}
        for n in range(1, 11)
    ]
    assert not engine.import_facts(orders, "orders").rejected_rows
    engine.publish(RULES)
    record = engine.run()
    if record.status == "held":
        engine.release(record.id)


@pytest.fixture
def engine(store_url: str) -> Iterator[Engine]:
    with Engine.open(store_url, actor="li") as opened:
        shop(opened)
        opened.managers.set_policy(POLICY)
        yield opened


def who(engine: Engine) -> dict[str, str]:
    """Whose every customer is, by the facts."""
    with engine.store.read() as connection:
        keys, _ = rows.owners(connection)
        from engine.store.lookups import external_ids_many

        ids = external_ids_many(connection, keys)
        return {ids[key]: rows.owned(connection, key).owner or "" for key in keys.tolist()}


def test_assigned_by_fit_history_and_load_and_explained(engine: Engine) -> None:
    managers = engine.managers
    managers.add("Sun", capacity=2, regions=["East"])
    managers.add("Moon", capacity=3)
    dry = managers.assign(dry_run=True)
    assert who(engine) == {}
    done = managers.assign()
    assert done.as_dict() == dry.as_dict()
    assert done.counts() == {"customers": 9, "kept": 0, "moved": 0, "given": 5, "no_fit": 0, "no_room": 4, "released": 0}
    assert who(engine) == {"C10": "Moon", "C9": "Sun", "C8": "Moon", "C7": "Sun", "C6": "Moon"}
    assert "9 customers are to have a manager" in done.words().en
    told = managers.explain("C10")
    assert told.why.en == "Moon sold to this customer before; grade top, region West, language en"
    assert told.why.zh == "Moon 曾向该客户销售；等级 top，地区 West，语言 en"
    assert {name: words.en for name, words in told.managers} == {"Moon": "would fit: 3 of 3", "Sun": "does not take region West"}
    assert managers.explain("C9").why.en.startswith("Sun takes such customers and was the least full; grade top")
    assert managers.explain("C5").why.en.startswith("everybody who takes such customers is full")
    assert managers.explain("C1").why.en == "nobody looks after this customer"
    assert managers.pool_size() == 4
    again = managers.assign()
    assert (again.counts()["kept"], len(again.changed)) == (5, 0)
    assert [each.customers for each in managers.list()] == [3, 2]
    entry = engine.audit.entries(action="manager.assign")[0]
    assert '"given": 0' in entry.details or '"given":0' in entry.details


def test_who_no_longer_fits_moves_and_who_is_no_longer_entitled_has_none(engine: Engine) -> None:
    managers = engine.managers
    managers.add("Sun", capacity=9)
    managers.assign()
    managers.add("Moon", capacity=9)
    managers.edit("Sun", regions=["East"])
    draw = managers.assign()
    assert draw.counts()["kept"] == 4
    assert draw.counts()["moved"] == 5
    assert {each.was for each in draw.examples} == {"Sun"}
    managers.set_policy({**POLICY, "grades": ["top"]})
    assert managers.assign().counts()["released"] == 3
    assert sorted(who(engine)) == ["C10", "C5", "C6", "C7", "C8", "C9"]


def test_a_manager_leaves_in_one_transaction(engine: Engine) -> None:
    managers = engine.managers
    engine.people.first_administrator("ada", PASSWORD)
    managers.add("Sun", capacity=9, user="ada")
    managers.add("Moon", capacity=1, grades=["none"])
    managers.add("Star", capacity=9, grades=["none"])
    managers.assign()
    engine.tasks.add("call", owner="Sun", customer="C9")
    draft = engine.acting_as("ada").drafts.new(title="Spring").id
    with pytest.raises(ManagerError, match="Moon has room for 1, not for 9"):
        managers.leave("Sun", to="Moon", reason="parental leave")
    done = managers.leave("Sun", to="Star", reason="parental leave")
    assert (done.customers, done.tasks, done.drafts) == (9, 1, 1)
    assert set(who(engine).values()) == {"Star"}
    assert {each.title for each in engine.tasks.list(owner="Star")} == {"call", f"Draft {draft} of Sun (open): go on with it"}
    assert managers.explain("C9").why.en == "handed over from Sun: parental leave"
    assert [each.name for each in managers.list()] == ["Moon", "Star"]
    with pytest.raises(ManagerError, match="left already"):
        managers.leave("Sun", reason="again")
    assert managers.leave("Star", reason="left").to is None
    assert (managers.pool_size(), engine.tasks.count(owner="")) == (9, 2)
    assert engine.audit.entries(action="manager.leave")[0].subject.startswith("manager:")


def test_neglected_customers_return_to_the_pool_and_are_claimed_within_limits(engine: Engine) -> None:
    managers = engine.managers
    engine.people.first_administrator("ada", PASSWORD)
    engine.people.add("sun", roles=["service"], reach="own", owner="Sun")
    managers.add("Sun", capacity=9, user="sun")
    managers.add("Moon", capacity=9, grades=["none"])
    managers.assign()
    assert managers.neglected(dry_run=True) == []
    before = clock.ahead()
    clock.set_ahead(before + 61 * 86_400)
    try:
        done = engine.tasks.add("call", customer="C9")
        engine.tasks.done(done.id)
        gone = managers.neglected(dry_run=True)
        assert sorted(gone) == ["C10", "C2", "C3", "C4", "C5", "C6", "C7", "C8"], "C9 was spoken to"
        assert managers.neglected() == gone
        assert managers.explain("C8").why.en == "back in the pool: 61 days without contact under Sun"
        assert who(engine) == {"C9": "Sun"}
        assert [each.customer for _, each in managers.pool()][:2] == ["C2", "C3"]
        with pytest.raises(ManagerError, match="neglected customer 'C8' lately"):
            engine.acting_as("sun").managers.claim(["C8"])
        with pytest.raises(NotAllowed):
            engine.acting_as("sun").managers.claim(["C8"], manager="Moon")
        ada = engine.acting_as("ada").managers
        with pytest.raises(ManagerError, match="no account manager is linked to you"):
            ada.claim(["C8"])
        assert ada.claim(["C8", "C7"], manager="Moon") == 2
        with pytest.raises(ManagerError, match="took 2 customers today; the limit is 3"):
            ada.claim(["C6", "C5"], manager="Moon")
        with pytest.raises(ManagerError, match="not in the pool"):
            ada.claim(["C8"], manager="Moon")
        clock.set_ahead(before + 92 * 86_400)
        assert engine.acting_as("sun").managers.claim(["C6"]) == 1
        assert managers.release(["C6"], reason="too far") == 1
        assert managers.explain("C6").why.en == "given back to the pool by li: too far"
        assert managers.give(["C6"], "Moon", reason="knows them") == 1
    finally:
        clock.set_ahead(before)


def test_a_worker_returns_neglected_customers_once_a_day(engine: Engine) -> None:
    managers = engine.managers
    managers.add("Sun", capacity=9)
    managers.assign()
    before = clock.ahead()
    try:
        assert managers.due()
        assert perform(engine, "tick", {}, lambda *told: None)["neglected"] == 0
        assert not managers.due()
        clock.set_ahead(before + 61 * 86_400)
        assert managers.due()
        assert perform(engine, "tick", {}, lambda *told: None)["neglected"] == 9
        assert (managers.due(), managers.day()) == (False, [])
        assert "neglected" not in perform(engine, "tick", {}, lambda *told: None)
        found = [each for each in engine.audit.entries(action="manager") if each.action == "manager.neglected"]
        assert [json.loads(each.details)["customers"] for each in found if each.details] == [9]
    finally:
        clock.set_ahead(before)


def claim(url: str, answers: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    with Engine.open(url, actor="li") as engine:
        try:
            answers.put(engine.managers.claim(["C8"], manager="Moon"))
        except ManagerError:
            answers.put(0)


def test_a_customer_is_claimed_once(engine: Engine, store_url: str) -> None:
    engine.managers.add("Moon", capacity=9, grades=["none"])
    engine.managers.assign()
    spawn = multiprocessing.get_context("spawn")
    answers = spawn.Queue()
    workers = [spawn.Process(target=claim, args=(store_url, answers)) for _ in range(4)]
    for each in workers:
        each.start()
    assert sorted(answers.get() for _ in workers) == [0, 0, 0, 1]
    for each in workers:
        each.join()


def test_an_owner_whom_the_facts_name(engine: Engine) -> None:
    engine.managers.add("Sun", capacity=9)
    engine.import_facts([{"customer": "C2", "custom.owner": "Sun"}, {"customer": "C3", "custom.owner": "Nobody here"}], "customers")
    assert engine.managers.explain("C2").why.en == "the facts name Sun; since when and why is not known"
    engine.managers.assign()
    assert engine.managers.explain("C2").why.en.startswith("Sun looked after this customer already")
    assert who(engine)["C3"] == "Sun"
    engine.import_facts([{"customer": "C2", "custom.owner": "Wu"}], "customers")
    assert engine.managers.explain("C2").why.en.startswith("the facts name Wu")


def test_capacity_in_words(engine: Engine) -> None:
    for n in range(3):
        engine.managers.add(f"M{n}", capacity=50)
    assert engine.managers.capacity(412).words().en == "3 managers have room for 150; 262 of 412 would have none"
    assert engine.managers.capacity(412).short == 262
    assert "还可接收 150" in engine.managers.capacity(100).words().zh


@pytest.mark.parametrize(
    ("document", "places"),
    [
        ({}, {"output", "grades"}),
        (
            {**POLICY, "grade": "x", "sticky": 1, "neglect_days": -1, "contact": ["phone"]},
            {"grade", "sticky", "neglect_days", "contact[0]"},
        ),
        ({**POLICY, "grades": ["top", "top"]}, {"grades"}),
    ],
)
def test_a_wrong_policy_is_told_completely(sqlite_url: str, document: dict, places: set[str]) -> None:
    with Engine.open(sqlite_url) as engine, pytest.raises(ManagerError) as caught:
        engine.managers.set_policy(document)
    assert {fault.place for fault in caught.value.faults} == places


def test_names_that_the_store_does_not_know_are_told(engine: Engine) -> None:
    with pytest.raises(ManagerError) as caught:
        engine.managers.set_policy({**POLICY, "output": "grade.segmnt", "rank": "orders.amont", "region": "orders.count"})
    assert {fault.place for fault in caught.value.faults} == {"output", "rank", "region"}
    with pytest.raises(ManagerError) as caught:
        engine.managers.set_policy({**POLICY, "grades": ["tap"]})
    assert "did you mean 'top'" in str(caught.value)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "", "capacity": 1}, "name: expected"),
        ({"name": "x", "capacity": -1}, "capacity: found"),
        ({"name": "x", "capacity": True}, "capacity: found"),
        ({"name": "x", "capacity": 1, "regions": "East"}, "regions: expected a list"),
        ({"name": "x", "capacity": 1, "user": "nobody"}, "there is no user"),
    ],
)
def test_what_is_no_manager_is_refused(sqlite_url: str, values: dict, says: str) -> None:
    with Engine.open(sqlite_url) as engine:
        with pytest.raises(TierwiseError, match=says):
            engine.managers.add(**values)
        assert engine.managers.list() == []
        with pytest.raises(ManagerError, match="nobody said yet"):
            engine.managers.assign()
        with pytest.raises(ManagerError, match="there is none yet"):
            engine.managers.get("Sun")


def test_customers_given_are_stamped_for_the_next_run(engine: Engine) -> None:
    engine.managers.add("Sun", capacity=9)
    with engine.store.read() as connection:
        before = rows.kept(connection)
    assert len(before[0]) == 0
    engine.managers.assign()
    assert "custom.owner" in engine.acting_as("li").catalogue
    with engine.store.read() as connection:
        assert np.array(connection.execute(ownership.select()).all(), dtype=object).shape[0] == 9
