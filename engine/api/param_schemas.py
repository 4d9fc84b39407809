"""The parameters of a policy type as JSON Schema, out of the marshmallow schema that alone decides what is valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apispec
from apispec.ext.marshmallow import MarshmallowPlugin

from engine.policy import Policy, Text


def param_schema(policy: type[Policy]) -> dict[str, Any]:
    """JSON Schema (2020-12) of a policy type's parameters; titles and help in both languages under `x-text`."""
    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: "")
    apispec.APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
    schema = policy.Params()
    converter: Any = plugin.converter
    found: dict[str, Any] = converter.schema2jsonschema(schema)
    for name, field in schema.fields.items():
        key = field.data_key or name
        if key in found.get("properties", {}):
            found["properties"][key] = _plain({**found["properties"][key], **_texts(field.metadata)})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "additionalProperties": False, **_plain(found)}


def _texts(metadata: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: {"en": value.en, "zh": value.zh} for name, value in metadata.items() if isinstance(value, Text)}
    extra = {f"x-{name}": value for name, value in metadata.items() if name in ("unit", "widget", "editor") and isinstance(value, str)}
    return {**({"x-text": texts, "title": texts["title"]["en"]} if "title" in texts else {}), **extra}


def _plain(value: Any) -> Any:
    """What JSON can hold, whatever a plugin's author put into the schema."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner) for inner in value]
    if isinstance(value, Text):
        return {"en": value.en, "zh": value.zh}
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
