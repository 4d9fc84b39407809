"""A long body, kept beside memory: read once from the client, hashed on the way, then read line by line.

The store's write lock is taken only when the whole body is there, so a client that sends slowly holds nobody up; and the
hash is what an idempotency key is checked against before anything is done.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from flask import Request, g

from engine.api.parsing import read_json
from engine.api.problems import Problem

IN_MEMORY = 1024 * 1024
PART = 256 * 1024
LONGEST_LINE = 1024 * 1024


class Spool:
    """The body of a request."""

    def __init__(self, request: Request) -> None:
        self._file = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115  # closed with the request
        self._digest = hashlib.sha256()
        try:
            while part := request.stream.read(PART):
                self._file.write(part)
                self._digest.update(part)
        except BaseException:
            self._file.close()
            raise

    @property
    def digest(self) -> bytes:
        """SHA-256 of the body."""
        return self._digest.digest()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines that are not blank, with their numbers from 1. Raises `Problem` for one longer than 1 MB."""
        self._file.seek(0)
        number = 0
        while line := self._file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise _broken(number, f"longer than {LONGEST_LINE:,} bytes", "too_large")
            if line.strip():
                yield number, line

    def objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each line as an object of JSON, with its number. Raises `Problem` that names the line which is none."""
        for number, line in self.lines():
            try:
                found = read_json(line, f"line {number}")
            except Problem as error:
                raise Problem(error.code, error.detail, errors=[{"field": f"line {number}", "reason": error.detail}]) from None
            if not isinstance(found, dict):
                raise _broken(number, "expected an object", "invalid")
            yield number, found

    def close(self) -> None:
        """Give the space back."""
        self._file.close()


def spooled(request: Request) -> Spool:
    """The body of the request in hand, read once."""
    if "spool" not in g:
        g.spool = Spool(request)
    return cast(Spool, g.spool)


def unspool() -> None:
    """Close what the request in hand has spooled."""
    kept = g.pop("spool", None)
    if kept is not None:
        kept.close()


def _broken(number: int, reason: str, code: str) -> Problem:
    return Problem(code, f"line {number}: {reason}", errors=[{"field": f"line {number}", "reason": reason}])
