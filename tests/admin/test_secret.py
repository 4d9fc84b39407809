"""The key that signs cookies: made once and kept for its owner alone, or given and not guessable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from admin.secret import secret_file, secret_key
from engine import TierwiseError
from engine.service import Engine


def test_a_key_is_made_once_and_kept_for_its_owner(sqlite_url: str) -> None:
    with Engine.open(sqlite_url) as engine:
        first = secret_key(engine, engine.settings)
        assert len(first) >= 60
        assert secret_key(engine, engine.settings) == first
        path = secret_file(engine)
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o644)
        with pytest.raises(TierwiseError, match="chmod 600"):
            secret_key(engine, engine.settings)
        path.chmod(0o600)
        path.write_text("short")
        with pytest.raises(TierwiseError, match="holds no usable key"):
            secret_key(engine, engine.settings)


def test_on_postgresql_it_is_kept_in_the_cache_folder(postgres_url: str) -> None:
    with Engine.open(postgres_url) as engine:
        assert secret_key(engine, engine.settings)
        assert secret_file(engine) == Path(engine.store.cache_dir) / "secret"


@pytest.mark.parametrize(
    "key",
    [
        "short",
        "a" * 40,
        "changeme" * 5,
        "secret-secret-secret-secret-secret",
        "tierwise-secret-key-1234567890-1234567890",
        "0123456789" * 4,
    ],
)
def test_a_key_that_can_be_guessed_is_refused(sqlite_url: str, key: str) -> None:
    with Engine.open(sqlite_url) as engine, pytest.raises(TierwiseError, match="TIERWISE_SECRET_KEY"):
        secret_key(engine, replace(engine.settings, secret_key=key))


def test_a_good_key_is_taken(sqlite_url: str) -> None:
    with Engine.open(sqlite_url) as engine:
        key = "q8V3-x0pRz_tY7kLm2Wc9bNd5sHf1gJa"
        assert secret_key(engine, replace(engine.settings, secret_key=key)) == key
