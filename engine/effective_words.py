"""Say how an effective value came about: what was computed, what it waits for, who fixed it and what would be without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from engine.columns import Column
from engine.damping import Damping, Hold
from engine.moments import written
from engine.values import plain

if TYPE_CHECKING:
    from engine.effective import Beside, Effects
    from engine.policy import Output
    from engine.run import PolicyOutcome
    from engine.store.fixed_values import FixedValue
    from engine.wording import Words


@dataclass(frozen=True, slots=True)
class FixedNote:
    """Who fixed a value, who approved it, why, for how long (ISO 8601), and what would be without it."""

    number: int
    author: str
    approver: str
    self_approved: bool
    reason: str
    starts: str
    ends: str
    otherwise: Any
    otherwise_text: str


@dataclass(frozen=True, slots=True)
class EffectiveNote:
    """What lies behind an effective value of a damped output, or of one fixed by hand.

    computed: by the policy. since: from when it has stood without a break. takes_effect: the first moment at which a run
    may let it take effect, where it waits; None where it does not, or waits for a margin alone. sentences: all in words.
    """

    computed: Any
    computed_text: str
    since: str | None
    waits: bool
    takes_effect: str | None
    fixed: FixedNote | None
    sentences: tuple[str, ...]


def effective_note(
    policy: PolicyOutcome, output: Output, effects: Effects | None, fixed: FixedValue | None, words: Words, zone: ZoneInfo
) -> EffectiveNote | None:
    """The note of one output of the single customer in the first row; None for one that is neither damped nor fixed."""
    beside = policy.beside.get(output.name) if policy.sound else None
    if beside is None or effects is None:
        return None
    computed = _value(beside.computed, output)
    text = words.value(computed, output=output)
    standing = _value(_standing(policy, output, beside), output)
    since = written(int(beside.since[0]), zone) if beside.since is not None and beside.since[0] else None
    hold = _hold(policy.step.entry.damping.get(output.name), output, standing, computed)
    due = written(hold.due(int(beside.since[0]), effects.as_of, zone), zone) if hold and beside.since is not None else None
    if hold and hold.every is None and hold.after_days is None:
        due = None
    sentences = [_waits(words, text, since, due, hold)] if hold else []
    note = None
    if fixed is not None:
        note = _fixed(fixed, standing, words.value(standing, output=output), zone)
        sentences.append(_fixed_words(words, note))
    return EffectiveNote(computed, text, since, hold is not None, due, note, tuple(sentences))


def _standing(policy: PolicyOutcome, output: Output, beside: Beside) -> Column:
    if beside.standing is not None:
        return beside.standing
    return policy.columns[output.name] if beside.since is not None else beside.computed


def _value(column: Column, output: Output) -> Any:
    return plain(column, output)[0]


def _hold(damping: Damping | None, output: Output, standing: Any, computed: Any) -> Hold | None:
    """What the computed value waits for; None when it does not wait."""
    if damping is None or standing == computed or standing is None or computed is None:
        return None
    return damping.up if output.keys.index(computed) < output.keys.index(standing) else damping.down


def _waits(words: Words, text: str, since: str | None, due: str | None, hold: Hold) -> str:
    began, on = (since or "")[:10], (due or "")[:10]
    margin = hold.margin
    if margin is None:
        return words.pick(
            f"computed: {text} since {began}; takes effect on {on}, if it stays so.",
            f"计算结果：{text}（自 {began} 起）；若保持不变，将于 {on} 生效。",
        )
    far = f"{margin.share * 100:g} %" if margin.share is not None else words.number(margin.by or 0.0)
    if due is None:
        return words.pick(
            f"computed: {text} since {began}; takes effect once {margin.of} is beyond the bound by {far}.",
            f"计算结果：{text}（自 {began} 起）；{margin.of} 越过界限 {far} 后生效。",
        )
    return words.pick(
        f"computed: {text} since {began}; takes effect on {on} at the earliest, once {margin.of} is beyond the bound by {far}.",
        f"计算结果：{text}（自 {began} 起）；最早于 {on}、且 {margin.of} 越过界限 {far} 后生效。",
    )


def _fixed(fixed: FixedValue, otherwise: Any, text: str, zone: ZoneInfo) -> FixedNote:
    starts, ends = written(fixed.starts_at, zone), written(fixed.ends_at, zone)
    return FixedNote(fixed.id, fixed.author, fixed.approver or "", fixed.self_approved, fixed.reason, starts, ends, otherwise, text)


def _fixed_words(words: Words, note: FixedNote) -> str:
    by = words.pick(
        f"approved by {note.approver}" if not note.self_approved else "approved by the same person",
        f"由 {note.approver} 批准" if not note.self_approved else "由本人批准",
    )
    reason = note.reason.rstrip(" .。")
    without = note.otherwise_text if note.otherwise is not None else words.pick("no value", "无结果")
    return words.pick(
        f"fixed by hand by {note.author}, {by}, until {note.ends[:16].replace('T', ' ')}: {reason}. Without it: {without}.",
        f"{note.author} 人工指定，{by}，有效期至 {note.ends[:16].replace('T', ' ')}：{reason}。否则为：{without}。",
    )
