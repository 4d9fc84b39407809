"""What every policy promises to people: texts in both languages, reasons, bounds and pictures that can be drawn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, get_args

import numpy as np

from engine.columns import Codes, take_rows
from engine.contract import Case, ContractError
from engine.policy import CONTRACT, KEY, PictureKind, Reason, Text
from engine.samples import sample_columns, split

EXPLAINED = 25
"""So many of the random customers are explained; each one is a call."""

LARGEST_PICTURE = 10_000
"""Rows of a picture: it is drawn, not listed."""


def _identity(case: Case) -> None:
    name = getattr(case.type, "name", None)
    if not isinstance(name, str) or not KEY.match(name):
        raise ContractError(f"name is {name!r}; use lower-case letters, digits and _")
    if case.type.contract != CONTRACT:
        raise ContractError(f"contract is {case.type.contract}; this engine speaks {CONTRACT}")
    if not isinstance(case.type.version, int) or case.type.version < 1:
        raise ContractError(f"version is {case.type.version!r}; use 1, and raise it whenever results change")


def _titles(case: Case) -> None:
    for place, text in _texts(case):
        if not isinstance(text, Text):
            raise ContractError(f"{place} is {text!r}; use Text(en=..., zh=...)")
        for language in ("en", "zh"):
            if not text.in_(language).strip():
                raise ContractError(f"{place} has no text in {language}")


def _texts(case: Case) -> Iterator[tuple[str, Any]]:
    yield "title", getattr(case.type, "title", None)
    yield "help", getattr(case.type, "help", None)
    for name, field in case.type.Params().fields.items():
        yield f"the title of parameter {name!r}", field.metadata.get("title")
        yield f"the help of parameter {name!r}", field.metadata.get("help")
    for output in case.policy.outputs():
        if output.title is not None:
            yield f"the title of output {output.name!r}", output.title
        for label in output.labels:
            yield f"the title of label {label.key!r}", label.title
    for reason in case.policy.reasons():
        yield f"the text of reason {reason.key!r}", reason.text
    for picture in case.policy.pictures():
        yield f"the title of picture {picture.name!r}", picture.title


def _explanations(case: Case) -> None:
    for row in range(min(case.rows, EXPLAINED)):
        one = slice(row, row + 1)
        columns = {**take_rows(case.columns, one), **take_rows(case.result, one)}
        reasons = case.policy.explain(columns, case.state)
        if not isinstance(reasons, list) or not all(isinstance(reason, Reason) for reason in reasons):
            raise ContractError(f"explain returned {reasons!r}; return a list of Reason")
        for reason in reasons:
            _check_reason(reason)


def _check_reason(reason: Reason) -> None:
    for language in ("en", "zh"):
        text = reason.text.in_(language)
        try:
            said = text.format_map(dict(reason.values or {}))
        except (KeyError, IndexError, ValueError) as error:
            raise ContractError(f"reason {reason.key!r} cannot be said in {language}: {text!r} needs {error}") from error
        if not said.strip():
            raise ContractError(f"reason {reason.key!r} says nothing in {language}")


def _bounds(case: Case) -> None:
    names = [split(name)[0] for name in case.policy.inputs()]
    for name, values in case.policy.bounds(case.state).items():
        if name not in names:
            raise ContractError(f"bounds() names {name!r}; inputs are {', '.join(names)}")
        if not all(isinstance(value, (int, float)) and math.isfinite(value) for value in values):
            raise ContractError(f"bounds() of {name!r} are {values!r}; return finite numbers")


def _pictures(case: Case) -> None:
    names = [picture.name for picture in case.policy.pictures()]
    if len(set(names)) < len(names):
        raise ContractError(f"pictures() uses a name twice: {', '.join(names)}")
    for picture in case.policy.pictures():
        if picture.kind not in get_args(PictureKind):
            raise ContractError(f"picture {picture.name!r} is a {picture.kind!r}; kinds are {', '.join(get_args(PictureKind))}")
        offered = sample_columns(picture.needs, case.rows, np.random.default_rng(case.seed), examples=case.examples)
        for needs in ({}, offered):
            drawn = picture.data({**needs, **case.columns, **case.result}, case.state or {})
            sizes = {name: len(column if isinstance(column, Codes) else np.atleast_1d(column)) for name, column in drawn.items()}
            if len(set(sizes.values())) != 1 or max(sizes.values()) > LARGEST_PICTURE:
                raise ContractError(f"picture {picture.name!r} has columns of {sizes}; return equal lengths up to {LARGEST_PICTURE:,}")


PRESENTATION: dict[str, Callable[[Case], None]] = {
    "it has a name, a version and a contract": _identity,
    "texts are in both languages": _titles,
    "explanations can be said": _explanations,
    "bounds are numbers of its inputs": _bounds,
    "pictures can be drawn": _pictures,
}
"""The promises of this page, by name, in the order of checking."""
