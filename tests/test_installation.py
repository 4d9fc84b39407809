"""What an installation is: every setting with help in both languages, no secret told, the store counted."""

from __future__ import annotations

import re

import pytest

from engine.installation import COUNTED, bare
from engine.service import Engine
from engine.settings import HELP_ZH, SETTINGS
from engine.store.models import metadata


def test_every_setting_has_its_help_in_chinese() -> None:
    assert set(HELP_ZH) == {name for name, _, _ in SETTINGS}
    for name, words in HELP_ZH.items():
        assert re.search("[\u3400-\u9fff]", words), name


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://chen:geheim@db.example/x",
        "postgresql://chen@db.example/x?password=geheim",
        "sqlite:///x.db?key=geheim",
        "nonsense geheim",
    ],
)
def test_no_address_tells_a_password(address: str) -> None:
    assert "geheim" not in bare(address)


def test_no_secret_is_told(monkeypatch: pytest.MonkeyPatch, sqlite_url: str) -> None:
    monkeypatch.setenv("TIERWISE_SECRET_KEY", "geheim" * 8)
    monkeypatch.setenv("TIERWISE_AUDIT_KEY", "geheim" * 8)
    with Engine.open(sqlite_url) as engine:
        found = {each.name: each for each in engine.installation.settings()}
    assert "geheim" not in repr(found)
    assert found["TIERWISE_SECRET_KEY"].given
    assert found["TIERWISE_SECRET_KEY"].value == "***"


def test_the_store_is_counted(store_url: str) -> None:
    with Engine.open(store_url) as engine:
        engine.people.add("lin", roles=["viewer"])
        store = engine.installation.store()
    assert (store.size or 0) > 10_000
    assert {table for table, _ in COUNTED.values()} <= set(metadata.tables)
    assert set(store.counts) == set(COUNTED)
    assert store.as_dict()["counts"]["audit"] >= 1
