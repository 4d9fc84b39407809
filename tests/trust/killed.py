"""What a process does that kills itself (SIGKILL) when its run says its k-th statement; the parent imports nothing twice."""

from __future__ import annotations

import os
import signal

from engine.service import Engine
from tests.trust.test_statements import Counter, counting


class Killer(Counter):
    """Ends the process at the statement asked for, without any goodbye."""

    def say(self, statement: str) -> None:
        self.said.append(statement)
        if len(self.said) == self.fail:
            os.kill(os.getpid(), signal.SIGKILL)


def run_and_die(url: str, as_of: int, number: int) -> None:
    """Run, and be killed at statement `number`; a run with fewer statements ends well."""
    with Engine.open(url) as engine, counting(engine, Killer(number)):
        engine.run(as_of)
