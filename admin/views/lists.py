"""Saved lists: views that people keep and share, tags and groups, and the log of exports."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.pages import Page
from admin.views.customers import address
from admin.words import t
from engine import TierwiseError

EXPORTS = 50


class Lists(Page):
    """Everything kept and put together by hand."""

    menu_key = "lists"
    area = "customers"
    title = ("Saved lists", "名单")
    reads = ("save", "change")
    """A list of one's own changes nothing for others, so reading customers is enough."""

    @expose("/")
    def index(self) -> str:
        """The lists, the tags and groups."""
        return self._index()

    @expose("/open/<int:number>")
    def open(self, number: int) -> ResponseReturnValue:
        """Show a kept list."""
        engine = acting()
        view = engine.views.get(number)
        return redirect(address(engine.customers.asked_for(dict(view.query))))

    @expose("/save", methods=("POST",))
    def save(self) -> ResponseReturnValue:
        """Keep a list."""
        form = request.form
        query = {"filters": form.getlist("f"), "search": form.get("q", ""), "sort": form.get("sort", ""), "columns": form.getlist("col")}
        query["size"] = form.get("size", "")
        view = acting().views.save("customers", form.get("title", ""), query, shared=bool(form.get("shared")))
        flash(t("Kept as “{title}”.", "已保存为“{title}”。", title=view.title), "success")
        return redirect(url_for("lists.open", number=view.id))

    @expose("/<int:number>/<any(share,unshare,remove):verb>", methods=("POST",))
    def change(self, number: int, verb: str) -> ResponseReturnValue:
        """Share a list, or no longer, or remove it."""
        views = acting().views
        if verb == "remove":
            views.remove(number)
        else:
            views.share(number, shared=verb == "share")
        return redirect(url_for("lists.index"))

    @expose("/tags", methods=("POST",))
    def add_tag(self) -> ResponseReturnValue:
        """Make a tag or a group."""
        form = request.form
        try:
            made = acting().tags.add(
                form.get("name", ""), title=form.get("title", ""), kind=form.get("kind", "tag"), note=form.get("note", "")
            )
        except TierwiseError as error:
            return self._index(fault=str(error)), 400
        flash(
            t(
                "“{title}” is there; rules read it as {name}.",
                "已创建“{title}”，规则中以 {name} 引用。",
                title=made.title,
                name=made.feature,
            ),
            "success",
        )
        return redirect(url_for("lists.index"))

    @expose("/tags/<any(edit,remove):verb>", methods=("POST",))
    def change_tag(self, verb: str) -> ResponseReturnValue:
        """Change what people read of a tag, or take it away."""
        form = request.form
        if verb == "remove":
            count = acting().tags.remove(form.get("tag", ""))
            flash(t("Removed; {n} customers bore it.", "已移除，此前有 {n} 位客户带有该标记。", n=count), "success")
        else:
            acting().tags.edit(form.get("tag", ""), title=form.get("title"), note=form.get("note"))
        return redirect(url_for("lists.index"))

    def _index(self, fault: str = "") -> str:
        engine = acting()
        views, tags = engine.views.list("customers"), engine.tags.list()
        exports: Any = engine.people.exports(EXPORTS) if may("audit") else None
        if views:
            title = t("{n} kept lists", "已保存 {n} 个名单", n=len(views)) if len(views) > 1 else t("One kept list", "已保存 1 个名单")
        else:
            title = t("No list is kept yet", "尚未保存名单")
        return self.page(
            "console/lists.html",
            title=title,
            crumb=t(*self.title),
            views=views,
            tags=tags,
            exports=exports,
            fault=fault,
            form=request.form,
            may_write=may("customers", "write"),
            help=t(
                "A kept list remembers filters, order and columns, not customers: opened tomorrow, it shows who fits tomorrow. A tag or a "
                "group holds the customers that people put into it; rules read both.",
                "保存的名单记录筛选、排序与列，而非客户本身：明天打开即显示明天符合条件的客户。标签与分组则保存手动加入的客户，规则均可引用。",
            ),
        )


PAGES = [Lists]
