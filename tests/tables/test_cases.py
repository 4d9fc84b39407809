"""Every case file, by every way of matching."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from engine import Codes, DecisionTable
from engine.tables import Lists
from engine.tables.binding import pick, plain
from engine.tables.policies import decide
from engine.values import value_at

CASES = sorted((Path(__file__).parent.parent / "cases" / "tables").glob("*.yaml"))


def column(values: list[Any], labels: list[str] | None) -> Any:
    """Return the column of these values, None for missing."""
    present = [value for value in values if value is not None]
    if labels or any(isinstance(value, str) for value in present):
        return Codes.of(values, labels)
    if any(isinstance(value, bool) for value in present):
        return np.array([-1 if value is None else int(value) for value in values], dtype=np.int8)
    if any(isinstance(value, dt.date) for value in present):
        return np.array([np.datetime64("NaT") if value is None else np.datetime64(value) for value in values], dtype="datetime64[D]")
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def found(values: Any, row: int) -> Any:
    """Return what an output holds for one customer."""
    if isinstance(values, Lists):
        return [value_at(values.items, at) for at in range(values.offsets[row], values.offsets[row + 1])]
    return value_at(values, row)


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
@pytest.mark.parametrize("way", ["", "direct", "slices"])
def test_case_file(path: Path, way: str) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    table = DecisionTable.load(document["table"])
    labels = document.get("labels", {})
    cases = document["cases"]
    columns = {name: column([case["when"][name] for case in cases], labels.get(name)) for name in table.inputs}
    picked = pick(columns, table.inputs)
    result = decide(table.data, table.matching(picked, way), [plain(one) for one in picked], table._order)
    for row, case in enumerate(cases):
        assert {name: found(values, row) for name, values in result.values.items()} == case["then"], case["when"]
        explained = table.explain(columns, row)
        assert explained["outputs"] == {name: _json(value) for name, value in case["then"].items()}
        if "rule" in case:
            assert result.rule[row] == (case["rule"] or 0) - 1, case["when"]
        assert bool(result.conflict[row]) == ("conflict" in case), case["when"]
        if "conflict" in case:
            assert explained["conflict"] == f"conflict: rows {', '.join(map(str, case['conflict']))}"


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_the_canonical_document_is_the_same_table(path: Path) -> None:
    table = DecisionTable.load(yaml.safe_load(path.read_text(encoding="utf-8"))["table"])
    again = DecisionTable.load(table.document)
    assert again.document == table.document
    assert again.data.when == table.data.when


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value
