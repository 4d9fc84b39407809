"""What needs somebody: findings with a place, a count and one button, the most costly first; and how a new installation starts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import g, url_for

from admin.access import may
from admin.sidebar import entries
from admin.words import plural, t
from engine import RulebookError, Text, TierwiseError

if TYPE_CHECKING:
    from engine.service import Engine

MOST = 6
MOST_LATE = 100
_cache: dict[tuple[Any, ...], tuple[float, list[Any]]] = {}


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that needs a person. kind: draft, warn, bad, info; action: (what the button says, where it leads)."""

    kind: str
    icon: str
    title: str
    text: str
    action: tuple[str, str] | None = None


def to(key: str, text: str, **arguments: Any) -> tuple[str, str] | None:
    """A button to a page of the sidebar, if it is there and open to the reader."""
    entry = entries().get(key)
    return (text, url_for(entry.endpoint, **arguments)) if entry is not None and may(entry.area) else None


def waiting(engine: Engine) -> list[Thing]:
    """Everything that needs this reader, the most costly first."""
    found: list[Thing] = []
    for look in (_held, _failed_policies, _broken_plugins, _promises, _reviews, _failed_jobs, _rejected, _rules, _nothing_scheduled):
        found += look(engine)
    return found[:MOST]


def _held(engine: Engine) -> list[Thing]:
    if not may("runs"):
        return []
    held = engine.held_runs()
    return [
        Thing(
            "bad",
            "stop",
            t("Run {n} is held", "运行 {n} 已暂停生效", n=run),
            t("It would move more than the guards allow; nobody sees it yet.", "变动超出防护阈值，结果尚未生效。"),
            (t("Look at it", "查看"), url_for("runs.details", number=run)),
        )
        for run in held[:1]
    ]


def _failed_policies(engine: Engine) -> list[Thing]:
    try:
        run = engine.run_record()
    except TierwiseError:
        return []
    return [
        Thing(
            "bad",
            "plugins",
            t("{policy} failed in the last run", "策略 {policy} 在上次运行中失败", policy=key),
            t("{fault} Its former outcome was kept.", "{fault} 已保留此前的结果。", fault=f"{fault[:110].rstrip('.')}."),
            (t("See the fault", "查看错误"), url_for("runs.details", number=run.id)) if may("runs") else None,
        )
        for key, fault in list(run.faults.items())[:2]
    ]


def _broken_plugins(engine: Engine) -> list[Thing]:
    if not may("plugins"):
        return []
    broken = [plugin for plugin in engine.plugins if plugin.error]
    return [
        Thing(
            "bad",
            "plugins",
            t("The plugin {name} cannot be loaded", "插件 {name} 无法加载", name=plugin.name),
            str(plugin.error)[:120],
            to("plugins", t("See why", "查看原因")),
        )
        for plugin in broken[:2]
    ]


def _promises(engine: Engine) -> list[Thing]:
    """Promises to customers that are broken and still open, among those that break first."""
    if not may("service"):
        return []
    now = int(engine.now.timestamp())
    late = [each for each in engine.tickets.queue(limit=MOST_LATE) if each.first is not None and (each.first.due_at or now) < now]
    if not late:
        return []
    count = g.formats.number(len(late)) + ("+" if len(late) == MOST_LATE else "")
    return [
        Thing(
            "bad",
            "tickets",
            t("{n} promise{s} broken", "{n} 项承诺已超时", n=count, s=plural(len(late), " is", "s are")),
            _first_late(late[0]),
            (t("To the queue", "前往队列"), url_for("tickets.index")),
        )
    ]


def _first_late(ticket: Any) -> str:
    """Which ticket is late the longest: by its subject, or by its number for who may not read that."""
    if not may("personal_data"):
        return t("The first is ticket {n}.", "最早的是工单 {n}。", n=ticket.id)
    return t("The first is “{subject}”.", "最早的是“{subject}”。", subject=ticket.subject[:80])


def _reviews(engine: Engine) -> list[Thing]:
    """Drafts that wait for this reader's approval; filled by whatever brings drafts."""
    inbox = getattr(engine, "drafts", None)
    if inbox is None or not may("reviews", "write"):
        return []
    found = [draft for draft in inbox.list("submitted") if draft.created_by != engine.settings.actor]
    return [
        Thing(
            "draft",
            "reviews",
            t("{title} waits for your approval", "{title} 等待您审批", title=draft.title),
            t("Submitted by {who}.", "由 {who} 提交。", who=draft.updated_by),
            to("reviews", t("Review", "审批")),
        )
        for draft in found[:3]
    ]


def _failed_jobs(engine: Engine) -> list[Thing]:
    if not may("jobs"):
        return []
    day = int(engine.now.timestamp()) - 86_400
    failed = [job for job in engine.jobs.list(status="failed", limit=3) if (job.finished_at or 0) > day]
    return [
        Thing(
            "warn",
            "jobs",
            t("Job {n} failed", "作业 {n} 失败", n=job.id),
            (job.error or "").splitlines()[0][:120] if job.error else "",
            to("jobs", t("Look at it", "查看")),
        )
        for job in failed[:1]
    ]


def _rejected(engine: Engine) -> list[Thing]:
    if not may("imports"):
        return []
    last = next((batch for batch in engine.batches(5) if batch["rejected"] and not batch["undone"]), None)
    if last is None:
        return []
    return [
        Thing(
            "warn",
            "imports",
            t("{n} rows of {file} were set aside", "{file} 中有 {n} 行被搁置", n=g.formats.number(last["rejected"]), file=last["file"]),
            t("They count in no grade until they are mended.", "修正之前不计入任何等级。"),
            to("imports", t("Repair", "修复")),
        )
    ]


def _rules(engine: Engine) -> list[Thing]:
    """Rules that can never hit, contradict each other or hit nobody; remembered for a minute, since they are counted anew."""
    if not may("rules"):
        return []
    try:
        version = engine.version()
        run = engine.run_record()
    except TierwiseError:
        return []
    key = (str(engine.store.sql.url), version.number, run.id)
    if key not in _cache:
        _cache.clear()
        try:
            _cache[key] = (time.monotonic(), list(engine.verify(version.document)))
        except RulebookError:
            return []
    found = [each for each in _cache[key][1] if each.finding.severity != "note" or each.finding.id == "TW361"]
    titles = {entry["key"]: t(Text(**entry["title"])) for entry in version.document["policies"]}
    return [
        Thing(
            "warn",
            "warn",
            said[:1].upper() + said[1:],
            t("In the policy {title}.", "所在策略：{title}。", title=titles.get(each.policy, each.policy)),
            to("rulebook", t("Open", "打开")),
        )
        for each in found[:3]
        for said in [t(each.finding.text)]
    ]


def _nothing_scheduled(engine: Engine) -> list[Thing]:
    """Grades go stale where nobody runs them again; said only once something has run."""
    if not may("runs", "write") or any(each.enabled for each in engine.schedules.list()) or not engine.runs(1):
        return []
    entry = entries().get("runs")
    return [
        Thing(
            "info",
            "clock",
            t("Nobody grades tonight", "今晚没有安排分级"),
            t(
                "No run is scheduled, so grades stay as they are until somebody starts one.",
                "未安排定时运行，等级将保持不变，直到有人手动运行。",
            ),
            (t("Schedule", "安排"), url_for("runs.schedules")) if entry else None,
        )
    ]


def status(engine: Engine, run: Any) -> list[tuple[str, str, str]]:
    """How the installation stands: (what, value, note), for when little needs anybody."""
    f = g.formats
    rows = []
    last = run.report.get("last_order")
    if last:
        age = max(0, (run.as_of - int(last)) // 86_400)
        rows.append((t("Newest order", "最近订单"), f.date(last), t("{n} before the run", "早于运行 {n}", n=f.days(age)) if age else ""))
    if may("imports") and (batch := next(iter(engine.batches(1)), None)):
        rows.append((t("Last import", "最近导入"), batch["file"] or batch["kind"], t("{n} rows", "{n} 行", n=f.number(batch["rows"]))))
    rows.append(
        (
            t("Graded", "已分级"),
            f.share(max(run.graded.values(), default=0), run.customers),
            t("of {n} customers", "共 {n} 位客户", n=f.number(run.customers)),
        )
    )
    rows.append(
        (
            t("Policies at work", "生效策略"),
            f.number(len(run.graded)),
            t("rulebook v{n}", "规则手册 v{n}", n=run.report["rulebook"]["number"]),
        )
    )
    upcoming = next_run(engine)
    if may("runs"):
        rows.append((t("Next run", "下次运行"), f.moment(upcoming) if upcoming else t("not scheduled", "未安排"), ""))
    if may("jobs"):
        counts = engine.jobs.counts()
        rows.append((t("Jobs going on", "进行中的作业"), f.number(counts["running"] + counts["queued"]), ""))
    if may("plugins"):
        rows.append((t("Plugins that work", "正常的插件"), f.number(sum(each.status == "loaded" for each in engine.plugins)), ""))
    return rows


def first_steps(engine: Engine) -> list[tuple[bool, str, str, tuple[str, str] | None]]:
    """What a new installation needs, in order: (done, title, text, where)."""
    imported = bool(engine.batches(1))
    try:
        published = engine.version().number > 0
    except RulebookError:
        published = False
    return [
        (
            imported,
            t("Import customers and orders", "导入客户与订单"),
            t("A CSV or Excel file of orders is enough to start.", "一份订单的 CSV 或 Excel 文件即可开始。"),
            to("imports", t("Import a file", "导入文件")),
        ),
        (
            published,
            t("Publish a rulebook", "发布规则手册"),
            t("The starter holds RFM segments, ABC classes and lifecycle stages.", "入门手册包含 RFM 分群、ABC 分类与生命周期阶段。"),
            to("rulebook", t("Open the rulebook", "打开规则手册")),
        ),
        (
            False,
            t("Grade every customer", "为所有客户分级"),
            t("A run takes seconds and can be repeated at any time.", "一次运行只需数秒，可随时重复。"),
            to("runs", t("To the runs", "前往运行")),
        ),
    ]


def next_run(engine: Engine) -> int | None:
    """When the next run is due by a schedule, UTC epoch seconds."""
    schedules = getattr(engine, "schedules", None)
    if schedules is None or not may("runs"):
        return None
    due = [each.next_at for each in schedules.list() if each.enabled and each.kind == "run" and each.next_at]
    return min(due) if due else None


def running(engine: Engine) -> Any:
    """The job of a run that is going on, or None."""
    return next(iter(engine.jobs.list(status=("running", "queued"), kind="run", limit=1)), None) if may("runs") else None


def policies(picture: Any) -> list[tuple[str, str, str, str]]:
    """Every policy of the run's rulebook: title, key, state ("ok", "bad", "off"), what it did."""
    f, run = g.formats, picture.run
    rows = []
    for key, title, enabled in picture.policies:
        if not enabled:
            rows.append((t(title), key, "off", t("switched off", "已停用")))
        elif key in run.faults:
            rows.append((t(title), key, "bad", run.faults[key][:80]))
        elif key in run.report["stale"]:
            rows.append((t(title), key, "bad", t("kept: it needs {other}", "保留原结果：依赖 {other}", other=run.report["stale"][key])))
        else:
            rows.append((t(title), key, "ok", t("{n} graded", "{n} 位已分级", n=f.number(run.graded.get(key, 0)))))
    return rows
