"""A live preview as the page draws it: sentences, matrices, bars and bands, every text in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import g

from admin import rulebook_words
from admin.access import may
from admin.sidebar import customer_url
from admin.words import t
from engine import Fault

SMALL = 6
"""Labels up to which a matrix is drawn; more are bars alone."""
BARS = 14

PolicyUrl = Callable[[str], str]


def answer(preview: Any, policy: str | None, url: PolicyUrl) -> dict[str, Any]:
    """Everything that the panel shows. policy: the one that is edited. url: where a policy is edited."""
    f = g.formats
    found = preview.simulation.comparison
    titles = {entry.key: t(entry.title) for entry in preview.rulebook.entries}
    outputs = {
        f"{step.entry.key}.{output.name}": output.title or output.name for step in preview.rulebook.plan.steps for output in step.outputs
    }
    main = _main(found.migrations, policy, preview)
    head, sub = rulebook_words.moved(preview, _name(main, outputs, titles), found.migrations.get(main))
    kept = [titles[step.entry.key] for step in preview.rulebook.plan.steps if step.entry.key not in preview.touched]
    migration = found.migrations.get(main)
    live = {entry.key for entry in preview.live.entries}
    return {
        "ok": True,
        "title": head,
        "sub": sub,
        "up": migration.up if migration else 0,
        "down": migration.down if migration else 0,
        "upText": f.number(migration.up) if migration else "0",
        "downText": f.number(migration.down) if migration else "0",
        "took": f.duration(preview.seconds),
        "ms": round(preview.seconds * 1000),
        "customers": found.rows,
        "moved": found.moved,
        "outputs": [
            *(
                _fresh(address, found.sizes[address], _name(address, outputs, titles), preview, policy)
                for address in _unknown(found, policy)
            ),
            *(
                _output(found.migrations[address], _name(address, outputs, titles), policy)
                for address in _shown(found.migrations, policy, main)
            ),
        ],
        "movers": [each for each in (_mover(each, found.migrations, outputs) for each in found.movers) if each["moves"]],
        "bands": [bands(each) for each in preview.bands],
        "findings": [_finding(each, titles, url, each in preview.new) for each in _ordered(preview)],
        "rules": [_rule(each) for each in preview.findings if each.policy == policy],
        "hits": _hits(preview, policy),
        "warnings": sum(each.finding.severity != "note" for each in preview.findings),
        "broken": [_broken(each) for each in found.broken],
        "failing": [{"title": titles.get(key, key), "text": text, "url": url(key)} for key, text in found.faults.items()],
        "policies": {key: _pill(key, found, live) for key in preview.touched},
        "reach": rulebook_words.reach([titles[key] for key in preview.touched], kept),
    }


def refusal(faults: Sequence[Fault], document: Mapping[str, Any]) -> dict[str, Any]:
    """Every fault of a document that cannot be evaluated, with the policy and the place inside it."""
    return {"ok": False, "faults": [fault(each, document) for each in faults]}


def fault(each: Fault, document: Mapping[str, Any]) -> dict[str, Any]:
    """A fault with the policy it is in, and the place inside of that policy."""
    policy, inner = _place(each.place, document)
    return {"code": each.code, "place": each.place, "policy": policy, "inner": inner, "text": rulebook_words.fault(each)}


def _place(place: str, document: Mapping[str, Any]) -> tuple[str, str]:
    """policies[1].params.bins as ("rfm", "params.bins"); "policy rfm.params.x" likewise."""
    head, _, inner = place.partition(".")
    if head.startswith("policy "):
        return head.removeprefix("policy ").split(",")[0], inner
    if not head.startswith("policies["):
        return "", place
    within = head.removeprefix("policies[").removesuffix("]")
    entries = document.get("policies") if isinstance(document, Mapping) else None
    if isinstance(entries, list) and within.isascii() and within.isdigit() and int(within) < len(entries):
        entry = entries[int(within)]
        return str(entry.get("key", entry.get("type", ""))) if isinstance(entry, Mapping) else "", inner
    return within, inner


def _main(migrations: Mapping[str, Any], policy: str | None, preview: Any) -> str:
    """The output that the headline is about: the grade that moves; else what the edited policy gives."""
    moving = [address for address, each in migrations.items() if each.moved and _kept(address, preview)]
    for name in ("grade", "class", "tier", "level"):
        for address in moving:
            if address.partition(".")[2] == name:
                return address
    own = [address for address in moving if address.partition(".")[0] == policy]
    rest = own or moving or [address for address in migrations if address.partition(".")[0] == policy and _kept(address, preview)]
    return rest[0] if rest else ""


def _kept(address: str, preview: Any) -> bool:
    """Whether the output has a history: fine codes do not."""
    key, _, name = address.partition(".")
    return any(
        output.name == name and output.has_history
        for step in preview.rulebook.plan.steps
        if step.entry.key == key
        for output in step.outputs
    )


def _shown(migrations: Mapping[str, Any], policy: str | None, main: str) -> list[str]:
    """The main output first, then those of the edited policy, then what else moves; long ones of codes never."""
    small = {address: each for address, each in migrations.items() if len(each.after) - 1 <= 40}
    own = [address for address in small if address.partition(".")[0] == policy]
    rest = [address for address, each in small.items() if each.moved]
    return [address for address in dict.fromkeys([main, *own, *rest]) if address in small][:5]


def _name(address: str, outputs: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """An output in words: its own title, with its policy's where that says more."""
    if address not in outputs:
        return address
    name = t(outputs[address])
    return name[:1].lower() + name[1:] if name.isascii() and name[1:2].islower() else name


def _labels(keys: Sequence[str], labels: Sequence[Any]) -> list[dict[str, Any]]:
    known = {label.key: label for label in labels}
    flags = {"true": t("yes", "是"), "false": t("no", "否")}
    found = []
    for at, key in enumerate(key for key in keys if key):
        label = known.get(key)
        step = label.step if label is not None and label.step else 1 + round(7 * at / max(1, len(keys) - 2)) if label is not None else 0
        found.append({"key": key, "title": t(label.title) if label is not None else flags.get(key, key), "step": step})
    return found


def _output(each: Any, title: str, policy: str | None) -> dict[str, Any]:
    f = g.formats
    before, after = each.counts_before, each.counts_after
    rows, columns = _labels(each.before, each.live_labels or each.labels), _labels(each.after, each.labels)
    shown: dict[str, Any] = {
        "address": each.address,
        "title": title[:1].upper() + title[1:],
        "own": each.address.partition(".")[0] == policy,
        "moved": each.moved,
        "bars": [
            {
                **label,
                "before": before.get(label["key"], 0),
                "after": after.get(label["key"], 0),
                "text": f.number(after.get(label["key"], 0)),
                "change": f.change(after.get(label["key"], 0) - before.get(label["key"], 0)),
            }
            for label in [*columns, *(row for row in rows if row["key"] not in after)]
        ][:BARS],
        "without": {"text": f.number(after.get("", 0)), "change": f.change(after.get("", 0) - before.get("", 0))},
        "matrix": None,
    }
    if max(len(rows), len(columns)) <= SMALL and each.moved:
        place = {label["key"]: at for at, label in enumerate(columns)}
        cells = [
            [
                {
                    "text": f.number(int(n)) if n else "",
                    "way": "" if not n else "stay" if was == now else _way(was, now, place) if each.kind == "label" else "mo",
                }
                for now, n in zip(each.after, line, strict=True)
                if now
            ]
            for was, line in zip(each.before, each.customers.tolist(), strict=True)
            if was
        ]
        shown["matrix"] = {"rows": rows, "columns": columns, "cells": cells}
    return shown


def _unknown(found: Any, policy: str | None) -> list[str]:
    """Outputs of the edited policy that the live rulebook does not have."""
    return [
        address
        for address in found.sizes
        if address.partition(".")[0] == policy and address not in found.migrations and len(found.sizes[address].customers) <= 40
    ]


def _fresh(address: str, sizes: Any, title: str, preview: Any, policy: str | None) -> dict[str, Any]:
    """An output that is new: how many get what, with nothing to compare."""
    f = g.formats
    key, _, name = address.partition(".")
    output = next(each for step in preview.rulebook.plan.steps if step.entry.key == key for each in step.outputs if each.name == name)
    labels = _labels([*sizes.customers, ""], output.labels)
    bars = [
        {**label, "before": 0, "after": sizes.customers[label["key"]], "text": f.number(sizes.customers[label["key"]]), "change": ""}
        for label in labels
    ]
    rest = preview.simulation.comparison.rows - sizes.valued
    return {
        "address": address,
        "title": title[:1].upper() + title[1:],
        "own": True,
        "new": True,
        "moved": 0,
        "bars": bars[:BARS],
        "without": {"text": f.number(rest), "change": ""},
        "matrix": None,
    }


def _way(was: str, now: str, place: Mapping[str, int]) -> str:
    if was not in place:
        return "mo"
    return "mu" if place[now] < place[was] else "md"


def _mover(each: Any, migrations: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    f = g.formats
    moves = []
    for address, was, now in each.moves:
        migration = migrations[address]
        if len(migration.after) > 40:
            continue
        known = {label["key"]: label for label in _labels(migration.after, migration.labels)}
        known = {label["key"]: label for label in _labels(migration.before, migration.live_labels or migration.labels)} | known
        nothing = {"key": "", "title": t("none", "无"), "step": 0}
        order = [key for key in migration.after if key]
        way = order.index(was) - order.index(now) if was in order and now in order and migration.kind == "label" else 0
        moves.append(
            {
                "was": known.get(was, nothing),
                "now": known.get(now, nothing),
                "way": (way > 0) - (way < 0),
                "title": t(outputs.get(address, address)),
            }
        )
    url = customer_url(each.external_id) if may("customers") else None
    return {"customer": each.external_id, "url": url, "amount": f.money(each.amount, cents=False), "moves": moves[:2]}


def _pill(key: str, found: Any, live: set[str]) -> str:
    """What stands at a policy that the draft reaches: how many move, or that it is new."""
    return str(g.formats.number(_count(key, found))) if key in live else t("new", "新增")


def _count(key: str, found: Any) -> int:
    """How many customers move in the outputs of a policy that people look at: the largest of them."""
    own = [each.moved for address, each in found.migrations.items() if address.partition(".")[0] == key and len(each.after) <= 41]
    return max(own, default=0) or max((n for address, n in found.scores.items() if address.partition(".")[0] == key), default=0)


def _ordered(preview: Any) -> list[Any]:
    """What is new first, then by severity; notes about what is live too are left out."""
    rank = {"error": 0, "warning": 1, "note": 2}
    found = [each for each in preview.findings if each in preview.new or each.finding.severity != "note"]
    return sorted(found, key=lambda each: (each not in preview.new, rank.get(each.finding.severity, 3)))[:12]


def _rule(each: Any) -> dict[str, Any]:
    """A finding as the editor of its rules draws it, at its row."""
    return {**each.as_dict(), "id": each.finding.id}


def _hits(preview: Any, policy: str | None) -> dict[str, Any]:
    """Customers by rule of the edited policy, under the parameter that holds the rules; after the last stands the default."""
    step = next((each for each in preview.rulebook.plan.steps if each.entry.key == policy), None)
    found = preview.simulation.comparison
    if step is None or policy not in found.hits:
        return {}
    counted = [rules for rules in step.entry.policy.rule_sets() if rules.counted]
    if len(counted) != 1:
        return {}
    size = len(counted[0].names)
    draft, live = [0] * (size + 1), [0] * (size + 1)
    for rule, was, now in found.hits[policy]:
        if rule < size:
            draft[rule], live[rule] = now, was
    valued = max((sizes.valued for address, sizes in found.sizes.items() if address.partition(".")[0] == policy), default=0)
    draft[size] = max(0, valued - sum(draft))
    return {counted[0].place: {"draft": draft, "live": live if policy not in preview.touched or size else None}}


def _finding(each: Any, titles: Mapping[str, str], url: PolicyUrl, new: bool) -> dict[str, Any]:
    f = g.formats
    count = t("{n} customers", "{n} 位客户", n=f.number(each.customers)) if each.customers else ""
    return {
        "id": each.finding.id,
        "severity": each.finding.severity,
        "text": t(each.finding.text),
        "policy": titles.get(each.policy, each.policy),
        "customers": count,
        "url": url(each.policy) if each.policy in titles else None,
        "place": each.place,
        "rows": list(each.finding.rows),
        "new": new,
    }


def _broken(each: Any) -> dict[str, Any]:
    wrong = [
        t(
            "{output}: {found} instead of {expected}",
            "{output}：为 {found}，应为 {expected}",
            output=one.address,
            found=one.found,
            expected=one.expected,
        )
        for one in each.mismatches
    ]
    return {"name": t(each.name), "text": t("; ", "；").join(wrong)}


def bands(each: Any) -> dict[str, Any]:
    """A parameter of cuts as the editor draws it."""
    f = g.formats
    shape = each.histogram
    count = len(each.bands)
    return {
        "place": each.place,
        "title": rulebook_words.bands(each),
        "sub": rulebook_words.measured(each),
        "measure": t(each.measure.title),
        "unit": t("share", "占比") if each.share else rulebook_words.unit(each.measure.unit),
        "money": each.measure.money and not each.share,
        "sign": f.sign if each.measure.money and not each.share else "",
        "share": each.share,
        "equal": each.equal,
        "cuts": list(each.cuts) if each.cuts is not None else None,
        "valued": each.valued,
        "valuedText": t("{n} customers with a value", "{n} 位客户有此数值", n=f.number(each.valued)),
        "bands": [
            {
                "title": t(band.title),
                "step": band.step or 1 + round(7 * at / max(1, count - 1)),
                "customers": each.customers[at],
                "text": f.number(each.customers[at]),
                "change": None if each.live is None else f.change(each.customers[at] - each.live[at]),
                "amount": f.tile(each.amounts[at]),
                "share": f.share(each.amounts[at], each.amount) if each.amount > 0 else "–",
            }
            for at, band in enumerate(each.bands)
        ],
        "histogram": None
        if shape is None
        else {"edges": list(shape.edges), "counts": list(shape.counts), "log": shape.logarithmic, "least": shape.least, "most": shape.most},
    }
