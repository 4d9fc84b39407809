"""Every error is one family, survives a process boundary, and says what it is told to say."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import errors
from engine.errors import Fault, PluginError, PolicyFault, RulebookError, TierwiseError, did_you_mean

FAMILY = sorted(
    (value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, TierwiseError)),
    key=lambda kind: kind.__name__,
)
FAULTS = (Fault("TW012", "features[0].name", "'web'", "expected source.measure"), Fault("TW014", "format", "format 2"))


def test_the_family_is_the_documented_one() -> None:
    assert [kind.__name__ for kind in FAMILY] == [
        "ApprovalNeeded",
        "CalendarError",
        "CareError",
        "DeskError",
        "DraftError",
        "FactError",
        "FeatureError",
        "FixedValueError",
        "InteractionError",
        "ListError",
        "ManagerError",
        "MustChoose",
        "NotAllowed",
        "PeopleError",
        "PluginError",
        "PointsError",
        "PolicyFault",
        "RulebookError",
        "RunError",
        "StaleDraft",
        "StoreError",
        "TaskError",
        "TicketError",
        "TierwiseError",
        "TooManyTries",
        "UnknownCustomer",
    ]


@pytest.mark.parametrize("kind", FAMILY)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_survives_pickling(kind: type[TierwiseError], protocol: int) -> None:
    error = kind("the store is full; free some space")
    again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301  # our own bytes
    assert type(again) is kind
    assert (str(again), again.args, again.exit_code) == (str(error), error.args, 2)


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_is_caught_as_one_family_and_says_what_it_is_for(kind: type[TierwiseError]) -> None:
    assert issubclass(kind, TierwiseError)
    assert kind.__doc__
    assert kind.exit_code == 2


def test_a_rulebook_error_keeps_its_faults_and_prints_them_once() -> None:
    error = RulebookError("rules.yaml has 2 faults", FAULTS)
    expected = "rules.yaml has 2 faults\n  TW012 features[0].name: 'web'; expected source.measure\n  TW014 format: format 2"
    carried = pickle.loads(pickle.dumps(copy.copy(error)))  # noqa: S301  # our own bytes
    for same in (error, copy.copy(error), copy.deepcopy(error), carried):
        assert (str(same), same.faults) == (expected, FAULTS)


def test_a_rulebook_error_takes_any_iterable_of_faults() -> None:
    assert RulebookError("x", iter(FAULTS)).faults == FAULTS
    assert (RulebookError("x").faults, str(RulebookError("x"))) == ((), "x")


def test_a_policy_fault_is_the_plugins_error() -> None:
    with pytest.raises(PluginError):
        raise PolicyFault("took 3 s")


def test_a_fault_reads_as_one_line() -> None:
    assert [str(fault) for fault in FAULTS] == ["TW012 features[0].name: 'web'; expected source.measure", "TW014 format: format 2"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("rmf", "did you mean 'rfm'?"), ("orders.cuont", "did you mean 'orders.count'?"), ("zzz", ""), ("", "")],
)
def test_did_you_mean_names_the_nearest_or_nothing(name: str, expected: str) -> None:
    assert did_you_mean(name, iter(["rfm", "abc", "orders.count"])) == expected


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_a_known_name_is_its_own_nearest(name: str, others: list[str]) -> None:
    assert did_you_mean(name, [*others, name]) in ("", f"did you mean {name!r}?")
    assert did_you_mean(name, []) == ""
