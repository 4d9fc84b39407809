"""Passwords: which are good enough, and how one is kept and compared.

Rules as of NIST SP 800-63B: length counts, composition does not; what many people use, or what names the account, is refused.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from engine.errors import PeopleError

if TYPE_CHECKING:
    from pwdlib import PasswordHash

SHORTEST, LONGEST = 10, 1024
"""Characters. The upper bound only keeps a request from hashing a book."""

_OWN_NAMES = ("tierwise",)


def check_password(password: str, *names: str) -> None:
    """Refuse a password that is too short, common, or made of a name. Raises `PeopleError`."""
    tidy = normal(password)
    if not SHORTEST <= len(tidy) <= LONGEST:
        raise PeopleError(
            f"the password has {len(tidy)} characters; expected {SHORTEST} to {LONGEST}, a few words of a sentence for example"
        )
    plain = tidy.casefold()
    if len(set(plain)) < 4:
        raise PeopleError("the password repeats a few characters; expected one that nobody guesses")
    if plain in _common() or plain.rstrip("0123456789!.?") in _common():
        raise PeopleError("the password is one of the most common ones; expected one that nobody guesses")
    for name in (*names, *_OWN_NAMES):
        rest = plain.replace(name.casefold(), "") if len(name) >= 3 else plain
        if rest != plain and len(rest) < 6:
            raise PeopleError("the password is little more than a name; expected one that nobody guesses")


def hash_password(password: str) -> str:
    """What is kept of a password: an Argon2id hash with its own salt."""
    return _hasher().hash(normal(password))


def verify_hash(password: str, kept: str | None) -> tuple[bool, str | None]:
    """Whether a password is the kept one, and the new hash when the kept one is of an older kind.

    kept None stands for nobody: it takes as long as a wrong password does and is never right.
    """
    tidy = normal(password[:LONGEST])
    if kept is None:
        _hasher().verify_and_update(tidy, _nobody())
        return False, None
    right, better = _hasher().verify_and_update(tidy, kept)
    return right, better


def normal(password: str) -> str:
    """One form for what keyboards write differently."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())


@cache
def _hasher() -> PasswordHash:
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    # the second of the configurations that OWASP lists for Argon2id, memory doubled: about 20 ms, 38 MiB
    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=38 * 1024, parallelism=1),))


@cache
def _nobody() -> str:
    return _hasher().hash("a password that nobody has")


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])
