"""Lists straight from a table: `ListPage` filters, sorts, searches, pages and exports, and stays fast at a million rows.

    class Batches(ListPage):
        table = "import_batch"
        menu_key, area, title = "imports", "imports", ("Imports", "导入")
        columns = {"id": ("Import", "导入"), "file": ("File", "文件"), "rows": ("Rows", "行数")}
        searched, filtered = ("file",), ("kind", "rows")
        column_default_sort = ("id", True)
        cells = {"started_at": lambda row: g.formats.moment(row.started_at)}

`columns` are shown in this order; `numbers` are right-aligned; `cells` say how a value is shown, as text or markup;
`links` lead from a cell to an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask import Flask, g, request
from flask_admin.contrib.sqla import ModelView
from flask_babel.speaklater import LazyString
from markupsafe import Markup
from sqlalchemy import inspect

from admin.access import acting
from admin.models import model
from admin.pages import Declared
from admin.words import t

DEEP = 20
"""From this page on only keys are skipped over, and the rows are fetched by them."""

LAST_PAGE = 10**6
EXPORTED = 100_000
"""Rows of an export from a list; more are taken out by a job."""

LIVE = re.compile(r"[=+\-@\t\r\x00＝＋－＠]")


class ListPage(Declared, ModelView):
    """A list of one table. Rows are changed by verbs alone, so creating, editing and deleting are switched off."""

    table: ClassVar[str]
    columns: ClassVar[Mapping[str, tuple[str, str]]] = {}
    numbers: ClassVar[tuple[str, ...]] = ()
    searched: ClassVar[tuple[str, ...]] = ()
    filtered: ClassVar[tuple[Any, ...]] = ()
    sorted_by: ClassVar[tuple[str, ...] | None] = None
    cells: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    links: ClassVar[Mapping[str, Callable[[Any], str | None]]] = {}
    personal: ClassVar[bool] = False
    """Whether an export holds personal data; written into the log of exports."""
    empty: ClassVar[tuple[tuple[str, str], tuple[str, str]]] = (("Nothing here yet", "暂无内容"), ("", ""))
    """Title and text of the empty list."""
    searches: ClassVar[tuple[str, str]] = ("Search", "搜索")

    can_create = can_edit = can_delete = can_view_details = False
    can_export = True
    export_types: ClassVar[list[str]] = ["csv", "xlsx"]
    export_max_rows = EXPORTED
    page_size = 50
    can_set_page_size = True
    page_size_options = (25, 50, 100, 200)
    column_display_actions = False
    action_disallowed_list: ClassVar[list[str]] = ["delete"]
    list_template = "console/list.html"
    named_filter_urls = False

    @classmethod
    def make(cls, app: Flask) -> ListPage:
        """The view of an app."""
        name = cls.__name__.lower()
        mapped = model(cls.table)
        cls.column_list = list(cls.columns)
        cls.column_labels = {key: LazyString(lambda pair=pair: t(*pair)) for key, pair in cls.columns.items()}
        cls.column_searchable_list = list(cls.searched)
        cls.column_filters = list(cls.filtered)
        cls.column_sortable_list = list(cls.sorted_by if cls.sorted_by is not None else cls.columns)
        return cls(mapped, app.extensions["tierwise_sessions"], name=name, endpoint=name)

    def heading(self, count: int | None) -> str:
        """The title of the page, with the count as its finding. Override it to say more."""
        return t("{title}: {n}", "{title}：{n}", title=t(*self.title), n=g.formats.number(count))

    def render(self, template: str, **values: Any) -> str:
        """Render with what the list template needs."""
        if template == self.list_template:
            values.setdefault("title", self.heading(values.get("count")))
            values.setdefault("crumb", t(*self.title))
            values["pills"] = self._pills(values.get("active_filters") or ())
        return str(super().render(template, **values))

    def _pills(self, active: Any) -> list[tuple[str, str]]:
        """The filters that are on: what each says, and the address without it."""
        found = []
        for at, (index, _, value) in enumerate(active):
            each = self._filters[index]
            shown = value
            for key, title in each.get_options(self) or ():
                shown = title if str(key) == str(value) else shown
            said = f"{self._label(each.name)} {self._label(each.operation())} {shown}"
            kept = {key: text for key, text in request.args.items() if key != "page" and not key.startswith(f"flt{at}_")}
            found.append((said, f"{request.path}?{_query(kept)}"))
        return found

    @staticmethod
    def _label(text: Any) -> str:
        return str(text)

    def cell(self, row: Any, name: str) -> Any:
        """What stands in a cell: text, or markup."""
        shown = self.cells[name](row) if name in self.cells else getattr(row, name, None)
        if shown is None:
            return Markup('<span class="muted">–</span>')
        if name in self.numbers and isinstance(shown, int | float):
            shown = g.formats.number(shown)
        url = self.links[name](row) if name in self.links else None
        return Markup('<a href="{}">{}</a>').format(url, shown) if url else shown

    # --- what makes it safe and fast ---------------------------------------------------------------------------

    def _get_list_extra_args(self) -> Any:
        args = super()._get_list_extra_args()
        args.page = min(max(args.page or 0, 0), LAST_PAGE)
        args.page_size = min(max(args.page_size or 0, 0), max(self.page_size_options))
        if args.search is not None:
            args.search = args.search[:200].replace("\x00", "")
        return args

    def _apply_sorting(self, query: Any, joins: Any, sort_column: Any, sort_desc: Any) -> Any:
        query, joins = super()._apply_sorting(query, joins, sort_column, sort_desc)
        return query.order_by(*inspect(self.model).primary_key), joins

    def _apply_pagination(self, query: Any, page: Any, page_size: Any) -> Any:
        page_size = page_size or self.page_size
        if page and page >= DEEP:
            key = inspect(self.model).primary_key[0]
            keys = query.enable_eagerloads(False).with_entities(key).limit(page_size).offset(page * page_size)
            return query.filter(key.in_(keys))
        return super()._apply_pagination(query, page, page_size)

    def get_export_value(self, row: Any, name: str) -> Any:
        """A value of an export; texts that a spreadsheet would run are made inert."""
        value = super().get_export_value(row, name)
        return f"'{value}" if isinstance(value, str) and LIVE.match(value) else value

    def _export_data(self) -> Any:
        count, rows = super()._export_data()
        acting().people.log_export(
            self.table, format=request.view_args["export_type"] if request.view_args else "csv", personal=self.personal, rows_=len(rows)
        )
        return count, rows

    def handle_view_exception(self, exc: Any) -> bool:
        """No message of the database reaches a page."""
        return False


def _query(args: Mapping[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(args)
