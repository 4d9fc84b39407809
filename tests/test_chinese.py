"""Error messages in Chinese: every form occurs in the code, nothing filled in is lost, and the command line says them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.chinese import error_in, fault_zh, message_zh, usage_zh
from engine.chinese_messages import CHINESE, CLICK
from engine.chinese_rules import PIECED
from engine.cli import cli
from engine.errors import Fault, RulebookError, TierwiseError

ENGINE = Path(__file__).parents[1] / "engine"
HAN = re.compile(r"[\u4e00-\u9fff]")
MADE_OF_PARTS = {
    "did you mean {}?",
    "a number, not a text",
    "a text, not a number",
    "a number, not a flag",
    "a text, not a flag",
    "{} compared with {}, a number",
    "{} compared with {}, a text",
    "{} compared with {}, a flag (true or false)",
    "there is no role {}",
    "there is no scope {}",
    "there is no area {}",
    "there is no language {}",
    "there is no theme {}",
    "{} has {} fault",
    "{} has {} faults",
    "the condition has {} faults",
    "the decision table has {} faults",
    "each cut must lie between 0 and 1, found {}",
    "80 % is 0.8",
    "{} is open, not {}",
    "{} is {}, not submitted or approved",
    "{} is {}, not submitted or approved or scheduled",
    "{} is {}, not approved",
    "{} is {}, not approved or scheduled",
    "{} is {}, not open",
    "the rulebook cannot be published: {} obstacles",
    "the rulebook cannot be published: {} obstacle",
    "{} is no version of the rulebook",
    "version {} became live after {} was approved, and would be undone by it",
}
"""Forms that the code puts together from several pieces, or that a policy type says."""


def texts() -> Iterator[str]:
    """Every text of the engine and its plugins with {} for what is filled in, and its parts."""
    for path in (*ENGINE.rglob("*.py"), *(ENGINE.parent / "plugins").rglob("*.py")):
        if path.name.startswith("chinese"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
            elif isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def test_every_form_occurs_in_the_code() -> None:
    everything = "\n".join(re.sub(r"(\{\})+", "{}", text) for text in texts())
    missing = [form for form in CHINESE if form not in MADE_OF_PARTS and form not in PIECED and form not in everything]
    assert missing == []


@pytest.mark.parametrize("table", [CHINESE, CLICK])
def test_nothing_that_is_filled_in_is_lost_and_signs_are_full_width(table: dict[str, str]) -> None:
    for english, chinese in table.items():
        count = english.count("{}")
        filled = chinese.format(*(f"<{number}>" for number in range(count)))
        assert all(f"<{number}>" in filled for number in range(count)), english
        assert HAN.search(chinese), english
        assert not re.search(r"[\u4e00-\u9fff][,;:!?]", chinese), chinese


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("there is no customer 'C1000'; did you mean 'C100'?", "没有客户 'C1000'；是否想写 'C100'？"),
        ("there is no feature 'orders.cuont'; did you mean 'orders.count'?", "没有特征 'orders.cuont'；是否想写 'orders.count'？"),
        ("there is no run 9; the newest is 3", "没有运行 9；最新的是 3"),
        ("something nobody has translated", "something nobody has translated"),
        ("there is no customer 'a; b'", "没有客户 'a; b'"),
        ("policy {0.x} of run 3 was made by {}; run again", "运行 3 的策略 {0.x} 已无法沿用（made by {}）；请重新运行"),
    ],
)
def test_messages(english: str, chinese: str) -> None:
    assert message_zh(english) == chinese


def test_faults_say_code_place_found_and_expected() -> None:
    fault = Fault("TW307", "row 3, column orders.count", "'x' is not a value of abc.class", "did you mean 'A'?")
    assert fault_zh(fault) == "TW307 第 3 行，列 orders.count：'x' 不是 abc.class 的取值；是否想写 'A'？"
    error = RulebookError("r.yaml has 1 fault", [fault])
    assert error_in(error, "zh") == "r.yaml 有 1 处错误\n  " + fault_zh(fault)
    assert error_in(error, "en") == str(error)
    assert error_in(TierwiseError("there is no file x"), "zh") == "没有文件 x"


def test_usage() -> None:
    assert usage_zh("No such option: --ful Did you mean --full?").startswith("没有选项")
    assert usage_zh("Missing argument 'CUSTOMER'.") == "缺少参数 'CUSTOMER'。"


def asked(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--language", "zh", *arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("explain", "C1", "--run", "0"), "错误：'--run' 的值无效：0 不在范围"),
        (("explain", "C1", "--run", "x"), "错误：'--run' 的值无效：'x' 不是整数"),
        (("explain",), "错误：缺少参数 'CUSTOMER'。"),
        (("explain", "C1", "abc", "more"), "错误：多余的参数（more）"),
        (("explain", "C1", "--fll"), "错误：没有选项"),
        (("exlpain",), "错误：没有命令 'exlpain'；是否想写 'explain'？"),
        (("evaluate",), "错误：客户与 --features 只能给出其一"),
        (("--database", "sqlite:////nowhere/at/all.db", "runs"), "错误："),
    ],
)
def test_the_command_line_says_it_in_chinese(arguments: tuple[str, ...], said: str) -> None:
    result = asked(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Error:" not in result.output


def test_a_shop_without_members_is_told_so_in_chinese() -> None:
    said = message_zh("no policy of the live rulebook has members; add one of the type membership")
    assert said == "已生效的规则手册中没有会员策略；请添加一个 membership 类型的策略"
