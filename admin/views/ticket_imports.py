"""Tickets from a file: upload, which column is what, a trial that keeps nothing, the import, and every row that is wrong."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Any, ClassVar

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may, person
from admin.desk import desk
from admin.errors import said
from admin.pages import Page
from admin.views.imports import safe_name
from admin.words import language, plural, t
from engine import Fault, TierwiseError

ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".parquet", ".jsonl", ".ndjson", ".json")
TRIED = 20
"""First rows that are tried before anybody asks for it."""

FIELDS: dict[str, tuple[str, str]] = {
    "reference": ("Its number in the other system; the same again is the same ticket", "在原系统中的编号，相同编号不会重复创建"),
    "customer": ("The customer's id", "客户编号"),
    "kind": ("Kind of request, by its key", "请求类型（键）"),
    "subject": ("What it is about, in one line", "主题（单行）"),
    "opened_at": ("When it came in", "创建时间"),
    "text": ("What the customer said", "客户来信内容"),
    "priority": ("urgent, high, normal or low; else that of the level", "urgent、high、normal 或 low，缺省取服务级别的优先级"),
    "channel": ("How it came in, by its key", "来源渠道（键）"),
    "category": ("What it concerns, by its key", "类别（键）"),
    "cause": ("Root cause, by its key", "根本原因（键）"),
    "owner": ("Who looks after it", "负责人"),
    "language": ("zh or en", "zh 或 en"),
    "answer": ("The first answer", "首次答复内容"),
    "answered_at": ("When it was given", "首次答复时间"),
    "resolved_at": ("When it was resolved", "解决时间"),
    "closed_at": ("When it was closed", "关闭时间"),
    "compensation": ("In minor units: 500 is 5.00", "补偿金额（最小货币单位，500 即 5.00）"),
}


class TicketImports(Page):
    """The steps of an import."""

    area = "service"
    belongs_to = "tickets"
    title = ("Import tickets", "导入工单")
    writes = ("index", "prepare")
    areas: ClassVar[dict[str, str]] = {}

    @expose("/")
    def index(self) -> str:
        """Choose a file."""
        return self._page(
            "console/ticket_import.html", step="choose", title=t("Bring in tickets from another system", "从其他系统导入工单")
        )

    @expose("/", methods=("POST",))
    def upload(self) -> ResponseReturnValue:
        """Keep the file where only this installation reads it, and look into it."""
        given = request.files.get("file")
        name = safe_name(given.filename or "") if given is not None else ""
        if given is None or not given.filename or not name.lower().endswith(ENDINGS):
            flash(t("Choose a CSV, XLSX, Parquet or JSON lines file.", "请选择 CSV、XLSX、Parquet 或 JSON Lines 文件。"), "error")
            return redirect(url_for("ticketimports.index"))
        token = f"{person().id}-{secrets.token_hex(8)}"
        folder = acting().jobs.files() / token
        folder.mkdir(mode=0o700)
        given.save(folder / name)
        return redirect(url_for("ticketimports.prepare", token=token, name=name))

    @expose("/file/<token>/<name>")
    def prepare(self, token: str, name: str) -> ResponseReturnValue:
        """The first rows, and which column is what."""
        path = self._uploaded(token, name)
        try:
            view = acting().tickets.look_into(path)
        except TierwiseError as error:
            flash(said(error), "error")
            return redirect(url_for("ticketimports.index"))
        return self._prepare(token, view, view.columns)

    @expose("/file/<token>/<name>", methods=("POST",))
    def begin(self, token: str, name: str) -> ResponseReturnValue:
        """Try the import and keep nothing, or import for good: a job either way."""
        view = acting().tickets.look_into(self._uploaded(token, name))
        columns = {field: request.form.get(f"column:{field}", "") for field in FIELDS}
        columns = {field: column for field, column in columns.items() if column in view.names}
        missing = [field for field in acting().tickets.needed if field not in columns]
        if missing:
            return self._prepare(token, view, columns, missing), 400
        dry = request.form.get("act") != "import"
        title = t("Trial of {name}", "试导入 {name}", name=name) if dry else t("Import of {name}", "导入 {name}", name=name)
        params = {"file": f"{token}/{name}", "columns": columns, "name": name, "dry_run": dry}
        params["acknowledge"] = bool(request.form.get("acknowledge"))
        return redirect(url_for("ticketimports.job", number=acting().jobs.submit("tickets", params, title=title).id))

    @expose("/job/<int:number>")
    def job(self, number: int) -> str:
        """How far it is, and what came of it."""
        job = self._job(number)
        result: Any = job.result or {}
        token, _, name = str(job.params["file"]).partition("/")
        path = acting().jobs.files() / token / name
        own = token.partition("-")[0] == str(person().id)
        return self._page(
            "console/ticket_import.html",
            step="job",
            title=_outcome(job, result),
            job=job,
            result=result,
            faults=[_row(Fault("TW404", each["line"], each["text"])) for each in result.get("faults", ())],
            token=token,
            name=name,
            kept=own and path.is_file(),
            may_write=may("service", "write"),
            step_words=lambda step: t("reading rows", "读取数据行"),
        )

    @expose("/job/<int:number>", methods=("POST",))
    def again(self, number: int) -> ResponseReturnValue:
        """Import for good what was tried."""
        tried = self._job(number)
        title = t("Import of {name}", "导入 {name}", name=tried.params.get("name", ""))
        job = acting().jobs.submit("tickets", {**tried.params, "dry_run": False}, title=title, dedupe=f"tickets-of:{number}")
        return redirect(url_for("ticketimports.job", number=job.id))

    # --- inside ------------------------------------------------------------------------------------------------

    def _job(self, number: int) -> Any:
        found = acting().jobs.get(number)
        if found.kind != "tickets":
            abort(404)
        return found

    def _uploaded(self, token: str, name: str) -> Path:
        """The uploaded file, which only the person who brought it may use."""
        owner = re.fullmatch(r"([0-9]+)-[0-9a-f]{16}", token)
        path = acting().jobs.files() / token / name
        if owner is None or owner[1] != str(person().id) or safe_name(name) != name or not path.is_file():
            abort(404)
        return path

    def _prepare(self, token: str, view: Any, columns: Any, missing: Any = ()) -> str:
        needed = acting().tickets.needed
        gaps = [field for field in needed if field not in columns]
        tried, faults = 0, list[Fault]()
        if not gaps:
            path = acting().jobs.files() / token / view.name
            tried, found = acting().tickets.try_rows(path, columns, TRIED)
            faults += found
        if gaps:
            title = t("{n} columns of {file} are still to be named", "{file} 还需指定 {n} 列", n=len(gaps), file=view.name)
        elif faults:
            title = t("{n} of the first {m} rows cannot be used", "前 {m} 行中有 {n} 行无法导入", n=len(faults), m=tried)
        else:
            title = t("The first rows of {file} are understood", "已识别 {file} 的前几行", file=view.name)
        return self._page(
            "console/ticket_import.html",
            step="prepare",
            title=title,
            token=token,
            view=view,
            columns=columns,
            needed=needed,
            missing=missing or gaps,
            fields=FIELDS,
            faults=[_row(each) for each in faults],
        )

    def _page(self, template: str, **values: Any) -> str:
        crumbs = [(t("Queue", "工单队列"), url_for("tickets.index"))]
        return self.page(template, crumb=t(*self.title), crumbs=crumbs, desk=desk(), **values)


def _row(fault: Fault) -> tuple[str, str]:
    """The line of a fault, and what is wrong there."""
    return fault.place.removeprefix("line "), fault.words(language())


def _outcome(job: Any, result: Any) -> str:
    if job.is_open:
        return t("{name} is being read", "正在读取 {name}", name=job.params.get("name", ""))
    if job.status != "done":
        return t("{name} was not imported", "{name} 未导入", name=job.params.get("name", ""))
    if result["faults"]:
        return t("{n} rows are wrong; nothing was kept", "有 {n} 行有误，未保存任何内容", n=len(result["faults"]))
    if job.params.get("dry_run"):
        return t("All {n} rows can be imported", "全部 {n} 行均可导入", n=result["rows"])
    n, m = result["opened"], result["known"]
    return t("{n} ticket{s} opened, {m} known", "已创建 {n} 个工单，{m} 个已存在", n=n, m=m, s=plural(n, " was", "s were"))


PAGES = [TicketImports]
