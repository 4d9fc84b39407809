"""Print the views of `engine.report` on a terminal, in English or Chinese.

Every function takes a console, a view and a language ("en" or "zh"), prints and returns nothing. Nothing it prints is
wider than the console, and without a terminal the same page comes out without colour.

Pages: `run_summary`, `explanation`, `changes`, `import_report`, `demo_result`,
`simulation`. Lists: `audit_entries`, `audit_verified`, `features`, `fixed_values`, `plugins`, `runs`,
`versions`, `faults`, `check_ok`, `rule_findings`, `next_steps`. While something works: `rows_progress`, `steps_progress`.
"""

from engine.render.audit import audit_entries, audit_verified
from engine.render.changes import changes
from engine.render.demo import demo_result
from engine.render.evidence import evidence
from engine.render.explanation import explanation
from engine.render.fixed import fixed_values
from engine.render.imports import import_report
from engine.render.lists import check_ok, faults, features, next_steps, plugins, runs, versions
from engine.render.page import make_console
from engine.render.progress import rows_progress, step_words, steps_progress
from engine.render.rules import rule_findings
from engine.render.run import run_summary
from engine.render.simulation import simulation

__all__ = [
    "audit_entries",
    "audit_verified",
    "changes",
    "check_ok",
    "demo_result",
    "evidence",
    "explanation",
    "faults",
    "features",
    "fixed_values",
    "import_report",
    "make_console",
    "next_steps",
    "plugins",
    "rows_progress",
    "rule_findings",
    "run_summary",
    "runs",
    "simulation",
    "step_words",
    "steps_progress",
    "versions",
]
