"""Live previews: the same figures as a simulation, of the newest question, from one warm previewer; nothing is stored."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RulebookError
from engine.previews import KEPT, Preview
from engine.service import Engine
from tests.small_store import AS_OF, Order, add_orders
from tests.trust.company import LATER, company, told


@pytest.fixture
def shop(store_url: str) -> Iterator[Engine]:
    company(store_url)
    with Engine.open(store_url) as engine:
        engine.run(AS_OF)
        yield engine


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A store that no test changes."""
    url = f"sqlite:///{tmp_path_factory.mktemp('previews') / 'store.db'}"
    company(url)
    with Engine.open(url) as engine:
        engine.run(AS_OF)
        yield engine


def changed(engine: Engine, policy: str = "rfm", **params: Any) -> dict[str, Any]:
    document = deepcopy(engine.version().document)
    entry = next(each for each in document["policies"] if each["key"] == policy)
    entry["params"] |= params
    return document


def asked(engine: Engine, document: Mapping[str, Any], **more: Any) -> Preview:
    found = engine.previews.preview(document, **more)
    assert found is not None
    return found


def figures(preview: Preview) -> dict[str, Any]:
    return {name: value for name, value in preview.simulation.as_dict().items() if name not in ("seconds",)}


def test_a_preview_says_what_a_simulation_says_and_stores_nothing(shop: Engine) -> None:
    document = changed(shop, bins=3, segments=None)
    before = told(shop)
    for _ in range(2):
        found = asked(shop, document, policy="rfm", movers=20)
        wanted = {name: value for name, value in shop.simulate(document).as_dict().items() if name != "seconds"}
        assert figures(found) == wanted
    assert found.simulation.comparison.moved > 0
    assert list(found.touched) == ["rfm"]
    assert told(shop) == before


def test_the_live_outcome_is_computed_once_and_for_all_who_act(shop: Engine) -> None:
    first = asked(shop.acting_as("mei"), changed(shop, bins=4, segments=None))
    second = asked(shop.acting_as("li"), changed(shop, bins=3, segments=None))
    assert (first.cold, second.cold) == (True, False)


def test_facts_runs_and_versions_make_it_anew(shop: Engine) -> None:
    document = changed(shop, bins=4, segments=None)
    asked(shop, document)
    add_orders(shop.store, [Order(1, AS_OF - 5, 10**9)], first_id=10_000)
    after = asked(shop, document)
    assert after.cold
    assert figures(after) == {name: value for name, value in shop.simulate(document, movers=8).as_dict().items() if name != "seconds"}
    shop.run(LATER)
    assert asked(shop, document).simulation.as_of == LATER
    shop.publish(document)
    same = asked(shop, document)
    assert (same.cold, same.simulation.comparison.moved, list(same.touched)) == (True, 0, [])
    assert len(shop.previews._shared.warm) <= KEPT


def test_without_a_live_rulebook_everything_is_new(sqlite_url: str) -> None:
    with Engine.open(sqlite_url) as engine:
        found = asked(engine, engine.check("starter").document, policy="rfm")
        assert found.simulation.comparison.rows == 0
        assert set(found.simulation.comparison.new) >= {"rfm.segment", "abc.class"}
        assert [each.histogram for each in found.bands] == [] or all(each.histogram is None for each in found.bands)


def test_every_fault_at_once(quiet: Engine) -> None:
    document = changed(quiet, bins=99, window_days="x")
    with pytest.raises(RulebookError) as caught:
        quiet.previews.preview(document)
    assert {fault.place for fault in caught.value.faults} == {"policies[0].params.bins", "policies[0].params.window_days"}


def test_only_the_newest_question_of_an_asker_is_answered(quiet: Engine) -> None:
    previews = quiet.previews
    answers: dict[str, Any] = {}

    def ask(name: str, asker: str) -> threading.Thread:
        thread = threading.Thread(target=lambda: answers.update({name: previews.preview(changed(quiet), asker=asker)}))
        before = previews._shared.asked.get(asker)
        thread.start()
        while previews._shared.asked.get(asker) == before:
            thread.join(0.001)
        return thread

    with previews._shared.computing:  # somebody's preview is being computed
        threads = [ask("old", "mei"), ask("other", "li"), ask("new", "mei")]
    for thread in threads:
        thread.join(30)
    assert answers["old"] is None
    assert answers["new"] is not None
    assert answers["other"] is not None


def test_many_at_once_all_get_the_truth(quiet: Engine) -> None:
    bins = [2, 3, 4, 6]
    expected = {n: quiet.simulate(changed(quiet, bins=n, segments=None)).comparison.moved for n in bins}
    found: dict[int, int] = {}

    def ask(n: int) -> None:
        found[n] = asked(quiet, changed(quiet, bins=n, segments=None), asker=f"tab {n}").simulation.comparison.moved

    threads = [threading.Thread(target=ask, args=(n,)) for n in bins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == expected


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.integers(1, 40_000), min_size=4, max_size=4, unique=True).map(sorted))
def test_bands_hold_whom_the_cuts_say(quiet: Engine, cuts: list[int]) -> None:
    """Against counting by hand, each band's customers and revenue, and the live ones from the live outcome."""
    preview = asked(quiet, changed(quiet, binning="fixed", m_cuts=[float(cut) for cut in cuts]), policy="rfm")
    figures = next(each for each in preview.bands if each.place == "m_cuts")
    outcome = preview.simulation.draft
    policy = outcome.policies["rfm"]
    assert policy.reason is not None
    here = policy.reason < 0
    values = np.asarray(outcome.facts.columns["orders.amount_365d"])[here]
    bands = np.searchsorted(cuts, values, side="left")
    assert figures.customers == tuple(np.bincount(bands, minlength=5).tolist())
    assert figures.cuts == tuple(cuts)
    assert figures.valued == here.sum() == sum(figures.customers)
    revenue = next(iter(quiet.previews._shared.warm.values())).amount[here]
    assert figures.amounts == tuple(int(total) for total in np.bincount(bands, weights=revenue, minlength=5))
    assert figures.histogram is not None
    assert sum(figures.histogram.counts) == figures.valued
    live = preview.simulation.live.policies["rfm"].columns["m"]
    assert figures.live == tuple(int((np.asarray(live) == score).sum()) for score in range(1, 6))


def test_bands_of_every_kind(quiet: Engine) -> None:
    document = deepcopy(quiet.version().document)
    document["policies"].append({"key": "score", "type": "scorecard", "params": {}})
    document["policies"].append({"key": "shares", "type": "scorecard", "params": {"grading": "shares"}})
    found = {(key, each.place): each for key in ("rfm", "abc", "score", "shares") for each in asked(quiet, document, policy=key).bands}
    assert set(found) == {
        ("rfm", "r_cuts"), ("rfm", "f_cuts"), ("rfm", "m_cuts"), ("abc", "cuts"), ("score", "cuts"), ("shares", "shares"),
    }  # fmt: skip
    for each in found.values():
        assert sum(each.customers) == each.valued > 0
        assert len(each.bands) == len(each.customers)
    learnt = found["rfm", "m_cuts"]
    assert learnt.cuts is not None
    assert len(learnt.cuts) == 4, "of equal sizes: the edges that were learnt"
    assert [band.key for band in found["rfm", "r_cuts"].bands] == ["5", "4", "3", "2", "1"], "few days are the best score"
    assert found["abc", "cuts"].share == "amount"
    assert found["score", "cuts"].measure.unit == "points"
    assert found["score", "cuts"].live is None
    assert not asked(quiet, document, policy="lifecycle").bands
    assert not asked(quiet, document, policy="nobody").bands


def test_findings_come_with_their_customers_and_new_ones_are_told(quiet: Engine) -> None:
    table = {
        "inputs": ["orders.count"], "outputs": ["grade"], "hit_policy": "first", "default": ["C"],
        "rows": [{"when": [">= 2"], "then": ["A"]}, {"when": [">= 5"], "then": ["B"]}],
    }  # fmt: skip
    document = deepcopy(quiet.version().document)
    document["policies"].append({"key": "grade", "type": "decision_table", "params": {"table": table}})
    found = asked(quiet, document)
    dead = [each for each in found.findings if each.policy == "grade" and each.finding.kind == "unreachable"]
    assert len(dead) == 1
    assert dead[0] in found.new
    outcome = found.simulation.draft
    assert dead[0].customers == int((np.asarray(outcome.facts.columns["orders.count"]) >= 5).sum())
    verified = [each for each in quiet.verify(document) if each.policy == "grade" and each.finding.kind == "unreachable"]
    assert dead == verified
    assert all(each not in asked(quiet, quiet.version().document).new for each in asked(quiet, quiet.version().document).findings)
