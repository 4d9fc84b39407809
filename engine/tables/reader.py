"""Read a decision table from its document: every fault is found, each with its row and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from engine.errors import Fault, RulebookError, did_you_mean
from engine.kinds import (
    ColumnKind,
    KindName,
    Value,
    literal_kind,
    number_problem,
    parse_date,
    shown,
    text_problem,
    tidy_number,
    tidy_text,
    unknown_name,
)
from engine.tables.cells import Cell, literal_cell, parse_cell
from engine.tables.document import POLICIES, HitPolicy, OutputColumn, TableData, check_cell
from engine.tables.tokens import CellError

ROW_LIMIT, INPUT_LIMIT, OUTPUT_LIMIT, FAULT_LIMIT = 10_000, 64, 16, 1_000
KEYS = ("inputs", "outputs", "hit_policy", "rows", "default")


def read_table(document: Any, columns: Mapping[str, ColumnKind] | None = None) -> TableData:
    """Check a document completely. Raises `RulebookError` with all its faults, each with row and column."""
    reader = _Reader(columns)
    data = reader.table(document)
    if reader.faults or data is None:
        faults = reader.faults[:FAULT_LIMIT]
        more = len(reader.faults) - len(faults)
        tail = f"; the first {FAULT_LIMIT:,} are listed" if more else ""
        raise RulebookError(f"the decision table has {len(reader.faults):,} fault{'s' * (len(reader.faults) != 1)}{tail}", faults)
    return data


@dataclass
class _Reader:
    columns: Mapping[str, ColumnKind] | None
    faults: list[Fault] = field(default_factory=list)

    def fault(self, code: str, place: str, found: str, expected: str = "") -> None:
        self.faults.append(Fault(code, place, found, expected))

    def table(self, document: Any) -> TableData | None:
        if not isinstance(document, Mapping):
            self.fault("TW321", "table", f"{shown(document)} is no table", f"an object with {', '.join(KEYS)}")
            return None
        for key in document:
            if key not in KEYS:
                self.fault("TW321", str(key)[:60], "unknown key", did_you_mean(str(key), KEYS))
        inputs = self.inputs(document.get("inputs"))
        outputs = self.outputs(document.get("outputs"))
        policy = self.policy(document.get("hit_policy", "unique"))
        rows = self.rows(document.get("rows"))
        if not inputs or not outputs or rows is None or policy is None:
            return None
        when, then = self.when(rows, inputs), self.then(rows, outputs)
        default = document.get("default")
        default_row = None if default is None else self.values(default, outputs, "default")
        kinds = self.kinds(inputs, when)
        columns = self.output_columns(outputs, [*then, *([default_row] if default_row else [])])
        self.policy_fits(policy, columns)
        if policy == "collect_count" and any(literal_kind(value) not in (None, "number") for value in default_row or []):
            self.fault("TW330", "default", "a default that is no number under collect_count", "leave it out: a count of no hits is 0")
        notes = tuple(tidy_text(str(row.get("note", ""))) if isinstance(row, Mapping) else "" for row in rows)
        return TableData(
            inputs, kinds, columns, policy, tuple(when), tuple(self.typed(then, columns)), self.typed_row(default_row, columns), notes
        )

    def names(self, names: Any, key: str, limit: int) -> list[Any]:
        if not isinstance(names, Sequence) or isinstance(names, str) or not names:
            self.fault("TW322", key, f"{shown(names)} is no list of {key}", "at least one name")
            return []
        if len(names) > limit:
            self.fault("TW331", key, f"{len(names)} {key}", f"at most {limit}")
            return []
        return list(names)

    def name(self, name: Any, place: str, seen: Sequence[str]) -> str:
        if not isinstance(name, str) or not 0 < len(name) <= 200:
            self.fault("TW322", place, f"{shown(name)} is no name", "a text of 1 to 200 characters")
            return ""
        if name in seen:
            self.fault("TW322", place, f"{shown(name)} stands twice", "each name once")
        return tidy_text(name)

    def inputs(self, names: Any) -> tuple[str, ...]:
        found: list[str] = []
        for at, name in enumerate(self.names(names, "inputs", INPUT_LIMIT)):
            found.append(self.name(name, f"inputs[{at}]", found))
            if self.columns is not None and found[-1] and found[-1] not in self.columns:
                self.faults.append(unknown_name("TW332", f"inputs[{at}]", found[-1], self.columns))
        return tuple(found)

    def outputs(self, names: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for at, entry in enumerate(self.names(names, "outputs", OUTPUT_LIMIT)):
            place = f"outputs[{at}]"
            output = dict(entry) if isinstance(entry, Mapping) else {"name": entry}
            output["name"] = self.name(output.get("name"), place, [other["name"] for other in found])
            for key in output.keys() - {"name", "values", "kind"}:
                self.fault("TW321", place, f"unknown key {shown(key)}", did_you_mean(str(key), ("name", "values", "kind")))
            if output.get("kind") not in (None, *get_args(KindName)):
                self.fault("TW322", place, f"unknown kind {shown(output['kind'])}", f"one of {', '.join(get_args(KindName))}")
                output["kind"] = None
            output["values"] = self.declared(output, place)
            found.append(output)
        return found

    def declared(self, output: Mapping[str, Any], place: str) -> list[Any] | None:
        values = output.get("values")
        if values is None:
            return None
        if not isinstance(values, list | tuple) or not values:
            self.fault("TW322", place, f"{shown(values)} is no list of values", "the possible values, the most important first")
            return None
        found = [self.value(value, output.get("kind") == "date", f"{place}.values[{at}]") for at, value in enumerate(values)]
        if len(set(found)) < len(found):
            self.fault("TW322", place, "a value is declared twice", "each value once")
        return found

    def policy(self, policy: Any) -> HitPolicy | None:
        policy = "collect_list" if policy == "collect" else policy
        if isinstance(policy, str) and policy in POLICIES:
            return policy  # type: ignore[return-value]
        self.fault(
            "TW323",
            "hit_policy",
            f"unknown hit policy {shown(policy)}",
            did_you_mean(str(policy), POLICIES) or f"one of {', '.join(POLICIES)}",
        )
        return None

    def rows(self, rows: Any) -> list[Any] | None:
        if not isinstance(rows, list | tuple):
            self.fault("TW321", "rows", f"{shown(rows)} is no list of rows", 'rows such as {"when": [">= 5"], "then": ["A"]}')
            return None
        if not rows or len(rows) > ROW_LIMIT:
            self.fault("TW331", "rows", f"{len(rows):,} rows", f"1 to {ROW_LIMIT:,}")
            return None
        for at, row in enumerate(rows, 1):
            if not isinstance(row, Mapping):
                self.fault("TW321", f"row {at}", f"{shown(row)} is no row", 'an object with "when" and "then"')
                continue
            for key in row.keys() - {"when", "then", "note"}:
                self.fault("TW321", f"row {at}", f"unknown key {shown(key)}", did_you_mean(str(key), ("when", "then", "note")))
        return list(rows)

    def cells(self, row: Any, key: str, count: int, place: str) -> list[Any] | None:
        cells = row.get(key) if isinstance(row, Mapping) else None
        if not isinstance(cells, list | tuple):
            self.fault("TW324", place, f'{shown(cells)} under "{key}"', f"a list of {count} cells")
            return None
        if len(cells) != count:
            self.fault("TW324", place, f'{len(cells)} cells under "{key}"', f"{count}, one per column")
            return None
        return list(cells)

    def when(self, rows: list[Any], inputs: tuple[str, ...]) -> list[tuple[Cell, ...]]:
        found = []
        for at, row in enumerate(rows, 1):
            cells = self.cells(row, "when", len(inputs), f"row {at}") if isinstance(row, Mapping) else None
            found.append(tuple(self.cell(cell, f"row {at}, column {name}") for cell, name in zip(cells or (), inputs, strict=False)))
        return found

    def cell(self, cell: Any, place: str) -> Cell:
        if isinstance(cell, int | float):
            problem = "" if isinstance(cell, bool) else number_problem(cell)
            if not problem:
                return literal_cell(cell if isinstance(cell, bool) else tidy_number(cell))
            self.fault("TW325", place, problem, "a plain number")
        elif not isinstance(cell, str):
            self.fault("TW325", place, f"{shown(cell)} is no cell", 'a text; "-" matches anything, "null" a missing value')
        else:
            try:
                return parse_cell(cell)
            except CellError as error:
                self.fault("TW325", place, error.found, error.expected)
        return Cell()

    def kinds(self, inputs: tuple[str, ...], when: list[tuple[Cell, ...]]) -> dict[str, ColumnKind]:
        found: dict[str, ColumnKind] = {}
        for at, name in enumerate(inputs):
            kind = (self.columns or {}).get(name)
            labels_later = kind is None
            for row, cells in enumerate(when, 1):
                if len(cells) <= at:
                    continue
                kind = kind or next((ColumnKind(k) for k in cells[at].kinds), None)
                if kind is not None:
                    place = f"row {row}, column {name}"
                    self.faults += [f for f in check_cell(cells[at], kind, place) if not (labels_later and f.code == "TW333")]
            if kind is not None:
                found[name] = kind
        return found

    def then(self, rows: list[Any], outputs: list[dict[str, Any]]) -> list[list[Any]]:
        nothing = [None] * len(outputs)
        return [
            self.values(row.get("then"), outputs, f"row {at}") if isinstance(row, Mapping) else nothing for at, row in enumerate(rows, 1)
        ]

    def values(self, cells: Any, outputs: list[dict[str, Any]], place: str) -> list[Any]:
        found = self.cells({"then": cells}, "then", len(outputs), place)
        if found is None:
            return [None] * len(outputs)
        return [
            self.value(value, output.get("kind") == "date", f"{place}, output {output['name']}")
            for value, output in zip(found, outputs, strict=True)
        ]

    def value(self, value: Any, date: bool, place: str) -> Value | None:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            problem = number_problem(value)
            if not problem:
                return tidy_number(value)
        elif isinstance(value, str):
            day = parse_date(value) if date else None
            problem = "" if not date or day else f"{shown(value)} is no date"
            problem = problem or text_problem(value)
            if not problem:
                return day or tidy_text(value)
        else:
            problem = f"{shown(value)} is no value"
        self.fault("TW328", place, problem, 'a date such as "2025-01-31"' if date else "a text, a number, true, false or null")
        return None

    def output_columns(self, outputs: list[dict[str, Any]], then: list[list[Any]]) -> tuple[OutputColumn, ...]:
        return tuple(self.output_column(output, [row[at] for row in then]) for at, output in enumerate(outputs))

    def output_column(self, output: Mapping[str, Any], found: list[Any]) -> OutputColumn:
        declared = output["values"]
        present = [value for value in [*(declared or []), *found] if value is not None]
        told = [literal_kind(value) for value in present]
        kind: KindName = output.get("kind") or (told[0] if told and told[0] else "text")
        values = tuple(dict.fromkeys(declared or (present if kind == "text" else [])))
        keep = values if declared or kind == "text" else None
        return OutputColumn(output["name"], kind, keep, declared is not None)

    def typed(self, then: list[list[Any]], outputs: tuple[OutputColumn, ...]) -> list[tuple[Value | None, ...]]:
        for at, row in enumerate(then, 1):
            self.check_values(row, outputs, f"row {at}")
        return [tuple(row) for row in then]

    def typed_row(self, row: list[Any] | None, outputs: tuple[OutputColumn, ...]) -> tuple[Value | None, ...] | None:
        if row is None:
            return None
        self.check_values(row, outputs, "default")
        return tuple(row)

    def check_values(self, row: list[Any], outputs: tuple[OutputColumn, ...], place: str) -> None:
        for value, output in zip(row, outputs, strict=True):
            where = f"{place}, output {output.name}"
            if value is None:
                continue
            if literal_kind(value) != output.kind:
                self.fault(
                    "TW328", where, f"{shown(value)} is a {literal_kind(value)}", f"this output holds {ColumnKind(output.kind).word}"
                )
            elif output.declared and value not in (output.values or ()):
                self.fault("TW328", where, f"{shown(value)} is not declared", did_you_mean(str(value), map(str, output.values or ())))

    def policy_fits(self, policy: HitPolicy, outputs: tuple[OutputColumn, ...]) -> None:
        if policy in ("priority", "output_order") and not any(output.declared for output in outputs):
            self.fault(
                "TW329",
                "outputs",
                f"no output declares its values, and {policy} needs their order",
                '{"name": "grade", "values": ["A", "B"]}',
            )
        for output in outputs:
            if policy in ("collect_sum", "collect_min", "collect_max") and output.kind != "number":
                self.fault("TW330", f"output {output.name}", f"{policy} of a {output.kind}", "numbers")
