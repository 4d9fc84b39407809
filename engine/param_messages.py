"""What a policy type says about wrong parameters, as paths and messages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import Fault
from engine.policy import Policy


def known_params(policy_type: type[Policy], path: str) -> list[str]:
    """The parameters beside the one at `path`, which may lie within objects in lists."""
    schema: Any = policy_type.Params()
    for name in re.findall(r"[a-z]\w*", path)[:-1]:
        field_ = schema.fields.get(name)
        schema = getattr(getattr(field_, "inner", field_), "schema", schema)
    return list(schema.fields)


def messages_of(messages: Any, path: str = "") -> Iterator[tuple[str, str | Fault]]:
    """Flatten marshmallow's nested messages into (path, message); the faults of tables and conditions stay faults."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            step = "" if key == "_schema" else f"[{key}]" if isinstance(key, int) else f".{key}"
            yield from messages_of(inner, path + step)
    elif isinstance(messages, list):
        for message in messages:
            yield from messages_of(message, path)
    else:
        yield path, messages if isinstance(messages, Fault) else str(messages)
