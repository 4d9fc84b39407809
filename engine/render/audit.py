"""The audit trail on the terminal: whether it is whole, and who did what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text as Line

from engine.audit_chain import Entry
from engine.render import scale
from engine.render.page import Page, listing, pairs

if TYPE_CHECKING:
    from engine.audit import Verification


def audit_verified(console: Console, found: Verification, language: str) -> None:
    """Whether the trail is what was recorded; where it is not, every place."""
    page = Page(console, language)
    count = f"{found.entries:,}"
    if found.whole:
        page.title(page.say(f"The trail is whole: {count} entries", f"审计记录完整：共 {count} 条"))
    else:
        page.title(page.say("The trail is not what was recorded", "审计记录与当初所记不符"))
        for breach in found.breaches:
            page.print(Line(page.say(breach.en, breach.zh), scale.STRONG))
    sealed = page.say("with a key that the database does not hold", "使用数据库之外的密钥")
    plain = page.say(
        "no key: who may write the database could write it anew; TIERWISE_AUDIT_KEY sets one",
        "无密钥：有数据库写权限者可重写记录；可用 TIERWISE_AUDIT_KEY 设置",
    )
    page.print(pairs([(page.say("head", "末端"), Line(found.head)), (page.say("sealed", "密封"), Line(sealed if found.sealed else plain))]))


def audit_entries(console: Console, entries: Sequence[tuple[Entry, str, str]], language: str) -> None:
    """Entries with their moments and what they say in words, the newest first. Who did not prove to be the actor is marked."""
    page = Page(console, language)
    if not entries:
        page.title(page.say("Nothing was done", "没有相符的记录"))
        return
    page.title(page.say("Who did what, the newest first", "操作记录，最新在前"))
    heads = [
        ("#", "right"),
        (page.say("when", "时间"), "left"),
        (page.say("who", "操作人"), "left"),
        (page.say("act", "操作"), "left"),
        (page.say("on", "对象"), "left"),
        (page.say("in words", "说明"), "left"),
    ]
    rows = [
        [
            Line(str(entry.seq), scale.QUIET),
            Line(moment[:19].replace("T", " ")),
            Line(entry.actor if entry.authenticated else f"{entry.actor} *"),
            Line(entry.action, scale.STRONG),
            Line(entry.subject),
            Line(words, scale.QUIET),
        ]
        for entry, moment, words in entries
    ]
    page.print(listing(heads, rows, fold=5))
    if not all(entry.authenticated for entry, _, _ in entries):
        page.print(Line(page.say("* by a name that was not proven", "* 未经身份验证的名称"), scale.QUIET))
