"""Pictures of runs: what is drawn is what the run gave, whatever a plugin does."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from engine.errors import RunError
from engine.service import Engine
from tests.small_store import AS_OF, DAY, Order, add_orders
from tests.test_runner import BOOK, POLICIES
from tests.trust.company import CUSTOMERS, LATER, company

MOODY = """
import numpy as np
from engine import Label, Output, Picture, Policy, Text, hookimpl

EVIL = "<img src=x onerror=alert(1)>"
LABELS = (Label("good", Text(EVIL + "good", EVIL + "好")), Label(EVIL, Text(EVIL, EVIL)))


class Moody(Policy):
    name = "moody"
    title = help = Text(EVIL + "Moods", EVIL + "心情")

    def inputs(self):
        return ("orders.count",)

    def outputs(self):
        return (Output("mood", labels=LABELS, title=Text(EVIL + "Mood", EVIL + "心情")), Output("points", kind="score", decimals=0))

    def apply(self, columns, state):
        many = columns["orders.count"] > 6
        return {"mood": np.where(many, 0, 1), "points": columns["orders.count"]}

    def pictures(self):
        return (
            Picture("treemap", "moods", Text(EVIL + "Moods", EVIL + "心情"), self.moods, of={"label": "mood"}),
            Picture("distribution", "broken", Text("Broken", "损坏"), self.broken),
            Picture("distribution", "odd", Text("Odd", "异常"), lambda c, s: {"label": ["a"], "customers": [1, 2]}),
            Picture("flow", "flow", Text("Flow", "流向"), lambda c, s: {"was": ["good", EVIL], "now": [EVIL, EVIL], "customers": [3, 4]}),
            Picture("distribution", "nobody", Text("Nobody", "无人"), lambda c, s: {"label": [], "customers": []}),
            Picture("distribution", "points", Text("Points", "点数"), self.steps, of={"x_from": "points", "x_below": "points"}),
        )

    def moods(self, columns, state):
        return {"label": [EVIL, "good"], "customers": np.bincount(columns["mood"].codes, minlength=2)[::-1]}

    def broken(self, columns, state):
        raise ValueError("no " + EVIL)

    def steps(self, columns, state):
        counts, edges = np.histogram(columns["points"], bins=[0, 5, 10, 15])
        return {"x_from": edges[:-1], "x_below": [5, 10, np.nan], "customers": counts}


@hookimpl
def tierwise_policies():
    return [Moody]
"""
"""A third party's policy that does everything wrong that can be done in a picture, and one thing right."""


def moody(folder: Path) -> Path:
    """The file of that plugin."""
    path = folder / "moody.py"
    path.write_text(MOODY, encoding="utf-8")
    return path


@pytest.fixture
def engine(store_url: str, tmp_path: Path) -> Iterator[Engine]:
    """Two runs of a small company with the policies of the starter and the third party's."""
    company(store_url)
    with Engine.open(store_url, plugins=[moody(tmp_path)]) as engine:
        engine.publish({**BOOK, "policies": [*POLICIES, {"key": "moody", "type": "moody"}]})
        engine.run(AS_OF)
        engine.run(LATER)
        yield engine


def column(picture: Any, role: str) -> list[Any]:
    return list(picture.columns[role])


def test_pictures_hold_what_the_run_counted(engine: Engine) -> None:
    found, counts = engine.pictures.of_run(), engine.run_record().outputs
    for id_, address in (("rfm.segments", "rfm.segment"), ("abc.classes", "abc.class"), ("lifecycle.stages", "lifecycle.stage")):
        picture = found.get(id_)
        drawn = dict(zip(column(picture, "label"), column(picture, "customers"), strict=True))
        assert {key: n for key, n in drawn.items() if n} == {key: n for key, n in counts[address].items() if n}
        assert picture.roles["label"].address == address
        assert picture.roles["amount"].unit == "money"
    heat = found.get("rfm.recency_frequency")
    assert heat.total("customers") == sum(counts["rfm.segment"].values())
    assert (heat.roles["x"].address, heat.roles["y"].address) == ("rfm.f", "rfm.r")
    assert engine.pictures.of_run() is found, "a finished run never changes"
    assert found.as_dict()["pictures"][0]["columns"]["x"] == column(heat, "x")


def test_an_old_run_looks_as_it_looked(engine: Engine) -> None:
    old = engine.pictures.of_run(1).get("abc.pareto")
    add_orders(engine.store, [Order(1, AS_OF - DAY, 9_000_000)], first_id=90_000)
    from engine import pictures, run_columns

    pictures.forget()
    run_columns.forget()
    assert engine.pictures.of_run(1).get("abc.pareto") == old


def test_a_third_party_is_drawn_and_its_faults_are_its_own(engine: Engine) -> None:
    found = {picture.id: picture for picture in engine.pictures.of_run().pictures}
    assert column(found["moody.moods"], "customers") == [
        engine.run_record().outputs["moody.mood"].get(k, 0) for k in column(found["moody.moods"], "label")
    ]
    assert found["moody.moods"].labels["good"].title.en.endswith("good")
    faults = {name: str(one.fault) for name, one in found.items() if one.fault is not None}
    assert set(faults) == {"moody.broken", "moody.odd"}
    assert "ValueError: no <img" in faults["moody.broken"]
    assert "grades are not affected" in faults["moody.broken"]
    assert "'label': 1, 'customers': 2" in faults["moody.odd"]
    assert found["moody.nobody"].rows == 0
    assert column(found["moody.points"], "x_below") == [5, 10, None]


def test_a_mark_opens_exactly_its_customers(engine: Engine) -> None:
    pictures = engine.pictures
    heat = pictures.of_run().get("rfm.recency_frequency")
    for x, y, count in zip(*(column(heat, role) for role in ("x", "y", "customers")), strict=True):
        assert pictures.members([("rfm.f", "=", x), ("rfm.r", "=", y)]).customers == count
    funnel = pictures.of_run().get("lifecycle.orders")
    for step, count in zip(column(funnel, "x"), column(funnel, "customers"), strict=True):
        assert pictures.members([("orders.count", ">=", step)]).customers == count
    everybody = pictures.members([], most=CUSTOMERS)
    assert (everybody.customers, len({one.customer for one in everybody.page})) == (CUSTOMERS, CUSTOMERS)
    amounts = [one.amount for one in everybody.page]
    assert amounts == sorted(amounts, reverse=True)
    assert sum(amounts) == everybody.amount
    assert pictures.members([], skip=CUSTOMERS - 1).page == everybody.page[-1:]
    said = pictures.members([("abc.class", "=", "A"), ("orders.count", ">", 2)]).where
    assert [(str(one.title), one.op, str(one.value), one.unit) for one in said] == [
        ("Class", "=", "Class A", ""),
        ("Orders", ">", "2", "orders"),
    ]


def test_a_flow_adds_up_and_opens_its_customers(engine: Engine) -> None:
    flow = engine.pictures.flow("lifecycle.stage", 1)
    assert sum(stream.customers for stream in flow.streams) == CUSTOMERS
    assert flow.moved == sum(flow.total(way) for way in ("up", "down", "other")) > 0
    assert (flow.came, flow.left) == (0, 0)
    first, second = (engine.run_record(number).outputs["lifecycle.stage"] for number in (1, 2))
    for key, count in first.items():
        assert sum(stream.customers for stream in flow.streams if stream.was == key) == count
    for key, count in second.items():
        assert sum(stream.customers for stream in flow.streams if stream.now == key) == count
    for stream in flow.streams:
        where = [("lifecycle.stage", "was", stream.was), ("lifecycle.stage", "=", stream.now)]
        found = engine.pictures.members(where, since=1)
        assert (found.customers, found.amount) == (stream.customers, stream.amount)
    back = engine.pictures.flow("lifecycle.stage", 2, 2)
    assert back.moved == 0


def test_the_trend_is_what_each_run_counted(engine: Engine) -> None:
    trend = engine.pictures.trend("abc.class")
    assert [point.run for point in trend.points] == [1, 2]
    for point in trend.points:
        assert point.customers == CUSTOMERS
        counted = engine.run_record(point.run).outputs["abc.class"]
        assert {key: n for key, (n, _) in point.counts.items() if key and n} == {key: n for key, n in counted.items() if n}
    assert trend.as_dict()["labels"] == ["A", "B", "C"]


def test_only_customers_within_sight_are_listed(engine: Engine) -> None:
    engine.people.first_administrator("ada", "seven dry winters of barley")
    engine.people.add("seller", roles=["viewer"], password="seven dry winters of barley", reach="own", owner="nobody at all")
    everybody, seller = engine.acting_as("ada").pictures, engine.acting_as("seller").pictures
    assert everybody.members([]).customers == CUSTOMERS
    assert (seller.members([]).customers, seller.members([]).page) == (0, ())
    assert seller.of_run().get("abc.pareto").total("customers") > 0, "figures are of all"


def test_personal_data_is_not_found_out_by_asking(engine: Engine) -> None:
    engine.people.first_administrator("ada", "seven dry winters of barley")
    engine.people.add("viewer", roles=["viewer"], password="seven dry winters of barley")
    with pytest.raises(RunError, match=r"profile\.age is personal data"):
        engine.acting_as("viewer").pictures.members([("profile.age", ">", 60)])
    assert engine.acting_as("ada").pictures.members([("profile.age", ">", 200)]).customers == 0
    names = {one.name for one in engine.acting_as("viewer").pictures.members([]).page}
    assert names <= {None, "***"}


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ([("rfm.segmet", "=", "champions")], "no column 'rfm.segmet'"),
        ([("rfm.segment", "=", "champion")], "did you mean 'champions'"),
        ([("rfm.segment", ">", "champions")], "they can only be equal"),
        ([("orders.count", ">=", "many")], "'many' is none"),
        ([("orders.count", "like", "1")], "there is no comparison 'like'"),
        ([("abc.class", "was", "A")], "needs the earlier run"),
    ],
)
def test_wrong_conditions_say_what_is_wrong(engine: Engine, where: list[tuple[str, str, Any]], message: str) -> None:
    with pytest.raises(RunError, match=message):
        engine.pictures.members(where)


def test_wrong_questions_say_what_there_is(engine: Engine) -> None:
    with pytest.raises(RunError, match=r"no picture 'abc.paretto'; did you mean 'abc.pareto'"):
        engine.pictures.of_run().get("abc.paretto")
    with pytest.raises(RunError, match=r"no output 'abc.clas'; did you mean 'abc.class'"):
        engine.pictures.flow("abc.clas", 1)
    with pytest.raises(RunError, match="name the earlier one first"):
        engine.pictures.flow("abc.class", 2, 1)
    with pytest.raises(RunError, match="there is no run 99"):
        engine.pictures.of_run(99)


def test_values_of_another_policy_type_are_not_compared(engine: Engine) -> None:
    engine.publish({**BOOK, "policies": [{"key": "abc", "type": "lifecycle"}]})
    engine.run(LATER + DAY)
    assert engine.pictures.outputs() == (("abc.stage", engine.pictures.outputs()[0][1]),)
    with pytest.raises(RunError, match="another policy type"):
        engine.pictures.flow("abc.stage", 1)
    assert [point.run for point in engine.pictures.trend("abc.stage").points] == [3]


def test_a_policy_that_failed_shows_no_figures_of_an_earlier_run(store_url: str, tmp_path: Path) -> None:
    company(store_url)
    plugin = moody(tmp_path)
    plugin.write_text(MOODY.replace('many = columns["orders.count"] > 6', "raise ValueError('out of sorts')"), encoding="utf-8")
    with Engine.open(store_url, plugins=[plugin]) as engine:
        engine.publish({**BOOK, "policies": [{"key": "moody", "type": "moody"}, POLICIES[1]]})
        engine.run(AS_OF)
        found = {picture.id: picture for picture in engine.pictures.of_run().pictures}
        assert "failed in run 1" in str(found["moody.moods"].fault)
        assert found["abc.pareto"].fault is None


def test_files_hold_the_numbers_and_nothing_that_runs(engine: Engine) -> None:
    rows = [["=1+1", 3, 2.5], ["plain", None, -1]]
    book = openpyxl.load_workbook(BytesIO(engine.pictures.file("a/b:c", ["label", "n", "x"], rows)))
    sheet = book.active
    assert sheet is not None
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [["label", "n", "x"], *rows]
    assert sheet["A2"].data_type == "s"
    live = openpyxl.load_workbook(BytesIO(engine.pictures.file("t", ["=1+1"], [[1]]))).active
    assert live is not None
    assert (live["A1"].value, live["A1"].data_type) == ("=1+1", "s")
    assert engine.pictures.file("t", ["@x"], [], "csv") == b"'@x\n"
    assert engine.pictures.file("t", ["label"], [["=1"]], "csv").endswith(b"'=1\n")


def test_columns_that_are_no_columns_are_faults() -> None:
    from engine.drawn import _plain

    assert _plain("y", np.array([1.5, np.nan])) == (1.5, None)
    assert _plain("d", np.array(["2026-01-02", "NaT"], dtype="datetime64[D]")) == ("2026-01-02", None)
    for wrong in (np.zeros((2, 2)), np.array([1j])):
        with pytest.raises(Exception, match=r"dimensions|holds"):
            _plain("x", wrong)
