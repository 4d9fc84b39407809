"""Fields with an editor: what they take, what they refuse, and that they come back as they went in."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import Schema, ValidationError

from engine import Label, Text, editors

TITLE = {"title": Text("x", "x"), "help": Text("x", "x")}
NUMBER: Any = editors.Number()
CUTS: Any = editors.Cuts(metadata=TITLE)
WEIGHTS: Any = editors.Weights(("recency", "money"), metadata=TITLE)
LABELS: Any = editors.Labels(metadata=TITLE)


def refused(field: Any, value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        field.deserialize(value)
    return str(caught.value.messages)


def test_each_names_its_editor() -> None:
    fields: list[Any] = [CUTS, WEIGHTS, LABELS, editors.Table(metadata=TITLE)]
    assert [field.metadata["editor"] for field in fields] == ["bands", "weights", "labels", "table"]
    assert all(field.metadata["title"] == TITLE["title"] for field in fields)


@pytest.mark.parametrize("value", [0, 1.5, -3])
def test_a_number_is_taken(value: float) -> None:
    assert NUMBER.deserialize(value) == value


@pytest.mark.parametrize("value", ["5", True, [1], float("nan"), float("inf"), 10**400, "٣"])
def test_what_is_no_number_is_refused(value: Any) -> None:
    assert "umber" in refused(NUMBER, value) or "numeric" in refused(NUMBER, value)


def test_cuts_ascend() -> None:
    assert CUTS.deserialize([1, 2.5, 4]) == [1, 2.5, 4]
    assert CUTS.deserialize([]) == []
    assert "cuts must ascend, but 2 stands before 2" in refused(CUTS, [1, 2, 2])
    assert "{1: ['Not a valid number.']}" in refused(CUTS, [1, "2"])


def test_weights_are_complete_and_not_all_zero() -> None:
    assert WEIGHTS.deserialize({"money": 2, "recency": 0}) == {"recency": 0, "money": 2}
    assert "the weight of 'money' is missing" in refused(WEIGHTS, {"recency": 1})
    assert "'mony' has no weight here; did you mean 'money'?" in refused(WEIGHTS, {"recency": 1, "mony": 1})
    assert "one of them above zero" in refused(WEIGHTS, {"recency": 0, "money": 0})
    assert "zero or more" in refused(WEIGHTS, {"recency": -1, "money": 2})
    assert "a weight for each of recency, money" in refused(WEIGHTS, [1, 2])


def test_labels_come_back_as_they_went_in() -> None:
    class Document(Schema):
        labels = editors.Labels(metadata=TITLE)

    written = [
        {"key": "gold", "title": {"en": "Gold", "zh": "金卡"}, "step": 1},
        {"key": "银", "title": {"en": "Silver", "zh": "银卡"}, "step": None},
    ]
    loaded = Document().load({"labels": written})["labels"]
    assert loaded == (Label("gold", Text("Gold", "金卡"), 1), Label("银", Text("Silver", "银卡")))
    assert Document().dump({"labels": loaded}) == {"labels": written}
    assert Document().dump({"labels": None}) == {"labels": None}


def test_one_title_serves_both_languages_and_none_is_the_key() -> None:
    assert LABELS.deserialize([{"key": "A", "title": "Best"}]) == (Label("A", Text("Best", "Best")),)
    assert LABELS.deserialize([{"key": "A"}]) == (Label("A", Text("A", "A")),)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "must be a list of labels"),
        ("A", "must be a list of labels"),
        ([{"key": "A"}, {"key": "A"}], "the key 'A' stands twice"),
        ([{"key": "A"}, "B"], "{1: ['must be an object"),
        ([{"title": "A"}], "key None must be a printable text"),
        ([{"key": " A"}], "key ' A' must be a printable text"),
        ([{"key": "A\n"}], "must be a printable text"),
        ([{"key": "x" * 65}], "1 to 64 characters"),
        ([{"key": "A", "stpe": 1}], "unknown key 'stpe'; did you mean 'step'?"),
        ([{"key": "A", "step": 9}], "step 9 must be a whole number from 1 (best) to 8"),
        ([{"key": "A", "step": True}], "step True must be"),
        ([{"key": "A", "title": {"en": "A"}}], "must be a text, or"),
        ([{"key": "A", "title": {"en": "A", "zh": " "}}], "must be a text, or"),
    ],
)
def test_wrong_labels_are_refused(labels: Any, message: str) -> None:
    assert message in refused(LABELS, labels).replace('"', "'").replace("\\'", "'")


def test_all_wrong_labels_are_named_at_once() -> None:
    assert set(places(LABELS, [{"key": ""}, {"key": "ok"}, {"key": "B", "step": 0}])) == {0, 2}


def places(field: Any, value: Any) -> list[int]:
    with pytest.raises(ValidationError) as caught:
        field.deserialize(value)
    messages: Any = caught.value.messages
    return list(messages)


def test_tables_and_conditions_are_kept_in_their_canonical_form() -> None:
    class Ruled(Schema):
        table = editors.Table(metadata=TITLE)
        raw = editors.Table(check=False, metadata=TITLE)
        when = editors.When(metadata=TITLE)

    table = {"inputs": ["x"], "outputs": ["g"], "hit_policy": "collect", "rows": [{"when": [" >=  5 "], "then": [1]}]}
    loaded = Ruled().load({"table": table, "raw": {"any": "thing"}, "when": {"feature": "x", "op": "<", "value": 5.0}})
    assert loaded["table"]["rows"] == [{"when": [">= 5"], "then": [1]}]
    assert loaded["table"]["hit_policy"] == "collect_list"
    assert loaded["raw"] == {"any": "thing"}
    assert loaded["when"] == {"feature": "x", "op": "<", "value": 5}
    assert (Ruled().fields["table"].metadata["editor"], Ruled().fields["when"].metadata["editor"]) == ("table", "condition")


def test_their_faults_keep_id_and_place() -> None:
    class Ruled(Schema):
        table = editors.Table(metadata=TITLE)
        when = editors.When(metadata=TITLE)

    table = {"inputs": ["x"], "outputs": ["g"], "rows": [{"when": ["5 to 4"], "then": [1]}, {"when": ["[2..1]"], "then": [1]}]}
    with pytest.raises(ValidationError) as caught:
        Ruled().load({"table": table, "when": {"all": []}})
    messages: Any = caught.value.messages
    assert [(fault.code, fault.place) for fault in messages["table"]] == [("TW325", "row 1, column x"), ("TW325", "row 2, column x")]
    assert [(fault.code, fault.place) for fault in messages["when"]] == [("TW301", "all")]
