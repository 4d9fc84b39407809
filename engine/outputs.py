"""Check what a policy returned, and bring every output into its one stored form.

======== ============================ ========================================
kind     may be returned as           becomes
======== ============================ ========================================
label    `Codes`, integer positions   `Codes` over the declared keys, int16 (int32 from 32,768 labels on)
flag     bool, integer -1 / 0 / 1     int8
score    any number, NaN is missing   float64, rounded to `decimals`
amount   any number, NaN is missing   float64, rounded to `decimals`
date     datetime64                   datetime64[D]
set      non-negative integer bits    uint64
withheld integer                      int8, -1 or an index into `reasons()`
rule     integer                      int32, -1 or the position of a rule
======== ============================ ========================================

Scores are rounded here, before anybody compares, stores or hashes them (ENGINE 10): the last bits of a float depend on
the processor, four decimals do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

from engine.columns import Array, Codes, Column, Columns, freeze
from engine.errors import PolicyFault, did_you_mean
from engine.policy import Kind, Output, Policy

WITHHELD = "withheld"
RULE = "rule"
EXTRA = (WITHHELD, RULE)
"""Columns that `apply` may return beside its outputs."""

_MISSING: dict[str, Any] = {"label": -1, "flag": -1, "score": np.nan, "amount": np.nan, "date": np.datetime64("NaT"), "set": 0}


def check_outputs(policy: Policy, result: Any, rows: int) -> Columns:
    """Return the outputs of `policy` in their stored form, in the declared order; then "withheld" and "rule", if given.

    result: what `apply` returned for `rows` rows. A row with a "withheld" reason has no value: whatever stands there
    is made missing. Raises `PolicyFault` that names the policy, the output, what was found and what would be right.
    """
    outputs = {output.name: output for output in policy.outputs()}
    _check_names(policy, result, outputs)
    checked: dict[str, Column] = {}
    for name, output in outputs.items():
        checked[name] = _stored(policy, output, _column(policy, name, result[name], rows))
    if WITHHELD in result:
        withheld = _integers(policy, WITHHELD, _column(policy, WITHHELD, result[WITHHELD], rows), len(policy.reasons()), "reasons()")
        checked = {name: _blank(column, outputs[name].kind, withheld >= 0) for name, column in checked.items()}
        checked[WITHHELD] = withheld.astype(np.int8)
    if RULE in result:
        rule = _integers(policy, RULE, _column(policy, RULE, result[RULE], rows), 2**31, "rules")
        checked[RULE] = rule.astype(np.int32)
    return freeze(checked)


def _fault(policy: Policy, message: str) -> NoReturn:
    raise PolicyFault(f"policy type {policy.name!r}: {message}")


def _check_names(policy: Policy, result: Any, outputs: Mapping[str, Output]) -> None:
    if not isinstance(result, Mapping):
        _fault(policy, f"apply returned {type(result).__name__}; return a dict of output name to column")
    lacking = [name for name in outputs if name not in result]
    if lacking:
        _fault(policy, f"apply returned no column {lacking[0]!r}; outputs() declares {', '.join(outputs)}")
    for name in result:
        if name not in outputs and name not in EXTRA:
            hint = did_you_mean(str(name), [*outputs, *EXTRA])
            _fault(policy, f"apply returned the undeclared column {name!r}; declare it in outputs(); {hint}".rstrip("; "))


def _column(policy: Policy, name: str, column: Any, rows: int) -> Column:
    if not isinstance(column, (np.ndarray, Codes)):
        _fault(policy, f"column {name!r} is {type(column).__name__}; return a NumPy array or Codes of {rows} values")
    shape = np.shape(column.codes if isinstance(column, Codes) else column)
    if shape != (rows,):
        _fault(policy, f"column {name!r} has the shape {shape}; {rows} rows were given, so it must be ({rows},)")
    return column


def _stored(policy: Policy, output: Output, column: Column) -> Column:
    return _STORED[output.kind](policy, output, column)


def _label(policy: Policy, output: Output, column: Column) -> Column:
    keys = output.keys
    small = np.int16 if len(keys) < 2**15 else np.int32
    if not isinstance(column, Codes):
        return Codes(_integers(policy, output.name, column, len(keys), "labels").astype(small, copy=False), keys)
    codes = _integers(policy, output.name, column.codes, len(column.values), "values")
    if column.values == keys:
        return Codes(codes.astype(small, copy=False), keys)
    position = {key: i for i, key in enumerate(keys)}
    table = np.array([*(position.get(value, -2) for value in column.values), -1], dtype=small)
    renamed = table[codes]
    if len(renamed) and renamed.min() == -2:
        found = column.values[int(codes[np.argmin(renamed)])]
        hint = did_you_mean(found, keys) or f"declared are {', '.join(keys[:12])}"
        _fault(policy, f"output {output.name!r} returned the undeclared label {found!r}; {hint}")
    return Codes(renamed, keys)


def _flag(policy: Policy, output: Output, column: Column) -> Column:
    array = _array(policy, output, column, "bui", "bool, or integers -1, 0, 1")
    return array.astype(np.int8) if array.dtype.kind == "b" else _integers(policy, output.name, array, 2, "flags").astype(np.int8)


def _number(policy: Policy, output: Output, column: Column) -> Column:
    array = _array(policy, output, column, "fui", "numbers").astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.round(array, output.decimals) + 0.0  # + 0.0 turns -0.0 into 0.0, which hashes differently
    if np.isinf(rounded).any():
        row = int(np.argmax(np.isinf(rounded)))
        _fault(policy, f"output {output.name!r} is {array[row]} in row {row}; return a finite number, or NaN for missing")
    if len(rounded):
        _check_range(policy, output, rounded)
        _check_size(policy, output, rounded)
    return rounded


def _check_range(policy: Policy, output: Output, values: Array) -> None:
    least, most = np.fmin.reduce(values), np.fmax.reduce(values)
    if output.minimum is not None and least < output.minimum:
        _fault(policy, f"output {output.name!r} reaches {least:g}; it declares a minimum of {output.minimum:g}")
    if output.maximum is not None and most > output.maximum:
        _fault(policy, f"output {output.name!r} reaches {most:g}; it declares a maximum of {output.maximum:g}")


def _check_size(policy: Policy, output: Output, values: Array) -> None:
    """Blocks and digests keep a number as a 64-bit integer of its decimals."""
    limit = 10.0 ** (18 - output.decimals)
    large = np.abs(values) > limit
    if large.any():
        row = int(np.argmax(large))
        _fault(policy, f"output {output.name!r} is {values[row]:g} in row {row}; with {output.decimals} decimals it may reach {limit:g}")


def _date(policy: Policy, output: Output, column: Column) -> Column:
    return _array(policy, output, column, "M", "datetime64 dates").astype("datetime64[D]")


def _set(policy: Policy, output: Output, column: Column) -> Column:
    array = _array(policy, output, column, "ui", "integer bits, bit i for label i")
    if array.dtype.kind == "i" and len(array) and array.min() < 0:
        _fault(policy, f"output {output.name!r} has negative bits {array.min()}; return uint64, bit i for label i")
    bits = array.astype(np.uint64)
    known = (1 << len(output.labels)) - 1
    if known < 2**64 - 1 and len(bits) and bits.max() > known:
        _fault(policy, f"output {output.name!r} sets bit {int(bits.max()).bit_length() - 1}; it declares {len(output.labels)} labels")
    return bits


_STORED: dict[Kind, Callable[[Policy, Output, Column], Column]] = {
    "label": _label,
    "flag": _flag,
    "score": _number,
    "amount": _number,
    "date": _date,
    "set": _set,
}


def _array(policy: Policy, output: Output, column: Column, kinds: str, wanted: str) -> Array:
    found = "Codes" if isinstance(column, Codes) else f"an array of {column.dtype}"
    if isinstance(column, Codes) or column.dtype.kind not in kinds:
        _fault(policy, f"output {output.name!r} ({output.kind}) is {found}; return {wanted}")
    return column


def _integers(policy: Policy, name: str, column: Column, count: int, of: str) -> Array:
    """Check that all are -1 or below `count`."""
    if isinstance(column, Codes) or column.dtype.kind not in "ui":
        found = "Codes" if isinstance(column, Codes) else f"an array of {column.dtype}"
        hint = "Codes.of(texts, keys) makes labels of texts" if of == "labels" else "return integers"
        _fault(policy, f"column {name!r} is {found}; return integer positions in {of}, -1 for missing; {hint}")
    if len(column):
        least, most = int(column.min()), int(column.max())
        if least < -1 or most >= count:
            wrong = least if least < -1 else most
            row = int(np.argmax(column == wrong))
            _fault(policy, f"column {name!r} is {wrong} in row {row}; there are {count} {of}, so it must be -1 to {count - 1}")
    return column


def _blank(column: Column, kind: Kind, rows: Array) -> Column:
    if not rows.any():
        return column
    if isinstance(column, Codes):
        return Codes(np.where(rows, column.codes.dtype.type(-1), column.codes), column.values)
    return np.where(rows, np.array(_MISSING[kind], dtype=column.dtype), column)
