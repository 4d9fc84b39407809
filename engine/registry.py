"""Find the plugins, load them one by one, and keep the health of each.

Three places: the folders of `plugins/` that ship with Tierwise, the entry points of installed distributions (group
`tierwise.plugins`), and a folder of the operator. A broken plugin is reported and the rest load: pluggy's own loader
stops at the first one that raises, and one raising hook loses the answers of all others.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import pkgutil
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pluggy

from engine import hookspecs
from engine.catalogue import Catalogue, Feature
from engine.errors import FeatureError, PluginError, did_you_mean
from engine.feature_documents import check_feature
from engine.policy import CONTRACT, KEY, Policy, Text

GROUP = "tierwise.plugins"
_BUILT_IN = Catalogue.built_in()


@dataclass(slots=True)
class PluginHealth:
    """One plugin: where it comes from, what it offers, and what is wrong with it."""

    name: str
    origin: str
    version: str = ""
    status: Literal["loaded", "broken", "blocked"] = "loaded"
    error: str = ""
    policies: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)


class Registry:
    """The policy types and features that all loaded plugins offer. Made by `load_plugins`."""

    def __init__(self) -> None:
        self.plugins: dict[str, PluginHealth] = {}
        self.policies: dict[str, type[Policy]] = {}
        self.features: dict[str, Feature] = {}
        self._providers: dict[str, str] = {}
        self._hashes: dict[str, str] = {}

    def policy(self, name: str) -> type[Policy]:
        """The policy type of this name. Raises `PluginError` with the nearest name."""
        try:
            return self.policies[name]
        except KeyError:
            hint = did_you_mean(name, self.policies)
            raise PluginError(f"no plugin offers the policy type {name!r}" + (f"; {hint}" if hint else "")) from None

    def provider(self, policy_type: str) -> PluginHealth:
        """The plugin that offers a policy type."""
        return self.plugins[self._providers[policy_type]]

    def source_hash(self, policy_type: str) -> str:
        """A hash of the module text of a policy type: replay across different code can then say so."""
        if policy_type not in self._hashes:
            self._hashes[policy_type] = _source_hash(self.policies[policy_type])
        return self._hashes[policy_type]

    def add(self, health: PluginHealth, plugin: object) -> None:
        """Register what one plugin offers: all of it, or, when a part is wrong, none and a `PluginError`."""
        policies = [_checked_policy(health, policy) for policy in _answers(plugin, "tierwise_policies")]
        features = [_checked_feature(health, feature) for feature in _answers(plugin, "tierwise_features")]
        named: dict[str, object] = {}
        for name, thing in [(policy.name, policy) for policy in policies] + [(feature.name, feature) for feature in features]:
            taken = health.name if name in named else self._providers.get(name)
            if taken or (isinstance(thing, Feature) and name in _BUILT_IN):
                other = self._origin(taken, health) if taken else "Tierwise itself"
                raise PluginError(f"{name!r} of {health.name} ({health.origin}) is already offered by {other}")
            named[name] = thing
        for policy in policies:
            self.policies[policy.name] = policy
        for feature in features:
            self.features[feature.name] = feature
        self._providers.update(dict.fromkeys(named, health.name))
        health.policies, health.features = [p.name for p in policies], [f.name for f in features]

    def _origin(self, name: str, own: PluginHealth) -> str:
        health = own if name == own.name else self.plugins[name]
        return f"{name} ({health.origin})"


def load_plugins(folder: Path | None = None, blocked: Iterable[str] = (), *, paths: Iterable[Path] = ()) -> Registry:
    """Load the built-in plugins, those of installed distributions, those in `folder`, and single files in `paths`."""
    registry = Registry()
    manager = pluggy.PluginManager("tierwise")
    manager.add_hookspecs(hookspecs)
    for name in blocked:
        manager.set_blocked(name)
    for name, origin, version, load in _found(folder, paths):
        _load_one(registry, manager, PluginHealth(name, origin, version), load)
    return registry


def _load_one(registry: Registry, manager: pluggy.PluginManager, health: PluginHealth, load: Any) -> None:
    name = health.name
    if manager.is_blocked(name):
        health.status = "blocked"
        registry.plugins[name] = health
        return
    if name in registry.plugins:
        health.name = f"{name} ({health.origin})"
        _broken(registry, health, f"a plugin named {name!r} is already loaded from {registry.plugins[name].origin}; rename one of them")
        return
    try:
        plugin = load()
        _check_hooks(manager, plugin, health)
        manager.register(plugin, name)
        registry.add(health, plugin)
        registry.plugins[name] = health
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin is foreign code: whatever it raises, sys.exit() included, the others load
        if manager.has_plugin(name):
            manager.unregister(name=name)
        words = str(error) if isinstance(error, PluginError) else _first_words(error)
        _broken(registry, health, words)


def _check_hooks(manager: pluggy.PluginManager, plugin: object, health: PluginHealth) -> None:
    """Refuse a misspelt hook now, naming the right one; pluggy would find it only after everything has loaded."""
    known = [name for name in vars(hookspecs) if name.startswith("tierwise_")]
    marked = [name for name in dir(plugin) if manager.parse_hookimpl_opts(plugin, name) is not None]
    for name in marked:
        if name not in known:
            hint = did_you_mean(name, known) or f"hooks are {', '.join(known)}"
            raise PluginError(f"{health.name} ({health.origin}) implements the unknown hook {name!r}; {hint}")
    if not marked:
        raise PluginError(f"{health.name} ({health.origin}) implements no hook; mark a function tierwise_policies with @hookimpl")


def _broken(registry: Registry, health: PluginHealth, error: str) -> None:
    health.status, health.error = "broken", error
    registry.plugins[health.name] = health


def _first_words(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _found(folder: Path | None, paths: Iterable[Path]) -> Iterator[tuple[str, str, str, Any]]:
    import plugins
    from engine._version import __version__

    if plugins.__file__ is None:
        raise PluginError("the folder plugins/ in the current directory hides Tierwise's own; start the command elsewhere, or rename it")
    builtin = {info.name for info in pkgutil.iter_modules(plugins.__path__) if not info.name.startswith("_")}
    for name in sorted(builtin):
        yield name, "built in", __version__, lambda name=name: importlib.import_module(f"plugins.{name}")
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
        if entry.value in {f"plugins.{name}" for name in builtin}:
            continue  # a built-in that is an entry point too registers once
        distribution = entry.dist
        yield entry.name, f"package {distribution.name if distribution else '?'}", distribution.version if distribution else "", entry.load
    for path in [*sorted(_files(folder)), *paths]:
        yield path.stem, str(path), "", lambda path=path: load_file(path)


def _files(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        return
    for path in folder.iterdir():
        if path.name.startswith(("_", ".", "test_")):
            continue
        if path.suffix == ".py" or (path / "__init__.py").is_file():
            yield path


def load_file(path: Path) -> ModuleType:
    """Load a plugin from a file or a package folder, under a private module name."""
    source = path / "__init__.py" if path.is_dir() else path
    if not source.is_file():
        raise PluginError(f"there is no plugin at {path}; expected a .py file or a folder with __init__.py")
    name = f"_tierwise_{path.stem}_{hashlib.blake2b(str(source.absolute()).encode(), digest_size=4).hexdigest()}"
    spec = importlib.util.spec_from_file_location(name, source, submodule_search_locations=[str(path)] if path.is_dir() else None)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} is not Python source; expected a .py file or a folder with __init__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _answers(plugin: object, hook: str) -> list[Any]:
    function = getattr(plugin, hook, None)
    if function is None:
        return []
    answers = function()
    if isinstance(answers, str | bytes) or not isinstance(answers, Iterable):
        raise PluginError(f"{hook} returned {type(answers).__name__}; expected a list")
    return list(answers)


def _checked_policy(health: PluginHealth, policy: Any) -> type[Policy]:
    place = f"{health.name} ({health.origin})"
    if not (inspect.isclass(policy) and issubclass(policy, Policy)):
        raise PluginError(f"{place} offers {policy!r} as a policy; expected a subclass of engine.Policy")
    name = getattr(policy, "name", None)
    if not isinstance(name, str) or not KEY.match(name):
        raise PluginError(f"{place}: {policy.__name__}.name is {name!r}; expected lower-case letters, digits and _")
    if policy.contract != CONTRACT:
        raise PluginError(f"{place}: {name} is written for contract {policy.contract}; this engine speaks {CONTRACT}")
    for attribute in ("title", "help"):
        if not isinstance(getattr(policy, attribute, None), Text):
            raise PluginError(f"{place}: {name}.{attribute} is missing; expected Text(en=..., zh=...)")
    return policy


def _checked_feature(health: PluginHealth, feature: Any) -> Feature:
    if not isinstance(feature, Feature):
        raise PluginError(f"{health.name} ({health.origin}) offers {feature!r} as a feature; expected engine.Feature(...)")
    try:
        check_feature(feature)
    except FeatureError as error:
        raise PluginError(f"{health.name} ({health.origin}): {error}") from None
    return feature


def _source_hash(policy: type[Policy]) -> str:
    source = inspect.getsourcefile(policy)
    path = Path(source) if source else None
    if path is None or not path.is_file():
        return ""
    package = (path.parent / "__init__.py").is_file()
    files = sorted(path.parent.glob("*.py")) if package else [path]
    return hashlib.blake2b(b"".join(file.read_bytes() for file in files), digest_size=8).hexdigest()
