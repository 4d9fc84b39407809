"""Facts of every kind are corrected on the command line as over the API."""

from __future__ import annotations

import json

import pytest

from engine.service import Engine
from tests.cli.conftest import Shop

FACTS = {
    "customers": [{"customer": "K1"}],
    "products": [{"product": "P1"}],
    "rates": [{"currency": "USD", "day": "2025-01-01", "rate": 7}],
    "orders": [{"order": f"T{n}", "customer": "K1", "ordered_at": "2025-03-01", "amount": 5, "seller": "S1"} for n in (1, 2, 3)],
    "lines": [
        {"order": "L1", "customer": "K1", "ordered_at": "2025-03-01", "product": "P1", "quantity": n, "unit_price": 1} for n in (1, 2)
    ],
}
NAMES = {"customer": "K1", "product": "P1", "rate": "USD/2025-01-01", "order": "T1", "line": "L1/2"}
CHANGES = {"customer": "city=Jinan", "product": "category=tea", "rate": "rate=7.5", "order": "seller=", "line": "quantity=4"}


@pytest.fixture
def till(shop: Shop) -> Shop:
    with Engine.open(shop.url, actor="operator") as engine:
        for kind, rows in FACTS.items():
            assert engine.exchange.take(kind, rows, source="till").rejected == 0
    return shop


@pytest.mark.parametrize("kind", list(NAMES))
def test_one_fact_of_each_kind(till: Shop, kind: str) -> None:
    change = ("patch", kind, "till", NAMES[kind], CHANGES[kind])
    assert "nothing was kept" in till(*change, "--dry-run")
    assert till.json(*change)["updated"] == 1
    assert till.json(*change)["unchanged"] == 1
    assert till.json("void", kind, "till", NAMES[kind])["updated"] == 1
    assert "0 are void, 1 as before, 0 rejected" in till("void", kind, "till", NAMES[kind])
    assert "1 条恢复有效" in till("--language", "zh", "void", kind, "till", NAMES[kind], "--back")


def test_many_from_a_file(till: Shop) -> None:
    rows = [{"order": "T1", "amount": "8"}, {"order": "T9", "amount": "8"}, {"order": "T2", "amount": "x"}]
    path = till.file("changes.jsonl", "\n\n".join(map(json.dumps, rows)))
    told = till.result("patch", "order", "till", "--file", path, "--atomic", code=2)
    assert "row 3, order: unknown order; expected one that is stored" in told.stderr
    assert "nothing was kept" in told.stderr
    taken = till.json("patch", "order", "till", "--file", path, code=2)
    assert (taken["updated"], [error["row"] for error in taken["errors"]]) == (1, [3, 5])
    assert till.json("void", "order", "till", "--file", path, code=2)["updated"] == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [('{"order": "T1"}\n{', "line 2: not JSON"), ("[1]", "line 1: expected an object"), ('{"order": {}}', "a single value"),
     ('{"order": NaN}', "NaN"), ("[" * 100_000, "line 1: not JSON")],
)  # fmt: skip
def test_a_broken_file_changes_nothing(till: Shop, text: str, why: str) -> None:
    assert why in till.fails("void", "order", "till", "--file", till.file("broken.jsonl", text))
    assert till.json("void", "order", "till", "T1", "--dry-run")["updated"] == 1


def test_wrong_calls_are_told(till: Shop) -> None:
    assert "name one fact" in till.fails("void", "order", "till")
    assert "say what changes" in till.fails("patch", "order", "till", "T1")
    assert "expected FIELD=VALUE" in till.fails("patch", "order", "till", "T1", "seller")
    assert "cannot be changed" in till.fails("patch", "order", "till", "T1", "order=T2")
    assert "expected a name such as O1/2" in till.fails("void", "line", "till", "L1")
    assert "unknown field 'amuont'" in till.fails("patch", "order", "till", "T1", "amuont=1")
    assert "no source 'tlil'" in till.fails("void", "order", "tlil", "T1")
    assert "cannot be read" in till.fails("void", "order", "till", "--file", "nowhere.jsonl")
