"""Help: the project's documentation inside the console, found by words."""

from __future__ import annotations

from flask import abort, request, url_for
from flask_admin import expose

from admin import handbook
from admin.access import SIGNED_IN
from admin.pages import Page
from admin.words import language, t

SECTIONS = {
    "how-to": ("Get something done", "操作指南"),
    "tutorial": ("Learn by doing", "入门教程"),
    "reference": ("Look something up", "参考"),
    "explanation": ("Understand why", "原理说明"),
}


class Help(Page):
    """The table of contents, the search, the pages."""

    area = SIGNED_IN
    title = ("Help", "帮助")

    @expose("/")
    def index(self) -> str:
        """What there is, or what was found."""
        query = " ".join(request.args.get("q", "").replace("\x00", "").split())[:100]
        found = handbook.find(query, language()) if query else []
        chapters = handbook.chapters(language())
        sections = [(t(*words), [each for each in chapters.values() if each.section == section]) for section, words in SECTIONS.items()]
        title = t("How Tierwise is used", "Tierwise 使用帮助")
        if query:
            title = (
                t("{n} pages say something about it", "找到 {n} 篇相关页面", n=len(found))
                if found
                else t("Nothing is written about that", "没有相关内容")
            )
        return self.page("console/help.html", title=title, crumb=t(*self.title), sections=sections, query=query, found=found)

    @expose("/<path:address>")
    def chapter(self, address: str) -> str:
        """One page."""
        chapter = handbook.chapters(language()).get(address) or abort(404)
        return self.page(
            "console/help_page.html",
            title=chapter.title,
            crumb=chapter.title,
            crumbs=[(t(*self.title), url_for("help.index"))],
            chapter=chapter,
            text=handbook.html(chapter, lambda to: url_for("help.chapter", address=to)),
            beside=[each for each in handbook.chapters(language()).values() if each.section == chapter.section],
        )


PAGES = [Help]
