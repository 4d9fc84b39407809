"""A page that holds one editor of rules, for the browser: the console's frame and policy, nothing else."""

from __future__ import annotations

from typing import Any

from flask import Flask, render_template_string

from admin.access import PUBLIC, declare
from admin.words import language

PAGE = """
{% extends "console/base.html" %}
{% block head_css %}<link rel="stylesheet" href="{{ asset('editors.css') }}">{% endblock %}
{% block head %}{% for name in scripts %}<script src="{{ asset('js/editors/' ~ name) }}" defer></script>{% endfor %}{% endblock %}
{% block body %}<section class="card flush"><div id="place" lang="{{ language }}"></div></section>{% endblock %}
"""

SCRIPTS = ("registry.js", "kit.js", "cells.js", "table_document.js", "table.js", "condition_words.js", "condition.js", "segments.js")


def serve(app: Flask) -> None:
    """Add the page to an app, at /editor-page."""

    @app.get("/editor-page")
    def editor_page() -> str:
        return render_template_string(PAGE, scripts=SCRIPTS, title="Editor", language=language())

    declare(app, "editor_page", PUBLIC)


def labels(*keys: str) -> list[dict[str, Any]]:
    """Labels best first, with titles in both languages."""
    return [{"key": key, "title": {"en": key.title(), "zh": f"{key} 级"}, "step": 1 + at} for at, key in enumerate(keys)]


def feature(name: str, kind: str = "number", **more: Any) -> dict[str, Any]:
    """A feature as editors get it."""
    title = {"en": name.split(".")[-1].title(), "zh": f"指标 {name}"}
    return {
        "name": name,
        "title": title,
        "group": {"en": "Orders", "zh": "订单"},
        "kind": kind,
        "unit": "",
        "values": None,
        "ordered": kind != "flag",
        **more,
    }


FEATURES = [
    feature("orders.count"),
    feature("orders.amount", unit="money"),
    feature("orders.last", "date"),
    feature("profile.vip", "flag"),
    feature("profile.city", "text"),
    feature("rfm.segment", "text", values=labels("champions", "loyal", "lost")),
    feature("profile.kind", "text", values=[{"key": "person", "title": None}, {"key": "company", "title": None}], ordered=False),
]
