"""Care plans: what customers are to hear when, who is due, and what it changed."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.days import day
from admin.errors import said
from admin.job_progress import progress_of
from admin.pages import Page
from admin.views.managers import outputs, texts, whole
from admin.views.service_tasks import CHANNELS
from admin.words import plural, t
from engine import CareError

TRIGGERS = {
    "birthday": ("Birthday", "生日"),
    "festival": ("Festival", "节日"),
    "anniversary": ("Anniversary of joining", "入会周年"),
    "silence": ("Silence", "久未联系"),
    "upgrade": ("Upgrade", "升级"),
    "downgrade": ("Downgrade", "降级"),
    "change": ("Change of label", "标签变动"),
    "verify": ("Verification of data", "资料核对"),
}
DELIVERIES = {
    "task": ("Task", "任务"),
    "email": ("E-mail", "邮件"),
    "gateway": ("Gateway (SMS, WeCom)", "消息网关（短信、企业微信）"),
    "webhook": ("Webhook event", "Webhook 事件"),
}
CONSENTS = {
    "required": ("only with consent", "须已同意"),
    "unless_refused": ("unless refused", "未拒绝即可"),
    "none": ("whatever was said", "不看意愿"),
}
AHEAD, EFFECT_DAYS = 30, 30
FIRST = {
    "trigger": "birthday",
    "text": {"en": "Happy birthday, ${name}!", "zh": "${name}，祝您生日快乐！"},
    "title": {"en": "Birthday", "zh": "生日"},
}


class Care(Page):
    """What customers hear."""

    menu_key = "care"
    area = "service"
    title = ("Care plans", "关怀计划")
    writes = ("new",)
    reads = ("ask", "cancel")
    """Looking ahead changes nothing."""

    @expose("/")
    def index(self) -> str:
        """The plans, and the next days."""
        engine = acting()
        found = engine.care.list()
        asked = self._ahead() if found else None
        ahead = (asked and asked.answer) or []
        made = sum(each.made for each in ahead)
        title = t("No care plans yet", "尚无关怀计划")
        if found:
            title = t("{n} care plan{s}", "{n} 个关怀计划", n=g.formats.number(len(found)), s=plural(len(found), "", "s"))
        if asked is not None and asked.answer is not None:
            title = t(
                "{n} customer{s} to care for in the next {d} days", "未来 {d} 天需关怀客户 {n} 人次", n=g.formats.number(made), s=plural(made, "", "s"), d=AHEAD
            )  # fmt: skip
        return self.page(
            "console/care.html",
            title=title,
            crumb=t(*self.title),
            found=found,
            **_waiting(asked),
            plan_titles={each.plan.key: t(each.plan.title["en"], each.plan.title["zh"]) for each in found},
            ahead=[each for each in ahead if each.made or each.day == engine.now.date()],
            messages=engine.care.messages(),
            may_see_gateways=may("settings"),
            everybody=engine.sight.reach.everybody,
            **_words(),
        )

    def _ahead(self, key: str | None = None) -> Any:
        """The next days, computed now in a small store; in a large one what a job made of them."""
        params = {"days": AHEAD, "key": key}
        questions = acting().questions
        return questions.look("care", params) if questions.slow() else questions.ask("care", params)

    @expose("/ask", methods=("POST",))
    def ask(self) -> ResponseReturnValue:
        """Have the next days computed by a job; the page then shows how far it is."""
        key = request.form.get("key") or None
        if key is not None:
            self._there(key)
        acting().questions.ask("care", {"days": AHEAD, "key": key}, title=t("Care of the next days", "未来关怀推算"))
        return redirect(_back(key))

    @expose("/jobs/<int:number>/progress")
    def progress(self, number: int) -> ResponseReturnValue:
        """How far the next days are."""
        return jsonify(progress_of(_job(number)))

    @expose("/jobs/<int:number>/cancel", methods=("POST",))
    def cancel(self, number: int) -> ResponseReturnValue:
        """Stop the computation: who asked for it, or who may stop any job."""
        job = _job(number)
        if not _may_cancel(job):
            abort(403)
        acting().jobs.cancel(number)
        return redirect(_back(job.params["params"].get("key")))

    @expose("/run", methods=("POST",))
    def run(self) -> ResponseReturnValue:
        """Carry out today's care."""
        if not acting().sight.reach.everybody:
            abort(403)
        done = acting().care.run()
        flash(t("{n} made for today.", "今日已生成 {n} 项。", n=g.formats.number(done.made)), "success")
        return redirect(url_for("care.index"))

    @expose("/new")
    def new(self) -> str:
        """The form of a new plan."""
        return self._form("", FIRST, new=True)

    @expose("/new", methods=("POST",))
    def create(self) -> ResponseReturnValue:
        """Keep a new plan."""
        return self._save(request.form.get("key", ""), new=True)

    @expose("/plan/<key>")
    def plan(self, key: str) -> str:
        """One plan: its form, who is due, what it changed."""
        found = self._there(key)
        return self._form(key, found.plan.as_dict())

    @expose("/plan/<key>", methods=("POST",))
    def change(self, key: str) -> ResponseReturnValue:
        """Keep a plan, let it act or rest, remove it."""
        self._there(key)
        do = request.form.get("do")
        if do == "remove":
            acting().care.remove(key)
            flash(t("The plan is removed; what it did stays known.", "计划已删除，已做的关怀仍有记录。"), "success")
            return redirect(url_for("care.index"))
        if do in ("enable", "disable"):
            acting().care.enable(key, do == "enable")
            flash(t("Saved.", "已保存。"), "success")
            return redirect(url_for("care.plan", key=key))
        return self._save(key)

    def _there(self, key: str) -> Any:
        try:
            return acting().care.get(key)
        except CareError:
            abort(404)

    def _save(self, key: str, *, new: bool = False) -> ResponseReturnValue:
        document = _document()
        revision = request.form.get("revision", "")
        try:
            enabled = True if new else self._there(key).enabled
            seen = 0 if new else int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else None
            acting().care.save(key, document, enabled=enabled, revision=seen)
        except CareError as error:
            return self._form(key, document, new=new, faults=[said(each) for each in error.faults] or [said(error)]), 400
        flash(t("The plan is saved.", "计划已保存。"), "success")
        return redirect(url_for("care.plan", key=key))

    def _form(self, key: str, document: Any, *, new: bool = False, faults: Any = ()) -> str:
        engine = acting()
        kept = None if new else self._there(key)
        ahead, effect, asked = [], None, None
        if kept is not None and not faults:
            asked = self._ahead(key)
            ahead = [each for each in asked.answer or () if each.made]
            effect = engine.care.effect(key, days=EFFECT_DAYS)
        return self.page(
            "console/care_plan.html",
            title=t("A new care plan", "新建关怀计划") if new else t(*kept.plan.title.values()) if kept else key,
            crumb=t("New", "新建") if new else key,
            crumbs=[(t(*self.title), url_for("care.index"))],
            key=key,
            doc=document,
            kept=kept,
            new=new,
            faults=faults,
            **_waiting(asked),
            ahead=ahead,
            effect=effect,
            effect_days=EFFECT_DAYS,
            **_words(),
        )


def _waiting(asked: Any) -> dict[str, Any]:
    """The job that looks ahead, where it is one: its bar, whether it waits to be asked for, or why it failed."""
    job = asked.job if asked is not None and asked.answer is None and asked.job is not None and asked.job.is_open else None
    return {
        "job": job,
        "job_progress": url_for("care.progress", number=job.id) if job else "",
        "job_cancel": url_for("care.cancel", number=job.id) if job and _may_cancel(job) else "",
        "waits": asked is not None and asked.answer is None and job is None,
        "ahead_fault": asked.fault if asked is not None and asked.answer is None and job is None else "",
    }


def _back(key: str | None) -> str:
    return url_for("care.plan", key=key) if key else url_for("care.index")


def _job(number: int) -> Any:
    job = acting().jobs.get(number)
    if job.kind != "insight" or job.params.get("question") != "care":
        abort(404)
    return job


def _may_cancel(job: Any) -> bool:
    return bool(job.actor == acting().settings.actor or may("jobs", "write"))


def _words() -> dict[str, Any]:
    return {
        "triggers": TRIGGERS,
        "deliveries": DELIVERIES,
        "consents": CONSENTS,
        "channels": CHANNELS,
        "gateways": acting().gateways.list(),
        "outputs": outputs(),
        "day": day,
        "days_ahead": AHEAD,
        "may_write": may("service", "write"),
    }


def _document() -> dict[str, Any]:
    """The plan as the form has it; what is empty is left out."""
    form = request.form
    found: dict[str, Any] = {
        name: form.get(name, "").strip() for name in ("trigger", "day", "lunar", "output", "channel", "delivery", "gateway", "consent")
    }
    for name in ("title", "text", "subject"):
        found[name] = {
            language: form.get(f"{name}_{language}", "").strip() for language in ("en", "zh") if form.get(f"{name}_{language}", "").strip()
        }
    for name in ("days", "months", "days_before", "late_days", "due_days", "cap_days", "cap_most"):
        if form.get(name, "").strip():
            found[name] = whole(name)
    if form.get("who_output"):
        found["who"] = {"output": form["who_output"], "labels": texts("who_labels")}
    if form.get("to", "").strip():
        found["to"] = texts("to")
    if form.get("contact", "").strip():
        found["contact"] = texts("contact")
    share = form.get("control_share", "").strip() or "0"
    try:
        found["control_share"] = float(share) / 100
    except ValueError:
        found["control_share"] = share
    if found["delivery"] != "gateway":
        found["gateway"] = ""
    if found["trigger"] != "festival":
        found["day"] = found["lunar"] = ""
    return {name: value for name, value in found.items() if value not in ("", {})}


PAGES = [Care]
