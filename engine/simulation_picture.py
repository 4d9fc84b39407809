"""A simulation as a page shows it: every figure with titles, colours and order of its labels, as plain data.

What is here can be kept as JSON, so that a page can be drawn from a job that another process did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.columns import Codes
from engine.gate import Obstacle
from engine.points_effect import plain as plain_points
from engine.policy import Label, Output, Text
from engine.rights import plain as plain_rights
from engine.rulebook import PolicyEntry, Rulebook
from engine.run import Outcome, PolicyOutcome
from engine.simulate import NO_VALUE, Migration
from engine.simulation import Simulation
from engine.summaries import labels_of, rank_in, step_of, title_of
from engine.wording import reason_text

Plain = dict[str, Any]


def picture(found: Simulation, live: Rulebook, draft: Rulebook, whys: Sequence[Text], obstacles: Iterable[Obstacle]) -> Plain:
    """Everything a page says of a simulation. live, draft: both rulebooks. whys: of the movers, in their order."""
    compared = found.comparison
    titles = _titles(draft) | {address: title for address, title in _titles(live).items() if address in compared.removed}
    moved = {address: one.moved for address, one in compared.migrations.items()} | dict(compared.scores)
    return {
        "as_of": found.as_of,
        "base_run": found.base_run,
        "customers": compared.rows,
        "amount": compared.amount,
        "moved": compared.moved,
        "moved_amount": compared.moved_amount,
        "seconds": round(sum(found.seconds.values()), 4),
        "outputs": [_output(one, titles) for one in compared.migrations.values() if _shown(one, draft)],
        "chain": _chain(found, draft, moved, titles),
        "new": [_named(address, titles) for address in compared.new],
        "removed": [_named(address, titles) for address in compared.removed],
        "faults": [{"policy": key, "title": _policy(draft, key), "text": text} for key, text in compared.faults.items()],
        "service": None if (service := found.service) is None else service.as_dict(),
        "hits": _hits(found, draft),
        "withheld": _withheld(found, draft),
        "movers": [
            {
                "customer": mover.external_id,
                "amount": mover.amount,
                "moves": [list(move) for move in mover.moves],
                "why": _text(why),
            }
            for mover, why in zip(compared.movers, whys, strict=True)
        ],
        "rights": [
            {"policy": key, "title": _policy(draft if key in found.draft.policies else live, key), "moved": moved}
            for key, moved in plain_rights(found.rights).items()
        ],
        "points": [
            {"policy": key, "title": _policy(draft if key in found.draft.policies else live, key), **moved}
            for key, moved in plain_points(found.points).items()
        ],
        "examples": [one.as_dict() for one in compared.examples],
        "obstacles": [one.as_dict() for one in obstacles],
        "limits": [_limit(limit.document, found, titles) for limit in draft.limits],
    }


def _shown(one: Migration, draft: Rulebook) -> bool:
    """Whether people look at an output: codes of many labels are for other policies."""
    key, _, name = one.address.partition(".")
    return any(output.has_history for output in draft.entry(key).policy.outputs() if output.name == name)


def _text(text: Text) -> Plain:
    return {"en": text.en, "zh": text.zh}


def _titles(rulebook: Rulebook) -> dict[str, Text]:
    """What outputs are called: by their policy, with their own title where it has several."""
    found = {}
    for entry in rulebook.entries:
        for output in entry.policy.outputs():
            found[f"{entry.key}.{output.name}"] = title_of(entry, output) if output.has_history else _sub_title(entry, output)
    return found


def _sub_title(entry: PolicyEntry, output: Output) -> Text:
    own = output.title or Text(output.name, output.name)
    return Text(f"{entry.title.en}: {own.en}", f"{entry.title.zh}：{own.zh}")


def _named(address: str, titles: Mapping[str, Text]) -> Plain:
    return {"address": address, "title": _text(titles.get(address, Text(address, address)))}


def _policy(rulebook: Rulebook, key: str) -> Plain:
    title = next((entry.title for entry in rulebook.entries if entry.key == key), Text(key, key))
    return _text(title)


# --- one output -------------------------------------------------------------------------------------------------


def _output(one: Migration, titles: Mapping[str, Text]) -> Plain:
    before, after = _bands(one.before, one.live_labels, one.kind), _bands(one.after, one.labels, one.kind)
    up = down = up_amount = down_amount = 0
    for i, was in enumerate(before):
        for j, now in enumerate(after):
            if was["rank"] is None or now["rank"] is None or was["key"] == now["key"]:
                continue
            customers, amount = int(one.customers[i, j]), int(one.amounts[i, j])
            if now["rank"] < was["rank"]:
                up, up_amount = up + customers, up_amount + amount
            elif now["rank"] > was["rank"]:
                down, down_amount = down + customers, down_amount + amount
    return {
        **_named(one.address, titles),
        "kind": one.kind,
        "before": before,
        "after": after,
        "customers": one.customers.tolist(),
        "amounts": one.amounts.tolist(),
        "moved": one.moved,
        "moved_amount": one.moved_amount,
        "up": up,
        "down": down,
        "up_amount": up_amount,
        "down_amount": down_amount,
        "gained": one.gained,
        "lost": one.withheld,
    }


def _bands(keys: Sequence[str], declared: Sequence[Label], kind: str) -> list[Plain]:
    """The labels of one side in their order, with title, colour step and rank; the last is "no value"."""
    labels = labels_of(Output("flag", kind="flag")) if kind == "flag" else tuple(declared)
    by_key = {label.key: at for at, label in enumerate(labels)}
    found = []
    for key in keys:
        if key == NO_VALUE:
            found.append({"key": NO_VALUE, "title": {"en": "none", "zh": "无"}, "step": 0, "rank": None})
            continue
        at = by_key.get(key)
        label = labels[at] if at is not None else Label(key, Text(key, key))
        rank = None if at is None or kind == "flag" else rank_in(at, labels)
        found.append({"key": key, "title": _text(label.title), "step": step_of(label, at or 0, max(1, len(labels))), "rank": rank})
    return found


# --- what follows from what -------------------------------------------------------------------------------------


def _chain(found: Simulation, draft: Rulebook, moved: Mapping[str, int], titles: Mapping[str, Text]) -> list[Plain]:
    """Every policy in the order of evaluation with its outputs that people look at, and how many customers each moves.

    changed: whether the policy itself differs; where it does not, it follows from `because`.
    """
    anew = set(found.recomputed)
    rows = []
    for step in draft.plan.steps:
        key = step.entry.key
        outputs = [output for output in step.outputs if output.has_history] or list(step.outputs[:1])
        reads = list(dict.fromkeys(name.removeprefix("previous.").partition(".")[0] for name in step.reads if "." in name))
        because = [other for other in reads if other in anew and other != key and other in draft.plan.dependents]
        for output in outputs:
            address = f"{key}.{output.name}"
            rows.append(
                {**_named(address, titles), "policy": key, "moved": moved.get(address, 0), "recomputed": key in anew, "because": because}
            )
    return rows


def _hits(found: Simulation, draft: Rulebook) -> list[Plain]:
    """Hits per rule of the policies whose hits differ, with what each rule gives."""
    shown = []
    for key, hits in found.comparison.hits.items():
        if all(before == after for _, before, after in hits):
            continue
        gives, gave = _gives(found.draft.policies[key]), _gives(found.live.policies[key])
        rules = [
            {"rule": rule + 1, "gives": gives.get(rule) or gave.get(rule), "live": before, "draft": after} for rule, before, after in hits
        ]
        shown.append({"policy": key, "title": _policy(draft, key), "rules": rules})
    return shown


def _gives(policy: PolicyOutcome) -> dict[int, Plain]:
    """What each rule that hit somebody gives: the title of the first label of its first customer."""
    output = next((each for each in policy.step.outputs if each.kind == "label"), None)
    if output is None or policy.rule is None or not policy.sound:
        return {}
    beside = policy.beside.get(output.name)
    column = beside.computed if beside is not None else policy.columns[output.name]
    if not isinstance(column, Codes):
        return {}
    titles = {label.key: label.title for label in output.labels}
    rules, first = np.unique(policy.rule, return_index=True)
    found = {}
    for rule, row in zip(rules.tolist(), first.tolist(), strict=True):
        code = int(column.codes[row])
        if rule >= 0 and code >= 0:
            key = column.values[code]
            found[rule] = _text(titles.get(key, Text(key, key)))
    return found


def _withheld(found: Simulation, draft: Rulebook) -> list[Plain]:
    """Who has no value and why, where the number differs; in both languages."""
    words: dict[tuple[str, str], Text] = {}
    for outcome in (found.live, found.draft):
        words |= _reasons(outcome, draft)
    rows = []
    for key, reasons in found.comparison.withheld.items():
        for text, (before, after) in reasons.items():
            if before != after:
                said = words.get((key, text), Text(text, text))
                rows.append({"policy": key, "title": _policy(draft, key), "why": _text(said), "live": before, "draft": after})
    return rows


def _reasons(outcome: Outcome, rulebook: Rulebook) -> dict[tuple[str, str], Text]:
    known = {entry.key for entry in rulebook.entries}
    return {
        (reason.policy, str(reason)): reason_text(reason, outcome.reasons, rulebook) for reason in outcome.reasons if reason.policy in known
    }


def _limit(document: Plain, found: Simulation, titles: Mapping[str, Text]) -> Plain:
    """A limit with what the draft makes of it: the share moved, or the size of its label."""
    address = document["output"]
    reached: Plain = {}
    migration, sizes = found.comparison.migrations.get(address), found.comparison.sizes.get(address)
    if "moved" in document and migration is not None:
        valued = found.comparison.rows - int(migration.customers[-1, -1])
        reached = {"share": migration.moved / valued if valued else 0.0, "customers": migration.moved}
    elif sizes is not None and "label" in document:
        count = sizes.customers.get(document["label"], 0)
        reached = {"share": count / sizes.valued if sizes.valued else 0.0, "customers": count}
    return {**document, **_named(address, titles), "reached": reached}
