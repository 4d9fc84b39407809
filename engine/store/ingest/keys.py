"""Find stored keys by external id, a hundred thousand at a time.

Ids that are plain whole numbers, which most are, sit in a sorted integer array (20 bytes a key, found by bisection);
all others in a pyarrow text array.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.store.ingest.parsed import Array, Flags, Ints, flags

_WHOLE = r"^(0|[1-9]\d{0,17})$"


class KeyIndex:
    """External id → key of the store, for one source."""

    def __init__(self) -> None:
        self._numbers: Ints = np.zeros(0, np.int64)
        self._number_keys: Ints = np.zeros(0, np.int64)
        self._texts: Array = pa.array([], pa.string())
        self._text_keys: Ints = np.zeros(0, np.int64)

    def add(self, texts: Array, keys: Ints) -> None:
        """Add ids that are not in the index yet."""
        whole = flags(pc.match_substring_regex(texts, _WHOLE))
        if whole.any():
            numbers = _as_numbers(texts, whole)
            merged = np.concatenate([self._numbers, numbers])
            order = np.argsort(merged, kind="stable")
            self._numbers = merged[order]
            self._number_keys = np.concatenate([self._number_keys, keys[whole]])[order]
        if not whole.all():
            self._texts = pa.concat_arrays([self._texts, texts.filter(pa.array(~whole))])
            self._text_keys = np.concatenate([self._text_keys, keys[~whole]])

    def find(self, texts: Array) -> Ints:
        """The key of each id; -1 for an unknown one. The texts must not be null."""
        found = np.full(len(texts), -1, np.int64)
        if not len(texts):
            return found
        whole = flags(pc.match_substring_regex(texts, _WHOLE))
        if whole.any() and len(self._numbers):
            wanted = _as_numbers(texts, whole)
            at = np.minimum(np.searchsorted(self._numbers, wanted), len(self._numbers) - 1)
            found[whole] = np.where(self._numbers[at] == wanted, self._number_keys[at], -1)
        if not whole.all() and len(self._texts):
            at = pc.index_in(texts.filter(pa.array(~whole)), value_set=self._texts).fill_null(-1).to_numpy(zero_copy_only=False)
            found[~whole] = np.where(at >= 0, self._text_keys[np.maximum(at, 0)], -1)
        return found


def _as_numbers(texts: Array, whole: Flags) -> Ints:
    picked = texts if whole.all() else texts.filter(pa.array(whole))
    return np.asarray(picked.cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)
