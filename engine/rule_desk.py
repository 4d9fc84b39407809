"""`engine.rules`: what whoever writes rules asks for: what may be read, what the rules do, tables as spreadsheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from engine.rule_inputs import RuleInput, labels_of, rule_inputs
from engine.table_files import table_file, table_of_file

if TYPE_CHECKING:
    from engine.rule_inspection import RuleInspection
    from engine.service import Engine


class RuleDesk:
    """The verbs of rules that are being written. Documents may have faults; nothing is stored."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def inputs(self, document: Any, policy: str) -> Sequence[RuleInput]:
        """Everything that the rules of a policy of a rulebook document may read, with kinds, titles, units and labels."""
        return rule_inputs(document, policy, self._engine.catalogue, self._engine.registry)

    def labels(self, document: Any, policy: str) -> dict[str, list[dict[str, Any]]]:
        """The labels of a policy's outputs, by the name of the output."""
        return labels_of(document, policy, self._engine.registry)

    def inspect(self, document: Mapping[str, Any], policy: str, place: str, *, asker: str = "") -> RuleInspection | None:
        """Hits by row, findings, and what would mend them, over all stored customers; see `engine.previews.Previews.inspect`."""
        return self._engine.previews.inspect(document, policy, place, asker=asker)

    def to_file(self, table: Any, ending: str) -> bytes:
        """A decision table as a spreadsheet ("xlsx" or "csv"). Raises `RulebookError` for a faulty table."""
        return table_file(table, ending)

    def of_file(self, name: str, data: bytes) -> dict[str, Any]:
        """The decision table in a spreadsheet. Raises `RulebookError` with every fault, naming cells."""
        return table_of_file(name, data)
