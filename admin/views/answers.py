"""The answer library, with the texts that acknowledge new tickets."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.desk import desk
from admin.desk_form import LANGUAGES, by_place
from admin.errors import said
from admin.pages import Page
from admin.words import language, plural, t
from engine import TierwiseError

FIELDS = (
    "name",
    "kinds",
    "categories",
    "automatic",
    *(f"{name}.{language}" for name in ("title", "subject", "text") for language in LANGUAGES),
)


class Answers(Page):
    """Prepared answers."""

    menu_key = "answers"
    area = "service"
    title = ("Answer library", "答复库")

    @expose("/")
    def index(self) -> str:
        """The library, and the form of one answer or of a new one; automatic: of a new one that acknowledges."""
        name = request.args.get("name", "")
        return self._page(name, _form(acting().desk.answer(name).document) if name else {"automatic": "automatic" in request.args})

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
            return self._page(name, {**form.to_dict(), **document}, error), 400
        flash(t("The answer {name} is kept.", "答复 {name} 已保存。", name=name), "success")
        return redirect(url_for("answers.index", name=name))

    @expose("/remove", methods=("POST",))
    def remove(self) -> ResponseReturnValue:
        """Take one away."""
        acting().desk.remove_answer(request.form.get("name", ""))
        flash(t("The answer is removed.", "答复已删除。"), "success")
        return redirect(url_for("answers.index"))

    def _page(self, name: str, form: Any, error: TierwiseError | None = None) -> str:
        stored = acting().desk.answers()
        faults = [(fault.place, fault.words(language())) for fault in getattr(error, "faults", ())]
        beside, rest = by_place(faults, FIELDS)
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
            fault=said(error) if error is not None and not faults else "",
            faults=beside,
            rest=rest,
            desk=desk(),
            may_write=may("service", "write"),
            help=t(
                "Texts in both languages by kind and category, suggested on the page of a ticket. One that is sent by itself acknowledges new "
                "tickets and is no first answer. {ticket}, {customer} and {due} are filled in.",
                "按类型与类别准备的中英文答复，在工单页面推荐使用。自动发送的答复用于确认收到，不计为首次答复。{ticket}、{customer}、{due} 会自动填入。",
            ),
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
