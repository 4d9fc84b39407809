"""Rules are compared with what their columns hold when the rulebook is checked: every fault, each with its place."""

from __future__ import annotations

from typing import Any

import pytest

from engine.catalogue import Catalogue
from engine.documents import read_text
from engine.errors import RulebookError
from engine.registry import load_plugins
from engine.rulebook import load_rulebook

REGISTRY = load_plugins()


def faults(text: str) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        load_rulebook(read_text(text, "rules.yaml"), REGISTRY, Catalogue.built_in())
    return [str(fault) for fault in caught.value.faults]


def policy(body: str) -> str:
    return f"policies:\n  - {{key: rfm, type: rfm}}\n{body}"


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        (
            "{feature: rfm.segment, op: '=', value: champoins}",
            "TW307 policies[1].params.segments[0].when.value (line 3): \"champoins\" is not a value of rfm.segment; did you mean 'champions'?",
        ),
        (
            "{feature: orders.count, op: '=', value: many}",
            'TW305 policies[1].params.segments[0].when.value (line 3): "many" compared with orders.count, a number; a number, not a text',
        ),
        (
            "{any: [{feature: profile.kind, op: '=', value: firm}, {feature: profile.kind, op: '<', value: person}]}",
            'TW307 policies[1].params.segments[0].when.any[0].value (line 3): "firm" is not a value of profile.kind',
        ),
        (
            "{all: [{feature: previous.rfm.segment, op: '=', value: lots}]}",
            "TW307 policies[1].params.segments[0].when.all[0].value (line 3): \"lots\" is not a value of previous.rfm.segment; did you mean 'lost'?",
        ),
    ],
)
def test_conditions_of_segments(when: str, fault: str) -> None:
    found = faults(policy(f"  - {{key: s, type: segments, params: {{segments: [{{key: a, when: {when}}}]}}}}\n"))
    assert found[0] == fault


def test_an_order_of_choices_that_have_none() -> None:
    found = faults(
        policy("  - {key: s, type: segments, params: {segments: [{key: a, when: {feature: profile.kind, op: '<', value: person}}]}}\n")
    )
    assert len(found) == 1
    assert "< on profile.kind, a text; only numbers, dates and labels have an order" in found[0]


def test_cells_of_a_table_each_with_row_and_column() -> None:
    table = (
        "inputs: [rfm.segment, orders.count], outputs: [grade], hit_policy: first, rows: [{when: ['\"champoins\"', '\"a\"'], then: [A]}]"
    )
    assert faults(policy(f"  - {{key: t, type: decision_table, params: {{table: {{{table}}}}}}}\n")) == [
        "TW327 policies[1].params.table.row 1, column rfm.segment (line 3): \"champoins\" is not a value of this column; did you mean 'champions'?",
        'TW326 policies[1].params.table.row 1, column orders.count (line 3): the cell "a" names a text; the column holds a number',
    ]


def test_items_of_a_scorecard() -> None:
    items = "[{feature: rfm.segment, values: [{value: champion, points: 5}]}, {feature: rfm.segment, bands: [{from: null, points: 1}]}]"
    assert "rfm.segment stands twice" in faults(policy(f"  - {{key: c, type: scorecard, params: {{items: {items}}}}}\n"))[0]
    items = "[{feature: rfm.segment, values: [{value: champion, points: 5}]}, {feature: rfm.code, bands: [{from: null, points: 1}, {from: 3, points: 2}]}]"
    found = faults(policy(f"  - {{key: c, type: scorecard, params: {{items: {items}}}}}\n"))
    assert "policies[1].params.items[0].row 1, column rfm.segment" in found[0]
    assert "did you mean 'champions'?" in found[0]
    assert "policies[1].params.items[1].row 1, column rfm.code" in found[1]


def test_populations() -> None:
    body = "  - {key: abc, type: abc, for: {feature: profile.kind, op: '=', value: compony}}\n"
    assert faults(policy(body)) == [
        "TW307 policies[1].for.value (line 3): \"compony\" is not a value of profile.kind; did you mean 'company'?"
    ]


def test_a_set_is_compared_by_no_rule() -> None:
    sets = "  - {key: s, type: segments, params: {mode: all}}\n"
    table = "{inputs: [s.segments], outputs: [grade], hit_policy: first, rows: [{when: ['-'], then: [A]}]}"
    found = faults(policy(f"{sets}  - {{key: t, type: decision_table, params: {{table: {table}}}}}\n"))
    assert found == [
        "TW020 policies[2].params.table (line 4): s.segments is a set of labels, which no rule compares; a label, a number, a date or a flag"
    ]


def test_faults_of_a_table_keep_their_ids_beside_all_others() -> None:
    body = (
        "  - {key: t, type: decision_table, params: {several: both, table: {inputs: [orders.count], outputs: [g], rows: [{when: ['5 to 4'], then: [A]}]}}}\n"
        "  - {key: s, type: segments, params: {mod: all, segments: [{key: a, wen: 1, when: {feature: orders.count, op: '=>', value: 1}}]}}\n"
    )
    found = faults(policy(body))
    assert [fault.split(" ")[0:2] for fault in found] == [
        ["TW325", "policies[1].params.table.row"],
        ["TW007", "policies[1].params.several"],
        ["TW303", "policies[2].params.segments[0].when.op"],
        ["TW007", "policies[2].params.segments[0].wen"],
        ["TW007", "policies[2].params.mod"],
    ]
    assert found[3].endswith("did you mean 'when'?")
    assert found[4].endswith("did you mean 'mode'?")


def test_a_plugin_that_cannot_check_is_a_fault(tmp_path: Any) -> None:
    (tmp_path / "odd.py").write_text(
        "from engine import Label, Output, Policy, Text, hookimpl\n\n"
        "class Odd(Policy):\n"
        "    name, title, help = 'odd', Text('Odd', '怪'), Text('Odd', '怪')\n"
        "    def inputs(self): return ('orders.count',)\n"
        "    def outputs(self): return (Output('x', labels=(Label('a', Text('a', 'a')),)),)\n"
        "    def apply(self, columns, state): return {'x': columns['orders.count'] * 0}\n"
        "    def check(self, kinds): raise ValueError('no idea')\n\n"
        "@hookimpl\ndef tierwise_policies(): return [Odd]\n"
    )
    registry = load_plugins(paths=[tmp_path / "odd.py"])
    with pytest.raises(RulebookError, match=r"TW007 policies\[0\]\.params: the plugin could not check them: ValueError: no idea"):
        load_rulebook({"policies": [{"key": "odd", "type": "odd"}]}, registry, Catalogue.built_in())
