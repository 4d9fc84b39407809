"""Results: what the policies of a run draw, trends, flows between any two runs, and who stands behind each mark.

What the pictures say is written in `admin.result_findings`, where their marks stand in `admin.shapes`; the numbers
come from `engine.pictures`. A policy of a third party appears here without a line of this file.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Response, abort, request, url_for
from flask_admin import expose

from admin import result_findings as say
from admin.access import acting, may
from admin.chart_library import chart_release, library
from admin.looking import KeptViews, address_of, chosen_run, runs_to_show, whole_number
from admin.result_cards import card, in_columns
from admin.result_tables import Grid, grid, grid_of_flow, grid_of_trend
from admin.result_trend import TrendShape, trend_shape
from admin.shapes import Shape, flow
from admin.words import t
from engine import RunError, TierwiseError

FORMATS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv; charset=utf-8"}


class Results(KeptViews):
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
        runs = runs_to_show(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = chosen_run(runs, "run")
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
        runs = runs_to_show(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = chosen_run(runs, "run")
        outputs = engine.pictures.outputs(run.id)
        address = address_of(outputs)
        earlier = [each for each in runs if each.as_of < run.as_of or (each.as_of == run.as_of and each.id < run.id)]
        since = chosen_run(earlier, "since") if earlier else None
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
        runs = runs_to_show(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        outputs = engine.pictures.outputs()
        address = address_of(outputs)
        found = engine.pictures.trend(address) if address else None
        drawn: TrendShape | None = (
            trend_shape(found, lambda run_id, key: _members(address, run_id, key)) if found and len(found.points) > 1 else None
        )
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

    @expose("/report")
    def report(self) -> str:
        """Everything of a run on paper."""
        engine = acting()
        runs = runs_to_show(engine)
        if not runs:
            return self.page("console/results/empty.html", help=_help())
        run = chosen_run(runs, "run")
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
        answer = Response(library(small), mimetype="text/javascript")
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


def _members(address: str, run: int, key: str) -> str | None:
    """Where the customers of a label in a run are listed."""
    return url_for("behind.index", run=run, q=[f"{address}={key}"]) if may("customers") else None


def _flow_shape(movement: Any) -> Shape:
    ways = {(each.was, each.now): each.way for each in movement.streams}

    def link(was: str, now: str) -> str | None:
        if not may("customers"):
            return None
        q = [f"{movement.address}~{was}", f"{movement.address}={now}"]
        return url_for("behind.index", run=movement.second, since=movement.first, q=q)

    streams = [(each.was, each.now, each.customers) for each in movement.streams]
    return flow(streams, movement.labels, link, lambda was, now: ways.get((was, now), "other"))


def _asked_table(engine: Any) -> tuple[str, Grid]:
    what, run = request.args.get("what", ""), whole_number("run")
    if what == "flow":
        movement = engine.pictures.flow(request.args.get("of", ""), whole_number("since") or 0, run)
        return f"{movement.address}-{movement.first}-{movement.second}", grid_of_flow(movement)
    if what == "trend":
        found = engine.pictures.trend(request.args.get("of", ""))
        return f"{found.address}-trend", grid_of_trend(found)
    picture = engine.pictures.of_run(run).get(what)
    if picture.fault is not None:
        raise RunError(t(picture.fault))
    return picture.id, grid(picture)


def _help() -> str:
    return t(
        "Every picture is drawn from what the chosen run read and decided, so an old run looks as it looked then. The sentence above a "
        "picture is made from its numbers. Press a cell, bar, area or stream to see its customers.\n\n“Table” shows the same numbers as a "
        "table, “Spreadsheet” saves them, “Picture” saves what you see. A policy that you install brings its own pictures along.",
        "所有图表都依据所选运行当时读取和得出的数据绘制，因此历史运行会保持当时的样子。图表上方的结论由数据自动生成。点击格子、条形、区域或流向可查看对应客户。\n\n"
        "“表格”以表格形式展示同样的数字，“电子表格”下载这些数字，“图片”保存当前图表。安装的策略会自带图表。",
    )


PAGES = [Results]
