"""Rulebooks on their way to being live: draft, check, simulate, submit, approve by another person, publish, roll back.

draft = engine.drafts.new(title="Wider bands")
draft = engine.drafts.edit(draft.id, revision=draft.revision, changes=[{"place": "policies[rfm].params.bins", "value": 4}])
engine.drafts.submit(draft.id)
engine.acting_as("li").drafts.approve(draft.id)
engine.drafts.publish(draft.id)

Author of a draft is everyone who saved a state of it, and everyone who ever saved the same content. No verb takes the
approval of an author, unless the installation was started without the second person; then it is marked for ever.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine import clock
from engine.differences import Difference, differences
from engine.documents import Document
from engine.draft_steps import BACK, FORTH, Steps, steps_of
from engine.edits import apply_changes
from engine.errors import ApprovalNeeded, DraftError, Fault, RulebookError, StaleDraft
from engine.gate import Obstacle, blocking, obstacles, refusal
from engine.moments import Moment, as_moment
from engine.rulebook import Rulebook
from engine.rulebook_parts import kind_words
from engine.rulebook_sources import RulebookSource, read_source
from engine.store import audit, rulebooks
from engine.store import drafts as rows
from engine.store.drafts import (
    APPROVED,
    DISCARDED,
    OPEN,
    PUBLISHED,
    SCHEDULED,
    SUBMITTED,
    Draft,
    DraftEdit,
    Publication,
    Review,
    person,
)
from engine.store.rulebooks import Version
from engine.store.session import one_writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from engine.rule_findings import RuleFinding
    from engine.service import Engine
    from engine.simulation import Simulation

DraftName = int | str
"""A draft by its number, or as the command line writes it: 7, "7", "d7"."""

LONGEST_NOTE = 2_000


@dataclass(frozen=True, slots=True)
class DraftCheck:
    """What is wrong with a draft (faults), what its rules lack (findings), what would block its publication (obstacles).

    hash: of its canonical form; None while it has faults.
    """

    draft: int
    revision: int
    hash: str | None
    faults: Sequence[Fault]
    findings: Sequence[RuleFinding]
    obstacles: Sequence[Obstacle]

    @property
    def sound(self) -> bool:
        """Whether it could be published as far as can be told now."""
        return not self.faults and not blocking(self.obstacles)

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "draft": self.draft,
            "revision": self.revision,
            "hash": self.hash,
            "sound": self.sound,
            "faults": [{"id": one.code, "place": one.place, "found": one.found, "expected": one.expected} for one in self.faults],
            "findings": [one.as_dict() for one in self.findings],
            "obstacles": [one.as_dict() for one in self.obstacles],
        }


class Drafts:
    """The verbs of drafts. Who acts is the engine's actor."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    @staticmethod
    def number(draft: DraftName) -> int:
        """The number of a draft by its name: 7, "7", "d7". Raises `DraftError`."""
        return _number(draft)

    # --- reading -----------------------------------------------------------------------------------------------

    def get(self, draft: DraftName) -> Draft:
        """A draft with its content. Raises `DraftError` or `TierwiseError` when there is none."""
        with self._store.read() as connection:
            return rows.get(connection, _number(draft))

    def list(self, status: str | None = None) -> Sequence[Draft]:
        """Drafts, the newest first: those of one status, or all but the discarded ones."""
        with self._store.read() as connection:
            return rows.listed(connection, status)

    def history(self, draft: DraftName) -> Sequence[DraftEdit]:
        """Every saved state, the newest first."""
        with self._store.read() as connection:
            return rows.edits(connection, rows.get(connection, _number(draft)).id)

    def document(self, draft: DraftName, revision: int) -> Any:
        """The content of a saved state."""
        with self._store.read() as connection:
            found = rows.get(connection, _number(draft))
            return self._state(connection, found, revision)

    def reviews(self, draft: DraftName) -> Sequence[Review]:
        """Every decision on a draft with what was known then, the newest first."""
        with self._store.read() as connection:
            return rows.reviews(connection, rows.get(connection, _number(draft)).id)

    def log(self) -> Sequence[Publication]:
        """What became live when: by whom, whose content, approved by whom; the newest first."""
        with self._store.read() as connection:
            return rows.publications(connection)

    def check(self, draft: DraftName) -> DraftCheck:
        """Every fault at once; where there is none, every finding and what would block publishing."""
        found = self.get(draft)
        try:
            rulebook = self._engine.check(found.document)
        except RulebookError as error:
            return DraftCheck(found.id, found.revision, None, error.faults, (), ())
        return DraftCheck(found.id, found.revision, rulebook.hash, (), self._findings(rulebook), self._obstacles(rulebook))

    def simulate(self, draft: DraftName, *, as_of: Moment = None, movers: int = 20) -> Simulation:
        """What the draft would change for every stored customer against the live rulebook; nothing is stored."""
        return self._engine.simulate(self.get(draft).document, as_of=as_of, movers=movers)

    def diff(self, draft: DraftName, other: str = "live") -> Sequence[Difference]:
        """What differs between a version (or another draft, "d3") and the draft, every default written out where both are sound."""
        now = self._canonical(self.get(draft).document)
        if other.startswith("d") and other[1:].isdigit():
            was = self._canonical(self.get(other).document)
        else:
            was = self._engine.version(other).document
        return differences(was, now)

    # --- writing -----------------------------------------------------------------------------------------------

    def new(self, *, base: str | None = "live", document: RulebookSource | None = None, title: str = "", note: str = "") -> Draft:
        """Begin a draft: from the live version, from another one, or with a document of one's own, which may have faults.

        base: the version it starts from; "live" is nothing where nothing is published yet.
        """
        content = None if document is None else _object(read_source(document))
        with self._store.write() as connection:
            one_writer(connection)
            version = self._base(connection, base)
            if document is None and version is None:
                raise DraftError("there is no version to start from; give the draft a document, such as starter")
            content = version.document if document is None and version is not None else content
            number = self._add(connection, content, version, title, note)
            self._record(connection, "draft.new", number, base=version.number if version else None)
            return rows.get(connection, number)

    def edit(
        self,
        draft: DraftName,
        *,
        revision: int,
        document: RulebookSource | None = None,
        changes: Iterable[Mapping[str, Any]] | None = None,
        title: str | None = None,
        note: str = "",
    ) -> Draft:
        """Save the next state of a draft: a whole document, or changes by place (see `engine.edits`). Faults may stay in it.

        revision: of the state that was read; when somebody saved meanwhile nothing is changed, and `StaleDraft` carries both.
        A draft that was submitted or approved is open again, and what was decided on it is void.
        """
        number = _number(draft)
        if (document is None) == (changes is None) and title is None:
            raise DraftError("give the draft either a document, or changes by place")
        given = None if document is None else _object(read_source(document))
        with self._store.write() as connection:
            one_writer(connection)
            found = self._editable(connection, number)
            content = found.document if document is None else given
            if changes is not None:
                content = apply_changes(self._state(connection, found, revision), changes)
            self._fresh(found, revision, content)
            return self._save(connection, found, content, title, note, "draft.edit")

    def undo(self, draft: DraftName, to: int, *, revision: int, note: str = "") -> Draft:
        """Save an earlier state again as the newest one. revision: as for `edit`."""
        with self._store.write() as connection:
            one_writer(connection)
            found = self._editable(connection, _number(draft))
            content = self._state(connection, found, to)
            self._fresh(found, revision, content)
            return self._save(connection, found, content, None, note, "draft.undo", to=to)

    def steps(self, draft: DraftName) -> Steps:
        """What undo and redo would bring again."""
        return steps_of(self.history(draft))

    def back(self, draft: DraftName, *, revision: int) -> Draft:
        """Undo the last edit of a draft, whoever made it. revision: as for `edit`. Raises `DraftError` where nothing can be undone."""
        to = self.steps(draft).back
        if to is None:
            raise DraftError("there is nothing to undo in this draft")
        return self.undo(draft, to, revision=revision, note=BACK.format(to))

    def forth(self, draft: DraftName, *, revision: int) -> Draft:
        """Redo what was undone last. revision: as for `edit`. Raises `DraftError` where nothing can be redone."""
        to = self.steps(draft).forth
        if to is None:
            raise DraftError("there is nothing to redo in this draft")
        return self.undo(draft, to, revision=revision, note=FORTH.format(to))

    def discard(self, draft: DraftName) -> Draft:
        """Take a draft off the table; what was saved stays."""
        with self._store.write() as connection:
            one_writer(connection)
            found = self._editable(connection, _number(draft))
            self._void(connection, found)
            rows.change(connection, found.id, status=DISCARDED, submitted_hash=None)
            self._record(connection, "draft.discard", found.id)
            return rows.get(connection, found.id)

    # --- deciding ----------------------------------------------------------------------------------------------

    def submit(self, draft: DraftName, *, revision: int | None = None, note: str = "") -> Draft:
        """Hand a draft to a second person. Raises `RulebookError` with every fault. revision: of what was read, if given."""
        found = self.get(draft)
        _need(found, OPEN)
        rulebook = self._engine.check(found.document)
        report = self._report(rulebook, full=False)
        with self._store.write() as connection:
            one_writer(connection)
            self._same(connection, found)
            if revision is not None:
                self._fresh(found, revision, found.document)
            rows.change(connection, found.id, status=SUBMITTED, submitted_hash=rulebook.hash)
            self._decide(connection, found.id, "submitted", rulebook.hash, note, report)
            self._record(connection, "draft.submit", found.id, hash=rulebook.hash)
            return rows.get(connection, found.id)

    def withdraw(self, draft: DraftName, *, note: str = "") -> Draft:
        """Take a submitted, approved or scheduled draft back; what was decided on it is void."""
        return self._back(draft, "withdrawn", "draft.withdraw", note, SUBMITTED, APPROVED, SCHEDULED)

    def reject(self, draft: DraftName, *, note: str = "") -> Draft:
        """Send a submitted draft back to its authors."""
        return self._back(draft, "rejected", "draft.reject", note, SUBMITTED, APPROVED, SCHEDULED)

    def approve(self, draft: DraftName, *, hash: str | None = None, note: str = "") -> Draft:
        """Approve what is submitted, by another person than its authors. Keeps findings, obstacles and the simulation of now.

        hash: of what was read; refused when something else is submitted by now. An approved draft may be approved again,
        which is needed when another version became live since.
        """
        found = self.get(draft)
        _need(found, SUBMITTED, APPROVED)
        if hash is not None and hash != found.submitted_hash:
            raise DraftError(f"{found.name} is submitted with the content {str(found.submitted_hash)[:12]}, not {hash[:12]}; read it again")
        with self._store.read() as connection:
            self._may_approve(connection, found)
        rulebook = self._engine.check(found.document)
        if rulebook.hash != found.submitted_hash:
            raise DraftError(_CHANGED.format(found.name))
        self._wrote_it_elsewhere(found, rulebook)
        report = self._report(rulebook, full=True)
        with self._store.write() as connection:
            one_writer(connection)
            again = self._same(connection, found)
            self._may_approve(connection, again)
            rows.change(connection, found.id, status=APPROVED)
            self._decide(connection, found.id, "approved", rulebook.hash, note, report)
            self._record(connection, "draft.approve", found.id, hash=rulebook.hash)
            return rows.get(connection, found.id)

    def publish(self, draft: DraftName, *, at: Moment = None, note: str = "", schedule_title: str = "") -> Draft:
        """Make an approved draft live, now or at a moment; then it is checked again.

        Without a second person (TIERWISE_FOUR_EYES=off) an open draft is submitted and approved in the same go. Raises
        `RulebookError` with everything that stands against it.
        """
        found = self.get(draft)
        if not self._engine.settings.four_eyes and found.status == OPEN:
            self.submit(found.id, note=note)
            found = self.approve(found.id, note=note)
        _need(found, APPROVED, *([] if at is not None else [SCHEDULED]))
        return self._publish(found, note) if at is None else self._schedule(found, at, schedule_title)

    def publish_due(self, draft: DraftName, now: Moment = None) -> Version:
        """Make a scheduled draft live, checked again against the plugins, rules and customers of now.

        What fails leaves it approved, and not scheduled. now: the moment that is due.
        """
        found = self.get(draft)
        _need(found, SCHEDULED, APPROVED)
        try:
            done = self._publish(found, f"scheduled by {found.updated_by}" if now is None else "scheduled")
        except Exception:
            with self._store.write() as connection:
                one_writer(connection)
                if rows.get(connection, found.id).status == SCHEDULED:
                    rows.change(connection, found.id, status=APPROVED)
                    self._record(connection, "draft.publish_failed", found.id)
            raise
        return self._engine.version(str(done.version))

    def rollback(self, to: str | None = None, *, note: str = "") -> Version:
        """Make the version that was live before live again, or a named one that was live once.

        It needs no approval where somebody approved that version once; one that its authors approved themselves is brought
        back only by another person. Raises `RulebookError` when it does not fit the plugins of now.
        """
        engine = self._engine
        with self._store.read() as connection:
            history = rows.publications(connection)
        target = self._rollback_target(history, to)
        engine.rulebook(str(target.version))
        if engine.settings.four_eyes and target.self_approved and self._is_author(target.authors):
            raise DraftError(
                f"version {target.version} was approved by its own author; another person than {', '.join(target.authors)} may bring it back"
            )
        with self._store.write() as connection:
            one_writer(connection)
            if [one.id for one in rows.publications(connection)] != [one.id for one in history]:
                raise DraftError("another version became live meanwhile; nothing was changed, look again")
            rows.publish(
                connection, target.version, actor=engine.settings.actor, kind="rollback", note=_note(note), draft_id=target.draft,
                approved_by=target.approved_by, self_approved=target.self_approved,
            )  # fmt: skip
            details = {"from": history[0].version, "hash": target.hash}
            audit.record(connection, **engine.acting, action="rulebook.rollback", subject=f"version:{target.version}", details=details)
            return rulebooks.get(connection, str(target.version))

    def bring(self, source: RulebookSource, *, note: str = "") -> Version:
        """What `Engine.publish` does: a draft of a document, submitted, and where no second person is needed live at once.

        The starter rulebook of a store without any is published by "system". Raises `ApprovalNeeded` when a second person
        has to approve it: then it is submitted.
        """
        rulebook = self._engine.check(source)
        with self._store.read() as connection:
            first = not rows.publications(connection)
        starter = first and isinstance(source, str) and source == "starter"
        alone = starter or not self._engine.settings.four_eyes
        if alone:
            self._gate(rulebook, four_eyes=False)
        report = self._report(rulebook, full=False, obstacles=() if alone else None)
        with self._store.write() as connection:
            one_writer(connection)
            if starter and not rows.publications(connection):
                return self._live(connection, None, rulebook, note, approved_by=None, self_approved=False)
            version = self._base(connection, "live")
            number = self._add(connection, dict(rulebook.document), version, rulebook.name, note)
            self._record(connection, "draft.new", number, base=version.number if version else None)
            rows.change(connection, number, status=SUBMITTED, submitted_hash=rulebook.hash)
            self._decide(connection, number, "submitted", rulebook.hash, note, report)
            self._record(connection, "draft.submit", number, hash=rulebook.hash)
            if not self._engine.settings.four_eyes:
                self._decide(connection, number, "approved", rulebook.hash, note, report)
                self._record(connection, "draft.approve", number, hash=rulebook.hash, self_approved=True)
                found = rows.get(connection, number)
                return self._live(connection, found, rulebook, note, approved_by=self._engine.settings.actor, self_approved=True)
        raise ApprovalNeeded(
            f"submitted as draft d{number}, and not live: another person than {self._engine.settings.actor} has to approve it "
            f"(tierwise rulebook approve d{number}), then: tierwise rulebook publish d{number}",
            number,
        )

    # --- what they share ---------------------------------------------------------------------------------------

    def _publish(self, found: Draft, note: str) -> Draft:
        rulebook = self._engine.check(found.document)
        if rulebook.hash != found.submitted_hash:
            raise DraftError(_CHANGED.format(found.name))
        self._gate(rulebook)
        with self._store.write() as connection:
            one_writer(connection)
            again = self._same(connection, found)
            approval = self._approval(connection, again)
            live = self._base(connection, "live")
            if approval.report.get("live") != (live.number if live else None):
                raise DraftError(
                    f"version {live.number if live else 0} became live after {found.name} was approved, and would be undone by it; "
                    "compare again and have it approved again"
                )
            self_approved = person(approval.actor) in {person(name) for name in again.authors}
            self._live(connection, again, rulebook, note, approved_by=approval.actor, self_approved=self_approved)
            return rows.get(connection, found.id)

    def _live(
        self, connection: Connection, found: Draft | None, rulebook: Rulebook, note: str, *, approved_by: str | None, self_approved: bool
    ) -> Version:
        """The last step of every publication."""
        engine = self._engine
        actor = engine.settings.actor if found else "system"
        note = _note(note or (found.note if found else ""))
        number = rulebooks.save(connection, rulebook.hash, rulebook.text, author=", ".join(found.authors) if found else "system", note=note)
        rows.publish(
            connection, number, actor=actor, kind="publish", note=note, draft_id=found.id if found else None, approved_by=approved_by,
            self_approved=self_approved,
        )  # fmt: skip
        if found:
            rows.unschedule(connection, found.id)
            rows.change(connection, found.id, status=PUBLISHED, version_id=number)
        details = {"hash": rulebook.hash, "draft": found.id if found else None, "approved_by": approved_by, "self_approved": self_approved}
        audit.record(
            connection, actor=actor, authenticated=bool(found) and engine.settings.authenticated, action="rulebook.publish",
            subject=f"version:{number}", details=details,
        )  # fmt: skip
        return rulebooks.get(connection, str(number))

    def _approval(self, connection: Connection, found: Draft) -> Review:
        """The approval that stands, of this very content and not by an author. Raises `DraftError`."""
        for one in rows.reviews(connection, found.id):
            if one.verdict == "approved" and one.hash == found.submitted_hash:
                if person(one.actor) in {person(name) for name in found.authors}:
                    self._may_approve(connection, found, one.actor)
                return one
            if one.verdict != "submitted":
                break
        raise DraftError(f"{found.name} has no approval of its content; nothing was changed")

    def _may_approve(self, connection: Connection, found: Draft, actor: str | None = None) -> None:
        actor = actor or self._engine.settings.actor
        if person(actor) not in {person(name) for name in found.authors}:
            return
        if self._engine.settings.four_eyes:
            raise DraftError(f"{actor} is an author of {found.name}; another person than {', '.join(found.authors)} has to approve it")
        submitted = next((one for one in rows.reviews(connection, found.id) if one.verdict == "submitted"), None)
        if submitted is None or submitted.report.get("four_eyes", True):
            raise DraftError(
                f"{found.name} was submitted while a second person was required, and still needs one; to change that, withdraw it and submit it again"
            )

    def _wrote_it_elsewhere(self, found: Draft, rulebook: Rulebook) -> None:
        """Raise where the acting person saved the same rulebook in another draft, however it was written there."""
        actor = self._engine.settings.actor
        if not self._engine.settings.four_eyes:
            return
        with self._store.read() as connection:
            others = rows.written_by(connection, actor, outside=found.id)
        if any(self._hash(document) == rulebook.hash for document in others):
            raise DraftError(f"{actor} is an author of {found.name}; another person than {actor} has to approve it")

    def _hash(self, document: Any) -> str | None:
        try:
            return self._engine.check(document).hash
        except RulebookError:
            return None

    def _schedule(self, found: Draft, at: Moment, title: str) -> Draft:
        moment = as_moment(at, self._engine.zone, "at")
        if moment <= clock.now():
            raise DraftError(f"{self._engine.written(moment)} is past; publish without a moment to publish now")
        with self._store.write() as connection:
            one_writer(connection)
            again = self._same(connection, found)
            self._approval(connection, again)
            rows.change(connection, found.id, status=SCHEDULED)
            self._record(connection, "draft.schedule", found.id, at=moment)
            self._engine.schedules.of_publication(connection, found.id, moment, title)
        return self.get(found.id)

    def _back(self, draft: DraftName, verdict: str, action: str, note: str, *states: str) -> Draft:
        with self._store.write() as connection:
            one_writer(connection)
            found = rows.get(connection, _number(draft))
            _need(found, *states)
            rows.unschedule(connection, found.id)
            rows.change(connection, found.id, status=OPEN, submitted_hash=None)
            self._decide(connection, found.id, verdict, found.submitted_hash or "", note, {})
            self._record(connection, action, found.id, hash=found.submitted_hash)
            return rows.get(connection, found.id)

    def _save(self, connection: Connection, found: Draft, content: Any, title: str | None, note: str, action: str, **details: Any) -> Draft:
        self._void(connection, found)
        rows.save(
            connection, found, document=content, title=_title(title, found.title), note=_note(note), actor=self._engine.settings.actor
        )
        self._record(connection, action, found.id, revision=found.revision + 1, voided=found.status != OPEN, **details)
        return rows.get(connection, found.id)

    def _void(self, connection: Connection, found: Draft) -> None:
        if found.status == OPEN:
            return
        rows.unschedule(connection, found.id)
        self._decide(connection, found.id, "voided", found.submitted_hash or "", "", {})

    def _fresh(self, found: Draft, revision: int, content: Any) -> None:
        if revision != found.revision:
            raise StaleDraft(
                f"{found.name} was saved by {found.updated_by} as revision {found.revision} after you read revision {revision}; "
                "nothing was changed: compare both, and save again on the newer one",
                yours=content,
                theirs=found.document,
                revision=found.revision,
                updated_by=found.updated_by,
            )

    def _same(self, connection: Connection, read: Draft) -> Draft:
        """The draft as it was read outside of the transaction. Raises `DraftError` when somebody changed it since."""
        now = rows.get(connection, read.id)
        if (now.revision, now.status, now.submitted_hash) != (read.revision, read.status, read.submitted_hash):
            raise DraftError(f"{read.name} was changed by {now.updated_by} meanwhile (it is {now.status}); nothing was changed, look again")
        return now

    def _editable(self, connection: Connection, number: int) -> Draft:
        found = rows.get(connection, number)
        if found.status in (PUBLISHED, DISCARDED):
            raise DraftError(f"{found.name} is {found.status}; begin another one with: tierwise rulebook new")
        return found

    def _state(self, connection: Connection, found: Draft, revision: int) -> Any:
        content = rows.state(connection, found.id, revision)
        if content is None:
            raise DraftError(f"{found.name} has no revision {revision}; it has 1 to {found.revision}")
        return content

    def _base(self, connection: Connection, base: str | None) -> Version | None:
        if base is None or (base == "live" and not rulebooks.log(connection)):
            return None
        return rulebooks.get(connection, base)

    def _add(self, connection: Connection, content: Any, base: Version | None, title: str, note: str) -> int:
        number = base.number if base else None
        return rows.add(
            connection, title=_title(title, "rulebook"), note=_note(note), base=number, document=content, actor=self._engine.settings.actor
        )

    def _decide(self, connection: Connection, number: int, verdict: str, hash_: str, note: str, report: Mapping[str, Any]) -> None:
        rows.decide(connection, number, verdict, hash_=hash_, note=_note(note), report=report, **self._engine.acting)

    def _record(self, connection: Connection, action: str, number: int, **details: Any) -> None:
        audit.record(connection, **self._engine.acting, action=action, subject=f"draft:{number}", details=details)

    def _is_author(self, authors: Iterable[str]) -> bool:
        return person(self._engine.settings.actor) in {person(name) for name in authors}

    def _canonical(self, document: Any) -> Any:
        try:
            return self._engine.check(document).document
        except RulebookError:
            return document

    def _findings(self, rulebook: Rulebook) -> Sequence[RuleFinding]:
        from engine.verification import verify_rulebook

        return verify_rulebook(self._store, rulebook)

    def _obstacles(self, rulebook: Rulebook, four_eyes: bool | None = None) -> Sequence[Obstacle]:
        """What stands against publishing; customers are asked only where the rulebook has something to ask of them."""
        tried = bool(rulebook.examples or rulebook.limits)
        comparison = self._engine.simulate(rulebook.document, movers=0).comparison if tried else None
        strict = self._engine.settings.four_eyes if four_eyes is None else four_eyes
        return obstacles(rulebook, comparison, today=self._today(), four_eyes=strict)

    def _gate(self, rulebook: Rulebook, four_eyes: bool | None = None) -> None:
        found = self._obstacles(rulebook, four_eyes)
        if blocking(found):
            raise refusal(found)

    def _report(self, rulebook: Rulebook, *, full: bool, obstacles: Sequence[Obstacle] | None = None) -> dict[str, Any]:
        """What is known of a content now; full: with its findings, and its simulation over every stored customer."""
        with self._store.read() as connection:
            live = self._base(connection, "live")
        report: dict[str, Any] = {"four_eyes": self._engine.settings.four_eyes, "live": live.number if live else None}
        if full:
            simulation = self._engine.simulate(rulebook.document, movers=0).as_dict()
            report |= {"findings": [one.as_dict() for one in self._findings(rulebook)], "simulation": simulation}
        found = self._obstacles(rulebook) if obstacles is None else obstacles
        return report | {"obstacles": [one.as_dict() for one in found]}

    def _today(self) -> dt.date:
        return clock.today(self._engine.zone)

    def _rollback_target(self, history: Sequence[Publication], to: str | None) -> Publication:
        if to is None:
            target = rows.former(history)
            if target is None:
                raise DraftError("no other version was live before; there is nothing to go back to")
            return target
        wanted = self._engine.version(to).number
        found = [one for one in history if one.version == wanted]
        if not found:
            raise DraftError(f"version {wanted} was never live")
        if history[0].version == wanted:
            raise DraftError(f"version {wanted} is live already")
        return found[0]


_CHANGED = "{} reads differently with the plugins of now than when it was submitted; withdraw it, look at it, and submit it again"


def _object(source: Document) -> Any:
    """What a draft may hold: faults, but an object. Raises `RulebookError`."""
    if isinstance(source.value, Mapping):
        return source.value
    found = Fault("TW004", source.where(source.name), kind_words(source.value), "expected an object with format, name and policies")
    raise RulebookError(f"{source.name} is not a rulebook", [found])


def _number(draft: DraftName) -> int:
    text = str(draft).strip().lower().removeprefix("d")
    if isinstance(draft, bool) or not text.isascii() or not text.isdigit() or len(text) > 9 or int(text) < 1:
        raise DraftError(f"found {str(draft)[:40]!r}; expected a draft such as d7")
    return int(text)


def _need(found: Draft, *states: str) -> None:
    if found.status in states:
        return
    hints = {
        OPEN: "submit it first",
        SUBMITTED: "another person has to approve it first, or withdraw it",
        APPROVED: "withdraw it first",
        SCHEDULED: "withdraw it first",
    }
    hint = hints.get(found.status)
    raise DraftError(f"{found.name} is {found.status}, not {' or '.join(states)}{'; ' + hint if hint else ''}")


def _note(note: str) -> str:
    if len(note) > LONGEST_NOTE:
        raise DraftError(f"the note has {len(note):,} characters; up to {LONGEST_NOTE:,} are kept")
    return note.strip()


def _title(title: str | None, otherwise: str) -> str:
    wanted = (title or "").strip() or otherwise
    if len(wanted) > 200 or not wanted.isprintable():
        raise DraftError("title: expected a text in one line of up to 200 characters")
    return wanted
