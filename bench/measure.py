"""What the benchmarks share: whole processes timed from outside, their memory, medians, and how figures are printed."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ["TIERWISE_FOUR_EYES"] = "off"  # nobody is there to approve the rulebook of a measurement
TIERWISE = [str(Path(sys.executable).parent / "tierwise")]

THREE = Path(__file__).with_name("three.yaml")
"""The rulebook of the comparisons; the starter that ships has more policies than the scripts compute."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process took: seconds of wall time, MB of the largest process in it, and what it printed."""

    seconds: float
    megabytes: float
    output: str


@dataclass(slots=True)
class Series:
    """The same process several times."""

    name: str
    taken: list[Taken] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """The median wall time."""
        return statistics.median(each.seconds for each in self.taken)

    @property
    def fastest(self) -> float:
        """The shortest wall time: the one that other work on the machine disturbed least."""
        return min(each.seconds for each in self.taken)

    @property
    def megabytes(self) -> float:
        """The largest memory."""
        return max(each.megabytes for each in self.taken)

    @property
    def spread(self) -> str:
        """Fastest to slowest."""
        times = [each.seconds for each in self.taken]
        return f"{min(times):.2f}-{max(times):.2f}"


def whole_process(command: Sequence[str | Path], *, cwd: Path | None = None) -> Taken:
    """Run a command to its end and measure it from outside, start-up and imports included.

    Memory is the peak of the process itself or of any one process that it started and waited for, not their sum.
    Raises `SystemExit` with what it printed when it fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output}{errors}")
    return Taken(seconds, usage.ru_maxrss / 1024, output)


def verdict(value: float, limit: float, *, at_least: bool = False) -> str:
    """The target and whether it is met."""
    met = value >= limit if at_least else value <= limit
    return f"{'>=' if at_least else '<='} {limit:g} {'met' if met else 'MISSED'}"


def machine() -> str:
    """On what was measured."""
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?"
    )
    return f"{os.cpu_count()} cores ({model}), Python {sys.version.split()[0]}"
