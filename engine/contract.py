"""What every policy promises about its arithmetic: the same outcome in any batch, order and partition.

Each promise is a function that raises `ContractError`; `engine.testing` runs them, and those of `engine.contract_texts`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from engine.columns import Array, Codes, Column, Columns, freeze, take_rows
from engine.outputs import EXTRA, check_outputs
from engine.policy import Policy, State
from engine.samples import emptied, sample_columns, split


class ContractError(AssertionError):
    """A policy breaks a promise of the plugin contract; the message says which, and how to keep it."""


@dataclass(frozen=True)
class Case:
    """A policy type with parameters, and the random customers it is tried on."""

    type: type[Policy]
    params: Mapping[str, Any]
    rows: int
    seed: int
    examples: Mapping[str, Sequence[Any]]

    @cached_property
    def policy(self) -> Policy:
        """The configured policy."""
        return self.type(self.params)

    @cached_property
    def columns(self) -> Columns:
        """The inputs of `rows` random customers, read-only."""
        random = np.random.default_rng(self.seed)
        return freeze(sample_columns(self.policy.inputs(), self.rows, random, examples=self.examples))

    @cached_property
    def state(self) -> State | None:
        """What `fit` learns from these customers, as JSON gives it back."""
        return _json(self.policy.fit(self.columns))

    @cached_property
    def result(self) -> Columns:
        """The checked outcome of all customers in one batch."""
        return self.apply(self.columns, self.rows)

    def apply(self, columns: Columns, rows: int) -> Columns:
        """The checked outcome of some customers."""
        return check_outputs(self.policy, self.policy.apply(columns, self.state), rows)

    def apply_rows(self, rows: Array | slice) -> Columns:
        """The checked outcome of the customers at these places, on their own."""
        return self.apply(take_rows(self.columns, rows), len(np.arange(self.rows)[rows]))


def _json(state: Any) -> State | None:
    if state is None:
        return None
    try:
        loaded = json.loads(json.dumps(state, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ContractError(f"fit returned something that is not JSON ({error}); convert with float(), int(), .tolist()") from error
    if not isinstance(loaded, dict):
        raise ContractError(f"fit returned {type(state).__name__}; return a dict, or None for nothing learnt")
    return loaded


def same(one: Column, other: Column) -> bool:
    """Whether two columns are equal bit by bit, missing values included."""
    if isinstance(one, Codes) or isinstance(other, Codes):
        return isinstance(one, Codes) and isinstance(other, Codes) and one.values == other.values and same(one.codes, other.codes)
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def _must_equal(expected: Columns, found: Columns, what: str) -> None:
    if list(expected) != list(found):
        raise ContractError(f"{what} returns the columns {', '.join(found)} instead of {', '.join(expected)}")
    for name, column in expected.items():
        if not same(column, found[name]):
            at = _first_difference(column, found[name])
            raise ContractError(
                f"{what} differs in column {name!r}, first in row {at}: {_value(column, at)} in the batch, {_value(found[name], at)} here; "
                "treat each row alone, without sum, mean, rank or product over rows"
            )


def _first_difference(one: Column, other: Column) -> int:
    return next((i for i in range(min(len(one), len(other))) if not same(one[i : i + 1], other[i : i + 1])), 0)


def _value(column: Column, row: int) -> Any:
    return column.texts()[row] if isinstance(column, Codes) else column[row]


def _join(parts: list[Columns]) -> dict[str, Column]:
    joined: dict[str, Column] = {}
    for name, first in parts[0].items():
        columns = [part[name] for part in parts]
        if isinstance(first, Codes):
            joined[name] = Codes(np.concatenate([c.codes for c in columns if isinstance(c, Codes)]), first.values)
        else:
            joined[name] = np.concatenate([c for c in columns if not isinstance(c, Codes)])
    return joined


def _outputs(case: Case) -> None:
    if not case.policy.outputs():
        raise ContractError("outputs() is empty; declare at least one Output")
    for output in case.policy.outputs():
        if output.name in EXTRA:
            raise ContractError(f"an output may not be named {output.name!r}, which `apply` uses for reasons and rules")
    _ = case.result


def _inputs(case: Case) -> None:
    inputs = case.policy.inputs()
    if not isinstance(inputs, tuple) or not all(isinstance(name, str) for name in inputs):
        raise ContractError(f"inputs() returned {inputs!r}; return a tuple of names, such as ('orders.count',)")
    names = [split(name)[0] for name in inputs]
    doubled = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if doubled:
        raise ContractError(f"inputs() names {doubled!r} twice")
    bare = next((name for name in names if "." not in name), None)
    if bare is not None:
        raise ContractError(f"input {bare!r} is no address; features and outputs are <source>.<name>, such as orders.count")


def _single(case: Case) -> None:
    parts = [case.apply_rows(slice(i, i + 1)) for i in range(case.rows)]
    _must_equal(case.result, _join(parts), "one customer at a time")


def _partitions(case: Case) -> None:
    for count in (2, 7):
        edges = np.linspace(0, case.rows, count + 1).astype(int)
        parts = [case.apply_rows(slice(a, b)) for a, b in pairwise(edges)]
        _must_equal(case.result, _join(parts), f"the outcome in {count} partitions")


def _order(case: Case) -> None:
    shuffled = np.random.default_rng(case.seed).permutation(case.rows)
    _must_equal(take_rows(case.result, shuffled), case.apply_rows(shuffled), "the outcome of shuffled customers")


def _subset(case: Case) -> None:
    chosen = np.flatnonzero(np.random.default_rng(case.seed).random(case.rows) < 0.3)
    _must_equal(take_rows(case.result, chosen), case.apply_rows(chosen), "the outcome of some of the customers")


def _nobody(case: Case) -> None:
    case.apply_rows(slice(0, 0))


def _repeat(case: Case) -> None:
    _must_equal(case.result, case.apply(case.columns, case.rows), "a second apply")


def _fit_again(case: Case) -> None:
    again = _json(case.policy.fit(case.columns))
    if again != case.state:
        raise ContractError(f"a second fit on the same customers returned {again!r} instead of {case.state!r}")
    _must_equal(case.result, case.apply(case.columns, case.rows), "apply after a second fit")


def _no_memory(case: Case) -> None:
    _ = case.result
    if case.rows > 1:
        case.policy.fit(take_rows(case.columns, slice(0, case.rows // 2)))
    _must_equal(case.result, case.apply(case.columns, case.rows), "apply after a fit on other customers")
    fresh = case.type(case.params)
    found = check_outputs(fresh, fresh.apply(case.columns, case.state), case.rows)
    _must_equal(case.result, found, "a new object with the stored state")


def _untouched(case: Case) -> None:
    before = {name: _copy(column) for name, column in case.columns.items()}
    params, state = json.dumps(_params(case), sort_keys=True), json.dumps(case.state, sort_keys=True)
    writable = {name: _copy(column) for name, column in before.items()}
    case.policy.fit(writable)
    case.policy.apply(writable, case.state)
    changed = next((name for name, column in before.items() if not same(column, writable[name])), None)
    if changed:
        raise ContractError(f"input {changed!r} was changed in place; make a copy first")
    if json.dumps(case.state, sort_keys=True) != state:
        raise ContractError("apply changed the state; it must only read it")
    if json.dumps(_params(case), sort_keys=True) != params:
        raise ContractError("fit or apply changed self.params; keep what is learnt in the state")


def _regrade(case: Case) -> None:
    names = case.policy.graded_by
    if not names:
        return
    given = case.policy.regrade(freeze({name: case.result[name] for name in names}), case.state)
    labels = [output.name for output in case.policy.outputs() if output.labels and output.name in given]
    if not labels or len(labels) < len(given):
        raise ContractError(f"regrade returned {', '.join(given) or 'nothing'}; return label outputs of the policy, and only those")
    found = check_outputs(case.policy, {**case.result, **given}, case.rows)
    _must_equal({name: case.result[name] for name in labels}, {name: found[name] for name in labels}, "regrade by the policy's own scores")


def _params(case: Case) -> Any:
    return type(case.policy).Params().dump(vars(case.policy.params))


def _copy(column: Column) -> Column:
    return Codes(column.codes.copy(), column.values, closed=column.closed) if isinstance(column, Codes) else column.copy()


def _missing(case: Case) -> None:
    optional = [name for name, may in map(split, case.policy.inputs()) if may]
    for names in [[name] for name in optional] + ([optional] if len(optional) > 1 else []):
        columns = freeze({**case.columns, **{name: emptied(case.columns[name], slice(None)) for name in names}})
        try:
            case.apply(columns, case.rows)
            _json(case.policy.fit(columns))
        except Exception as error:
            raise ContractError(f"it fails where the optional {', '.join(names)} is missing: {error}") from error


def _unknown_parameter(case: Case) -> None:
    try:
        case.type({**case.params, "no_such_parameter": 1})
    except Exception:  # whatever it says, it refused
        return
    raise ContractError("an unknown parameter is accepted; let Params inherit from engine.Params and keep Meta.unknown = RAISE")


def _full_params(case: Case) -> None:
    full = case.type.full_params(case.params)
    text = json.dumps(full, sort_keys=True, allow_nan=False)
    again = json.dumps(case.type.full_params(json.loads(text)), sort_keys=True)
    if again != text:
        raise ContractError(f"parameters with their defaults written out load as others: {text} became {again}")
    rebuilt = case.type(json.loads(text))
    if (rebuilt.inputs(), [o.name for o in rebuilt.outputs()]) != (case.policy.inputs(), [o.name for o in case.policy.outputs()]):
        raise ContractError("parameters with their defaults written out give other inputs or outputs")


ARITHMETIC: dict[str, Callable[[Case], None]] = {
    "unknown parameters are refused": _unknown_parameter,
    "parameters survive being written out": _full_params,
    "inputs are addresses": _inputs,
    "outputs are as declared": _outputs,
    "the same input gives the same outcome": _repeat,
    "one customer at a time equals the batch": _single,
    "partitions equal the batch": _partitions,
    "order does not matter": _order,
    "others do not matter": _subset,
    "no customers at all are fine": _nobody,
    "optional inputs may be missing": _missing,
    "fitting again learns the same": _fit_again,
    "everything learnt is in the state": _no_memory,
    "regrade gives the labels of apply": _regrade,
    "inputs, state and parameters are left alone": _untouched,
}
"""The promises of this page, by name, in the order of checking."""
