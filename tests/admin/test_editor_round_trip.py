"""Whatever is valid goes through the editors unharmed, and their reading of cells is that of the engine.

Documents are drawn by hypothesis and pushed through one browser page in batches, since a page per document would take minutes.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import DecisionTable
from engine.conditions import Condition
from engine.tables.cells import parse_cell
from engine.tables.tokens import CellError
from tests.admin.editor_page import FEATURES
from tests.admin.test_browser import browser
from tests.admin.test_table_editor import Grid, address, grid
from tests.test_conditions import documents as plain_conditions

__all__ = ["address", "browser", "grid"]

BATCH = 40
TRIALS = 40 if os.environ.get("TIERWISE_TRIALS") == "long" else 3
ONCE = settings(max_examples=TRIALS, deadline=None, suppress_health_check=list(HealthCheck), database=None)

numbers = st.one_of(
    st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6).map(lambda n: n / 8), st.sampled_from([0.1, 1e-7, 10**15, 1234567.891])
)
texts = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
dates = st.dates().map(lambda day: day.isoformat())
names = st.from_regex(r"[a-z]{1,8}\.[a-z_]{1,8}", fullmatch=True)
quoted = texts.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')


@st.composite
def cells(draw: st.DrawFn) -> Any:
    kind = draw(st.sampled_from(["any", "number", "text", "date", "flag", "json"]))
    if kind == "any":
        return draw(st.sampled_from(["-", "", " - ", "null", "not(null)"]))
    if kind == "json":
        return draw(st.one_of(st.integers(-99, 99), st.booleans(), st.sampled_from([0.5, -2.25])))
    if kind == "flag":
        return draw(st.sampled_from(["true", "false", "not(true)", "true, null", "!= false"]))
    literal = {"number": st.sampled_from(["5", "-3", "+7", "0.10", "12.5", "5000"]), "text": quoted, "date": dates}[kind]
    form = draw(st.sampled_from(["{0}", "{0}, {1}", "not({0})", "not( {0} ,{1} )", "!= {0}", "null, {0}", ">= {0}", "<{0}, > {1}", "={0}"]))
    return form.format(draw(literal), draw(literal)).replace("\u0000", "")


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    inputs = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    kinds = draw(st.lists(st.sampled_from(["text", "number", "flag", "date"]), min_size=1, max_size=3))
    values = {"text": texts, "number": numbers, "flag": st.booleans(), "date": dates}
    outputs: list[Any] = [
        f"out_{at}" if kind not in ("date",) or draw(st.booleans()) else {"name": f"out_{at}", "kind": kind}
        for at, kind in enumerate(kinds)
    ]
    then = st.tuples(*(st.one_of(st.none(), values[kind]) for kind in kinds)).map(list)
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        row: dict[str, Any] = {"when": [draw(cells()) for _ in inputs], "then": draw(then)}
        if draw(st.booleans()):
            row["note"] = draw(texts)
        rows.append(row)
    document: dict[str, Any] = {"inputs": inputs, "outputs": outputs, "rows": rows}
    policy = draw(st.sampled_from([None, "first", "unique", "any", "collect", "rule_order", "collect_count"]))
    if policy:
        document["hit_policy"] = policy
    if draw(st.booleans()):
        document["default"] = draw(st.one_of(st.none(), then))
    return document


def through(grid: Grid, editor: str, values: list[Any], code: str = "") -> list[Any]:
    """Each value drawn by an editor and read back; code: what is done with the handle `h` in between."""
    grid.open(values[0], editor)
    found = grid.script(
        "const [editor, values] = [arguments[0], JSON.parse(arguments[1])];"
        "return JSON.stringify(values.map(value => { const place = document.getElementById('place'); window.handle.destroy(); const told = [];"
        f"const h = window.handle = Editors.mount(editor, place, value, {{...window.context, changed: v => told.push(v)}}); {code or ''};"
        "return [h.value(), told.length, place.textContent.length > 0]; }))",
        editor,
        json.dumps(values),
    )
    return list(json.loads(found))


def valid_table(document: Any) -> bool:
    try:
        DecisionTable.load(document)
    except Exception:
        return False
    return True


@ONCE
@given(data=st.data())
def test_any_table_goes_through_the_grid_unharmed(grid: Grid, data: st.DataObject) -> None:
    batch = data.draw(st.lists(tables(), min_size=BATCH, max_size=BATCH))
    for value, (found, told, drawn) in zip(batch, through(grid, "table", batch), strict=True):
        assert (found, told, drawn) == (value, 0, True)
    canonical = [DecisionTable.load(value).document for value in batch if valid_table(value)]
    if canonical:
        for value, (found, told, _) in zip(canonical, through(grid, "table", canonical), strict=True):
            assert (found, told) == (value, 0)


UNDONE = (
    "const d = key => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, cancelable: true, ...key}));"
    "h.focus('row 1'); d({key: 'Insert'}); d({key: 'ArrowUp', altKey: true}); d({key: 'Delete'}); d({key: 'Delete', ctrlKey: true});"
    "for (let i = 0; i < 6; i += 1) d({key: 'z', ctrlKey: true})"
)


@ONCE
@given(data=st.data())
def test_what_is_undone_leaves_nothing_behind(grid: Grid, data: st.DataObject) -> None:
    batch = data.draw(st.lists(tables(), min_size=BATCH, max_size=BATCH))
    for value, (found, told, _) in zip(batch, through(grid, "table", batch, UNDONE), strict=True):
        assert found == value
        assert told > 0


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    """Comparisons of every operator, also over features that nobody knows."""
    name = draw(st.one_of(names, st.sampled_from([each["name"] for each in FEATURES])))
    literal = draw(st.sampled_from([numbers, texts, dates, st.booleans()]))
    op = draw(st.sampled_from(["=", "!=", "<", ">=", "in", "not_in", "between", "is_missing", "contains", "within_days_of", "other"]))
    if op == "is_missing":
        return {"feature": name, "op": op}
    if op == "other":
        return {"feature": name, "op": draw(st.sampled_from(["=", "<"])), "other": draw(names)}
    if op in ("in", "not_in"):
        return {"feature": name, "op": op, "value": draw(st.lists(literal, min_size=1, max_size=4))}
    if op == "between":
        return {"feature": name, "op": op, "value": [draw(literal), draw(literal)]}
    if op == "within_days_of":
        return {"feature": name, "op": op, "value": draw(dates), "days": draw(st.integers(0, 400))}
    return {"feature": name, "op": op, "value": draw(literal)}


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda items: {"all": items}),
        st.lists(inner, min_size=1, max_size=3).map(lambda items: {"any": items}),
        inner.map(lambda item: {"not": item}),
    ),
    max_leaves=10,
)


@ONCE
@given(data=st.data())
def test_any_condition_goes_through_the_builder_unharmed(grid: Grid, data: st.DataObject) -> None:
    batch = data.draw(st.lists(st.one_of(conditions, plain_conditions), min_size=BATCH, max_size=BATCH))
    for value, (found, told, drawn) in zip(batch, through(grid, "condition", batch), strict=True):
        assert (found, told, drawn) == (value, 0, True)
        if told_valid(value):
            assert Condition.load(found).document == Condition.load(value).document
    blurred = "document.querySelectorAll('#place input, #place textarea, #place select').forEach(e => { e.focus(); e.blur(); })"
    for value, (found, told, _) in zip(batch, through(grid, "condition", batch, blurred), strict=True):
        assert (found, told) == (value, 0), "looking at every field changes nothing"


def told_valid(document: Any) -> bool:
    try:
        Condition.load(document)
    except Exception:
        return False
    return True


@ONCE
@given(data=st.data())
def test_named_conditions_go_through_unharmed(grid: Grid, data: st.DataObject) -> None:
    segment = st.fixed_dictionaries(
        {"key": texts, "when": conditions},
        optional={"title": st.one_of(texts, st.fixed_dictionaries({"en": texts, "zh": texts})), "step": st.sampled_from([None, 1, 8])},
    )
    batch = data.draw(st.lists(st.lists(segment, min_size=1, max_size=4), min_size=10, max_size=10))
    opened = "document.querySelectorAll('#place [data-part=toggle]').forEach((e, i, all) => document.querySelectorAll('#place [data-part=toggle]')[i].click())"
    for value, (found, told, _) in zip(batch, through(grid, "segments", batch, opened), strict=True):
        assert (found, told) == (value, 0)


PIECES = st.sampled_from(
    [
        '"',
        "A",
        "5",
        "-",
        "..",
        "[",
        "(",
        "]",
        ")",
        "<",
        "<=",
        ">",
        ">=",
        "!=",
        "=",
        ",",
        " ",
        "null",
        "not",
        "true",
        "2025-01-31",
        "2025-02-30",
        "date(",
        "0.5",
        "1e5",
        "\\",
        "，",
        "≥",
        "é",
        "e\u0301",
        "\u3000",
        "1234567890123456",
        "x1",
        "_",
        "\x1f",
        "٣",
        "007",
        "-0",
        "+.5",
        "not(",
        '"B"',
        "12.",
        "'",
    ]
)
cell_texts = st.one_of(st.lists(PIECES, max_size=7).map("".join), cells().filter(lambda cell: isinstance(cell, str)), st.text(max_size=8))


def read(text: str) -> str | None:
    try:
        return str(parse_cell(text))
    except CellError:
        return None


@ONCE
@given(data=st.data())
def test_both_readers_of_cells_agree(grid: Grid, data: st.DataObject) -> None:
    batch = data.draw(st.lists(cell_texts.filter(lambda text: text.isprintable() or text.isascii()), min_size=200, max_size=200))
    if not grid.browser.current_url.endswith("/editor-page"):
        grid.open()
    code = "return JSON.stringify(JSON.parse(arguments[0]).map(text => { try { return Cells.written(Cells.parse(text)); } catch (e) { if (e instanceof Cells.CellFault) return null; throw e; } }))"
    found = json.loads(grid.script(code, json.dumps(batch)))
    assert list(zip(batch, found, strict=True)) == [(text, read(text)) for text in batch]


@pytest.mark.parametrize(
    "text", ["5", ">= 1500", '"A", "B"', "not(null)", "[1..5)", "-", "null, 3", "not([2..3])", "2025-01-31", "< 2025-01-31"]
)
def test_every_cell_has_words_in_both_languages(grid: Grid, text: str) -> None:
    grid.open()
    en, zh = grid.script(
        "return ['en', 'zh'].map(l => Cells.words(Cells.parse(arguments[0]), null, Object.assign(Object.create(Object.getPrototypeOf(new EditorKit.Reader({}))), {zh: l === 'zh', currency: '', byName: new Map(), features: []})))",
        text,
    )
    assert en.isascii() or "−" in en
    assert any("\u4e00" <= letter <= "\u9fff" for letter in zh)
