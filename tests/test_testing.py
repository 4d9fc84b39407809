"""Each promise of the contract is kept by a sound policy, and catches the policy that breaks it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from marshmallow import EXCLUDE, fields, post_load

from engine import Label, Output, Params, Picture, PluginError, Policy, Reason, Text
from engine.testing import PROMISES, ContractError, check_policy, contract_tests

WORD = Text("word", "词")
BOTH = (Label("high", WORD), Label("low", WORD))


class SoundParams(Params):
    share = fields.Float(load_default=0.5, metadata={"title": WORD, "help": WORD})


class Sound(Policy):
    """Keeps every promise; the policies below break one each."""

    name = "sound"
    title = WORD
    help = WORD
    Params: type[Params] = SoundParams

    def inputs(self) -> tuple[str, ...]:
        return ("orders.amount", "orders.recency_days?")

    def outputs(self) -> tuple[Output, ...]:
        return (Output("level", labels=BOTH), Output("score", kind="score", decimals=2))

    def reasons(self) -> tuple[Reason, ...]:
        return (Reason("none", WORD),)

    def fit(self, columns: Any) -> Any:
        return {"cut": float(np.quantile(columns["orders.amount"], self.params.share))}

    def apply(self, columns: Any, state: Any) -> Any:
        amount = columns["orders.amount"]
        return {
            "level": (amount < state["cut"]).astype(np.int8),
            "score": amount / 3,
            "withheld": np.where(np.isnan(columns["orders.recency_days"]), 0, -1),
        }

    def explain(self, columns: Any, state: Any) -> Any:
        return [Reason("amount", Text("{amount} spent", "消费 {amount}"), {"amount": float(columns["orders.amount"][0])})]

    def bounds(self, state: Any) -> Any:
        return {"orders.amount": [state["cut"]]}

    def pictures(self) -> tuple[Picture, ...]:
        return (Picture("distribution", "levels", WORD, lambda columns, state: {"label": np.array(["high"]), "customers": np.array([1])}),)


def breaks(promise: str, **changes: Any) -> Any:
    """A parametrised case: Sound with some methods replaced, and the promise that this breaks."""
    return pytest.param(type("Broken", (Sound,), changes), promise, id=promise)


class Forgiving(SoundParams):
    class Meta:
        unknown = EXCLUDE


class Drifting(SoundParams):
    @post_load
    def drift(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**data, "share": data["share"] / 2}


class Untitled(Params):
    share = fields.Float(load_default=0.5)


def by_mean(self: Policy, columns: Any, state: Any) -> Any:
    return {**Sound.apply(self, columns, state), "score": columns["orders.amount"] - columns["orders.amount"].mean()}


def by_place(self: Policy, columns: Any, state: Any) -> Any:
    rows = len(columns["orders.amount"])
    score = np.arange(rows, 0.0, -1) if rows == 211 else np.full(rows, 211.0)
    return {**Sound.apply(self, columns, state), "score": score}


def counting(self: Any, columns: Any, state: Any) -> Any:
    self.calls = getattr(self, "calls", 0) + 1
    return {**Sound.apply(self, columns, state), "score": np.full(len(columns["orders.amount"]), float(self.calls))}


def by_first(self: Policy, columns: Any, state: Any) -> Any:
    amount = columns["orders.amount"]
    return {**Sound.apply(self, columns, state), "score": np.full(len(amount), amount[0])}


def remembering(self: Any, columns: Any) -> Any:
    self.cut = Sound.fit(self, columns)["cut"]
    return {"cut": self.cut}


def from_memory(self: Any, columns: Any, state: Any) -> Any:
    return {**Sound.apply(self, columns, state), "score": np.full(len(columns["orders.amount"]), getattr(self, "cut", 0.0))}


def everyone_low(self: Policy, scores: Any, state: Any) -> Any:
    return {"level": np.ones(len(scores["score"]), dtype=np.int8)}


def fitting_at_random(self: Policy, columns: Any) -> Any:
    return {"cut": float(np.random.default_rng().random())}


def writing(self: Policy, columns: Any) -> Any:
    state = Sound.fit(self, columns)
    if columns["orders.amount"].flags.writeable:
        columns["orders.amount"][0] = 0
    return state


def needing_recency(self: Policy, columns: Any) -> Any:
    recency = columns["orders.recency_days"]
    return {"cut": float(np.max(recency[~np.isnan(recency)]))}


BROKEN = [
    breaks("unknown parameters are refused", Params=Forgiving),
    breaks("parameters survive being written out", Params=Drifting),
    breaks("inputs are addresses", inputs=lambda self: ("orders.amount", "orders.recency_days?", "count")),
    breaks("outputs are as declared", apply=lambda self, columns, state: {"level": columns["orders.amount"]}),
    breaks("the same input gives the same outcome", apply=counting),
    breaks("one customer at a time equals the batch", apply=by_mean),
    breaks("order does not matter", apply=by_place),
    breaks("no customers at all are fine", apply=by_first),
    breaks("optional inputs may be missing", fit=needing_recency),
    breaks("fitting again learns the same", fit=fitting_at_random),
    breaks("everything learnt is in the state", fit=remembering, apply=from_memory),
    breaks("regrade gives the labels of apply", graded_by=("score",), regrade=everyone_low),
    breaks("inputs, state and parameters are left alone", fit=writing),
    breaks("it has a name, a version and a contract", version=0),
    breaks("texts are in both languages", Params=Untitled),
    breaks("explanations can be said", explain=lambda self, columns, state: [Reason("x", Text("{amount}", "{amuont}"), {"amount": 1})]),
    breaks("bounds are numbers of its inputs", bounds=lambda self, state: {"orders.amuont": [1.0]}),
    breaks(
        "pictures can be drawn",
        pictures=lambda self: (Picture("funnel", "x", WORD, lambda columns, state: {"label": np.arange(2), "customers": np.arange(3)}),),
    ),
]


def test_a_sound_policy_keeps_every_promise() -> None:
    check_policy(Sound)
    check_policy(Sound, {"share": 0.9}, rows=1)
    check_policy(Sound({"share": 0.1}), seed=3)


@pytest.mark.parametrize(("policy", "promise"), BROKEN)
def test_a_broken_promise_is_found_and_named(policy: type[Policy], promise: str) -> None:
    from engine.contract import Case
    from engine.testing import check_promise

    with pytest.raises(ContractError, match=f"policy 'sound' breaks the promise '{promise}'"):
        check_promise(promise, Case(policy, {}, 211, 7, {}))
    with pytest.raises(ContractError):
        check_policy(policy)


def test_every_promise_has_a_policy_that_breaks_it() -> None:
    broken = {case.id for case in BROKEN}
    implied = {"partitions equal the batch", "others do not matter"}  # whoever breaks these breaks "one at a time" too
    assert broken | implied == set(PROMISES)


@pytest.mark.parametrize("promise", ["partitions equal the batch", "others do not matter"])
def test_a_mean_over_rows_breaks_this_too(promise: str) -> None:
    from engine.contract import Case
    from engine.testing import check_promise

    with pytest.raises(ContractError, match="treat each row alone"):
        check_promise(promise, Case(type("ByMean", (Sound,), {"apply": by_mean}), {}, 211, 7, {}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fit": lambda self, columns: {"cut": columns["orders.amount"]}}, r"not JSON .*convert with float\(\), int\(\), .tolist\(\)"),
        ({"fit": lambda self, columns: [1]}, r"fit returned list; return a dict"),
        ({"fit": lambda self, columns: {"cut": float("nan")}}, r"not JSON"),
        ({"name": "Loud Name"}, r"'Loud Name'; use lower-case"),
        ({"contract": 99}, r"contract is 99; this engine speaks 1"),
        ({"title": Text("only English", " ")}, r"title has no text in zh"),
        ({"inputs": lambda self: ["orders.amount"]}, r"return a tuple"),
        ({"inputs": lambda self: ("orders.amount", "orders.amount?")}, r"'orders.amount' twice"),
        ({"outputs": lambda self: ()}, r"outputs\(\) is empty"),
        ({"outputs": lambda self: (Output("rule", kind="score"),)}, r"may not be named 'rule'"),
        ({"explain": lambda self, columns, state: "because"}, r"return a list of Reason"),
        ({"bounds": lambda self, state: {"orders.amount": [float("inf")]}}, r"return finite numbers"),
        ({"apply": lambda self, columns, state: 1 / 0}, r"ZeroDivisionError"),
    ],
)
def test_the_message_says_how_to_keep_it(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        check_policy(type("Broken", (Sound,), changes))


def test_a_written_input_is_told_from_a_raised_error() -> None:
    broken = type("Writing", (Sound,), {"fit": writing})
    with pytest.raises(ContractError, match=r"input 'orders.amount' was changed in place"):
        check_policy(broken)


class ByWord(Sound):
    """Reads another policy's labels."""

    def inputs(self) -> tuple[str, ...]:
        return ("orders.amount", "orders.recency_days?", "rfm.segment?")

    def apply(self, columns: Any, state: Any) -> Any:
        return {**Sound.apply(self, columns, state), "level": np.where(columns["rfm.segment"] == "champions", 0, 1)}


def test_examples_give_an_input_its_labels() -> None:
    check_policy(ByWord, examples={"rfm.segment": ["champions", "lost", None]})
    with pytest.raises(ContractError, match="'champions' is not a value of this column") as caught:
        check_policy(ByWord, examples={"rfm.segment": ["Champions", "lost"]})
    assert isinstance(caught.value.__cause__, PluginError)


TestSound = contract_tests(Sound, {}, {"share": 0.25})
