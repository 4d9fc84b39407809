"""Hand out what the store holds: as files in four formats, or as data frames.

Everything is read in one view of the store and written in batches; a file appears under its name only when it is whole.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zoneinfo import ZoneInfo

from engine.errors import TierwiseError, did_you_mean
from engine.exporting.table import Table
from engine.exporting.writers import WRITERS
from engine.store import exports
from engine.store.outcomes import RunRecord
from engine.store.session import Store

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import Connection

    from engine.service import Engine


def write_table(table: Table, format_: str, stream: BinaryIO) -> int:
    """Write a table to an open binary stream and return how many rows it had. Raises `TierwiseError`."""
    if format_ not in WRITERS:
        hint = did_you_mean(format_, WRITERS)
        raise TierwiseError(f"there is no format {format_!r}; {hint or 'formats are ' + ', '.join(WRITERS)}")
    return WRITERS[format_](table, stream)


def write_file(table: Table, format_: str, path: Path) -> int:
    """Write a table to a file, which is there whole or not at all, and return how many rows it had.

    Raises `TierwiseError` when the folder is missing, not writable or full; a file that was there before then stands.
    """
    with _new_file(path) as stream:
        return write_table(table, format_, stream)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a small file, whole or not at all. Raises `TierwiseError` like `write_file`."""
    with _new_file(path) as stream:
        stream.write(data)


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A temporary file beside `path` that takes its place at the end; a link stays one, its target is replaced."""
    if path.is_dir():
        raise TierwiseError(f"{path} is a folder; expected the name of a file to write")
    if path.exists() and not path.is_file():  # taking the place of a device would remove it from the machine
        raise TierwiseError(f"{path} is a device or a pipe; expected the name of a file to write")
    if not path.parent.is_dir():
        raise TierwiseError(f"{path}: the folder {path.parent} does not exist")
    part: Path | None = None
    target = path.resolve()
    try:
        number, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:80]}.", suffix=".part")
        part = Path(name)
        with open(number, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(target)
    except OSError as error:
        raise TierwiseError(f"{path} cannot be written: {error.strerror or error}; nothing was left behind") from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def _umask() -> int:
    """What the user takes away from new files; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


TABLES = ("assignments", "changes", "customers", "rejected")


def table_of(
    engine: Engine,
    connection: Connection,
    what: str,
    *,
    run_id: int | None = None,
    policy: str | None = None,
    value: str | None = None,
    all_outputs: bool = False,
    batch: int | None = None,
) -> Table:
    """One of the tables that can be taken out, over an open connection. Raises `TierwiseError`."""
    from engine.store import customer_export

    sight = engine.sight
    match what:
        case "customers":
            return customer_export.customers(connection, sight)
        case "rejected":
            return exports.rejected(connection, batch, sight=sight)
        case "changes":
            return exports.changes(connection, engine.run_record(run_id), engine.zone, reach=sight.reach)
        case "assignments":
            record = engine.run_record(run_id)
            options: dict[str, Any] = {"policy": policy, "value": value, "all_outputs": all_outputs, "reach": sight.reach}
            return exports.assignments(connection, record, engine.zone, **options)
    raise TierwiseError(f"there is no table {what!r}; {did_you_mean(what, TABLES) or 'tables are ' + ', '.join(TABLES)}")


def export_file(engine: Engine, what: str, format_: str, path: Path, **options: Any) -> int:
    """Write one of the tables to a file and return how many rows it had; options are those of `table_of`."""
    with engine.store.read() as connection:
        return write_file(table_of(engine, connection, what, **options), format_, path)


def assignments_frame(
    store: Store, record: RunRecord, zone: ZoneInfo, *, policy: str | None = None, value: str | None = None
) -> pd.DataFrame:
    """The assignments of a run: columns customer, policy, output, value, since (ISO 8601 in the business zone)."""
    with store.read() as connection:
        return _frame(exports.assignments(connection, record, zone, policy=policy, value=value))


def changes_frame(store: Store, record: RunRecord, zone: ZoneInfo) -> pd.DataFrame:
    """What moved in a run: columns customer, policy, output, was, now, run, as_of, reason."""
    with store.read() as connection:
        return _frame(exports.changes(connection, record, zone))


def _frame(table: Table) -> pd.DataFrame:
    import pandas as pd

    parts = [pd.DataFrame(dict(zip(table.names, batch, strict=True))) for batch in table.batches]
    if not parts:
        return pd.DataFrame(columns=table.names)
    return pd.concat(parts, ignore_index=True)
