"""How the service desk is set up, as a form: kinds, words, promises without a level, escalation, acknowledgements."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.desk import desk
from admin.desk_form import after, by_place, document_of, places, rows_given, rows_of, typed
from admin.errors import said
from admin.pages import Page
from admin.words import language, plural, t
from engine import TierwiseError

MOST_BYTES = 1_000_000


class Desk(Page):
    """The setup, in its parts."""

    area = "service"
    belongs_to = "answers"
    title = ("Setup of the desk", "服务台设置")
    areas: ClassVar[dict[str, str]] = {"save": "settings", "look": "settings"}

    @expose("/")
    def index(self) -> str:
        """The setup as it is."""
        return self._page(acting().desk.stored_setup().setup.document)

    @expose("/", methods=("POST",))
    def save(self) -> ResponseReturnValue:
        """Change it; or add, remove and move a row of the form, which keeps nothing yet."""
        form = request.form
        rows = rows_given(form)
        moved = after(form.get("act", ""), rows)
        rest: Any = {"stands": form.getlist("stands"), "calendar": form.get("calendar", ""), "consent": form.get("consent", "")}
        if moved is not None:
            added = moved[1] if form["act"].startswith("add:") else ""
            return self._form(moved[0], rest, changed=moved[1], added=added)
        rows = typed(rows)
        try:
            acting().desk.save_setup(document_of(rows, **rest), revision=form.get("revision", type=int))
        except TierwiseError as error:
            return self._form(rows, rest, error=error), 400
        flash(t("The service desk is set up anew.", "服务台设置已保存。"), "success")
        return redirect(url_for("desk.index"))

    @expose("/<int:revision>.json")
    def export(self, revision: int) -> ResponseReturnValue:
        """The document, for another installation. revision: that of the page; the newest is given out."""
        found = acting().desk.stored_setup()
        text = json.dumps(dict(found.setup.document), ensure_ascii=False, indent=2)
        name = f'attachment; filename="desk-setup-{found.revision}.json"'
        return Response(text, mimetype="application/json", headers={"Content-Disposition": name})

    @expose("/look", methods=("POST",))
    def look(self) -> ResponseReturnValue:
        """Show a document from elsewhere in the form; nothing is kept until the form is."""
        given = request.files.get("file")
        text = given.read(MOST_BYTES + 1) if given is not None else b""
        try:
            document = json.loads(text.decode("utf-8-sig")) if len(text) <= MOST_BYTES else None
            checked = acting().desk.check_setup(document).document
        except (ValueError, RecursionError):
            flash(t("This file is no JSON in UTF-8.", "该文件不是 UTF-8 编码的 JSON。"), "error")
            return redirect(url_for("desk.index"))
        except TierwiseError as error:
            return self._page(acting().desk.stored_setup().setup.document, error=error), 400
        flash(t("This is what the file says. It holds once you keep it.", "以下为文件内容，保存后生效。"), "success")
        return self._page(checked, changed="all")

    # --- inside ------------------------------------------------------------------------------------------------

    def _page(self, document: Any, *, error: TierwiseError | None = None, changed: str = "") -> str:
        rest = {"stands": document.get("stands", []), "calendar": document.get("calendar", ""), "consent": document.get("consent", "none")}
        return self._form(rows_of(document), rest, error=error, changed=changed)

    def _form(self, rows: Any, rest: Any, *, error: TierwiseError | None = None, changed: str = "", added: str = "") -> str:
        engine = acting()
        found = engine.desk.stored_setup()
        faults = [(fault.place, fault.words(language())) for fault in getattr(error, "faults", ())]
        beside, others = by_place(faults, places(rows))
        own = [] if error is None or faults else [said(error)]
        return self.page(
            "console/desk_setup.html",
            title=t("{n} thing{s} to be mended", "有 {n} 处需要修正", n=len(faults), s=plural(len(faults), " is", "s are"))
            if faults
            else t("The service desk has {n} kinds of requests", "服务台设有 {n} 种请求类型", n=len(found.setup.kinds)),
            crumb=t(*self.title),
            crumbs=[(t("Answer library", "答复库"), url_for("answers.index"))],
            found=found,
            revision=request.form.get("revision", found.revision, type=int) if not own else found.revision,
            rows=rows,
            rest=rest,
            faults=beside,
            others=[*own, *others],
            changed=changed,
            added=added,
            desk=desk(),
            priorities=engine.tickets.priorities,
            clocks=engine.tickets.clock_titles,
            waiting=[key for key in engine.tickets.states if key.startswith("waiting_")],
            calendars=[each.name for each in engine.calendars.list()],
            letters=[each for each in engine.desk.answers() if each.answer.automatic],
            may_write=may("settings", "write"),
            may_answer=may("service", "write"),
            help=t(
                "Rows are kept together with the button at the end. A key is how programs and stored tickets name a thing, so it stays when "
                "its title changes. Promises here hold for customers without a service level; the first that fits holds.",
                "各项修改在点击底部按钮后一并保存。键用于程序与已有工单引用，修改标题时保持不变。此处的时限适用于没有服务级别的客户，按顺序取首个匹配项。",
            ),
        )


PAGES = [Desk]
