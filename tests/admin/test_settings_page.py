"""The page of settings: what is told, what never is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from engine.service import Engine
from tests.admin.conftest import Browser, open_app


def test_settings_with_their_help_and_no_secret(monkeypatch: pytest.MonkeyPatch, app: Flask, people: dict[str, Browser]) -> None:
    monkeypatch.setenv("TIERWISE_SECRET_KEY", "geheim" * 8)
    monkeypatch.setenv("TIERWISE_DATABASE_URL", "postgresql://chen:geheim@db.example/x")
    page = people["administrator"].get("/settings/").text
    assert "geheim" not in page
    assert "TIERWISE_FOUR_EYES" in page
    assert "second person" in page
    assert "held until a person releases it" in page
    chinese = people["administrator"].speak("zh").get("/settings/").text
    people["administrator"].speak("en")
    assert "规则是否需要第二人审批" in chinese


def test_four_eyes_off_is_said_first(graded: Engine) -> None:
    before = graded.settings
    try:
        app = open_app(graded)
        graded.settings = replace(graded.settings, four_eyes=False)
        page = Browser(app).sign_in("administrator").get("/settings/").text
    finally:
        graded.settings = before
    assert "Rules go live without a second person" in page
