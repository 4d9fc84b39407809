"""Lists: what an address says, and what the columns find, against a plain computation."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import ListError, TierwiseError
from engine.lists import Filter, ListQuery
from engine.service import Engine
from tests.sighted import fill


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path_factory.mktemp('lists') / 'store.db'}"
    with Engine.open(url, actor="setup") as engine:
        fill(engine)
        engine.tags.add("vip", title="Very important")
        engine.tags.give("tags.vip", ["C1", "C2", "C25"])
        engine.flag_not_graded("C9", "test account")
        yield engine


def rows(engine: Engine, **asked: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in engine.customers.list(engine.customers.asked_for({"size": 500, **asked})).rows]


def ids(engine: Engine, **asked: Any) -> list[str]:
    return [row["customer"] for row in rows(engine, **asked)]


COLUMNS = ["customer", "name", "grade.grade", "abc.class", "profile.region", "orders.amount", "orders.recency_days", "not_graded"]

CONDITIONS = {
    "grade.grade=A": lambda row: row["grade.grade"] == "A",
    "grade.grade=A|B": lambda row: row["grade.grade"] in ("A", "B"),
    "grade.grade!=A": lambda row: row["grade.grade"] != "A",
    "abc.class=(none)": lambda row: row["abc.class"] is None,
    "profile.region=East": lambda row: row["profile.region"] == "East",
    "profile.region!=East": lambda row: row["profile.region"] != "East",
    "profile.region=Nowhere": lambda row: False,
    "orders.amount>=800": lambda row: row["orders.amount"] is not None and row["orders.amount"] >= 800,
    "orders.amount<=800": lambda row: row["orders.amount"] is not None and row["orders.amount"] <= 800,
    "tags.vip=yes": lambda row: row["customer"] in ("C1", "C2", "C25"),
    "tags.vip=no": lambda row: row["customer"] not in ("C1", "C2", "C25"),
    "graded=no": lambda row: row["not_graded"] is not None,
}


@settings(max_examples=20, deadline=None)
@given(
    st.sets(st.sampled_from(sorted(CONDITIONS)), max_size=4),
    st.sampled_from(["", "customer", "-orders.amount", "orders.amount", "name", "-grade.grade"]),
    st.integers(1, 40),
)
def test_filters_order_and_pages_are_those_of_a_plain_computation(shop: Engine, filters: set[str], sort: str, size: int) -> None:
    every = rows(shop, columns=COLUMNS)
    wanted = [row for row in every if all(CONDITIONS[each](row) for each in filters)]
    found: list[dict[str, Any]] = []
    page = 0
    while True:
        query = shop.customers.asked_for({"filters": sorted(filters), "sort": sort, "size": size, "page": page, "columns": COLUMNS})
        part = shop.customers.list(query)
        assert part.total == len(wanted) == shop.customers.count(query)
        if not part.rows:
            break
        found += [dict(row) for row in part.rows]
        page += 1
    assert sorted(row["customer"] for row in found) == sorted(row["customer"] for row in wanted)
    name, down = sort.removeprefix("-"), sort.startswith("-")
    if name and name != "grade.grade":
        values = [row[name] for row in found if row[name] is not None]
        assert values == sorted(values, reverse=down)
        assert [row for row in found if row[name] is None] == found[len(values) :]  # those without come last


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"filters": ["grade.grad=A"]}, "did you mean"),
        ({"filters": ["grade.grade=E"]}, "there is no value 'E'"),
        ({"filters": ["grade.grade>=A"]}, "compares numbers"),
        ({"filters": ["orders.amount>=lots"]}, "expected a number"),
        ({"filters": ["orders.amount>=nan"]}, "expected a number"),
        ({"filters": ["no sense"]}, "expected a name"),
        ({"filters": ["tags.vip=maybe"]}, "expected tags.vip=yes"),
        ({"filters": ["tags.nobody=yes"]}, "there is no filter"),
        ({"filters": ["grade.grade=A"] * 21}, "at most 20"),
        ({"filters": ["grade.grade=" + "A" * 300]}, "at most 200"),
        ({"sort": "x'; drop table customer"}, "cannot be sorted by"),
        ({"columns": ["x"]}, "there is no column"),
        ({"page": "10" + "0" * 20}, "page"),
        ({"page": "-1"}, "page"),
        ({"page": "one"}, "expected a whole number"),
        ({"size": "0"}, "size"),
        ({"search": "x" * 201}, "search"),
        ({"filters": "grade.grade=A"}, "expected a list"),
    ],
)
def test_what_is_wrong_is_said(shop: Engine, asked: dict[str, Any], says: str) -> None:
    with pytest.raises(ListError, match=says):
        shop.customers.list(shop.customers.asked_for(asked))


def test_an_address_and_back() -> None:
    asked = {"filters": ["grade.grade=A|B", "orders.amount>=10"], "search": "x", "sort": "-name", "size": 25, "columns": ["name"]}
    query = ListQuery.of(asked)
    assert query.as_dict() == asked
    assert ListQuery.of(query.as_dict()) == query
    assert str(Filter.read("a.b!=x|y|x")) == "a.b!=x|y"
    assert query.without(0).filters == (Filter("orders.amount", ">=", ("10",)),)


@pytest.mark.parametrize(
    ("words", "whom"),
    [
        ("C1", {"C1", *(f"C{n}" for n in range(10, 20))}),
        ("canaryname 007", {"C7"}),
        ("mail7@", {"C7"}),
        ("9999 0007", {"C7"}),
        ("%", set()),
        ("_", set()),
        ("\x00", {f"C{n}" for n in range(1, 31)}),
    ],
)
def test_a_search_looks_into_ids_and_what_may_be_seen(shop: Engine, words: str, whom: set[str]) -> None:
    assert set(ids(shop, search=words)) == whom


def test_a_list_follows_the_facts_at_once(shop: Engine) -> None:
    assert ids(shop, search="CANARYNAME 030") == ["C30"]
    shop.import_facts([{"customer": "C30", "name": "Renamed"}, {"customer": "C31", "name": "Newcomer"}], "customers")
    assert ids(shop, search="renamed") == ["C30"]
    assert ids(shop, search="newcomer") == ["C31"]
    assert ids(shop, search="CANARYNAME 030") == []
    shop.join_customers("C30", "C31")
    assert ids(shop, search="newcomer") == []
    assert "C31" not in ids(shop)
    shop.separate_customer("C31")
    assert ids(shop, search="newcomer") == ["C31"]
    shop.void("customer", "api", "C31")
    assert ids(shop, search="newcomer") == []


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx", "parquet"])
def test_a_list_as_a_file_is_logged(shop: Engine, form: str) -> None:
    stream = io.BytesIO()
    count = shop.customers.export(shop.customers.asked_for({"filters": ["grade.grade=A"]}), form, stream)
    assert count == len(ids(shop, filters=["grade.grade=A"]))
    assert stream.tell() > 0
    last = shop.people.exports(1)[0]
    assert (last["what"], last["format"], last["rows"], last["personal"]) == ("customers", form, count, True)
    with pytest.raises(TierwiseError, match="there is no format"):
        shop.customers.export(shop.customers.asked_for({}), "pdf", io.BytesIO())


def test_a_formula_in_a_name_stays_a_text(shop: Engine) -> None:
    shop.import_facts([{"customer": "C29", "name": "=cmd|' /C calc'!A0"}], "customers")
    stream = io.BytesIO()
    shop.customers.export(shop.customers.asked_for({"search": "cmd|"}), "csv", stream)
    assert b"'=cmd" in stream.getvalue()


def test_a_store_without_anything(sqlite_url: str) -> None:
    with Engine.open(sqlite_url) as engine:
        page = engine.customers.list(engine.customers.asked_for({}))
        assert (page.total, page.rows, page.run, page.pages) == (0, (), None, 0)
        assert engine.customers.find("x") == []
        assert engine.customers.columns()


def test_on_both_databases(store_url: str) -> None:
    with Engine.open(store_url, actor="setup") as engine:
        fill(engine, 12)
        assert len(ids(engine, filters=["profile.region=East"], sort="-orders.amount")) == 6
        engine.tags.add("vip")
        engine.tags.give("tags.vip", ["C1", "C12"])
        assert ids(engine, filters=["tags.vip=yes"]) == ["C1", "C12"]
        found = engine.customers.dossier("C12")
        assert found.count == found.profile["orders"]["count"] == 4
        assert engine.customers.moves("grade.grade").total >= 1
        engine.import_facts([{"customer": "C12", "name": "Changed"}], "customers")
        assert ids(engine, search="changed") == ["C12"]
