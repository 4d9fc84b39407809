"""The answer library, and how the service desk is set up."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.desk import desk
from admin.errors import said
from admin.pages import Page
from admin.words import plural, t
from engine import TierwiseError

LANGUAGES = ("en", "zh")


class Answers(Page):
    """Prepared answers."""

    menu_key = "answers"
    area = "service"
    title = ("Answer library", "答复库")
    areas: ClassVar[dict[str, str]] = {"save_setup": "settings"}

    @expose("/")
    def index(self) -> str:
        """The library, and the form of one answer or of a new one."""
        name = request.args.get("name", "")
        return self._page(name, _form(acting().desk.answer(name).document) if name else {})

    @expose("/", methods=("POST",))
    def save(self) -> ResponseReturnValue:
        """Keep one."""
        form = request.form
        name = form.get("name", "").strip()
        document = {
            "title": {"en": form.get("title_en", ""), "zh": form.get("title_zh", "")},
            "text": {"en": form.get("text_en", ""), "zh": form.get("text_zh", "")},
            **_subject(form),
            "kinds": form.getlist("kinds"),
            "categories": form.getlist("categories"),
            "automatic": bool(form.get("automatic")),
        }
        try:
            acting().desk.save_answer(name, document, revision=form.get("revision", type=int))
        except TierwiseError as error:
            return self._page(name, {**form.to_dict(), **document}, said(error)), 400
        flash(t("The answer {name} is kept.", "答复 {name} 已保存。", name=name), "success")
        return redirect(url_for("answers.index", name=name))

    @expose("/remove", methods=("POST",))
    def remove(self) -> ResponseReturnValue:
        """Take one away."""
        acting().desk.remove_answer(request.form.get("name", ""))
        flash(t("The answer is removed.", "答复已删除。"), "success")
        return redirect(url_for("answers.index"))

    @expose("/setup")
    def setup(self) -> str:
        """Kinds, channels, categories, causes, promises without a level, escalation."""
        return self._setup()

    @expose("/setup", methods=("POST",))
    def save_setup(self) -> ResponseReturnValue:
        """Change it."""
        text = request.form.get("document", "")
        try:
            document = json.loads(text)
        except ValueError as error:
            return self._setup(text, t("This is no JSON: {why}", "不是有效的 JSON：{why}", why=error)), 400
        try:
            acting().desk.save_setup(document, revision=request.form.get("revision", type=int))
        except TierwiseError as error:
            return self._setup(text, said(error)), 400
        flash(t("The service desk is set up anew.", "服务台设置已保存。"), "success")
        return redirect(url_for("answers.setup"))

    def _page(self, name: str, form: Any, fault: str = "") -> str:
        stored = acting().desk.answers()
        return self.page(
            "console/answers.html",
            title=t("{n} prepared answer{s}", "{n} 条预设答复", n=len(stored), s=plural(len(stored), "", "s"))
            if stored
            else t("No prepared answer yet", "尚无预设答复"),
            crumb=t(*self.title),
            stored=stored,
            chosen=next((each for each in stored if each.answer.name == name), None),
            name=name,
            form=form,
            fault=fault,
            desk=desk(),
            may_write=may("service", "write"),
            help=t(
                "Texts in both languages by kind and category, suggested on the page of a ticket. One that is sent by itself acknowledges new "
                "tickets and is no first answer. {ticket}, {customer} and {due} are filled in.",
                "按类型与类别准备的中英文答复，在工单页面推荐使用。自动发送的答复用于确认收到，不计为首次答复。{ticket}、{customer}、{due} 会自动填入。",
            ),
        )

    def _setup(self, text: str = "", fault: str = "") -> str:
        found = acting().desk.stored_setup()
        return self.page(
            "console/desk_setup.html",
            title=t("The service desk has {n} kinds of requests", "服务台设有 {n} 种请求类型", n=len(found.setup.kinds)),
            crumb=t("Setup", "服务台设置"),
            crumbs=[(t(*self.title), url_for("answers.index"))],
            found=found,
            text=text or json.dumps(dict(found.setup.document), ensure_ascii=False, indent=2),
            fault=fault,
            desk=desk(),
            may_write=may("settings", "write"),
        )


def _subject(form: Any) -> dict[str, Any]:
    """The subject of the e-mail, if one is written; where it stands in one language only, the engine says what is missing."""
    given = {language: form.get(f"subject_{language}", "").strip() for language in LANGUAGES}
    return {"subject": given} if any(given.values()) else {}


def _form(document: Any) -> dict[str, Any]:
    pairs = {
        name: value if isinstance(value, dict) else {"en": value, "zh": value}
        for name, value in document.items()
        if name in ("title", "subject", "text")
    }
    fields = {f"{name}_{language}": pair[language] for name, pair in pairs.items() for language in LANGUAGES}
    return {
        **fields,
        "kinds": document.get("kinds", []),
        "categories": document.get("categories", []),
        "automatic": document.get("automatic", False),
    }


PAGES = [Answers]
