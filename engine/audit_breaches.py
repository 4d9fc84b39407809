"""What was done to an audit trail: which entries were altered, deleted, inserted, moved, or cut off, and where.

Every entry is hashed with its number. So an entry that fits the number it bears is whole; one that fits another number was
moved there; one that fits none was altered or put in. The numbers that nobody fits were taken out. From these four the
place follows, whether or not the numbers after it were closed up.
"""

from __future__ import annotations

import hmac
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from engine.audit_chain import GENESIS, Entry, Head, entry_hash, key_name, seal_of, sealed_head

SEARCHES = 100
"""For how many misfit entries every number is tried; the rest of a trail that is worse than that is told as altered."""

Kind = Literal["altered", "deleted", "inserted", "reordered", "truncated", "rewritten", "unsealed", "head"]

WORDS: dict[Kind, tuple[str, str]] = {
    "altered": ("was altered", "被改动"),
    "deleted": ("was deleted", "被删除"),
    "inserted": ("was inserted: nobody recorded it here", "为插入：此处并未记录过"),
    "reordered": ("was moved here from another place", "由别处移至此处"),
    "truncated": ("was cut off the end", "自末尾被截去"),
    "rewritten": ("is not the one that was recorded last: the trail was written anew, from here or from further back",
                  "并非最后所记录的一条：自此处或更早处起，记录被重写"),
    "unsealed": ("is not sealed, though one before it is", "未加密封，而其之前的已加"),
    "head": ("is not where the kept head says the trail ends, or the head was forged or removed", "与所存末端不符，或末端被伪造、移除"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Breach:
    """Entries `seq` to `until` are not what was recorded; `en` and `zh` say what happened to them."""

    kind: Kind
    seq: int
    until: int

    @property
    def en(self) -> str:
        """In English."""
        which = f"entry {self.seq}" if self.seq == self.until else f"entries {self.seq} to {self.until}"
        return f"{which}: {WORDS[self.kind][0]}"

    @property
    def zh(self) -> str:
        """In Chinese."""
        which = f"第 {self.seq} 条" if self.seq == self.until else f"第 {self.seq} 至 {self.until} 条"
        return f"{which}：{WORDS[self.kind][1]}"

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"text": {"en": self.en, "zh": self.zh}}


class Verifier:
    """Reads a trail once, in the order of its numbers: `take` every entry, then `finish`.

    head: the one that the store keeps; None when it is gone. keys: those of the installation. outside: a head that was kept
    elsewhere. Memory grows by two numbers per entry.
    """

    def __init__(self, head: Head | None, keys: Sequence[str] = (), outside: Head | None = None) -> None:
        self._head = head
        self._keys: dict[str | None, str | None] = {None: None, **{key_name(key): key for key in keys}}
        self._outside = outside
        self._outside_hash: str | None = None
        self._seqs: list[int] = []
        self._origins: list[int | None] = []
        self._searches = SEARCHES
        self._broken: list[int] = []
        self._unsealed: list[int] = []
        self._last: Entry | None = None
        self._sealed = False
        self.unknown_keys: set[str] = set()

    def take(self, entry: Entry) -> None:
        """Read the next entry."""
        seal = seal_of(entry.hash)
        if seal is not None and seal not in self._keys:
            self.unknown_keys.add(seal)
        if self._sealed and seal is None:
            self._unsealed.append(entry.seq)
        self._sealed = self._sealed or seal is not None
        former = self._origins[-1] if self._origins else 0
        shifted = entry.seq if former is None or not self._seqs else entry.seq + former - self._seqs[-1]
        origin = self._fitting(entry, (entry.seq,)) or self._fitting(entry, (shifted, entry.seq - 1, entry.seq + 1))
        if origin is None and self._searches:
            self._searches -= 1
            origin = self._fitting(entry, range(1, max(entry.seq, self._head.count if self._head else 0) + 2))
        if former is not None and origin == former + 1 and entry.previous != (self._last.hash if self._last else GENESIS):
            self._broken.append(entry.seq)
        if self._outside is not None and entry.seq == self._outside.count:
            self._outside_hash = entry.hash
        self._seqs.append(entry.seq)
        self._origins.append(origin)
        self._last = entry

    def finish(self) -> list[Breach]:
        """Every breach, by place."""
        last_seq, head = self._seqs[-1] if self._seqs else 0, self._head
        found = list(_misplaced(self._seqs, self._origins, head.count if head else None))
        told = {n for breach in found for n in range(breach.seq, breach.until + 1)}
        found += [Breach("altered", seq, seq) for seq in self._hashed_anew() if seq not in told]
        found += [Breach("unsealed", first, until) for first, until in _spans(self._unsealed)]
        found += self._ends(last_seq, whole=not found)
        return sorted(found, key=lambda breach: (breach.seq, breach.kind))

    def _fitting(self, entry: Entry, numbers: Iterable[int]) -> int | None:
        """The number that an entry was hashed with."""
        key = self._keys.get(seal_of(entry.hash), "")
        return next((n for n in numbers if hmac.compare_digest(entry_hash(entry, n, key).encode(), entry.hash.encode())), None)

    def _hashed_anew(self) -> Iterator[int]:
        """Whole entries whose neighbours are chained to another one: with both links broken the entry itself, else the one before."""
        broken, head = list(self._broken), self._head
        if head and self._last and head.count == self._last.seq and head.hash != self._last.hash:
            broken.append(self._last.seq + 1)
        done = 0
        for seq in broken:
            if seq <= done:
                continue
            both = seq + 1 in broken
            done = seq + 1 if both else seq
            if both or seq == 1 or seq in self._broken:
                yield seq if both or seq == 1 else seq - 1

    def _ends(self, last_seq: int, *, whole: bool) -> Iterator[Breach]:
        head = self._head
        if head is None:
            yield Breach("head", last_seq, last_seq)
            return
        key = self._keys.get(seal_of(head.seal), "")
        forged = not hmac.compare_digest(sealed_head(head.count, head.hash, key).seal.encode(), head.seal.encode())
        if forged or (len(self._keys) > 1 and seal_of(head.seal) is None):
            yield Breach("head", last_seq, last_seq)
        elif whole and head.hash != (self._last.hash if self._last else GENESIS):
            yield Breach("rewritten", last_seq, last_seq)
        if self._outside is not None and self._outside.count > max(last_seq, head.count):
            yield Breach("truncated", last_seq + 1, self._outside.count)
        elif self._outside is not None and self._outside.count and self._outside.hash != self._outside_hash and whole:
            yield Breach("rewritten", self._outside.count, self._outside.count)


def _misplaced(seqs: list[int], origins: list[int | None], count: int | None) -> Iterator[Breach]:
    """What the numbers tell. count: how many entries the kept head names."""
    kept = _rising(origins)
    standing = {origins[at] for at in kept}
    moved = {at: origin for at, origin in enumerate(origins) if origin is not None and at not in kept}
    for at, origin in moved.items():
        yield Breach("inserted" if origin in standing else "reordered", seqs[at], seqs[at])
    somewhere = standing | set(moved.values())
    over = [seqs[at] for at in kept if count is not None and (origins[at] or 0) > count]
    yield from (Breach("inserted", first, until) for first, until in _spans(over))
    last_seq = seqs[-1] if seqs else 0
    before, start = 0, 0
    for at in [*kept, len(seqs)]:
        misfits = [seqs[n] for n in range(start, at) if origins[n] is None]
        top = before + len(misfits) if count is None else count
        stop = (origins[at] or 0) if at < len(seqs) else top + 1
        gone = [n for n in range(before + 1, stop) if n not in somewhere]
        yield from _between(misfits, gone, stop if at < len(seqs) else last_seq)
        before, start = stop, at + 1


def _between(misfits: list[int], gone: list[int], last_seq: int) -> Iterator[Breach]:
    """Between two whole entries: misfits stand for the numbers that are gone; what is over was put in, what lacks taken out."""
    extra = len(misfits) - len(gone)
    altered, inserted = (misfits[:-extra], misfits[-extra:]) if extra > 0 else (misfits, [])
    yield from (Breach("altered", seq, seq) for seq in altered)
    yield from (Breach("inserted", first, until) for first, until in _spans(inserted))
    bare = [n for n in gone if n not in set(misfits)]
    missing = bare[len(bare) + extra :] if extra < 0 else []
    yield from (Breach("deleted", first, until) for first, until in _spans([n for n in missing if n <= last_seq]))
    yield from (Breach("truncated", first, until) for first, until in _spans([n for n in missing if n > last_seq]))


def _rising(origins: Sequence[int | None]) -> list[int]:
    """The places of a longest strictly rising run of numbers: the entries that are still in their order."""
    tails: list[int] = []
    ends: list[int] = []
    link: dict[int, int] = {}
    for at, origin in enumerate(origins):
        if origin is None:
            continue
        slot = bisect_left(tails, origin)
        if slot:
            link[at] = ends[slot - 1]
        tails[slot : slot + 1] = [origin]
        ends[slot : slot + 1] = [at]
    kept = [ends[-1]] if ends else []
    while kept and kept[-1] in link:
        kept.append(link[kept[-1]])
    return kept[::-1]


def _spans(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Neighbouring numbers as first and last."""
    spans: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if spans and number == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return spans
