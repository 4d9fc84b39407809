"""Several drafts at once say what each says alone, and who differs between any two."""

from __future__ import annotations

import json

import pytest

from engine.errors import RunError
from engine.service import Engine
from tests.test_simulate import book, engine, stored

__all__ = ["engine"]  # the store of the simulation's tests

DRAFTS = {
    "short": book(abc={"cuts": [0.3, 0.95]}),
    "three": book(lifecycle={"loyal_orders": 2}),
    "both": book(abc={"cuts": [0.3, 0.95]}, lifecycle={"loyal_orders": 2}),
}


def test_each_draft_says_what_it_says_alone(engine: Engine) -> None:
    found = engine.insight.compare(DRAFTS)
    assert found.names == ("live", *DRAFTS)
    for at, (name, draft) in enumerate(DRAFTS.items(), 1):
        alone = engine.simulate(draft)
        assert found.moved[name] == alone.comparison.moved
        assert found.differ_amount[0, at] == alone.comparison.moved_amount
        for address, one in alone.migrations.items():
            row = found.rows[address]
            assert dict(zip(row.keys, row.customers[at].tolist(), strict=True)) == {key: one.counts_after.get(key, 0) for key in row.keys}
            assert dict(zip(row.keys, row.amounts[at].tolist(), strict=True)) == {key: one.amounts_after.get(key, 0) for key in row.keys}
            assert row.differ[0, at] == one.moved


def test_any_two_are_compared_customer_by_customer(engine: Engine) -> None:
    found = engine.insight.compare(DRAFTS)
    labels = {"live": stored(engine, engine.simulate(book()))} | {
        name: {address: engine.simulate(draft).labels(address) for address in found.rows} for name, draft in DRAFTS.items()
    }
    for i, one in enumerate(found.names):
        for j, other in enumerate(found.names):
            unequal = {
                c
                for a in ("abc.class", "lifecycle.stage", "rfm.segment")
                for c in labels[one][a]
                if labels[one][a][c] != labels[other][a][c]
            }
            assert found.rows["abc.class"].differ[i, j] == sum(
                labels[one]["abc.class"][c] != labels[other]["abc.class"][c] for c in labels[one]["abc.class"]
            )
            assert found.differ[i, j] >= len(unequal)
    assert found.differ.tolist() == found.differ.T.tolist()
    json.dumps(found.as_dict())


def test_a_draft_without_an_output_and_a_draft_called_live(engine: Engine) -> None:
    fewer = {**book(), "policies": [entry for entry in book()["policies"] if entry["key"] != "abc"]}
    found = engine.insight.compare({"fewer": fewer})
    row = found.rows["abc.class"]
    assert (row.has, row.customers[1].sum(), row.differ.sum()) == ((True, False), 0, 0)
    with pytest.raises(RunError, match="cannot be called 'live'"):
        engine.insight.compare({"live": fewer})


def test_rules_that_hit_are_counted_for_each(engine: Engine) -> None:
    rows = [{"when": [f">= {cut}"], "then": ["high"]} for cut in (500,)]
    table = {
        "inputs": ["orders.amount"],
        "outputs": [{"name": "worth", "values": ["high", "low"]}],
        "hit_policy": "first",
        "rows": rows,
        "default": ["low"],
    }
    entry = {"key": "worth", "type": "decision_table", "params": {"table": table}}
    found = engine.insight.compare({"table": {**book(), "policies": [*book()["policies"], entry]}})
    assert sum(found.hits["worth"]["table"].values()) <= found.customers
    assert found.rows["worth.worth"].has == (False, True)
