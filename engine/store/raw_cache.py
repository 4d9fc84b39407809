"""Keep what a run read of the facts, as integers, so that the next run reads again only what changed (ENGINE 7).

A file belongs to one stored run: the run's report holds the file's token. So a store that was brought back from a copy,
or a run that never became one, leaves no file that anybody would trust.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.columns import Array, Codes
from engine.store.feature_rows import Raw
from engine.store.feature_sql import Plan

KEPT = 2
FORMAT = 1
"""Raised when files of before can no longer be read."""


@dataclass(frozen=True, slots=True)
class About:
    """What a file is: of which run (`run_key`, `token`), the state of the facts and the moment, and what decided its content."""

    token: str
    run_key: str
    fact_seq: int
    as_of: int
    made_of: Mapping[str, str]
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that is there, not yet read."""

    path: Path
    about: About

    def raw(self, plan: Plan) -> Raw | None:
        """Its content, mapped; the plan is the one it was made of. None when it is gone or not whole."""
        table = _table(self.path)
        if table is None:
            return None
        columns: dict[str, Array] = {name: table.column(name).to_numpy() for name in table.column_names}
        reasons = _metadata(table)["reasons"]
        try:
            return Raw(
                columns["customer_id"],
                columns["key_hash"],
                None if reasons is None else Codes(columns["not_graded"], reasons),
                {name: columns[f"profile {name}"] for name in plan.profile},
                {piece: columns[f"piece {number}"] for number, piece in enumerate(plan.wanted)},
            )
        except KeyError:
            return None


def save(folder: Path, about: About, plan: Plan, raw: Raw) -> None:
    """Write a file and remove all but the two newest. A full disk only costs the next run its time."""
    import pyarrow as pa

    columns: dict[str, Any] = {"customer_id": raw.customer_id, "key_hash": raw.key_hash}
    if raw.not_graded is not None:
        columns["not_graded"] = raw.not_graded.codes
    columns |= {f"profile {name}": column for name, column in raw.profile.items()}
    columns |= {f"piece {number}": raw.pieces[piece] for number, piece in enumerate(plan.wanted)}
    reasons = None if raw.not_graded is None else list(raw.not_graded.values)
    fields = {name: getattr(about, name) for name in About.__slots__}
    metadata = json.dumps({"about": {**fields, "made_of": dict(about.made_of)}, "reasons": reasons}).encode()
    table = pa.table([pa.array(np.ascontiguousarray(column)) for column in columns.values()], names=list(columns))
    table = table.replace_schema_metadata({"tierwise": metadata})
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix="raw-", suffix=".new", dir=folder)  # mode 0600
    except OSError:
        return
    try:
        with open(descriptor, "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        os.replace(temporary, folder / f"raw-{about.token}.arrow")
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
    _prune(folder)


def kept(folder: Path) -> Iterator[Kept]:
    """The files that can be read, the newest first."""
    for path in _files(folder):
        table = _table(path)
        if table is not None:
            about = _metadata(table).get("about", {})
            if about.get("format") == FORMAT:
                yield Kept(path, About(**about))


def clear(folder: Path) -> None:
    """Remove every file: a customer was erased."""
    _prune(folder, keep=0)


def _table(path: Path) -> Any:
    import pyarrow as pa

    try:
        with pa.memory_map(str(path)) as source:
            return pa.ipc.open_file(source).read_all()
    except (OSError, pa.ArrowInvalid):
        return None


def _metadata(table: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((table.schema.metadata or {}).get(b"tierwise", b"{}"))
    return found


def _files(folder: Path) -> list[Path]:
    found = []
    for path in folder.glob("raw-*.arrow"):
        with contextlib.suppress(OSError):  # another process removed it just now
            found.append((path.stat().st_mtime_ns, path))
    return [path for _, path in sorted(found, reverse=True)]


def _prune(folder: Path, keep: int = KEPT) -> None:
    for path in _files(folder)[keep:]:
        with contextlib.suppress(OSError):
            path.unlink()


__all__ = ["FORMAT", "KEPT", "About", "Kept", "clear", "kept", "save"]
