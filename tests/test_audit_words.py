"""The audit trail in words: every action that the code records has a sentence, in both languages."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audit_chain import Entry
from engine.audit_words import ACTIONS, GROUPS, sentence, title

ROOT = Path(__file__).parents[1]
ZONE = ZoneInfo("Asia/Shanghai")
CHINESE = re.compile("[\u3400-\u9fff]")
ACTION = re.compile(r"[a-z_]+(\.[a-z_]+)?\Z")
PUT_TOGETHER = {
    "engine/fixed_values.py": {f"fixed_value.{verb}" for verb in ("request", "approve", "reject", "withdraw", "end")},
    "engine/store/identity.py": {f"customer.{act}" for act in ("join", "separate", "not_graded", "graded")},
    "engine/store/drafts.py": {"four_eyes.on", "four_eyes.off"},
    "engine/tags.py": {f"tag.{verb}" for verb in ("add", "edit", "remove", "give", "take")},
}
"""Where the code puts the name of an action together, and what may come of it."""


def entry(action: str, subject: str = "draft:7", details: object = None) -> Entry:
    return Entry(1, 1_800_000_000, "lin", True, action, subject, json.dumps(details or {}), "", "")


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def recorded() -> set[str]:
    """Every action that stands in the code where an entry is made."""
    found: set[str] = set()
    for path in sorted((ROOT / "engine").rglob("*.py")) + sorted((ROOT / "plugins").rglob("*.py")):
        place = str(path.relative_to(ROOT))
        source = path.read_text(encoding="utf-8")
        if "audit" not in source:
            continue
        if re.search(r'action=f"', source):
            assert place in PUT_TOGETHER, f"{place} puts the name of an action together: say in PUT_TOGETHER what may come of it"
            found |= PUT_TOGETHER[place]
        for node in ast.walk(ast.parse(source)):
            where: list[ast.AST] = []
            if isinstance(node, ast.Call) and _name(node.func) in ("_note", "_record", "_save", "_back", "record"):
                where = [*node.args, *(each.value for each in node.keywords if each.arg == "action")]
            elif isinstance(node, ast.Assign) and any(_name(target) in ("action", "act") for target in node.targets):
                where = [node.value]
            constants = [each.value for part in where for each in ast.walk(part) if isinstance(each, ast.Constant)]
            found |= {value for value in constants if isinstance(value, str) and ACTION.match(value) and ("." in value or value in ACTIONS)}
    return found


def test_every_action_that_is_recorded_has_a_sentence() -> None:
    assert recorded() - set(ACTIONS) == set()


def test_the_search_finds_what_is_recorded() -> None:
    assert len(recorded()) >= 45
    assert {"run", "import", "user.enable", "fact.unvoid", "schedule.publish", "draft.reject", "webhook.add", "export"} <= recorded()


def test_every_group_has_a_title() -> None:
    assert {action.partition(".")[0] for action in ACTIONS} == set(GROUPS)


@pytest.mark.parametrize("action", ACTIONS)
def test_every_sentence_stands_in_both_languages(action: str) -> None:
    act = ACTIONS[action]
    for text in (act.title, *act.parts, title(action)):
        bare = {which: re.sub(r"\{\w+\}|^\w+\? ", "", text.in_(which)) for which in ("en", "zh")}
        assert not CHINESE.search(bare["en"]), text
        assert CHINESE.search(bare["zh"]) or not re.search("[a-z]{2}", bare["en"]), text
        assert not re.search(r"[\u3400-\u9fff][,;:!?]", bare["zh"]), text
        assert "{" not in title(action).en
        assert sorted(re.findall(r"\{\w+\}", text.en)) == sorted(re.findall(r"\{\w+\}", text.zh)), "both say the same values"
        assert (text.en.partition("? ")[0] if "? " in text.en else "") == (text.zh.partition("? ")[0] if "? " in text.zh else "")
    assert "{" not in sentence(entry(action), ZONE).en


@pytest.mark.parametrize(
    ("action", "subject", "details", "en", "zh"),
    [
        (
            "rulebook.publish",
            "version:3",
            {"hash": "9f", "draft": 7, "approved_by": "lin", "self_approved": False},
            "Published version 3 of the rulebook: from draft 7, approved by lin",
            "发布规则手册第 3 版：来自草稿 7，由 lin 批准",
        ),
        (
            "import",
            "batch:4",
            {"kind": "orders", "mapping": "m", "rows": 12000, "created": 10, "updated": 0, "unchanged": 0, "rejected_rows": 2},
            "Imported orders, batch 4: 12,000 rows, 10 new, 2 rejected, mapping m",
            "导入订单，批次 4：12,000 行，新增 10，拒收 2，映射 m",
        ),
        (
            "role.change",
            "role:viewer",
            {"area": "customers", "read": True, "write": False},
            "Changed what the role viewer may: in Customers, may read",
            "更改角色 viewer 的权限：领域 客户，可查看",
        ),
        (
            "run",
            "run:9",
            {"status": "held", "version": 3, "as_of": 1_800_000_000, "digest": "x", "held": ["too many"]},
            "Run 9 finished: held, as of 2027-01-15 16:00, rulebook version 3, its result is not shown yet",
            "运行 9 完成：暂停生效，数据截至 2027-01-15 16:00，规则手册第 3 版，结果暂未生效",
        ),
        ("session.end", "user:5", {"sessions": 2}, "Ended every session of user 5: 2 sessions", "结束全部会话，用户 5：2 个会话"),
        ("user.add", "user:5", {"roles": ["viewer", "analyst"], "reach": "own"}, "Added user 5: roles Viewer, Analyst, sees Own customers", "添加用户 5：角色 查看者、分析员，可见 本人客户"),
        ("moon.landed", "moon:1", {"at": 3}, "moon.landed moon:1: at 3", "moon.landed moon:1: at 3"),
    ],
)  # fmt: skip
def test_sentences(action: str, subject: str, details: dict[str, object], en: str, zh: str) -> None:
    said = sentence(entry(action, subject, details), ZONE)
    assert (said.en, said.zh) == (en, zh)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.sampled_from([*ACTIONS, "other"]), st.text(), st.data())
def test_whatever_the_details_hold_there_is_a_sentence(action: str, subject: str, data: st.DataObject) -> None:
    names = sorted(set(re.findall(r"\w+", " ".join(part.en for part in ACTIONS[action].parts)))) if action in ACTIONS else ["x"]
    details = data.draw(JSON | st.dictionaries(st.sampled_from(names or ["x"]), JSON))
    written = json.dumps(details) if details is not None else "no json"
    said = sentence(Entry(1, 0, "a", False, action, subject, written, "", ""), ZONE)
    assert said.en
    assert said.zh
