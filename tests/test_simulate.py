"""A simulation says beforehand, to the customer, what publishing and running gives; and it writes nothing."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from rich.cells import cell_len
from sqlalchemy import func, select

from engine.cli import cli
from engine.columns import Codes
from engine.errors import RulebookError
from engine.policy import Label, Output, Text
from engine.service import Engine
from engine.simulate import NO_VALUE, _migration
from engine.simulation import FactsMoved, Simulation
from engine.store.models import metadata
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store
from tests.test_runner import BOOK, POLICIES, history

TRIALS = 200 if os.environ.get("TIERWISE_TRIALS") == "long" else 20
CUSTOMERS = 60
LATER = AS_OF + 30 * DAY

Document = dict[str, Any]


def filled(url: str) -> Engine:
    """A store with facts and one earlier run, on which lifecycle stages rest."""
    store = open_store(url)
    add_customers(store, range(1, CUSTOMERS + 1))
    add_orders(store, history())
    store.close()
    engine = Engine.open(url, actor="tester")
    engine.publish(book())
    engine.run(AS_OF)
    add_orders(engine.store, [Order(5, AS_OF + DAY, 500_000), Order(7, AS_OF + 2 * DAY, 100)], first_id=9000)
    engine.run(LATER)
    return engine


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    with filled(sqlite_url) as opened:
        yield opened


def book(**params: Document) -> Document:
    return {**BOOK, "policies": [{**entry, "params": params[entry["key"]]} if entry["key"] in params else entry for entry in POLICIES]}


def random_edit(chance: random.Random) -> Document:
    """A rulebook with some parameters of some policies changed; each is valid by itself."""
    params: dict[str, Document] = {}
    if chance.random() < 0.6:
        bins = chance.randint(3, 5)
        fixed = {"binning": "fixed"} | {
            f"{score}_cuts": sorted(chance.sample(range(1, top), bins - 1)) for score, top in (("r", 350), ("f", 12), ("m", 900))
        }
        params["rfm"] = {"bins": bins, "window_days": chance.choice([365, 540, 730])} | (fixed if chance.random() < 0.5 else {})
    if chance.random() < 0.6:
        cuts = sorted(chance.sample([0.3, 0.5, 0.7, 0.8, 0.9, 0.95], chance.randint(1, 3)))
        params["abc"] = {"cuts": cuts, "crossing": chance.choice(["lower", "upper", "own"])}
    if chance.random() < 0.6 or not params:
        params["lifecycle"] = {"loyal_orders": chance.randint(2, 6)}
    edited = book(**params)
    if chance.random() < 0.2:
        edited["policies"] = [entry for entry in edited["policies"] if entry["key"] != "abc"]
    return edited


def stored(engine: Engine, simulation: Simulation) -> dict[str, dict[int, str | None]]:
    """The labels that the newest visible run stored, by address and internal key, for every output that was simulated."""
    kept = {customer: engine.customer_id(customer) for customer in {f"C{n}" for n in range(1, CUSTOMERS + 1)}}
    found: dict[str, dict[int, str | None]] = {address: dict.fromkeys(kept.values()) for address in simulation.migrations}
    frame = engine.assignments()
    for row in frame.itertuples():
        address = f"{row.policy}.{row.output}"
        if address in found:
            found[address][kept[row.customer]] = row.value
    return found


def rows_of_every_table(engine: Engine) -> dict[str, int]:
    with engine.store.read() as connection:
        return {name: connection.scalar(select(func.count()).select_from(table)) or 0 for name, table in metadata.tables.items()}


def predicted_is_realised(engine: Engine, draft: Document) -> Simulation:
    before = stored(engine, engine.simulate(draft))
    simulation = engine.simulate(draft)
    engine.publish(draft)
    done = engine.run(LATER)
    after = stored(engine, simulation)
    assert simulation.base_run == done.base_run_id
    for address, migration in simulation.migrations.items():
        policy = address.partition(".")[0]
        assert not done.faults
        if address in done.outputs:
            counts = {key: count for key, count in migration.counts_after.items() if key != NO_VALUE and count}
            assert counts == done.outputs[address]
            amounts = {key: pair[1] for (output, key), pair in engine.label_amounts(done.id).items() if output == address}
            assert {key: migration.amounts_after[key] for key in amounts} == amounts
        if address in {f"{row.policy}.{row.output}" for row in engine.assignments(policy).itertuples()}:
            assert simulation.labels(address) == after[address]
            pairs = Counter((before[address][n] or NO_VALUE, after[address][n] or NO_VALUE) for n in after[address])
            cells = {
                (was, now): int(migration.customers[i, j])
                for i, was in enumerate(migration.before)
                for j, now in enumerate(migration.after)
                if migration.customers[i, j]
            }
            assert cells == dict(pairs)
    return simulation


def test_what_is_predicted_is_what_a_run_gives(engine: Engine) -> None:
    moved = 0
    for seed in range(TRIALS):
        moved += predicted_is_realised(engine, random_edit(random.Random(seed))).comparison.moved
    assert moved > TRIALS


def test_both_databases_predict_what_they_give(store_url: str) -> None:
    with filled(store_url) as engine:
        for seed in (3, 4, 5):
            predicted_is_realised(engine, random_edit(random.Random(seed)))


def test_nothing_is_written(engine: Engine) -> None:
    before = rows_of_every_table(engine)
    simulation = engine.simulate(book(lifecycle={"loyal_orders": 2}))
    assert simulation.comparison.moved > 0
    assert rows_of_every_table(engine) == before
    assert engine.version().number == 1


def test_the_same_rulebook_moves_nobody_and_computes_nothing(engine: Engine) -> None:
    simulation = engine.simulate(book())
    assert (simulation.comparison.moved, simulation.recomputed, simulation.movers) == (0, (), [])
    assert all(one.moved == 0 and one.flows() == [] for one in simulation.migrations.values())
    assert simulation.migrations["lifecycle.stage"].customers.sum() == CUSTOMERS


def test_only_what_depends_on_the_change_is_computed_and_equals_a_full_simulation(engine: Engine) -> None:
    chained = {"key": "vip", "type": "abc", "for": {"feature": "lifecycle.stage", "op": "=", "value": "active"}, "params": {}}
    engine.publish({**BOOK, "policies": [*POLICIES, chained]})
    engine.run(LATER)
    draft = {**book(lifecycle={"loyal_orders": 2}), "policies": [*book(lifecycle={"loyal_orders": 2})["policies"], chained]}
    previewer = engine.previewer()
    shown = previewer.preview(engine.check(draft))
    assert set(shown.recomputed) == {"lifecycle", "vip"}
    again = engine.simulate(draft)
    for address, one in shown.migrations.items():
        assert np.array_equal(one.customers, again.migrations[address].customers)
    predicted_is_realised(engine, draft)


def test_an_output_only_one_rulebook_has_is_new_or_removed(engine: Engine) -> None:
    fewer = {**BOOK, "policies": [entry for entry in POLICIES if entry["key"] != "abc"]}
    assert "abc.class" in engine.simulate(fewer).comparison.removed
    more = {**BOOK, "policies": [*POLICIES, {"key": "abc_orders", "type": "abc", "params": {"measure": "orders.count"}}]}
    simulation = engine.simulate(more)
    assert "abc_orders.class" in simulation.comparison.new
    assert simulation.recomputed == ("abc_orders",)


def test_movers_are_those_with_the_most_revenue(engine: Engine) -> None:
    draft = book(abc={"cuts": [0.2, 0.5]})
    every, few = engine.simulate(draft, movers=CUSTOMERS), engine.simulate(draft, movers=3)
    assert len(every.movers) == every.comparison.moved > 3
    assert sum(mover.amount for mover in every.movers) == every.comparison.moved_amount
    assert few.movers == every.movers[:3]
    assert [mover.amount for mover in every.movers] == sorted((mover.amount for mover in every.movers), reverse=True)
    assert all(engine.customer_id(mover.external_id) == mover.customer_id for mover in every.movers)


def test_cutting_class_a_short_only_lets_customers_fall(engine: Engine) -> None:
    moves = engine.simulate(book(abc={"cuts": [0.3, 0.95]})).migrations["abc.class"]
    assert moves.down == moves.moved > 0
    assert moves.up == 0
    assert moves.counts_before["A"] - moves.counts_after["A"] == moves.down
    assert sum(moves.amounts_before.values()) == sum(moves.amounts_after.values())


def test_facts_that_came_since_are_told_only_where_they_matter(engine: Engine) -> None:
    previewer = engine.previewer()
    add_orders(engine.store, [Order(9, AS_OF + DAY, 900_000)], first_id=9500)
    assert previewer.preview(engine.check(book(abc={"cuts": [0.5, 0.9]}))).comparison.rows == CUSTOMERS
    reads_more = {**BOOK, "policies": [*POLICIES, {"key": "wide", "type": "abc", "params": {"measure": "orders.amount_45d"}}]}
    with pytest.raises(FactsMoved, match="begin it again"):
        previewer.preview(engine.check(reads_more))
    assert "wide.class" in engine.simulate(reads_more).comparison.new


def test_a_wrong_draft_gives_its_faults(engine: Engine) -> None:
    with pytest.raises(RulebookError, match="loyal_orders"):
        engine.simulate(book(lifecycle={"loyal_orders": "many"}))


def command(engine: Engine, tmp_path: Path, draft: Document, *options: str, language: str = "en") -> str:
    file = tmp_path / "draft.json"
    file.write_text(json.dumps(draft))
    before = ["--database", engine.settings.database_url, "--language", language]
    done = CliRunner().invoke(cli, [*before, "rulebook", "simulate", str(file), *options], env={"COLUMNS": "100"})
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_says_the_finding_first(engine: Engine, tmp_path: Path) -> None:
    draft = book(abc={"cuts": [0.3, 0.95]})
    moved = engine.simulate(draft).migrations["abc.class"].moved
    said = command(engine, tmp_path, draft)
    assert said.strip().splitlines()[0] == f"{moved} of {CUSTOMERS} customers change abc.class"
    assert "live → draft" in said
    chinese = command(engine, tmp_path, draft, language="zh")
    assert chinese.strip().splitlines()[0] == f"{CUSTOMERS} 位客户中有 {moved} 位的 abc.class 发生变化"
    assert max(cell_len(line) for line in (said + chinese).splitlines()) <= 108
    same = command(engine, tmp_path, book())
    assert same.strip().splitlines()[0] == f"None of {CUSTOMERS} customers changes a label"


def test_json_has_every_figure(engine: Engine, tmp_path: Path) -> None:
    draft = book(abc={"cuts": [0.3, 0.95]})
    given = json.loads(command(engine, tmp_path, draft, "--json", "--movers", "2"))
    expected = json.loads(json.dumps(engine.simulate(draft, movers=2).as_dict()))
    for answer in (given, expected):
        del answer["seconds"], answer["as_of"]
    assert given == expected


def test_the_examples_of_the_page_print_what_their_comments_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parents[1] / "docs" / "reference" / "simulation.md"
    code = "".join(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102 the page's own example
    assert printed.getvalue().splitlines() == re.findall(r"print\(.*\) +# (.*)", code)


def test_a_matrix_of_many_labels_counts_every_pair() -> None:
    keys = [f"l{n}" for n in range(300)]
    output = Output("fine", labels=tuple(Label(key, Text(key, key)) for key in keys))
    chance = np.random.default_rng(1)
    was, now = (Codes(chance.integers(-1, 300, 2_000).astype(np.int16), keys) for _ in range(2))
    amount = np.arange(2_000, dtype=np.float64)
    migration, moved = _migration("p.fine", output, output, was, now, amount)
    pairs = list(zip(was.texts(), now.texts(), strict=True))
    assert moved is not None
    assert moved.tolist() == [one != other for one, other in pairs]
    assert {(a, b): n for a, b, n, _ in migration.flows()} == Counter((a or "", b or "") for a, b in pairs if a != b)
    assert migration.moved_amount == int(amount[moved].sum())
    assert migration.up == sum(keys.index(b) < keys.index(a) for a, b in pairs if a and b)
