"""Nobody sees what they may not: surface by surface, column by column, with canaries; and whose customers they are."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from engine import TierwiseError
from engine.errors import FeatureError, ListError, UnknownCustomer
from engine.export import table_of, write_table
from engine.rulebook_sources import read_source
from engine.service import Engine
from engine.store.models import custom_value, customer
from engine.store.sight import MASK, NOTHING, PERSONAL, Sight
from tests.sighted import CANARIES, fill, people


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Engine]]:
    url = f"sqlite:///{tmp_path_factory.mktemp('sight') / 'store.db'}"
    with Engine.open(url, actor="setup") as engine:
        fill(engine)
        engine.tags.add("vip")
        engine.tags.give("tags.vip", ["C1", "C12", "C25"])
        engine.fixed_values.request("C1", "grade.grade", "A", reason="canary-secret reason", until="2024-12-01", start="2024-01-01")
        yield {"root": engine, **people(engine)}


def query(engine: Engine, **given: Any) -> Any:
    return engine.customers.asked_for(given)


def exported(engine: Engine, what: str, form: str = "jsonl") -> str:
    stream = io.BytesIO()
    with engine.store.read() as connection:
        write_table(table_of(engine, connection, what), form, stream)
    return stream.getvalue().decode()


def listed(engine: Engine, form: str = "csv") -> str:
    stream = io.BytesIO()
    columns = [
        each.name for each in engine.customers.columns() if each.name not in engine.customers.asked_for({}).columns and each.kind != "flag"
    ]
    engine.customers.export(query(engine, columns=columns), form, stream)
    return stream.getvalue().decode()


def moved(engine: Engine) -> str:
    stream = io.BytesIO()
    engine.customers.export_moves("grade.grade", "jsonl", stream)
    return stream.getvalue().decode() + repr(engine.customers.moves("grade.grade").as_dict())


SURFACES: dict[str, Callable[[Engine], str]] = {
    "list": lambda e: repr(e.customers.list(query(e, columns=[c.name for c in e.customers.columns() if c.kind != "flag"])).as_dict()),
    "list in another order": lambda e: repr(e.customers.list(query(e, sort="-orders.amount")).as_dict()),
    "find": lambda e: repr(e.customers.find("C")),
    "columns": lambda e: repr(e.customers.columns()),
    "dossier": lambda e: repr(e.customers.dossier("C1").as_dict()),
    "orders": lambda e: repr(e.customers.orders("C1")),
    "explain": lambda e: json.dumps([each.as_dict() for each in e.explain("C1")], ensure_ascii=False),
    "explain in Chinese": lambda e: json.dumps([each.as_dict() for each in e.explain("C1", language="zh")], ensure_ascii=False),
    "explain to": lambda e: repr(e.explain("C1", "grade", to="A")),
    "name": lambda e: repr(e.customer_name("C1")),
    "moves": moved,
    "overview": lambda e: repr(e.overview()),
    "export list": listed,
    "export customers": lambda e: exported(e, "customers"),
    "export customers as csv": lambda e: exported(e, "customers", "csv"),
    "export assignments": lambda e: exported(e, "assignments"),
    "export changes": lambda e: exported(e, "changes"),
    "profile of the API": lambda e: repr(e.exchange.profile("C1", personal=e.sight.personal, reach=e.sight.reach)),
}


@pytest.mark.parametrize("who", ["masked", "ownmasked"])
@pytest.mark.parametrize("surface", SURFACES)
def test_no_surface_tells_personal_data(seen: dict[str, Engine], surface: str, who: str) -> None:
    told = SURFACES[surface](seen[who])
    assert [name for name, canary in CANARIES.items() if canary in told] == []
    assert not any(age in told for age in ("53 years", "53 岁"))  # the age that tells the year of birth


@pytest.mark.parametrize("surface", ["list", "dossier", "export customers", "name", "explain"])
def test_those_with_the_right_see_it(seen: dict[str, Engine], surface: str) -> None:
    told = SURFACES[surface](seen["all"])
    assert any(canary in told for canary in CANARIES.values()) or "53 years" in told


@pytest.mark.parametrize(
    "name", ["name", "email", "phone", "profile.city", "profile.age", "profile.education", "profile.gender", "profile.income"]
)
def test_what_is_masked_cannot_be_asked_for(seen: dict[str, Engine], name: str) -> None:
    engine = seen["masked"]
    for given in ({"sort": name}, {"sort": f"-{name}"}, {"filters": [f"{name}=x"]}, {"filters": [f"{name}>=1"]}):
        with pytest.raises(ListError) as caught:
            engine.customers.list(query(engine, **given))
        assert not any(canary in str(caught.value) for canary in CANARIES.values())
    with pytest.raises(ListError):
        engine.customers.choices(name)


@pytest.mark.parametrize("words", ["CANARYNAME", "canarymail1@example.org", "+86 139 9999 0001", "9999"])
def test_a_search_does_not_look_behind_the_mask(seen: dict[str, Engine], words: str) -> None:
    assert seen["masked"].customers.count(query(seen["masked"], search=words)) == 0
    assert seen["all"].customers.count(query(seen["all"], search=words)) > 0


@pytest.mark.parametrize("feature", ["profile.age", "profile.city", "profile.gender", "profile.income", "profile.education"])
def test_no_evidence_of_hidden_features(seen: dict[str, Engine], feature: str) -> None:
    with pytest.raises(FeatureError, match="personal data"):
        seen["masked"].evidence("C1", feature)
    seen["all"].evidence("C1", feature)


OWN, NORTH = {f"C{n}" for n in range(1, 11)}, {f"C{n}" for n in range(1, 21)}


@pytest.mark.parametrize(("who", "whom"), [("own", OWN), ("ownmasked", OWN), ("unit", NORTH), ("nobody", set())])
def test_rows_are_those_within_reach(seen: dict[str, Engine], who: str, whom: set[str]) -> None:
    engine = seen[who]
    assert set(engine.customers.ids(query(engine))) == whom
    assert engine.customers.count(query(engine, filters=["tags.vip=yes"])) == len(whom & {"C1", "C12", "C25"})
    assert sum(count for _, count in engine.customers.choices("grade.grade")) == len(whom)
    for told in (
        exported(engine, "customers"),
        exported(engine, "assignments"),
        exported(engine, "changes"),
        moved(engine),
        listed(engine, "jsonl"),
    ):
        assert not [n for n in range(1, 31) if f"C{n}" not in whom and (f'"C{n}"' in told or f"'C{n}'" in told)]
    assert {mover.customer for mover in engine.overview().movement.movers} <= whom  # type: ignore[union-attr]


@pytest.mark.parametrize("who", ["own", "ownmasked", "unit", "nobody"])
def test_one_out_of_reach_is_as_unknown_as_one_who_is_not_there(seen: dict[str, Engine], who: str) -> None:
    engine = seen[who]
    verbs: dict[str, Callable[[str], Any]] = {
        "id": engine.customer_id,
        "name": engine.customer_name,
        "explain": engine.explain,
        "evidence": lambda c: engine.evidence(c, "orders.count"),
        "evaluate": lambda c: engine.evaluate([c]),
        "dossier": engine.customers.dossier,
        "orders": engine.customers.orders,
        "fixed": engine.fixed_values.list,
        "fix": lambda c: engine.fixed_values.request(c, "grade.grade", "A", reason="why", start="2024-01-01", until="2024-12-01"),
        "tag": lambda c: engine.tags.give("tags.vip", [c]),
        "join": lambda c: engine.join_customers("C1", c),
        "flag": lambda c: engine.flag_not_graded(c, "test"),
    }
    for name, verb in verbs.items():
        with pytest.raises(TierwiseError) as out:
            verb("C30")
        with pytest.raises(TierwiseError) as absent:
            verb("C300")
        assert isinstance(out.value, UnknownCustomer), name
        assert str(out.value).replace("C30", "C300") == str(absent.value), name


def test_fixed_values_of_others_are_not_listed(seen: dict[str, Engine]) -> None:
    assert [each.customer for each in seen["own"].fixed_values.list(ended=True)] == ["C1"]
    assert seen["nobody"].fixed_values.list(ended=True) == []


def test_the_reason_of_a_fixed_value_is_masked(seen: dict[str, Engine]) -> None:
    told = repr(seen["masked"].explain("C1")) + repr(seen["masked"].fixed_values.list("C1", ended=True))
    assert CANARIES["custom"] not in told


def test_every_personal_column_of_a_customer_is_hidden() -> None:
    masked = Sight(personal=False)
    for column in customer.c:
        assert masked.hides(column) == (column.info["pii"] in PERSONAL)
        assert masked.shown(column, "x") == (MASK if column.info["pii"] in PERSONAL else "x")
        assert masked.shown(column, None) is None
    assert masked.hides(custom_value.c.value)
    assert not any(Sight().hides(column) for column in customer.c)


def test_the_command_line_sees_everything_and_a_stranger_nothing(seen: dict[str, Engine]) -> None:
    assert seen["root"].sight.everything
    assert seen["nobody"].sight == NOTHING
    assert seen["root"].acting_as("cron", authenticated=False).sight.everything


def test_a_key_needs_the_scope_too(seen: dict[str, Engine]) -> None:
    engine = seen["all"]
    secret, _ = engine.people.make_key("reader", user="ada", scopes=["customers:read"])
    assert not Sight.of(engine.people.verify_key(secret)).personal
    secret, _ = engine.people.make_key("reader of all", user="ada", scopes=["customers:read", "personal_data:read"])
    assert Sight.of(engine.people.verify_key(secret)).personal


CHANGED = copy.deepcopy(read_source("starter").value)
next(each for each in CHANGED["policies"] if each["key"] == "grade")["params"]["cuts"] = [10, 20, 30]  # type: ignore[index]

NAMING: dict[str, Callable[[Engine], list[str]]] = {
    "simulation": lambda e: [each.external_id for each in e.simulate(CHANGED, movers=100).movers],
    "simulation as data": lambda e: [each["customer"] for each in e.simulate(CHANGED, movers=100).as_dict()["movers"]],
    "preview": lambda e: [each.external_id for each in e.previews.preview(CHANGED, movers=100).simulation.movers],
    "division": lambda e: [each.external_id for each in e.insight.divide(most=100).walkers],
    "radar": lambda e: [each.external_id for each in e.insight.radar("lifecycle.stage", days=400, most=100).falls],
    "wanted cut": lambda e: [
        each.external_id for each in e.insight.wanted("starter", "grade.cuts[2]", "grade.grade", "A", 29, beyond=True).simulation.movers
    ],
}


@pytest.mark.parametrize("surface", list(NAMING))
def test_figures_are_of_all_and_names_of_those_within_sight(seen: dict[str, Engine], surface: str) -> None:
    everyone = NAMING[surface](seen["all"])
    assert set(everyone) - OWN, "there are others to be kept back"
    assert NAMING[surface](seen["own"]) == [each for each in everyone if each in OWN] != []
    assert NAMING[surface](seen["nobody"]) == []


def test_a_job_names_nobody_to_others(seen: dict[str, Engine]) -> None:
    draft = seen["root"].drafts.new(document=CHANGED)
    job = seen["all"].jobs.submit("simulate", {"draft": draft.name})
    seen["root"].jobs.claim(job.id, "test")
    picture = {"movers": [{"customer": "C1"}], "moved": 1}
    seen["root"].jobs.finish(job.id, "test", "done", result={"picture": picture})
    for who, named in (("all", True), ("own", False), ("nobody", False)):
        for found in (seen[who].jobs.get(job.id), seen[who].jobs.list(limit=1)[0]):
            assert found.result == {"picture": picture if named else {**picture, "movers": []}}
