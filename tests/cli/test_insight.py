"""The commands of insight: the finding first, in both languages, within the width; JSON has every figure; mistakes are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from engine.cli import cli
from engine.service import Engine
from tests.small_store import AS_OF, DAY, Order, add_orders
from tests.test_dividing import book, opened


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with opened(sqlite_url, book()) as made:
        add_orders(made.store, [Order(5, AS_OF + DAY, 500_000), Order(10, AS_OF + DAY, 900)], first_id=7000)
        made.run(AS_OF + 60 * DAY)
        yield made


def typed(engine: Engine, *words: str, language: str = "en") -> Result:
    return CliRunner().invoke(cli, ["--database", engine.settings.database_url, "--language", language, *words], env={"COLUMNS": "100"})


def file(tmp_path: Path, name: str, **params: dict[str, object]) -> str:
    path = tmp_path / name
    path.write_text(json.dumps(book(**params)))
    return str(path)


def test_every_page_fits_in_both_languages(engine: Engine, tmp_path: Path) -> None:
    short, three = file(tmp_path, "short.json", abc={"cuts": [0.3, 0.95]}), file(tmp_path, "three.json", lifecycle={"loyal_orders": 2})
    for words in (
        ("division",),
        ("portrait", "abc.class", "A"),
        ("radar", "lifecycle.stage", "--days", "140"),
        ("rulebook", "compare", short, three),
        ("rulebook", "wanted", "live", "abc.cuts[0]", "--output", "abc.class", "--label", "A", "--count", "9"),
    ):
        for language in ("en", "zh"):
            done = typed(engine, *words, language=language)
            assert done.exit_code == 0, done.output
            assert max(cell_len(line) for line in done.stdout.splitlines()) <= 108
            chinese = any("一" <= sign <= "鿿" for sign in done.stdout)
            assert chinese == (language == "zh"), done.stdout


def test_division_tells_each_label(engine: Engine) -> None:
    said = typed(engine, "division").stdout
    found = engine.insight.divide()
    most = max((abs(int(o.after[i] - o.before[i])), o.address, key) for o in found.outputs.values() for i, key in enumerate(o.keys[:-1]))
    assert said.startswith("\n")
    first = said.strip().splitlines()[0]
    assert any(
        first.startswith(f"{o.address} {o.sentence(key).en[:20]}") and abs(int(o.after[i] - o.before[i])) == most[0]
        for o in found.outputs.values()
        for i, key in enumerate(o.keys)
    )
    output = found.outputs["lifecycle.stage"]
    line = next(line for line in said.splitlines() if line.startswith("Prospect"))
    assert line.split()[1:4] == [str(output.before[output.keys.index("prospect")]), str(output.after[output.keys.index("prospect")]), "−2"]
    given = json.loads(typed(engine, "division", "--json").stdout)
    assert given["outputs"] == json.loads(json.dumps(found.as_dict()["outputs"]))
    assert typed(engine, "division", "1").exit_code == 2
    assert "is the first of its store" in typed(engine, "division", "1").output
    assert "there is no run 9" in typed(engine, "division", "9").output


def test_portrait_and_radar_as_json(engine: Engine) -> None:
    given = json.loads(typed(engine, "portrait", "abc.class", "A", "--feature", "orders.average_amount", "--json").stdout)
    assert given == json.loads(json.dumps(engine.insight.portrait("abc.class", "A", features=["orders.average_amount"]).as_dict()))
    radar = json.loads(typed(engine, "radar", "lifecycle.stage", "active", "--days", "30", "--json").stdout)
    assert radar["losses"] == engine.insight.radar("lifecycle.stage", days=30).losses.tolist()
    assert "did you mean 'active'" in typed(engine, "radar", "lifecycle.stage", "activ").output


def test_compare_says_who_moves_and_names_drafts_by_their_files(engine: Engine, tmp_path: Path) -> None:
    short, three = file(tmp_path, "short.json", abc={"cuts": [0.3, 0.95]}), file(tmp_path, "three.json", lifecycle={"loyal_orders": 2})
    moved = engine.insight.compare({"short": book(abc={"cuts": [0.3, 0.95]}), "three": book(lifecycle={"loyal_orders": 2})}).moved
    first = typed(engine, "rulebook", "compare", short, three).stdout.strip().splitlines()[0]
    assert first == f"Of 60 customers move: short {moved['short']}, three {moved['three']}"
    (tmp_path / "other").mkdir()
    again = file(tmp_path / "other", "short.json")
    assert json.loads(typed(engine, "rulebook", "compare", short, again, "--json").stdout)["names"] == ["live", short, again]


def test_wanted_writes_the_rulebook_that_gives_the_count(engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "cut.yaml"
    words = ("rulebook", "wanted", "live", "abc.cuts[0]", "--output", "abc.class", "--label", "A", "--count", "9", "--to", str(target))
    given = json.loads(typed(engine, *words, "--json").stdout)
    assert given["count"] == 9
    assert engine.simulate(str(target)).migrations["abc.class"].counts_after["A"] == 9
    words = ("rulebook", "wanted", "live", "lifecycle.new_days", "--output", "lifecycle.stage", "--label", "prospect", "--count", "2")
    done = typed(engine, *words)
    assert done.exit_code == 2
    assert "the fewest possible are" in done.stdout
    assert "did you mean 'cuts'" in typed(engine, "rulebook", "wanted", "live", "abc.cut[0]", *words[4:]).output
