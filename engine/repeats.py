"""Do something once, however often it is asked for: the effect and its answer are one transaction (Idempotency-Key)."""

from __future__ import annotations

from collections.abc import Callable

from engine.clock import now
from engine.errors import TierwiseError
from engine.store import repeats
from engine.store.repeats import Kept
from engine.store.session import Store

__all__ = ["Kept", "KeyReused", "once"]


class KeyReused(TierwiseError):
    """An idempotency key came with another request than the first time."""


def once(
    store: Store, owner: str, key: str, request: str, act: Callable[[], Kept], *, clock: Callable[[], float] = now
) -> tuple[Kept, bool]:
    """The answer to a request, and whether it is a repeated one. Raises `KeyReused` for another request with the key.

    act: does it and returns the answer; when it raises, nothing is kept and the key is free again.
    """
    with store.together() as whole:
        kept = repeats.take(whole.connection, owner, key, request, int(clock()))
        if kept is None:
            answer = act()
            repeats.keep(whole.connection, owner, key, answer)
            return answer, False
    if kept.request != request:
        raise KeyReused("this idempotency key was used for another request; take a new key for a new request")
    return kept, True
