"""The documentation inside the console: the pages of docs/, as safe HTML, found by words.

Pages are Markdown of the project; raw HTML in them is shown as text, and links lead inside the console or are left out.
A page in docs/zh/ stands for the one of the same name where the reader reads Chinese.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

SECTIONS = ("how-to", "tutorial", "reference", "reference/policies", "explanation")
_PLAIN = re.compile(r"[`*_#|>\[\]]|\(\S+\.md\S*\)")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One page: its address below /help/, its section, its title, its Markdown, its language."""

    address: str
    section: str
    title: str
    text: str
    language: str


def folder() -> Path:
    """Where the pages are: beside the code in a checkout, else where the wheel puts them."""
    beside = Path(__file__).parent.parent
    if (beside / "pyproject.toml").exists() and (beside / "docs" / "README.md").exists():
        return beside / "docs"
    return Path(sys.prefix) / "share" / "tierwise" / "docs"


@cache
def chapters(language: str) -> Mapping[str, Chapter]:
    """Every page by address, in a language where there is one, else in English."""
    root, found = folder(), {}
    for section in SECTIONS:
        for path in sorted((root / section).glob("*.md")):
            own = root / "zh" / section / path.name
            chosen, spoken = (own, "zh") if language == "zh" and own.exists() else (path, "en")
            text = chosen.read_text(encoding="utf-8")
            title = next((line[2:].strip() for line in text.splitlines() if line.startswith("# ")), path.stem)
            address = f"{section}/{path.stem}"
            found[address] = Chapter(address, section.partition("/")[0], title.replace("`", ""), text, spoken)
    return found


def find(words: str, language: str) -> list[tuple[Chapter, str]]:
    """Pages that hold every word, those with it in the title first, each with a piece of its text around the first."""
    wanted = words.casefold().split()
    found = []
    for chapter in chapters(language).values():
        text = chapter.text.casefold()
        if wanted and all(word in text for word in wanted):
            hits = sum(word in chapter.title.casefold() for word in wanted)
            found.append((-hits, -sum(text.count(word) for word in wanted), chapter, _piece(chapter.text, wanted[0])))
    return [(chapter, piece) for *_, chapter, piece in sorted(found, key=lambda each: each[:2])]


def _piece(text: str, word: str) -> str:
    at = text.casefold().find(word)
    start = max(0, text.rfind("\n", 0, at) + 1, at - 80)
    return " ".join(_PLAIN.sub(" ", text[start : start + 220]).split())


def html(chapter: Chapter, link: Callable[[str], str]) -> Markup:
    """A page as HTML. link: the address of another page in the console."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    known = chapters(chapter.language)

    def lead(renderer: Any, tokens: Any, index: int, options: Any, env: Any) -> str:
        token = tokens[index]
        target = _resolved(chapter.address, str(token.attrs.get("href", "")))
        if target in known:
            token.attrs = {"href": link(target)}
        else:
            token.attrs = {}
        return str(renderer.renderToken(tokens, index, options, env))

    reader.add_render_rule("link_open", lead)
    made = reader.render(chapter.text)
    made = made.replace("<table>", '<div class="scroll" tabindex="0"><table class="tbl">').replace("</table>", "</table></div>")
    made = re.sub(r' style="text-align:\s*right"', ' class="num"', made)
    made = re.sub(r' style="[^"]*"', "", made)
    return Markup(made.replace("<pre>", '<pre tabindex="0">'))  # made by the library from escaped text


def _resolved(address: str, href: str) -> str:
    """The address of the page that a relative link means, or nothing."""
    path = href.partition("#")[0]
    if not path.endswith(".md") or "://" in path:
        return ""
    parts: list[str] = []
    for part in (PurePosixPath(address).parent / path).parts:
        if part == "..":
            parts = parts[:-1]
        else:
            parts.append(part)
    return "/".join(parts).removesuffix(".md")
