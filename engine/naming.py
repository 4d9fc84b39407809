"""What inputs and outputs are called: the declaration and the title behind every name that a rulebook uses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from engine.catalogue import Feature
from engine.errors import FeatureError
from engine.policy import Output, Text

if TYPE_CHECKING:
    from engine.rulebook import Rulebook


@dataclass(frozen=True)
class Declared:
    """What stands behind a name: its title, and the feature or the output; neither for a moment of the past."""

    title: Text
    feature: Feature | None = None
    output: Output | None = None


@dataclass(frozen=True)
class Naming:
    """The names of one rulebook. own: the outputs of one policy under their bare names, as its own rules read them."""

    rulebook: Rulebook
    own: str = ""
    _found: dict[str, Declared] = field(default_factory=dict, compare=False, repr=False)

    def of(self, name: str) -> Declared:
        """What is behind a name; a name that nobody declares is called by itself."""
        if name not in self._found:
            self._found[name] = self._look_up(name)
        return self._found[name]

    def within(self, key: str) -> Naming:
        """The same, as a policy's own rules read names."""
        return Naming(self.rulebook, key)

    @cached_property
    def _outputs(self) -> dict[str, Output]:
        return {f"{step.entry.key}.{output.name}": output for step in self.rulebook.plan.steps for output in step.outputs}

    @cached_property
    def _policies(self) -> dict[str, Text]:
        return {step.entry.key: step.entry.title for step in self.rulebook.plan.steps}

    @cached_property
    def _times(self) -> Counter[str]:
        """How often a title occurs: one that two outputs share is said with its policy."""
        return Counter(_title(output).en for output in self._outputs.values())

    def _look_up(self, name: str) -> Declared:
        if "." not in name and self.own and f"{self.own}.{name}" in self._outputs:
            output = self._outputs[f"{self.own}.{name}"]
            return Declared(_title(output), output=output)
        if name.startswith("previous."):
            return self._former(name.removeprefix("previous."))
        if name in self._outputs:
            return self._output(name)
        try:
            feature = self.rulebook.catalogue.resolve(name)
        except FeatureError:
            return Declared(Text(name, name))
        return Declared(feature.title, feature=feature)

    def _output(self, address: str) -> Declared:
        output = self._outputs[address]
        title = _title(output)
        if self._times[title.en] > 1:
            policy = self._policies[address.partition(".")[0]]
            title = Text(f"{policy.en} · {title.en}", f"{policy.zh} · {title.zh}")
        return Declared(title, output=output)

    def _former(self, address: str) -> Declared:
        if address in self._outputs:
            found = self._output(address)
            return Declared(Text(f"former {found.title.en}", f"此前的{found.title.zh}"), output=found.output)
        first = next((each for each in self._outputs if each.startswith(f"{address.removesuffix('.since')}.")), address)
        base = address.removesuffix(".since") if address.removesuffix(".since") in self._outputs else first
        title = self._output(base).title if base in self._outputs else Text(address, address)
        return Declared(Text(f"{title.en} since", f"{title.zh}起始日"))


def _title(output: Output) -> Text:
    return output.title or Text(output.name, output.name)
