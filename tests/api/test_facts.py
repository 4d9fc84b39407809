"""Facts of every kind over the API: brought, changed and voided, one and many, as JSON and as a stream of lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from engine.api import spool
from engine.api.kit import NDJSON
from tests.api.conftest import Client

SOURCE = {"source": "till"}
GIVEN: dict[str, list[dict[str, Any]]] = {
    "customers": [{"customer": "K1", "name": "Ann"}, {"customer": "K2"}],
    "products": [{"product": "P1", "category": "tea"}, {"product": "P2"}],
    "rates": [{"currency": "USD", "day": "2025-01-01", "rate": "7"}, {"currency": "EUR", "day": "2025-01-01", "rate": "8"}],
    "orders": [{"order": f"T{n}", "customer": "K1", "ordered_at": "2025-03-01", "amount": "5.00"} for n in (1, 2)],
    "lines": [
        {"order": "L1", "customer": "K2", "ordered_at": "2025-03-01", "product": f"P{n}", "quantity": 2, "unit_price": "1.00"}
        for n in (1, 2)
    ],
}
ONE = {"customers": "K1", "products": "P1", "rates": "USD/2025-01-01", "orders": "T1", "lines": "L1/1"}
NAMED: dict[str, dict[str, Any]] = {
    "customers": {"customer": "K1"},
    "products": {"product": "P1"},
    "rates": {"currency": "USD", "day": "2025-01-01"},
    "orders": {"order": "T1"},
    "lines": {"order": "L1", "line": 1},
}
CHANGE: dict[str, tuple[str, Any, Any]] = {
    "customers": ("city", "Jinan", "x" * 201),
    "products": ("category", "coffee", "x" * 201),
    "rates": ("rate", "7.5", "0"),
    "orders": ("amount", "6.00", "1e400"),
    "lines": ("quantity", 3, "NaN"),
}


@pytest.fixture
def till(api_both: Client) -> Client:
    for kind in ("customers", "products", "rates", "orders", "lines"):
        taken = api_both.post(f"/facts/{kind}", {"rows": GIVEN[kind]}, query_string=SOURCE)
        assert taken["rejected"] == 0
    return api_both


def ndjson(rows: Iterable[Any]) -> dict[str, Any]:
    return {"data": "".join(json.dumps(row) + "\n" for row in rows).encode(), "content_type": NDJSON}


@pytest.mark.parametrize("kind", list(GIVEN))
def test_every_kind_is_changed_and_voided(till: Client, kind: str) -> None:
    name, good, bad = CHANGE[kind]
    path = f"/facts/{kind}/{ONE[kind]}"
    assert till("PATCH", path, json={"fields": {name: good}}, query_string=SOURCE, code=200).json["updated"] == 1
    assert till("PATCH", path, json={"fields": {name: good}}, query_string=SOURCE, code=200).json["unchanged"] == 1
    refused = till("PATCH", path, json={"fields": {name: bad}}, query_string=SOURCE, code=422).json
    assert refused["errors"][0]["field"] == f"row 1.{name}"
    till("PATCH", path, json={"fields": {next(iter(NAMED[kind])): "other"}}, query_string=SOURCE, code=422)
    till("PATCH", path + "9", json={"fields": {name: good}}, query_string=SOURCE, code=404 if kind != "rates" else 422)
    voided = till("PUT", f"{path}/voided", json={"voided": True}, query_string=SOURCE, code=200).json
    assert voided == {"changed": True, "voided": True}
    assert till("PUT", f"{path}/voided", json={"voided": True}, query_string=SOURCE, code=200).json["changed"] is False
    rows = [NAMED[kind], {**NAMED[kind], next(iter(NAMED[kind])): "ZZZ"}]
    many = f"/facts/{kind}/voided"
    back = till("PUT", many, query_string={**SOURCE, "back": "true", "atomic": "true"}, code=422, **ndjson(rows)).json
    assert [error["row"] for error in back["errors"]] == [2]
    dry = till("PUT", many, query_string={**SOURCE, "back": "true", "dry_run": "true"}, code=200, **ndjson(rows))
    assert (dry.json["updated"], dry.json["rejected"]) == (1, 1)
    back = till("PUT", many, query_string={**SOURCE, "back": "true"}, code=200, **ndjson(rows)).json
    assert (back["updated"], back["rejected"], back["errors"][0]["row"]) == (1, 1, 2)
    page = till.get(f"/batches/{back['batch']}/rejected")
    assert [row["line"] for row in page["items"]] == [2]
    assert "next" not in page
    masked = till.user("service", reach="own", owner="S1").get(f"/batches/{back['batch']}/rejected")["items"][0]
    assert masked["found"] == "***"
    assert set(json.loads(masked["row"]).values()) == {"***"}


@pytest.mark.parametrize("kind", list(GIVEN))
def test_many_are_changed_by_row(till: Client, kind: str) -> None:
    name, good, bad = CHANGE[kind]
    rows = [{**NAMED[kind], name: good}, {name: good}, {**NAMED[kind], name: bad}]
    first = {"headers": {"Idempotency-Key": "one"}}
    taken = till("PATCH", f"/facts/{kind}", query_string=SOURCE, code=200, **first, **ndjson(rows)).json
    assert (taken["updated"], sorted({error["row"] for error in taken["errors"]})) == (1, [2, 3])
    again = till("PATCH", f"/facts/{kind}", query_string=SOURCE, code=200, **first, **ndjson(rows))
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == taken
    till("PATCH", f"/facts/{kind}", query_string=SOURCE, code=409, **first, **ndjson(rows[:1]))
    assert till("PATCH", f"/facts/{kind}", json={"rows": rows[:1]}, query_string=SOURCE, code=200).json["unchanged"] == 1
    whole = till("PATCH", f"/facts/{kind}", query_string={**SOURCE, "atomic": "true"}, code=422, **ndjson(rows)).json
    assert whole["code"] == "fact_invalid"


def test_changing_regrades_those_it_touches(api_both: Client) -> None:
    taken = api_both("PATCH", "/facts/orders", json={"rows": [{"order": "O1", "amount": "90000"}]}, query_string={"regrade": "true"}).json
    assert taken["regraded"] == 1
    assert {"C1"} == {change["customer"] for change in taken["changes"]}


@pytest.mark.parametrize(
    ("body", "code", "line", "why"),
    [
        (b'{"customer": "N1"}\n{"customer": \n', 400, 2, "Expecting"),
        (b'{"customer": "N1"}\n\n\r\n[]\n', 422, 4, "expected an object"),
        (b'{"customer": "N1"}\n{"customer": "N2", "city": []}\n', 422, 2, "expected a text"),
        (b'{"customer": "N1"}\n{"customer": "N2", "income": NaN}', 400, 2, "NaN"),
        (b'{"customer": "N1"}\n\xff\n', 400, 2, "not UTF-8"),
        (b'{"customer": "N1", "customer": "N2"}\n', 400, 1, "stands twice"),
        (b'{"customer": "N1"}\n' + b"[" * 100 + b"\n", 400, 2, "nested deeper"),
        (b'{"customer": "N1"}\n"' + b"x" * (spool.LONGEST_LINE + 1) + b'"\n', 413, 2, "longer than"),
    ],
)
def test_a_broken_line_is_named_and_nothing_kept(api: Client, body: bytes, code: int, line: int, why: str) -> None:
    before = api.engine.exchange.batches()
    answer = api("POST", "/facts/customers", data=body, content_type=NDJSON, code=code).json
    assert why in answer["detail"]
    assert answer["errors"][0]["field"].split(".")[0] == f"line {line}"
    assert api.engine.exchange.batches() == before
    api("GET", "/customers/N1", code=404)


def test_a_stream_is_numbered_by_its_lines_and_told_in_part(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [b'{"customer": "N%d", "birth_date": "%s"}' % (n, b"never" if n % 2 else b"2000-01-01") for n in range(3_000)]
    taken = api("POST", "/facts/customers", data=b"\n\n".join(rows), content_type=NDJSON, code=200).json
    assert (taken["rows"], taken["created"], taken["rejected"], len(taken["errors"])) == (3_000, 1_500, 1_500, 1_000)
    assert [error["row"] for error in taken["errors"][:3]] == [3, 7, 11]
    found, after = [], None
    while True:
        page = api.get(f"/batches/{taken['batch']}/rejected", query_string={"limit": 700, **({"after": after} if after else {})})
        found += [item["line"] for item in page["items"]]
        after = page.get("next")
        if after is None:
            break
    assert found == [2 * n + 1 for n in range(3_000) if n % 2]
    from engine.api.views import facts

    monkeypatch.setattr(facts, "MOST_LINES", 2)
    assert api("POST", "/facts/customers", data=b"\n".join(rows[:3]), content_type=NDJSON, code=413).json["code"] == "too_large"


def test_a_stream_that_is_too_long_is_refused(api: Client) -> None:
    taken = api.app.view_functions["facts.take_facts"].__need__
    assert taken.size < 512 * 1024 * 1024
    api("POST", "/facts/orders", data=b" " * (taken.size + 1), content_type="application/json", code=413)
    for kind in ("text/csv", "application/json-seq", ""):
        api("POST", "/facts/orders", data=b"{}", content_type=kind, code=415)
    api("POST", "/facts/orders", data=b"\n \n", content_type=NDJSON, code=422)
    api("GET", "/batches/999/rejected", code=404)


def test_who_sees_some_customers_is_told_of_no_others(api: Client) -> None:
    seller = api.user("service", reach="own", owner="S1")
    row = {"order": "N1", "customer": "C9999", "ordered_at": "2026-01-01", "amount": "5"}
    assert "C" in api.post("/facts/orders", {"rows": [{**row, "customer": "C222"}]})["errors"][0]["expected"]
    told = seller.post("/facts/orders", {"rows": [{**row, "customer": "C222"}]})["errors"][0]["expected"]
    assert told == "a customer that is stored"
    stranger = {"order": "N2", "customer": "C0", "ordered_at": "2025-12-30", "amount": "90000"}
    taken = seller.post("/facts/orders?regrade=true", {"rows": [stranger]})
    assert (taken["created"], taken["regraded"], taken["changes"]) == (1, 0, [])
