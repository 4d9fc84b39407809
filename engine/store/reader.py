"""The reader process of an SQLite store: runs feature queries with ADBC alone and leaves Arrow files.

It must never share a process with Python's own sqlite3: two SQLite libraries on one file lose commits and crash
(ENGINE 1). So this module imports neither sqlite3 nor SQLAlchemy, and it ends when its answers are written.

It speaks lines of JSON: it says {"ready": "loaded"}; is told {"path", "folder", "queries": [{"name", "text"}], "workers"};
opens its connections, makes one SELECT on each and says {"ready": "snapshot"}, so that the parent can let go of its
lock; answers {"done": [file names]} or {"error": text}.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa

BATCH_ROWS = "65536"


def main() -> None:
    """Serve one read over standard input and output."""
    _say({"ready": "loaded"})
    line = sys.stdin.readline()
    if not line.strip():
        return
    task = json.loads(line)
    try:
        connections = [_snapshot(task["path"]) for _ in range(task["workers"])]
        _say({"ready": "snapshot"})
        started = time.perf_counter()
        _run(task, connections)
        _say({"done": len(task["queries"]), "seconds": round(time.perf_counter() - started, 4)})
        for connection in connections:
            connection.close()
    except Exception as error:  # whatever it is, the parent must hear of it
        _say({"error": f"{type(error).__name__}: {error}"})


def _snapshot(path: str) -> Any:
    connection = adbc.connect(f"file:{path}?mode=ro", autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("select seq from fact_clock")
        cursor.fetchall()
    return connection


def _run(task: dict[str, Any], connections: list[Any]) -> None:
    waiting: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
    for query in task["queries"]:
        waiting.put(query)
    errors: list[Exception] = []

    def work(connection: Any) -> None:
        try:
            while not errors:
                query = waiting.get_nowait()
                _write(connection, query["text"], os.path.join(task["folder"], query["name"] + ".arrow"))
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


def _write(connection: Any, text: str, path: str) -> None:
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": BATCH_ROWS})
        cursor.execute(text)
        table = cursor.fetch_arrow_table()
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
