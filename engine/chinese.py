"""Say error messages in Chinese: by their English form, part by part, without touching where they are raised.

Messages are made of parts between semicolons ("there is no feature 'x'; did you mean 'y'?"); each is looked up by itself,
and what is filled in stays as it is. A part that has no translation stays English, so a message is never lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from engine.chinese_messages import CHINESE, CLICK
from engine.errors import Fault, RulebookError, TierwiseError

_FAULT = re.compile(r"(TW\d+) ([^:]*): (.*)\Z", re.DOTALL)
_PLACES = (
    (re.compile(r"\brow (\d+)"), r"第 \1 行"),
    (re.compile(r"\bline (\d+)"), r"第 \1 行"),
    (re.compile(r"\bcolumn "), "列 "),
    (re.compile(r"\bpolicy "), "策略 "),
    (re.compile(r"\bcondition\b"), "条件"),
    (re.compile(r"\brulebook\b"), "规则手册"),
    (re.compile(r", "), "，"),
)


def error_in(error: TierwiseError, language: str) -> str:
    """The message of an error in the language of the reader."""
    if not language.startswith("zh"):
        return str(error)
    if isinstance(error, RulebookError) and error.faults:
        head = str(error).split("\n", 1)[0]
        return "\n".join([message_zh(head), *(f"  {fault_zh(fault)}" for fault in error.faults)])
    return message_zh(str(error))


def fault_in(fault: Fault, language: str) -> str:
    """A fault as one line in the language of the reader."""
    return fault_zh(fault) if language.startswith("zh") else str(fault)


def fault_zh(fault: Fault) -> str:
    """A fault in Chinese: its id, its place, what was found, what would be right."""
    tail = f"；{message_zh(fault.expected)}" if fault.expected else ""
    return f"{fault.code} {_place(fault.place)}：{message_zh(fault.found)}{tail}"


def message_zh(message: str) -> str:
    """A message in Chinese, as far as its parts are known."""
    return "\n".join(_line(line) for line in message.split("\n"))


def usage_zh(message: str) -> str:
    """What click says about how a command was called, in Chinese."""
    sentences = re.split(r"(?<=\.) (?=Did you mean|\()", message)
    return "".join(_known(each, CLICK) or message_zh(each) for each in sentences)


def _line(line: str) -> str:
    text = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    found = _FAULT.match(text)
    if found and _known(text, CHINESE) is None:
        return f"{indent}{found[1]} {_place(found[2])}：{_parts(found[3])}"
    return indent + _parts(text)


def _parts(text: str) -> str:
    """All parts, where each is known; else the text as one, for a semicolon may stand in what was filled in."""
    parts = text.split("; ")
    known = [_known(part, CHINESE) for part in parts]
    if all(known):
        return "；".join(part or "" for part in known)
    whole = _known(text, CHINESE)
    if whole is not None:
        return whole
    return "；".join(translated or part for translated, part in zip(known, parts, strict=True)) if any(known) else text


def _place(place: str) -> str:
    for pattern, chinese in _PLACES:
        place = pattern.sub(chinese, place)
    return place


def _known(part: str, table: Mapping[str, str]) -> str | None:
    for pattern, chinese in _patterns(table is CLICK):
        found = pattern.fullmatch(part)
        if found:
            return chinese.format(*found.groups())
    return None


@cache
def _patterns(click: bool) -> list[tuple[re.Pattern[str], str]]:
    """The forms as patterns, those with most fixed letters first, so that the closest one is found."""
    table = CLICK if click else CHINESE
    ordered = sorted(table.items(), key=lambda item: -len(item[0].replace("{}", "")))
    return [(re.compile("(.+?)".join(map(re.escape, english.split("{}"))), re.DOTALL), chinese) for english, chinese in ordered]
