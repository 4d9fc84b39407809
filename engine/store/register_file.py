"""Keep the register of customers as an Arrow file that any process maps: so only the first list after an upgrade waits.

The file holds names: it is readable by its owner alone, as the store is. It is written after a whole reading; what
changed since is read from the facts. A file of another store, or of another form, is not used.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import Connection, select

from engine.columns import Array
from engine.store.models import audit_entry

if TYPE_CHECKING:
    from engine.store.session import Store

FORMAT = 1
FROM = 50_000
"""Customers from which a file is worth writing."""

Parts = tuple[int, Array, dict[str, Array], dict[str, Any]]
"""State of the facts, internal keys, integer columns, text columns."""


def load(store: Store, connection: Connection) -> Parts | None:
    """What the file of this store holds; None when there is none that fits."""
    import pyarrow as pa

    try:
        with pa.memory_map(str(_path(store))) as source:
            table = pa.ipc.open_file(source).read_all()
        about = json.loads(table.schema.metadata[b"tierwise"])
    except (OSError, pa.ArrowInvalid, KeyError, ValueError, TypeError):
        return None
    if about.get("store") != _identity(connection) or about.get("format") != FORMAT:
        return None
    columns = {name: table.column(name).combine_chunks() for name in table.column_names}
    texts = {name: column for name, column in columns.items() if pa.types.is_large_string(column.type)}
    numbers = {name: np.asarray(column.to_numpy()) for name, column in columns.items() if name not in texts}
    return int(about["seq"]), numbers.pop("id"), numbers, texts


def save(store: Store, connection: Connection, parts: Parts) -> None:
    """Write the file. A full disk only costs the next process its time."""
    import pyarrow as pa

    seq, ids, numbers, texts = parts
    if len(ids) < FROM:
        return
    about = json.dumps({"seq": seq, "store": _identity(connection), "format": FORMAT}).encode()
    columns = {"id": pa.array(ids), **{name: pa.array(array) for name, array in numbers.items()}, **texts}
    table = pa.table(list(columns.values()), names=list(columns)).replace_schema_metadata({"tierwise": about})
    try:
        store.cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix="register-", suffix=".new", dir=store.cache_dir)  # mode 0600
        try:
            with open(descriptor, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
            os.replace(temporary, _path(store))
        except OSError:
            os.unlink(temporary)
    except OSError:
        return


def clear(folder: Path) -> None:
    """Remove the file: a customer was erased."""
    with contextlib.suppress(OSError):
        (folder / "register.arrow").unlink()


def _path(store: Store) -> Path:
    return store.cache_dir / "register.arrow"


def _identity(connection: Connection) -> str:
    """What tells this store from another one at the same place: how its audit trail begins."""
    return str(connection.scalar(select(audit_entry.c.hash).order_by(audit_entry.c.seq).limit(1)))
