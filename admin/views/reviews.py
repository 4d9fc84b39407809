"""Reviews: what waits for a person, what is live and was, what differs, and the acts that make a draft live or take it back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import simulation_words as words
from admin.access import acting, may
from admin.errors import said
from admin.mending import standing
from admin.pages import Page
from admin.views.simulations import STATES, to_editor
from admin.words import plural, t
from engine import RulebookError, RunError, TierwiseError

VERDICTS = {
    "submitted": ("submitted", "提交审批", "info"),
    "approved": ("approved", "批准", "ok"),
    "rejected": ("sent back", "退回", "bad"),
    "withdrawn": ("taken back", "撤回", ""),
    "voided": ("void: it was changed", "因修改而失效", "warn"),
}
KINDS = {
    "returned": ("undo", "warn", "Sent back to you", "已退回给您"),
    "approve": ("reviews", "draft", "Waits for approval", "待审批"),
    "publish": ("check", "draft", "Approved, not live yet", "已批准，尚未发布"),
    "held": ("stop", "bad", "Held run", "运行暂停生效"),
    "fix": ("edit", "info", "Value to be fixed by hand", "人工调整待审批"),
    "escalation": ("clock", "bad", "Promise to a customer", "客户承诺"),
    "comment": ("info", "info", "Comment on your draft", "您的草稿有新评论"),
}


class Reviews(Page):
    """The inbox, the versions, the page where a draft is decided on."""

    menu_key = "reviews"
    area = "reviews"
    title = ("Reviews", "审批与版本")
    reads = ("comment", "settle")

    def badge(self) -> tuple[str, str] | None:
        """How much waits for this reader."""
        mine = sum(each["mine"] for each in _waiting())
        return (str(mine), "") if mine else None

    @expose("/")
    def index(self) -> str:
        """What waits, and every version that was ever live."""
        log = acting().drafts.log()
        things = _waiting()
        return self.page(
            "console/reviews.html",
            title=_title(sum(each["mine"] for each in things), log),
            crumb=t(*self.title),
            things=things,
            log=log,
            fixed_url=url_for("fixedvalues.index") if may("customers") else None,
            help=_help(),
        )

    # --- one draft ---------------------------------------------------------------------------------------------

    @expose("/drafts/<int:number>")
    def draft(self, number: int) -> str:
        """Everything that is needed to decide on a draft."""
        engine = acting()
        draft = engine.drafts.get(number)
        decisions = list(engine.drafts.reviews(number))
        found, fault = _picture(draft)
        base, changes = _changes(draft)
        obstacles = standing(found, actor=engine.settings.actor, today=_today()) if found else []
        blocks = sum(each.blocks for each in obstacles)
        return self.page(
            "console/review.html",
            title=_draft_title(draft, decisions),
            crumb=t("Draft {n}", "草稿 {n}", n=number),
            crumbs=[(t(*self.title), url_for("reviews.index"))],
            draft=draft,
            name=t("Draft {n}", "草稿 {n}", n=number),
            state=STATES[draft.status],
            found=found,
            fault=fault,
            finding=words.title(t("Draft {n}", "草稿 {n}", n=number), found) if found else "",
            changes=changes,
            changes_title=words.changes_title(changes),
            base=base,
            standing=obstacles,
            gate_title=words.gate_title(found["obstacles"]) if found else "",
            history=_history(draft, decisions),
            comments=engine.comments.list(number),
            verdicts=VERDICTS,
            approve_why=_approve_why(draft),
            reject_why=_reject_why(draft),
            publish_why=_publish_why(draft, decisions, blocks),
            due=next(
                (each for each in engine.schedules.list() if each.kind == "publication" and each.options.get("draft") == number), None
            ),
            soon=f"{engine.now + dt.timedelta(hours=1):%Y-%m-%dT%H:00}",
            may_decide=may("reviews", "write"),
            may_edit=may("rules", "write") and draft.status not in ("published", "discarded"),
            may_comment=_may_comment() and draft.status != "discarded",
            edit=to_editor(number, t("Edit draft", "编辑草稿")),
            direction=None,
            say=words.said,
            help=_help(),
        )

    @expose("/drafts/<int:number>/<any(approve,reject,publish):verb>", methods=("POST",))
    def decide(self, number: int, verb: str) -> ResponseReturnValue:
        """Approve, send back, or make live."""
        drafts, note = acting().drafts, request.form.get("note", "")
        name = t("Draft {n}", "草稿 {n}", n=number)
        if verb == "approve":
            drafts.approve(number, hash=request.form.get("hash") or None, note=note)
            flash(t("{draft} is approved; it can be published now.", "{draft} 已批准，可以发布。", draft=name), "success")
        elif verb == "reject":
            drafts.reject(number, note=note)
            flash(t("{draft} is back with its authors.", "{draft} 已退回编写者。", draft=name), "success")
        else:
            at = None if request.form.get("when") == "now" else request.form.get("at") or None
            done = drafts.publish(number, at=at, note=note)
            if at:
                flash(
                    t("{draft} is published by itself at {at}.", "{draft} 将于 {at} 自动发布。", draft=name, at=g.formats.moment(at)),
                    "success",
                )
            else:
                flash(
                    t("Version {n} is live. Grades follow with the next run.", "版本 {n} 已生效，等级将在下次运行后更新。", n=done.version),
                    "success",
                )
        return redirect(url_for("reviews.draft", number=number))

    @expose("/drafts/<int:number>/comment", methods=("POST",))
    def comment(self, number: int) -> ResponseReturnValue:
        """Say something about a draft."""
        _need_voice()
        made = acting().comments.add(number, request.form.get("text", ""), place=request.form.get("place", ""))
        return redirect(url_for("reviews.draft", number=number, _anchor=f"c{made.id}"))

    @expose("/comments/<int:number>/settle", methods=("POST",))
    def settle(self, number: int) -> ResponseReturnValue:
        """Mark a comment as settled, or open it again."""
        _need_voice()
        made = acting().comments.settle(number, open_again=bool(request.form.get("open_again")))
        return redirect(url_for("reviews.draft", number=made.draft, _anchor=f"c{made.id}"))

    # --- versions ----------------------------------------------------------------------------------------------

    @expose("/versions/<int:number>")
    def version(self, number: int) -> str:
        """One version: who, when, what it changed, and going back to it."""
        engine = acting()
        version = engine.version(str(number))
        log = engine.drafts.log()
        own = [one for one in log if one.version == number]
        live = log[0].version if log else None
        before = max((each.number for each in engine.rulebook_log() if each.number < number), default=None)
        changes = engine.differences(engine.version(str(before)).document, version.document) if before else []
        found = fault = None
        if live not in (None, number):
            try:
                found = engine.simulations.of_version(str(number)).as_dict() if not engine.simulations.slow() else None
            except TierwiseError as error:
                fault = said(error)
        return self.page(
            "console/version.html",
            title=_version_title(number, live, own),
            crumb=f"v{number}",
            crumbs=[(t(*self.title), url_for("reviews.index"))],
            version=version,
            log=own,
            live_version=live,
            before=before,
            changes=changes,
            changes_title=t("What it changed from v{n}", "相对 v{n} 的修改", n=before) if before else t("The first version", "首个版本"),
            found=found,
            finding=words.title(f"v{number}", found) if found else "",
            back_why=_back_why(number, live, own, fault),
            numbers=[each.number for each in engine.rulebook_log()],
            say=words.said,
            help=_help(),
        )

    @expose("/versions/<int:number>/rollback", methods=("POST",))
    def rollback(self, number: int) -> ResponseReturnValue:
        """Make a version that was live once live again."""
        done = acting().drafts.rollback(str(number), note=request.form.get("note", ""))
        flash(
            t(
                "Version {n} is live again. Grades follow with the next run.",
                "版本 {n} 已恢复生效，等级将在下次运行后更新。",
                n=done.number,
            ),
            "success",
        )
        return redirect(url_for("reviews.index"))

    @expose("/diff")
    def diff(self) -> str:
        """What differs between any two: versions, drafts, saved states of drafts."""
        engine = acting()
        numbers = [str(each.number) for each in engine.rulebook_log()]
        drafts = [draft.name for draft in engine.drafts.list() if draft.status != "published"]
        was, now = request.args.get("a", "")[:40] or _former(numbers), request.args.get("b", "")[:40] or "live"
        changes = engine.differences(_content(was), _content(now))
        n = len(changes)
        return self.page(
            "console/difference.html",
            title=t(
                "{n} difference{s} between {a} and {b}",
                "{a} 与 {b} 之间有 {n} 处差异",
                n=n,
                s=plural(n, "", "s"),
                a=_called(was),
                b=_called(now),
            ),
            crumb=t("Differences", "差异"),
            crumbs=[(t(*self.title), url_for("reviews.index"))],
            changes=changes,
            was=was,
            now=now,
            known=["live", *numbers, *drafts],
            called=_called,
            help=_help(),
        )

    # --- fixed values ------------------------------------------------------------------------------------------

    @expose("/fixed/<int:number>/<any(approve,reject,end):verb>", methods=("POST",))
    def fixed(self, number: int, verb: str) -> ResponseReturnValue:
        """Decide on a value that somebody wants fixed by hand, or end one early."""
        getattr(acting().fixed_values, verb)(number)
        done = {"approve": t("It holds from the next run on.", "自下次运行起生效。"), "reject": t("The request is refused.", "申请已拒绝。"),
                "end": t("From the next run on the computed value holds.", "自下次运行起恢复计算结果。")}  # fmt: skip
        flash(done[verb], "success")
        return redirect(url_for("fixedvalues.index") if may("customers") else url_for("reviews.index"))


# --- what waits -------------------------------------------------------------------------------------------------


def _waiting() -> list[dict[str, Any]]:
    """The inbox with its words; mine: whether this reader can do something about it."""
    if "inbox" not in g:
        needs = {"held": "runs", "escalation": "service"}
        g.inbox = [_thing(each) for each in acting().inbox() if each.kind not in needs or may(needs[each.kind])]
    found: list[dict[str, Any]] = g.inbox
    return found


def _thing(each: Any) -> dict[str, Any]:
    icon, kind, en, zh = KINDS[each.kind]
    writes = may("reviews", "write")
    four_eyes = acting().settings.four_eyes
    what = {
        "held": t("Run {n}", "运行 {n}", n=each.number),
        "escalation": each.title,
        "fix": t("Request {n} for {address}", "申请 {n}：{address}", n=each.number, address=each.title),
    }.get(each.kind) or t("{title}, draft {n}", "{title}，草稿 {n}", title=each.title, n=each.number)
    why = ""
    if each.kind in ("approve", "fix") and each.own and four_eyes:
        why = t("you made it, so another person decides", "由您提出，须由他人审批")
    elif each.kind in ("approve", "publish", "fix") and not writes:
        why = t("somebody who approves has to act", "须由有审批权限的人处理")
    elif each.kind == "held" and not may("runs", "write"):
        why = t("somebody who may release runs has to act", "须由可放行运行的人处理")
    url = {
        "escalation": url_for("tickets.ticket", number=each.number) if each.kind == "escalation" else None,
        "held": url_for("runs.details", number=each.number),
        "fix": url_for("fixedvalues.index") if may("customers") else None,
    }.get(each.kind, url_for("reviews.draft", number=each.number))
    return {"kind": kind, "icon": icon, "head": t(en, zh), "what": what, "by": each.by, "at": each.at, "note": each.note[:200], "why": why,
            "mine": not why, "url": url}  # fmt: skip


def _title(waiting: int, log: Any) -> str:
    if waiting:
        return t("{n} thing{s} wait{v} for you", "{n} 件事等待您处理", n=waiting, s=plural(waiting, "", "s"), v=plural(waiting, "s", ""))
    if not log:
        return t("Nothing is published yet", "尚未发布规则手册")
    return t("Nothing waits for you; version {n} is live", "暂无待处理事项，版本 {n} 已生效", n=log[0].version)


# --- one draft --------------------------------------------------------------------------------------------------


def _picture(draft: Any) -> tuple[dict[str, Any] | None, str]:
    """The figures of a draft's simulation, and why there are none. A published draft has those of its approval."""
    if draft.status in ("published", "discarded"):
        return None, ""
    simulations = acting().simulations
    try:
        known = simulations.remembered(draft.id)
        if known is None and simulations.slow():
            return None, ""
        return (known or simulations.of(draft.id)).as_dict(), ""
    except (RulebookError, RunError) as error:
        return None, said(error)


def _changes(draft: Any) -> tuple[int | None, Any]:
    """The version a draft is compared with, and what differs: live, or for a published one the version it started from."""
    engine = acting()
    log = engine.drafts.log()
    base = draft.base if draft.status == "published" else (log[0].version if log else None)
    if base is None:
        return None, []
    return base, engine.differences(engine.version(str(base)).document, _canonical(draft.document))


def _canonical(document: Any) -> Any:
    try:
        return acting().check(document).document
    except RulebookError:
        return document


def _draft_title(draft: Any, decisions: Any) -> str:
    name = t("Draft {n}", "草稿 {n}", n=draft.id)
    last = decisions[0] if decisions else None
    match draft.status:
        case "submitted":
            return t("{draft} waits for approval", "{draft} 等待审批", draft=name)
        case "approved":
            return t(
                "{draft} is approved by {who} and not live yet",
                "{draft} 已由 {who} 批准，尚未发布",
                draft=name,
                who=last.actor if last else "",
            )
        case "scheduled":
            return t("{draft} is going to be published by itself", "{draft} 将定时发布", draft=name)
        case "published":
            return t("{draft} became version {n}", "{draft} 已发布为版本 {n}", draft=name, n=draft.version)
        case "discarded":
            return t("{draft} is off the table", "{draft} 已放弃", draft=name)
    if last is not None and last.verdict == "rejected":
        return t("{draft} was sent back by {who}", "{draft} 已被 {who} 退回", draft=name, who=last.actor)
    return t("{draft} is being written", "{draft} 编写中", draft=name)


def _history(draft: Any, decisions: Any) -> list[dict[str, Any]]:
    """Saved states and decisions as one line of time, the newest first."""
    events: list[dict[str, Any]] = [
        {"at": each.at, "who": each.actor, "revision": each.revision, "note": each.note, "verdict": "", "order": each.revision}
        for each in acting().drafts.history(draft.id)
    ]
    events += [
        {"at": each.at, "who": each.actor, "revision": None, "note": each.note, "verdict": each.verdict, "order": each.id,
         "moved": (each.report.get("simulation") or {}).get("moved"), "hash": each.hash}
        for each in decisions
    ]  # fmt: skip
    return sorted(events, key=lambda each: (-each["at"], bool(each["revision"]), -each["order"]))


def _approve_why(draft: Any) -> str:
    """Why this reader cannot approve; empty where he can."""
    engine = acting()
    if draft.status not in ("submitted", "approved"):
        return t("it is not submitted", "尚未提交") if draft.status == "open" else t(*STATES[draft.status][:2])
    if engine.settings.four_eyes and _is_author(draft):
        return t("you are an author of it: another person approves", "您是编写者之一，须由他人审批")
    if not may("reviews", "write"):
        return t("your roles do not include approving", "您的角色不能审批")
    return ""


def _is_author(draft: Any) -> bool:
    return str(acting().settings.actor).casefold() in {str(name).casefold() for name in draft.authors}


def _reject_why(draft: Any) -> str:
    if draft.status not in ("submitted", "approved", "scheduled"):
        return t("there is nothing to send back", "没有可退回的内容")
    return "" if may("reviews", "write") else t("your roles do not include approving", "您的角色不能审批")


def _publish_why(draft: Any, decisions: Any, blocks: int) -> str:
    """Why a draft cannot be published now; empty where it can."""
    log = acting().drafts.log()
    if draft.status not in ("approved", "scheduled"):
        return t("it is not approved", "尚未批准") if draft.status in ("open", "submitted") else t(*STATES[draft.status][:2])
    if not may("reviews", "write"):
        return t("your roles do not include publishing", "您的角色不能发布")
    approval = next((each for each in decisions if each.verdict == "approved"), None)
    if approval is not None and log and approval.report.get("live") != log[0].version:
        return t("version {n} became live since it was approved: approve it again", "批准后版本 {n} 已生效，须重新批准", n=log[0].version)
    if blocks:
        return t(
            "{n} thing{s} block{v} it, see below",
            "有 {n} 项问题阻止发布，见下方",
            n=blocks,
            s=plural(blocks, "", "s"),
            v=plural(blocks, "s", ""),
        )
    return ""


def _may_comment() -> bool:
    return may("reviews", "write") or may("rules", "write")


def _need_voice() -> None:
    if not _may_comment():
        raise TierwiseError(
            t("only rule authors and approvers comment on drafts; nothing was changed", "只有规则编写者与审批者可以评论草稿；未做任何更改")
        )


# --- versions ---------------------------------------------------------------------------------------------------


def _version_title(number: int, live: int | None, log: Any) -> str:
    if number == live:
        return t("Version {n} is live since {at}", "版本 {n} 自{at}起生效", n=number, at=g.formats.date(log[0].published_at))
    if not log:
        return t("Version {n} was never live", "版本 {n} 从未生效", n=number)
    return t("Version {n} was live once", "版本 {n} 曾经生效", n=number)


def _back_why(number: int, live: int | None, log: Any, fault: str | None) -> str:
    if number == live:
        return t("it is live", "已生效")
    if not log:
        return t("it was never live", "从未生效")
    if fault:
        return t("it no longer fits: {why}", "已不再适用：{why}", why=fault.split("\n", 1)[0])
    if not may("reviews", "write"):
        return t("your roles do not include publishing", "您的角色不能发布")
    engine = acting()
    mine = str(engine.settings.actor).casefold() in {str(name).casefold() for name in log[0].authors}
    if engine.settings.four_eyes and log[0].self_approved and mine:
        return t("you approved it yourself: another person brings it back", "由您自行批准，须由他人恢复")
    return ""


def _former(numbers: list[str]) -> str:
    return numbers[1] if len(numbers) > 1 else "live"


def _content(name: str) -> Any:
    """The document of "live", "3", "d7", or "d7@2"; canonical where it has no faults."""
    draft, _, revision = name.partition("@")
    if draft[:1] == "d" and draft[1:].isascii() and draft[1:].isdigit():
        drafts = acting().drafts
        number = int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 9 else None
        return _canonical(drafts.document(draft, number) if number else drafts.get(draft).document)
    return acting().version(name).document


def _called(name: str) -> str:
    draft, _, revision = name.partition("@")
    if name == "live":
        return t("live", "现行版本")
    if draft[:1] == "d":
        number = t("draft {n}", "草稿 {n}", n=draft[1:])
        return t("{draft}, revision {n}", "{draft} 第 {n} 次修订", draft=number, n=revision) if revision else number
    return f"v{name}"


def _today() -> dt.date:
    today: dt.date = acting().now.date()
    return today


def _help() -> str:
    return t(
        "A draft goes live in four steps: submitted by an author, approved by another person, published now or at a time, and used by the "
        "next run. Whoever saved any state of a draft is an author of it and cannot approve it.\n\nGoing back makes an earlier version live "
        "again; nothing is lost. Every step is in the audit trail.",
        "草稿经四步生效：编写者提交、他人批准、立即或定时发布、下次运行时启用。保存过草稿任一状态的人都是编写者，不能自行批准。\n\n"
        "回退会让以前的版本重新生效，不会丢失任何内容。每一步都记入审计记录。",
    )


PAGES = [Reviews]
