"""Keep the columns of the newest reads as Arrow files that any process maps: a preview opens them in milliseconds (ENGINE 30).

A file is named after all that decides its content: the state of the facts, the moment, the catalogue and the names. It
is readable by its owner alone, replaced atomically, and the two newest are kept.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.columns import Array, Codes, Column, freeze

if TYPE_CHECKING:
    from engine.store.features import FeatureTable

KEPT = 2
FORMAT = 1
"""Raised when files of before can no longer be read; part of every name."""

_FIXED = ("customer_id", "key_hash", "not_graded")


@dataclass(frozen=True, slots=True)
class Key:
    """What decides the content of a file."""

    fact_seq: int
    as_of: int
    catalogue: str
    names: tuple[str, ...]

    @property
    def file(self) -> str:
        """The name of the file."""
        names = blake2b(json.dumps([FORMAT, self.names]).encode(), digest_size=8).hexdigest()
        return f"features-{self.fact_seq}-{self.as_of}-{self.catalogue[:16]}-{names}.arrow"


def load(folder: Path, key: Key) -> FeatureTable | None:
    """Map the file of this key; None when there is none, or it cannot be read."""
    import pyarrow as pa

    from engine.store.features import FeatureTable

    try:
        with pa.memory_map(str(folder / key.file)) as source:
            table = pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid):
        return None
    about = json.loads(table.schema.metadata[b"tierwise"])
    columns = {name: _column(table.column(name).to_numpy(), about["texts"].get(name)) for name in table.column_names}
    not_graded = columns.get("not_graded")
    return FeatureTable(
        _array(columns["customer_id"]),
        _array(columns["key_hash"]),
        freeze({name: columns[name] for name in key.names}),
        not_graded if isinstance(not_graded, Codes) else None,
        key.fact_seq,
        about["batch_id"],
    )


def save(folder: Path, key: Key, table: FeatureTable) -> None:
    """Write the file of this key and remove all but the two newest. A full disk only costs the next read its time."""
    import pyarrow as pa

    columns: dict[str, Column] = {"customer_id": table.customer_id, "key_hash": table.key_hash, **table.columns}
    if table.not_graded is not None:
        columns["not_graded"] = table.not_graded
    texts = {name: [column.values, column.closed] for name, column in columns.items() if isinstance(column, Codes)}
    about = json.dumps({"batch_id": table.batch_id, "texts": texts}).encode()
    arrays = [pa.array(column.codes if isinstance(column, Codes) else column) for column in columns.values()]
    written = pa.table(arrays, names=list(columns)).replace_schema_metadata({"tierwise": about})
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix="features-", suffix=".new", dir=folder)  # mode 0600
    try:
        with open(descriptor, "wb") as file, pa.ipc.new_file(file, written.schema) as writer:
            writer.write_table(written)
        os.replace(temporary, folder / key.file)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    _prune(folder)


def clear(folder: Path) -> None:
    """Remove every file, also of what runs read: a customer was erased."""
    from engine.store import raw_cache, register_file

    _prune(folder, keep=0)
    raw_cache.clear(folder)
    register_file.clear(folder)


def _prune(folder: Path, keep: int = KEPT) -> None:
    files = sorted(folder.glob("features-*.arrow"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in files[keep:]:
        with contextlib.suppress(OSError):
            file.unlink()


def _column(array: Any, texts: list[Any] | None) -> Column:
    if texts is None:
        return np.asarray(array)
    return Codes(array, texts[0], closed=texts[1])


def _array(column: Column) -> Array:
    assert not isinstance(column, Codes)
    return column
