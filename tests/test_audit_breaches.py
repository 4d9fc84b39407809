"""A trail tampered with in every way: the breach is found, named, and at the right place.

Once on ten thousand entries per way; at many places on a shorter trail, and on ten thousand with TIERWISE_TRIALS=long.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.audit_breaches import Breach, Verifier
from engine.audit_chain import GENESIS, Entry, Head, canonical, entry_hash, following, sealed_head
from tests.trust.company import trials

COUNT = trials(600, 10_000)
KEY, OLD_KEY, STRANGE_KEY = "k" * 32, "o" * 32, "s" * 32


def trail(count: int, key: str | None, first: str | None = None) -> list[Entry]:
    """A trail; its first half sealed with another key."""
    head, entries = Head(0, GENESIS), []
    for n in range(count):
        used = first if n < count // 2 and first else key
        entries.append(following(head, 1_700_000_000 + n, f"user {n % 7}", n % 2 == 0, "run", f"run:{n}", {"digest": n}, used))
        head = Head(n + 1, entries[-1].hash)
    return entries


PLAIN = trail(COUNT, None)
SEALED = trail(COUNT, KEY, OLD_KEY)


def found(entries: list[Entry], whole: list[Entry], *, head: Head | None = None, outside: Head | None = None) -> list[tuple[str, int, int]]:
    """The breaches of a trail, with the head of the whole one kept."""
    key = KEY if whole is SEALED else None
    kept = head or sealed_head(len(whole), whole[-1].hash, key)
    verifier = Verifier(kept, [KEY, OLD_KEY] if whole is SEALED else [], outside)
    for entry in entries:
        verifier.take(entry)
    return [(breach.kind, breach.seq, breach.until) for breach in verifier.finish()]


def renumbered(entries: list[Entry]) -> list[Entry]:
    return [replace(entry, seq=n) for n, entry in enumerate(entries, 1)]


@pytest.fixture(params=["plain", "sealed"])
def whole(request: pytest.FixtureRequest) -> list[Entry]:
    return PLAIN if request.param == "plain" else SEALED


def test_an_untouched_trail_is_whole(whole: list[Entry]) -> None:
    assert found(whole, whole) == []
    assert found([], [], head=sealed_head(0, GENESIS, None)) == []


HALF, SHORT = COUNT // 2, COUNT // 3
PLACES = [1, 2, HALF, HALF + 1, COUNT - 1, COUNT, *random.Random(5).sample(range(3, COUNT - 1), trials(2, 20))]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "change",
    [
        {"actor": "somebody else"}, {"at": 1}, {"authenticated": None}, {"action": "run."}, {"subject": "run:x"}, {"details": "{}"}, {"details": b"\xff"}, {"at": "x"},
        {"previous": "f" * 64}, {"hash": "0" * 64}, {"hash": "é"},
    ],
    ids=str,
)  # fmt: skip
def test_an_altered_entry(whole: list[Entry], place: int, change: dict[str, object]) -> None:
    if whole is SEALED and "hash" in change:
        change = {"hash": whole[place - 1].hash[:-1] + "g"}
    if "authenticated" in change:
        change = {"authenticated": not whole[place - 1].authenticated}
    entries = list(whole)
    entries[place - 1] = replace(entries[place - 1], **change)  # type: ignore[arg-type]
    assert ("altered", place, place) in found(entries, whole)
    assert {seq for _, seq, _ in found(entries, whole)} == {place}


@pytest.mark.parametrize("place", PLACES)
def test_an_entry_altered_and_hashed_anew(place: int) -> None:
    """Where there is no key the forger can hash; the neighbours remember."""
    for change in ({"actor": "forged"}, {"actor": "forged", "previous": "f" * 64}):
        entries = list(PLAIN)
        forged = replace(entries[place - 1], **change)
        entries[place - 1] = replace(forged, hash=entry_hash(forged, place, None))
        kinds = found(entries, PLAIN)
        assert {seq for _, seq, _ in kinds} == {place}, kinds
        assert {kind for kind, _, _ in kinds} <= {"altered", "rewritten"}


@pytest.mark.parametrize("place", PLACES)
def test_a_sealed_entry_cannot_be_hashed_anew(place: int) -> None:
    entries = list(SEALED)
    forged = replace(entries[place - 1], actor="forged")
    entries[place - 1] = replace(forged, hash=entry_hash(forged, place, None))
    kinds = found(entries, SEALED)
    assert {seq for _, seq, _ in kinds} == {place}, kinds


@pytest.mark.parametrize("close", [False, True], ids=["gap", "closed"])
@pytest.mark.parametrize("many", [1, 3])
@pytest.mark.parametrize("place", PLACES)
def test_deleted_entries(whole: list[Entry], place: int, many: int, close: bool) -> None:
    place = min(place, COUNT - many)
    entries = [*whole[: place - 1], *whole[place - 1 + many :]]
    entries = renumbered(entries) if close else entries
    assert found(entries, whole) == [("deleted", place, place + many - 1)]


@pytest.mark.parametrize("place", PLACES)
def test_an_inserted_entry(whole: list[Entry], place: int) -> None:
    """Put in by who renumbers what follows; hashed in every way that does not take the key."""
    before = whole[place - 2].hash if place > 1 else GENESIS
    draft = Entry(place, 1, "forger", True, "run", "run:1", "{}", before, "")
    copied = replace(whole[(place * 7) % COUNT], seq=place)
    for one in (replace(draft, hash="0" * 64), replace(draft, hash=entry_hash(draft, place, None)), copied):
        kinds = found(renumbered([*whole[: place - 1], one, *whole[place - 1 :]]), whole)
        assert ("inserted", place, place) in kinds, (one, kinds)
        assert {seq for _, seq, _ in kinds} <= {place}, kinds


def test_an_entry_appended_without_the_trail_knowing(whole: list[Entry]) -> None:
    draft = Entry(COUNT + 1, 1, "forger", True, "run", "run:1", "{}", whole[-1].hash, "")
    kinds = found([*whole, replace(draft, hash=entry_hash(draft, COUNT + 1, None))], whole)
    assert ("inserted", COUNT + 1, COUNT + 1) in kinds
    assert {seq for _, seq, _ in kinds} == {COUNT + 1}


@pytest.mark.parametrize(("one", "other"), [(1, COUNT), (1, 2), (17, 18), (40, COUNT - 30), (HALF, HALF + 1)])
def test_exchanged_entries(whole: list[Entry], one: int, other: int) -> None:
    entries = list(whole)
    entries[one - 1], entries[other - 1] = replace(entries[other - 1], seq=one), replace(entries[one - 1], seq=other)
    kinds = found(entries, whole)
    assert kinds
    assert {kind for kind, _, _ in kinds} == {"reordered"}
    assert {seq for _, seq, _ in kinds} <= {one, other}
    assert len(kinds) == 2 or other == one + 1


def test_an_entry_moved_far(whole: list[Entry]) -> None:
    entries = list(whole)
    entries.insert(HALF + 50, entries.pop(99))
    assert found(renumbered(entries), whole) == [("reordered", HALF + 51, HALF + 51)]


@pytest.mark.parametrize("left", [0, 1, HALF, COUNT - 1])
def test_a_tail_cut_off(whole: list[Entry], left: int) -> None:
    assert found(whole[:left], whole) == [("truncated", left + 1, COUNT)]


def test_a_tail_cut_off_with_the_head_needs_a_head_from_elsewhere(whole: list[Entry]) -> None:
    """An old head that a forger kept fits the shorter trail; only one that is kept elsewhere knows of more."""
    key = KEY if whole is SEALED else None
    outside = Head(COUNT, whole[-1].hash)
    old = sealed_head(SHORT, whole[SHORT - 1].hash, key)
    assert found(whole[:SHORT], whole, head=old) == []
    assert found(whole[:SHORT], whole, head=old, outside=outside) == [("truncated", SHORT + 1, COUNT)]
    assert found(whole, whole, outside=Head(SHORT, whole[SHORT - 1].hash)) == []


def test_a_trail_written_anew_is_told_by_the_head() -> None:
    anew = trail(COUNT, None)[:SHORT]
    head = Head(SHORT, anew[-1].hash)
    for n in range(SHORT, COUNT):
        anew.append(following(head, n, "forger", False, "run", "run:1", {}, None))
        head = Head(n + 1, anew[-1].hash)
    assert found(anew, PLAIN) == [("rewritten", COUNT, COUNT)]
    forged = sealed_head(COUNT, anew[-1].hash, None)
    assert found(anew, PLAIN, head=forged) == []
    assert found(anew, PLAIN, head=forged, outside=Head(SHORT + 9, PLAIN[SHORT + 8].hash)) == [("rewritten", SHORT + 9, SHORT + 9)]
    kinds = found(anew, SEALED, head=forged)
    assert ("head", COUNT, COUNT) in kinds, "with a key the head cannot be forged"


def test_a_forged_or_missing_head(whole: list[Entry]) -> None:
    kept = sealed_head(COUNT, whole[-1].hash, KEY if whole is SEALED else None)
    assert ("head", COUNT, COUNT) in found(whole, whole, head=replace(kept, count=COUNT - 1))
    assert ("head", COUNT, COUNT) in found(whole, whole, head=replace(kept, hash="f" * 64))
    verifier = Verifier(None, [KEY, OLD_KEY])
    for entry in whole:
        verifier.take(entry)
    assert [breach.kind for breach in verifier.finish()] == ["head"]


def test_a_key_that_is_not_known_is_named() -> None:
    verifier = Verifier(None, [STRANGE_KEY])
    for entry in SEALED[:10]:
        verifier.take(entry)
    assert len(verifier.unknown_keys) == 1


@pytest.mark.parametrize("seed", range(30))
def test_several_at_once_are_all_told(seed: int) -> None:
    """Alterations and deletions at random places of a short trail: exactly those are told."""
    chance = random.Random(seed)
    short = PLAIN[:200]
    places = chance.sample(range(1, 200), 9)
    altered, deleted = set(places[:5]), set(places[5:])
    entries = [replace(entry, actor="x") if entry.seq in altered else entry for entry in short if entry.seq not in deleted]
    told = found(entries, short)
    assert {n for kind, first, last in told if kind == "deleted" for n in range(first, last + 1)} == deleted
    assert {first for kind, first, _ in told if kind == "altered"} == altered


def test_what_is_told_reads_in_both_languages() -> None:
    one, many = Breach("altered", 7, 7), Breach("deleted", 8, 9)
    assert (one.en, one.zh) == ("entry 7: was altered", "第 7 条：被改动")
    assert many.as_dict() == {
        "kind": "deleted", "seq": 8, "until": 9, "text": {"en": "entries 8 to 9: was deleted", "zh": "第 8 至 9 条：被删除"},
    }  # fmt: skip


@pytest.mark.parametrize("details", ["{{{", "3", ""])
def test_details_that_cannot_be_read_are_shown_as_they_are(whole: list[Entry], details: str) -> None:
    assert replace(whole[0], details=details).as_dict()["details"] == {"unreadable": str(details)}


def test_canonical_json_has_one_form_and_no_nan() -> None:
    assert canonical({"b": [1, None], "a": "等级"}) == '{"a":"等级","b":[1,null]}'
    refuses: Callable[[object], str] = canonical
    with pytest.raises(ValueError, match="JSON"):
        refuses(float("nan"))


def test_every_way_on_ten_thousand_entries() -> None:
    """The figure of the promise, whatever COUNT is."""
    whole = trail(10_000, KEY)
    ways: dict[str, tuple[list[Entry], tuple[str, int, int]]] = {
        "alter": ([*whole[:4_321], replace(whole[4_321], actor="x"), *whole[4_322:]], ("altered", 4_322, 4_322)),
        "delete": ([*whole[:7_000], *whole[7_010:]], ("deleted", 7_001, 7_010)),
        "delete and close": (renumbered([*whole[:7_000], *whole[7_001:]]), ("deleted", 7_001, 7_001)),
        "insert": (renumbered([*whole[:123], replace(whole[9], actor="x"), *whole[123:]]), ("inserted", 124, 124)),
        "reorder": (renumbered([*whole[:50], *whole[51:9_000], whole[50], *whole[9_000:]]), ("reordered", 9_000, 9_000)),
        "truncate": (whole[:9_990], ("truncated", 9_991, 10_000)),
    }
    head = sealed_head(10_000, whole[-1].hash, KEY)
    for way, (entries, breach) in ways.items():
        verifier = Verifier(head, [KEY])
        for entry in entries:
            verifier.take(entry)
        assert [(one.kind, one.seq, one.until) for one in verifier.finish()] == [breach], way
