"""Customers: the list with its filters, views, marks and files, and the page of one customer."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import labels
from admin.access import acting, may
from admin.cells import NUMERIC, cell, worded
from admin.pages import Page
from admin.words import t
from engine import TierwiseError

SIZES = (25, 50, 100, 200)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


def asked() -> dict[str, Any]:
    """The list that the address asks for, as plain values. `of` and `value` are a link from a picture to its customers."""
    args = request.args
    filters = args.getlist("f")
    if args.get("of"):
        filters.append(f"{args['of']}={args.get('value') or '(none)'}")
    if args.get("by"):
        filters.append(f"{args['by']}{args.get('op', '=')}{'|'.join(args.getlist('to'))}")
    return {
        "filters": filters,
        "search": args.get("q", ""),
        "sort": args.get("sort", ""),
        "page": args.get("page", ""),
        "size": args.get("size", ""),
        "columns": args.getlist("col"),
    }


def address(query: Any, **changes: Any) -> str:
    """The address of a list."""
    query = replace(query, **changes)
    plain: dict[str, Any] = {"f": [str(each) for each in query.filters], "q": query.search or None, "sort": query.sort or None}
    plain |= {"page": query.page or None, "size": query.size if query.size != 50 else None, "col": list(query.columns)}
    return url_for("customers.index", **plain)


class Customers(Page):
    """The list, and one page per customer."""

    menu_key = "customers"
    area = "customers"
    title = ("Customers", "客户")
    areas: ClassVar[Mapping[str, str]] = {"contact": "service"}

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """The list."""
        engine = acting()
        fault = ""
        try:
            query = engine.customers.asked_for(asked())
            page = engine.customers.list(query)
        except TierwiseError as error:
            fault = str(error)
            query = engine.customers.asked_for({})
            page = engine.customers.list(query)
        looks = labels.outputs(engine)
        known = engine.customers.columns()
        status = 400 if fault else 200
        return self.page(
            "console/customers.html",
            title=_title(query, page, looks),
            crumb=t(*self.title),
            query=query,
            list=page,
            looks=looks,
            known={each.name: each for each in known},
            choosable=[each for each in known if each.filters],
            showable=[each for each in known if each.kind != "flag" or each.output],
            pills=[(_said(each, looks, known), address(query.without(number))) for number, each in enumerate(query.filters)],
            address=address,
            cell=cell,
            numeric=NUMERIC,
            sizes=SIZES,
            fault=fault,
            formats=[(key, key.upper()) for key in TYPES],
            views=engine.views.list("customers"),
            tags=engine.tags.list() if may("customers", "write") else [],
            may_mark=may("customers", "write"),
            help=_help(),
        ), status

    @expose("/choices/<name>")
    def choices(self, name: str) -> ResponseReturnValue:
        """What a filter can be set to, for the box that adds one."""
        engine = acting()
        look = labels.outputs(engine).get(name)
        found = []
        for value, count in engine.customers.choices(name):
            shown = look.of(value) if look and value != "(none)" else None
            found.append({"value": value, "text": t(shown.title) if shown else worded(value), "count": count})
        return {"choices": found}

    @expose("/export/<kind>")
    def export(self, kind: str) -> ResponseReturnValue:
        """The whole list as a file."""
        engine = acting()
        query = engine.customers.asked_for(asked())
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the answer has been sent
        try:
            engine.customers.export(query, kind, file)
        except BaseException:
            file.close()
            raise
        size = file.tell()
        name = f"customers-{engine.now:%Y%m%d-%H%M}.{kind}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(size)}
        return Response(file_parts(file), headers=headers, content_type=TYPES[kind])

    @expose("/evidence/<feature>")
    def evidence(self, feature: str) -> ResponseReturnValue:
        """The facts behind a feature of a customer, a page at a time."""
        from admin.views.customer import evidence_of

        return evidence_of(request.args.get("customer", ""), feature, request.args.get("offset", "0"))

    @expose("/fix", methods=("POST",))
    def fix(self) -> ResponseReturnValue:
        """Ask that an output of a customer be fixed by hand."""
        customer = request.form.get("customer", "")
        output, _, value = request.form.get("value", "").partition("=")
        acting().fixed_values.request(
            customer, output, value, reason=request.form.get("reason", ""), until=request.form.get("until") or None
        )
        flash(t("Asked for. Another person approves it.", "已提交，等待他人审批。"), "success")
        return redirect(url_for("customers.customer", customer=customer))

    @expose("/bulk", methods=("POST",))
    def bulk(self) -> ResponseReturnValue:
        """Give a tag to the chosen customers, or to all of a list, or take it away."""
        engine, form = acting(), request.form
        query = engine.customers.asked_for({"filters": form.getlist("f"), "search": form.get("q", "")})
        take, tag = form.get("verb") == "take", form.get("tag", "")
        if form.get("all"):
            count = (engine.tags.take_all if take else engine.tags.give_all)(tag, query)
        else:
            chosen = form.getlist("id")
            if not chosen:
                flash(t("Choose customers first.", "请先选择客户。"), "warning")
                return redirect(address(query))
            count = (engine.tags.take if take else engine.tags.give)(tag, chosen)
        title = engine.tags.get(tag).title
        if take:
            flash(t("“{tag}” was taken from {n} customers.", "已从 {n} 位客户移除“{tag}”。", tag=title, n=count), "success")
        else:
            flash(t("“{tag}” was given to {n} customers.", "已为 {n} 位客户添加“{tag}”。", tag=title, n=count), "success")
        return redirect(address(query))

    @expose("/mark", methods=("POST",))
    def mark(self) -> ResponseReturnValue:
        """Give a customer a tag, or take it away."""
        customer, tag = request.form.get("customer", ""), request.form.get("tag", "")
        verb = acting().tags.take if request.form.get("take") else acting().tags.give
        verb(tag, [customer])
        return redirect(url_for("customers.customer", customer=customer))

    @expose("/contact", methods=("POST",))
    def contact(self) -> ResponseReturnValue:
        """Write down a contact with a customer, or take one out."""
        form, engine = request.form, acting()
        customer = form.get("customer", "")
        gone = form.get("void", "")
        if gone:
            engine.interactions.void(int(gone) if gone.isascii() and gone.isdigit() and len(gone) < 16 else 0)
            flash(t("The contact counts no more.", "该联系记录已作废。"), "success")
        else:
            given = {name: form.get(name, "").strip() for name in ("channel", "direction", "note")}
            engine.interactions.add(customer, at=form.get("at", "").strip() or None, **given)
            flash(t("The contact is written down.", "联系已记录。"), "success")
        return redirect(url_for("customers.customer", customer=customer, tab="service"))

    @expose("/<path:customer>")
    def customer(self, customer: str) -> ResponseReturnValue:
        """One customer."""
        from admin.views.customer import customer_page

        return customer_page(self, customer)


def file_parts(file: Any) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(256 * 1024):
            yield part


def _title(query: Any, page: Any, looks: Any) -> str:
    """How many there are, and what they have in common where a single label says it."""
    from flask import g

    n = g.formats.number(page.total)
    if not query.filters and not query.search:
        return t("{n} customers", "共 {n} 位客户", n=n) if page.total != 1 else t("1 customer", "共 1 位客户")
    one = query.filters[0] if len(query.filters) == 1 and not query.search else None
    look = looks.get(one.name) if one is not None and one.operator == "=" and len(one.values) == 1 else None
    if one is not None and look is not None:
        label = look.of(one.values[0]) if one.values[0] != "(none)" else None
        if label is not None:
            return t("{n} customers: {label}", "{label}：{n} 位客户", n=n, label=t(label.title))
    return t("{n} customers fit", "{n} 位客户符合条件", n=n) if page.total != 1 else t("1 customer fits", "1 位客户符合条件")


def _said(each: Any, looks: Any, known: Any) -> str:
    """A filter in words."""
    titles = {column.name: column.title for column in known}
    look = looks.get(each.name)
    name = t(titles[each.name]) if each.name in titles else each.name
    words = []
    for value in each.values:
        label = look.of(value) if look and value != "(none)" else None
        words.append(t(label.title) if label else worded(value))
    sign = {"=": t(": ", "："), "!=": " ≠ ", ">=": " ≥ ", "<=": " ≤ "}[each.operator]
    return f"{name}{sign}{t(' or ', '或').join(words)}"


def _help() -> str:
    return t(
        "Every customer with today's outcomes. Filters join: a customer shows when all of them fit; several values of one filter are "
        "alternatives.\n\nKeep a list that you need again as a view; share it and colleagues find it too, each with the customers that "
        "they may see. Marks that you give here (tags and groups) can be read by rules as tags.<name> and groups.<name>.",
        "全部客户及其当前分级结果。多个筛选条件须同时满足，同一条件内的多个取值满足其一即可。\n\n"
        "常用的名单可保存为视图，共享后同事也能使用，各人只看到自己有权查看的客户。此处添加的标签与分组可在规则中以 tags.<名称>、groups.<名称> 引用。",
    )


PAGES = [Customers]
