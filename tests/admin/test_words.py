"""No text of the console exists in one language only."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from flask import Flask, g
from jinja2 import nodes
from markupsafe import Markup

from admin.app import create_app  # noqa: F401  # the environment that templates are read with
from admin.words import fill, t
from tests.admin.conftest import Browser, pages

ADMIN = Path(__file__).parents[2] / "admin"
SOURCES = sorted(ADMIN.rglob("*.py"))
TEMPLATES = sorted((ADMIN / "templates").rglob("*.html"))
CHINESE = re.compile("[\u3400-\u9fff]")
SAME = {"", " ", "，", "、", ", ", "；"}
"""What needs no Chinese character in the Chinese half."""

NAMES = {"Tierwise", "EN", "中文", "English", "Ctrl", "K", "Esc", "Ctrl K", "· Tierwise", "CSV", "XLSX", "ms"}
"""Words that are the same everywhere, and the names of the languages themselves."""


def calls() -> list[tuple[str, ast.Call]]:
    """Every t(...) in the code."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t":
                found.append((f"{path.relative_to(ADMIN)}:{node.lineno}", node))
    return found


def faults_of(en: object, zh: object) -> str:
    """What is wrong with a pair, or nothing."""
    if not isinstance(en, str) or not isinstance(zh, str):
        return ""
    if bool(en.strip()) != bool(zh.strip()) and zh.strip("，。 ") and en.strip():
        return "one half is empty"
    if re.search("[A-Za-z]{2}", re.sub(r"\{\w+\}|\b[A-Z]{2,}\b", "", en)) and zh and not CHINESE.search(zh) and zh not in SAME:
        return "the Chinese half is not Chinese"
    if CHINESE.search(en):
        return "the English half is not English"
    return ""


def test_every_pair_in_the_code_has_two_halves() -> None:
    wrong = []
    for place, call in calls():
        texts = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
        if call.args and isinstance(call.args[0], ast.Constant) and len(call.args) < 2:
            wrong.append(f"{place}: {texts[0]!r} has no Chinese half")
        elif len(texts) == 2 and (fault := faults_of(*texts)):
            wrong.append(f"{place}: {fault}: {texts}")
    assert wrong == []


def test_every_pair_in_the_templates_has_two_halves(app: Flask) -> None:
    wrong = []
    for path in TEMPLATES:
        tree = app.jinja_env.parse(path.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            if not isinstance(call.node, nodes.Name) or call.node.name != "t":
                continue
            texts = [argument.value for argument in call.args if isinstance(argument, nodes.Const)]
            if call.args and isinstance(call.args[0], nodes.Const) and len(call.args) < 2:
                wrong.append(f"{path.name}:{call.lineno}: {texts[0]!r} has no Chinese half")
            elif len(texts) == 2 and (fault := faults_of(*texts)):
                wrong.append(f"{path.name}:{call.lineno}: {fault}: {texts}")
    assert wrong == []


def bare_words(source: str, app: Flask) -> list[str]:
    """Words of a template that stand outside t(): between tags, and in attributes that are read."""
    data = "".join(
        value if kind == "data" else "\x00" for _, kind, value in app.jinja_env.lex(source) if kind in ("data", "variable_begin")
    )
    found = []
    for attribute in re.findall(r'(?:title|alt|placeholder|aria-label|aria-description)="([^"\x00]*)"', data):
        found.append(attribute)
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", data, flags=re.S)
    text = re.sub(r"<!--.*?-->|<[^>]*>", "\n", text, flags=re.S)
    found += re.split(r"[\n\x00]", re.sub(r"&\w+;", " ", text))
    return [word.strip() for word in found if re.search("[A-Za-z\u3400-\u9fff]{2}", word) and word.strip() not in NAMES]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_bare_text_in_a_template(path: Path, app: Flask) -> None:
    assert bare_words(path.read_text(encoding="utf-8"), app) == []


def test_the_search_for_bare_text_finds_some(app: Flask) -> None:
    assert bare_words('<p title="Look">{{ t("a", "b") }} Bare</p><b>x</b>', app) == ["Look", "Bare"]


def visible(page: str) -> str:
    """The text of a page that people read, data aside."""
    page = re.sub(r"<(script|style|code|svg|kbd)\b.*?</\1>", " ", page, flags=re.S)
    page = re.sub(r'<(\w+)[^>]* lang="en"[^>]*>.*?</\1>', " ", page.replace('<html lang="en"', "<html"), flags=re.S)
    attributes = " ".join(re.findall(r'(?:title|placeholder|aria-label)="([^"]*)"', page))
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", page) + " " + attributes)


PAGES = ("/nowhere", "/runs/1", "/plugins/rfm", "/users/2")


def test_a_chinese_page_has_no_english_sentence(people: dict[str, Browser], app: Flask) -> None:
    who = people["administrator"].speak("zh")
    wrong = {}
    try:
        for path in [*pages(app), *PAGES]:
            page = who.get(path, follow_redirects=True).text
            assert '<html lang="zh-Hans"' in page, path
            english = re.findall(r"(?:[A-Za-z][a-z']+[ ,]+){3,}[A-Za-z][a-z]+", visible(page))
            if [words for words in english if words not in ALLOWED]:
                wrong[path] = english
    finally:
        who.speak("en")
    assert wrong == {}


ALLOWED: set[str] = set()


def test_values_are_filled_in_and_never_read_as_templates(app: Flask) -> None:
    with app.test_request_context("/"):
        g.language = "zh"
        assert t("{n} rows", "{n} 行", n=5) == "5 行"
        g.language = "en"
        assert t("{a} and {b}", "{a} 与 {b}", a="{b}", b="{0.__class__}") == "{b} and {0.__class__}"
        assert t("{missing}", "{missing}") == "{missing}"
    assert fill("<b> {x} {y}", {"x": Markup("<i>1</i>"), "y": "<u>"}) == "&lt;b&gt; <i>1</i> &lt;u&gt;"
    assert fill("{x}", {"x": "<u>"}) == "<u>", "plain text stays text; the template escapes it"
