"""Who stands behind a mark of a picture: a list of customers, by the conditions that the mark is."""

from __future__ import annotations

from typing import Any

from flask import abort, g, request, url_for
from flask_admin import expose

from admin import result_findings as say
from admin.access import acting, may
from admin.looking import whole_number
from admin.pages import Page
from admin.words import t
from engine import RunError

PAGE = 50


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
        run, since = whole_number("run"), whole_number("since")
        number = max(0, min(whole_number("page") or 0, 100_000))
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


PAGES = [Behind]
