"""What verification found in the rules of a rulebook: where, an example, and how many customers it touches."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text as Line

from engine.policy import Text
from engine.render import scale
from engine.render.figures import number
from engine.render.page import Page, pairs
from engine.rule_findings import RuleFinding

_SEVERITY = {
    "error": (Text("error", "错误"), scale.BAD),
    "warning": (Text("warning", "警告"), scale.WARN),
    "note": (Text("note", "提示"), scale.STEPS[7]),
}
MOST = 60
"""Findings that are listed; all are in --json."""


def rule_findings(console: Console, found: Sequence[RuleFinding], language: str) -> None:
    """Print the findings, policy by policy, errors first; nothing when there are none."""
    page = Page(console, language)
    if not found:
        return
    count = number(len(found))
    page.title(page.say(f"{count} findings in the rules" if len(found) != 1 else "1 finding in the rules", f"规则中有 {count} 处发现"))
    order = list(_SEVERITY)
    listed = sorted(found, key=lambda each: order.index(each.finding.severity))[:MOST]
    page.print(pairs((each.finding.id, _words(page, each)) for each in listed))
    if len(found) > MOST:
        page.print(
            Line(
                page.say(f"and {number(len(found) - MOST)} more: --json lists all", f"其余 {number(len(found) - MOST)} 处见 --json"),
                scale.QUIET,
            )
        )


def _words(page: Page, each: RuleFinding) -> Line:
    severity, tone = _SEVERITY[each.finding.severity]
    touched = ""
    if each.customers is not None:
        customers = number(each.customers)
        touched = page.say(f"{customers} stored customer{'' if each.customers == 1 else 's'}", f"涉及 {customers} 位客户")
    where = page.dots([".".join(filter(None, (each.policy, each.place))), touched])
    return Line.assemble((severity.in_(page.language), tone), "  ", each.finding.text.in_(page.language), "\n", (where, scale.QUIET))
