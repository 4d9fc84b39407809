"""Plugins, the policy types they offer with their parameters as JSON Schema, and what rules can read."""

from __future__ import annotations

from typing import Any

from engine.api.answers.parts import listing
from engine.api.answers.plugins import Feature, Plugin, PolicyType
from engine.api.kit import Call, Routes
from engine.api.param_schemas import param_schema
from engine.api.problems import Problem
from engine.errors import did_you_mean
from engine.policy import Text

routes = Routes("plugins", "What rules can be made of.")


@routes.verb("GET", "/plugins", "plugins:read", gives=listing(Plugin))
def list_plugins(call: Call) -> Any:
    """Every plugin found, with its version, what it offers, and its health."""
    names = ("name", "origin", "version", "status", "error", "policies", "features")
    items = []
    for health in call.engine.plugins:
        values = {name: getattr(health, name) for name in names}
        items.append({name: list(value) if isinstance(value, tuple | set | frozenset) else value for name, value in values.items()})
    return {"items": items}


@routes.verb("GET", "/policy-types", "plugins:read", gives=listing(PolicyType))
def list_policy_types(call: Call) -> Any:
    """Every policy type that can be used, with the JSON Schema of its parameters."""
    return {"items": [_policy_type(call, name) for name in sorted(call.engine.registry.policies)]}


@routes.verb("GET", "/policy-types/<name>", "plugins:read", gives=PolicyType)
def get_policy_type(call: Call, name: str) -> Any:
    """One policy type with the JSON Schema of its parameters."""
    known = call.engine.registry.policies
    if name not in known:
        raise Problem("not_found", f"there is no policy type {name[:60]!r}; {did_you_mean(name, known) or 'see /policy-types'}")
    return _policy_type(call, name)


def _policy_type(call: Call, name: str) -> dict[str, Any]:
    policy = call.engine.registry.policy(name)
    about = (policy.__doc__ or "").strip().split("\n\n")[0]
    return {"name": name, "version": policy.version, "family": policy.family, "about": about, "params": param_schema(policy)}


@routes.verb("GET", "/features", "rules:read", gives=listing(Feature))
def list_features(call: Call) -> Any:
    """Every feature that rules can read."""
    return {
        "items": [
            {
                "name": feature.name,
                "title": _both(feature.title),
                "meaning": _both(feature.meaning or feature.title),
                "dtype": feature.dtype,
                "unit": feature.unit,
                "nullable": feature.nullable,
                "windowable": feature.windowable,
            }
            for feature in call.engine.features()
        ]
    }


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
