"""Small policies, registries and facts for tests of the engine's core, without any store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from engine.catalogue import Catalogue
from engine.columns import Codes, Column, Columns, freeze
from engine.plan import Plan
from engine.policy import Label, Output, Policy, State, Text
from engine.registry import PluginHealth, Registry, load_plugins
from engine.rulebook import Rulebook, load_rulebook
from engine.run import Facts
from tests.small_store import key_hash

NAME = Text("Test", "测试")
SIZES = (Label("large", Text("Large", "大")), Label("small", Text("Small", "小")))


class Sized(Policy):
    """A label over what a subclass computes; `size` is overridden."""

    name = "sized"
    title = help = NAME

    def inputs(self) -> tuple[str, ...]:
        return ("orders.amount",)

    def outputs(self) -> tuple[Output, ...]:
        return (Output("size", labels=SIZES),)

    def apply(self, columns: Columns, state: State | None) -> Columns:
        return {"size": (columns["orders.amount"] < 500).astype(np.int8)}


class Median(Sized):
    """Learns the median amount of its population, so that it matters who is in it."""

    name = "median"

    def fit(self, columns: Columns) -> State:
        return {"median": float(np.median(columns["orders.amount"])), "seen": len(columns["orders.amount"])}

    def apply(self, columns: Columns, state: State | None) -> Columns:
        assert state is not None
        return {"size": (columns["orders.amount"] < state["median"]).astype(np.int8)}


def labels(*keys: str) -> tuple[Label, ...]:
    """Labels with these keys."""
    return tuple(Label(key, Text(key, key)) for key in keys)


@cache
def built_in() -> Registry:
    """The built-in plugins, loaded once."""
    return load_plugins()


def registry_of(*policies: type[Policy]) -> Registry:
    """The built-in plugins and some classes of a test."""
    registry = Registry()
    registry.plugins, registry.policies = dict(built_in().plugins), dict(built_in().policies)
    registry._providers = dict(built_in()._providers)
    for policy in policies:
        registry.policies[policy.name] = policy
        registry.plugins[policy.name] = PluginHealth(policy.name, "test")
        registry._providers[policy.name] = policy.name
    return registry


def book_of(entries: Sequence[Mapping[str, Any]], *policies: type[Policy], **rest: Any) -> Rulebook:
    """A checked rulebook of these entries."""
    return load_rulebook(
        {"name": "Test", "policies": [dict(entry) for entry in entries], **rest}, registry_of(*policies), Catalogue.built_in()
    )


def plan_of(*entries: Mapping[str, Any] | type[Policy]) -> Plan:
    """The plan of entries; a class stands for an entry with its name as key."""
    classes = [entry for entry in entries if isinstance(entry, type)]
    written = [{"type": entry.name} if isinstance(entry, type) else {k: v for k, v in entry.items() if k != "class"} for entry in entries]
    classes += [entry["class"] for entry in entries if not isinstance(entry, type) and "class" in entry]
    return book_of(written, *classes).plan


def facts(
    count: int = 20, *, not_graded: Sequence[str | None] | None = None, previous: Mapping[str, Column] | None = None, **columns: Column
) -> Facts:
    """Facts of `count` customers: amounts 100, 200, ... unless given; "orders_count" stands for orders.count."""
    named = {name.replace("orders_", "orders.", 1).replace("profile_", "profile.", 1): column for name, column in columns.items()}
    named.setdefault("orders.amount", np.arange(1, count + 1) * 100.0)
    named.setdefault("orders.count", np.arange(count, dtype=np.int64))
    keys = np.array([key_hash(f"C{n}") for n in range(count)], dtype=np.int64)
    graded = None if not_graded is None else Codes.of(not_graded)
    return Facts(np.arange(1, count + 1), keys, freeze(named), graded, freeze(previous or {}))
