"""What the command line shows, as plain data: no store, no columns, no colours.

The command line fills these from the engine's results and `engine.render` prints them, so that a page can be tested
without a database and another surface can show the same figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.policy import Text

Words = str | Text
"""A text in one language, or in both."""


@dataclass(frozen=True, slots=True)
class LabelLine:
    """One label of an output. step: 1 (best) to 8. amount: revenue of its customers, minor units."""

    key: str
    title: Text
    step: int
    customers: int
    amount: int


@dataclass(frozen=True, slots=True)
class OutputSummary:
    """The labels of one output, best first. withheld: customers without a value; withheld_amount: their revenue."""

    address: str
    title: Text
    lines: Sequence[LabelLine]
    withheld: int = 0
    withheld_amount: int = 0

    @property
    def policy(self) -> str:
        """The key of the policy that gives this output."""
        return self.address.partition(".")[0]

    @property
    def amount(self) -> int:
        """Revenue of all customers, minor units."""
        return sum(line.amount for line in self.lines) + self.withheld_amount

    @property
    def customers(self) -> int:
        """All customers, those without a value included."""
        return sum(line.customers for line in self.lines) + self.withheld


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run as its first page tells it.

    as_of: ISO 8601 in the business zone. graded: customers with an outcome, by policy. seconds: by step, in order.
    withheld: customers without an outcome, by policy and reason. faults, stale: by policy, what failed and what it
    took along. held: why nobody sees the run yet. moved: customers of whom anything changed; changes: what changed.
    reading: whose facts were read again, where not simply everybody's were asked for.
    """

    run: int
    status: str
    rulebook_name: str
    rulebook_version: int
    as_of: str
    customers: int
    graded: Mapping[str, int]
    digest: str
    seconds: Mapping[str, float]
    outputs: Sequence[OutputSummary]
    withheld: Mapping[str, Mapping[Text, int]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    stale: Mapping[str, str] = field(default_factory=dict)
    held: Sequence[str] = ()
    warnings: Sequence[str] = ()
    changes: int = 0
    moved: int = 0
    currency: str = ""
    minor_digits: int = 2
    base_run: int | None = None
    reading: Text | None = None


@dataclass(frozen=True, slots=True)
class ExplanationView:
    """Why one customer is where it is in one policy, in words of the reader's language.

    value: the label's key; value_title: what people call it. since: ISO 8601, or empty. withheld: why there is no
    value. inputs: what the policy read, as (title, value with unit). nearest: what would give another outcome.
    reach: what the outcome that was asked for takes. notes: what a reader has to know. verdicts, population, thresholds:
    every rule with its verdict, as `Explanation` has them; empty where they are not shown.
    """

    policy: str
    title: Words
    value: str | None
    value_title: Words
    step: int | None = None
    since: str = ""
    withheld: Words = ""
    reasons: Sequence[str] = ()
    inputs: Sequence[tuple[Words, str]] = ()
    nearest: Sequence[str] = ()
    effective: Sequence[str] = ()
    reach: str = ""
    notes: Sequence[str] = ()
    verdicts: Sequence[Mapping[str, Any]] = ()
    population: Mapping[str, Any] | None = None
    thresholds: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A value that a customer had or has. rank: smaller is better, equal is neither; None has no direction."""

    title: Text
    step: int | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    """How many customers went from one value of an output to another; None is no value."""

    address: str
    title: Text
    was: Place | None
    now: Place | None
    customers: int

    @property
    def direction(self) -> int:
        """1 up, -1 down, 0 where there is no order."""
        if self.was is None or self.now is None or self.was.rank is None or self.now.rank is None:
            return 0
        return (self.was.rank > self.now.rank) - (self.was.rank < self.now.rank)


@dataclass(frozen=True, slots=True)
class Move:
    """One customer's change: the flow it is part of, and why."""

    customer: str
    flow: Flow
    reason: Words = ""


@dataclass(frozen=True, slots=True)
class ChangesView:
    """What moved in a run. moved: customers of whom anything changed. moves: the first of them."""

    run: int
    as_of: str
    customers: int
    moved: int
    changes: int
    flows: Sequence[Flow]
    moves: Sequence[Move] = ()
    base_run: int | None = None
    reading: Text | None = None


@dataclass(frozen=True, slots=True)
class ImportView:
    """What an import did. rows, accepted, rejected, ignored: rows of the file; created, updated, unchanged: facts.

    rejected: reason to rows and first examples. ignored: reason to rows. amount_text: the sales that came in.
    """

    file: str
    kind: str
    rows: int
    accepted: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: Mapping[str, tuple[int, Sequence[str]]] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)
    orders: int = 0
    refunds: int = 0
    customers_created: int = 0
    amount_text: str = ""
    seconds: float = 0.0
    dry_run: bool = False
    batch: int | None = None
    warnings: Sequence[str] = ()

    @property
    def rejected_rows(self) -> int:
        """Rows set aside because something is wrong with them."""
        return sum(count for count, _ in self.rejected.values())

    @property
    def ignored_rows(self) -> int:
        """Rows that a rule of the mapping leaves out."""
        return sum(self.ignored.values())

    @property
    def missing_rows(self) -> int:
        """Rows that are neither accepted, left out nor rejected: 0, or there is a bug."""
        return self.rows - self.accepted - self.ignored_rows - self.rejected_rows


@dataclass(frozen=True, slots=True)
class RunLine:
    """One row of the list of runs. as_of: ISO 8601."""

    run: int
    status: str
    as_of: str
    rulebook_version: int
    customers: int
    moved: int
    faults: int
    seconds: float
    digest: str


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One row of the list of rulebook versions. published: ISO 8601, or empty for one never published."""

    number: int
    hash: str
    live: bool
    author: str
    published: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class DemoView:
    """How `make demo` ends: the run, one customer of it explained, and what to type next as (command, what it does).

    more: titles of the outputs that the run gave beside those that are shown.
    """

    run: RunSummary
    customer: str
    name: str
    explanations: Sequence[ExplanationView]
    next_steps: Sequence[tuple[str, str]]
    more: Sequence[Text] = ()
