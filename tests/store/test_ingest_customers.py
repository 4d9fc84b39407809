"""Customers, products, rates: created, updated where they differ, left alone where the file is silent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from engine.errors import FactError
from engine.store.ingest import import_rows, stored_index, undo, void
from engine.store.ingest.tables import Tables
from engine.store.session import Store
from tests.store.imports import ACTOR, bring, everything, make_store, query, rejected_reasons

FULL = (
    "customer,name,kind,gender,birth_date,country,region,city,industry,education,income,email,phone,joined_at,not_graded\n"
    "1,张伟,person,M,1980-02-29,CN,华东,上海,,本科,120000.50,zw@example.com,+86 138,2020-01-05 08:00,\n"
    "2,Acme Ltd,company,,,GB,EU,London,retail,,,,,,staff\n"
)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with make_store(store_url, timezone="Asia/Shanghai") as store:
        yield store


@pytest.fixture
def local(sqlite_url: str) -> Iterator[Store]:
    with make_store(sqlite_url) as store:
        yield store


def test_every_field_arrives(store: Store, tmp_path: Path) -> None:
    report = bring(store, tmp_path, "tierwise/customers", FULL)
    assert (report.created, report.rejected) == (2, {})
    rows = query(
        store,
        "select c.external_id, name, kind, gender, birth_day, k.value, r.value, t.value, i.value, e.value, income, email, phone, joined_at, not_graded "
        "from customer c left join term k on k.id = country_id left join term r on r.id = region_id left join term t on t.id = city_id "
        "left join term i on i.id = industry_id left join term e on e.id = education_id order by 1",
    )
    assert rows == [
        ("1", "张伟", 0, 1, 3711, "CN", "华东", "上海", None, "本科", 12_000_050, "zw@example.com", "+86 138", 1_578_182_400, None),
        ("2", "Acme Ltd", 1, None, None, "GB", "EU", "London", "retail", None, None, None, None, None, "staff"),
    ]


def test_the_same_file_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, "tierwise/customers", FULL)
    before = everything(store)
    again = bring(store, tmp_path, "tierwise/customers", FULL)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert everything(store) == before


def test_an_absent_column_leaves_and_an_empty_cell_clears(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, "tierwise/customers", FULL)
    report = bring(store, tmp_path, "tierwise/customers", "customer,region,phone\n1,华南,\n2,EU,\n")
    assert (report.updated, report.unchanged) == (1, 1)
    rows = query(store, "select name, r.value, phone, email from customer left join term r on r.id = region_id where external_id = '1'")
    assert rows == [("张伟", "华南", None, "zw@example.com")]


def test_ids_are_compared_in_one_unicode_form(local: Store) -> None:
    report = import_rows(local, "customers", [{"customer": "Ame\u0301lie"}, {"customer": " Am\u00e9lie "}], source="main", actor=ACTOR)
    assert (report.created, report.unchanged) == (1, 1)


def test_an_id_twice_in_a_file_names_the_first_row(local: Store, tmp_path: Path) -> None:
    text = "customer,region\n1,A\n2,B\n1,A\n2,C\n"
    report = bring(local, tmp_path, "tierwise/customers", text)
    assert (report.created, report.unchanged, rejected_reasons(report)) == (2, 1, {"customer twice in the file": 1})
    assert query(local, "select line, expected from rejected_row") == [
        (5, "one row per customer; it stands on row 3 already, with other content")
    ]


def test_an_id_twice_is_found_across_chunks(local: Store) -> None:
    rows = [
        {"customer": "1", "region": "A"},
        {"customer": "2"},
        {"customer": "1", "region": "B"},
        {"customer": "2"},
        {"customer": "1", "region": "A"},
    ]
    report = import_rows(local, "customers", rows, source="main", actor=ACTOR)
    assert (report.created, report.unchanged, rejected_reasons(report)) == (2, 2, {"customer twice in the file": 1})
    assert "row 1 already" in query(local, "select expected from rejected_row")[0][0]


def test_an_older_version_never_overwrites(store: Store) -> None:
    def bring_version(name: str, version: str) -> str:
        report = import_rows(store, "customers", [{"customer": "1", "name": name, "version": version}], source="main", actor=ACTOR)
        return "updated" if report.updated else "created" if report.created else next(iter(report.ignored), "unchanged")

    assert bring_version("new", "2025-03-01 10:00") == "created"
    assert bring_version("old", "2025-02-01 10:00") == "older than what is stored"
    assert bring_version("newer", "2025-04-01 10:00") == "updated"
    assert query(store, "select name from customer") == [("newer",)]


def test_custom_fields_have_kinds(store: Store, tmp_path: Path) -> None:
    text = "customer,custom.points:number,custom.club,custom.vip:flag,custom.since:date\n1,12.5,Gold,yes,2025-01-02\n2,,,,\n"
    bring(store, tmp_path, "tierwise/customers", text)
    found = query(
        store,
        "select f.name, f.kind, v.value from custom_value v join custom_field f on f.id = v.field_id where f.name <> 'club' order by 1",
    )
    assert found == [("points", "number", 125_000), ("since", "date", 20_090), ("vip", "flag", 1)]
    report = bring(store, tmp_path, "tierwise/customers", "customer,custom.points\n1,abc\n2,3\n")
    assert rejected_reasons(report) == {"not a number": 1}
    assert report.updated == 1
    with pytest.raises(FactError, match="the custom field points is a number in the store, not a text"):
        bring(store, tmp_path, "tierwise/customers", "customer,custom.points:text\n1,abc\n")


def test_not_graded_comes_from_the_file_or_from_a_rule(store: Store, tmp_path: Path) -> None:
    document = (
        "kind: customers\nsource: main\ncolumns: {customer: id, not_graded: {column: flag, optional: true}}\n"
        "not_graded:\n  - {reason: walk-in account, column: id, equals: 0}\n  - {reason: test, column: id, starts_with: T}\n"
    )
    bring(store, tmp_path, document, "id,flag\n0,\nT1,no\n5,yes\n6,staff\n7,\n")
    found = query(store, "select external_id, not_graded from customer order by 1")
    assert found == [("0", "walk-in account"), ("5", "not graded"), ("6", "staff"), ("7", None), ("T1", "test")]


def test_bad_cells_of_customers(local: Store, tmp_path: Path) -> None:
    text = "customer,gender,birth_date,income,kind\n1,X,,,\n2,,1990-02-30,,\n3,,,-1,\n4,,,,robot\n5,F,1990-02-28,1,person\n"
    report = bring(local, tmp_path, "tierwise/customers", text)
    assert rejected_reasons(report) == {"not one of the choices": 2, "impossible date": 1, "negative": 1}
    assert query(local, "select external_id from customer") == [("5",)]


def test_a_misspelt_optional_column_is_said(local: Store, tmp_path: Path) -> None:
    report = bring(local, tmp_path, "tierwise/customers", "customer,gendr,zzz\n1,F,40\n")
    assert report.warnings == ["column 'gendr' is not used; did you mean 'gender'?", "columns not used: zzz"]


def test_a_person_s_void_outlives_the_next_import_and_an_undone_one_does_not(store: Store) -> None:
    rows = [{"customer": "1", "name": "A"}, {"customer": "2", "name": "B"}]
    report = import_rows(store, "customers", rows, source="main", actor=ACTOR)
    assert report.batch is not None
    undo(store, report.batch, ACTOR)
    assert query(store, "select count(*) from customer where voided_at is null") == [(0,)]
    back = import_rows(store, "customers", rows, source="main", actor=ACTOR)
    assert back.updated == 2
    assert query(store, "select count(*) from customer where voided_at is null") == [(2,)]
    void(store, "customer", "main", "1", ACTOR)
    import_rows(store, "customers", [{"customer": "1", "name": "C"}], source="main", actor=ACTOR)
    assert query(store, "select name, voided_at is null from customer where external_id = '1'") == [
        ("C", False if not store.is_sqlite else 0)
    ]


def test_products_are_upserted(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, "tierwise/products", "product,name,category,cost\np1,Tea,drinks,1.2345\np2,Cup,,\n")
    report = bring(store, tmp_path, "tierwise/products", "product,category,cost\np1,drinks,1.5\np2,,\np3,,\np3,x,\n")
    assert (report.created, report.updated, report.unchanged, rejected_reasons(report)) == (1, 1, 1, {"product twice in the file": 1})
    assert query(store, "select external_id, name, cost from product order by 1") == [
        ("p1", "Tea", 15_000),
        ("p2", "Cup", None),
        ("p3", None, None),
    ]


def test_rates_are_upserted(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, "tierwise/rates", "currency,day,rate\nUSD,2025-01-01,7.1\nEUR,2025-01-01,7.6\n")
    text = "currency,day,rate\nUSD,2025-01-01,7.2\nEUR,2025-01-01,7.6\nCNY,2025-01-01,1\nJPY,2025-01-01,0\nUSD,2025-01-01,7.3\nDollar,2025-01-01,1\n"
    report = bring(store, tmp_path, "tierwise/rates", text)
    assert (report.created, report.updated, report.unchanged) == (0, 1, 1)
    assert rejected_reasons(report) == {
        "rate of the business currency": 1,
        "zero or negative": 1,
        "rate twice in the file": 1,
        "not a currency": 1,
    }
    assert query(store, "select currency, rate from exchange_rate order by 1") == [("EUR", 7_600_000), ("USD", 7_200_000)]


def test_a_bulk_import_makes_its_indexes_again(local: Store, tmp_path: Path) -> None:
    names = "select name from sqlite_master where type = 'index' and tbl_name in ('customer', 'alias', 'orders') order by 1"
    before = query(local, names)
    bring(local, tmp_path, "tierwise/customers", "customer\n" + "\n".join(map(str, range(1_500))) + "\n")
    lines = "".join(f"o{i},{i % 1_500},2025-01-01,p,1,1\n" for i in range(3_000))
    bring(local, tmp_path, "tierwise/lines", "order,customer,ordered_at,product,quantity,unit_price\n" + lines)
    assert query(local, names) == before
    assert len(before) > 4


def test_few_ids_are_looked_up_and_many_are_read_once(store: Store) -> None:
    sql = "select external_id, customer_id from alias where source_id = ?"
    import_rows(store, "customers", [{"customer": f"K{n}"} for n in range(10)], source="s", actor="li")
    with store.read() as connection:
        source = Tables(connection).one("select id from source where name = ?", "s")
        index = stored_index.StoredIndex(Tables(connection), sql, source)
        assert (index.find(pa.array(["K3", "nobody", "K3"])) > 0).tolist() == [True, False, True]
        index.add(pa.array(["later"]), np.array([77]))
        assert index.find(pa.array(["later", "nobody"])).tolist() == [77, -1]
        many = pa.array([f"K{n}" for n in range(stored_index.FEW + 1)])
        assert (index.find(many) > 0).sum() == 10
