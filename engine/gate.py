"""What stands between a checked rulebook and its publication: conflicts, failures, broken examples, limits, responsibility.

found = obstacles(rulebook, engine.simulate(document).comparison, today=today)
if blocking(found):
    raise refusal(found)
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from engine.errors import Fault, RulebookError
from engine.examples import example_words
from engine.limits import Limit
from engine.policy import Text
from engine.responsibility import governed, lapses
from engine.rule_findings import conflict_faults
from engine.rulebook import Rulebook
from engine.simulate import Comparison, Sizes


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that blocks publishing (error) or that the publisher should know (warning).

    id: stable, listed in docs/reference/rulebook.md. place: in the document, or "policy <key>". customers: how many it
    touches; None where it is about no customers, or where that is not known.
    """

    id: str
    place: str
    severity: Literal["error", "warning"]
    text: Text
    customers: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        text = {"en": self.text.en, "zh": self.text.zh}
        return {"id": self.id, "place": self.place, "severity": self.severity, "text": text, "customers": self.customers}


def obstacles(rulebook: Rulebook, comparison: Comparison | None, *, today: dt.date, four_eyes: bool = True) -> list[Obstacle]:
    """Collect everything that stands against publishing a checked rulebook, the blocking ones first.

    comparison: of its simulation over every stored customer; None when there was none, which blocks a rulebook with
    examples or limits. today: in the business zone. four_eyes: whether a second person must approve; where not, a
    rulebook that declares nothing about its governance may go without responsible persons.
    """
    found = [
        Obstacle(fault.code, fault.place, "error", Text(f"{fault.found}; {fault.expected}", _conflict_zh(fault)), None)
        for fault in conflict_faults(rulebook)
    ]
    found += _responsibility(rulebook, today, strict=four_eyes or governed(rulebook))
    if comparison is None:
        if rulebook.examples or rulebook.limits:
            words = Text("examples and limits were not tried on the stored customers", "示例与限额尚未在已有客户上验证")
            found.append(Obstacle("TW380", "rulebook", "error", words))
    else:
        found += _failures(comparison)
        found += _examples(comparison)
        found += limit_obstacles(rulebook.limits, comparison)
    return sorted(found, key=lambda each: each.severity != "error")


def blocking(found: Iterable[Obstacle]) -> list[Obstacle]:
    """Those that forbid publishing."""
    return [each for each in found if each.severity == "error"]


def refusal(found: Sequence[Obstacle]) -> RulebookError:
    """The error that lists everything that blocks."""
    faults = [Fault(each.id, each.place, each.text.en) for each in blocking(found)]
    return RulebookError(f"the rulebook cannot be published: {len(faults)} obstacle{'s' if len(faults) > 1 else ''}", faults)


def _conflict_zh(fault: Fault) -> str:
    one, other = fault.found.removeprefix("rows ").removesuffix(" conflict").split(" and ")
    return f"第 {one} 行与第 {other} 行冲突；请将其分开，或改用 first 命中策略"


def _responsibility(rulebook: Rulebook, today: dt.date, *, strict: bool) -> Iterator[Obstacle]:
    for lapse in lapses(rulebook, today):
        blocks = lapse.kind == "no owner" and strict
        yield Obstacle(lapse.id, f"policy {lapse.policy}", "error" if blocks else "warning", lapse.text)


def _failures(comparison: Comparison) -> Iterator[Obstacle]:
    for key, why in comparison.faults.items():
        words = Text(f"{key} fails on the stored customers: {why}", f"{key} 在已有客户上运行出错：{why}")
        yield Obstacle("TW374", f"policy {key}", "error", words, comparison.rows)


def _examples(comparison: Comparison) -> Iterator[Obstacle]:
    for result in comparison.examples:
        if result.verdict == "undecided":
            words = Text(f"{result.name.en}: no customers yet to learn from", f"{result.name.zh}：尚无客户数据可供学习")
            yield Obstacle("TW376", f"examples[{result.at}]", "warning", words)
        elif result.verdict == "breaks":
            yield Obstacle("TW375", f"examples[{result.at}]", "error", example_words(result.name, result.mismatches))


def limit_obstacles(limits: Sequence[Limit], comparison: Comparison) -> list[Obstacle]:
    """The limits that a publication would break. Nothing where there are no customers: then nothing can be measured."""
    if not comparison.rows:
        return []
    found: list[Obstacle] = []
    for at, limit in enumerate(limits):
        place = f"limits[{at}]"
        if limit.moved is not None:
            found += _moved(limit, place, comparison)
        elif limit.output in comparison.sizes:
            found += _size(limit, place, comparison.sizes[limit.output])
    return found


def _moved(limit: Limit, place: str, comparison: Comparison) -> Iterator[Obstacle]:
    migration = comparison.migrations.get(limit.output)
    if migration is None:
        return
    valued = comparison.rows - int(migration.customers[-1, -1])
    share = migration.moved / valued if valued else 0.0
    assert limit.moved is not None
    if share > limit.moved:
        words = Text(
            f"{limit.output} would change for {migration.moved:,} of {valued:,} customers, {share:.1%}; at most {limit.moved:.1%} may",
            f"{limit.output} 将有 {migration.moved:,} / {valued:,} 位客户变动，占 {share:.1%}；上限为 {limit.moved:.1%}",
        )
        yield Obstacle("TW377", place, "error", words, migration.moved)


def _size(limit: Limit, place: str, sizes: Sizes) -> Iterator[Obstacle]:
    count, valued = sizes.customers.get(limit.label, 0), sizes.valued
    name = f"{limit.output} {limit.label}"
    share = count / valued if valued else 0.0

    def broken(id_: str, found: tuple[str, str], allowed: tuple[str, str]) -> Obstacle:
        words = Text(f"{name} would have {found[0]}; {allowed[0]}", f"{name} 将有 {found[1]}；{allowed[1]}")
        return Obstacle(id_, place, "error", words, count)

    people = (f"{count:,} customer{'' if count == 1 else 's'}", f"{count:,} 位客户")
    part = (f"{share:.1%} of {valued:,} customers", f"{valued:,} 位客户的 {share:.1%}")
    if limit.min_customers is not None and count < limit.min_customers:
        yield broken("TW378", people, (f"at least {limit.min_customers:,} are required", f"至少应有 {limit.min_customers:,} 位"))
    if limit.min_share is not None and share < limit.min_share:
        yield broken("TW378", part, (f"at least {limit.min_share:.1%} are required", f"至少应占 {limit.min_share:.1%}"))
    if limit.max_customers is not None and count > limit.max_customers:
        yield broken("TW379", people, (f"at most {limit.max_customers:,} are allowed", f"最多允许 {limit.max_customers:,} 位"))
    if limit.max_share is not None and share > limit.max_share:
        yield broken("TW379", part, (f"at most {limit.max_share:.1%} are allowed", f"最多允许占 {limit.max_share:.1%}"))
    if limit.capacity is not None and count > limit.capacity:
        yield broken("TW381", people, (f"{limit.capacity:,} can be served", f"服务能力为 {limit.capacity:,} 位"))
