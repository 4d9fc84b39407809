"""The secret that signs cookies: given by the operator, or made once and kept where only the operator reads it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from engine import TierwiseError

if TYPE_CHECKING:
    from engine.service import Engine
    from engine.settings import Settings

SHORTEST = 32
WEAK = (
    "secret",
    "password",
    "changeme",
    "change-me",
    "change_me",
    "example",
    "default",
    "development",
    "tierwise",
    "insecure",
    "test",
    "key",
)
MAKE = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"


def secret_key(engine: Engine, settings: Settings) -> str:
    """The key of the settings, checked; or that of the file beside the store, made when it is not there (mode 0600)."""
    if settings.secret_key:
        check(settings.secret_key)
        return settings.secret_key
    path = secret_file(engine)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _kept(path)
    except OSError as error:
        raise TierwiseError(f"{path}: the secret key cannot be kept here ({error.strerror}); give one as TIERWISE_SECRET_KEY") from None
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    return _kept(path)


def secret_file(engine: Engine) -> Path:
    """Where the key is kept when none is given: beside an SQLite store, else in the cache folder."""
    store = engine.store
    return store.path.with_name(f"{store.path.name}.secret") if store.is_sqlite else store.cache_dir / "secret"


def check(key: str) -> None:
    """Refuse a key that can be guessed. Raises `TierwiseError`."""
    if len(key) < SHORTEST:
        raise TierwiseError(f"TIERWISE_SECRET_KEY has {len(key)} characters; at least {SHORTEST} are needed. Make one with: {MAKE}")
    plain = key.lower()
    for word in WEAK:
        plain = plain.replace(word, "")
    if len(set(key)) < 10 or sum(sign.isalpha() for sign in plain) < 8:
        raise TierwiseError(f"TIERWISE_SECRET_KEY can be guessed. Make one with: {MAKE}")


def _kept(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise TierwiseError(f"{path} can be read by other users of this machine; make it yours alone with: chmod 600 {path}")
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SHORTEST:
        raise TierwiseError(f"{path} holds no usable key; remove it, and a new one is made (everybody signs in again)")
    return key
