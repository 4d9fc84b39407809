"""The audit trail: who did what to what, in words; whether it is whole; what was taken out."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from flask import abort, g, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.errors import said
from admin.pages import Page
from admin.words import language, t
from engine import TierwiseError

SHOWN = 50
LONGEST = 200
FORMATS = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class Audit(Page):
    """Entries with search, verification, export; the log of exports."""

    menu_key = "audit"
    area = "audit"
    title = ("Audit trail", "审计记录")
    reads = ("verify",)

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """Entries that fit, the newest first."""
        asked, fault = _asked()
        engine = acting()
        found = [] if fault else engine.audit.entries(**asked, after=_number("after"), limit=SHOWN + 1)
        entries, more = found[:SHOWN], len(found) > SHOWN
        page = self._page(
            "trail",
            "console/audit.html",
            title=_title(engine.audit.head, bool(asked), entries, more),
            entries=[(entry, t(engine.audit.sentence(entry))) for entry in entries],
            later=_url(after=entries[-1].seq) if more else None,
            first=_url(after=None) if request.args.get("after") else None,
            filtered=bool(asked) or bool(fault),
            actions=engine.audit.actions,
            fault=fault,
            url=_url,
            head=engine.audit.head,
        )
        return (page, 400) if fault else page

    @expose("/verify", methods=("POST",))
    def verify(self) -> ResponseReturnValue:
        """Read the whole trail and say what was altered, and where."""
        head = request.form.get("head", "").strip()[:LONGEST]
        try:
            found = acting().audit.verify(head=head or None)
        except TierwiseError as error:
            return self._page(
                "verify", "console/audit_verified.html", title=t("Nothing was verified", "未进行校验"), fault=said(error), found=None
            ), 400
        n = g.formats.number(found.entries)
        title = (
            t("The trail is whole: {n} entries, none was altered", "审计记录完整：共 {n} 条，无一被改动", n=n)
            if found.whole
            else t(
                "The trail is not what was recorded: {n} places", "审计记录与当初所记不符：{n} 处", n=g.formats.number(len(found.breaches))
            )
        )
        return self._page("verify", "console/audit_verified.html", title=title, found=found, fault="", given=head)

    @expose("/export/<any(csv,xlsx):kind>")
    def export(self, kind: str) -> ResponseReturnValue:
        """The entries that fit, as a file; the export itself is written down."""
        asked, fault = _asked()
        if fault:
            abort(400)
        engine = acting()
        with _file() as stream:
            rows = engine.audit.write(kind, stream, language(), **asked)
            engine.people.log_export(
                "audit", format=kind, personal=False, rows_=rows, filters={key: str(value) for key, value in asked.items()}
            )
            stream.seek(0)
            name = f"audit-{acting().now.astimezone(g.formats.zone):%Y-%m-%d}.{kind}"
            return send_file(stream, mimetype=FORMATS[kind], as_attachment=True, download_name=name)

    @expose("/exports")
    def exports(self) -> str:
        """Who took out what."""
        found = acting().people.exports(SHOWN + 1, before=_number("before"))
        rows, more = found[:SHOWN], len(found) > SHOWN
        personal = sum(row["personal"] for row in rows)
        return self._page(
            "exports",
            "console/exports.html",
            title=_exports_title(len(rows), personal, more),
            rows=rows,
            later=url_for("audit.exports", before=rows[-1]["id"]) if more else None,
        )

    def _page(self, tab: str, template: str, **values: Any) -> str:
        return self.page(template, tab=tab, crumb=t(*self.title), help=_help(), may_people=may("people"), **values)


@contextmanager
def _file() -> Iterator[BinaryIO]:
    """A file without a name; the answer closes it, a failure here does."""
    stream: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        yield stream
    except BaseException:
        stream.close()
        raise


def _asked() -> tuple[dict[str, Any], str]:
    """What the reader looks for, and what is wrong with it."""
    asked: dict[str, Any] = {}
    for name in ("actor", "action", "subject"):
        text = " ".join(request.args.get(name, "").replace("\x00", "").split())
        if text:
            asked[name] = text[:LONGEST]
    for name in ("since", "until"):
        text = request.args.get(name, "").strip()
        if not text:
            continue
        try:
            day = dt.date.fromisoformat(text)
            asked[name] = str(day + dt.timedelta(days=name == "until"))
        except (ValueError, OverflowError):
            return asked, t("{text} is no date; expected one such as 2026-01-31.", "{text} 不是日期，格式如 2026-01-31。", text=text[:40])
    return asked, ""


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        abort(400)
    return int(text)


def _url(**changes: Any) -> str:
    kept = {name: request.args[name] for name in ("actor", "action", "subject", "since", "until", "after") if request.args.get(name)}
    return url_for("audit.index", **{name: value for name, value in (kept | changes).items() if value is not None})


def _title(head: str, filtered: bool, entries: list[Any], more: bool) -> str:
    count = int(head.partition(":")[0])
    if not filtered:
        return t("{n} acts are on record", "已记录 {n} 项操作", n=g.formats.number(count))
    if not entries:
        return t("No act fits", "没有符合条件的操作")
    if more or request.args.get("after"):
        return t("More than {n} acts fit", "符合条件的操作超过 {n} 项", n=g.formats.number(len(entries)))
    return (
        t("{n} acts fit", "符合条件的操作 {n} 项", n=g.formats.number(len(entries)))
        if len(entries) > 1
        else t("One act fits", "符合条件的操作 1 项")
    )


def _exports_title(count: int, personal: int, more: bool) -> str:
    if not count:
        return t("Nothing was taken out", "尚无导出")
    n = g.formats.number(count) + ("+" if more else "")
    if personal:
        return t("{n} exports, {m} of them with personal data", "{n} 次导出，其中 {m} 次含个人信息", n=n, m=g.formats.number(personal))
    return t("{n} exports, none with personal data", "{n} 次导出，均不含个人信息", n=n)


def _help() -> str:
    return t(
        "Every act that changes something is an entry: who, when, what, to what. Entries hold numbers, not names of customers.\n\n"
        "Each entry is chained to the one before it. Verify reads the whole trail and names every entry that was altered, deleted, inserted, "
        "moved or cut off. Keep the head somewhere else, on paper or in a mail: only so it shows when the end of the trail is cut off.",
        "每项更改都会留下一条记录：何人、何时、何事、对何对象。记录中只有编号，没有客户姓名。\n\n"
        "每条记录与前一条相链接。“校验”会通读全部记录，指出被改动、删除、插入、移动或截去的条目。请将“末端”另行保存（如纸质或邮件）："
        "只有这样，记录末尾被截去时才能发现。",
    )


PAGES = [Audit]
