"""Why labels grew and shrank, what tells a label's customers apart, and who falls next: `engine.insight` as pages.

Each of them looks at every customer once more, so on a large store it begins when asked to.
"""

from __future__ import annotations

from typing import Any

from flask import request
from flask_admin import expose

from admin import insight_findings as say
from admin.access import acting, may
from admin.views.results import Looking, _address, _chosen, _runs
from admin.words import t
from engine import TierwiseError

AT_ONCE = 100_000
"""Customers up to which an answer is there in about a second."""

DAYS = (30, 60, 91, 182)
NAMED = 12


class Insights(Looking):
    """Questions that only the whole population answers."""

    belongs_to = "results"
    area = "results"
    title = ("Results", "分析结果")

    @expose("/")
    @expose("/why")
    def why(self) -> str:
        """The change of every label between two runs, in parts that add up."""
        engine = acting()
        runs = _runs(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = _chosen(runs, "run")
        outputs = engine.pictures.outputs(run.id)
        address = _address(outputs)
        earlier = [each for each in runs if each.as_of < run.as_of]
        since = _chosen(earlier, "since") if earlier else None
        found, fault = None, ""
        if since is not None and _asked(run):
            try:
                found = engine.insight.divide(run.id, since=since.id, most=NAMED)
            except TierwiseError as error:
                fault = str(error)
        division = found.outputs.get(address) if found else None
        if found is not None and division is None:
            fault = found.undivided_outputs.get(address, t("this output was not in both runs", "该结果项未同时出现在两次运行中"))
        return self.page(
            "console/results/why.html",
            title=say.division(division) if division else t("Why it changed", "变动原因"),
            crumb=t(*self.title),
            tab="why",
            run=run,
            runs=runs,
            since=since,
            earlier=earlier,
            outputs=outputs,
            address=address,
            division=division,
            lines=say.lines(division) if division else [],
            walkers=say.walkers(found, division) if found and division and _names(engine) else [],
            undivided=found.undivided if found else 0,
            fault=fault,
            waits=not _asked(run),
            help=_help(),
        )

    @expose("/portrait")
    def portrait(self) -> str:
        """Where the customers of a label differ from all others."""
        engine = acting()
        runs = _runs(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = _chosen(runs, "run")
        outputs = engine.pictures.outputs(run.id)
        address = _address(outputs)
        labels = engine.pictures.labels(address, run.id) if address else ()
        known = {label.key: label for label in labels}
        key = request.args.get("label", "")
        key = key if key in known else next(iter(known), "")
        found, fault = None, ""
        if key and _asked(run):
            try:
                found = engine.insight.portrait(address, key, run_id=run.id)
            except TierwiseError as error:
                fault = str(error)
        catalogue = engine.rulebook(str(run.version_id)).catalogue
        names = [*(one.feature for one in found.traits), *found.unclear] if found else []
        titles = {name: catalogue.resolve(name).title for name in names}
        return self.page(
            "console/results/portrait.html",
            title=say.portrait(found, t(known[key].title), titles) if found else t("Portraits", "客群画像"),
            crumb=t(*self.title),
            tab="portrait",
            run=run,
            runs=runs,
            outputs=outputs,
            address=address,
            labels=labels,
            key=key,
            found=found,
            traits=say.traits(found, titles) if found else [],
            unclear=[t(titles[name]) for name in found.unclear] if found else [],
            fault=fault,
            waits=not _asked(run),
            help=_help(),
        )

    @expose("/ahead")
    def ahead(self) -> str:
        """Who loses a label when, if everyone stays silent."""
        engine = acting()
        runs = _runs(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = engine.run_record()
        outputs = engine.pictures.outputs(run.id)
        address = _address(outputs)
        days = next((each for each in DAYS if str(each) == request.args.get("days", "")), DAYS[2])
        found, fault = None, ""
        if address and _asked(run):
            try:
                found = engine.insight.radar(address, days=days, every=7, most=NAMED)
            except TierwiseError as error:
                fault = str(error)
        return self.page(
            "console/results/ahead.html",
            title=say.radar(found) if found else t("Who falls next", "流失预警"),
            crumb=t(*self.title),
            tab="ahead",
            run=run,
            runs=runs,
            outputs=outputs,
            address=address,
            days=days,
            choices=DAYS,
            found=found,
            lines=say.losses(found) if found else [],
            falls=say.falls(found) if found and _names(engine) else [],
            fault=fault,
            waits=not _asked(run),
            help=_help(),
        )


def _asked(run: Any) -> bool:
    """Whether to look: at once where it is quick, else when the reader has pressed the button."""
    return run.customers <= AT_ONCE or request.args.get("go") == "1"


def _names(engine: Any) -> bool:
    """Whether single customers may be named: only to those who see every customer."""
    return may("customers") and bool(engine.sight.reach.everybody)


def _help() -> str:
    return t(
        "“Why it changed” divides the change between two runs into time that passed, new facts, corrections, thresholds that moved along "
        "with the population, and changed rules. The parts add up to the customer.\n\n“Portraits” shows in what the customers of a label "
        "differ from everybody else, the strongest first, with what chance alone could explain. “Who falls next” assumes that nobody orders "
        "any more, and says who loses a label on which day.",
        "“变动原因”把两次运行之间的变化拆分为：时间推移、新增事实、更正、随总体变动的阈值，以及规则调整；各部分之和与人数完全一致。\n\n"
        "“客群画像”按差异大小列出某一标签的客户与其他客户的不同之处，并给出置信区间。“流失预警”假设此后无任何新订单，指出哪些客户将在哪一天失去当前标签。",
    )


PAGES = [Insights]
