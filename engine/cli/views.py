"""Results of an open engine as the plain data that `engine.render` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine import summaries
from engine.report import ChangesView, ExplanationView, ImportView, RunLine, RunSummary, VersionLine

if TYPE_CHECKING:
    from engine.explanation import Explanation
    from engine.service import Engine
    from engine.store.ingest import ImportReport
    from engine.store.outcomes import RunRecord


def run_summary(engine: Engine, record: RunRecord) -> RunSummary:
    """The first page of a run."""
    business = engine.business
    rows = [(address, label, customers, amount) for (address, label), (customers, amount) in engine.label_amounts(record.id).items()]
    rulebook = engine.rulebook(str(record.version_id))
    return summaries.summary_of(record, rulebook, rows, business.currency, business.minor_digits, engine.written)


def changes_view(engine: Engine, record: RunRecord, flows: Sequence[Mapping[str, Any]], moves: Sequence[Mapping[str, Any]]) -> ChangesView:
    """What moved in a run."""
    return summaries.changes_of(record, engine.rulebook(str(record.version_id)), flows, moves, engine.written)


def import_view(engine: Engine, report: ImportReport) -> ImportView:
    """What an import did."""
    return summaries.import_of(report, engine.business.currency, engine.business.minor_digits)


def run_line(engine: Engine, record: RunRecord) -> RunLine:
    """One row of the list of runs."""
    return summaries.run_line(record, engine.written)


def version_lines(engine: Engine) -> list[VersionLine]:
    """The rulebook versions, the newest first."""
    versions = engine.rulebook_log()
    live = engine.version().number if any(version.published_at for version in versions) else None
    return [summaries.version_line(version, live, engine.written) for version in versions]


def explanation_view(engine: Engine, explanation: Explanation, *, full: bool = False) -> ExplanationView:
    """One policy's explanation, its first output as the headline. full: with every verdict."""
    first = explanation.outputs[0] if explanation.outputs else None
    present = first is not None and first.value is not None
    return ExplanationView(
        policy=explanation.policy,
        title=explanation.title,
        value=str(first.value) if first is not None and present else None,
        value_title=first.text if first is not None and present else "",
        step=_step(engine, explanation, str(first.value)) if first is not None and first.kind in ("label", "flag") else None,
        since=(first.since or "") if first is not None else "",
        withheld=explanation.withheld or "",
        reasons=explanation.reasons,
        inputs=[(given.title, given.text) for given in explanation.inputs],
        nearest=[what_if.sentence for what_if in explanation.nearest] if explanation.reach is None else [],
        reach=explanation.reach.sentence if explanation.reach else "",
        notes=explanation.notes,
        verdicts=explanation.verdicts if full else (),
        population=explanation.population if full else None,
        thresholds=explanation.thresholds if full else None,
        effective=[sentence for output in explanation.outputs if output.effective for sentence in output.effective.sentences],
    )


def _step(engine: Engine, explanation: Explanation, value: str) -> int | None:
    """The colour step of a value of a policy's first output."""
    output = engine.rulebook(str(explanation.rulebook)).plan.step(explanation.policy).outputs[0]
    labels = summaries.labels_of(output)
    key = value.lower() if output.kind == "flag" else value
    return next((summaries.step_of(label, position, len(labels)) for position, label in enumerate(labels) if label.key == key), None)
