"""The rulebooks in the how-tos about members load, and say the same in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from engine.catalogue import Catalogue
from engine.rulebook import load_rulebook
from tests.small_book import built_in

DOCS = Path(__file__).parents[2] / "docs"
PAGES = (DOCS / "how-to" / "run-a-membership.md", DOCS / "zh" / "how-to" / "run-a-membership.md")


def written(page: Path) -> str:
    found = re.search(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("page", PAGES, ids=["en", "zh"])
def test_the_rulebook_of_the_page_loads(page: Path) -> None:
    rulebook = load_rulebook(yaml.safe_load(written(page)), built_in(), Catalogue.built_in())
    programme = rulebook.entry("membership").policy.membership()
    assert programme is not None
    assert [level.key for level in programme.levels] == ["basic", "silver", "gold"]


def test_both_languages_show_the_same_commands_and_rules() -> None:
    en, zh = (page.read_text(encoding="utf-8") for page in PAGES)
    assert re.findall(r"```sh\n(.*?)```", en, re.S) == re.findall(r"```sh\n(.*?)```", zh, re.S)
    assert yaml.safe_load(written(PAGES[0]))["policies"] == yaml.safe_load(written(PAGES[1]))["policies"]
