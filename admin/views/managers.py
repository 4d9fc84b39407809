"""Account managers with their loads, how customers are assigned, and the pool of those whom nobody looks after."""

from __future__ import annotations

from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import labels
from admin.access import acting, may, person
from admin.errors import said
from admin.pages import Page
from admin.words import language, plural, t
from engine import ManagerError, RulebookError, TierwiseError

SHOWN = 100


def texts(name: str) -> list[str]:
    """A list of a form, between commas."""
    return [part.strip() for part in request.form.get(name, "").replace("，", ",").split(",") if part.strip()]


def whole(name: str) -> Any:
    """A whole number of a form; what is none stays text, so that the engine says so."""
    given = request.form.get(name, "").strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else given


class Managers(Page):
    """Who looks after whom."""

    menu_key = "managers"
    area = "service"
    title = ("Account managers", "客户经理")
    reads = ("try_assign",)

    @expose("/")
    def index(self) -> str:
        """The list with loads, and the policy."""
        return self._page()

    @expose("/", methods=("POST",))
    def add(self) -> ResponseReturnValue:
        """Add a manager."""
        form = request.form
        try:
            made = acting().managers.add(
                form.get("name", ""), title=form.get("title", ""), user=form.get("user") or None, capacity=whole("capacity"), **_lists()
            )
        except TierwiseError as error:
            return self._page(fault=said(error)), 400
        flash(t("{name} is added.", "已添加 {name}。", name=made.name), "success")
        return redirect(url_for("managers.index"))

    @expose("/policy", methods=("POST",))
    def policy(self) -> ResponseReturnValue:
        """Say who gets a manager."""
        form = request.form
        document = {
            "output": form.get("output", ""),
            "grades": texts("grade_list"),
            "region": form.get("region") or "profile.region",
            "language": form.get("language") or "custom.language",
            "rank": form.get("rank") or "orders.amount_365d",
            "sticky": "sticky" in form,
            "history": "history" in form,
            "neglect_days": whole("neglect_days"),
            "contact": texts("contact"),
            "claims_per_day": whole("claims_per_day"),
            "claim_again_days": whole("claim_again_days"),
        }
        try:
            acting().managers.set_policy(document)
        except ManagerError as error:
            return self._page(policy_faults=[said(each) for each in error.faults] or [said(error)]), 400
        flash(t("The policy is saved. It acts when customers are assigned next.", "规则已保存，下次分配时生效。"), "success")
        return redirect(url_for("managers.index"))

    @expose("/try", methods=("POST",))
    def try_assign(self) -> ResponseReturnValue:
        """Say what an assignment would do."""
        self._all()
        try:
            return self._page(draw=acting().managers.assign(dry_run=True))
        except ManagerError as error:
            return self._page(fault=said(error)), 400

    @expose("/assign", methods=("POST",))
    def assign(self) -> ResponseReturnValue:
        """Assign."""
        self._all()
        done = acting().managers.assign()
        flash(done.words().in_(language()), "success")
        return redirect(url_for("managers.index"))

    @expose("/of/<name>")
    def manager(self, name: str) -> str:
        """One manager."""
        return self._one(name)

    @expose("/of/<name>", methods=("POST",))
    def change(self, name: str) -> ResponseReturnValue:
        """Change a manager, or hand everything over."""
        managers, form = acting().managers, request.form
        self._there(name)
        try:
            if form.get("do") == "leave":
                done = managers.leave(name, to=form.get("to") or None, reason=form.get("reason", ""))
                said_so = t(
                    "{n} customers and {m} tasks are handed over.", "已移交 {n} 位客户、{m} 项任务。", n=done.customers, m=done.tasks
                )
                flash(said_so, "success")
                return redirect(url_for("managers.index"))
            managers.edit(
                name, title=form.get("title", ""), user=form.get("user", ""), capacity=whole("capacity"), back="back" in form, **_lists()
            )
        except TierwiseError as error:
            return self._one(name, fault=said(error)), 400
        flash(t("Saved.", "已保存。"), "success")
        return redirect(url_for("managers.manager", name=name))

    def _all(self) -> None:
        if not acting().sight.reach.everybody:
            abort(403)

    def _there(self, name: str) -> Any:
        try:
            return acting().managers.get(name)
        except ManagerError:
            abort(404)

    def _one(self, name: str, fault: str = "") -> str:
        found = self._there(name)
        engine = acting()
        return self.page(
            "console/manager.html",
            title=t(
                "{who} looks after {n} of {m} customers",
                "{who} 负责 {n}/{m} 位客户",
                who=found.title,
                n=g.formats.number(found.customers),
                m=g.formats.number(found.capacity),
            ),
            crumb=found.name,
            crumbs=[(t(*self.title), url_for("managers.index"))],
            found=found,
            others=[each for each in engine.managers.list() if each.name != found.name],
            tasks=engine.tasks.count(owner=found.name),
            fault=fault,
            users=_users(),
            may_write=may("service", "write"),
        )

    def _page(self, fault: str = "", policy_faults: Any = (), draw: Any = None) -> str:
        engine = acting()
        found = engine.managers.list(gone="gone" in request.args)
        policy = engine.managers.policy()
        room, pool = sum(each.room for each in found), engine.managers.pool_size()
        title = t("No account managers yet", "尚无客户经理")
        if found:
            title = t(
                "{n} account manager{s} {have} room for {m}; {p} in the pool", "{n} 位客户经理还可接收 {m} 位客户；公海 {p} 位",
                n=len(found), s=plural(len(found), "", "s"), have=plural(len(found), "has", "have"), m=g.formats.number(room), p=g.formats.number(pool),
            )  # fmt: skip
        return self.page(
            "console/managers.html",
            title=title,
            crumb=t(*self.title),
            found=found,
            pool=pool,
            policy=policy,
            policy_words=_policy_words(policy),
            outputs=outputs(),
            users=_users(),
            form=request.form,
            fault=fault,
            policy_faults=policy_faults,
            draw=draw,
            language=language(),
            everybody=engine.sight.reach.everybody,
            gone="gone" in request.args,
            may_write=may("service", "write"),
        )


class Pool(Page):
    """The pool (公海): whom nobody looks after, and who takes them."""

    menu_key = "pool"
    area = "service"
    title = ("Pool", "公海")

    @expose("/")
    def index(self) -> str:
        """The pool."""
        return self._page()

    @expose("/", methods=("POST",))
    def claim(self) -> ResponseReturnValue:
        """Take some customers."""
        chosen = request.form.getlist("customer")
        try:
            if not chosen:
                raise ManagerError(t("choose some customers first", "请先选择客户"))
            count = acting().managers.claim(chosen, manager=request.form.get("manager") or None)
        except TierwiseError as error:
            return self._page(fault=said(error)), 400
        flash(t("{n} customer{s} taken.", "已领取 {n} 位客户。", n=count, s=plural(count, "", "s")), "success")
        return redirect(url_for("pool.index"))

    @expose("/neglected", methods=("POST",))
    def neglected(self) -> ResponseReturnValue:
        """Return neglected customers."""
        if not acting().sight.reach.everybody:
            abort(403)
        try:
            count = len(acting().managers.neglected())
        except ManagerError as error:
            return self._page(fault=said(error)), 400
        flash(
            t("{n} customer{s} returned to the pool.", "{n} 位客户已退回公海。", n=g.formats.number(count), s=plural(count, "", "s")),
            "success",
        )
        return redirect(url_for("pool.index"))

    def _page(self, fault: str = "") -> str:
        engine = acting()
        after = request.args.get("after", "")
        start = int(after) if after.isascii() and after.isdigit() and len(after) < 19 else 0
        found, size = engine.managers.pool(after=start, limit=SHOWN), engine.managers.pool_size()
        managers = engine.managers.list()
        mine = [each for each in managers if each.user == person().name]
        policy = engine.managers.policy()
        shown = [each for _, each in found]
        return self.page(
            "console/pool.html",
            title=t("{n} customer{s} have nobody", "公海客户 {n} 位", n=g.formats.number(size), s=plural(size, "", "s"))
            if size
            else t("The pool is empty", "公海为空"),
            crumb=t(*self.title),
            found=[(each, engine.managers.words(each).in_(language())) for each in shown],
            names=engine.simulations.names([each.customer for each in shown])
            if may("personal_data") and engine.sight.reach.everybody
            else {},
            next=found[-1][0] if len(found) == SHOWN else None,
            managers=managers if engine.sight.reach.everybody else mine,
            mine=mine,
            policy=policy,
            everybody=engine.sight.reach.everybody,
            fault=fault,
            may_write=may("service", "write"),
        )


def _lists() -> dict[str, Any]:
    return {name: texts(name) for name in ("regions", "languages", "grades")}


def _users() -> list[str]:
    """Login names that a manager may be linked to: only for those who see users."""
    return [each.name for each in acting().people.users() if not each.disabled] if may("people") else []


def _policy_words(policy: Any) -> str:
    """Who gets a manager, by titles: the output, and its labels."""
    if policy is None:
        return ""
    by = labels.title(acting(), policy.output)
    named = t(", ", "、").join(labels.titles(acting(), policy.output, policy.grades))
    return t("{by}: {labels}", "{by}：{labels}", by=by, labels=named)


def outputs() -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Outputs with labels of the live rulebook: address, title, labels with theirs."""
    try:
        entries = acting().rulebook().entries
    except RulebookError:
        return []
    found = []
    for entry in entries:
        for output in entry.policy.outputs():
            if output.has_history and entry.enabled:
                named = [(label.key, t(label.title)) for label in output.labels] or [("true", t("yes", "是")), ("false", t("no", "否"))]
                found.append((f"{entry.key}.{output.name}", _title(entry, output), named))
    return found


def _title(entry: Any, output: Any) -> str:
    """Of one that is alone the title of its policy; else both, so that no two are called the same."""
    alone = sum(each.has_history for each in entry.policy.outputs()) == 1
    return t(entry.title) if alone else t("{a}: {b}", "{a}：{b}", a=t(entry.title), b=t(output.title))


PAGES = [Managers, Pool]
