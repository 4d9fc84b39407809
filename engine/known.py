"""What is read once for everybody who acts on a store: the catalogue while its fields and tags are the same, rulebooks that were checked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TypeAlias

from engine.catalogue import Catalogue, Feature
from engine.rulebook import Rulebook

KEPT = 8
"""Rulebooks; a version never changes, so one is kept until others are asked for."""

Key: TypeAlias = tuple[int, str, str]
"""Number and hash of a version, and the hash of the catalogue that it was checked against."""


class Known:
    """Thread-safe; nothing of it belongs to one person."""

    def __init__(self) -> None:
        self.catalogue: tuple[list[Feature], Catalogue] | None = None
        self._rulebooks: OrderedDict[Key, Rulebook] = OrderedDict()
        self._lock = threading.Lock()

    def rulebook(self, key: Key) -> Rulebook | None:
        """One that was checked before."""
        with self._lock:
            found = self._rulebooks.get(key)
            if found is not None:
                self._rulebooks.move_to_end(key)
            return found

    def keep(self, key: Key, rulebook: Rulebook) -> None:
        """Keep one, and let the one go that was not asked for the longest."""
        with self._lock:
            self._rulebooks[key] = rulebook
            while len(self._rulebooks) > KEPT:
                self._rulebooks.popitem(last=False)
