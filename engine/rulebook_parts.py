"""What the parts of a rulebook document share while they are read: titles, keys, and the outputs that they may name."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from engine.catalogue import Catalogue
from engine.errors import did_you_mean
from engine.policy import Output, Text

if TYPE_CHECKING:
    from engine.rulebook import PolicyEntry

FaultSink: TypeAlias = Callable[[str, str, str, str], None]
"""Takes code, place, what was found, what would be right."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What examples and limits may name: outputs of enabled policies and features.

    disabled: address to key, of policies that are switched off. faulty: keys of policies, and names of features, that
    are wrong already, so that who names them is not blamed.
    """

    outputs: Mapping[str, Output]
    disabled: Mapping[str, str]
    catalogue: Catalogue
    faulty: Container[str]

    @classmethod
    def of(cls, entries: Iterable[PolicyEntry], catalogue: Catalogue, faulty: Container[str]) -> Scope:
        """The scope of configured policies."""
        entries = list(entries)
        outputs = {f"{entry.key}.{output.name}": output for entry in entries if entry.enabled for output in entry.policy.outputs()}
        disabled = {address: entry.key for entry in entries if not entry.enabled for address in entry.addresses}
        return cls(outputs, disabled, catalogue, faulty)

    def output(self, address: Any, place: str, fault: FaultSink, code: str) -> Output | None:
        """The output of this address; otherwise the fault is told."""
        if isinstance(address, str) and address in self.outputs:
            return self.outputs[address]
        if not isinstance(address, str):
            fault(code, place, kind_words(address), "expected an output such as rfm.segment")
        elif address in self.disabled:
            fault(code, place, f"the output {address!r} of the disabled policy {self.disabled[address]!r}", "enable it, or take this out")
        elif address.partition(".")[0] not in self.faulty:
            some = f"outputs are {', '.join(list(self.outputs)[:12])}" if self.outputs else ""
            hint = did_you_mean(address, self.outputs) or some
            fault(code, place, f"{address!r}, which no policy of this rulebook produces", hint)
        return None


def known_keys(value: Mapping[str, Any], known: tuple[str, ...], place: str, fault: FaultSink) -> None:
    """Tell every key that nobody knows, with the nearest one."""
    for key in value:
        if key not in known:
            hint = did_you_mean(str(key), known)
            fault("TW002", f"{place}.{key}".lstrip("."), f"the unknown key {key!r}", hint or f"known keys are {', '.join(known)}")


def names_read(document: Any, place: str) -> Iterator[tuple[str, str]]:
    """Place and name of the features and outputs that the tables and conditions in a document read, sound otherwise or not.

    Names without a point are a policy's own, such as the scores of RFM.
    """
    if isinstance(document, list):
        for at, item in enumerate(document):
            yield from names_read(item, f"{place}[{at}]")
    elif isinstance(document, Mapping):
        for key, item in document.items():
            if key in ("feature", "other") and "op" in document and isinstance(item, str):
                if "." in item:
                    yield f"{place}.{key}", item
            elif key == "inputs" and "rows" in document and isinstance(item, list):
                yield from ((f"{place}.inputs[{at}]", name) for at, name in enumerate(item) if isinstance(name, str) and "." in name)
            else:
                yield from names_read(item, f"{place}.{key}")


def text_of(given: Any) -> Text | None:
    """A title: a text for both languages, or an object with en, zh, or both; None for anything else."""
    if isinstance(given, str) and given.strip():
        return Text(en=given, zh=given)
    if isinstance(given, Mapping) and set(given) <= {"en", "zh"} and given and all(isinstance(text, str) for text in given.values()):
        en, zh = given.get("en") or given.get("zh", ""), given.get("zh") or given.get("en", "")
        return Text(en, zh) if en.strip() else None
    return None


def kind_words(value: Any) -> str:
    """What kind of value stands somewhere, for messages."""
    names: dict[type, str] = {list: "a list", dict: "an object", str: f"the text {str(value)[:40]!r}", type(None): "nothing"}
    return names.get(type(value), f"{value!r}"[:60])
