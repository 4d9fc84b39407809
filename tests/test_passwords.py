"""Which passwords are good enough, and how they are compared."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import PeopleError
from engine.passwords import check_password, hash_password, verify_hash


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "5 characters"),
        ("x" * 1025, "1025 characters"),
        ("1234567890", "most common"),
        ("Password123!", "most common"),
        ("aaaabbbbaaaa", "repeats"),
        ("chen-chen-7", "little more than a name"),
        ("Tierwise2026", "little more than a name"),
    ],
)
def test_weak_passwords_are_refused(password: str, why: str) -> None:
    with pytest.raises(PeopleError, match=why):
        check_password(password, "chen")


@pytest.mark.parametrize("password", ["a lake above the tree line", "x9" + "abcdefgh" * 8, "山高水长风雨同舟共济一路", "k#9v!Lq2zz"])
def test_good_ones_are_taken(password: str) -> None:
    check_password(password, "chen")


@settings(max_examples=5, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_only_the_same_password_is_right(password: str) -> None:
    kept = hash_password(password)
    assert kept.startswith("$argon2id$")
    assert verify_hash(password, kept)[0]
    assert not verify_hash(password + "x", kept)[0]
    assert hash_password(password) != kept


def test_a_hash_of_an_older_kind_is_made_anew() -> None:
    from pwdlib.hashers.argon2 import Argon2Hasher

    weak = Argon2Hasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("a lake above")
    right, better = verify_hash("a lake above", weak)
    assert right
    assert better is not None
    assert verify_hash("a lake above", better) == (True, None)


def test_nobody_has_no_password() -> None:
    assert verify_hash("a password that nobody has", None) == (False, None)
