"""Who is who: found by any id, joined, separated, not graded."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import FactError, UnknownCustomer
from engine.store.identity import flag_not_graded, join, resolve, separate
from engine.store.ingest import import_rows
from engine.store.session import Store
from tests.store.imports import ACTOR, everything, make_store, query


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with make_store(store_url, customers=["17850", "17851", "A"]) as store:
        import_rows(store, "customers", [{"customer": "A"}, {"customer": "w9"}], source="web", actor=ACTOR)
        rows = [{"order": f"o{who}", "customer": who, "ordered_at": "2025-01-01", "amount": 1} for who in ("17850", "17851", "A")]
        import_rows(store, "orders", rows, source="main", actor=ACTOR)
        yield store


def owner(store: Store, order: str) -> str:
    return str(
        query(store, f"select c.external_id from orders o join customer c on c.id = o.customer_id where o.external_id = '{order}'")[0][0]
    )


def test_a_customer_is_found_by_any_id(store: Store) -> None:
    assert resolve(store, "17850") == resolve(store, " 17850 ", "main")
    assert resolve(store, "A", "main") != resolve(store, "A", "web")
    with pytest.raises(UnknownCustomer, match="different customers in the sources main, web; name the source"):
        resolve(store, "A")


@pytest.mark.parametrize(("wrong", "right"), [("17580", "17850"), ("w99", "w9")])
def test_an_unknown_id_gets_a_hint(store: Store, wrong: str, right: str) -> None:
    with pytest.raises(UnknownCustomer, match=rf"there is no customer '{wrong}'; did you mean '{right}'\?"):
        resolve(store, wrong)


def test_an_unknown_id_of_a_source_says_so(store: Store) -> None:
    with pytest.raises(UnknownCustomer, match="no customer '17850' of source web"):
        resolve(store, "17850", "web")


def test_joined_customers_answer_as_one_and_separate_exactly(store: Store) -> None:
    before = everything(store)
    survivor, loser = resolve(store, "17850"), resolve(store, "w9")
    other = resolve(store, "17851")
    join(store, survivor, loser, ACTOR)
    join(store, survivor, other, ACTOR)
    assert resolve(store, "w9") == resolve(store, "17851") == survivor
    assert owner(store, "o17851") == "17850"
    seq = query(store, "select seq from fact_clock")[0][0]
    assert query(store, f"select count(*) from customer where fact_seq = {seq}") == [(2,)]
    assert separate(store, ("main", "17851"), ACTOR) == other
    assert separate(store, ("web", "w9"), ACTOR) == loser
    assert everything(store) == before


def test_orders_imported_after_a_join_go_to_the_survivor_and_back(store: Store) -> None:
    survivor, loser = resolve(store, "17850"), resolve(store, "17851")
    join(store, survivor, loser, ACTOR)
    row = {"order": "new", "customer": "17851", "ordered_at": "2025-02-01", "amount": 3}
    import_rows(store, "orders", [row], source="main", actor=ACTOR)
    assert owner(store, "new") == "17850"
    again = import_rows(store, "orders", [row], source="main", actor=ACTOR)
    assert (again.updated, again.unchanged) == (0, 1)
    separate(store, ("main", "17851"), ACTOR)
    assert owner(store, "new") == owner(store, "o17851") == "17851"


def test_a_joined_customer_speaks_no_longer_for_itself(store: Store) -> None:
    join(store, resolve(store, "17850"), resolve(store, "17851"), ACTOR)
    report = import_rows(
        store, "customers", [{"customer": "17851", "name": "X"}, {"customer": "17850", "name": "Y"}], source="main", actor=ACTOR
    )
    assert (report.updated, report.ignored) == (1, {"customer joined into another": 1})
    assert report.accounted
    assert query(store, "select name from customer where name is not null") == [("Y",)]


def test_what_cannot_be_joined_or_separated(store: Store) -> None:
    one, two = resolve(store, "17850"), resolve(store, "17851")
    with pytest.raises(FactError, match="cannot be joined with itself"):
        join(store, one, one, ACTOR)
    with pytest.raises(UnknownCustomer, match="no customer with the key 999"):
        join(store, one, 999, ACTOR)
    with pytest.raises(FactError, match="was not joined into another; nothing to separate"):
        separate(store, ("main", "17850"), ACTOR)
    with pytest.raises(UnknownCustomer, match="no customer 'q' of source main"):
        separate(store, ("main", "q"), ACTOR)
    join(store, one, two, ACTOR)
    with pytest.raises(FactError, match=rf"customer {two} was joined into {one}; use that one"):
        join(store, two, resolve(store, "w9"), ACTOR)


def test_a_customer_is_flagged_and_graded_again(store: Store) -> None:
    key = resolve(store, "17850")
    flag_not_graded(store, key, " staff ", actor=ACTOR)
    assert query(store, f"select not_graded from customer where id = {key}") == [("staff",)]
    flag_not_graded(store, key, None, actor=ACTOR)
    assert query(store, f"select not_graded from customer where id = {key}") == [(None,)]
    assert query(store, "select kind, actor from import_batch order by id desc")[:2] == [("graded", ACTOR), ("not graded", ACTOR)]


@settings(max_examples=25, deadline=None)
@given(pairs=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), max_size=6))
def test_any_joins_separated_in_reverse_restore_everything(tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[int, int]]) -> None:
    with make_store(f"sqlite:///{tmp_path_factory.mktemp('join') / 's.db'}", customers="12345") as store:
        rows = [{"order": who, "customer": who, "ordered_at": "2025-01-01", "amount": 1} for who in "12345"]
        import_rows(store, "orders", rows, source="main", actor=ACTOR)
        before = everything(store)
        joined: list[int] = []
        for survivor, loser in pairs:
            gone = {key for (key,) in query(store, "select id from customer where merged_into is not null")}
            if survivor != loser and not {survivor, loser} & gone:
                join(store, survivor, loser, ACTOR)
                joined.append(loser)
        assert query(store, "select count(*) from orders o join customer c on c.id = o.customer_id where c.merged_into is not null") == [
            (0,)
        ]
        for loser in reversed(joined):
            separate(store, ("main", str(loser)), ACTOR)
        assert everything(store) == before
