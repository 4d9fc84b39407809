"""The whole API under requests made from its own description, right ones and wrong ones: never a 5xx, no answer that is not as described."""

from __future__ import annotations

import logging
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from engine.permissions import ROLES
from tests.api.conftest import Client
from tests.api.described import mismatches

LONG = os.environ.get("TIERWISE_TRIALS") == "long"
EACH = 45 if LONG else 13
CASES = 50_000 if LONG else 2_000


def drawn(strategy: Any) -> list[Any]:
    """Examples of a strategy."""
    found: list[Any] = []
    health = list(HealthCheck)

    @settings(max_examples=EACH, database=None, deadline=None, derandomize=not LONG, phases=[Phase.generate], suppress_health_check=health)
    @given(strategy)
    def take(case: Any) -> None:
        found.append(case)

    take()
    return found


@pytest.mark.parametrize("role", list(ROLES) if LONG else ["administrator"])
@pytest.mark.filterwarnings("ignore")  # those of the tool
def test_no_request_breaks_it(api: Client, role: str) -> None:
    logging.getLogger("tierwise.api").setLevel(logging.ERROR)
    gate = api.app.extensions["tierwise-api"].gate
    gate.heavy = gate.light = 10**9
    schema: Any = schemathesis.openapi.from_dict(api.app.extensions["tierwise-api"].spec.to_dict())
    schema.app = api.app
    api.engine.people.add("fuzz", roles=[role])
    secrets = [api.key(user="fuzz").secret]
    wrong: dict[str, str] = {}
    sent = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        takes = operation.path_parameters or operation.query or operation.headers or operation.body
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and (not takes or operation.label.endswith("/docs/{name}")):
                continue

            for case in drawn(operation.as_strategy(generation_mode=mode)):
                sent += 1
                answer = case.call(headers={"Authorization": f"Bearer {secrets[-1]}"})
                if answer.status_code >= 500 or str(answer.status_code) not in operation.definition.raw["responses"]:
                    wrong[f"{case.method} {case.path} {answer.status_code}"] = answer.text[:300]
                untrue = mismatches(api.app, case.method, case.path, answer)
                if untrue:
                    wrong[f"{case.method} {case.path} {answer.status_code}"] = f"{untrue[0]}: {answer.text[:300]}"
                if answer.status_code == 401:  # it found the route that revokes keys, or disables users
                    api.engine.people.disable("fuzz", back=True)
                    secrets.append(api.key(user="fuzz").secret)
    assert wrong == {}
    assert sent >= (CASES // len(ROLES) if LONG else CASES)
    assert api.get("/health")["status"] == "ok"
    assert api.engine.audit.verify().whole
