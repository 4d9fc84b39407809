"""Read the example customers of a rulebook: "someone like this must be A". All faults at once, each with its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import FeatureError, did_you_mean
from engine.given import UnfitValue, former_column, given_column
from engine.policy import Output, Text
from engine.rulebook_parts import FaultSink, Scope, kind_words, known_keys, text_of

MOST = 1_000
"""Examples of one rulebook."""

WITHHELD = "withheld"
"""How a document says that there must be no value; so does null, which is the canonical form."""

_KEYS = ("name", "features", "customer", "expect")


@dataclass(frozen=True, slots=True)
class Example:
    """A customer whose outcome is known: what must come out for these features, or for this stored customer.

    expect: by address the label key, flag, number, ISO date or list of labels; None for no value.
    features: values by name, former outcomes as `previous.<address>`; what is not given is missing. customer: its id.
    """

    name: Text
    expect: Mapping[str, Any]
    features: Mapping[str, Any]
    customer: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The canonical form."""
        subject = {"customer": self.customer} if self.customer else {"features": dict(self.features)}
        return {"name": {"en": self.name.en, "zh": self.name.zh}, **subject, "expect": dict(self.expect)}


def read_examples(given: Any, scope: Scope, fault: FaultSink) -> tuple[Example, ...]:
    """The examples of a document; every fault is told to `fault`."""
    if not isinstance(given, list):
        fault("TW004", "examples", kind_words(given), "expected a list of example customers")
        return ()
    if len(given) > MOST:
        fault("TW021", "examples", f"{len(given):,} examples", f"at most {MOST:,}; more belong into a test of their own")
        return ()
    found: list[Example] = []
    seen: dict[str, int] = {}
    for at, document in enumerate(given):
        place = f"examples[{at}]"
        example = _example(document, place, scope, fault)
        if example is None:
            continue
        if example.name.en in seen:
            fault(
                "TW021", f"{place}.name", f"the name {example.name.en!r}, which examples[{seen[example.name.en]}] has too", "one name each"
            )
        seen.setdefault(example.name.en, at)
        found.append(example)
    return tuple(found)


def _example(given: Any, place: str, scope: Scope, fault: FaultSink) -> Example | None:
    if not isinstance(given, Mapping):
        fault("TW004", place, kind_words(given), f"expected an object with {', '.join(_KEYS)}")
        return None
    known_keys(given, _KEYS, place, fault)
    name = text_of(given.get("name"))
    if name is None:
        fault("TW021", f"{place}.name", kind_words(given.get("name")), "expected a text, or an object with en and zh")
    if ("features" in given) == ("customer" in given):
        found = "both features and customer" if "features" in given else "neither features nor customer"
        fault("TW021", place, found, "give feature values, or the id of a stored customer")
    customer = given.get("customer", "")
    if "customer" in given and (not isinstance(customer, str) or not customer.strip()):
        fault("TW021", f"{place}.customer", kind_words(customer), "expected the id of a stored customer as a text")
        customer = ""
    features = _features(given.get("features", {}), f"{place}.features", scope, fault)
    expect = _expect(given.get("expect"), f"{place}.expect", scope, fault)
    return Example(name, expect, features, customer) if name is not None else None


def _features(given: Any, place: str, scope: Scope, fault: FaultSink) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        fault("TW004", place, kind_words(given), "expected an object of feature names and values")
        return {}
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name in scope.faulty or name.removeprefix("previous.").partition(".")[0] in scope.faulty:
            continue
        try:
            _check_feature(name, value, scope)
            found[name] = value
        except UnfitValue as error:
            fault("TW022", f"{place}.{name}", error.found, f"expected {error.expected}")
        except FeatureError as error:
            fault("TW022", f"{place}.{name}", str(error), did_you_mean(name, [f"previous.{address}" for address in scope.outputs]))
    return found


def _check_feature(name: str, value: Any, scope: Scope) -> None:
    if not name.startswith("previous."):
        given_column(scope.catalogue.resolve(name), [value])
        return
    output = former_output(name, scope.outputs)
    if output is None:
        raise FeatureError(f"there is no former outcome {name!r}")
    former_column(name, output, [value])


def former_output(name: str, outputs: Mapping[str, Output]) -> Output | None:
    """What a former outcome holds: the output itself, or the date since when it has its value."""
    address = name.removeprefix("previous.")
    if address in outputs:
        return outputs[address]
    policy, _, last = address.rpartition(".")
    if last == "since" and (policy in outputs or any(each.partition(".")[0] == policy for each in outputs)):
        return Output("since", kind="date")
    return None


def _expect(given: Any, place: str, scope: Scope, fault: FaultSink) -> dict[str, Any]:
    if not isinstance(given, Mapping) or not given:
        fault("TW021", place, "nothing" if not given else kind_words(given), "expected an output and its value, such as rfm.segment: loyal")
        return {}
    found: dict[str, Any] = {}
    for address, value in given.items():
        output = scope.output(address, f"{place}.{address}", fault, "TW023")
        if output is None:
            continue
        problem = expected_problem(output, value)
        if problem:
            hint = did_you_mean(str(value), output.keys) if output.keys else ""
            fault("TW023", f"{place}.{address}", kind_words(value), f"{problem}{'; ' + hint if hint else ''}")
            continue
        found[address] = None if _no_value(output, value) else value
    return found


def _no_value(output: Output, value: Any) -> bool:
    return value is None or (value == WITHHELD and WITHHELD not in output.keys)


def expected_problem(output: Output, value: Any) -> str:
    """What would be right where a value cannot be the outcome of an output; empty where it can."""
    if _no_value(output, value):
        return ""
    match output.kind:
        case "label":
            return "" if isinstance(value, str) and value in output.keys else f"expected {', '.join(output.keys)}, or withheld"
        case "flag":
            return "" if isinstance(value, bool) else "expected true, false, or withheld"
        case "set":
            fits = isinstance(value, list) and all(key in output.keys for key in value)
            return "" if fits else f"expected a list of labels out of {', '.join(output.keys)}"
        case "date":
            return "" if _is_date(value) else "expected a date such as 2025-12-31, or withheld"
    return "" if isinstance(value, int | float) and not isinstance(value, bool) else "expected a number, or withheld"


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
