"""Make the views of `engine.report` from the engine's own results: runs, flows, imports, versions.

Titles and colours come from the rulebook; what is no longer declared there is shown by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.policy import Label, Output, Text
from engine.reading import reading_of
from engine.render.figures import money
from engine.render.scale import even_step
from engine.report import ChangesView, Flow, ImportView, LabelLine, Move, OutputSummary, Place, RunLine, RunSummary, VersionLine
from engine.rulebook import PolicyEntry, Rulebook
from engine.run import Withholding
from engine.store.outcomes import RunRecord
from engine.store.rulebooks import Version
from engine.wording import reason_text

if TYPE_CHECKING:
    from engine.store.ingest.report import ImportReport

LabelRow = tuple[str, str, int, int]
"""Address, label key ("" for no value), customers, revenue in minor units: a row of the table label_summary."""

_FLAG = (Label("true", Text("yes", "是"), 1), Label("false", Text("no", "否"), 8))


def summary_of(
    record: RunRecord, rulebook: Rulebook, rows: Iterable[LabelRow], currency: str, minor_digits: int, written: Callable[[int], str]
) -> RunSummary:
    """The summary of a run, of every output that has history. written: a moment as ISO 8601 in the business zone."""
    report = record.report
    return RunSummary(
        run=record.id,
        status=record.status,
        rulebook_name=report["rulebook"]["name"],
        rulebook_version=report["rulebook"]["number"],
        as_of=written(record.as_of),
        customers=record.customers,
        graded=record.graded,
        digest=record.digest,
        seconds=record.seconds,
        outputs=_outputs(record, rulebook, list(rows)),
        withheld=_withheld(record, rulebook),
        faults=record.faults,
        stale=report["stale"],
        held=tuple(record.held) if record.status == "held" else (),
        warnings=tuple(record.warnings),
        changes=report["changes"],
        moved=report["moved"],
        currency=currency,
        minor_digits=minor_digits,
        base_run=record.base_run_id,
        reading=_reading(record),
    )


def _reading(record: RunRecord) -> Text | None:
    found = reading_of(record.reading) if record.reading else None
    return found.sentence() if found and found.why != "asked" else None


def labels_of(output: Output) -> tuple[Label, ...]:
    """The labels of an output, best first; a flag has yes and no."""
    return _FLAG if output.kind == "flag" else output.labels


def step_of(label: Label, position: int, count: int) -> int:
    """The colour step of a label: its own, or by its place among all."""
    return label.step if label.step is not None else even_step(position, count)


def title_of(entry: PolicyEntry, output: Output) -> Text:
    """The title of an output: that of its policy, with its own where the policy shows several."""
    shown = [other for other in entry.policy.outputs() if other.has_history]
    if len(shown) < 2 or output.title is None:
        return entry.title
    return Text(f"{entry.title.en}: {output.title.en}", f"{entry.title.zh}：{output.title.zh}")


def _shown(rulebook: Rulebook) -> list[tuple[str, PolicyEntry, Output]]:
    """Outputs with history, with their addresses, in the order of the rulebook."""
    return [
        (f"{entry.key}.{output.name}", entry, output)
        for entry in rulebook.entries
        for output in entry.policy.outputs()
        if output.has_history
    ]


def _outputs(record: RunRecord, rulebook: Rulebook, rows: Sequence[LabelRow]) -> list[OutputSummary]:
    counted = {(address, key): (customers, minor) for address, key, customers, minor in rows}
    found = []
    for address, entry, output in _shown(rulebook):
        if address not in record.outputs:
            continue
        labels = labels_of(output)
        lines = [
            LabelLine(label.key, label.title, step_of(label, i, len(labels)), *counted.get((address, label.key), (0, 0)))
            for i, label in enumerate(labels)
        ]
        found.append(OutputSummary(address, title_of(entry, output), lines, *counted.get((address, ""), (0, 0))))
    return found


def _reasons(record: RunRecord, rulebook: Rulebook) -> dict[tuple[str, str], Text]:
    """The reasons of a run in both languages, by policy and the English words in which the run keeps them."""
    found = [Withholding(*row[:4]) for row in record.report["reasons"]]
    return {(reason.policy, str(reason)): reason_text(reason, found, rulebook) for reason in found}


def _withheld(record: RunRecord, rulebook: Rulebook) -> dict[str, dict[Text, int]]:
    """Customers without a value by policy and reason, the most frequent reason first."""
    known = _reasons(record, rulebook)
    found: dict[str, dict[Text, int]] = {}
    for policy, counts in record.withheld.items():
        named = found[policy] = {}
        for words, count in counts.items():
            text = known.get((policy, words), Text(words, words))
            named[text] = named.get(text, 0) + count
    return found


def changes_of(
    record: RunRecord,
    rulebook: Rulebook,
    flows: Iterable[Mapping[str, Any]],
    moves: Iterable[Mapping[str, Any]],
    written: Callable[[int], str],
) -> ChangesView:
    """What moved in a run, from the rows of the store's flows and changes."""
    shown = {address: (title_of(entry, output), labels_of(output), output.kind == "flag") for address, entry, output in _shown(rulebook)}

    def flow(address: str, was: str | None, now: str | None, customers: int) -> Flow:
        title, labels, flag = shown.get(address, (Text(address, address), (), False))
        return Flow(address, title, _place(was, labels, flag), _place(now, labels, flag), customers)

    known = _reasons(record, rulebook)

    def reason(row: Mapping[str, Any]) -> Text:
        words = row["reason"] or ""
        return known.get((row["policy"], words), Text(words, words))

    return ChangesView(
        run=record.id,
        as_of=written(record.as_of),
        customers=record.customers,
        moved=record.report["moved"],
        changes=record.report["changes"],
        flows=[flow(row["output"], row["was"], row["now"], row["customers"]) for row in flows],
        moves=[Move(row["customer"], flow(f"{row['policy']}.{row['output']}", row["was"], row["now"], 1), reason(row)) for row in moves],
        base_run=record.base_run_id,
    )


def _place(key: str | None, labels: Sequence[Label], flag: bool) -> Place | None:
    if key is None:
        return None
    for position, label in enumerate(labels):
        if label.key == key:
            return Place(label.title, step_of(label, position, len(labels)), None if flag else rank_in(position, labels))
    return Place(Text(key, key))


def rank_in(position: int, labels: Sequence[Label]) -> int:
    """Which labels are better: by their steps where each has one (stages stand in order of life, not of worth), else by position."""
    steps = [label.step for label in labels]
    return position if None in steps else steps[position] or 0


def rank_of(rulebook: Rulebook, address: str, key: str) -> int | None:
    """How good a value of an output is, smaller is better; None for flags and for what the rulebook does not declare."""
    for known, _, output in _shown(rulebook):
        if known == address and output.kind != "flag":
            place = _place(key, labels_of(output), flag=False)
            return place.rank if place else None
    return None


def import_of(report: ImportReport, currency: str, minor_digits: int) -> ImportView:
    """What an import did."""
    return ImportView(
        file=report.file,
        kind=report.kind,
        rows=report.rows,
        accepted=report.accepted,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        rejected=dict(report.rejected),
        ignored=dict(report.ignored),
        orders=report.orders,
        refunds=report.refunds,
        customers_created=report.customers_created,
        amount_text=money(report.amount, minor_digits, currency) if report.amount else "",
        seconds=report.seconds,
        dry_run=report.dry_run,
        batch=report.batch,
        warnings=tuple(report.warnings),
    )


def run_line(record: RunRecord, written: Callable[[int], str]) -> RunLine:
    """A run as one row of a list."""
    return RunLine(
        record.id,
        record.status,
        written(record.as_of),
        record.report["rulebook"]["number"],
        record.customers,
        record.report["moved"],
        len(record.faults),
        sum(record.seconds.values()),
        record.digest,
    )


def version_line(version: Version, live: int | None, written: Callable[[int], str]) -> VersionLine:
    """A rulebook version as one row of a list. live: the number of the live version."""
    published = written(version.published_at) if version.published_at else ""
    return VersionLine(version.number, version.hash, version.number == live, version.author, published, version.note)
