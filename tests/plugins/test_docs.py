"""The reference page of each built-in policy type tells what the code says: parameters, outputs, labels, pictures."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from engine.policy import Policy
from plugins.abc import ABC
from plugins.lifecycle import Lifecycle
from plugins.rfm import RFM

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "policies"
TYPES = [RFM, ABC, Lifecycle]


def parameter_table(policy: type[Policy]) -> str:
    """The table of parameters as it must stand in the page."""
    rows = ["| parameter | default | unit | meaning |", "|---|---|---|---|"]
    for name, field in policy.Params().fields.items():
        rows.append(f"| `{name}` | {_default(field)} | {field.metadata.get('unit', '')} | {field.metadata['help'].en} |")
    return "\n".join(rows)


def _default(field: Any) -> str:
    default = field.load_default() if callable(field.load_default) else field.load_default
    if default is None:
        return "empty"
    if isinstance(default, tuple):
        return "see below"
    return f"`{json.dumps(default)}`" if not isinstance(default, str) else f"`{default}`"


@pytest.mark.parametrize("policy", TYPES, ids=lambda policy: policy.name)
def test_the_page_lists_every_parameter_as_the_schema_has_it(policy: type[Policy]) -> None:
    assert parameter_table(policy) in (PAGES / f"{policy.name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("policy", TYPES, ids=lambda policy: policy.name)
def test_the_page_names_every_choice_output_label_and_picture(policy: type[Policy]) -> None:
    page = (PAGES / f"{policy.name}.md").read_text(encoding="utf-8")
    made = policy({"basis": "rhythm"} if policy is Lifecycle else {})
    choices = [choice for field in policy.Params().fields.values() for v in field.validators for choice in getattr(v, "choices", [])]
    labels = [label for output in made.outputs() if output.name != "code" for label in output.labels]
    names = [*choices, *(o.name for o in made.outputs()), *(label.key for label in labels), *(picture.name for picture in made.pictures())]
    assert [name for name in names if f"`{name}`" not in page] == []
    assert [label.title.zh for label in labels if label.title.zh not in page] == []


def test_the_page_shows_the_usual_segment_map() -> None:
    page = (PAGES / "rfm.md").read_text(encoding="utf-8")
    rows = [[*row["when"], f"`{row['then'][0]}`"] for row in RFM().params.segments["rows"]]
    found = [re.split(r" \| ", line.strip("| "))[1:5] for line in page.splitlines() if re.match(r"\| \d+ \|", line)]
    assert found == rows
