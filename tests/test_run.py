"""Evaluating a plan: who is withheld and why, what is learnt from whom, and a fault that takes nobody else with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.columns import Codes, Column, Columns
from engine.executors.local import LocalExecutor
from engine.policy import Label, Output, Policy, Reason, State, Text
from engine.run import Outcome, compute, outcome_digest
from tests.small_book import NAME, SIZES, Median, Sized, facts, labels, plan_of


def reasons(outcome: Outcome, key: str) -> list[str | None]:
    """The reason of every row, None where there is a value."""
    found = outcome.policies[key].reason
    assert found is not None
    return [None if position < 0 else str(outcome.reasons[position]) for position in found.tolist()]


def texts(outcome: Outcome, address: str) -> list[str | None]:
    column = outcome.column(address)
    assert isinstance(column, Codes)
    return column.texts()


def raw(column: Column) -> bytes:
    """A column's exact bytes."""
    return column.codes.tobytes() if isinstance(column, Codes) else column.tobytes()


def everything(outcome: Outcome) -> dict[str, Any]:
    """All that a run keeps of an outcome, byte for byte."""
    found: dict[str, Any] = {"digest": outcome_digest(outcome)}
    for key, policy in outcome.policies.items():
        found[key] = (policy.state, policy.fault, policy.stale_because, reasons(outcome, key) if policy.sound else None)
        found |= {f"{key}.{name}": raw(column) for name, column in policy.columns.items()}
        found[f"{key} rule"] = None if policy.rule is None else policy.rule.tobytes()
    return found


# --- missing inputs ---------------------------------------------------------------------------------------------


class Seen(Sized):
    """Tells which rows it was given, in its rule column."""

    name = "seen"
    optional = ""

    def inputs(self) -> tuple[str, ...]:
        return ("orders.amount", f"orders.average_amount{self.optional}")

    def apply(self, columns: Columns, state: State | None) -> Columns:
        average: Any = columns["orders.average_amount"]
        return {"size": np.isnan(average).astype(np.int8), "rule": (np.asarray(columns["orders.amount"]) / 100).astype(np.int64)}


def test_a_row_without_a_required_input_is_withheld_and_never_shown_to_the_policy() -> None:
    outcome = compute(plan_of(Seen), facts(3, **{"orders.average_amount": np.array([5.0, np.nan, 7.0])}))
    assert reasons(outcome, "seen") == [None, "missing: orders.average_amount", None]
    assert texts(outcome, "seen.size") == ["large", None, "large"]
    assert outcome.policies["seen"].rule is not None
    assert outcome.policies["seen"].rule.tolist() == [1, -1, 3]


def test_an_optional_input_may_be_missing() -> None:
    optional = type("Optional", (Seen,), {"optional": "?"})
    outcome = compute(plan_of(optional), facts(3, **{"orders.average_amount": np.array([5.0, np.nan, 7.0])}))
    assert reasons(outcome, "seen") == [None, None, None]
    assert texts(outcome, "seen.size") == ["large", "small", "large"]


@pytest.mark.parametrize(
    "column",
    [
        np.array([1.0, np.nan]),
        np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"),
        np.array([1, -1], dtype=np.int8),
        Codes(np.array([0, -1]), ("north",), closed=False),
    ],
    ids=["number", "date", "flag", "text"],
)
def test_every_kind_of_column_has_its_missing_form(column: Column) -> None:
    class Needy(Sized):
        name = "needy"

        def inputs(self) -> tuple[str, ...]:
            return ("orders.average_amount",)

        def apply(self, columns: Columns, state: State | None) -> Columns:
            return {"size": np.zeros(len(columns["orders.average_amount"]), dtype=np.int8)}

    outcome = compute(plan_of(Needy), facts(2, **{"orders.average_amount": column}))
    assert reasons(outcome, "needy") == [None, "missing: orders.average_amount"]


class Holding(Sized):
    """Withholds small amounts for a reason of its own; whatever it says of them does not count."""

    name = "holding"

    def reasons(self) -> tuple[Reason, ...]:
        return (Reason("poor", Text("spent too little", "消费太少")),)

    def apply(self, columns: Columns, state: State | None) -> Columns:
        poor = np.asarray(columns["orders.amount"]) < 250
        return {"size": np.zeros(len(poor), dtype=np.int8), "withheld": np.where(poor, 0, -1)}


class Next(Sized):
    """Reads the label of `holding`, and gives no value to a missing one."""

    name = "next"
    mark = ""

    def inputs(self) -> tuple[str, ...]:
        return (f"holding.size{self.mark}",)

    def apply(self, columns: Columns, state: State | None) -> Columns:
        given = columns["holding.size"]
        assert isinstance(given, Codes)
        return {"size": given.codes}


class Last(Next):
    name = "last"

    def inputs(self) -> tuple[str, ...]:
        return ("next.size",)

    def apply(self, columns: Columns, state: State | None) -> Columns:
        return {"size": columns["next.size"]}


def test_reasons_are_passed_on_as_a_chain() -> None:
    outcome = compute(plan_of(Last, Next, Holding), facts(3))
    assert reasons(outcome, "holding") == ["spent too little"] * 2 + [None]
    assert reasons(outcome, "next") == ["holding.size: spent too little"] * 2 + [None]
    assert reasons(outcome, "last") == ["next.size: holding.size: spent too little"] * 2 + [None]
    assert texts(outcome, "last.size") == [None, None, "large"]


def test_who_has_it_optional_sees_missing_and_silence_has_a_reason_too() -> None:
    optional = type("Optional", (Next,), {"mark": "?"})
    outcome = compute(plan_of(Last, optional, Holding), facts(3))
    assert reasons(outcome, "next") == ["next gave no value"] * 2 + [None]
    assert reasons(outcome, "last") == ["next.size: next gave no value"] * 2 + [None]


def test_a_second_output_may_be_missing_alone() -> None:
    class Two(Sized):
        name = "two"

        def outputs(self) -> tuple[Output, ...]:
            return (*super().outputs(), Output("score", kind="score"))

        def apply(self, columns: Columns, state: State | None) -> Columns:
            return {"size": np.zeros(3, dtype=np.int8), "score": np.array([1.0, np.nan, 3.0])}

    class Reads(Sized):
        name = "reads"

        def inputs(self) -> tuple[str, ...]:
            return ("two.score",)

        def apply(self, columns: Columns, state: State | None) -> Columns:
            return {"size": np.zeros(len(columns["two.score"]), dtype=np.int8)}

    outcome = compute(plan_of(Two, Reads), facts(3))
    assert reasons(outcome, "two") == [None] * 3
    assert reasons(outcome, "reads") == [None, "two.score: two gave no value", None]


# --- population, not graded, nobody -----------------------------------------------------------------------------

RICH = {"feature": "orders.amount", "op": ">", "value": 1000}


def test_a_population_holds_for_fit_and_apply() -> None:
    outcome = compute(plan_of({"type": "median", "class": Median, "for": RICH}), facts(20))
    assert outcome.policies["median"].state == {"median": 1550.0, "seen": 10}
    assert reasons(outcome, "median") == ["outside the population of median"] * 10 + [None] * 10
    assert texts(outcome, "median.size") == [None] * 10 + ["small"] * 5 + ["large"] * 5


def test_who_is_not_graded_enters_no_fit() -> None:
    flagged = [None] * 19 + ["walk-in"]
    outcome = compute(plan_of(Median), facts(20, not_graded=flagged))
    assert outcome.policies["median"].state == {"median": 1000.0, "seen": 19}
    assert reasons(outcome, "median") == [None] * 19 + ["not graded: walk-in"]


def test_the_first_reason_is_the_one_that_is_told() -> None:
    given = facts(3, not_graded=["staff", None, None], **{"orders.average_amount": np.full(3, np.nan)})
    population = {"feature": "orders.amount", "op": "!=", "value": 200}
    outcome = compute(plan_of({"type": "seen", "class": Seen, "for": population}), given)
    assert reasons(outcome, "seen") == ["not graded: staff", "outside the population of seen", "missing: orders.average_amount"]


def test_two_policies_of_one_type_have_their_own_population_and_state() -> None:
    poor = {"key": "poor", "type": "median", "class": Median, "for": {"not": RICH}}
    rich = {"key": "rich", "type": "median", "for": RICH}
    outcome = compute(plan_of(poor, rich, {"key": "all", "type": "median"}), facts(20))
    assert {key: policy.state for key, policy in outcome.policies.items()} == {
        "poor": {"median": 550.0, "seen": 10},
        "rich": {"median": 1550.0, "seen": 10},
        "all": {"median": 1050.0, "seen": 20},
    }
    assert texts(outcome, "poor.size")[10:] == texts(outcome, "rich.size")[:10] == [None] * 10


class Refusing(Median):
    """Must not be asked anything."""

    name = "refusing"

    def fit(self, columns: Columns) -> State:
        raise AssertionError("fit was called for nobody")


def test_without_anybody_fit_is_not_called() -> None:
    nobody = {"type": "refusing", "class": Refusing, "for": {"feature": "orders.amount", "op": "<", "value": 0}}
    outcome = compute(plan_of(nobody), facts(3))
    assert (outcome.policies["refusing"].fault, outcome.policies["refusing"].state) == ("", None)
    assert reasons(outcome, "refusing") == ["outside the population of refusing"] * 3
    assert texts(outcome, "refusing.size") == [None] * 3


def test_a_store_without_customers_is_evaluated_too() -> None:
    outcome = compute(plan_of(Refusing, Next, Holding, Last), facts(0))
    assert [policy.fault for policy in outcome.policies.values()] == [""] * 4
    assert len(outcome.column("last.size")) == 0


def test_a_dependent_of_nobody_has_nobody_to_learn_from() -> None:
    outcome = compute(
        plan_of({"type": "holding", "class": Holding, "for": {"feature": "orders.amount", "op": "<", "value": 0}}, Next), facts(2)
    )
    assert reasons(outcome, "next") == ["holding.size: outside the population of holding"] * 2


# --- state ------------------------------------------------------------------------------------------------------


def fitting(state: Any) -> type[Policy]:
    """A policy whose fit returns this (or raises it), and whose score is what apply was given."""

    class Fitting(Sized):
        name = "fitting"

        def fit(self, columns: Columns) -> Any:
            if isinstance(state, BaseException):
                raise state
            return state

        def apply(self, columns: Columns, state: State | None) -> Columns:
            self.given = state
            return {"size": np.zeros(len(columns["orders.amount"]), dtype=np.int8)}

    return Fitting


CIRCLE: dict[str, Any] = {}
CIRCLE["self"] = CIRCLE


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"edges": np.array([1.0])}, "fit returned a state that is not JSON (Object of type ndarray is not JSON serializable)"),
        ({"edge": np.int64(1)}, "fit returned a state that is not JSON"),
        ({"edge": float("nan")}, "fit returned a state that is not JSON"),
        ({"when": {1, 2}}, "fit returned a state that is not JSON"),
        ({(1, 2): 3}, "fit returned a state that is not JSON"),
        (CIRCLE, "fit returned a state that is not JSON"),
        ([1, 2], "fit returned list; return a dict or None"),
        ("edges", "fit returned str; return a dict or None"),
        (ValueError("no data"), "ValueError: no data"),
        (SystemExit(1), "SystemExit: 1"),
        (RecursionError("deep"), "RecursionError: deep"),
        (MemoryError(), "MemoryError"),
    ],
)
def test_a_fit_that_goes_wrong_is_a_fault_of_its_policy(state: Any, words: str) -> None:
    outcome = compute(plan_of(fitting(state), Median), facts(4))
    assert words in outcome.policies["fitting"].fault
    assert outcome.policies["median"].state == {"median": 250.0, "seen": 4}


def test_apply_is_given_the_state_as_json_gives_it_back() -> None:
    plan = plan_of(fitting({"edges": (1, 2.5), "by": {1: "one"}}))
    outcome = compute(plan, facts(4))
    assert outcome.policies["fitting"].state == {"edges": [1, 2.5], "by": {"1": "one"}}
    assert plan.steps[0].entry.policy.given == outcome.policies["fitting"].state  # type: ignore[attr-defined]


def test_a_frozen_state_is_not_fitted_again() -> None:
    outcome = compute(plan_of(Median), facts(4), states={"median": {"median": 150.0}})
    assert texts(outcome, "median.size") == ["small", "large", "large", "large"]
    assert outcome.policies["median"].state == {"median": 150.0}


# --- wrong results ----------------------------------------------------------------------------------------------


def returning(result: Any, outputs: tuple[Output, ...] = (Output("size", labels=SIZES),)) -> type[Policy]:
    """A policy whose apply returns this, or calls it with the columns."""

    class Wrong(Sized):
        name = "wrong"

        def outputs(self) -> tuple[Output, ...]:
            return outputs

        def apply(self, columns: Columns, state: State | None) -> Any:
            return result(columns) if callable(result) else result

    return Wrong


SCORE = (Output("score", kind="score", minimum=0, maximum=10),)
OK = np.zeros(4, dtype=np.int8)


def _leave(columns: Columns) -> Any:
    raise SystemExit("bye")


def _mutate(columns: Columns) -> Any:
    np.asarray(columns["orders.amount"])[0] = 0
    return {"size": OK}


def _replace(columns: Columns) -> Any:
    columns["orders.amount"] = OK  # type: ignore[index]
    return {"size": OK}


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (returning(None), "apply returned NoneType; return a dict"),
        (returning({}), "apply returned no column 'size'"),
        (returning({"size": OK, "sise": OK}), "apply returned the undeclared column 'sise'; declare it in outputs(); did you mean 'size'?"),
        (returning({"size": [0, 0, 0, 0]}), "column 'size' is list"),
        (returning({"size": OK[:3]}), "column 'size' has the shape (3,); 4 rows were given, so it must be (4,)"),
        (returning({"size": OK + 2}), "column 'size' is 2 in row 0; there are 2 labels, so it must be -1 to 1"),
        (returning({"size": np.full(4, 2**62)}), "column 'size' is 4611686018427387904"),
        (returning({"size": np.zeros(4)}), "column 'size' is an array of float64"),
        (returning({"size": Codes.of(["large", "small", "huge", None])}), "undeclared label 'huge'"),
        (returning({"size": OK, "withheld": OK}), "column 'withheld' is 0 in row 0; there are 0 reasons()"),
        (returning({"size": OK, "rule": np.full(4, 2**40)}), "column 'rule' is 1099511627776"),
        (returning({"score": np.array([1.0, np.inf, 2, 3])}, SCORE), "output 'score' is inf in row 1"),
        (returning({"score": np.array([1.0, 11, 2, 3])}, SCORE), "output 'score' reaches 11; it declares a maximum of 10"),
        (
            returning({"score": np.array([1.0, 1e300, 2, 3])}, (Output("score", kind="score"),)),
            "output 'score' is 1e+300 in row 1; with 4 decimals it may reach 1e+14",
        ),
        (returning(_leave), "SystemExit: bye"),
        (returning(_mutate), "ValueError: assignment destination is read-only"),
        (returning(_replace), "TypeError"),
        (returning(lambda columns: {"size": columns["orders.amuont"]}), "KeyError: 'orders.amuont'"),
        (returning(lambda columns: 1 / 0), "ZeroDivisionError: division by zero"),
    ],
)
@pytest.mark.parametrize("partitions", [1, 3])
def test_a_wrong_result_is_a_fault_of_its_policy_and_of_no_other(policy: type[Policy], words: str, partitions: int) -> None:
    executor = LocalExecutor(partitions)
    alone = everything(compute(plan_of(Median), facts(4)))
    outcome = compute(plan_of(policy, Median), facts(4), executor=executor)
    found = everything(outcome)
    fault = outcome.policies["wrong"].fault
    assert words in fault if partitions == 1 else fault  # parts have other lengths, so they may be wrong in another way
    assert not outcome.policies["wrong"].sound
    assert {key: found[key] for key in alone if key != "digest"} == {key: alone[key] for key in alone if key != "digest"}
    assert outcome.outputs() == [("median.size", Median().outputs()[0])]


def test_not_a_number_is_missing_and_no_fault() -> None:
    outcome = compute(plan_of(returning({"score": np.array([1.0, np.nan, 2, 3])}, SCORE)), facts(4))
    assert reasons(outcome, "wrong") == [None, "wrong gave no value", None, None]


def test_rules_beyond_sixteen_bits_keep_their_numbers() -> None:
    outcome = compute(plan_of(returning({"size": OK, "rule": np.array([0, 40_000, 2**31 - 1, -1])})), facts(4))
    assert outcome.policies["wrong"].rule is not None
    assert outcome.policies["wrong"].rule.tolist() == [0, 40_000, 2**31 - 1, -1]


@pytest.mark.parametrize("text", ["half a pair \ud800", "x" * 10_000_000])
def test_what_a_plugin_shouts_is_kept_short_and_storable(text: str) -> None:
    outcome = compute(plan_of(fitting(ValueError(text))), facts(2))
    fault = outcome.policies["fitting"].fault
    assert len(fault) <= 1000
    assert fault.encode()


def test_a_person_who_interrupts_is_heard() -> None:
    with pytest.raises(KeyboardInterrupt):
        compute(plan_of(fitting(KeyboardInterrupt())), facts(2))


def test_whoever_needs_a_failed_policy_is_stale_and_the_rest_stands() -> None:
    class Broken(Holding):
        def apply(self, columns: Columns, state: State | None) -> Columns:
            raise ValueError("no")

    optional = type("Optional", (Next,), {"mark": "?"})
    outcome = compute(plan_of(Broken, optional, Last, Median), facts(3))
    assert outcome.policies["holding"].fault == "ValueError: no"
    assert [outcome.policies[key].stale_because for key in ("next", "last", "median")] == ["holding", "holding", ""]
    assert [address for address, _ in outcome.outputs()] == ["median.size"]


def test_a_policy_that_overruns_its_budget_loses_its_outputs() -> None:
    quick = {"key": "quick", "type": "median", "class": Median}
    slow = {"key": "slow", "type": "median", "budget_seconds": 1e-9}
    outcome = compute(plan_of(quick, slow), facts(20))
    assert "its budget is 1e-09 s" in outcome.policies["slow"].fault
    assert outcome.policies["quick"].sound


def test_stale_outputs_are_marked_in_the_digest_and_stand_in_with_their_former_lanes() -> None:
    class Broken(Median):
        def fit(self, columns: Columns) -> State:
            raise ValueError("no")

    whole = compute(plan_of(Median, Sized), facts(20))
    broken = compute(plan_of(Broken, Sized), facts(20))
    digest, lanes = outcome_digest(whole)
    marked, kept = outcome_digest(broken, lanes)
    assert kept == lanes
    assert marked != digest
    assert outcome_digest(broken)[1]["median.size"] == (0, 0)


# --- partitions and order ---------------------------------------------------------------------------------------


class Many(Sized):
    """Every kind of output, from every kind of input."""

    name = "many"

    def inputs(self) -> tuple[str, ...]:
        return ("orders.amount", "orders.average_amount?", "profile.region?")

    def outputs(self) -> tuple[Output, ...]:
        kinds = ("flag", "score", "date")
        return (*super().outputs(), *(Output(kind, kind=kind) for kind in kinds), Output("set", kind="set", labels=labels("x", "y")))  # type: ignore[arg-type]

    def reasons(self) -> tuple[Reason, ...]:
        return (Reason("odd", Text("odd", "奇")),)

    def fit(self, columns: Columns) -> State:
        return {"mean": float(np.mean(np.asarray(columns["orders.amount"])))}

    def apply(self, columns: Columns, state: State | None) -> Columns:
        assert state is not None
        amount, region = np.asarray(columns["orders.amount"]), columns["profile.region"]
        assert isinstance(region, Codes)
        return {
            "size": (amount > state["mean"]).astype(np.int8),
            "flag": region == "north",
            "score": amount / 7,
            "date": np.datetime64("1960-01-01") + amount.astype("timedelta64[D]"),
            "set": np.isnan(np.asarray(columns["orders.average_amount"])).astype(np.uint64) * 2,
            "withheld": np.where(amount % 700 == 0, 0, -1),
            "rule": region.codes,
        }


def many_facts(count: int) -> Any:
    region = Codes(np.arange(count) % 3 - 1, ("north", "south"), closed=False)
    average = np.where(np.arange(count) % 4 == 0, np.nan, 1.5)
    return facts(
        count,
        not_graded=["staff" if n % 11 == 5 else None for n in range(count)],
        profile_region=region,
        **{"orders.average_amount": average},
    )


@pytest.mark.parametrize("count", [0, 1, 2, 3, 8, 50, 101])
@pytest.mark.parametrize("partitions", [2, 7, 64])
def test_partitions_are_equal_bit_by_bit(count: int, partitions: int) -> None:
    plan = plan_of(Many, Median, Holding, Next, Last)
    whole = everything(compute(plan, many_facts(count)))
    assert everything(compute(plan, many_facts(count), executor=LocalExecutor(partitions))) == whole


@pytest.mark.parametrize(("rows", "partitions"), [(0, 3), (1, 7), (5, 7), (10, 3), (100, 7)])
def test_parts_cover_every_row_once(rows: int, partitions: int) -> None:
    parts = list(LocalExecutor(partitions).parts(rows))
    assert 1 <= len(parts) <= partitions
    assert [row for part in parts for row in range(part.start, part.stop)] == list(range(rows))


def test_a_policy_without_inputs_is_cut_nowhere() -> None:
    class Lonely(Sized):
        name = "lonely"

        def inputs(self) -> tuple[str, ...]:
            return ()

        def apply(self, columns: Columns, state: State | None) -> Columns:
            return {"size": np.zeros(5, dtype=np.int8)}

    assert texts(compute(plan_of(Lonely), facts(5), executor=LocalExecutor(3)), "lonely.size") == ["large"] * 5


def test_the_order_of_customers_does_not_matter_where_nothing_is_summed() -> None:
    plan = plan_of(Many, Median)
    given = many_facts(30)
    order = np.random.default_rng(1).permutation(30)
    turned = type(given)(
        given.customer_id[order], given.key_hash[order], {k: c[order] for k, c in given.columns.items()}, given.not_graded[order]
    )
    assert outcome_digest(compute(plan, turned))[0] == outcome_digest(compute(plan, given))[0]


def test_one_at_a_time_is_the_whole_with_frozen_states() -> None:
    plan = plan_of(Many, Median, Holding, Next)
    given = many_facts(25)
    whole = compute(plan, given)
    states = {key: policy.state for key, policy in whole.policies.items()}
    for row in range(25):
        one = slice(row, row + 1)
        single = type(given)(
            given.customer_id[one], given.key_hash[one], {k: c[one] for k, c in given.columns.items()}, given.not_graded[one]
        )
        outcome = compute(plan, single, states=states)
        for address, _ in whole.outputs():
            assert raw(outcome.column(address)) == raw(whole.column(address)[one])
        assert all(reasons(outcome, key) == reasons(whole, key)[one] for key in whole.policies)


def test_the_progress_hears_every_policy_in_order() -> None:
    heard: list[str] = []
    compute(plan_of(Last, Next, Holding), facts(3), progress=heard.append)
    assert heard == ["holding", "next", "last"]


def test_labels_of_a_policy_with_more_than_int8_can_hold_are_kept() -> None:
    keys = tuple(Label(f"l{n}", NAME) for n in range(40_000))
    outcome = compute(plan_of(returning({"size": np.array([0, 39_999, -1, 20_000])}, (Output("size", labels=keys),))), facts(4))
    assert texts(outcome, "wrong.size") == ["l0", "l39999", None, "l20000"]
