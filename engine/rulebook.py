"""A rulebook: all policies together, checked completely, in one canonical form with one hash.

`load_rulebook` turns a document into a `Rulebook` or raises one `RulebookError` that lists every fault at once. The
canonical form has all defaults of all plugins written out, so that an upgrade which changes a default shows as a
difference and never changes a published version (ENGINE 21).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from marshmallow import ValidationError

from engine.catalogue import Catalogue
from engine.conditions import Condition
from engine.damping import Damping, parse_damping
from engine.documents import Document, canonical, content_hash
from engine.errors import Fault, FeatureError, PluginError, RulebookError, did_you_mean
from engine.example_documents import Example, read_examples
from engine.feature_documents import parse_features
from engine.feature_folds import with_own
from engine.limits import Limit, read_limits
from engine.param_messages import known_params, messages_of
from engine.plan import Plan, declaration_problem, make_plan
from engine.policy import KEY, Policy, Text
from engine.registry import Registry
from engine.responsibility import read_responsibility
from engine.rule_sets import within
from engine.rulebook_parts import Scope, kind_words, known_keys, names_read, text_of

FORMAT = 1
BUDGET = 300
"""Seconds that a policy may take for fit and apply together, unless its entry says otherwise."""
DEFAULT_GUARDS: Mapping[str, Any] = {"customers": 0.35, "amount": 0.35, "label": 0.6, "silent_days": 7}
"""How much a run may move before it is held: share of customers, of their amount, of one label; a source gone silent."""

_TOP = ("format", "name", "title", "features", "guards", "policies", "examples", "limits")
_ENTRY = ("key", "type", "title", "enabled", "for", "params", "owner", "review_by", "version", "budget_seconds", "renamed_from", "damping")
_RESERVED = ("previous",)
_LEFT_OUT: tuple[Any, ...] = (None, "", 0)
"""What a feature definition may say or leave out alike."""


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """A configured policy: its key in this rulebook, the policy itself, whom it is for, and who answers for it until when."""

    key: str
    policy: Policy
    title: Text
    enabled: bool = True
    population: Condition | None = None
    budget_seconds: float = BUDGET
    owner: str = ""
    review_by: dt.date | None = None
    damping: Mapping[str, Damping] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """The name of the policy type."""
        return self.policy.name

    @property
    def addresses(self) -> tuple[str, ...]:
        """The outputs, as `<key>.<output>`."""
        return tuple(f"{self.key}.{output.name}" for output in self.policy.outputs())


@dataclass(frozen=True)
class Rulebook:
    """A checked rulebook. `document` is its canonical form, `hash` the SHA-256 of that."""

    name: str
    entries: tuple[PolicyEntry, ...]
    catalogue: Catalogue
    guards: Mapping[str, Any]
    document: Mapping[str, Any]
    plan: Plan = field(repr=False)
    examples: tuple[Example, ...] = ()
    limits: tuple[Limit, ...] = ()

    @cached_property
    def hash(self) -> str:
        """The content hash, in hex."""
        return content_hash(self.document)

    @cached_property
    def text(self) -> str:
        """The canonical JSON."""
        return canonical(self.document)

    def entry(self, key: str) -> PolicyEntry:
        """The policy with this key. Raises `RulebookError` with the nearest key."""
        for entry in self.entries:
            if entry.key == key:
                return entry
        hint = did_you_mean(key, [entry.key for entry in self.entries])
        raise RulebookError(f"the rulebook has no policy {key!r}" + (f"; {hint}" if hint else ""))


def nothing(catalogue: Catalogue) -> Rulebook:
    """A rulebook without policies: what a first draft is compared with."""
    return Rulebook("", (), catalogue, DEFAULT_GUARDS, {"format": FORMAT, "name": "", "policies": []}, Plan((), (), (), {}))


def deciding(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the outcome of a policy, out of its canonical entry: all but its title and who answers for it."""
    return {name: value for name, value in entry.items() if name not in ("title", "owner", "review_by")}


def load_rulebook(document: Document | Mapping[str, Any], registry: Registry, catalogue: Catalogue) -> Rulebook:
    """Check a document completely and return the rulebook. Raises `RulebookError` with all faults and their places."""
    if not isinstance(document, Document):
        document = Document.of(document, "rulebook")
    return _Loading(document, registry, catalogue).rulebook()


class _Loading:
    """One pass over a document that collects every fault."""

    def __init__(self, document: Document, registry: Registry, catalogue: Catalogue) -> None:
        self.document = document
        self.registry = registry
        self.catalogue = catalogue
        self.faults: list[Fault] = list(document.faults)
        self.places: dict[str, str] = {}
        self.faulty: set[str] = set()
        self._unread: list[tuple[str, str]] = []

    def fault(self, code: str, place: str, found: str, expected: str = "") -> None:
        if self._told(code, place):
            return
        self.faults.append(Fault(code, self.document.where(place), found, expected))

    def _told(self, code: str, place: str) -> bool:
        """Whether this only says again that a value could not be read: it has no other faults, and what holds it is as it is."""
        return place in self.document.broken or (code in ("TW004", "TW007") and self._broken(place))

    def _broken(self, place: str) -> bool:
        """Whether a value in this place could not be read."""
        return any(broken.startswith(place) for broken in self.document.broken)

    def rulebook(self) -> Rulebook:
        top = self.document.value
        if not isinstance(top, Mapping):
            self.fault("TW004", self.document.name, f"{kind_words(top)}", "expected an object with format, name and policies")
            raise RulebookError(f"{self.document.name} is not a rulebook", self.faults)
        known_keys(top, _TOP, "", self.fault)
        self._format(top)
        name = self._text(top, "name", "rulebook")
        title = None if top.get("title") is None else self._title(top["title"], Text(name, name), "")
        features = self._features(top.get("features", []))
        guards = self._guards(top.get("guards", {}))
        pairs = self._policies(top.get("policies"))
        self._unknown_names()
        entries = tuple(entry for entry, _ in pairs)
        scope = Scope.of(entries, self.catalogue, self.faulty)
        examples = read_examples(top.get("examples", []), scope, self.fault)
        limits = read_limits(top.get("limits", []), scope, self.fault)
        plan = make_plan(entries, self.catalogue, self._plan_fault, self.faulty)
        if self.faults or plan is None:
            raise self._refused()
        canonical_form: dict[str, Any] = {
            "format": FORMAT,
            "name": name,
            "guards": dict(guards),
            "policies": [written for _, written in pairs],
        }
        if features:
            canonical_form["features"] = features
        if title is not None:
            canonical_form["title"] = {"en": title.en, "zh": title.zh}
        if examples:
            canonical_form["examples"] = [example.document for example in examples]
        if limits:
            canonical_form["limits"] = [limit.document for limit in limits]
        return Rulebook(name, entries, self.catalogue, guards, canonical_form, plan, examples, limits)

    def _refused(self) -> RulebookError:
        return RulebookError(f"{self.document.name} has {len(self.faults)} fault{'s' if len(self.faults) > 1 else ''}", self.faults)

    def _plan_fault(self, code: str, place: str, found: str, expected: str) -> None:
        """A fault of the plan, which knows policies by their keys, at the place and line of the policy or of what is in it."""
        key, _, inner = place.removeprefix("policy ").partition(".")
        at = self.places.get(key, "")
        if at and inner:
            self.fault(code, f"{at}.{inner}", found, expected)
            return
        self.faults.append(Fault(code, f"{place}, {self.document.where(at)}" if at else self.document.where(place), found, expected))

    def _format(self, top: Mapping[str, Any]) -> None:
        if top.get("format", FORMAT) != FORMAT or isinstance(top.get("format"), bool):
            self.fault("TW014", "format", f"format {top['format']!r}", f"this engine reads format {FORMAT}")

    def _text(self, value: Mapping[str, Any], key: str, default: str) -> str:
        text = value.get(key, default)
        if not isinstance(text, str) or not text.strip():
            self.fault("TW004", key, kind_words(text), "expected a text")
            return default
        return text

    def _features(self, documents: Any) -> list[Any]:
        if not isinstance(documents, list):
            self.fault("TW004", "features", kind_words(documents), "expected a list of feature definitions")
            return []
        features, faults = parse_features(documents, self.catalogue)
        for found in faults:
            self.fault(found.code, found.place, found.found, found.expected)
        self.catalogue = self.catalogue.with_features(features)
        self.faulty |= {str(document.get("name")) for document in documents if isinstance(document, Mapping)} - {f.name for f in features}
        return [
            {key: value for key, value in document.items() if value not in _LEFT_OUT}
            for document in documents
            if isinstance(document, Mapping)
        ]

    def _guards(self, given: Any) -> Mapping[str, Any]:
        if not isinstance(given, Mapping):
            self.fault("TW004", "guards", kind_words(given), f"expected an object with {', '.join(DEFAULT_GUARDS)}")
            return DEFAULT_GUARDS
        known_keys(given, tuple(DEFAULT_GUARDS), "guards", self.fault)
        for key, value in given.items():
            whole = key == "silent_days"
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0 or (not whole and value > 1):
                self.fault(
                    "TW013",
                    f"guards.{key}",
                    f"{value!r}",
                    "expected a number of days above 0, or null" if whole else "expected a share above 0 and up to 1, or null",
                )
        return {**DEFAULT_GUARDS, **given}

    def _policies(self, given: Any) -> list[tuple[PolicyEntry, dict[str, Any]]]:
        if not isinstance(given, list) or not given:
            self.fault(
                "TW003" if given is None else "TW004",
                "policies",
                "nothing" if not given else kind_words(given),
                "expected a list of policies",
            )
            return []
        pairs, seen = [], dict[str, int]()
        for i, entry in enumerate(given):
            place = f"policies[{i}]"
            if not isinstance(entry, Mapping):
                self.fault("TW004", place, kind_words(entry), "expected an object with key and type")
                continue
            key = entry.get("key", entry.get("type"))
            if isinstance(key, str) and key in seen:
                self.fault(
                    "TW010", f"{place}.key", f"the key {key!r}, which policies[{seen[key]}] has too", "every policy has a key of its own"
                )
            elif isinstance(key, str):
                seen[key] = i
                self.places[key] = place
            built = self._entry(entry, key, place)
            if built:
                pairs.append(built)
            else:
                self.faulty.add(str(key))
                self._unread += names_read(entry.get("params"), f"{place}.params")
        return pairs

    def _unknown_names(self) -> None:
        """What policies that are wrong already read and nobody knows: told beside their other faults, not after them."""
        for place, name in self._unread:
            if name in self.faulty or name.removeprefix("previous.").partition(".")[0] in self.places:
                continue
            try:
                self.catalogue.resolve(name)
            except FeatureError as error:
                self.fault("TW008", place, str(error))

    def _entry(self, entry: Mapping[str, Any], key: Any, place: str) -> tuple[PolicyEntry, dict[str, Any]] | None:
        known_keys(entry, _ENTRY, place, self.fault)
        before = len(self.faults)
        self._key(key, place)
        enabled = entry.get("enabled", True)
        if not isinstance(enabled, bool):
            self.fault("TW004", f"{place}.enabled", kind_words(enabled), "expected true or false")
        budget = entry.get("budget_seconds", BUDGET)
        if isinstance(budget, bool) or not isinstance(budget, int | float) or budget <= 0:
            self.fault("TW004", f"{place}.budget_seconds", f"{budget!r}", "expected seconds above 0")
        renamed = entry.get("renamed_from")
        if renamed is not None and not (isinstance(renamed, str) and KEY.match(renamed)):
            self.fault("TW018", f"{place}.renamed_from", kind_words(renamed), "expected the key that this policy had before")
        owner, review_by = read_responsibility(entry, place, self.fault)
        made = self._policy(entry, place)
        population = self._population(entry.get("for"), place)
        if made is None or len(self.faults) > before or self._broken(place):
            return None
        policy, params = made
        title = self._title(entry.get("title"), policy.title, place)
        damping = parse_damping(entry.get("damping"), policy.outputs(), f"{place}.damping", self.fault)
        if len(self.faults) > before:
            return None
        written: dict[str, Any] = {"key": key, "type": policy.name, "version": policy.version, "enabled": enabled, "params": params}
        written["title"] = {"en": title.en, "zh": title.zh}
        if population is not None:
            written["for"] = population.document
        if budget != BUDGET:
            written["budget_seconds"] = budget
        if renamed is not None:
            written["renamed_from"] = renamed
        if owner:
            written["owner"] = owner
        if review_by is not None:
            written["review_by"] = review_by.isoformat()
        if damping:
            written["damping"] = {name: damped.document for name, damped in damping.items()}
        return PolicyEntry(key, policy, title, enabled, population, float(budget), owner, review_by, damping), written

    def _key(self, key: Any, place: str) -> None:
        if not isinstance(key, str) or not KEY.match(key):
            self.fault("TW018", f"{place}.key", f"{key!r}", "expected lower-case letters, digits and _, starting with a letter")
        elif key in _RESERVED or key in self.catalogue.sources:
            self.fault("TW018", f"{place}.key", f"{key!r}, which names a source of features", "choose another key")

    def _policy(self, entry: Mapping[str, Any], place: str) -> tuple[Policy, dict[str, Any]] | None:
        if not isinstance(entry.get("type"), str):
            self.fault("TW003", f"{place}.type", kind_words(entry.get("type")), "expected the name of a policy type")
            return None
        try:
            policy_type = self.registry.policy(entry["type"])
        except PluginError as error:
            self.fault("TW006", f"{place}.type", str(error), "tierwise plugins list shows what there is")
            return None
        params = entry.get("params", {})
        if not isinstance(params, Mapping):
            self.fault("TW004", f"{place}.params", kind_words(params), "expected an object")
            return None
        written_for = entry.get("version", policy_type.version)
        if isinstance(written_for, bool) or not isinstance(written_for, int) or not 1 <= written_for <= policy_type.version:
            self.fault(
                "TW019",
                f"{place}.version",
                f"version {written_for!r}",
                f"{policy_type.name} is at version {policy_type.version}; leave it out",
            )
            return None
        try:
            if written_for != policy_type.version:
                params = policy_type.upgrade(params, written_for)
            policy, full = policy_type(params), policy_type.full_params(params)
            problem = declaration_problem(policy)
            if not problem:
                self.catalogue = with_own(self.catalogue, policy.features())
                return policy, full
            self.fault("TW007", f"{place}.params", f"with them {problem}", "the plugin is wrong; tierwise plugins check finds out why")
        except ValidationError as error:
            for path, message in messages_of(error.messages):
                self._param_fault(f"{place}.params", path, message, policy_type)
        except RulebookError as error:
            for fault in error.faults:
                self.fault(fault.code, f"{place}.params.{fault.place}", fault.found, fault.expected)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin is foreign code
            self.fault(
                "TW007",
                f"{place}.params",
                f"the plugin refused them: {type(error).__name__}: {error}",
                "tierwise plugins check finds out why",
            )
        return None

    def _param_fault(self, place: str, path: str, message: str | Fault, policy_type: type[Policy]) -> None:
        if isinstance(message, Fault):
            self.fault(message.code, within(f"{place}{path}", message.place), message.found, message.expected)
            return
        hint = did_you_mean(path.rpartition(".")[2], known_params(policy_type, path)) if message.startswith("Unknown field") else ""
        self.fault("TW007", f"{place}{path}", message.rstrip("."), hint)

    def _population(self, given: Any, place: str) -> Condition | None:
        if given is None:
            return None
        try:
            return Condition.load(given)
        except RulebookError as error:
            for fault in error.faults:
                inner = "" if fault.place == "condition" else f".{fault.place}"
                self.fault(fault.code, f"{place}.for{inner}", fault.found, fault.expected)
        return None

    def _title(self, given: Any, default: Text, place: str) -> Text:
        title = default if given is None else text_of(given)
        if title is None:
            self.fault("TW004", f"{place}.title".lstrip("."), f"{given!r}"[:60], "expected a text, or an object with en and zh")
        return title or default
