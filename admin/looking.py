"""What every page of results chooses by: the runs that can be looked at, the output, the kept view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting
from admin.pages import Page
from admin.words import t
from engine import RunError

TABS = {
    "index": "results.index",
    "flow": "results.flow",
    "trend": "results.trend",
    "why": "insights.why",
    "portrait": "insights.portrait",
    "ahead": "insights.ahead",
}
KEEPS = ("run", "since", "of", "label", "days")
"""What a kept view remembers."""

RUNS = 200
"""Runs to choose from."""


class Looking(Page):
    """A page of results: beside what it shows, the views that the reader has kept."""

    def page(self, template: str, **values: Any) -> str:
        """Render a template with the kept views, and with what would be kept of this one."""
        values.setdefault("kept", acting().views.list("results"))
        values["keeps"] = {name: request.args[name] for name in KEEPS if request.args.get(name)}
        return super().page(template, **values)


class KeptViews(Looking):
    """Views of results that people keep under a name; one's own change nothing for others."""

    @expose("/keep", methods=("POST",))
    def keep(self) -> ResponseReturnValue:
        """Keep what is looked at under a name: the page, and what was chosen on it."""
        form = request.form
        query = {name: form[name][:200] for name in KEEPS if form.get(name)}
        tab = form.get("tab", "")
        view = acting().views.save(
            "results", form.get("title", ""), {**query, "tab": tab if tab in TABS else "index"}, shared=bool(form.get("shared"))
        )
        flash(t("Kept as “{title}”.", "已保存为“{title}”。", title=view.title), "success")
        return redirect(url_for("results.kept", number=view.id))

    @expose("/kept/<int:number>")
    def kept(self, number: int) -> ResponseReturnValue:
        """Open a kept view. Without a run of its own it shows the newest."""
        view = acting().views.get(number)
        query: dict[str, Any] = {str(name): str(value) for name, value in view.query.items() if name in KEEPS}
        return redirect(url_for(TABS.get(str(view.query.get("tab")), TABS["index"]), **query))

    @expose("/drop/<int:number>", methods=("POST",))
    def drop(self, number: int) -> ResponseReturnValue:
        """Forget a kept view."""
        acting().views.remove(number)
        return redirect(url_for("results.index"))


def runs_to_show(engine: Any) -> list[Any]:
    """The runs that can be looked at, the newest visible first, then by moment."""
    found = [each for each in engine.runs(RUNS) if each.status in ("visible", "historical")]
    live = max((each for each in found if each.status == "visible"), key=lambda each: each.as_of, default=None)
    return sorted(found, key=lambda each: (each is live, each.as_of, each.id), reverse=True)


def chosen_run(runs: Sequence[Any], name: str) -> Any:
    """The run that the address names, else the first. Raises `RunError`."""
    number = whole_number(name)
    if number is None:
        return runs[0]
    found = next((each for each in runs if each.id == number), None)
    if found is None:
        raise RunError(f"there is no run {number} to look at; choose one of the list")
    return found


def whole_number(name: str) -> int | None:
    """A number of the address; None where there is none."""
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isdigit() or len(text) > 15:
        abort(400, t("{name} must be a whole number", "{name} 必须为整数", name=name))
    return int(text)


def address_of(outputs: Sequence[tuple[str, Any]]) -> str:
    """The output that the address names, else the first."""
    asked = request.args.get("of", "")
    return asked or (outputs[0][0] if outputs else "")
