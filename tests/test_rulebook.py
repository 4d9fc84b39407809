"""Rulebooks are checked completely, all faults at once with place and line, and have one canonical form and hash."""

from __future__ import annotations

import copy
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalogue import Catalogue
from engine.documents import Document, read_text
from engine.errors import RulebookError
from engine.policy import Output, Policy
from engine.rule_findings import rule_findings
from engine.rulebook import DEFAULT_GUARDS, Rulebook, load_rulebook
from tests.small_book import NAME, Median, Sized, built_in, registry_of

ROOT = Path(__file__).parents[1]
CATALOGUE = Catalogue.built_in()


def load(document: Any, *policies: type[Policy]) -> Rulebook:
    return load_rulebook(document, registry_of(*policies) if policies else built_in(), CATALOGUE)


def faults(document: Any, *policies: type[Policy]) -> list[str]:
    """All faults of a wrong rulebook (a document, or YAML text), as they are printed."""
    with pytest.raises(RulebookError) as caught:
        load(read_text(document, "rules.yaml") if isinstance(document, str) else document, *policies)
    assert caught.value.faults
    return [str(fault) for fault in caught.value.faults]


def only_fault(document: Any, *policies: type[Policy]) -> str:
    found = faults(document, *policies)
    assert len(found) == 1, found
    return found[0]


def one(**entry: Any) -> dict[str, Any]:
    """A rulebook with one policy."""
    return {"policies": [{"type": "rfm", **entry}]}


def in_policy(text: str) -> str:
    """YAML of a rulebook whose rfm policy has one more line, the fifth."""
    return f"format: 1\npolicies:\n  - key: rfm\n    type: rfm\n    {text}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2", r"TW001 line \d: not readable: .*; expected YAML or JSON"),
        ("a: 1\n---\nb: 2\n", r"TW001 : 2 documents in one file; one document per file"),
        ("just words", r"TW004 rules.yaml \(line 1\): the text 'just words'; expected an object with format, name and policies"),
        ("format: 1\nformat: 1\npolicies: [{type: rfm}]\n", r"TW005 format \(line 2\): the key 'format' again, first on line 1; keep one"),
        ("name: &x a\npolicies: []\n", r"TW015 line 1: an anchor or alias.*"),
        ("name: !!python/object:os.system x\n", r"TW015 line 1: the tag .*"),
        ("format: .nan\n", r"TW016 format \(line 1\): .nan; expected a finite number"),
        ("[" * 200, r"TW017 line 1: nested deeper than 100 levels; flatten it"),
    ],
)
def test_notation_that_is_refused(text: str, expected: str) -> None:
    assert re.fullmatch(expected, only_fault(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "polices: [{type: rfm}]\npolicies: [{type: rfm}]\n",
            "TW002 polices (line 1): the unknown key 'polices'; did you mean 'policies'?",
        ),
        (in_policy("parms: {}"), "TW002 policies[0].parms (line 5): the unknown key 'parms'; did you mean 'params'?"),
        ("name: x\n", "TW003 policies (line 1): nothing; expected a list of policies"),
        ("policies: []\n", "TW004 policies (line 1): nothing; expected a list of policies"),
        ("policies: rfm\n", "TW004 policies (line 1): the text 'rfm'; expected a list of policies"),
        ("policies: [rfm]\n", "TW004 policies[0] (line 1): the text 'rfm'; expected an object with key and type"),
        ("policies:\n  - key: a\n", "TW003 policies[0].type (line 2): nothing; expected the name of a policy type"),
        (
            "policies:\n  - key: a\n    type: rmf\n",
            "TW006 policies[0].type (line 3): no plugin offers the policy type 'rmf'; did you mean 'rfm'?; tierwise plugins list shows what there is",
        ),
        (in_policy("params: {window_dys: 30}"), "TW007 policies[0].params.window_dys (line 5): Unknown field; did you mean 'window_days'?"),
        (in_policy("params: {window_days: 0}"), "TW007 policies[0].params.window_days (line 5): Must be greater than or equal to 1*"),
        (in_policy("params: {window_days: many}"), "TW007 policies[0].params.window_days (line 5): Not a valid integer"),
        (in_policy("params: [1]"), "TW004 policies[0].params (line 5): a list; expected an object"),
        (in_policy("enabled: 'yes'"), "TW004 policies[0].enabled (line 5): the text 'yes'; expected true or false"),
        (in_policy("budget_seconds: 0"), "TW004 policies[0].budget_seconds (line 5): 0; expected seconds above 0"),
        (in_policy("title: 7"), "TW004 policies[0].title (line 5): 7; expected a text, or an object with en and zh"),
        (
            in_policy("renamed_from: A b"),
            "TW018 policies[0].renamed_from (line 5): the text 'A b'; expected the key that this policy had before",
        ),
        (in_policy("version: 99"), "TW019 policies[0].version (line 5): version 99; rfm is at version 1; leave it out"),
        (in_policy("version: true"), "TW019 policies[0].version (line 5): version True; rfm is at version 1; leave it out"),
        (
            "policies:\n  - {key: a, type: rfm}\n  - key: a\n    type: abc\n",
            "TW010 policies[1].key (line 3): the key 'a', which policies[0] has too; every policy has a key of its own",
        ),
        ("format: 2\npolicies: [{type: rfm}]\n", "TW014 format (line 1): format 2; this engine reads format 1"),
        ("format: true\npolicies: [{type: rfm}]\n", "TW014 format (line 1): format True; this engine reads format 1"),
        ("name: ' '\npolicies: [{type: rfm}]\n", "TW004 name (line 1): the text ' '; expected a text"),
        ("title: 3\npolicies: [{type: rfm}]\n", "TW004 title (line 1): 3; expected a text, or an object with en and zh"),
        ("guards: none\npolicies: [{type: rfm}]\n", "TW004 guards (line 1): the text 'none'; expected an object with customers, amount, *"),
        (
            "guards: {custmers: 1}\npolicies: [{type: rfm}]\n",
            "TW002 guards.custmers (line 1): the unknown key 'custmers'; did you mean 'customers'?",
        ),
        (
            "guards:\n  customers: 35\npolicies: [{type: rfm}]\n",
            "TW013 guards.customers (line 2): 35; expected a share above 0 and up to 1, or null",
        ),
        (
            "guards: {amount: 0}\npolicies: [{type: rfm}]\n",
            "TW013 guards.amount (line 1): 0; expected a share above 0 and up to 1, or null",
        ),
        ("guards: {label: true}\npolicies: [{type: rfm}]\n", "TW013 guards.label (line 1): True; expected a share*"),
        (
            "guards: {silent_days: -1}\npolicies: [{type: rfm}]\n",
            "TW013 guards.silent_days (line 1): -1; expected a number of days above 0, or null",
        ),
        ("policies: [{key: Rfm, type: rfm}]\n", "TW018 policies[0].key (line 1): 'Rfm'; expected lower-case letters, digits and _*"),
        ("policies: [{key: 7, type: rfm}]\n", "TW018 policies[0].key (line 1): 7; expected lower-case*"),
        (
            "policies: [{key: orders, type: rfm}]\n",
            "TW018 policies[0].key (line 1): 'orders', which names a source of features; choose another key",
        ),
        ("policies: [{key: previous, type: rfm}]\n", "TW018 policies[0].key (line 1): 'previous', which names a source*"),
        ("features: x\npolicies: [{type: rfm}]\n", "TW004 features (line 1): the text 'x'; expected a list of feature definitions"),
        (
            "features:\n  - {name: web, source: orders, aggregate: count}\npolicies: [{type: rfm}]\n",
            "TW012 features[0].name (line 2): 'web'; expected source.measure*",
        ),
        (in_policy("for: []"), "TW301 policies[0].for (line 5): *"),
        (
            in_policy("for: {all: [{feature: orders.count, op: '=>', value: 1}]}"),
            "TW303 policies[0].for.all[0].op (line 5): unknown operator*",
        ),
        (
            in_policy("for: {feature: orders.cuont, op: '>', value: 1}"),
            "TW008 policy rfm, policies[0] (line 3): there is no feature 'orders.cuont'; did you mean 'orders.count'?*",
        ),
        (
            in_policy("for: {feature: orders.count, op: '>', value: many}"),
            'TW305 policies[0].for.value (line 5): "many" compared with orders.count, a number; a number, not a text',
        ),
    ],
)
def test_every_fault_has_an_id_a_place_a_line_and_what_would_be_right(text: str, expected: str) -> None:
    found = only_fault(text)
    pattern = re.escape(expected).replace(r"\*", ".*").replace(r"TW30\?", "TW30.")
    assert re.fullmatch(pattern, found), found


def test_thresholds_out_of_order_are_named_with_their_place() -> None:
    found = faults("policies:\n  - type: abc\n    params:\n      cuts: [95, 80]\n")
    assert all("policies[0].params.cuts" in fault and "line 4" in fault for fault in found)


def test_a_wrong_row_of_a_table_is_named_with_its_place() -> None:
    found = faults({"policies": [{"type": "rfm", "params": {"segments": {"rows": [], "outputs": []}}}]})
    assert all(fault.split(" ")[1].startswith("policies[0].params.segments") for fault in found)


def test_all_faults_are_found_at_once() -> None:
    text = """
frmat: 1
guards: {customers: 7}
features:
  - name: orders.bad
policies:
  - key: a
    type: rmf
  - key: b
    type: rfm
    params: {bins: 0, windw: 3}
  - key: c
    type: sized
  - key: c
    type: sized
  - key: f
    type: sized
    for: {feature: orders.cuont, op: ">", value: 1}
  - key: d
    type: sized
    for: {feature: b.segment, op: "=", value: champions}
  - key: e
    type: sized
    for: {feature: orders.bad, op: "=", value: 3}
"""
    found = faults(text, Sized)
    assert [fault.split(" ")[0] for fault in found] == ["TW002", "TW012", "TW013", "TW006", "TW007", "TW007", "TW010", "TW008"]
    assert "orders.cuont" in found[-1], "the plan is checked too; who needs what is wrong already (b, orders.bad) is not blamed"


def test_the_message_lists_every_fault() -> None:
    with pytest.raises(RulebookError, match=r"(?s)rulebook has 2 faults\n  TW002 .*\n  TW014 ") as caught:
        load({"format": 3, "x": 1, "policies": [{"type": "rfm"}]})
    assert [fault.code for fault in caught.value.faults] == ["TW002", "TW014"]


def test_a_cycle_is_shown_with_its_path() -> None:
    found = only_fault(
        {"policies": [{"key": "first", "type": "after_second"}, {"key": "second", "type": "after_first"}]}, AfterFirst, AfterSecond
    )
    assert found.startswith("TW009 policies: a cycle: ")
    assert "first needs second needs first" in found or "second needs first needs second" in found
    assert "use previous." in found


class AfterFirst(Sized):
    name = "after_first"

    def inputs(self) -> tuple[str, ...]:
        return ("first.size",)


class AfterSecond(Sized):
    name = "after_second"

    def inputs(self) -> tuple[str, ...]:
        return ("second.size",)


def test_needing_a_disabled_policy_says_which() -> None:
    found = only_fault(
        {"policies": [{"key": "first", "type": "sized", "enabled": False}, {"key": "next", "type": "after_first"}]}, Sized, AfterFirst
    )
    assert (
        found == "TW008 policy next, policies[1]: the input 'first.size' of the disabled policy 'first'; enable it, or take the input out"
    )


def test_needing_what_nobody_produces_says_what_is_near() -> None:
    found = only_fault({"policies": [{"key": "frist", "type": "sized"}, {"key": "next", "type": "after_first"}]}, Sized, AfterFirst)
    assert "there is no feature 'first.size'" in found
    assert found.endswith("did you mean 'frist.size'?")


def test_the_former_value_of_an_unknown_output_is_a_fault() -> None:
    class Former(Sized):
        name = "former"

        def inputs(self) -> tuple[str, ...]:
            return ("previous.former.sizes", "previous.former.size", "previous.former.since", "previous.former.size.since")

    found = only_fault({"policies": [{"type": "former"}]}, Former)
    assert "the input 'previous.former.sizes', which no policy of this rulebook produces; did you mean 'former.size'?" in found


FLAG = (Output("flag", kind="flag"),)


def declaring(inputs: Any = ("orders.count",), outputs: Any = FLAG) -> type[Policy]:
    """A policy type that declares these inputs and outputs, wrong ones too; an error is raised."""

    class Wrong(Policy):
        name = "wrong"
        title = help = NAME

        def inputs(self) -> Any:
            if isinstance(inputs, Exception):
                raise inputs
            return inputs

        def outputs(self) -> Any:
            return outputs

    return Wrong


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (
            declaring(inputs=("orders.count")),
            "inputs() returns the str 'orders.count'; return a tuple, and mind the comma: ('orders.count',)",
        ),
        (declaring(inputs=None), "inputs() returns the NoneType None"),
        (declaring(inputs=(7,)), "inputs() names 7; expected feature names and addresses"),
        (declaring(inputs=("?",)), "inputs() names '?'"),
        (declaring(inputs=ValueError("no idea")), "the plugin refused them: ValueError: no idea"),
        (declaring(outputs=()), "outputs() returns (); expected a tuple of at least one Output"),
        (declaring(outputs=("flag",)), "outputs() returns ('flag',); expected"),
        (declaring(outputs=(Output("flag", kind="flag"), Output("flag", kind="flag"))), "outputs() declares 'flag' twice"),
    ],
)
def test_a_plugin_that_declares_nonsense_is_a_fault_of_its_policy(policy: type[Policy], expected: str) -> None:
    found = only_fault({"policies": [{"type": "rfm"}, {"type": "wrong"}]}, policy)
    assert found.startswith("TW007 policies[1].params: ")
    assert expected in found


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (one() | {"guards": {"customers": float("nan")}}, "TW016 guards.customers: nan; expected a finite number"),
        (one(budget_seconds=float("inf")), "TW016 policies[0].budget_seconds: inf; expected a finite number"),
        (one(params={"bins": 10**400}), "TW016 policies[0].params.bins: a whole number that is too long; expected at most 30 digits"),
        (one(title="\ud800"), "TW004 policies[0].title: '\\ud800'; half of a UTF-16 pair is no character; write the character itself"),
        (one() | {7: 1}, "TW004 rulebook: the key 7; keys are texts"),
        (
            one(params={"bins": {1, 2}}),
            "TW004 policies[0].params.bins: set {1, 2}; expected text, number, true, false, null, a list or an object",
        ),
    ],
)
def test_what_no_file_can_hold_is_refused(document: Any, expected: str) -> None:
    assert only_fault(document) == expected


def test_what_cannot_be_read_or_built_hides_no_other_fault() -> None:
    text = """
policies:
- key: t
  type: decision_table
  budget_seconds: .nan
  params:
    table:
      inputs: [orders.coutn, orders.count]
      outputs: [grade]
      hit_policy: first
      rows:
      - {when: ["> 1", "-"], then: [A]}
      - {when: ["-", "> 4"], then: [Z]}
    outputs: [{name: grade, labels: [{key: A, title: A}]}]
- {key: s, key: u, type: segmments, params: {segments: [{if: {feature: ordres.count, op: ">", value: 1e999}}]}}
- {key: abc, type: abc, params: {cuts: [0.8, .nan], measure: oops}}
"""
    with pytest.raises(RulebookError) as caught:
        load(read_text(text, "rules.yaml", whole=False))
    assert [(fault.code, fault.place.partition(" (")[0]) for fault in caught.value.faults] == [
        ("TW016", "policies[0].budget_seconds"),
        ("TW005", "policies[1].key"),
        ("TW016", "policies[1].params.segments[0].if.value"),
        ("TW016", "policies[2].params.cuts[1]"),
        ("TW328", "policies[0].params.table.row 2, output grade"),
        ("TW006", "policies[1].type"),
        ("TW007", "policies[2].params.measure"),
        ("TW008", "policies[0].params.table.inputs[0]"),
        ("TW008", "policies[1].params.segments[0].if.feature"),
    ]


def test_endless_nesting_is_refused() -> None:
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    assert "nested deeper than 100 levels" in only_fault(one(params={"bins": deep}))


def test_a_population_compares_labels_with_declared_keys_only() -> None:
    population = {"feature": "rfm.segment", "op": "=", "value": "champoins"}
    found = only_fault({"policies": [{"type": "rfm"}, {"type": "abc", "for": population}]})
    assert "did you mean" in found
    assert "policies[1]" in found
    assert (
        load({"policies": [{"type": "rfm"}, {"type": "abc", "for": {**population, "value": "champions"}}]}).plan.steps[1].entry.key == "abc"
    )


def test_a_population_may_read_what_was_before() -> None:
    former = {
        "any": [{"feature": "previous.abc.class", "op": "is_missing"}, {"feature": "previous.abc.since", "op": "<", "value": "2024-01-01"}]
    }
    assert load({"policies": [{"type": "abc", "for": former}]}).plan.previous == ("previous.abc.class", "previous.abc.since")


# --- the canonical form -----------------------------------------------------------------------------------------

FULL: dict[str, Any] = {
    "format": 1,
    "name": "Full",
    "title": {"en": "Full", "zh": "全"},
    "guards": {"customers": 0.5, "silent_days": None},
    "features": [
        {"name": "orders.web_amount_90d", "source": "orders", "aggregate": "sum", "of": "amount", "window_days": 90},
        {"name": "orders.trend", "ratio": ["orders.amount_90d", "orders.amount"]},
    ],
    "policies": [
        {"key": "rfm", "type": "rfm", "title": {"en": "RFM", "zh": "分群"}, "params": {"window_days": 365, "bins": 4}},
        {
            "key": "abc",
            "type": "abc",
            "for": {"all": [{"feature": "rfm.segment", "op": "!=", "value": "lost"}, {"feature": "orders.trend", "op": ">", "value": 0}]},
        },
        {"key": "abc2", "type": "abc", "enabled": False, "budget_seconds": 20.0, "renamed_from": "abc_old"},
        {"key": "lifecycle", "type": "lifecycle", "params": {"active_days": 60}},
    ],
}


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same document with the keys of every object in another order."""
    if isinstance(value, dict):
        items = list(value.items())
        chance.shuffle(items)
        return {key: shuffled(item, chance) for key, item in items}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@given(st.randoms(use_true_random=False))
@settings(max_examples=30)
def test_the_hash_does_not_depend_on_the_order_of_keys(chance: random.Random) -> None:
    assert load(shuffled(FULL, chance)).hash == load(FULL).hash


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_the_canonical_form_is_a_fixed_point_and_defaults_may_be_left_out(data: st.DataObject) -> None:
    document = copy.deepcopy(FULL)
    for entry in document["policies"]:
        for key in data.draw(st.sets(st.sampled_from(sorted(set(entry) - {"key", "type"})))) if set(entry) - {"key", "type"} else ():
            del entry[key]
    for key in data.draw(st.sets(st.sampled_from(["format", "name", "title", "guards"]))):
        del document[key]
    rulebook = load(document)
    again = load(read_text(rulebook.text, "canonical"))
    assert (again.text, again.hash) == (rulebook.text, rulebook.hash)
    written = copy.deepcopy(dict(rulebook.document))
    for entry in written["policies"]:
        full = entry["params"]
        for name in data.draw(st.sets(st.sampled_from(sorted(full)))):
            default = load({"policies": [{"key": "d", "type": entry["type"]}]}).document["policies"][0]["params"][name]
            if full[name] == default:
                del full[name]
        if entry["enabled"] is True and data.draw(st.booleans()):
            del entry["enabled"]
        if data.draw(st.booleans()):
            del entry["version"]
        if data.draw(st.booleans()):
            entry.setdefault("budget_seconds", 300)
    for name, default in DEFAULT_GUARDS.items():
        if written["guards"][name] == default and data.draw(st.booleans()):
            del written["guards"][name]
    assert load(written).hash == rulebook.hash


def test_the_canonical_form_has_every_default_written_out() -> None:
    document = load({"policies": [{"type": "lifecycle"}]}).document
    assert document["guards"] == dict(DEFAULT_GUARDS)
    (entry,) = document["policies"]
    assert entry["params"]["active_days"] == 90
    assert (entry["key"], entry["version"], entry["enabled"], set(entry["title"])) == ("lifecycle", 1, True, {"en", "zh"})


@pytest.mark.parametrize("same", ["1", "1.0", "1e0", "+1"])
def test_numbers_and_texts_have_one_spelling(same: str) -> None:
    rulebook = load(read_text(f"guards: {{customers: {same}}}\nname: Cafe\u0301\npolicies: [{{type: rfm}}]\n"))
    assert rulebook.hash == load({"guards": {"customers": 1}, "name": "Caf\u00e9", "policies": [{"key": "rfm", "type": "rfm"}]}).hash


def test_what_means_something_changes_the_hash() -> None:
    variants = [FULL]
    for path, value in [
        (("name",), "Other"),
        (("title",), None),
        (("guards", "customers"), 0.4),
        (("features", 0, "window_days"), 91),
        (("policies", 0, "params", "bins"), 5),
        (("policies", 1, "for"), None),
        (("policies", 2, "enabled"), True),
        (("policies", 2, "budget_seconds"), 21),
        (("policies", 3, "key"), "stage"),
        (("policies", 0, "title"), "RFM"),
    ]:
        changed = copy.deepcopy(FULL)
        at: Any = changed
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value
        variants.append(changed)
    variants.append({**FULL, "policies": FULL["policies"][::-1]})
    assert len({load(variant).hash for variant in variants}) == len(variants)


def test_a_policy_is_found_by_its_key_or_named_with_the_nearest() -> None:
    rulebook = load(FULL)
    assert rulebook.entry("abc").type == "abc"
    assert rulebook.entry("rfm").addresses[0] == "rfm.segment"
    with pytest.raises(RulebookError, match="the rulebook has no policy 'acb'; did you mean 'abc'"):
        rulebook.entry("acb")


def test_parameters_saved_for_an_older_version_are_rewritten() -> None:
    class Newer(Median):
        name = "newer"
        version = 3

        @classmethod
        def upgrade(cls, params: Any, from_version: int) -> dict[str, Any]:
            return {key: value for key, value in params.items() if key != f"gone_in_{from_version + 1}"}

    assert load({"policies": [{"type": "newer", "version": 2, "params": {"gone_in_3": 1}}]}, Newer).document["policies"][0]["version"] == 3
    assert "gone_in_3" in only_fault({"policies": [{"type": "newer", "params": {"gone_in_3": 1}}]}, Newer)


def test_the_starter_rulebook_is_sound() -> None:
    rulebook = load(read_text((ROOT / "engine" / "starter.yaml").read_text(encoding="utf-8"), "starter.yaml"))
    assert rulebook.plan is not None
    assert load(Document(rulebook.document, "again")).hash == rulebook.hash
    assert [found for found in rule_findings(rulebook) if found.finding.severity != "note"] == []
    titles = [entry.title for entry in rulebook.entries]
    titles += [label.title for step in rulebook.plan.steps for output in step.outputs for label in output.labels if len(output.labels) < 50]
    assert [title for title in titles if not re.search(r"[\u4e00-\u9fff]", title.zh)] == []


def test_every_fault_id_is_explained_in_the_reference() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "reference").rglob("*.md"))
    used = {
        code
        for folder in ("engine", "plugins")
        for path in (ROOT / folder).rglob("*.py")
        for code in re.findall(r"\bTW\d{3}\b", path.read_text(encoding="utf-8"))
    }
    assert {"TW001", "TW009", "TW018"} <= used
    assert sorted(code for code in used if code not in pages) == []


def test_the_reference_explains_no_fault_that_is_not_used() -> None:
    page = (ROOT / "docs" / "reference" / "faults.md").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "engine").rglob("*.py"))
    assert [listed for listed in re.findall(r"^\| (TW\d{3}) ", page, re.MULTILINE) if listed not in code] == []
