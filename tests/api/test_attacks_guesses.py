"""Guessing: of a thousand guesses at most twenty are tried in a quarter of an hour, keys and passwords, from many threads too."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from engine.errors import NotAllowed, TooManyTries
from tests.api.conftest import PASSWORD, Client

GUESSES = 1_000
MOST = 20


def test_a_thousand_guesses_of_a_key(api: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    api.get("/me")
    tried: list[str] = []
    verify = type(api.engine.people).verify_key

    def counted(self: Any, secret: str, **options: Any) -> Any:
        tried.append(secret)
        return verify(self, secret, **options)

    monkeypatch.setattr(type(api.engine.people), "verify_key", counted)
    with ThreadPoolExecutor(8) as pool:
        codes = Counter(pool.map(lambda n: api.as_(f"tw_live_{n:032x}")("GET", "/me").status_code, range(GUESSES)))
    assert codes == {401: MOST, 429: GUESSES - MOST}
    assert len(tried) == MOST
    assert api.as_("tw_live_one_more")("POST", "/runs", json={}, code=429).json["code"] == "rate_limited"
    assert api.get("/me")["user"] == "chen"


def test_a_forged_address_is_no_other_address(api: Client) -> None:
    """X-Forwarded-For is believed only behind as many proxies as the settings say: none here."""
    codes = Counter(
        api.as_(f"tw_live_{n}")("GET", "/me", headers={"X-Forwarded-For": f"10.0.0.{n}", "X-Real-IP": f"10.0.0.{n}"}).status_code
        for n in range(60)
    )
    assert codes == {401: MOST, 429: 60 - MOST}


@pytest.mark.parametrize("by", ["address", "name"])
def test_a_thousand_guesses_of_a_password(api: Client, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    """Many names from one address, one name from many addresses: the hash is computed for few of them."""
    import engine.people

    computed: list[str] = []
    monkeypatch.setattr(engine.people, "verify_hash", lambda password, kept: (computed.append(password), (False, None))[1])
    outcomes: Counter[str] = Counter()
    for n in range(GUESSES):
        name, address = ("chen", f"10.0.{n // 250}.{n % 250}") if by == "name" else (f"user{n}", "10.0.0.1")
        try:
            api.engine.people.verify_password(name, f"guess {n}", address=address)
        except TooManyTries:
            outcomes["waits"] += 1
        except NotAllowed:
            outcomes["wrong"] += 1
    assert len(computed) == outcomes["wrong"] <= MOST
    assert outcomes["wrong"] + outcomes["waits"] == GUESSES
    with pytest.raises(TooManyTries):
        api.engine.people.verify_password("chen", PASSWORD, address="10.0.0.1" if by == "address" else "10.9.9.9")
