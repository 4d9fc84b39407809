"""The page of one customer: who it is, what is decided about it and why, what happened, what would change it."""

from __future__ import annotations

from typing import Any

from flask import g, request, url_for
from flask.typing import ResponseReturnValue

from admin import labels
from admin.access import acting, may
from admin.cells import MASK, cell, masked, worded
from admin.desk import desk
from admin.strip import strip
from admin.views.members import card_of
from admin.views.service_tasks import CHANNELS, channel
from admin.words import t
from engine import TierwiseError

TABS = ("overview", "orders", "history", "service")
ORDERS = 50
TICKETS = 100
CONTACTS = 50
ORIGINS = {"hand": ("by hand", "手动"), "task": ("task", "任务"), "ticket": ("ticket", "工单"), "import": ("import", "导入")}
PROFILE = (
    ("kind", "Kind", "类型"),
    ("phone", "Phone", "电话"),
    ("email", "E-mail", "邮箱"),
    ("country", "Country", "国家"),
    ("region", "Region", "地区"),
    ("city", "City", "城市"),
    ("industry", "Industry", "行业"),
    ("gender", "Gender", "性别"),
    ("birth_date", "Born", "出生日期"),
    ("education", "Education", "学历"),
    ("income", "Income", "收入"),
    ("joined_at", "Joined", "加入时间"),
)


def customer_page(page: Any, customer: str) -> ResponseReturnValue:
    """Everything known and decided about a customer."""
    engine = acting()
    found = engine.customers.dossier(customer)
    looks = labels.outputs(engine)
    tab = request.args.get("tab", "overview")
    tab = tab if tab in TABS and (tab != "service" or may("service")) else "overview"
    main = main_output(looks)
    common = {
        "title": found.profile["name"] if found.profile["name"] and found.profile["name"] != MASK else found.customer,
        "crumb": found.customer,
        "crumbs": [(t("Customers", "客户"), url_for("customers.index"))],
        "found": found,
        "here": lambda **more: url_for("customers.customer", customer=found.customer, **more),
        "looks": looks,
        "main": looks[main].of(found.assignments.get(main)) if main else None,
        "main_title": t(looks[main].title) if main else "",
        "tab": tab,
        "hidden": masked,
        "mask": MASK,
        "personal": engine.sight.personal,
        "joined_into": found.asked if found.asked != found.customer else "",
        "help": _help(),
        "looked_after": engine.managers.of(found.customer) if may("service") else None,
        "ticket_count": engine.tickets.count(customer=found.customer) if may("service") else None,
    }
    if tab == "orders":
        before = request.args.get("before", type=int)
        rows = engine.customers.orders(customer, before=before if before and abs(before) < 2**53 else None, limit=ORDERS + 1)
        more = rows[ORDERS - 1].at if len(rows) > ORDERS else None
        return str(page.page("console/customer_orders.html", orders=rows[:ORDERS], more=more, **common))
    if tab == "service":
        tickets = engine.tickets.list(customer=found.customer, limit=TICKETS, left=True)
        return str(
            page.page("console/customer_service.html", tickets=tickets, desk=desk(), **_looked_after(engine, found.customer), **common)
        )
    if tab == "history":
        return str(page.page("console/customer_history.html", **common))
    return str(page.page("console/customer.html", **common, **_decided(engine, found, looks, main)))


def _looked_after(engine: Any, customer: str) -> dict[str, Any]:
    """Whose the customer is and why, and what was said last."""
    contacts = engine.interactions.of(customer, limit=CONTACTS)
    return {
        "contacts": contacts,
        "channels": CHANNELS,
        "channel": channel,
        "origins": ORIGINS,
        "now": engine.now.strftime("%Y-%m-%dT%H:%M"),
        "may_open": may("service", "write"),
    }


def evidence_of(customer: str, feature: str, offset: str) -> ResponseReturnValue:
    """One page of the facts behind a feature, as JSON for the dialog."""
    f = g.formats
    start = int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 10 else 0
    found = acting().evidence(customer, feature, offset=start, limit=50, language=g.language)
    kinds = {"order": t("Order", "订单"), "refund": t("Refund", "退款"), "line": t("Line", "订单行"), "customer": t("Record", "档案")}
    facts = [
        {
            "what": f"{kinds.get(fact.kind, fact.kind)} {fact.id}",
            "at": f.moment(fact.at) if fact.at else "",
            "amount": "" if fact.amount is None else f.money(round(fact.amount * 10**f.digits)),
            "counted": t("yes", "是") if fact.counted else fact.reason_text,
            "yes": fact.counted,
        }
        for fact in found.facts
    ]
    left = sum(found.left_out.values())
    said = t(
        "{text}: {n} facts counted, {m} left out, as of {at}.",
        "{text}：计入 {n} 项，未计入 {m} 项，截至 {at}。",
        text=found.text,
        n=f.number(found.counted),
        m=f.number(left),
        at=f.moment(found.as_of),
    )
    more = found.next_offset
    following = url_for("customers.evidence", customer=customer, feature=feature, offset=more) if more is not None else None
    return {"title": found.title, "said": " ".join([said, *found.notes]), "facts": facts, "next": following}


def main_output(looks: Any) -> str:
    """The output that grades: named grade, class or tier, else the first."""
    ranked = sorted(looks, key=lambda address: address.rpartition(".")[2] not in ("grade", "class", "tier"))
    graded = [address for address in ranked if address.rpartition(".")[2] == "grade"]
    return str((graded or ranked or [""])[0])


def _decided(engine: Any, found: Any, looks: Any, main: str) -> dict[str, Any]:
    """What the page tells besides the facts: reasons, inputs, the strip, what would give another value."""
    explanations: list[Any] = []
    fault = ""
    if looks:
        try:
            explanations = engine.explain(found.customer, language=g.language)
        except TierwiseError as error:
            fault = str(error)
    shown = [address for address in looks if address == main or address.endswith((".segment", ".stage"))]
    order = sorted(explanations, key=lambda each: each.policy != main.partition(".")[0])
    fixable = may("customers", "write") and bool(looks)
    return {
        "profile": _profile(found.profile),
        "inputs": _inputs(explanations),
        "explanations": order,
        "explain_fault": fault,
        "shared_notes": [
            note for note in (order[0].notes if order else ()) if len(order) > 1 and sum(note in each.notes for each in order) > 1
        ],
        "strip": strip(found, looks, list(dict.fromkeys([main, *shown]))[:3] if main else [], t, g.formats),
        "strip_title": _strip_title(found, looks, main),
        "decided_title": _decided_title(found, looks, main, order),
        "member": card_of(engine, found.customer),
        "target": _target(engine, found, looks, main),
        "targets": [look for key, look in (looks[main].labels.items() if main else ()) if key != found.assignments.get(main)],
        "events": _events(found),
        "fixed": engine.fixed_values.list(found.customer),
        "fixable": [look for look in looks.values() if look.labels] if fixable else [],
        "marks": _marks(engine, found),
        "outputs_of": lambda explanation: [each for each in explanation.outputs if each.kind in ("label", "flag", "set")],
        "numbers_of": lambda explanation: [
            each for each in explanation.outputs if each.kind in ("score", "amount", "date") and each.value is not None
        ],
        "tree": _tree,
    }


def _profile(profile: Any) -> list[tuple[str, Any]]:
    f = g.formats
    lines: list[tuple[str, Any]] = []
    for name, en, zh in PROFILE:
        value = profile.get(name)
        if value is None:
            continue
        if value == MASK:
            shown: Any = masked()
        elif name == "joined_at" or name == "birth_date":
            shown = f.date(value)
        elif name == "income":
            shown = f.money(round(value * 10**f.digits))
        elif name == "gender":
            shown = t("Female", "女") if value == "F" else t("Male", "男")
        else:
            shown = worded(str(value))
        lines.append((t(en, zh), shown))
    for name, value in profile["custom"].items():
        lines.append((name, masked() if value == MASK else cell("text", value)))
    return lines


def _inputs(explanations: Any) -> list[Any]:
    """Every feature that some policy read, once."""
    seen: dict[str, Any] = {}
    addresses = {output.address for each in explanations for output in each.outputs}
    for explanation in explanations:
        for each in explanation.inputs:
            if each.name not in addresses and not each.name.startswith("previous."):
                seen.setdefault(each.name, each)
    return list(seen.values())


def _strip_title(found: Any, looks: Any, main: str) -> str:
    """What the strip shows, as a finding: since when the grade holds and what was before."""
    f = g.formats
    spans = [span for span in found.spans if span.address == main]
    if main and len(spans) > 1:
        now, was = looks[main].of(spans[-1].key), looks[main].of(spans[-2].key)
        return t(
            "{now} since {at}, {was} before",
            "{at}起为{now}，此前为{was}",
            now=t(now.title) if now else t("No value", "无结果"),
            was=t(was.title) if was else t("no value", "无结果"),
            at=f.date(spans[-1].begins),
        )
    if not found.moments:
        return t("No order in this time", "此期间没有订单")
    sales = [amount for _, amount, refund in found.moments if not refund]
    return t(
        "{n} orders, {money} together",
        "{n} 笔订单，共 {money}",
        n=f.number(len(sales)),
        money=f.money(sum(sales), cents=False),
    )


def _decided_title(found: Any, looks: Any, main: str, explanations: Any) -> str:
    if not main:
        return t("Nothing is decided yet", "尚未分级")
    if found.profile["not_graded"]:
        return t("This customer takes no part in grading", "该客户不参与分级")
    label = looks[main].of(found.assignments.get(main))
    title = t(looks[main].title)
    if label is None:
        return t("{what}: no value", "{what}：无结果", what=title)
    first = next((each.reasons[-1] for each in explanations if each.policy == main.partition(".")[0] and each.reasons), "")
    said = t("{what}: {label}", "{what}：{label}", what=title, label=t(label.title))
    return f"{said}{t('. ', '。')}{first}" if first and len(first) < 140 else said


def _target(engine: Any, found: Any, looks: Any, main: str) -> dict[str, Any] | None:
    """What the next better value of the main output, or the one that was asked for, would take."""
    if not main or not looks[main].labels or found.profile["not_graded"]:
        return None
    keys = list(looks[main].labels)
    here = found.assignments.get(main)
    wanted = request.args.get("to") or ""
    if wanted not in keys:
        place = keys.index(here) if here in keys else len(keys)
        if place == 0:
            return {"look": looks[main].of(keys[0]), "best": True, "reach": None, "nearest": []}
        wanted = keys[place - 1]
    try:
        told = engine.explain(found.customer, main.partition(".")[0], language=g.language, to=f"{main.partition('.')[2]}={wanted}")
    except TierwiseError:
        return None
    return {"look": looks[main].of(wanted), "best": False, "reach": told[0].reach, "nearest": told[0].nearest[:3]}


def _events(found: Any) -> list[dict[str, Any]]:
    """Orders and moves in one line of time, the newest first."""
    events = [{"at": order.at, "order": order, "move": None} for order in found.orders]
    events += [{"at": move.as_of, "order": None, "move": move} for move in found.moves[:20]]
    return sorted(events, key=lambda event: -event["at"])[:12]


def _marks(engine: Any, found: Any) -> dict[str, Any]:
    """Tags and groups: those it bears, and those it could be given."""
    borne = {(kind, name) for kind, name, _ in found.tags}
    every = engine.tags.list() if hasattr(engine, "tags") else []
    return {"could": [each for each in every if (each.kind, each.name) not in borne], "may": may("customers", "write")}


def _tree(node: Any, depth: int = 0) -> list[tuple[int, bool | None, str, str]]:
    """A verdict, line by line: (depth, whether it holds, what was asked, what was found)."""
    match node.get("kind"):
        case "conditions":
            lines = []
            for rule in node["rules"]:
                lines.append((depth, rule["verdict"], rule["name"], ""))
                lines += _tree(rule["condition"], depth + 1)
            return lines
        case "table":
            return _rows(node, depth)
        case "scorecard":
            return _items(node, depth)
    if "items" in node:
        heads = {"all": t("all of", "全部满足"), "any": t("any of", "任一满足"), "not": t("not", "不满足")}
        lines = [(depth, node["verdict"], heads.get(node["op"], node["op"]), "")]
        for item in node["items"]:
            lines += _tree(item, depth + 1)
        return lines
    title = node.get("title", node.get("feature", node.get("input", "")))
    return [(depth, node.get("verdict"), f"{title} {node.get('test_text', '')}", str(node.get("found_text", "")))]


def _rows(node: Any, depth: int) -> list[tuple[int, bool | None, str, str]]:
    lines: list[tuple[int, bool | None, str, str]] = []
    for row in node["rows"]:
        then = ", ".join(str(value) for value in row["then"])
        lines.append((depth, row["matches"], t("Row {n} → {then}", "第 {n} 行 → {then}", n=row["row"], then=then), ""))
        for each in row["cells"]:
            if each["test"] != "-":
                lines.append(
                    (
                        depth + 1,
                        each["verdict"],
                        f"{each.get('title', each['input'])} {each.get('test_text', each['test'])}",
                        str(each.get("found_text", each["found"])),
                    )
                )
    if node.get("rows_left_out"):
        lines.append((depth, None, t("{n} more rows", "另有 {n} 行", n=node["rows_left_out"]), ""))
    if node.get("default"):
        lines.append((depth, True, t("no row matched: the default", "没有匹配的行，取默认值"), ""))
    return lines


def _items(node: Any, depth: int) -> list[tuple[int, bool | None, str, str]]:
    lines: list[tuple[int, bool | None, str, str]] = []
    for item in node["items"]:
        points = t("left out", "剔除") if item["points"] is None else t("{n} points", "{n} 分", n=f"{item['points']:g}")
        weight = t("weight {n}", "权重 {n}", n=f"{item['weight']:g}")
        lines.append(
            (
                depth,
                item["points"] is not None,
                f"{item.get('title', item['input'])}: {points}, {weight}",
                str(item.get("found_text", item["found"])),
            )
        )
    for grade in node["grades"]:
        begins = t("below", "以下") if grade["from"] is None else f"≥ {grade['from']:g}"
        lines.append((depth, grade["reached"], f"{grade['grade']} {begins}", ""))
    return lines


def _help() -> str:
    return t(
        "Everything known and decided about one customer. Each outcome has its reason in words; open “every rule” for each verdict. Press a "
        "feature to see the orders that it counted, and those it left out.\n\nOn the right: what the next better value would take, all else "
        "equal, by the rules that are live.",
        "展示该客户的全部事实与分级结果。每项结果附有文字说明，展开“全部规则”可查看逐条判定。点击特征可查看计入与未计入的订单。\n\n"
        "右侧说明在其他条件不变时，按现行规则达到更高等级所需的变化。",
    )
