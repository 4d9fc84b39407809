"""Runs and schedules: start one, watch it, look at what it did, release one that is held; what happens by itself."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import findings
from admin.access import acting, may
from admin.job_progress import progress_of
from admin.pages import Page
from admin.states import RUN_STATES
from admin.words import t
from engine import TierwiseError

SHOWN = 50


class Runs(Page):
    """The runs, newest first, with the one that is going on above them."""

    menu_key = "runs"
    area = "runs"
    title = ("Runs and schedules", "运行与计划")

    def badge(self) -> tuple[str, str] | None:
        """How many runs are held."""
        held = len(acting().held_runs())
        return (str(held), "warn") if held else None

    @expose("/")
    def index(self) -> str:
        """The list."""
        engine = acting()
        runs = engine.runs(SHOWN)
        going = next(iter(engine.jobs.list(status=("running", "queued"), kind="run", limit=1)), None)
        last = [job for job in engine.jobs.list(kind="run", limit=5) if job.status in ("failed", "cancelled")][:1]
        newest = max((run.started_at for run in runs), default=0)
        return self.page(
            "console/runs.html",
            title=_title(runs),
            crumb=t(*self.title),
            tab="runs",
            runs=runs,
            states=RUN_STATES,
            job=going,
            failed=next((job for job in last if job.created_at >= newest), None),
            may_start=may("runs", "write"),
            published=_published(),
            step=findings.step,
            help=_help(),
        )

    @expose("/<int:number>")
    def details(self, number: int) -> str:
        """One run: its steps, outputs, faults, who has no value and why, what the policies learnt."""
        engine = acting()
        run = engine.run_record(number)
        rulebook = engine.rulebook(str(run.version_id))
        titles = {entry.key: t(entry.title) for entry in rulebook.entries}
        return self.page(
            "console/run.html",
            title=t("Run {n}: {state}", "运行 {n}：{state}", n=number, state=t(*RUN_STATES[run.status][:2])),
            crumb=t("Run {n}", "运行 {n}", n=number),
            crumbs=[(t(*self.title), url_for("runs.index"))],
            run=run,
            titles=titles,
            steps=findings.run_steps(run),
            run_title=findings.run_title(run, last=False),
            withheld=engine.run_summary(number).withheld,
            state=RUN_STATES[run.status],
            learnt=[(key, titles.get(key, key), _readable(state)) for key, state in engine.run_states(number).items()],
            seconds=[(titles.get(key, key), *pair) for key, pair in run.report.get("policy_seconds", {}).items()],
            may_release=may("runs", "write"),
            help=_help(),
        )

    @expose("/start", methods=("POST",))
    def start(self) -> ResponseReturnValue:
        """Ask for a run."""
        params: dict[str, Any] = {}
        if request.form.get("as_of"):
            params["as_of"] = request.form["as_of"]
        for name in ("historical", "recompute"):
            if request.form.get(name):
                params[name] = True
        before = acting().jobs.counts()["queued"] + acting().jobs.counts()["running"]
        job = acting().jobs.submit("run", params, slot="run", title=t("Run from the console", "控制台发起的运行"))
        after = acting().jobs.counts()["queued"] + acting().jobs.counts()["running"]
        if after <= before and job.status == "running":
            flash(t("A run is going on already.", "已有运行正在进行。"), "warning")
        return redirect(url_for("runs.index"))

    @expose("/<int:number>/release", methods=("POST",))
    def release(self, number: int) -> ResponseReturnValue:
        """Make a held run visible."""
        acting().release(number)
        flash(t("Run {n} is visible now.", "运行 {n} 已生效。", n=number), "success")
        return redirect(url_for("runs.details", number=number))

    # --- schedules ---------------------------------------------------------------------------------------------

    @expose("/schedules")
    def schedules(self) -> str:
        """What happens by itself."""
        return self._schedules()

    @expose("/schedules", methods=("POST",))
    def add(self) -> ResponseReturnValue:
        """Run again and again."""
        cron = request.form.get("cron", "") or _cron(request.form.get("time", ""), request.form.getlist("day"))
        try:
            acting().schedules.add_run(cron, title=request.form.get("title", ""), as_of=request.form.get("as_of", "day"))
        except TierwiseError as error:
            return self._schedules(fault=str(error)), 400
        flash(t("The schedule is in place.", "计划已创建。"), "success")
        return redirect(url_for("runs.schedules"))

    @expose("/schedules/<int:number>/<any(enable,disable,remove):verb>", methods=("POST",))
    def change(self, number: int, verb: str) -> ResponseReturnValue:
        """Let a schedule rest, go on, or take it away."""
        getattr(acting().schedules, verb)(number)
        return redirect(url_for("runs.schedules"))

    def _schedules(self, fault: str = "") -> str:
        found = acting().schedules.list()
        on = [each for each in found if each.enabled and each.next_at]
        if not found:
            title = t("Nothing happens by itself yet", "尚无自动计划")
        elif not on:
            title = t("Every schedule rests", "所有计划均已停用")
        else:
            title = (
                t("{n} schedules are at work", "{n} 个计划正在执行", n=len(on))
                if len(on) > 1
                else t("One schedule is at work", "1 个计划正在执行")
            )
        return self.page(
            "console/schedules.html",
            title=title,
            crumb=t("Schedules", "计划"),
            tab="schedules",
            crumbs=[(t(*self.title), url_for("runs.index"))],
            schedules=found,
            fault=fault,
            form=request.form,
            may_write=may("runs", "write"),
            days=DAYS,
            help=_help(),
        )


DAYS = (
    ("1", "Mon", "周一"),
    ("2", "Tue", "周二"),
    ("3", "Wed", "周三"),
    ("4", "Thu", "周四"),
    ("5", "Fri", "周五"),
    ("6", "Sat", "周六"),
    ("0", "Sun", "周日"),
)


def _cron(clock: str, days: list[str]) -> str:
    """Five fields from a time of day and the days of the week; what is no time is left for the engine to refuse."""
    hour, _, minute = clock.partition(":")
    chosen = ",".join(sorted(days)) if 0 < len(days) < 7 else "*"
    return f"{minute.lstrip('0') or '0'} {hour.lstrip('0') or '0'} * * {chosen}" if minute else clock


def _title(runs: Any) -> str:
    if not runs:
        return t("Nothing has run yet", "尚未运行")
    held = next((run for run in runs if run.status == "held"), None)
    if held is not None:
        return t("Run {n} waits to be released", "运行 {n} 等待放行", n=held.id)
    return findings.run_title(runs[0])


def _published() -> bool:
    try:
        return acting().version().number > 0
    except TierwiseError:
        return False


def _readable(state: Any) -> list[tuple[str, str]]:
    """What a policy learnt, flattened for reading."""
    found: list[tuple[str, str]] = []

    def walk(value: Any, path: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{path}.{key}" if path else str(key))
        elif isinstance(value, list):
            shown = ", ".join(_figure(each) for each in value[:12]) + (" …" if len(value) > 12 else "")
            found.append((path, shown or "–"))
        else:
            found.append((path, _figure(value)))

    walk(state, "")
    return found[:60]


def _figure(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "–"
    if isinstance(value, int | float):
        return f"{value:,.10g}"
    return str(value)[:120]


def _help() -> str:
    return t(
        "A run evaluates the live rulebook over every customer at one moment. It writes only what changed, and it is seen all at once or "
        "not at all.\n\nA run is held when it would move more customers, or more money, than the guards of the rulebook allow: look at "
        "what it would change, then release it. A look back computes a past moment and never touches today's grades.",
        "一次运行按已生效的规则手册为全部客户分级。只写入变动部分，结果要么整体生效，要么完全不生效。\n\n"
        "若变动的客户或金额超过规则手册设定的防护阈值，运行会暂停生效：请查看变动后再放行。回溯运行计算过去某一时刻，不影响当前等级。",
    )


class Jobs(Page):
    """Long work: what waits, what goes on, what ended and how."""

    menu_key = "jobs"
    area = "jobs"
    title = ("Jobs", "后台作业")

    def badge(self) -> tuple[str, str] | None:
        """How many jobs are going on."""
        counts = acting().jobs.counts()
        going = counts["running"] + counts["queued"]
        return (str(going), "") if going else None

    @expose("/")
    def index(self) -> str:
        """The list, newest first."""
        jobs = acting().jobs
        status = request.args.get("status") or None
        before = request.args.get("before", type=int)
        counts = jobs.counts()
        found = jobs.list(status=status, before=before if before and before < 2**62 else None, limit=SHOWN + 1)
        going = counts["running"] + counts["queued"]
        if going:
            title = t("{n} jobs are going on", "{n} 个作业进行中", n=going) if going > 1 else t("One job is going on", "1 个作业进行中")
        elif counts["failed"]:
            title = t("{n} failed", "{n} 个作业失败", n=counts["failed"])
        else:
            title = t("All work is done", "全部作业已完成") if sum(counts.values()) else t("No job yet", "暂无作业")
        return self.page(
            "console/jobs.html",
            title=title,
            crumb=t(*self.title),
            jobs=found[:SHOWN],
            more=found[SHOWN - 1].id if len(found) > SHOWN else None,
            counts=counts,
            status=status,
            may_write=may("jobs", "write"),
            step=findings.step,
            help=t(
                "A run, import, simulation or export is a job: you may leave the page and come back. A job whose worker died is taken up "
                "by another.",
                "运行、导入、模拟与导出均为后台作业，可离开页面稍后查看。若执行进程中断，其他进程会接手。",
            ),
        )

    @expose("/<int:number>/progress")
    def progress(self, number: int) -> ResponseReturnValue:
        """How far a job is, for the bar on a page."""
        return jsonify(progress_of(acting().jobs.get(number)))

    @expose("/<int:number>/<any(cancel,retry):verb>", methods=("POST",))
    def change(self, number: int, verb: str) -> ResponseReturnValue:
        """Cancel a job, or ask for it again."""
        getattr(acting().jobs, verb)(number)
        if verb == "cancel":
            flash(t("The job stops at its next step.", "作业将在下一步停止。"), "success")
        return redirect(url_for("runs.index") if request.form.get("back") == "runs" else url_for("jobs.index"))

    @expose("/<int:number>/file")
    def file(self, number: int) -> ResponseReturnValue:
        """The file that an export made."""
        from flask import abort, send_from_directory

        jobs = acting().jobs
        job = jobs.get(number)
        name = (job.result or {}).get("file", "")
        if job.kind != "export" or not name or (job.actor != acting().settings.actor and not may("jobs", "write")):
            abort(404)
        return send_from_directory(jobs.files(), name, as_attachment=True)


PAGES = [Runs, Jobs]
