"""The plugin contract as tests, which the author of a policy runs in one line.

::

    from engine.testing import check_policy, contract_tests

    def test_big_spender() -> None:
        check_policy(BigSpender)                     # every promise, on random customers

    TestBigSpender = contract_tests(BigSpender)      # or: one pytest test per promise

A policy that keeps these promises gives the same outcome for a million customers, for one, in any order and in any
partition; and console, report and command line can show it in both languages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.contract import ARITHMETIC, Case, ContractError
from engine.contract_texts import PRESENTATION
from engine.policy import Policy

__all__ = ["PROMISES", "Case", "ContractError", "check_policy", "check_promise", "contract_tests"]

PROMISES: dict[str, Callable[[Case], None]] = {**ARITHMETIC, **PRESENTATION}
"""What every policy promises, by name, in the order of checking."""


def check_policy(
    policy: type[Policy] | Policy,
    params: Mapping[str, Any] | None = None,
    *,
    rows: int = 211,
    seed: int = 7,
    examples: Mapping[str, Sequence[Any]] | None = None,
) -> None:
    """Run every promise of the contract on random customers.

    policy: the class (tried with `params`, default: none given), or a configured instance.
    examples: values to draw from for inputs whose name says too little, such as
        `{"rfm.segment": ["champions", "lost", None]}`; None is missing.
    Raises `ContractError` for the first broken promise.
    """
    case = _case(policy, params, rows, seed, examples)
    for name in PROMISES:
        check_promise(name, case)


def check_promise(name: str, case: Case) -> None:
    """Check one promise. Raises `ContractError`; an exception of the policy itself is its cause."""
    try:
        PROMISES[name](case)
    except ContractError as error:
        raise ContractError(f"{_name(case)} breaks the promise {name!r}: {error}") from error.__cause__
    except Exception as error:
        raise ContractError(f"{_name(case)} breaks the promise {name!r}: {type(error).__name__}: {error}") from error


def contract_tests(
    policy: type[Policy] | Policy,
    *params: Mapping[str, Any],
    rows: int = 211,
    seed: int = 7,
    examples: Mapping[str, Sequence[Any]] | None = None,
) -> type:
    """Return a pytest class with one test per promise and set of parameters; assign it to a name that begins with Test."""
    import pytest

    cases = [_case(policy, each, rows, seed, examples) for each in params or ({},)]

    class TestContract:
        @pytest.mark.parametrize("promise", list(PROMISES))
        @pytest.mark.parametrize("case", cases, ids=[json.dumps(case.params, ensure_ascii=False)[:60] for case in cases])
        def test_promise(self, case: Case, promise: str) -> None:
            check_promise(promise, case)

    return TestContract


def _case(
    policy: type[Policy] | Policy, params: Mapping[str, Any] | None, rows: int, seed: int, examples: Mapping[str, Sequence[Any]] | None
) -> Case:
    if isinstance(policy, Policy):
        dumped = type(policy).Params().dump(vars(policy.params))
        return Case(type(policy), dumped, rows, seed, examples or {})
    return Case(policy, params or {}, rows, seed, examples or {})


def _name(case: Case) -> str:
    return f"policy {getattr(case.type, 'name', case.type.__name__)!r}"
