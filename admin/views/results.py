"""Results: what the policies of a run draw, trends, flows between any two runs, and who stands behind each mark.

What the pictures say is written in `admin.result_findings`, where their marks stand in `admin.shapes`; the numbers
come from `engine.pictures`. A policy of a third party appears here without a line of this file.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from flask import Response, abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import result_findings as say
from admin.access import acting, may
from admin.pages import Page
from admin.result_tables import Grid, grid, grid_of_flow, grid_of_trend
from admin.result_trend import TrendShape, trend_shape
from admin.shapes import Shape, flow, shape
from admin.views.overview import members as customers_of
from admin.words import t
from engine import RunError, TierwiseError

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

PAGE = 50
FORMATS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Card:
    """A picture ready to be shown: what it says, its shape, its table."""

    id: str
    kind: str
    title: str
    sub: str
    fault: str
    shape: Shape | None
    grid: Grid | None
    picture: Any
    zoom: Mapping[str, Any] | None = None


class Looking(Page):
    """A page of results: beside what it shows, the views that the reader has kept."""

    def page(self, template: str, **values: Any) -> str:
        """Render a template with the kept views, and with what would be kept of this one."""
        values.setdefault("kept", acting().views.list("results"))
        values["keeps"] = {name: request.args[name] for name in KEEPS if request.args.get(name)}
        return super().page(template, **values)


class Results(Looking):
    """Everything there is to look at about a run."""

    reads = ("keep", "drop")
    """A view of one's own changes nothing for others."""

    menu_key = "results"
    area = "results"
    title = ("Results", "分析结果")

    @expose("/")
    def index(self) -> str:
        """The pictures of a run."""
        engine = acting()
        runs = _runs(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = _chosen(runs, "run")
        found = engine.pictures.of_run(run.id)
        cards = [card(one, found.run, newest=run.id == runs[0].id) for one in found.pictures]
        return self.page(
            "console/results/index.html",
            title=say.heading([one for one in found.pictures if one.fault is None and one.rows]),
            crumb=t(*self.title),
            tab="index",
            run=run,
            runs=runs,
            release=chart_release(),
            columns=in_columns(cards),
            help=_help(),
        )

    @expose("/flow")
    def flow(self) -> str:
        """What became of the customers of one run in another."""
        engine = acting()
        runs = _runs(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = _chosen(runs, "run")
        outputs = engine.pictures.outputs(run.id)
        address = _address(outputs)
        earlier = [each for each in runs if each.as_of < run.as_of or (each.as_of == run.as_of and each.id < run.id)]
        since = _chosen(earlier, "since") if earlier else None
        fault, movement, drawn, table = "", None, None, None
        if address not in dict(outputs):
            engine.pictures.labels(address, run.id)  # says what there is
        if since is not None and address:
            try:
                movement = engine.pictures.flow(address, since.id, run.id)
            except TierwiseError as error:
                fault = str(error)
        if movement is not None:
            drawn, table = _flow_shape(movement), grid_of_flow(movement)
        return self.page(
            "console/results/flow.html",
            title=say.flow(movement) if movement else t("Migration", "等级迁移"),
            crumb=t(*self.title),
            tab="flow",
            run=run,
            runs=runs,
            since=since,
            earlier=earlier,
            outputs=outputs,
            address=address,
            movement=movement,
            shape=drawn,
            grid=table,
            fault=fault,
            help=_help(),
        )

    @expose("/trend")
    def trend(self) -> str:
        """How the labels of an output grew and shrank, run by run."""
        engine = acting()
        runs = _runs(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        outputs = engine.pictures.outputs()
        address = _address(outputs)
        found = engine.pictures.trend(address) if address else None
        drawn: TrendShape | None = trend_shape(found) if found and len(found.points) > 1 else None
        return self.page(
            "console/results/trend.html",
            title=say.trend(found) if found else t("Trend", "趋势"),
            crumb=t(*self.title),
            tab="trend",
            run=runs[0],
            runs=runs,
            outputs=outputs,
            address=address,
            trend=found,
            release=chart_release(),
            shape=drawn,
            grid=grid_of_trend(found) if found else None,
            help=_help(),
        )

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

    @expose("/report")
    def report(self) -> str:
        """Everything of a run on paper."""
        engine = acting()
        runs = _runs(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = _chosen(runs, "run")
        found = engine.pictures.of_run(run.id)
        cards = [card(one, found.run, newest=False, links=False) for one in found.pictures]
        return self.page(
            "console/results/report.html",
            title=say.heading([one for one in found.pictures if one.fault is None and one.rows]),
            run=run,
            record=found.run,
            summary=engine.run_summary(run.id),
            cards=cards,
            look="light",
            help=_help(),
        )

    @expose("/charts/<release>/plotly.js")
    def charts(self, release: str) -> Response:
        """The library of the zoomable charts, from its installed package."""
        if release != chart_release():
            abort(404)
        small = "gzip" in request.headers.get("Accept-Encoding", "")
        answer = Response(_library(small), mimetype="text/javascript")
        if small:
            answer.headers["Content-Encoding"] = "gzip"
        answer.headers["Vary"] = "Accept-Encoding"
        answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return answer

    @expose("/file")
    def file(self) -> Response:
        """The table of a picture, a flow or a trend as a spreadsheet."""
        engine = acting()
        format_ = request.args.get("format", "xlsx")
        if format_ not in FORMATS:
            abort(400, t("files are xlsx or csv", "文件格式为 xlsx 或 csv"))
        name, table = _asked_table(engine)
        data = engine.pictures.file(name, table.heads, table.raw, format_)
        engine.people.log_export(f"picture {name}", format=format_, personal=False, rows_=len(table.raw))
        answer = Response(data, mimetype=FORMATS[format_])
        answer.headers.set("Content-Disposition", "attachment", filename=f"tierwise-{re.sub(r'[^a-z0-9_.-]', '_', name)}.{format_}")
        return answer


class Behind(Page):
    """Who stands behind a mark of a picture."""

    belongs_to = "results"
    area = "customers"
    title = ("Customers of a picture", "图表中的客户")

    @expose("/")
    def index(self) -> str:
        """The list."""
        engine = acting()
        where = [_condition(each) for each in request.args.getlist("q")][:8]
        run, since = _number("run"), _number("since")
        number = max(0, min(_number("page") or 0, 100_000))
        found = engine.pictures.members(where, run_id=run, since=since, skip=number * PAGE, most=PAGE)
        said = [f"{t(each.title)} {_compared(each)}" for each in found.where]
        return self.page(
            "console/results/behind.html",
            title=_count(found.customers),
            crumb=t(*self.title),
            found=found,
            said=said,
            number=number,
            pages=max(1, -(-found.customers // PAGE)),
            turn=lambda page: url_for(".index", **{**request.args.to_dict(flat=False), "page": page}),
            names=may("personal_data"),
        )


def card(picture: Any, run: Any, *, newest: bool, links: bool = True) -> Card:
    """A picture as a card. newest: whether the run is what the lists of customers show. links: whether marks open lists."""

    def link(where: Mapping[str, Any]) -> str | None:
        return behind(picture, run.id, where, newest=newest) if links else None

    drawn = shape(picture, link)
    return Card(
        id=picture.id,
        kind=picture.kind,
        title=say.finding(picture),
        sub=say.under(picture, run.as_of),
        fault=t(picture.fault) if picture.fault else "",
        shape=drawn,
        grid=grid(picture) if drawn else None,
        picture=picture,
        zoom=_zoom(picture) if drawn else None,
    )


def in_columns(cards: Sequence[Card]) -> list[list[Card]]:
    """The cards in two columns of about the same height, in their order."""
    columns: list[list[Card]] = [[], []]
    heights = [0.0, 0.0]
    for each in cards:
        at = 0 if heights[0] <= heights[1] else 1
        columns[at].append(each)
        heights[at] += 140 + (560 * each.shape.height / each.shape.width if each.shape else 60)
    return [column for column in columns if column]


def behind(picture: Any, run: int, where: Mapping[str, Any], *, newest: bool) -> str | None:
    """The list of customers behind a mark; None where the picture does not say what its marks are, or the reader may not."""
    if not may("customers"):
        return None
    conditions = []
    for asked, value in where.items():
        name, _, op = asked.partition(" ")
        role = picture.roles.get(name)
        if role is None or not role.address:
            return None
        conditions.append(f"{role.address}{op or '='}{'' if value is None else value}")
    if newest and list(where) == ["label"] and where["label"] is not None and picture.roles["label"].is_output:
        listed = customers_of(picture.roles["label"].address, str(where["label"]))
        if listed is not None:
            return listed
    return url_for("behind.index", run=run, q=conditions)


def _flow_shape(movement: Any) -> Shape:
    ways = {(each.was, each.now): each.way for each in movement.streams}

    def link(was: str, now: str) -> str | None:
        if not may("customers"):
            return None
        q = [f"{movement.address}~{was}", f"{movement.address}={now}"]
        return url_for("behind.index", run=movement.second, since=movement.first, q=q)

    streams = [(each.was, each.now, each.customers) for each in movement.streams]
    return flow(streams, movement.labels, link, lambda was, now: ways.get((was, now), "other"))


def _zoom(picture: Any) -> Mapping[str, Any] | None:
    """What the zoomable chart is drawn from; None where there is nothing to zoom into."""
    if picture.kind != "cumulative curve":
        return None
    f = g.formats
    return {
        "kind": "curve",
        "x": [round(100 * (x or 0), 3) for x in picture.columns["x"]],
        "y": [round(100 * (y or 0), 3) for y in picture.columns["y"]],
        "said": [
            t("{n} customers", "{n} 位客户", n=f.number(count)) if count is not None else ""
            for count in picture.columns.get("customers", [None] * picture.rows)
        ],
        "cuts": [at for at, bound in enumerate(picture.columns.get("bound", ())) if bound],
        "xTitle": t("Customers, highest first (%)", "客户，按数值从高到低（%）"),
        "yTitle": t("Cumulative share (%)", "累计占比（%）"),
    }


@lru_cache(maxsize=1)
def chart_release() -> str:
    """The release of the chart library: a new one has a new address."""
    return version("plotly")


@lru_cache(maxsize=2)
def _library(small: bool) -> bytes:
    """small: compressed, a third of it."""
    script = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return gzip.compress(script, 6) if small else script


def _asked_table(engine: Any) -> tuple[str, Grid]:
    what, run = request.args.get("what", ""), _number("run")
    if what == "flow":
        movement = engine.pictures.flow(request.args.get("of", ""), _number("since") or 0, run)
        return f"{movement.address}-{movement.first}-{movement.second}", grid_of_flow(movement)
    if what == "trend":
        found = engine.pictures.trend(request.args.get("of", ""))
        return f"{found.address}-trend", grid_of_trend(found)
    picture = engine.pictures.of_run(run).get(what)
    if picture.fault is not None:
        raise RunError(t(picture.fault))
    return picture.id, grid(picture)


def _runs(engine: Any) -> list[Any]:
    """The runs that can be looked at, the newest visible first, then by moment."""
    found = [each for each in engine.runs(RUNS) if each.status in ("visible", "historical")]
    live = max((each for each in found if each.status == "visible"), key=lambda each: each.as_of, default=None)
    return sorted(found, key=lambda each: (each is live, each.as_of, each.id), reverse=True)


def _chosen(runs: Sequence[Any], name: str) -> Any:
    number = _number(name)
    if number is None:
        return runs[0]
    found = next((each for each in runs if each.id == number), None)
    if found is None:
        raise RunError(f"there is no run {number} to look at; choose one of the list")
    return found


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not text.isdigit() or len(text) > 15:
        abort(400, t("{name} must be a whole number", "{name} 必须为整数", name=name))
    return int(text)


def _address(outputs: Sequence[tuple[str, Any]]) -> str:
    asked = request.args.get("of", "")
    return asked or (outputs[0][0] if outputs else "")


def _condition(text: str) -> tuple[str, str, str | float]:
    try:
        return acting().pictures.condition(text)
    except RunError:
        abort(400, t("{text} is no condition", "无法识别的条件：{text}", text=text[:80]))


def _compared(said: Any) -> str:
    value = t(said.value)
    unit = f" {say.unit(said.unit)}" if said.unit else ""
    words = {
        "=": t("is {v}", "为 {v}", v=value),
        "was": t("was {v}", "之前为 {v}", v=value),
        ">=": t("from {v}", "不低于 {v}", v=value + unit),
        ">": t("over {v}", "高于 {v}", v=value + unit),
        "<=": t("up to {v}", "不高于 {v}", v=value + unit),
        "<": t("below {v}", "低于 {v}", v=value + unit),
    }
    return words[said.op]


def _count(count: int) -> str:
    if not count:
        return t("No customer fits", "没有符合条件的客户")
    return t("{n} customer{s}", "{n} 位客户", n=g.formats.number(count), s="" if count == 1 else "s")


def _help() -> str:
    return t(
        "Every picture is drawn from what the chosen run read and decided, so an old run looks as it looked then. The sentence above a "
        "picture is made from its numbers. Press a cell, bar, area or stream to see its customers.\n\n“Table” shows the same numbers as a "
        "table, “Spreadsheet” saves them, “Picture” saves what you see. A policy that you install brings its own pictures along.",
        "所有图表都依据所选运行当时读取和得出的数据绘制，因此历史运行会保持当时的样子。图表上方的结论由数据自动生成。点击格子、条形、区域或流向可查看对应客户。\n\n"
        "“表格”以表格形式展示同样的数字，“电子表格”下载这些数字，“图片”保存当前图表。安装的策略会自带图表。",
    )


PAGES = [Results, Behind]
