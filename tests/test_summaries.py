"""Views made from real runs: titles, colours and reasons in both languages, and counts that add up."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from engine import Engine, Text, render
from engine.cli.views import changes_view, run_summary
from engine.report import Flow
from engine.store.exports import changes, flows
from engine.summaries import _place
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store

RULES = {
    "name": "Small",
    "policies": [
        {"key": "value", "type": "abc", "title": {"en": "Value", "zh": "价值"}},
        {"key": "stage", "type": "lifecycle"},
    ],
}


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    """Twenty customers, fifteen of them with orders, graded once."""
    with open_store(sqlite_url) as store:
        add_customers(store, range(1, 21))
        add_orders(store, [Order(n, AS_OF - n * 10 * DAY, amount=n * n * 1000) for n in range(1, 16)])
    with Engine.open(sqlite_url) as engine:
        engine.publish({**RULES, "guards": {"customers": None, "amount": None, "label": None, "silent_days": None}})
        engine.run(AS_OF)
        yield engine


def test_a_summary_adds_up(engine: Engine):
    summary = run_summary(engine, engine.run_record())
    assert [output.address for output in summary.outputs] == ["value.class", "stage.stage"]
    for output in summary.outputs:
        assert output.customers == summary.customers == 20
        assert output.amount == sum(n * n * 1000 for n in range(1, 16))
    assert summary.outputs[0].withheld == sum(summary.withheld["value"].values()) == 5
    assert summary.graded == {"value": 15, "stage": 20}


def test_titles_steps_and_reasons_come_from_the_rulebook(engine: Engine):
    summary = run_summary(engine, engine.run_record())
    value, stage = summary.outputs
    assert (value.title, stage.title) == (Text("Value", "价值"), Text("Lifecycle", "客户生命周期"))
    assert [(line.key, line.title.zh, line.step) for line in value.lines] == [("A", "A 类", 1), ("B", "B 类", 5), ("C", "C 类", 8)]
    assert summary.withheld["value"] == {Text("no order yet", "尚无订单"): 5}
    assert (summary.rulebook_name, summary.rulebook_version, summary.currency) == ("Small", 1, "CNY")


def test_changes_have_a_direction_where_labels_have_an_order(engine: Engine):
    add_orders(engine.store, [Order(1, AS_OF + 3600, amount=500_000)], first_id=100)
    engine.run(AS_OF + DAY)
    record = engine.run_record()
    with engine.store.read() as connection:
        table = changes(connection, record, engine.zone)
        moves = [dict(zip(table.names, row, strict=True)) for part in table.batches for row in zip(*part, strict=True)]
        view = changes_view(engine, record, flows(connection, record), moves)
    assert view.base_run == 1
    assert sum(flow.customers for flow in view.flows) == view.changes == len(view.moves)
    risen = next(move for move in view.moves if move.customer == "C1" and move.flow.address == "value.class")
    assert (risen.flow.direction, risen.flow.now.title if risen.flow.now else None) == (1, Text("Class A", "A 类"))
    assert {flow.direction for flow in view.flows if flow.address == "value.class"} == {1, -1}


def test_loyal_is_above_active_although_it_stands_below(engine: Engine):
    labels = engine.rulebook().entry("stage").policy.outputs()[0].labels
    active, loyal = (_place(key, labels, False) for key in ("active", "loyal"))
    assert Flow("stage.stage", Text("", ""), loyal, active, 1).direction == -1


@pytest.mark.parametrize(("language", "words"), [("en", "customers in Class A"), ("zh", "A 类客户")])
def test_a_real_run_is_printed(engine: Engine, language: str, words: str):
    stream = io.StringIO()
    render.run_summary(Console(file=stream, width=80), run_summary(engine, engine.run_record()), language)
    assert words in stream.getvalue()
