"""Simulations: what a draft would do to every stored customer, before anybody is affected."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from flask import Response, abort, flash, g, redirect, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import simulation_words as words
from admin.access import acting, may
from admin.errors import said
from admin.flows import direction, flow
from admin.lists import LIVE
from admin.mending import standing
from admin.pages import Page
from admin.pictures import short_titles
from admin.words import plural, t
from engine import RulebookError, TierwiseError

PER_PAGE = 50
MOVERS = 12
MOST_DRAFTS = 5
"""Drafts that are laid side by side at once."""

STATES = {
    "open": ("being written", "编写中", "draft"),
    "submitted": ("waits for approval", "待审批", "warn"),
    "approved": ("approved", "已批准", "ok"),
    "scheduled": ("scheduled", "已定时发布", "info"),
    "published": ("published", "已发布", ""),
    "discarded": ("discarded", "已放弃", ""),
}


class Simulations(Page):
    """Drafts, what each would do, and several of them side by side."""

    menu_key = "simulations"
    area = "rules"
    title = ("Simulations", "模拟")
    reads = ("simulate",)

    @expose("/")
    def index(self) -> str:
        """The drafts that are on their way."""
        drafts = [draft for draft in acting().drafts.list() if draft.status != "published"]
        return self.page(
            "console/simulations.html",
            title=_index_title(drafts),
            crumb=t(*self.title),
            drafts=drafts,
            states=STATES,
            remembered={draft.id: _remembered(draft) for draft in drafts},
            say=words.said,
            may_write=may("rules", "write"),
            published=acting().drafts.log(),
            edit=lambda draft: to_editor(draft.id, t("Edit", "编辑")),
            help=_help(),
        )

    @expose("/new", methods=("POST",))
    def new(self) -> ResponseReturnValue:
        """Begin a draft from what is live."""
        draft = acting().drafts.new(title=request.form.get("title", ""))
        flash(
            t("{draft} begins as what is live; nothing is changed yet.", "{draft} 以现行版本为起点，尚未修改。", draft=_name(draft)),
            "success",
        )
        return redirect(url_for("simulations.details", number=draft.id))

    @expose("/<int:number>")
    def details(self, number: int) -> str:
        """One draft against the live rulebook."""
        engine = acting()
        draft = engine.drafts.get(number)
        about = {"draft": draft, "name": _name(draft), "state": STATES[draft.status], "help": _help(), "crumb": _name(draft),
                 "crumbs": [(t(*self.title), url_for("simulations.index"))], "edit": to_editor(number, t("Edit draft", "编辑草稿")),
                 "review": to_review(number)}  # fmt: skip
        try:
            found, job = self._picture(draft)
        except RulebookError as error:
            n = len(error.faults)
            title = t("{draft} has {n} fault{s}", "{draft} 有 {n} 处错误", draft=_name(draft), n=n, s=plural(n, "", "s"))
            return self.page("console/simulation_faults.html", title=title, faults=error.faults, text=said(error), **about)
        if found is None:
            title = t("{draft} is not simulated yet", "{draft} 尚未模拟", draft=_name(draft))
            return self.page("console/simulation_waiting.html", title=title, job=job, **about)
        return self._details(draft, found, about)

    def _details(self, draft: Any, found: dict[str, Any], about: dict[str, Any]) -> str:
        engine = acting()
        outputs = sorted(found["outputs"], key=lambda each: -each["moved"])
        chosen = next((each for each in outputs if each["address"] == request.args.get("of")), outputs[0] if outputs else None)
        link = members_of(draft.id, chosen["address"]) if chosen else None
        base = found["live"]
        changes = engine.differences(engine.version(str(base)).document, engine.check(draft.document).document) if base else []
        movers = found["movers"][:MOVERS] if may("customers") else []
        return self.page(
            "console/simulation.html",
            title=words.title(about["name"], found),
            found=found,
            outputs=outputs,
            chosen=chosen,
            flow=flow(chosen, link) if chosen and link else None,
            flow_title=words.flow_title(chosen) if chosen else "",
            flows=words.flows(chosen) if chosen else [],
            stay_title=words.stay_title(chosen) if chosen else "",
            matrix=SimulationMatrix(chosen, link) if chosen and link else None,
            link=link,
            top=_top(chosen) if chosen else None,
            movers=movers,
            movers_title=words.movers_title({"movers": movers}, _called(movers)),
            names=engine.simulations.names([each["customer"] for each in movers]) if may("personal_data") else {},
            bands={each["address"]: {band["key"]: band for band in [*each["before"], *each["after"]]} for each in outputs},
            direction=direction,
            chain_title=words.chain_title(found),
            service=_service(engine, found),
            examples_title=words.examples_title(found["examples"]),
            standing=standing(found, actor=engine.settings.actor, today=engine.now.date()),
            gate_title=words.gate_title(found["obstacles"]),
            changes=changes,
            changes_title=words.changes_title(changes),
            say=words.said,
            may_edit=may("rules", "write") and draft.status in ("open", "submitted", "approved", "scheduled"),
            submit=submit_why(draft),
            others=[each for each in engine.drafts.list() if each.id != draft.id and each.status not in ("published", "discarded")][:20],
            **about,
        )

    def _picture(self, draft: Any) -> tuple[dict[str, Any] | None, Any]:
        """The figures: remembered, computed now, or of a job; where none is there, the job that is at work."""
        simulations = acting().simulations
        known = simulations.remembered(draft.id)
        if known is not None or not simulations.slow():
            return (known or simulations.of(draft.id)).as_dict(), None
        key = simulations.key(draft.id)
        for job in acting().jobs.list(kind="simulate", limit=50):
            if (job.params or {}).get("draft") != draft.name:
                continue
            if job.is_open:
                return None, job
            if job.result and job.result.get("key") == key:
                return job.result["picture"], None
        return None, None

    @expose("/<int:number>/simulate", methods=("POST",))
    def simulate(self, number: int) -> ResponseReturnValue:
        """Ask for a simulation that takes long as a job."""
        draft = acting().drafts.get(number)
        title = t("Simulation of {draft}", "模拟 {draft}", draft=_name(draft))
        acting().jobs.submit("simulate", {"draft": draft.name}, slot=f"simulate:{draft.name}", title=title)
        return redirect(url_for("simulations.details", number=number))

    # --- who is behind a number --------------------------------------------------------------------------------

    @expose("/<int:number>/customers")
    def customers(self, number: int) -> str:
        """The customers behind a number."""
        if not may("customers"):
            abort(403)
        engine = acting()
        draft = engine.drafts.get(number)
        asked = _asked()
        page = max(0, min(request.args.get("page", 0, type=int), 10**6))
        found = engine.simulations.members(number, offset=page * PER_PAGE, limit=PER_PAGE, **asked)
        picture = engine.simulations.of(number).as_dict()
        output = next((each for each in picture["outputs"] if each["address"] == found.address), None)
        bands = {band["key"]: band for band in [*output["before"], *output["after"]]} if output else {}
        return self.page(
            "console/simulation_customers.html",
            title=_members_title(found, asked, bands),
            crumb=t("Customers", "客户"),
            crumbs=[(t(*self.title), url_for("simulations.index")), (_name(draft), url_for("simulations.details", number=number))],
            found=found,
            draft=draft,
            name=_name(draft),
            output=output,
            bands=bands,
            direction=direction,
            page=page,
            pages=max(1, -(-found.total // PER_PAGE)),
            at=lambda n: _url("simulations.customers", number, {**_given(), "page": str(n)}),
            export=_url("simulations.export", number, _given()),
            say=words.said,
            help=_help(),
        )

    @expose("/<int:number>/customers.csv")
    def export(self, number: int) -> ResponseReturnValue:
        """The same customers as a file."""
        if not may("customers"):
            abort(403)
        engine = acting()
        personal = may("personal_data")
        found = engine.simulations.members(number, limit=100_000, why=False, **_asked())
        engine.people.log_export(
            "simulation", format="csv", personal=personal, rows_=len(found.rows), filters={"draft": number, **_given()}
        )
        head = ["customer", *(["name"] if personal else []), "was", "now", "revenue"]
        scale = 10**engine.business.minor_digits

        def lines() -> Iterator[str]:
            yield "\ufeff"
            yield _csv(head)
            for row in found.rows:
                yield _csv([row.customer, *([row.name or ""] if personal else []), row.was, row.now, row.amount / scale])

        made = Response(stream_with_context(lines()), mimetype="text/csv; charset=utf-8")
        made.headers["Content-Disposition"] = f"attachment; filename=draft-{number}-customers.csv"
        return made

    # --- several drafts ----------------------------------------------------------------------------------------

    @expose("/compare")
    def compare(self) -> str:
        """Several drafts beside the live rulebook."""
        engine = acting()
        numbers = list(dict.fromkeys(request.args.getlist("d", type=int)))[:MOST_DRAFTS]
        drafts = [engine.drafts.get(number) for number in numbers]
        if not drafts:
            return str(self.index())
        found = engine.simulations.compare([draft.id for draft in drafts])
        return self.page(
            "console/simulation_compare.html",
            title=_compare_title(found, drafts),
            crumb=t("Side by side", "并列比较"),
            crumbs=[(t(*self.title), url_for("simulations.index"))],
            found=found,
            drafts=drafts,
            names=[_name(draft) for draft in drafts],
            rows=[_compared(row, found) for row in found.rows.values() if len(row.keys) <= 25],
            members=members_of,
            states=STATES,
            help=_help(),
        )

    # --- acts --------------------------------------------------------------------------------------------------

    @expose("/<int:number>/mend", methods=("POST",))
    def mend(self, number: int) -> ResponseReturnValue:
        """Save the one change that takes an obstacle away."""
        engine = acting()
        draft = engine.drafts.get(number)
        found, _ = self._picture(draft)
        place, id_ = request.form.get("place", ""), request.form.get("id", "")
        revision = request.form.get("revision", type=int) or draft.revision
        today = engine.now.date()
        known = standing(found, actor=engine.settings.actor, today=today) if found else []
        chosen = next((each for each in known if (each.id, each.place) == (id_, place) and each.mend), None)
        if chosen is None or chosen.mend is None:
            flash(t("That stands no longer in the way.", "该问题已不存在。"), "warning")
            return redirect(url_for("simulations.details", number=number))
        engine.drafts.edit(number, revision=revision, changes=chosen.mend.changes, note=f"{chosen.mend.text}: {chosen.mend.price}")
        flash(t("{what}: {price}.", "{what}：{price}。", what=chosen.mend.text, price=chosen.mend.price), "success")
        return redirect(url_for("simulations.details", number=number))

    @expose("/<int:number>/undo", methods=("POST",))
    def undo(self, number: int) -> ResponseReturnValue:
        """Save an earlier state of a draft again."""
        to_ = request.form.get("to", type=int) or 0
        revision = request.form.get("revision", type=int) or 0
        acting().drafts.undo(number, to_, revision=revision, note=t("Revision {n} again", "恢复第 {n} 次修订", n=to_))
        flash(t("Revision {n} is the newest state again.", "已恢复第 {n} 次修订的内容。", n=to_), "success")
        return redirect(to_review(number) or url_for("simulations.details", number=number))

    @expose("/<int:number>/<any(submit,withdraw,discard):verb>", methods=("POST",))
    def change(self, number: int, verb: str) -> ResponseReturnValue:
        """Hand a draft in, take it back, or take it off the table."""
        drafts, note = acting().drafts, request.form.get("note", "")
        draft = drafts.get(number)
        if verb == "submit":
            drafts.submit(number, revision=request.form.get("revision", type=int), note=note)
            flash(t("{draft} waits for another person's approval.", "{draft} 正等待他人审批。", draft=_name(draft)), "success")
            return redirect(to_review(number) or url_for("simulations.details", number=number))
        if verb == "withdraw":
            drafts.withdraw(number, note=note)
            flash(t("{draft} is yours to change again.", "{draft} 已撤回，可继续修改。", draft=_name(draft)), "success")
            return redirect(url_for("simulations.details", number=number))
        drafts.discard(number)
        flash(t("{draft} is off the table; what was saved stays.", "{draft} 已放弃，保存的内容仍保留。", draft=_name(draft)), "success")
        return redirect(url_for("simulations.index"))


# --- what the views share ---------------------------------------------------------------------------------------


class SimulationMatrix:
    """The change matrix of one output for the macro `matrix`. Labels nobody has on either side are left out of wide ones."""

    def __init__(self, output: dict[str, Any], link: Callable[[str | None, str | None], str | None]) -> None:
        self._cells, self._link = output["customers"], link
        before, after = output["before"], output["after"]
        self._row = {band["key"]: i for i, band in enumerate(before)}
        self._column = {band["key"]: j for j, band in enumerate(after)}
        self.rows = [Labelled(band) for i, band in enumerate(before) if sum(self._cells[i]) or (band["key"] and len(before) <= 7)]
        self.columns = [
            Labelled(band) for j, band in enumerate(after) if sum(row[j] for row in self._cells) or (band["key"] and len(after) <= 7)
        ]

        labels = [each for each in {each.key: each for each in [*self.rows, *self.columns]}.values() if each.key]
        self._short = dict(zip((each.key for each in labels), short_titles([each.title for each in labels]), strict=True))

    @property
    def named(self) -> bool:
        """Whether labels are names and not single letters, so that rows need room for them."""
        return any(len(self.short(row)) > 2 for row in self.rows if row.key)

    def short(self, label: Any) -> str:
        """The title of a label as it stands in the matrix."""
        return str(self._short.get(label.key, label.title))

    def cell(self, was: str, now: str) -> int:
        """Customers that go from one label to another."""
        return int(self._cells[self._row[was]][self._column[now]])

    def direction(self, was: Any, now: Any) -> int:
        """1 up, -1 down, 0 neither."""
        return {"up": 1, "down": -1}.get(direction(was.band, now.band), 0)

    def before(self, key: str) -> int:
        """All that have a label by the live rulebook."""
        return sum(self._cells[self._row[key]])

    def after(self, key: str) -> int:
        """All that have a label by the draft."""
        return sum(row[self._column[key]] for row in self._cells)

    @property
    def total(self) -> int:
        """Everybody."""
        return sum(map(sum, self._cells))

    def url(self, was: Any, now: Any) -> str | None:
        """Where these customers are listed."""
        return self._link(was.key, now.key)


class Labelled:
    """A band as the macros take it."""

    def __init__(self, band: dict[str, Any]) -> None:
        self.band, self.key, self.step = band, band["key"], band["step"]
        self.title = t(band["title"]["en"], band["title"]["zh"])


def members_of(number: int, address: str) -> Callable[[str | None, str | None], str | None]:
    """Where the customers between two labels of an output are listed; None is any label."""

    def link(was: str | None, now: str | None) -> str | None:
        asked = {"was": was, "now": now}
        given = {key: value if value else "-" for key, value in asked.items() if value is not None}
        if was is None or now is None:
            given["stay"] = "1"
        return _url("simulations.customers", number, {"of": address, **given})

    return link


def _url(endpoint: str, number: int, given: Mapping[str, Any]) -> str:
    return url_for(endpoint, number=number, **given)


def to_editor(number: int, text: str) -> tuple[str, str] | None:
    """A button to the editor of a draft, if it is there and open to the reader."""
    from flask import current_app

    if "rulebook.draft" not in current_app.view_functions or not may("rules"):
        return None
    return text, url_for("rulebook.draft", draft=number)


def to_review(number: int) -> str | None:
    """The page where a draft is decided on, if it is there and open to the reader."""
    from flask import current_app

    return url_for("reviews.draft", number=number) if "reviews.draft" in current_app.view_functions and may("reviews") else None


def submit_why(draft: Any) -> str:
    """Why a draft cannot be handed in now; empty where it can."""
    if not may("rules", "write"):
        return t("your roles do not include writing rules", "您的角色不能编写规则")
    if draft.status == "open":
        return ""
    return t("it is handed in already", "已提交") if draft.status != "discarded" else t("it is off the table", "已放弃")


def _name(draft: Any) -> str:
    return t("Draft {n}", "草稿 {n}", n=draft.id)


def _remembered(draft: Any) -> Any:
    """What is known of a draft without computing: (moved, amount), the number of its faults, or None."""
    try:
        known = acting().simulations.remembered(draft.id)
    except RulebookError as error:
        return {"faults": len(error.faults)}
    except TierwiseError:
        return None
    return {"moved": known.simulation.comparison.moved, "amount": known.simulation.comparison.moved_amount} if known else None


def _index_title(drafts: Any) -> str:
    waiting = sum(draft.status == "submitted" for draft in drafts)
    if not drafts:
        return t("No draft is on its way", "暂无草稿")
    if waiting:
        return t("{n} draft{s} wait{v} for approval", "{n} 份草稿待审批", n=waiting, s=plural(waiting, "", "s"), v=plural(waiting, "s", ""))
    n = len(drafts)
    return t("{n} draft{s} on the way", "{n} 份草稿编写中", n=n, s=plural(n, "", "s"))


def _service(engine: Any, found: dict[str, Any]) -> dict[str, Any] | None:
    """What the draft does to service levels, and whether there are managers enough."""
    effect: dict[str, Any] | None = found.get("service")
    if effect is None or not may("service"):
        return None
    more = effect["more_managed"]
    return {**effect, "places": engine.managers.capacity(more).words() if more > 0 else None}


def _top(output: dict[str, Any]) -> dict[str, Any] | None:
    """The best label, before and after: customers and revenue."""
    if output["kind"] == "flag" or not output["after"][:-1]:
        return None
    band = min(output["after"][:-1], key=lambda each: each["rank"])
    j = output["after"].index(band)
    i = next((at for at, each in enumerate(output["before"]) if each["key"] == band["key"]), None)
    whole = sum(map(sum, output["amounts"]))
    return {
        "band": band,
        "before": sum(output["customers"][i]) if i is not None else 0,
        "after": sum(row[j] for row in output["customers"]),
        "amount_before": sum(output["amounts"][i]) if i is not None else 0,
        "amount_after": sum(row[j] for row in output["amounts"]),
        "whole": whole,
    }


def _called(movers: Any) -> str:
    if not movers:
        return ""
    first = movers[0]["customer"]
    names = acting().simulations.names([first]) if may("personal_data") else {}
    return names.get(first) or first


def _asked() -> dict[str, Any]:
    """The arguments of `members` out of the address; "-" is no value."""
    wanted = {name: {"-": ""}.get(request.args[name], request.args[name])[:200] for name in ("was", "now") if name in request.args}
    return {"address": request.args.get("of", "")[:200], **wanted, "stay": bool(request.args.get("stay"))}


def _given() -> dict[str, str]:
    return {name: request.args[name][:200] for name in ("of", "was", "now", "stay") if name in request.args}


def _members_title(found: Any, asked: dict[str, Any], bands: dict[str, Any]) -> str:
    f = g.formats
    n = {"n": f.number(found.total), "s": plural(found.total, "", "s")}

    def said(key: str) -> str:
        return words.said(bands[key]["title"]) if key in bands else key or t("none", "无")

    was, now = asked.get("was"), asked.get("now")
    if not asked["address"]:
        return t("{n} customer{s} would move", "将有 {n} 位客户变动", **n)
    if was is not None and now is not None:
        if was == now:
            return t("{n} customer{s} stay in {label}", "{n} 位客户保持“{label}”", **n, label=said(was))
        return t("{n} customer{s} would go from {was} to {now}", "将有 {n} 位客户由“{was}”变为“{now}”", **n, was=said(was), now=said(now))
    if was is not None:
        return t("{n} customer{s} are in {label} today", "现有 {n} 位客户属于“{label}”", **n, label=said(was))
    if now is not None:
        return t("{n} customer{s} would be in {label}", "将有 {n} 位客户属于“{label}”", **n, label=said(now))
    return t("{n} customer{s} would move", "将有 {n} 位客户变动", **n)


def _compare_title(found: Any, drafts: Any) -> str:
    moved = found.moved
    if len(drafts) == 1:
        return t(
            "{draft} moves {n} customers", "{draft} 将使 {n} 位客户变动", draft=_name(drafts[0]), n=g.formats.number(moved[drafts[0].name])
        )
    least = min(drafts, key=lambda draft: moved[draft.name])
    most = max(drafts, key=lambda draft: moved[draft.name])
    if moved[least.name] == moved[most.name]:
        return t("All of them move {n} customers", "各草稿均使 {n} 位客户变动", n=g.formats.number(moved[least.name]))
    return t(
        "{least} moves {a} customers, {most} {b}",
        "{least} 使 {a} 位客户变动，{most} 使 {b} 位",
        least=_name(least),
        most=_name(most),
        a=g.formats.number(moved[least.name]),
        b=g.formats.number(moved[most.name]),
    )


def _compared(row: Any, found: Any) -> dict[str, Any]:
    """One output of a comparison as the template draws it."""
    titles = {label.key: label.title for label in row.labels}
    customers, amounts = row.customers.tolist(), row.amounts.tolist()
    whole = sum(customers[0]) or 1
    lines = []
    for at, key in enumerate(row.keys):
        counts = [line[at] for line in customers]
        if not any(counts):
            continue
        shown = t(titles[key]) if key in titles else {"": t("none", "无"), "true": t("yes", "是"), "false": t("no", "否")}.get(key, key)
        lines.append(
            {"key": key, "title": shown, "counts": counts, "amounts": [line[at] for line in amounts], "share": [n / whole for n in counts]}
        )
    return {"address": row.address, "lines": lines, "has": row.has, "differ": row.differ.tolist(), "moved": max(row.differ[0].tolist())}


def _csv(cells: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([f"'{cell}" if isinstance(cell, str) and LIVE.match(cell) else cell for cell in cells])
    return out.getvalue()


def _help() -> str:
    return t(
        "A simulation evaluates the draft and the live rulebook over every stored customer as of the same moment and compares them. "
        "Nothing is written, and nobody is affected.\n\nEvery number opens the customers behind it. Plum is the draft, blue rises, rust "
        "falls. What a simulation predicts is what a run gives after publishing, to the customer, if no facts come in between.",
        "模拟以同一时点、针对全部客户分别计算草稿与现行规则手册，并加以比较。不写入任何数据，不影响任何客户。\n\n"
        "点击任一数字可查看对应的客户。紫色表示草稿，蓝色为上升，赭色为下降。若期间没有新数据，发布后的运行结果与模拟逐客户一致。",
    )


PAGES = [Simulations]
