"""Plugins come from three places, one by one: a broken one is reported with its reason, and the rest load."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import PluginError
from engine.registry import Registry, load_file, load_plugins

POLICY = """
from engine import Label, Output, Policy, Text, hookimpl


class {cls}(Policy):
    name = "{name}"
    title = help = Text("One", "一")

    def inputs(self):
        return ("orders.count",)

    def outputs(self):
        return (Output("label", labels=(Label("all", Text("All", "全部")),)),)

    def apply(self, columns, state):
        return {{"label": columns["orders.count"] * 0}}


@hookimpl
def tierwise_policies():
    return [{cls}]
"""
FEATURE = """
from engine import Feature, Text, hookimpl


@hookimpl
def tierwise_features():
    return [Feature("{name}", source="orders", aggregate="count", where={{"feature": "channel", "op": "=", "value": "web"}}, title=Text("Web", "网"))]
"""


def plugin(name: str, cls: str = "One") -> str:
    """The text of a plugin that offers one policy type."""
    return POLICY.format(name=name, cls=cls)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An operator's plugins folder."""
    made = tmp_path / "plugins_folder"
    made.mkdir()
    return made


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on sys.path, where distributions can be installed."""
    made = tmp_path / "site"
    made.mkdir()
    monkeypatch.syspath_prepend(str(made))
    return made


def install(site: Path, distribution: str, entries: dict[str, str], **modules: str) -> None:
    """Install a tiny distribution: its metadata, entry points and modules."""
    info = site / f"{distribution.replace('-', '_')}-2.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5\n")
    lines = "\n".join(f"{name} = {value}" for name, value in entries.items())
    (info / "entry_points.txt").write_text(f"[tierwise.plugins]\n{lines}\n")
    for name, text in modules.items():
        (site / f"{name}.py").write_text(text, encoding="utf-8")


def error_of(registry: Registry, name: str) -> str:
    """Why a plugin is broken."""
    health = registry.plugins[name]
    assert health.status == "broken"
    return health.error


def test_the_built_in_plugins_load_and_are_healthy() -> None:
    registry = load_plugins()
    assert {"rfm", "abc", "lifecycle"} <= set(registry.policies)
    for name in ("rfm", "abc", "lifecycle"):
        assert (registry.plugins[name].status, registry.plugins[name].origin) == ("loaded", "built in")
        assert registry.provider(name).name == name
        assert len(registry.source_hash(name)) == 16


def test_a_policy_type_that_nobody_offers_is_named_with_the_nearest() -> None:
    with pytest.raises(PluginError, match="no plugin offers the policy type 'rmf'; did you mean 'rfm'"):
        load_plugins().policy("rmf")


def test_an_installed_distribution_offers_a_policy(site: Path) -> None:
    install(site, "shiny-grades", {"shiny": "shiny_grades_one"}, shiny_grades_one=plugin("shiny"))
    registry = load_plugins()
    health = registry.plugins["shiny"]
    assert (health.status, health.origin, health.version, health.policies) == ("loaded", "package shiny-grades", "2.5", ["shiny"])
    assert registry.policy("shiny").name == "shiny"


def test_a_distribution_whose_module_is_missing_is_reported(site: Path) -> None:
    install(site, "hollow", {"hollow": "hollow_nowhere"})
    registry = load_plugins()
    assert "hollow_nowhere" in error_of(registry, "hollow")
    assert "rfm" in registry.policies


def test_a_folder_holds_files_and_packages(folder: Path) -> None:
    (folder / "single.py").write_text(plugin("single"), encoding="utf-8")
    package = folder / "several"
    package.mkdir()
    (package / "__init__.py").write_text("from .part import tierwise_policies\n")
    (package / "part.py").write_text(plugin("several"), encoding="utf-8")
    for name in ("_private.py", ".hidden.py", "test_single.py", "notes.txt"):
        (folder / name).write_text("raise RuntimeError('this must not run')")
    (folder / "no_package").mkdir()
    registry = load_plugins(folder)
    assert {"single", "several"} <= set(registry.policies)
    assert {health.origin for health in registry.plugins.values() if "built in" not in health.origin} == {
        str(folder / "single.py"),
        str(package),
    }
    before = registry.source_hash("several")
    (package / "part.py").write_text(plugin("several") + "\n# another line\n", encoding="utf-8")
    assert load_plugins(folder).source_hash("several") != before, "the hash covers the whole package"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_like_this", "ModuleNotFoundError: No module named 'nothing_like_this' (bad.py, line 1)"),
        ("x = 1\ny = (", "SyntaxError"),
        ("\n\nraise ValueError('no mood today')", "ValueError: no mood today (bad.py, line 3)"),
        ("import sys\nsys.exit(3)", "SystemExit: 3 (bad.py, line 2)"),
        ("class Deep(BaseException): pass\nraise Deep('x')", "Deep: x"),
        ("x = 1", "implements no hook; mark a function tierwise_policies with @hookimpl"),
        (plugin("bad").replace("@hookimpl", ""), "implements no hook"),
        (
            plugin("bad").replace("def tierwise_policies", "def tierwise_policy"),
            "unknown hook 'tierwise_policy'; did you mean 'tierwise_policies'?",
        ),
        (
            plugin("bad").replace("def tierwise_policies", "def tierwse_policies"),
            "unknown hook 'tierwse_policies'; did you mean 'tierwise_policies'?",
        ),
        (plugin("bad").replace("def tierwise_policies", "def zzz"), "unknown hook 'zzz'; hooks are tierwise_"),
        (plugin("bad").replace("return [One]", "raise OSError('gone')"), "OSError: gone (bad.py"),
        (plugin("bad").replace("return [One]", "raise SystemExit"), "SystemExit"),
        (plugin("bad").replace("return [One]", "return None"), "tierwise_policies returned NoneType; expected a list"),
        (plugin("bad").replace("return [One]", "return 'One'"), "tierwise_policies returned str; expected a list"),
        (plugin("bad").replace("return [One]", "return [One()]"), "expected a subclass of engine.Policy"),
        (plugin("bad").replace("return [One]", "return [int]"), "offers <class 'int'> as a policy"),
        (plugin("bad").replace("return [One]", "return [One, One]"), "'bad' of bad"),
        (plugin("Bad Name"), "One.name is 'Bad Name'; expected lower-case letters, digits and _"),
        (plugin("bad").replace('    name = "bad"\n', ""), "One.name is None"),
        (
            plugin("bad").replace('title = help = Text("One", "一")', 'help = Text("One", "一")'),
            "bad.title is missing; expected Text(en=..., zh=...)",
        ),
        (plugin("bad").replace('title = help = Text("One", "一")', 'title = Text("One", "一"); help = "One"'), "bad.help is missing"),
        (plugin("bad").replace("title = help", "contract = 99; title = help"), "bad is written for contract 99; this engine speaks 1"),
        (
            FEATURE.format(name="orders.web_n").replace("return [Feature(", "return [dict(name="),
            "as a feature; expected engine.Feature(...)",
        ),
        (FEATURE.format(name="orders.count"), "'orders.count' of bad"),
        (FEATURE.format(name="orders.count_30d"), "is already offered by Tierwise itself"),
    ],
)
def test_a_broken_plugin_is_reported_and_the_rest_load(folder: Path, text: str, words: str) -> None:
    (folder / "bad.py").write_text(text, encoding="utf-8")
    (folder / "zealous.py").write_text(plugin("zealous"), encoding="utf-8")
    registry = load_plugins(folder)
    assert words in error_of(registry, "bad")
    assert "bad" not in registry.policies
    assert "orders.web_n" not in registry.features
    assert registry.plugins["zealous"].status == "loaded"
    assert {"rfm", "zealous"} <= set(registry.policies)


def test_a_person_who_interrupts_is_heard(folder: Path) -> None:
    (folder / "slow.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_plugins(folder)


def test_a_plugin_offers_all_or_nothing(folder: Path) -> None:
    two = plugin("first") + plugin("second", "Two").replace("return [Two]", "return [One, Two]").replace(
        'title = help = Text("One", "一")', "", 1
    )
    (folder / "mixed.py").write_text(two, encoding="utf-8")
    registry = load_plugins(folder)
    assert "title is missing" in error_of(registry, "mixed")
    assert not {"first", "second"} & set(registry.policies)


def test_duplicates_are_refused_naming_both_providers(folder: Path, site: Path) -> None:
    install(site, "shiny-grades", {"shiny": "shiny_grades_two"}, shiny_grades_two=plugin("glow"))
    (folder / "also.py").write_text(plugin("glow"), encoding="utf-8")
    (folder / "mine.py").write_text(plugin("rfm"), encoding="utf-8")
    registry = load_plugins(folder)
    assert error_of(registry, "also") == f"'glow' of also ({folder / 'also.py'}) is already offered by shiny (package shiny-grades)"
    assert error_of(registry, "mine") == f"'rfm' of mine ({folder / 'mine.py'}) is already offered by rfm (built in)"
    assert registry.provider("rfm").origin == "built in"


def test_two_plugins_of_one_name_are_refused_and_both_stay_visible(folder: Path) -> None:
    (folder / "rfm.py").write_text(plugin("mine"), encoding="utf-8")
    registry = load_plugins(folder)
    assert registry.plugins["rfm"].status == "loaded"
    assert "already loaded from built in; rename one of them" in error_of(registry, f"rfm ({folder / 'rfm.py'})")


def test_a_feature_of_a_plugin_is_offered_once(folder: Path) -> None:
    (folder / "a_web.py").write_text(FEATURE.format(name="orders.web_count"), encoding="utf-8")
    (folder / "b_web.py").write_text(FEATURE.format(name="orders.web_count"), encoding="utf-8")
    registry = load_plugins(folder)
    assert list(registry.features) == ["orders.web_count"]
    assert "is already offered by a_web" in error_of(registry, "b_web")


def test_a_blocked_plugin_is_not_even_imported(folder: Path) -> None:
    (folder / "blocked_one.py").write_text("raise RuntimeError('imported')")
    registry = load_plugins(folder, ["blocked_one", "abc"])
    assert (registry.plugins["blocked_one"].status, registry.plugins["blocked_one"].error) == ("blocked", "")
    assert registry.plugins["abc"].status == "blocked"
    assert "abc" not in registry.policies


def test_a_single_file_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(plugin("one"), encoding="utf-8")
    registry = load_plugins(paths=[tmp_path / "one.py", tmp_path / "missing.py"])
    assert "one" in registry.policies
    assert (
        error_of(registry, "missing")
        == f"there is no plugin at {tmp_path / 'missing.py'}; expected a .py file or a folder with __init__.py"
    )


def test_what_is_no_python_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("x")
    with pytest.raises(PluginError, match="is not Python source"):
        load_file(tmp_path / "one.txt")
