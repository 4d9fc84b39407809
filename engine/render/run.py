"""The page of a run: what it rests on, what it gave, what it could not give."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text as Line

from engine.render import scale
from engine.render.figures import moment, number
from engine.render.findings import run_finding
from engine.render.labels import Ladder, Layout
from engine.render.page import Page, pairs
from engine.render.phrases import STATUS, STEP, named, sentence
from engine.report import RunSummary


def run_summary(console: Console, run: RunSummary, language: str) -> None:
    """Print a whole run."""
    page = Page(console, language)
    header(page, run)
    alarms(page, run)
    ladders(page, run)
    footer(page, run)


def header(page: Page, run: RunSummary) -> None:
    """Print what the run rests on: moment, rulebook, base run, digest."""
    status = named(STATUS, run.status, page.language)
    page.title(run_finding(run).in_(page.language))
    page.print(
        pairs(
            [
                (page.say("run", "运行"), Line(page.dots([f"{run.run}", status, page.say("digest", "摘要") + f" {run.digest[:12]}"]))),
                (page.say("as of", "截至"), Line(moment(run.as_of, page.language, full=True))),
                (
                    page.say("rulebook", "规则手册"),
                    Line(
                        page.say(
                            f"{run.rulebook_name}, version {run.rulebook_version}", f"{run.rulebook_name}，版本 {run.rulebook_version}"
                        )
                    ),
                ),
                (page.say("changes", "变动"), Line(_changes(page, run))),
                *([(page.say("read again", "重新读取"), Line(run.reading.in_(page.language)))] if run.reading else []),
            ]
        )
    )


def _changes(page: Page, run: RunSummary) -> str:
    if run.base_run is None:
        return page.say("none, this is the first run", "无，这是首次运行")
    if not run.changes:
        return page.say(f"none since run {run.base_run}", f"与运行 {run.base_run} 相同")
    changes, moved = number(run.changes), number(run.moved)
    who = "customer" if run.moved == 1 else "customers"
    return page.say(f"{changes} for {moved} {who} since run {run.base_run}", f"自运行 {run.base_run} 以来，{moved} 位客户共 {changes} 项")


def alarms(page: Page, run: RunSummary) -> None:
    """Print what a person must see first: a run that is held, policies that failed, warnings."""
    say = page.say
    if run.held:
        head = say("Held: assignments stay as they were until somebody releases this run", "已暂扣：放行之前，客户分级保持不变")
        page.callout(head, [sentence(why, page.language) for why in run.held], scale.WARN, f"tierwise run --release {run.run}")
    for policy, fault in run.faults.items():
        page.callout(say(f"{policy} failed; its former values stand", f"{policy} 运行出错，保留原有结果"), [fault], scale.BAD)
    for policy, cause in run.stale.items():
        page.callout(
            say(f"{policy} keeps its former values: it needs {cause}, which failed", f"{policy} 保留原有结果：其依赖的 {cause} 运行出错"),
            [],
            scale.BAD,
        )
    if run.warnings:
        page.callout(say("Worth knowing", "请注意"), [sentence(warning, page.language) for warning in run.warnings], scale.WARN)


def ladders(page: Page, run: RunSummary) -> None:
    """Print every output of the run as a ladder of its labels, all with the same columns."""
    found = [Ladder.of(page, output, run.minor_digits, run.withheld.get(output.policy, {})) for output in run.outputs if output.customers]
    layout = Layout.of(page, found, run.currency)
    for ladder in found:
        ladder.print(page, layout)


def footer(page: Page, run: RunSummary) -> None:
    """Print where the time went."""
    if run.seconds:
        shown = {named(STEP, step, page.language): seconds for step, seconds in run.seconds.items() if seconds >= 0.005}
        steps = page.say(", ", "，").join(f"{step} {seconds:.2f}" for step, seconds in shown.items())
        page.print()
        page.print(
            Line(page.say(f"{sum(run.seconds.values()):.2f} s: ", f"用时 {sum(run.seconds.values()):.2f} 秒：") + steps, scale.QUIET)
        )
