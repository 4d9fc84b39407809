"""Every text of the editors' scripts stands there in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

EDITORS = sorted((Path(__file__).parents[2] / "admin" / "static" / "js" / "editors").glob("*.js"))
SCRIPTS = [path for path in EDITORS if "tierwise.say" not in path.read_text(encoding="utf-8")]
"""Those that hold their texts; the others get them from the page, where `test_words` looks."""
CHINESE = re.compile("[\u3400-\u9fff]")
STRING = r"'((?:[^'\\]|\\.)*)'"
PAIR = re.compile(rf"\b(?:say|fault)\(\s*{STRING}\s*,\s*{STRING}")
OBJECT = re.compile(rf"\ben: {STRING}[^,{{}}]*, zh: {STRING}")
SAME = {", ", "; ", ". ", ".", "{name} {value}", "XLSX", "CSV", "is {low} {high}", "{case}"}


def pairs(text: str) -> list[tuple[str, str]]:
    """Every pair of texts in a script."""
    return PAIR.findall(text) + OBJECT.findall(text)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_every_text_has_two_halves(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    wrong = []
    for en, zh in pairs(text):
        words = re.sub(r"\{\w+\}", "", en)
        if CHINESE.search(en) or (re.search("[A-Za-z]{2}", words) and en not in SAME and not CHINESE.search(zh)):
            wrong.append((en, zh))
    assert wrong == []
    lone = [said for said in re.findall(r"\bsay\('.{0,60}", text) if not re.match(rf"say\({STRING}\s*,\s*'", said) and len(said) < 60]
    assert lone == [], "a text without its other half"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_or_code_of_texts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style'", text) == []
