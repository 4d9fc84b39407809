"""The reference page of each built-in policy type tells what the code says: parameters, outputs, labels, pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.documents import read_text
from engine.policy import Policy
from plugins.abc import ABC
from plugins.decision_table import DecisionTablePolicy
from plugins.lifecycle import Lifecycle
from plugins.membership import Membership
from plugins.offers import Offers
from plugins.points import Points
from plugins.rfm import RFM
from plugins.scorecard import Scorecard
from plugins.segments import Segments
from plugins.service_level import ServiceLevelPolicy

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "policies"
TYPES = [RFM, ABC, Lifecycle, Membership, Segments, DecisionTablePolicy, Scorecard, Points, Offers, ServiceLevelPolicy]


def parameter_table(policy: type[Policy]) -> str:
    """The table of parameters as it must stand in the page."""
    return fields_table(policy.Params().fields)


def fields_table(fields: Any) -> str:
    """A table of fields; the fields of objects in lists have one of their own."""
    rows = ["| parameter | default | unit | meaning |", "|---|---|---|---|"]
    for name, field in fields.items():
        rows.append(f"| `{field.data_key or name}` | {_default(field)} | {field.metadata.get('unit', '')} | {field.metadata['help'].en} |")
    return "\n".join(rows)


def _default(field: Any) -> str:
    if field.required:
        return "needed"
    default = field.load_default() if callable(field.load_default) else field.load_default
    if default in (None, ""):
        return "empty"
    if (
        isinstance(default, tuple)
        or (isinstance(default, dict) and "rows" in default)
        or (isinstance(default, list) and default and isinstance(default[0], dict))
    ):
        return "see below"
    return f"`{json.dumps(default, default=str)}`" if not isinstance(default, str) else f"`{default}`"


def nested(fields: Any) -> list[Any]:
    """The fields of objects in lists, and of those within them."""
    inner = [field.inner.schema.fields for field in fields.values() if hasattr(getattr(field, "inner", None), "schema")]
    return [*inner, *(deeper for each in inner for deeper in nested(each))]


@pytest.mark.parametrize("policy", TYPES, ids=lambda policy: policy.name)
def test_the_page_lists_the_fields_of_every_object(policy: type[Policy]) -> None:
    page = (PAGES / f"{policy.name}.md").read_text(encoding="utf-8")
    assert [table for table in map(fields_table, nested(policy.Params().fields)) if table not in page] == []


@pytest.mark.parametrize("policy", TYPES, ids=lambda policy: policy.name)
def test_the_page_lists_every_parameter_as_the_schema_has_it(policy: type[Policy]) -> None:
    assert parameter_table(policy) in (PAGES / f"{policy.name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("policy", TYPES, ids=lambda policy: policy.name)
def test_the_page_names_every_choice_output_label_and_picture(policy: type[Policy]) -> None:
    page = (PAGES / f"{policy.name}.md").read_text(encoding="utf-8")
    made = policy({"basis": "rhythm"} if policy is Lifecycle else {})
    fields = [field for table in [policy.Params().fields, *nested(policy.Params().fields)] for field in table.values()]
    choices = [choice for field in fields for v in field.validators for choice in getattr(v, "choices", [])]
    labels = [label for output in made.outputs() if output.name != "code" for label in output.labels]
    names = [*choices, *(o.name for o in made.outputs()), *(label.key for label in labels), *(picture.name for picture in made.pictures())]
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [label.title.zh for label in labels if label.title.zh not in page] == []


@pytest.mark.parametrize(
    "policy", [Segments, DecisionTablePolicy, Scorecard, Points, Offers, ServiceLevelPolicy], ids=lambda policy: policy.name
)
def test_the_examples_of_the_page_are_right(policy: type[Policy]) -> None:
    page = (PAGES / f"{policy.name}.md").read_text(encoding="utf-8")
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert examples
    for example in examples:
        for entry in read_text(example, "example").value:
            assert policy(entry["params"]).outputs()


def test_the_page_shows_the_usual_segment_map() -> None:
    page = (PAGES / "rfm.md").read_text(encoding="utf-8")
    rows = [[*row["when"], f"`{row['then'][0]}`"] for row in RFM().params.segments["rows"]]
    found = [re.split(r" \| ", line.strip("| "))[1:5] for line in page.splitlines() if re.match(r"\| \d+ \|", line)]
    assert found == rows
