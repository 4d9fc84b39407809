"""Find anything: pages, customers, runs, policies. What comes back is drawn by the search box of the frame."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import handbook, sidebar
from admin.access import SIGNED_IN, acting, may
from admin.pages import Page
from admin.words import language, t
from engine import RulebookError, TierwiseError

MOST = 6


class Search(Page):
    """Answers the search box; only what the reader may open is found."""

    area = SIGNED_IN
    title = ("Find", "查找")

    @expose("/")
    def find(self) -> ResponseReturnValue:
        """What fits a few letters, in groups."""
        query = " ".join(request.args.get("q", "").split())[:100]
        groups = [
            {"title": t("Pages", "页面"), "found": list(_pages(query))},
            {"title": t("Customers", "客户"), "found": list(_customers(query)) if query else []},
            {"title": t("Runs", "运行"), "found": list(_runs(query)) if query else []},
            {"title": t("Policies", "策略"), "found": list(_policies(query)) if query else []},
            {"title": t("Help", "帮助"), "found": _help(query) if query else []},
        ]
        return jsonify({"groups": [group for group in groups if group["found"]]})


def _help(query: str) -> list[dict[str, str]]:
    found = handbook.find(query, language())[:MOST]
    return [{"text": chapter.title, "more": "", "url": url_for("help.chapter", address=chapter.address)} for chapter, _ in found]


def _pages(query: str) -> list[dict[str, str]]:
    wanted = query.casefold()
    found = [link for link in sidebar.pages() if wanted in link.title.casefold() or wanted in link.key]
    return [{"text": link.title, "url": link.url} for link in found[: 30 if not query else MOST]]


def _link(key: str, method: str = "", **arguments: Any) -> str | None:
    entry = sidebar.entries().get(key)
    if entry is None or not may(entry.area):
        return None
    blueprint = entry.endpoint.partition(".")[0]
    return url_for(f"{blueprint}.{method}" if method else entry.endpoint, **arguments)


def _customers(query: str) -> list[dict[str, str]]:
    """Customers within sight, by id and by whatever else of them the reader may see."""
    if not may("customers") or (base := _link("customers")) is None:
        return []
    rows = acting().customers.find(query, limit=MOST)
    return [
        {"text": name or customer, "more": customer if name else "", "url": f"{base.rstrip('/')}/{customer}"} for customer, name in rows
    ]


def _runs(query: str) -> list[dict[str, str]]:
    number = query.lstrip("#")
    if not number.isascii() or not number.isdigit() or len(number) > 9 or not may("runs"):
        return []
    try:
        run = acting().run_record(int(number))
    except TierwiseError:
        return []
    url = _link("runs", "details", number=run.id)
    return [{"text": t("Run {n}", "运行 {n}", n=run.id), "more": run.status, "url": url}] if url else []


def _policies(query: str) -> list[dict[str, str]]:
    if not may("rules") or (url := _link("rulebook")) is None:
        return []
    try:
        entries = acting().version().document["policies"]
    except RulebookError:
        return []
    wanted = query.casefold()
    found = [(entry["key"], entry.get("title") or {}) for entry in entries]
    found = [(key, title) for key, title in found if any(wanted in text.casefold() for text in (key, *title.values()))]
    return [{"text": t(title.get("en", key), title.get("zh", key)), "more": key, "url": url} for key, title in found[:MOST]]


PAGES = [Search]
