"""Mappings: every fault at once, with its place; and a file that does not fit is refused as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.documents import read_text
from engine.errors import FactError
from engine.store.facts import StoreSettings, init_settings, store_settings
from engine.store.ingest import built_in_mappings, load_mapping
from engine.store.ingest.fields import FIELDS
from engine.store.ingest.mapping import parse_mapping
from engine.store.ingest.mapping_check import KEYS
from engine.store.session import Store
from tests.store.imports import bring, make_store

SETTINGS = StoreSettings(ZoneInfo("Asia/Shanghai"), "CNY", 2)


@pytest.fixture
def local(sqlite_url: str) -> Iterator[Store]:
    with make_store(sqlite_url, customers=["a"]) as store:
        yield store


@pytest.mark.parametrize("name", sorted(built_in_mappings()))
def test_every_built_in_mapping_loads(name: str) -> None:
    mapping = load_mapping(name, settings=SETTINGS)
    assert mapping.kind in FIELDS
    assert {each.name for each in FIELDS[mapping.kind] if each.required} <= set(mapping.columns)


def test_a_mapping_takes_zone_and_currency_from_the_store() -> None:
    own = load_mapping("tierwise/orders", settings=SETTINGS)
    assert (own.timezone.key, own.currency) == ("Asia/Shanghai", "CNY")
    given = load_mapping("online-retail", settings=SETTINGS)
    assert (given.timezone.key, given.currency) == ("UTC", "GBP")


def test_all_faults_of_a_mapping_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(
        "kind: orders\nsource: ''\ncolums: {}\ntimezone: Asia/Shangai\ncurrency: yuan\ndelimiter: ab\nencoding: utf-99\ndecimal: '.'\nthousands: '.'\n"
        "columns:\n  order: o\n  custommer: c\n  ordered_at: {column: t, formats: ['%d/%q'], zone: x}\n  amount: [1]\n"
        "refunds: {column: o, begins: C}\nignore: [{column: o, empty: true}]\nconstants: {chanel: web}\nunknown_customers: maybe\n"
    )
    with pytest.raises(FactError) as error:
        load_mapping(path, settings=SETTINGS)
    told = str(error.value)
    for part in (
        "colums (line 3): unknown key 'colums'; did you mean 'columns'?",
        "source (line 2): ''",
        "timezone (line 4): unknown time zone 'Asia/Shangai'; did you mean 'Asia/Shanghai'?",
        "currency (line 5): 'yuan'; expected three letters",
        "delimiter (line 6): 'ab'; expected one character",
        "encoding (line 7): 'utf-99'",
        "thousands (line 9): '.'; expected another character than decimal",
        "unknown field of orders 'custommer'; did you mean 'customer'?",
        "columns.ordered_at.formats[0] (line 13): '%d/%q'; %q is not known",
        "columns.ordered_at.zone (line 13): unknown key 'zone'",
        "columns.amount (line 14): [1]; expected the name of a column",
        "columns (line 11): no column for customer",
        "refunds[0] (line 15): the tests begins; expected exactly one of",
        "ignore[0] (line 16): no reason",
        "constants.chanel (line 17): unknown constant 'chanel'; did you mean 'channel'?",
        "unknown_customers (line 18): 'maybe'; expected reject or create",
    ):
        assert part in told, part


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2]", "expected kind, source and columns"),
        ("kind: orderz", "'orderz'; expected one of customers, products"),
        ("kind: orders\nkind: orders\n", "the key 'kind' again"),
        ("kind: &a orders\n", "anchor"),
        ("kind: [", "not readable"),
        ("", "nothing; expected kind, source and columns"),
        ("thousands: '5'", "thousands (line 1): '5'; expected a sign that is no part of a number"),
        ("round: 1", "round (line 1): 1; expected true or false"),
        ("kind: orders\nconstants: {kind: sael}", "constants.kind (line 2): 'sael'; expected one of sale, s, refund"),
        ("kind: orders\nconstants: {currency: yuan}", "constants.currency (line 2): 'yuan'; expected three letters"),
    ],
)
def test_a_document_that_is_no_mapping(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(text)
    with pytest.raises(FactError) as error:
        load_mapping(path, settings=SETTINGS)
    assert said in str(error.value)


def test_an_unknown_mapping_gets_a_hint() -> None:
    with pytest.raises(FactError, match=r"there is no mapping 'online_retail'; did you mean 'online-retail'\?"):
        load_mapping("online_retail", settings=SETTINGS)
    with pytest.raises(FactError, match=r"nowhere\.yaml cannot be read"):
        load_mapping("nowhere.yaml", settings=SETTINGS)


def test_missing_columns_are_all_named(local: Store, tmp_path: Path) -> None:
    with pytest.raises(FactError) as error:
        bring(local, tmp_path, "tierwise/orders", "ordr,customer,ordered_at,value\n1,a,2025-01-01,5\n")
    told = str(error.value)
    assert "no column 'order' (for order); did you mean 'ordr'?" in told
    assert "no column 'amount' (for amount)" in told
    assert "the file has: ordr, customer, ordered_at, value" in told


def test_rules_formats_and_separators(local: Store, tmp_path: Path) -> None:
    document = """
kind: orders
source: main
timezone: Europe/Berlin
delimiter: ";"
decimal: ","
thousands: "."
encoding: cp1252
constants: {channel: shop}
columns:
  order: Beleg
  customer: Kunde
  ordered_at: {column: Datum, formats: ["%d.%m.%Y %H:%M"]}
  amount: Betrag
refunds: {column: Art, equals: Gutschrift}
ignore:
  - {reason: cancelled, column: Art, equals: Storno}
  - {reason: small, column: Betrag, below: 1, and: {column: Art, equals: Rechnung}}
"""
    text = (
        "Beleg;Kunde;Datum;Betrag;Art\n1;a;31.12.2024 23:30;1.234,50;Rechnung\n2;a;01.07.2025 00:00;5,00;Gutschrift\n"
        "3;a;x;x;Storno\n4;a;01.01.2025 00:00;0,99;Rechnung\n5;ä;01.01.2025 00:00;1,00;Rechnung\n6;a;01.01.2025 00:00;1.5;Rechnung\n"
    )
    report = bring(local, tmp_path, document, text.encode("cp1252"))
    assert (report.amount, report.refund_amount, report.first, report.last) == (124_950, 500, 1_735_684_200, 1_751_320_800)
    assert report.ignored == {"cancelled": 1, "small": 1}
    assert {reason: count for reason, (count, _) in report.rejected.items()} == {"unknown customer": 1}


REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "mappings.md"


def test_the_reference_page_lists_every_field_key_and_mapping() -> None:
    text = REFERENCE.read_text("utf-8")
    for kind, fields in FIELDS.items():
        section = text.split(f"### {kind}\n")[1].split("\n## ")[0].split("\n### ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert rows == [f"| `{each.name}` | {each.form} | {each.help.en}{' Required.' if each.required else ''} |" for each in fields]
    keys = text.split("## Keys\n")[1].split("\n## ")[0]
    assert [line.split("`")[1] for line in keys.splitlines() if line.startswith("| `")] == sorted(
        KEYS, key=lambda key: keys.index(f"| `{key}`")
    )
    assert all(f"`{name}`" in text for name in built_in_mappings())


def test_the_mapping_of_the_how_to_works(local: Store, tmp_path: Path) -> None:
    page = REFERENCE.parents[1] / "how-to" / "import.md"
    document = page.read_text("utf-8").split("```yaml\n")[1].split("```")[0]
    report = bring(
        local, tmp_path, document.replace("source: till", "source: main"), "Beleg;Kunde;Datum;Betrag;Art\n1;a;31.01.2025 10:00;1,50;R\n"
    )
    assert report.amount == 150


def test_settings_of_a_store_are_fixed(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        with pytest.raises(FactError, match="tierwise init"):
            store_settings(store)
        made = init_settings(store, "UTC", "GBP", 2)
        assert init_settings(store, ZoneInfo("UTC"), "GBP", 2) == made == store_settings(store)
        with pytest.raises(FactError, match="the store's currency is GBP, not EUR; it is fixed"):
            init_settings(store, "UTC", "EUR", 2)


def test_a_parsed_document_needs_no_file() -> None:
    mapping = parse_mapping(read_text("kind: rates\nsource: bank\ncolumns: native\n"), "mine", SETTINGS)
    assert (mapping.name, mapping.source, sorted(mapping.columns)) == ("mine", "bank", ["currency", "day", "rate"])
