"""The reader process of an SQLite store: run feature queries with ADBC alone and leave Arrow files.

It must never share a process with Python's own sqlite3: two SQLite libraries on one file lose commits and crash
(ENGINE 1). So this module imports neither sqlite3 nor SQLAlchemy, only what it needs (0.08 s), and ends with its work.

It is started with the store's path and the number of connections, and speaks lines of JSON:

========================================= ==================================================================
says                                      hears
========================================= ==================================================================
{"open": 2} connections made              {"begin": true}
{"began": [[41, 7], [41, 7]]} see below   {"tasks": [{"file": ..., "text": ...}, ...]}
{"file": ...} for each, as it is finished nothing more: closing its input ends it at any moment
{"done": 12}, or {"error": text} anywhere
========================================= ==================================================================

What began is the number of the fact clock and of the newest act of the points ledger that each connection sees.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import Any

BATCH_ROWS = 65_536
BUSY_MILLISECONDS = 15_000


def main() -> None:
    """Serve one read over standard input and output."""
    try:
        _serve(sys.argv[1], int(sys.argv[2]))
    except BrokenPipeError:
        os._exit(1)  # the parent is gone
    except Exception as error:  # whatever it is, the parent must hear of it
        _say({"error": f"{type(error).__name__}: {error}"})


def _serve(path: str, count: int) -> None:
    connections = [_open(path) for _ in range(count)]
    _say({"open": count})
    if not _hear():
        return
    _say({"began": [_begin(connection) for connection in connections]})
    order = _hear()
    if not order:
        return
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _run(order["tasks"], connections)
    _say({"done": len(order["tasks"])})
    sys.stdout.flush()
    os._exit(0)  # nothing is left to tidy up, and the watching thread still waits for input


def _open(path: str) -> Any:
    """A connection in a transaction of its own; SQLite takes the snapshot at its first SELECT."""
    import adbc_driver_manager as adbc
    import adbc_driver_sqlite

    database = adbc.AdbcDatabase(driver=adbc_driver_sqlite._driver_path(), uri=f"file:{_escaped(path)}?mode=ro")
    connection = adbc.AdbcConnection(database)
    _query(connection, f"pragma busy_timeout={BUSY_MILLISECONDS}")
    connection.set_autocommit(False)
    return connection


def _begin(connection: Any) -> list[int]:
    found = _query(connection, "select seq, (select coalesce(max(id), 0) from points_act) as act from fact_clock")
    return [int(found.column(name)[0].as_py()) for name in ("seq", "act")]


def _query(connection: Any, text: str) -> Any:
    """The whole answer as an Arrow table. The driver's own DB-API layer is left out: importing it takes 0.35 s."""
    import adbc_driver_manager as adbc
    import pyarrow

    with adbc.AdbcStatement(connection) as statement:
        statement.set_options(**{"adbc.sqlite.query.batch_rows": BATCH_ROWS})
        statement.set_sql_query(text)
        stream, _ = statement.execute_query()
        return pyarrow.RecordBatchReader._import_from_c(stream.address).read_all()


def _run(tasks: list[dict[str, str]], connections: list[Any]) -> None:
    """Share the tasks among the connections, a thread each; SQLite computes without Python's lock."""
    waiting: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    errors: list[Exception] = []

    def work(connection: Any) -> None:
        try:
            while not errors:
                task = waiting.get_nowait()
                _write(_query(connection, task["text"]), task["file"])
                _say({"file": task["file"]})
        except queue.Empty:
            return
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(connection,)) for connection in connections]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def _write(table: Any, path: str) -> None:
    import pyarrow

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file, pyarrow.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def _escaped(path: str) -> str:
    """The path as part of an SQLite URI."""
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _hear() -> dict[str, Any]:
    line = sys.stdin.readline()
    heard: dict[str, Any] = json.loads(line) if line.strip() else {}
    return heard


_speaking = threading.Lock()


def _say(message: dict[str, Any]) -> None:
    with _speaking:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.modules["numpy"] = None  # type: ignore[assignment]  # pyarrow does without it, which halves the start
    main()
