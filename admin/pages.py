"""What a page of the console is made from: `Page` for pages of one's own; lists straight from a table are `admin.lists.ListPage`.

    class Runs(Page):
        menu_key = "runs"            # its place in the sidebar (admin/sidebar.py)
        area = "operations"          # who may read it, and who may write
        title = ("Runs", "运行")

        @expose("/")
        def index(self) -> str:
            return self.page("console/runs.html", runs=acting().runs())

    PAGES = [Runs]

A module in `admin/views/` that has `PAGES` is found by itself. GET asks for reading, every other method for writing;
`reads = ("preview",)` names methods that change nothing though they are posted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from flask import Flask
from flask_admin import BaseView

from admin import sidebar
from admin.access import declare
from admin.words import t


class Declared:
    """What pages of both kinds declare."""

    area: ClassVar[str]
    title: ClassVar[tuple[str, str]]
    menu_key: ClassVar[str] = ""
    belongs_to: ClassVar[str] = ""
    """The key of the sidebar line that is lit for a page that has none of its own."""
    reads: ClassVar[tuple[str, ...]] = ()
    """View functions that only need reading although they are posted."""
    areas: ClassVar[Mapping[str, str]] = {}
    """View functions that belong to another area than the page."""
    writes: ClassVar[tuple[str, ...]] = ()
    """View functions that need writing although they are a GET: pages with a form."""

    def badge(self) -> tuple[str, str] | None:
        """What waits for this reader, shown beside the page's name in the sidebar: (text, class), or None."""
        return None

    def _handle_view(self, _view: str, /, **arguments: Any) -> None:
        """Nothing to ask here: `admin.access.gate` has let the request in. Arguments of any name may come along."""

    def _run_view(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the view once; Flask-Admin would call it again on a TypeError and hide the first one."""
        return fn(self, *args, **kwargs)


class Page(Declared, BaseView):
    """A page with templates and view functions of its own."""

    def page(self, template: str, **values: Any) -> str:
        """Render a template of this page; `title` is its name in the reader's language unless given."""
        values.setdefault("title", t(*self.title))
        return str(self.render(template, **values))


def register(app: Flask, admin: Any, view: Any) -> None:
    """Add a page to the app: its routes, who may open them, its line in the sidebar."""
    admin.add_view(view)
    adopt(app, view)


def adopt(app: Flask, view: Any) -> None:
    """Declare the routes of a view that is already part of the app."""
    app.extensions["tierwise_views"][view.endpoint] = view
    for _, name, _ in view._urls:
        unsafe = "read" if name in view.reads else "write"
        safe = "write" if name in view.writes else "read"
        declare(app, f"{view.endpoint}.{name}", view.areas.get(name, view.area), safe=safe, unsafe=unsafe)
    declare(app, f"{view.endpoint}.static", "public")
    if view.menu_key:
        endpoint = f"{view.endpoint}.{view._default_view}"
        app.extensions["tierwise_sidebar"][view.menu_key] = sidebar.Entry(endpoint, view.area, view.badge)
