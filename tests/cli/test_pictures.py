"""Pictures on the command line: listed, shown as tables, written to files; trends, flows, and who stands behind a mark."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from engine.service import Engine
from tests.cli.conftest import Shop, grade, write_files


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop with two visible runs; tests only read."""
    folder = tmp_path_factory.mktemp("pictures")
    write_files(folder)
    shop = grade(Shop(folder, f"sqlite:///{folder / 'shop.db'}"))
    with Engine.open(shop.url, actor="chen") as engine:
        engine.run("2026-02-01")
        if engine.runs(1)[0].status == "held":
            engine.release(2)
    return shop


def test_every_picture_is_listed_and_shown(graded: Shop) -> None:
    plain = graded.json("picture", "list")
    assert plain["run"] == 2
    names = [f"{each['policy']}.{each['name']}" for each in plain["pictures"]]
    listed, chinese = graded("picture", "list"), graded("--language", "zh", "picture", "list", "--run", "1")
    assert all(name in listed for name in names)
    assert "运行 1" in chinese
    for name, each in zip(names, plain["pictures"], strict=True):
        shown = graded.json("picture", "show", name)
        assert shown["columns"] == each["columns"]
        assert name in graded("picture", "show", name)
    assert "has no picture 'rfm.nothing'" in graded.fails("picture", "show", "rfm.nothing")


def test_a_picture_is_written_to_a_file(graded: Shop, tmp_path: Path) -> None:
    first = graded.json("picture", "list")["pictures"][0]
    name, rows = f"{first['policy']}.{first['name']}", len(next(iter(first["columns"].values())))
    for kind in ("csv", "xlsx", "jsonl", "parquet"):
        graded("picture", "show", name, "-o", str(tmp_path / f"picture.{kind}"))
        assert (tmp_path / f"picture.{kind}").stat().st_size > 0
    with (tmp_path / "picture.csv").open(encoding="utf-8-sig", newline="") as file:
        assert len(list(csv.reader(file))) == rows + 1
    assert "there is no format 'doc'" in graded.fails("picture", "show", name, "-o", str(tmp_path / "picture.doc"))


def test_trends_flows_and_members_agree(graded: Shop) -> None:
    trend = graded.json("picture", "trend", "abc.class")
    assert [point["run"] for point in trend["points"]] == [1, 2]
    flow = graded.json("picture", "flow", "abc.class", "1")
    assert (flow["first"], flow["second"]) == (1, 2)
    stayed = sum(each["customers"] for each in flow["streams"] if each["now"] == "A")
    members = graded.json("picture", "members", "abc.class=A")
    newest = {label: customers for label, (customers, _) in trend["points"][-1]["counts"].items()}
    assert members["customers"] == newest["A"] == len(members["items"])
    assert stayed <= members["customers"]
    for each in flow["streams"]:
        if each["was"] and each["now"]:
            behind = graded.json("picture", "members", f"abc.class={each['now']}", f"abc.class~{each['was']}", "--since", "1")
            assert behind["customers"] == each["customers"]
    amounts = [item["amount"] for item in members["items"]]
    assert amounts == sorted(amounts, reverse=True)
    page = graded.json("picture", "members", "abc.class=A", "--skip", "1", "--limit", "1")
    assert page["items"] == members["items"][1:2]
    for arguments in (("trend", "abc.class"), ("flow", "abc.class", "1"), ("members", "abc.class=A")):
        assert "2" in graded("picture", *arguments)
        assert graded("--language", "zh", "picture", *arguments) != graded("picture", *arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("members", "abc.class"), "is no condition"),
        (("members", "abc.class=Z"), "has no label 'Z'"),
        (("members", "abc.class~A"), "needs the earlier run"),
        (("flow", "abc.class", "2", "1"), "is as of a later moment"),
        (("trend", "abc.clas"), "did you mean"),
        (("list", "--run", "9"), "run 9"),
    ],
)
def test_what_cannot_be_is_refused(graded: Shop, arguments: tuple[str, ...], said: str) -> None:
    assert said in graded.fails("picture", *arguments)
