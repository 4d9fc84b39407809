"""The built-in types enter exactly as anybody's plugin does, work together, and say when their code changed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from engine.catalogue import Catalogue
from engine.policy import Policy
from engine.registry import load_plugins
from engine.samples import sample_columns
from plugins.abc import ABC
from plugins.lifecycle import Lifecycle
from plugins.rfm import RFM

VARIANTS: list[Policy] = [
    *(
        RFM({"window_days": w, "frequency": f, "monetary": m})
        for w in (None, 90)
        for f in ("orders", "purchase_days")
        for m in ("sum", "average", "net")
    ),
    ABC(),
    *(
        Lifecycle({"basis": b, "interval": i, "loyal_window_days": w})
        for b in ("fixed", "rhythm")
        for i in ("mean", "median")
        for w in (None, 180)
    ),
]


def test_the_registry_finds_all_three_healthy() -> None:
    registry = load_plugins()
    assert {name: registry.plugins[name].error for name in ("abc", "lifecycle", "rfm")} == {"abc": "", "lifecycle": "", "rfm": ""}
    assert {"abc", "lifecycle", "rfm"} <= set(registry.policies)


def test_every_input_is_in_the_catalogue_and_optional_where_it_can_be_missing() -> None:
    catalogue = Catalogue.built_in()
    for policy in VARIANTS:
        for written in policy.inputs():
            feature = catalogue.resolve(written.removesuffix("?"))
            assert written.endswith("?") == feature.nullable, f"{policy.name} {written}"
        for picture in policy.pictures():
            assert all(name in catalogue for name in picture.needs)


def test_states_survive_json_to_the_last_bit() -> None:
    random = np.random.default_rng(5)
    for policy in VARIANTS:
        state = policy.fit(sample_columns(policy.inputs(), 500, random))
        assert json.loads(json.dumps(state, allow_nan=False)) == state


def test_the_source_hash_covers_the_whole_package(tmp_path: Path) -> None:
    package = tmp_path / "mini"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from engine import hookimpl\nfrom .policy import Mini\n\n@hookimpl\ndef tierwise_policies():\n    return [Mini]\n"
    )
    (package / "policy.py").write_text(
        "from engine import Policy, Text\nfrom .words import WORD\n\nclass Mini(Policy):\n    name = 'mini'\n    title = help = Text(WORD, WORD)\n"
    )
    (package / "words.py").write_text("WORD = 'one'\n")
    before = load_plugins(paths=[package]).source_hash("mini")
    (package / "words.py").write_text("WORD = 'two'\n")
    assert before != load_plugins(paths=[package]).source_hash("mini") != ""
