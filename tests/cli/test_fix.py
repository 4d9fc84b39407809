"""Values fixed by hand on the command line: asked by one, approved by another, seen by the next run, ended."""

from __future__ import annotations

import time

import pytest
from click.testing import CliRunner

from engine.cli import cli
from tests.cli.conftest import Shop

SOON = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 90 * 86_400))


def by(shop: Shop, actor: str, *arguments: str, code: int = 0) -> str:
    """Run a command as somebody where a second person approves."""
    environment = {"COLUMNS": "120", "TIERWISE_ACTOR": actor, "TIERWISE_FOUR_EYES": "on"}
    result = CliRunner().invoke(cli, ["--database", shop.url, *arguments], env=environment)
    assert result.exit_code == code, result.output
    return result.output


ASKED = ("fix", "request", "M001", "abc.class", "A", "--reason", "founder's family", "--until", SOON)


def test_a_value_is_fixed_by_two_people_and_ended(shop: Shop) -> None:
    assert "another person approves it: tierwise fix approve 1" in by(shop, "mei", *ASKED)
    assert "another person" in by(shop, "mei", "fix", "approve", "1", code=2)
    assert "is A until" in by(shop, "li", "fix", "approve", "1")
    listed = shop.json("fix", "list", "M001")
    assert [(one["address"], one["value"], one["status"], one["author"], one["approver"]) for one in listed] == [
        ("abc.class", "A", "approved", "mei", "li")
    ]
    assert "ends at" in by(shop, "li", "fix", "end", "1")
    assert shop.json("fix", "list") == []
    assert [one["id"] for one in shop.json("fix", "list", "--ended")] == [1]


def test_a_request_is_rejected_or_taken_back(shop: Shop) -> None:
    by(shop, "mei", *ASKED)
    assert "number 1 is rejected" in by(shop, "li", "fix", "reject", "1")
    by(shop, "mei", *ASKED)
    assert "编号 2 已撤回" in by(shop, "mei", "--language", "zh", "fix", "withdraw", "2")
    assert [one["status"] for one in shop.json("fix", "list")] == ["rejected", "withdrawn"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("request", "M001", "abc.clas", "A", "--reason", "r", "--until", SOON), "abc.class"),
        (("request", "M001", "abc.class", "Q", "--reason", "r", "--until", SOON), "Q"),
        (("request", "nobody", "abc.class", "A", "--reason", "r", "--until", SOON), "there is no customer"),
        (("request", "M001", "abc.class", "A", "--reason", " ", "--until", SOON), "reason"),
        (("request", "M001", "abc.class", "A", "--reason", "r", "--until", "2020-01-01"), ""),
        (("approve", "9"), "9"),
    ],
)
def test_mistakes_change_nothing(graded_shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    assert said in graded_shop.fails("fix", *arguments)
    assert graded_shop.json("fix", "list", "--ended") == []
