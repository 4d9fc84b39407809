"""Settings come from the environment, are checked completely, and say what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import TierwiseError
from engine.settings import SETTINGS, Settings

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIERWISE_FOUR_EYES")


def test_without_anything_set_the_defaults_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "mei")
    settings = Settings.read()
    assert settings.database_url == "sqlite:///tierwise.db"
    assert (settings.timezone.key, settings.currency, settings.minor_digits, settings.language) == ("Asia/Shanghai", "CNY", 2, "en")
    assert (settings.plugins_dir, settings.cache_dir, settings.blocked_plugins, settings.actor) == (None, None, (), "mei")
    assert settings.four_eyes, "a second person is needed unless somebody says otherwise"
    assert settings.given == frozenset()


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {
        "DATABASE_URL": "postgresql://me:secret@db/shop",
        "TIMEZONE": "Europe/Berlin",
        "CURRENCY": "eur",
        "MINOR_DIGITS": "0",
        "PLUGINS_DIR": str(tmp_path),
        "BLOCKED_PLUGINS": " abc, ,rfm,",
        "CACHE_DIR": str(tmp_path / "cache"),
        "ACTOR": "li",
        "FOUR_EYES": "OFF",
        "AUDIT_KEY": "a newer secret of ours, an older secret of ours,",
        "LANGUAGE": "zh_CN.UTF-8",
        "API_RATE": "600",
        "WEBHOOK_NETWORKS": "10.1.0.0/16, ::1",
        "API_HEAVY_RATE": "6",
        "SESSION_IDLE_MINUTES": "30",
        "SESSION_HOURS": "8",
        "RETENTION_DAYS": "30",
        "HOST": "0.0.0.0",
        "PORT": "80",
        "SECRET_KEY": "k" * 32,
        "HTTPS": "yes",
        "PROXIES": "1",
        "QUIET_HOURS": "22:00-08:00",
        "SMTP_FROM": "care@shop.example",
        "SMTP_URL": "smtp://mail.shop.example:587",
    }.items():
        monkeypatch.setenv(f"TIERWISE_{name}", value)
    settings = Settings.read()
    assert settings.database_url == "postgresql://me:secret@db/shop"
    assert (settings.timezone.key, settings.currency, settings.minor_digits, settings.language) == ("Europe/Berlin", "EUR", 0, "zh")
    assert (settings.plugins_dir, settings.cache_dir) == (tmp_path, tmp_path / "cache")
    assert (settings.blocked_plugins, settings.actor) == (("abc", "rfm"), "li")
    assert settings.audit_keys == ("a newer secret of ours", "an older secret of ours")
    assert "secret of ours" not in repr(settings)
    assert (settings.host, settings.port, settings.https, settings.proxies) == ("0.0.0.0", 80, True, 1)
    assert settings.retention == 30 * 86_400
    assert "k" * 32 not in repr(settings)
    assert settings.given == {name.removeprefix("TIERWISE_").lower() for name, _, _ in SETTINGS}


def test_what_the_program_says_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERWISE_ACTOR", "li")
    assert Settings.read(actor="wang", database_url=None).actor == "wang"
    assert Settings.read(actor=None).actor == "li"
    assert Settings.read(currency="EUR").given == {"currency", "actor"}


def test_an_empty_setting_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in SETTINGS:
        monkeypatch.setenv(name, "")
    assert Settings.read() == Settings.read()
    assert (Settings.read().currency, Settings.read().given) == ("CNY", frozenset())


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TIMEZONE", "Asia/Shangai", "TIERWISE_TIMEZONE: 'Asia/Shangai' is not a time zone; did you mean 'Asia/Shanghai'?"),
        ("TIMEZONE", "../../etc/passwd", "is not a time zone"),
        ("CURRENCY", "YUAN", "TIERWISE_CURRENCY: found 'YUAN'; expected three letters, such as CNY"),
        ("CURRENCY", "元", "TIERWISE_CURRENCY: found '元'; expected three letters"),
        ("CURRENCY", "CNY\n", "expected three letters"),
        ("MINOR_DIGITS", "two", "TIERWISE_MINOR_DIGITS: found 'two'; expected a digit from 0 to 4"),
        ("MINOR_DIGITS", "5", "TIERWISE_MINOR_DIGITS: found '5'"),
        ("MINOR_DIGITS", "２", "TIERWISE_MINOR_DIGITS: found '２'"),
        ("AUDIT_KEY", "short", "TIERWISE_AUDIT_KEY: found a key of fewer than 16 characters; make one with: openssl rand -hex 32"),
        ("LANGUAGE", "fr", "TIERWISE_LANGUAGE: found 'fr'; expected en or zh"),
        ("WEBHOOK_NETWORKS", "10.1.0.7/16", "TIERWISE_WEBHOOK_NETWORKS: 10.1.0.7/16 has host bits set; expected networks"),
        ("SESSION_HOURS", "0.5", "TIERWISE_SESSION_HOURS: found '0.5'; expected a whole number from 1 to 8760"),
        ("PLUGINS_DIR", "/nowhere/at/all", "TIERWISE_PLUGINS_DIR: /nowhere/at/all is not a folder"),
    ],
)
def test_a_wrong_setting_is_named_with_what_would_be_right(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(f"TIERWISE_{name}", value)
    with pytest.raises(TierwiseError) as caught:
        Settings.read()
    assert words in str(caught.value)


def test_every_setting_has_a_name_a_default_and_a_help() -> None:
    names = [name for name, _, _ in SETTINGS]
    assert len(set(names)) == len(names)
    for name, _, text in SETTINGS:
        assert name.startswith("TIERWISE_")
        assert text.endswith(".")
        assert text[0].isupper()


def test_the_reference_lists_every_setting_with_its_default_and_help() -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    listed = [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| `")]
    assert listed == [list(row) for row in SETTINGS]
