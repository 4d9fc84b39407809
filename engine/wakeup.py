"""What wakes a worker when a job is asked for: huey's storage, in a file of its own, or PostgreSQL's NOTIFY.

A message is the number of a job and nothing else, so nothing that is read can run code. Losing one costs seconds, since
workers also look by themselves.
"""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from engine.store.session import Store

log = logging.getLogger("tierwise.jobs")

NAME = "tierwise"

_LOCK = Lock()
_QUEUES: WeakKeyDictionary[Store, Any] = WeakKeyDictionary()


def wake(store: Store, job_id: int) -> None:
    """Tell the workers that a job waits. What goes wrong here is only logged: the job is in its table."""
    try:
        _queue(store).enqueue(str(job_id).encode("ascii"))
    except Exception as error:
        log.warning("the queue cannot be written (%s); a worker finds job %s by itself", error, job_id)


def next_call(store: Store) -> int | None:
    """The next job somebody called for, or None. On PostgreSQL it waits up to a second; on SQLite it answers at once."""
    data = _queue(store).dequeue()
    if data is None:
        return None
    text = bytes(data).decode("ascii", errors="replace")
    return int(text) if text.isdigit() else None


def hang_up(store: Store) -> None:
    """Close this thread's connection to the queue."""
    _queue(store).close()


def _queue(store: Store) -> Any:
    """The queue's storage; one per open store."""
    with _LOCK:
        if store not in _QUEUES:
            _QUEUES[store] = _open(store)
            store.at_close(_QUEUES[store].close)
        return _QUEUES[store]


def _open(store: Store) -> Any:
    import huey

    if store.is_sqlite:
        return huey.SqliteHuey(NAME, filename=f"{store.path}.queue.db", timeout=5, results=False).storage
    dsn = store.sql.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return huey.PostgresHuey(NAME, dsn=dsn, results=False).storage
