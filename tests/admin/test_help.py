"""The documentation inside the console: every page shown, safe, found, and in both languages where admins need it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from admin.handbook import Chapter, chapters, find, html
from tests.admin.conftest import Browser

DOCS = Path(__file__).parents[2] / "docs"
FOR_OPERATORS = {"serve.md", "integrate.md"}
"""How-to pages for those who run or integrate Tierwise; the others are for business administrators, in both languages."""


def test_what_a_business_administrator_needs_is_in_both_languages() -> None:
    english = {path.name for path in (DOCS / "how-to").glob("*.md")} - FOR_OPERATORS
    chinese = {path.name for path in (DOCS / "zh" / "how-to").glob("*.md")}
    assert english >= chinese, "each stands for an English one"
    assert english - chinese == set(), "every one of them is in Chinese too"
    for name in chinese:
        text = (DOCS / "zh" / "how-to" / name).read_text(encoding="utf-8")
        prose = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.S)
        assert not re.search(r"[\u3400-\u9fff][,;:!?]", prose), name


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_shown_without_inline_code(people: dict[str, Browser], language: str) -> None:
    who = people["viewer"].speak(language)
    try:
        for address in chapters(language):
            answer = who.get(f"/help/{address}")
            assert answer.status_code == 200, address
            body = answer.text[answer.text.index("<article") : answer.text.index("</article>")]
            assert not re.findall(r"<[^>]*\s(?:on\w+|style)\s*=|<script|<iframe|<img", body), address
            for target in re.findall(r'href="([^"]*)"', body):
                assert target.removeprefix("/help/") in chapters(language), (address, target)
    finally:
        who.speak("en")


def test_raw_html_and_odd_links_stay_text() -> None:
    text = "# T\n\n<script>alert(1)</script> <img src=x onerror=a> [a](javascript:alert(1)) [b](https://evil.example/x.md) [c](../../etc/passwd.md) ![d](https://evil.example/p.png)"
    made = html(Chapter("how-to/x", "how-to", "T", text, "en"), lambda to: f"/help/{to}")
    assert "<script" not in made
    assert "<img" not in made
    assert "href=" not in made


@pytest.mark.parametrize("address", ["../../etc/passwd", "how-to/..%2f..%2fsetup", "zh/how-to/import", "how-to/none", "README"])
def test_only_pages_are_shown(people: dict[str, Browser], address: str) -> None:
    assert people["viewer"].get(f"/help/{address}").status_code in (308, 404)


def test_pages_are_found(people: dict[str, Browser]) -> None:
    assert find("one-time password", "en")[0][0].address == "how-to/users-and-keys"
    assert find("一次性密码", "zh")[0][0].address == "how-to/users-and-keys"
    assert "Have a change approved" in people["viewer"].get("/help/?q=approve").text
    assert "Nothing is written about that" in people["viewer"].get("/help/?q=zzzzqqqq").text
    assert people["viewer"].get("/help/", query_string={"q": "\x00<script>%27"}).status_code == 200
