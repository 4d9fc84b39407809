"""Why labels grew and shrank, what tells a label's customers apart, and who falls next: `engine.questions` as pages.

A small store answers at once. Of a large one the page asks for a job, shows how far it is, and then its answer, which
stands for everybody who asks the same until something that it rests on changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import insight_findings as say
from admin.access import acting, may
from admin.job_progress import progress_of
from admin.looking import KEEPS, Looking, address_of, chosen_run, runs_to_show
from admin.words import t
from engine import TierwiseError

DAYS = (30, 60, 91, 182)
NAMED = 12


class Insights(Looking):
    """Questions that only the whole population answers."""

    belongs_to = "results"
    area = "results"
    title = ("Results", "分析结果")
    reads = ("ask", "cancel")
    """Asking changes nothing for others."""

    @expose("/")
    @expose("/why")
    def why(self) -> str:
        """The change of every label between two runs, in parts that add up."""
        engine = acting()
        runs = runs_to_show(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = chosen_run(runs, "run")
        outputs = engine.pictures.outputs(run.id)
        address = address_of(outputs)
        earlier = [each for each in runs if each.as_of < run.as_of]
        since = chosen_run(earlier, "since") if earlier else None
        asked = self._asked("division", {"run_id": run.id, "since": since.id, "most": NAMED}) if since is not None else _nothing()
        found, fault = asked["found"], asked["fault"]
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
            walkers=say.walkers(found, division) if found and division and may("customers") else [],
            undivided=found.undivided if found else 0,
            help=_help(),
            **{**asked, "fault": fault},
        )

    @expose("/portrait")
    def portrait(self) -> str:
        """Where the customers of a label differ from all others."""
        engine = acting()
        runs = runs_to_show(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = chosen_run(runs, "run")
        outputs = engine.pictures.outputs(run.id)
        address = address_of(outputs)
        labels = engine.pictures.labels(address, run.id) if address else ()
        known = {label.key: label for label in labels}
        key = request.args.get("label", "")
        key = key if key in known else next(iter(known), "")
        asked = self._asked("portrait", {"address": address, "label": key, "run_id": run.id}) if key else _nothing()
        found = asked["found"]
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
            traits=say.traits(found, titles) if found else [],
            unclear=[t(titles[name]) for name in found.unclear] if found else [],
            help=_help(),
            **asked,
        )

    @expose("/ahead")
    def ahead(self) -> str:
        """Who loses a label when, if everyone stays silent."""
        engine = acting()
        runs = runs_to_show(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = engine.run_record()
        outputs = engine.pictures.outputs(run.id)
        address = address_of(outputs)
        days = next((each for each in DAYS if str(each) == request.args.get("days", "")), DAYS[2])
        asked = self._asked("radar", {"address": address, "days": days, "every": 7, "most": NAMED}) if address else _nothing()
        found = asked["found"]
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
            lines=say.losses(found) if found else [],
            falls=say.falls(found) if found and may("customers") else [],
            help=_help(),
            **asked,
        )

    # --- what takes long ---------------------------------------------------------------------------------------

    def _asked(self, question: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """What there is of an answer: found, or the job that computes it, or that nobody has asked yet (waits), or a fault."""
        questions = acting().questions
        try:
            asked = questions.look(question, params) if questions.slow() else questions.ask(question, params)
        except TierwiseError as error:
            return {**_nothing(), "fault": str(error)}
        going = asked.job if asked.answer is None and asked.job is not None and asked.job.is_open else None
        return {
            "found": asked.answer,
            "fault": asked.fault if asked.status == "failed" else "",
            "waits": asked.answer is None and going is None,
            "job": going,
            "job_progress": url_for("insights.progress", number=going.id) if going else "",
            "job_cancel": url_for("insights.cancel", number=going.id) if going and _may_cancel(going) else "",
            "question": {"question": question, **{name: value for name, value in params.items() if value is not None}},
        }

    @expose("/ask", methods=("POST",))
    def ask(self) -> ResponseReturnValue:
        """Ask a question whose answer takes long; the page then shows how far it is."""
        form = request.form
        question = form.get("question", "")
        if question not in TABS:
            abort(400)
        endpoint, title = TABS[question]
        params = {name: _field(name, form[name]) for name in FIELDS[question] if form.get(name)}
        acting().questions.ask(question, params, title=t(*title))
        back: dict[str, Any] = {name: form[f"at-{name}"] for name in KEEPS if form.get(f"at-{name}")}
        return redirect(url_for(endpoint, **back))

    @expose("/jobs/<int:number>/progress")
    def progress(self, number: int) -> ResponseReturnValue:
        """How far the answer of a question is."""
        return jsonify(progress_of(_job(number)))

    @expose("/jobs/<int:number>/cancel", methods=("POST",))
    def cancel(self, number: int) -> ResponseReturnValue:
        """Stop the computation: who asked for it, or who may stop any job."""
        job = _job(number)
        if not _may_cancel(job):
            abort(403)
        acting().jobs.cancel(number)
        return redirect(url_for(TABS[str(job.params["question"])][0]))


TABS: Mapping[str, tuple[str, tuple[str, str]]] = {
    "division": ("insights.why", ("Why it changed", "变动原因")),
    "portrait": ("insights.portrait", ("Portraits", "客群画像")),
    "radar": ("insights.ahead", ("Who falls next", "流失预警")),
}
"""The page of each question, and its name."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "division": ("run_id", "since", "most"),
    "portrait": ("address", "label", "run_id"),
    "radar": ("address", "days", "every", "most"),
}
NUMBERS = ("run_id", "since", "most", "days", "every")


def _nothing() -> dict[str, Any]:
    return {"found": None, "fault": "", "waits": False, "job": None}


def _field(name: str, text: str) -> int | str:
    if name not in NUMBERS:
        return text[:200]
    if not text.isdecimal() or len(text) > 15:
        abort(400)
    return int(text)


def _job(number: int) -> Any:
    job = acting().jobs.get(number)
    if job.kind != "insight" or job.params.get("question") not in TABS:
        abort(404)
    return job


def _may_cancel(job: Any) -> bool:
    return bool(job.actor == acting().settings.actor or may("jobs", "write"))


def _help() -> str:
    return t(
        "“Why it changed” divides the change between two runs into time that passed, new facts, corrections, thresholds that moved along "
        "with the population, and changed rules. The parts add up to the customer.\n\n“Portraits” shows in what the customers of a label "
        "differ from everybody else, the strongest first, with what chance alone could explain. “Who falls next” assumes that nobody orders "
        "any more, and says who loses a label on which day.\n\nWith many customers an answer is computed in the background; you may leave the "
        "page. Once there it is shown at once, to everybody who asks the same, until new facts, a run or another version change it.",
        "“变动原因”把两次运行之间的变化拆分为：时间推移、新增事实、更正、随总体变动的阈值，以及规则调整；各部分之和与人数完全一致。\n\n"
        "“客群画像”按差异大小列出某一标签的客户与其他客户的不同之处，并给出置信区间。“流失预警”假设此后无任何新订单，指出哪些客户将在哪一天失去当前标签。\n\n"
        "客户较多时在后台计算，可离开本页。结果会保留并供所有提出相同问题的人直接查看，直至事实、运行或版本发生变化。",
    )


PAGES = [Insights]
