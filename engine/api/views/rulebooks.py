"""Rulebooks: read versions, check and simulate a document, compare two."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from engine.api.answers.findings import Checked, VersionDifferences
from engine.api.answers.parts import listing
from engine.api.answers.rulebooks import Version as VersionGiven
from engine.api.answers.rulebooks import VersionWithDocument
from engine.api.answers.simulations import Simulation
from engine.api.fields import text, whole
from engine.api.kit import MB, Call, Routes, Strict, or_404
from engine.differences import Difference, differences
from engine.errors import RulebookError
from engine.store.rulebooks import Version

routes = Routes("rulebooks", "The rules: read them, check and simulate a change, publish it, go back.")

_DOCUMENT = {
    "document": {
        "format": 1,
        "name": "Retail",
        "policies": [{"key": "life", "type": "lifecycle", "title": {"en": "Lifecycle", "zh": "生命周期"}, "params": {"active_days": 60}}],
    }
}


class DocumentBody(Strict):
    """A rulebook as a document."""

    document = fields.Dict(keys=fields.String(), required=True)


class SimulateBody(DocumentBody):
    """A rulebook, and how to compare it with the live one."""

    as_of = text(40, "As of when; default: the moment of the newest visible run.")
    movers = whole(0, 200, 20, "How many single customers to name.", strict=True)


def version_answer(version: Version, call: Call, *, document: bool = False) -> dict[str, Any]:
    """A version as a plain object."""
    found: dict[str, Any] = {
        "number": version.number,
        "hash": version.hash,
        "author": version.author,
        "note": version.note,
        "created_at": call.engine.written(version.created_at),
        "published_at": None if version.published_at is None else call.engine.written(version.published_at),
    }
    return {**found, "document": version.document} if document else found


@routes.verb("GET", "/rulebooks", "rules:read", gives=listing(VersionGiven))
def list_versions(call: Call) -> Any:
    """Every version, the newest first."""
    return {"items": [version_answer(version, call) for version in call.engine.rulebook_log()]}


@routes.verb("GET", "/rulebooks/<name>", "rules:read", gives=VersionWithDocument)
def get_version(call: Call, name: str) -> Any:
    """A version with its document: by number, by the start of its hash, or `live`."""
    with or_404(RulebookError):
        return version_answer(call.engine.version(name), call, document=True)


def difference_answer(found: Difference) -> dict[str, Any]:
    """What differs at a place, each side as JSON text; null where there is nothing."""
    return {
        "place": found.place,
        "kind": found.kind,
        "was": None if found.kind == "added" else found.was_text,
        "now": None if found.kind == "removed" else found.now_text,
    }


class DiffQuery(Strict):
    """Against what."""

    against = text(64, "Another version: its number, the start of its hash, or live.", load_default="live")


@routes.verb("GET", "/rulebooks/<name>/diff", "rules:read", query=DiffQuery, gives=VersionDifferences)
def diff_versions(call: Call, name: str) -> Any:
    """What differs from another version (`was`) to this one (`now`)."""
    with or_404(RulebookError):
        was, now = call.engine.version(call.query["against"]), call.engine.version(name)
    found = differences(was.document, now.document)
    return {"was": was.number, "now": now.number, "items": [difference_answer(each) for each in found]}


@routes.verb("POST", "/rulebooks/check", "rules:read", body=DocumentBody, mutates=False, size=8 * MB, example=_DOCUMENT, gives=Checked)
def check_rulebook(call: Call) -> Any:
    """Check a rulebook completely: its hash when it is right, else every fault; and what its rules lack or contradict."""
    rulebook = call.engine.check(call.body["document"])
    findings = [finding.as_dict() for finding in call.engine.verify(call.body["document"])]
    return {"hash": rulebook.hash, "policies": [entry.key for entry in rulebook.entries], "findings": findings}


@routes.verb(
    "POST",
    "/rulebooks/simulate",
    "rules:read",
    body=SimulateBody,
    mutates=False,
    heavy=True,
    size=8 * MB,
    example=_DOCUMENT,
    gives=Simulation,
)
def simulate_rulebook(call: Call) -> Any:
    """What a rulebook would change, over every customer, against the live one; nothing is stored."""
    found = call.engine.simulate(call.body["document"], as_of=call.body.get("as_of"), movers=call.body["movers"])
    plain = found.as_dict()
    return {**plain, "as_of": call.engine.written(found.as_of)}
