"""The rulebook: its pipeline, the drafts, and the editor of each policy with the live preview. What is typed is evaluated and never saved by a preview."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from flask import abort, flash, g, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import preview_answer, rulebook_words
from admin.access import acting, may, person
from admin.pages import Page
from admin.pipeline import Pipeline, pipeline
from admin.rule_inputs import rules_of
from admin.rule_routes import RuleRoutes
from admin.sidebar import entries
from admin.words import language, t
from engine import DraftError, RulebookError, RunError, StaleDraft, TierwiseError

OPEN = ("open", "submitted", "approved", "scheduled")
STATES = {
    "open": ("being written", "编写中", "draft"),
    "submitted": ("waits for approval", "待审批", "warn"),
    "approved": ("approved", "已批准", "ok"),
    "scheduled": ("scheduled", "已排期", "ok"),
    "published": ("published", "已发布", ""),
    "discarded": ("discarded", "已丢弃", ""),
}
LONGEST_TITLE = 200


class Rulebook(RuleRoutes, Page):
    """The live rulebook as a picture, its drafts, and one editor for every kind of policy."""

    menu_key = "rulebook"
    area = "rules"
    title = ("Rulebook", "规则手册")
    reads = ("preview", "check", "look", "rules", "table_file", "table_read")

    def badge(self) -> tuple[str, str] | None:
        """Whether a draft of this reader is open."""
        who = person()
        mine = [each for each in acting().drafts.list("open") if who and who.name in each.authors]
        return (t("draft", "草稿"), "draft") if mine else None

    # --- what is there -----------------------------------------------------------------------------------------

    @expose("/")
    def index(self) -> str:
        """The live rulebook and every draft."""
        engine = acting()
        live = _live()
        drafts = [each for each in engine.drafts.list() if each.status in OPEN]
        picture = _picture(live.document, lambda key: url_for("rulebook.live", policy=key)) if live else None
        return self.page(
            "console/rulebook.html",
            title=_index_title(live, drafts),
            crumb=t(*self.title),
            live_version=live,
            picture=picture,
            drafts=drafts,
            policies=_lines(live.document) if live else [],
            states=STATES,
            may_write=may("rules", "write"),
            help=_help(),
        )

    @expose("/live/<policy>")
    def live(self, policy: str) -> str:
        """One policy of the live rulebook, to read."""
        live = _live()
        if live is None:
            abort(404)
        return self._editor(None, live.document, policy, live)

    @expose("/<int:draft>/")
    def draft(self, draft: int) -> str:
        """A draft: what it changes, whom, and what stands against it."""
        found = _get(draft)
        live = _live()
        return self.page(
            "console/draft.html",
            title=found.title,
            crumb=_name(found),
            crumbs=[(t(*self.title), url_for("rulebook.index"))],
            draft=found,
            **_frame(found, live),
            lines=_lines(found.document),
            types=_types(),
            data=_data(found, None),
            help=_help(),
        )

    @expose("/<int:draft>/<policy>")
    def policy(self, draft: int, policy: str) -> str:
        """The editor of one policy of a draft."""
        found = _get(draft)
        return self._editor(found, found.document, policy, _live())

    def _editor(self, draft: Any, document: Any, policy: str, live: Any) -> str:
        entry = _entry(document, policy)
        if entry is None:
            abort(404)
        kind = acting().registry.policies.get(str(entry.get("type")))
        crumbs = [(t(*self.title), url_for("rulebook.index"))]
        if draft is not None:
            crumbs.append((_name(draft), url_for("rulebook.draft", draft=draft.id)))
        return self.page(
            "console/policy.html",
            title=draft.title if draft is not None else _title(entry),
            crumb=_title(entry),
            crumbs=crumbs,
            draft=draft,
            entry=entry,
            policy=policy,
            policy_title=_title(entry),
            kind=kind,
            **_frame(draft, live, policy),
            data=_data(draft, policy),
            help=_help(),
        )

    # --- what scripts ask --------------------------------------------------------------------------------------

    @expose("/<int:draft>/preview", methods=("POST",))
    def preview(self, draft: int) -> ResponseReturnValue:
        """What the draft would change with a policy as it is typed; nothing is saved."""
        asked = _json()
        found = _get(draft)
        policy = asked.get("policy")
        document = found.document
        if policy is not None and "entry" in asked:
            document = _with_entry(document, str(policy), asked["entry"])
        asker = f"{draft}:{person().name}:{str(asked.get('tab', ''))[:40]}"
        key = None if policy is None else str(policy)
        try:
            given = acting().previews.preview(document, policy=key, asker=asker)
        except RulebookError as error:
            return jsonify(preview_answer.refusal(error.faults, document))
        if given is None:
            return jsonify({"superseded": True})
        return jsonify(preview_answer.answer(given, key, lambda each: url_for("rulebook.policy", draft=draft, policy=each)))

    @expose("/live/preview", methods=("POST",))
    def look(self) -> ResponseReturnValue:
        """The live rulebook as a preview: what lies in which band now."""
        live, asked = _live(), _json()
        if live is None:
            abort(404)
        key = str(asked.get("policy", ""))
        given = acting().previews.preview(live.document, policy=key, asker=f"live:{person().name}:{str(asked.get('tab', ''))[:40]}")
        if given is None:
            return jsonify({"superseded": True})
        return jsonify(preview_answer.answer(given, key, lambda each: url_for("rulebook.live", policy=each)))

    @expose("/<int:draft>/save", methods=("POST",))
    def save(self, draft: int) -> ResponseReturnValue:
        """Save the next state: a policy as it is typed, or the title of the draft."""
        asked = _json()
        revision = asked.get("revision")
        if not isinstance(revision, int) or isinstance(revision, bool):
            raise DraftError(t("the revision that was read is missing; nothing was saved", "缺少所读取的修订号；未保存任何内容"))
        title, policy = asked.get("title"), asked.get("policy")
        if title is not None:
            title = " ".join(str(title).split())[:LONGEST_TITLE] or None
        changes = None
        if policy is not None:
            if not isinstance(asked.get("entry"), Mapping):
                raise DraftError(t("a policy has to be an object; nothing was saved", "策略必须是一个对象；未保存任何内容"))
            changes = [{"place": f"policies[{policy}]", "value": asked["entry"]}]
        try:
            saved = acting().drafts.edit(draft, revision=revision, changes=changes, title=title)
        except StaleDraft as error:
            return jsonify(_conflict(error, str(policy))), 409
        return jsonify(_state(saved, policy))

    @expose("/<int:draft>/step", methods=("POST",))
    def step(self, draft: int) -> ResponseReturnValue:
        """Undo or redo."""
        asked = _json()
        drafts = acting().drafts
        revision = asked.get("revision")
        if not isinstance(revision, int) or isinstance(revision, bool) or asked.get("way") not in ("back", "forth"):
            raise DraftError(
                t("expected way (back or forth) and revision; nothing was changed", "应提供 way（back 或 forth）和修订号；未做任何更改")
            )
        take = drafts.back if asked["way"] == "back" else drafts.forth
        try:
            saved = take(draft, revision=revision)
        except StaleDraft as error:
            return jsonify(_conflict(error, str(asked.get("policy", "")))), 409
        return jsonify(_state(saved, asked.get("policy")))

    @expose("/<int:draft>/state")
    def state(self, draft: int) -> ResponseReturnValue:
        """The draft as it is saved now, for a page that has to catch up."""
        return jsonify(_state(_get(draft), request.args.get("policy")))

    @expose("/<int:draft>/check", methods=("POST",))
    def check(self, draft: int) -> ResponseReturnValue:
        """Every fault, finding and obstacle of what is saved."""
        found = acting().drafts.check(draft)
        document = _get(draft).document
        titles = {str(each["key"]): each["title"] for each in _lines(document)}
        return jsonify(
            {
                "sound": found.sound,
                "faults": [preview_answer.fault(each, document) for each in found.faults],
                "findings": [
                    {"severity": each.finding.severity, "text": t(each.finding.text), "policy": titles.get(each.policy, each.policy)}
                    for each in found.findings
                ],
                "obstacles": [_obstacle(each) for each in found.obstacles],
            }
        )

    # --- forms -------------------------------------------------------------------------------------------------

    @expose("/new", methods=("POST",))
    def new(self) -> ResponseReturnValue:
        """Begin a draft from the live rulebook, or from the starter where nothing is live."""
        title = " ".join(request.form.get("title", "").split())[:LONGEST_TITLE] or t(
            "Draft of {who}", "{who} 的草稿", who=person().display_name
        )
        live = _live()
        made = acting().drafts.new(title=title) if live else acting().drafts.new(document="starter", title=title)
        wanted = request.form.get("policy", "")
        if wanted and _entry(made.document, wanted) is not None:
            return redirect(url_for("rulebook.policy", draft=made.id, policy=wanted))
        return redirect(url_for("rulebook.draft", draft=made.id))

    @expose("/<int:draft>/add", methods=("POST",))
    def add(self, draft: int) -> ResponseReturnValue:
        """Add a policy of any kind that is installed."""
        found = _get(draft)
        kind, key = request.form.get("type", ""), request.form.get("key", "").strip()
        acting().registry.policy(kind)
        taken = {str(each["key"]) for each in _lines(found.document)}
        key = key or _free(kind, taken)
        if key in taken:
            raise DraftError(
                t("there is a policy with the key {key} already; choose another key", "已存在键为 {key} 的策略；请换一个键", key=key)
            )
        count = len(found.document.get("policies", []))
        change = {"place": f"policies[{count}]", "value": {"key": key, "type": kind, "params": {}}}
        acting().drafts.edit(found.id, revision=found.revision, changes=[change])
        return redirect(url_for("rulebook.policy", draft=found.id, policy=key))

    @expose("/<int:draft>/remove", methods=("POST",))
    def remove(self, draft: int) -> ResponseReturnValue:
        """Take a policy out of a draft."""
        found, key = _get(draft), request.form.get("policy", "")
        acting().drafts.edit(found.id, revision=found.revision, changes=[{"place": f"policies[{key}]", "remove": True}])
        flash(t("{key} was taken out of the draft. Undo brings it back.", "已从草稿中移除 {key}，可撤销恢复。", key=key), "success")
        return redirect(url_for("rulebook.draft", draft=found.id))

    @expose("/<int:draft>/submit", methods=("POST",))
    def submit(self, draft: int) -> ResponseReturnValue:
        """Hand the draft to a second person."""
        revision = request.form.get("revision", type=int)
        acting().drafts.submit(draft, revision=revision, note=request.form.get("note", "")[:2000])
        flash(t("Handed in. Another person decides on it.", "已提交，等待他人审批。"), "success")
        return redirect(url_for("rulebook.draft", draft=draft))

    @expose("/<int:draft>/withdraw", methods=("POST",))
    def withdraw(self, draft: int) -> ResponseReturnValue:
        """Take a submitted draft back."""
        acting().drafts.withdraw(draft)
        flash(t("The draft is open again.", "草稿已重新开放编辑。"), "success")
        return redirect(url_for("rulebook.draft", draft=draft))

    @expose("/<int:draft>/discard", methods=("POST",))
    def discard(self, draft: int) -> ResponseReturnValue:
        """Take the draft off the table."""
        acting().drafts.discard(draft)
        flash(t("The draft was discarded; its states are kept in the history.", "草稿已丢弃；其历史状态仍保留。"), "success")
        return redirect(url_for("rulebook.index"))


# --- what is read --------------------------------------------------------------------------------------------------


def _live() -> Any:
    try:
        return acting().version()
    except RulebookError:
        return None


def _get(number: int) -> Any:
    """A draft, or 404."""
    if number > 10**9:
        abort(404)
    try:
        return acting().drafts.get(number)
    except TierwiseError:
        abort(404)


def _name(draft: Any) -> str:
    return t("Draft {n}", "草稿 {n}", n=draft.id)


def _entry(document: Any, key: str) -> dict[str, Any] | None:
    """A policy's entry in a document that may have faults."""
    policies = document.get("policies") if isinstance(document, Mapping) else None
    for each in policies if isinstance(policies, list) else ():
        if isinstance(each, dict) and each.get("key", each.get("type")) == key:
            return each
    return None


def _with_entry(document: Any, key: str, entry: Any) -> Any:
    """The document with another entry in the place of one policy."""
    if not isinstance(document, Mapping) or not isinstance(document.get("policies"), list):
        return document
    changed = [entry if isinstance(each, dict) and each.get("key", each.get("type")) == key else each for each in document["policies"]]
    return {**document, "policies": changed}


def _title(entry: Mapping[str, Any]) -> str:
    """The title of a policy: its own, that of its kind, its key."""
    title = entry.get("title")
    if isinstance(title, str) and title.strip():
        return title
    if isinstance(title, Mapping):
        found = title.get(language()) or title.get("en") or title.get("zh")
        if isinstance(found, str) and found.strip():
            return found
    kind = acting().registry.policies.get(str(entry.get("type")))
    return t(kind.title) if kind is not None else str(entry.get("key", entry.get("type", "?")))


def _made(entry: Mapping[str, Any]) -> Any:
    """The policy of an entry; None where its parameters are wrong."""
    kind = acting().registry.policies.get(str(entry.get("type")))
    params = entry.get("params", {})
    try:
        return kind(params) if kind is not None and isinstance(params, Mapping) else None
    except Exception:  # wrong parameters, or a plugin's own fault: the check says which
        return None


def _lines(document: Any) -> list[dict[str, Any]]:
    """The policies of a document, as lists and pictures show them."""
    policies = document.get("policies") if isinstance(document, Mapping) else None
    found = []
    for each in policies if isinstance(policies, list) else ():
        if not isinstance(each, Mapping):
            continue
        made = _made(each)
        kind = acting().registry.policies.get(str(each.get("type")))
        outputs = [output.name for output in made.outputs() if output.has_history] if made is not None else []
        found.append(
            {
                "key": str(each.get("key", each.get("type"))),
                "title": _title(each),
                "type": t(kind.title) if kind is not None else str(each.get("type")),
                "outputs": outputs,
                "reads": tuple(made.inputs()) if made is not None else (),
                "enabled": each.get("enabled", True) is not False,
                "owner": str(each.get("owner") or ""),
                "review_by": str(each.get("review_by") or ""),
                "sound": made is not None,
            }
        )
    return found


def _picture(document: Any, url: Any, edited: tuple[str, ...] = (), around: str | None = None) -> Pipeline:
    lines = _lines(document)
    reads = {line["key"]: {*line["reads"], *_population(document, line["key"])} for line in lines}
    return pipeline(lines, reads, url, edited=edited, around=around, failing=_failing())


def _population(document: Any, key: str) -> set[str]:
    """Names that the population of a policy compares."""
    found: set[str] = set()
    waiting = [(_entry(document, key) or {}).get("for")]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            if isinstance(each.get("feature"), str):
                found.add(each["feature"])
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return found


def _failing() -> Mapping[str, str]:
    try:
        return acting().run_record().faults
    except RunError:
        return {}


def _edited(draft: Any, live: Any) -> tuple[str, ...]:
    """Policies of a draft that differ from the live ones, in their canonical form where they have one."""
    if draft is None:
        return ()
    was = {str(each["key"]): each for each in live.document["policies"]} if live is not None else {}
    now = draft.document
    with contextlib.suppress(RulebookError):
        now = acting().check(now).document
    found = []
    for each in now.get("policies", []) if isinstance(now, Mapping) else []:
        if isinstance(each, Mapping):
            key = str(each.get("key", each.get("type")))
            if each != was.get(key):
                found.append(key)
    return tuple(found)


def _frame(draft: Any, live: Any, policy: str | None = None) -> dict[str, Any]:
    """What the draft's page and the editor share. policy: the one that is edited; then only what stands about it is drawn."""
    engine = acting()
    document = draft.document if draft is not None else live.document
    edited = _edited(draft, live)

    def page(key: str) -> str:
        return url_for("rulebook.policy", draft=draft.id, policy=key) if draft is not None else url_for("rulebook.live", policy=key)

    picture = _picture(document, page, edited, policy)
    writable = draft is not None and draft.status == "open" and may("rules", "write")
    return {
        "others": [(line["key"], line["title"], page(line["key"]), line["key"] in edited) for line in _lines(document)],
        "picture": picture,
        "edited": edited,
        "changes": _changes(draft, live),
        "live_version": live,
        "states": STATES,
        "may_write": may("rules", "write"),
        "writable": writable,
        "steps": engine.drafts.steps(draft.id) if draft is not None else None,
        "simulate": _other("simulations", draft),
        "reviews": _other("reviews", draft),
        "saved": _saved(draft) if draft is not None else "",
    }


def _changes(draft: Any, live: Any) -> list[Any]:
    """What a draft changes, in words."""
    if draft is None:
        return []
    now = draft.document
    with contextlib.suppress(RulebookError):
        now = acting().check(now).document
    was = live.document if live is not None else {"policies": []}
    try:
        return list(acting().differences(was, now))
    except TierwiseError:
        return []


def _saved(draft: Any) -> str:
    ago = g.formats.duration(max(1, int(acting().now.timestamp()) - draft.updated_at))
    base = t("Based on v{n}.", "基于 v{n}。", n=draft.base) if draft.base else t("Begun from the starter.", "由入门手册开始。")
    return t("{base} Saved by {who} {ago} ago.", "{base}{who} 于 {ago}前保存。", base=base, who=draft.updated_by, ago=ago)


def _other(key: str, draft: Any) -> str | None:
    """Where another page shows this draft, if it is installed and open to the reader."""
    entry = entries().get(key)
    if entry is None or draft is None or not may(entry.area):
        return None
    return url_for(entry.endpoint, draft=draft.id)


def _types() -> list[tuple[str, str, str]]:
    return [(name, t(kind.title), t(kind.help)) for name, kind in sorted(acting().registry.policies.items())]


def _free(kind: str, taken: set[str]) -> str:
    return next(name for name in (kind, *(f"{kind}_{n}" for n in range(2, 1000))) if name not in taken)


WINDOWS = (30, 90, 180, 365)
"""Days for which a feature with a window is offered; any other may be typed."""


def _features(document: Any) -> list[Any]:
    """Every feature that a rule may read: the catalogue's, usual windows, and whatever the document names already."""
    engine = acting()
    found = {feature.name: feature for feature in engine.features()}
    names = [f"{name}_{days}d" for name, feature in found.items() if feature.windowable for days in WINDOWS]
    names += [name.rstrip("?") for line in _lines(document) for name in line["reads"]]
    for name in names:
        if name not in found and name in engine.catalogue:
            found[name] = engine.catalogue.resolve(name)
    return sorted(found.values(), key=lambda feature: feature.name)


def _columns(document: Any) -> list[dict[str, str]]:
    """Names that a rule may read: every feature, and the outputs of the document's policies."""
    found = [{"name": feature.name, "title": t(feature.title)} for feature in _features(document)]
    for line in _lines(document):
        found += [{"name": f"{line['key']}.{name}", "title": f"{line['title']}: {name}"} for name in line["outputs"]]
    return found


def _rules(document: Any, policy: str | None, kind: Any) -> dict[str, Any]:
    """What the editors of rules are told: what may be read, the labels of this policy, what each table is limited to."""
    if policy is None:
        return {"features": [], "labels": {}, "rules": {}}
    mine = _made(_entry(document, policy) or {})
    if mine is None and kind is not None:
        mine = _made({"type": kind.name})
    labels, rules = rules_of(mine, mine.title) if mine is not None else ({}, {})
    inputs = acting().rules.inputs(document, policy)
    return {"features": [each.as_dict() for each in inputs], "labels": labels, "rules": rules}


def _data(draft: Any, policy: str | None) -> dict[str, Any]:
    """What the scripts of a page begin with."""
    live = _live()
    document = draft.document if draft is not None else live.document
    entry = _entry(document, policy) if policy is not None else None
    kind = acting().registry.policies.get(str(entry.get("type"))) if entry is not None else None
    writable = draft is not None and draft.status == "open" and may("rules", "write")
    was = _entry(live.document, policy) if live is not None and policy is not None else None
    return {
        "draft": draft.id if draft is not None else None,
        "revision": draft.revision if draft is not None else 0,
        "saved": draft.updated_at if draft is not None else 0,
        "now": int(acting().now.timestamp()),
        "writable": writable,
        "language": language(),
        "policy": policy,
        "entry": entry,
        "live": was,
        "form": [field.as_dict(language()) for field in acting().form(kind.name)] if kind is not None else None,
        "general": _general(entry),
        "units": {name: t(*pair) if pair[0] else g.formats.sign.strip() for name, pair in rulebook_words.UNITS.items()},
        "columns": _columns(document) if policy is not None else [],
        "currency": acting().business.currency,
        **_rules(document, policy, kind),
        "sign": g.formats.sign,
        "ruleUrls": {name: url_for(f"rulebook.{name}") for name in ("rules", "table_file", "table_read")},
        "words": rulebook_words.script_words(),
        "urls": {name: url_for(f"rulebook.{name}", draft=draft.id) for name in ("preview", "save", "step", "state", "check")}
        if draft is not None
        else {"preview": url_for("rulebook.look")},
    }


def _general(entry: Any) -> list[dict[str, Any]]:
    """The form of what every policy has, whatever its kind."""
    made = _made(entry) if isinstance(entry, Mapping) else None
    labels = [output.name for output in made.outputs() if output.kind == "label"] if made is not None else []
    blank: dict[str, Any] = {
        "help": None,
        "unit": "",
        "editor": "",
        "required": False,
        "nullable": True,
        "default": None,
        "minimum": None,
        "maximum": None,
    }
    blank |= {
        "above": False,
        "below": False,
        "least": None,
        "most": None,
        "choices": [],
        "names": [],
        "item": None,
        "fields": [],
        "only": None,
    }
    fields = (
        ("title", "json", "title", t("Title", "名称"), t("What people read, in both languages.", "供人阅读的名称，中英文各一。"), None),
        ("enabled", "flag", "", t("Enabled", "启用"), t("A disabled policy gives nothing, and nobody may read it.", "停用的策略不产生结果，也不可被其他策略读取。"), True),
        ("for", "json", "condition", t("Population", "适用范围"), t("A condition on features; empty: every customer.", "以特征为条件；留空表示全部客户。"), None),
        ("owner", "text", "", t("Responsible", "负责人"), t("Who answers for this policy.", "对该策略负责的人员。"), ""),
        ("review_by", "date", "", t("Review by", "复核期限"), t("Until when somebody looks at it again.", "应在此日期前复核。"), None),
        (
            "damping",
            "json",
            "damping",
            t("Damping", "缓冲"),
            t("Keeps labels from jumping to and fro. Rises are towards the first label. What is named together must all hold.", "避免标签来回跳动。上升指朝向第一个标签；同时设置的条件须全部满足。"),
            None,
        ),
    )  # fmt: skip
    return [
        {
            **blank,
            "name": name,
            "kind": kind,
            "editor": editor,
            "title": title,
            "help": text,
            "default": default,
            "most": 200 if kind == "text" else None,
            "names": labels if name == "damping" else [],
        }
        for name, kind, editor, title, text, default in fields
    ]


def _index_title(live: Any, drafts: list[Any]) -> str:
    if live is None:
        return t("No rulebook is live yet", "尚无已生效的规则手册")
    n = len(live.document["policies"])
    waiting = sum(each.status == "submitted" for each in drafts)
    if waiting:
        return (
            t("Rulebook v{v} is live; {n} drafts wait for approval", "规则手册 v{v} 已生效；{n} 份草稿待审批", v=live.number, n=waiting)
            if waiting > 1
            else t("Rulebook v{v} is live; one draft waits for approval", "规则手册 v{v} 已生效；1 份草稿待审批", v=live.number)
        )
    if drafts:
        return t(
            "Rulebook v{v} is live, {n} being changed",
            "规则手册 v{v} 已生效，{m} 份草稿编写中",
            v=live.number,
            n="a draft is" if len(drafts) == 1 else f"{len(drafts)} drafts are",
            m=len(drafts),
        )
    return t("Rulebook v{v} is live with {n} policies", "规则手册 v{v} 已生效，共 {n} 条策略", v=live.number, n=n)


# --- what scripts hear ---------------------------------------------------------------------------------------------


def _json() -> dict[str, Any]:
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        abort(400)
    return found


def _state(draft: Any, policy: Any) -> dict[str, Any]:
    steps = acting().drafts.steps(draft.id)
    changes = _changes(draft, _live())
    return {
        "revision": draft.revision,
        "saved": draft.updated_at,
        "now": int(acting().now.timestamp()),
        "by": draft.updated_by,
        "status": draft.status,
        "title": draft.title,
        "entry": _entry(draft.document, str(policy)) if policy else None,
        "back": steps.back,
        "forth": steps.forth,
        "changes": [{"text": t(each.text), "kind": each.kind, "place": each.place} for each in changes],
    }


def _conflict(error: StaleDraft, policy: str) -> dict[str, Any]:
    """Both versions, and what differs between them in words."""
    changes = (
        acting().differences(error.theirs, error.yours) if isinstance(error.theirs, Mapping) and isinstance(error.yours, Mapping) else []
    )
    return {
        "conflict": True,
        "detail": t("{who} saved this draft meanwhile", "{who} 同时保存了该草稿", who=error.updated_by),
        "by": error.updated_by,
        "revision": error.revision,
        "theirs": _entry(error.theirs, policy),
        "yours": _entry(error.yours, policy),
        "differences": [t(each.text) for each in changes if f"policies[{policy}]" in each.place],
    }


def _obstacle(each: Any) -> dict[str, Any]:
    return {"text": t(each.text), "blocking": each.severity == "error"}


def _help() -> str:
    return t(
        "The picture shows the policies in the order in which they read each other. Plum is what a draft changes and what follows from it; "
        "nobody is affected until the draft is approved and published.\n\nClick a policy to edit it. While you type, every customer is graded "
        "anew in memory and compared with the live rulebook; nothing of that is stored. The draft saves itself; Ctrl+Z takes a step back, "
        "Ctrl+Shift+Z forward again.\n\nDrag a cut, or focus it and press the arrow keys for one printed step, Page Up and Page Down for five.",
        "图中按相互读取的顺序排列各策略。紫色表示草稿所改动的内容及其后续影响；审批并发布之前不影响任何客户。\n\n"
        "点击策略即可编辑。输入时，系统在内存中为全部客户重新分级并与已生效手册比较，不保存任何结果。草稿会自动保存；Ctrl+Z 撤销，Ctrl+Shift+Z 重做。\n\n"
        "可拖动分界线，或选中后用方向键移动一格，Page Up / Page Down 移动五格。",
    )


PAGES = [Rulebook]
