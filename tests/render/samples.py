"""Views to print: a small run, and pages for everything else, with wide characters and hostile texts in them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console

from engine import Text, render
from engine.catalogue import Catalogue
from engine.errors import Fault
from engine.registry import PluginHealth
from engine.report import (
    ChangesView,
    DemoView,
    ExplanationView,
    Flow,
    ImportView,
    LabelLine,
    Move,
    OutputSummary,
    Place,
    RunLine,
    RunSummary,
    VersionLine,
)

HOSTILE = "[bold red]not markup[/] :smile: {braces} \\"


def output(address: str = "abc.class", **changes: Any) -> OutputSummary:
    lines = [
        LabelLine("A", Text("Class A", "A 类"), 1, 20, 8_000_000),
        LabelLine("B", Text("Class B", "B 类"), 4, 30, 1_500_000),
        LabelLine("C", Text("Class C", "C 类"), 8, 40, 500_000),
    ]
    return OutputSummary(
        **{"address": address, "title": Text("Class", "等级"), "lines": lines, "withheld": 10, "withheld_amount": 0, **changes}
    )


def run_view(**changes: Any) -> RunSummary:
    values: dict[str, Any] = {
        "run": 7,
        "status": "visible",
        "rulebook_name": "Retail 零售",
        "rulebook_version": 3,
        "as_of": "2025-12-31T00:00:00+08:00",
        "customers": 100,
        "graded": {"abc": 90},
        "digest": "0123456789abcdef" * 4,
        "seconds": {"read": 0.5, "compute": 0.25, "compare": 0.1, "pack": 0.1, "digest": 0.01, "report": 0.01, "write": 0.2},
        "outputs": [output()],
        "withheld": {"abc": {Text("no order yet", "尚无订单"): 8, Text("not graded: staff", "不参与分级：员工"): 2}},
        "currency": "CNY",
    }
    return RunSummary(**{**values, **changes})


EXPLAINED = ExplanationView(
    policy="abc",
    title=Text("ABC classes", "ABC 分类"),
    value="A",
    value_title=Text("Class A", "A 类"),
    step=1,
    since="2025-06-01T00:00:00+08:00",
    reasons=["9,059.7 is at least 4,802.6.", HOSTILE],
    inputs=[(Text("Sales", "销售额"), "9,059.70 CNY")],
    nearest=["If orders.amount were 4,802.5 instead of 9,059.7, all else equal, abc.class would be B." * 2],
)
WITHHELD = ExplanationView("rfm", Text("RFM segments", "RFM 分群"), None, "", withheld=Text("no order yet", "尚无订单"))

HIGH, LOW = Place(Text("Class A", "A 类"), 1, 0), Place(Text("Class C", "C 类"), 8, 2)
FALL, RISE = Flow("abc.class", Text("Class", "等级"), HIGH, LOW, 1_200), Flow("abc.class", Text("Class", "等级"), LOW, HIGH, 34)
GONE = Flow("rfm.segment", Text("Segment", "分群"), HIGH, None, 5)
CHANGES = ChangesView(
    8, "2026-01-31", 24_000, 1_230, 1_239, [FALL, RISE, GONE], [Move("C00001 黄景行", FALL, Text("new facts", "新的事实"))], 7
)

IMPORT = ImportView(
    file="orders.csv",
    kind="orders",
    rows=1_000,
    accepted=900,
    created=880,
    unchanged=20,
    rejected={"impossible date": (60, ["line 17, ordered_at: '2025-02-30'", HOSTILE]), "unknown customer": (15, [])},
    ignored={"no customer": 25},
    orders=850,
    refunds=30,
    amount_text="¥8,911,407.90",
    seconds=2.0,
    batch=4,
    warnings=["the file names no time zone"],
)
PLUGINS = [
    PluginHealth("rfm", "built in", "0.1.0", policies=["rfm"]),
    PluginHealth("mine", "/opt/plugins.d/mine.py", "", status="broken", error=f"SyntaxError: {HOSTILE}"),
    PluginHealth("old", "package old", "2.0", status="blocked"),
]
RUNS = [
    RunLine(8, "held", "2026-01-31T00:00:00+08:00", 3, 24_000, 1_230, 0, 1.24, "f" * 64),
    RunLine(7, "visible", "2025-12-31T00:00:00+08:00", 3, 24_000, 0, 1, 0.05, "0" * 64),
]
VERSIONS = [VersionLine(2, "b" * 64, True, "李雷", "2025-12-01T10:00:00+08:00", HOSTILE), VersionLine(1, "a" * 64, False, "system", "")]
FAULTS = [Fault("TW012", "policies[2].params.bins", "found 0", "at least 2"), Fault("TW044", "row 3, column orders.count", HOSTILE)]
STEPS = [
    ("tierwise explain C00001", "why one customer is where it is"),
    ("tierwise run --as-of 2026-01-31 && tierwise changes", "一个月之后"),
]

PAGES: dict[str, Callable[[Console, str], None]] = {
    "run": lambda console, language: render.run_summary(console, run_view(), language),
    "run that is held": lambda console, language: render.run_summary(
        console,
        run_view(
            status="held", held=["abc.class would change for 41.0% of the customers; the limit is 25%"], base_run=6, changes=40, moved=40
        ),
        language,
    ),
    "run with faults": lambda console, language: render.run_summary(
        console,
        run_view(faults={"mine": HOSTILE * 3}, stale={"grade": "mine"}, warnings=["rfm graded nobody: every customer was withheld"]),
        language,
    ),
    "run of nobody": lambda console, language: render.run_summary(
        console, run_view(customers=0, graded={}, outputs=[], withheld={}), language
    ),
    "explanation": lambda console, language: render.explanation(
        console, [EXPLAINED, WITHHELD], language, customer="C00001", name="欧阳承恩" * 6, as_of="2025-12-31T00:00:00+08:00"
    ),
    "changes": lambda console, language: render.changes(console, CHANGES, language),
    "no changes": lambda console, language: render.changes(console, ChangesView(8, "2026-01-31", 24_000, 0, 0, []), language),
    "import": lambda console, language: render.import_report(console, IMPORT, language),
    "empty import": lambda console, language: render.import_report(console, ImportView("空.csv", "orders", 0, 0), language),
    "features": lambda console, language: render.features(console, Catalogue.built_in().list(), language),
    "plugins": lambda console, language: render.plugins(console, PLUGINS, language),
    "runs": lambda console, language: render.runs(console, RUNS, language),
    "versions": lambda console, language: render.versions(console, VERSIONS, language),
    "faults": lambda console, language: render.faults(console, FAULTS, language, "规则.yaml"),
    "sound": lambda console, language: render.check_ok(console, "Retail 零售", ["rfm", "abc"], "c" * 64, language, 3),
    "next": lambda console, language: render.next_steps(console, STEPS, language),
    "demo": lambda console, language: render.demo_result(console, DemoView(run_view(), "C00001", "黄景行", [EXPLAINED], STEPS), language),
}
"""Every page, by what it is."""


def printed(page: Callable[[Console, str], None], language: str = "en", width: int = 100, **options: Any) -> str:
    """What a page prints on a console of this width; without a terminal unless the options say otherwise."""
    stream = io.StringIO()
    page(Console(file=stream, width=width, **options), language)
    return stream.getvalue()
