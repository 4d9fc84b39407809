"""The overview: today's picture in one screen. What it says is written in `admin.findings`, the numbers come from `engine.overview`."""

from __future__ import annotations

from flask import request
from flask_admin import expose

from admin import findings, tasks
from admin.access import acting, may
from admin.links import members, moves
from admin.pages import Page
from admin.pictures import Matrix, ladder, spark
from admin.words import t

PERIODS = {"run": None, "7": 7, "30": 30}


class Overview(Page):
    """Customers and revenue by grade, who moved, what needs somebody, the last and the next run."""

    menu_key = "overview"
    area = "results"
    title = ("Overview", "总览")

    @expose("/")
    def index(self) -> str:
        """The page."""
        engine = acting()
        period = request.args.get("since", "run")
        period = period if period in PERIODS else "run"
        picture = engine.overview(request.args.get("of") or None, days=PERIODS[period])
        things = tasks.waiting(engine)
        if picture is None:
            step = tasks.first_steps(engine)
            return self.page("console/overview_empty.html", steps=step, things=things, help=_help(), title=t("Welcome", "欢迎"))
        movement = picture.movement
        return self.page(
            "console/overview.html",
            title=findings.title(picture),
            crumb=t(*self.title),
            sub=findings.sub(picture),
            picture=picture,
            period=period,
            periods=[("run", t("Last run", "上次运行")), ("7", t("7 days", "7 天")), ("30", t("30 days", "30 天"))],
            concentration=findings.concentration(picture),
            ladder=ladder(picture, lambda key: members(picture.address, key)),
            spark=spark,
            matrix=Matrix(picture, lambda was, now: moves(picture.address, was, now)) if movement and movement.moved else None,
            moved=findings.moved(picture),
            things=things,
            status=tasks.status(engine, picture.run),
            things_title=findings.things(len(things)),
            run=picture.run,
            run_title=findings.run_title(picture.run),
            steps=findings.run_steps(picture.run),
            next_run=tasks.next_run(engine),
            may_run=may("runs", "write"),
            running=tasks.running(engine),
            policies=tasks.policies(picture),
            rules_title=findings.rules_title(picture.run),
            members=members,
            help=_help(),
        )


def _help() -> str:
    return t(
        "The picture of the newest visible run. The upper bar shows how customers are spread over the labels, the lower one what they "
        "bring; a ribbon that widens is a label that brings more than its share.\n\nThe matrix compares two runs: a row is where customers "
        "were, a column where they are. Blue rose, rust fell. Who was not there before is counted beside it.",
        "本页展示最近一次生效运行的结果。上方条形表示客户在各等级的分布，下方表示各等级带来的销售额；色带变宽说明该等级贡献高于其人数占比。\n\n"
        "变动矩阵比较两次运行：行是之前的等级，列是现在的等级。蓝色为上升，赭色为下降。新出现的客户另行统计。",
    )


PAGES = [Overview]
