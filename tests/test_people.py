"""Users, passwords, sessions and keys, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select

from engine.errors import MustChoose, NotAllowed, PeopleError, TooManyTries
from engine.people import PER_NAME, WINDOW, People
from engine.settings import Settings
from engine.store.facts import init_settings
from engine.store.models import api_key, audit_entry, user_account, user_session
from engine.store.session import Store

GOOD = "a lake above the tree line"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _light_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real Argon2, with parameters for tests: what is shown here is not how long a hash takes."""
    light = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    monkeypatch.setattr("engine.passwords._hasher", lambda: light)


@pytest.fixture
def people(store_url: str, clock: Clock) -> Iterator[People]:
    with Store.open(store_url) as store:
        init_settings(store, "UTC", "CNY", 2)
        yield People(store, Settings.read(database_url=store_url, actor="operator"), clock)


def acting(people: People, name: str) -> People:
    return People(people.store, replace(people.settings, actor=name, authenticated=True), people.clock)


def test_the_first_administrator_is_made_once(people: People) -> None:
    assert people.needs_administrator
    chen = people.first_administrator(" Chen ", GOOD, display_name="陈", language="zh")
    assert (chen.name, chen.display_name, chen.roles, chen.language) == ("chen", "陈", ("administrator",), "zh")
    assert chen.may("people", write=True)
    assert not people.needs_administrator
    with pytest.raises(NotAllowed, match="an administrator already"):
        people.first_administrator("mallory", GOOD)


def test_ten_who_come_first_at_once_make_one_administrator(people: People) -> None:
    def claim(number: int) -> bool:
        try:
            people.first_administrator(f"user{number}", GOOD)
        except NotAllowed:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(claim, range(10))) == 1
    assert len(people.users()) == 1


def test_a_user_is_added_changed_disabled_and_let_in_again(people: People) -> None:
    people.first_administrator("chen", GOOD)
    ava = people.add("ava", roles=["viewer"], password=GOOD)
    assert ava.may("results")
    assert not ava.may("results", write=True)
    assert not ava.may("personal_data")
    ava = people.edit("AVA", roles=["analyst", "approver"], display_name="Ava  Wood", revision=ava.revision)
    assert ava.roles == ("analyst", "approver")
    assert ava.display_name == "Ava Wood"
    assert people.may("ava", "reviews", write=True)
    assert people.disable("ava").disabled
    assert not people.may("ava", "results")
    assert people.disable("ava", back=True).may("results")
    assert [user.name for user in people.users()] == ["ava", "chen"]
    assert people.user("ava").as_dict()["grants"]["reviews"] == ["read", "write"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: p.add("chen", roles=["viewer"]), "a user 'chen' already"),
        (lambda p: p.add("a b", roles=[]), "cannot be a login name"),
        (lambda p: p.add("x", roles=[]), "cannot be a login name"),
        (lambda p: p.add("bo", roles=[], language="fr"), "no language 'fr'"),
        (lambda p: p.add("bo", roles=[], reach="own"), "facts name this person"),
        (lambda p: p.add("bo", roles=[], reach="near"), "no reach 'near'"),
        (lambda p: p.add("bo", roles=[], display_name="\x00"), "printable"),
        (lambda p: p.add("bo", roles=[], password="short"), "5 characters"),
        (lambda p: p.edit("chne"), "did you mean 'chen'"),
        (lambda p: p.edit("chen", password="x"), "'password' of a user cannot be changed"),
        (lambda p: p.edit("chen", revision=7), "changed by somebody else"),
        (lambda p: p.edit("chen", roles=["viewer"]), "the only administrator"),
        (lambda p: p.disable("chen"), "the only administrator"),
        (lambda p: p.set_permission("administrator", "people", read=False, write=False), "cannot be changed"),
        (lambda p: p.set_permission("viewer", "peopel", read=False, write=False), "did you mean 'people'"),
        (lambda p: p.make_key("k", user="chen", scopes=[]), "needs a scope"),
        (lambda p: p.make_key("k", user="chen", scopes=["rules:read"], expires_at=5), "in the future"),
        (lambda p: p.make_key("", user="chen", scopes=["rules:read"]), "title"),
        (lambda p: p.revoke_key(99), "no key 99"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(people: People, call, message: str) -> None:  # type: ignore[no-untyped-def]
    people.first_administrator("chen", GOOD)
    before = people.users()
    with pytest.raises(PeopleError, match=message):
        call(people)
    assert people.users() == before
    assert people.keys() == []


def test_nobody_gives_more_than_they_have(people: People) -> None:
    people.first_administrator("chen", GOOD)
    people.add("bo", roles=["viewer"])
    people.set_permission("viewer", "people", read=True, write=True)
    bo = acting(people, "bo")
    bo.add("guest", roles=["viewer"])
    for forbidden in (
        lambda: bo.add("evil", roles=["administrator"]),
        lambda: bo.edit("bo", roles=["viewer", "administrator"]),
        lambda: bo.edit("chen", roles=[]),
        lambda: bo.disable("chen"),
        lambda: bo.set_password("chen", GOOD),
        lambda: bo.make_key("k", user="chen", scopes=["people"]),
        lambda: bo.set_permission("viewer", "audit", read=True, write=True),
    ):
        with pytest.raises(NotAllowed, match="bo cannot give or change roles"):
            forbidden()
    bo.set_password("bo", GOOD)
    assert people.user("chen").roles == ("administrator",)


def test_a_password_lets_in_and_nothing_else_does(people: People) -> None:
    people.first_administrator("chen", GOOD)
    people.add("ghost", roles=["viewer"])
    people.add("gone", roles=["viewer"], password=GOOD)
    people.disable("gone")
    assert people.verify_password("CHEN", GOOD).signed_in_at == people.clock()
    answers = set()
    for name, password in (("chen", "wrong"), ("nobody", GOOD), ("ghost", ""), ("ghost", GOOD), ("gone", GOOD), ("\ud800", GOOD)):
        with pytest.raises(NotAllowed) as caught:
            people.verify_password(name, password)
        answers.add(str(caught.value))
    assert answers == {"the name or the password is not right"}
    with people.store.read() as connection:
        assert GOOD not in str(connection.execute(select(user_account)).all())


def test_guessing_is_stopped_and_starts_again_after_a_while(people: People, clock: Clock) -> None:
    people.first_administrator("chen", GOOD)
    for _ in range(PER_NAME):
        with pytest.raises(NotAllowed):
            people.verify_password("chen", "wrong", address="203.0.113.7")
    with pytest.raises(TooManyTries, match="try again in 15 minutes") as caught:
        people.verify_password("chen", GOOD, address="198.51.100.1")
    assert caught.value.wait == WINDOW
    clock.now += WINDOW
    assert people.verify_password("chen", GOOD).name == "chen"


def test_an_address_that_tries_many_names_is_stopped_too(people: People) -> None:
    refused = 0
    for number in range(40):
        try:
            people.verify_password(f"user{number}", "wrong", address="203.0.113.7")
        except TooManyTries:
            refused += 1
        except NotAllowed:
            pass
    assert refused == 20


def test_guesses_that_come_at_once_are_counted_each(people: People) -> None:
    people.first_administrator("chen", GOOD)

    def guess(_: int) -> str:
        try:
            people.verify_password("chen", "wrong")
        except (NotAllowed, TooManyTries) as error:
            return type(error).__name__
        return "in"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(24)))
    assert answers.count("NotAllowed") == PER_NAME
    assert answers.count("TooManyTries") == 24 - PER_NAME


def test_a_session_lives_until_it_is_idle_old_or_ended(people: People, clock: Clock) -> None:
    chen = people.first_administrator("chen", GOOD)
    token, session = people.start_session(chen, address="203.0.113.7", agent="a browser")
    found = people.session(token)
    assert found is not None
    assert (found[0].id, found[1].name) == (session.id, "chen")
    assert people.session(token + "x") is None
    for _ in range(11):
        clock.now += 59 * 60
        assert people.session(token) is not None
    clock.now += 61 * 60
    assert people.session(token) is None, "an hour without use"
    token, _ = people.start_session(chen)
    for _ in range(13):
        clock.now += 59 * 60
        people.session(token)
    assert people.session(token) is None, "twelve hours in all"
    assert people.sessions() == []
    with people.store.read() as connection:
        assert token not in str(connection.execute(select(user_session)).all())


def test_a_session_that_ended_is_dead_for_every_process(people: People) -> None:
    chen = people.first_administrator("chen", GOOD)
    people.add("ava", roles=["viewer"], password=GOOD)
    other = People(people.store, people.settings, people.clock)
    token, session = people.start_session(chen)
    assert not people.end_session(session.id, user="ava"), "somebody else's"
    assert other.session(token) is not None
    assert people.end_session(session.id, user="chen")
    assert not people.end_session(session.id)
    assert other.session(token) is None
    tokens = [people.start_session(people.user("ava"))[0] for _ in range(3)]
    assert people.end_sessions("ava") == 3
    assert [other.session(token) for token in tokens] == [None] * 3


def test_disabling_or_a_new_password_ends_sessions(people: People) -> None:
    people.first_administrator("chen", GOOD)
    ava = people.add("ava", roles=["viewer"], password=GOOD)
    token, kept = people.start_session(ava)
    stolen, _ = people.start_session(ava)
    acting(people, "ava").set_password("ava", "another lake, further down", keep_session=kept.id)
    assert people.session(stolen) is None
    assert people.session(token) is not None
    people.disable("ava")
    assert people.session(token) is None
    people.disable("ava", back=True)
    assert people.session(token) is None, "it does not come back"


def test_a_key_may_what_both_its_scopes_and_its_user_may(people: People, clock: Clock) -> None:
    people.add("till", roles=["service"])
    secret, key = people.make_key("the till", user="till", scopes=["results:read", "people"], expires_at=int(clock.now) + 100)
    caller = people.verify_key(secret)
    assert caller.key.title == "the till"
    assert caller.may("results")
    assert not caller.may("results", write=True), "not in its scopes"
    assert not caller.may("people"), "in its scopes, but its user may not"
    assert people.keys("till")[0].used_at == int(clock.now)
    with people.store.read() as connection:
        assert secret not in str(connection.execute(select(api_key)).all())
    assert secret.startswith(key.prefix)
    clock.now += 100
    with pytest.raises(NotAllowed):
        people.verify_key(secret)


def test_a_key_dies_with_its_revocation_and_with_its_user(people: People) -> None:
    people.add("till", roles=["service"])
    one, first = people.make_key("one", user="till", scopes=["results"])
    two, _ = people.make_key("two", user="till", scopes=["results"], test=True)
    assert people.verify_key(two).key.test
    assert people.revoke_key(first.id).disabled_at is not None
    people.revoke_key(first.id)
    with pytest.raises(NotAllowed):
        people.verify_key(one)
    people.disable("till")
    with pytest.raises(NotAllowed):
        people.verify_key(two)
    for nonsense in ("", "tw_live_x", "\x00", "é" * 9000, "\ud800"):
        with pytest.raises(NotAllowed, match="unknown, revoked or expired"):
            people.verify_key(nonsense)


def test_what_roles_may_can_be_changed(people: People) -> None:
    people.first_administrator("chen", GOOD)
    people.add("ava", roles=["viewer"])
    people.set_permission("viewer", "rules", read=False, write=False)
    people.set_permission("viewer", "results", read=True, write=True)
    people.set_permission("viewer", "results", read=True, write=False)
    assert not people.may("ava", "rules")
    assert not people.may("ava", "results", write=True)
    assert people.roles()["viewer"]["rules"] == frozenset()


def test_what_was_taken_out_is_on_a_list(people: People) -> None:
    number = people.log_export("assignments", format="csv", personal=True, rows_=3, filters={"value": "champions"})
    people.log_export("changes", format="parquet", personal=False)
    found = people.exports()
    assert [row["what"] for row in found] == ["changes", "assignments"]
    assert found[1]["filters"] == {"value": "champions"}
    assert found[1]["personal"] is True
    assert [row["what"] for row in people.exports(before=number + 1)] == ["assignments"]


def test_every_act_leaves_an_entry_without_names(people: People) -> None:
    chen = people.first_administrator("chen", GOOD)
    people.add("ava", roles=["viewer"], password=GOOD, display_name="Ava Wood")
    people.start_session(chen)
    with pytest.raises(NotAllowed):
        people.verify_password("ava", "wrong")
    with people.store.read() as connection:
        entries = connection.execute(
            select(audit_entry.c.action, audit_entry.c.subject, audit_entry.c.details).order_by(audit_entry.c.seq)
        ).all()
    assert [row.action for row in entries][-4:] == ["user.first", "user.add", "session.start", "session.refused"]
    assert "Ava" not in str(entries)


def test_a_password_for_one_time_only_lets_choose_one(people: People, clock: Clock) -> None:
    people.add("lin", roles=["viewer"], password=GOOD)
    token, _ = people.start_session(people.user("lin"))
    once = people.reset_password("lin")
    assert people.session(token) is None, "the sessions of before have ended"
    with pytest.raises(NotAllowed) as wrong:
        people.verify_password("lin", GOOD)
    assert type(wrong.value) is NotAllowed
    with pytest.raises(MustChoose):
        people.verify_password("lin", once)
    with pytest.raises(PeopleError, match="characters"):
        people.choose_password("lin", once, "short")
    with pytest.raises(PeopleError, match="choose another one"):
        people.choose_password("lin", once, once)
    with pytest.raises(NotAllowed):
        people.choose_password("lin", "wrong", "the second harvest of oats")
    assert people.choose_password("lin", once, "the second harvest of oats").signed_in_at == people.clock()
    with pytest.raises(NotAllowed):
        people.choose_password("lin", once, "a third harvest of oats and rye")
    assert people.verify_password("lin", "the second harvest of oats").name == "lin"
    with pytest.raises(NotAllowed):
        people.choose_password("lin", "the second harvest of oats", "a third harvest of oats and rye")


def test_a_password_for_one_time_ends(people: People, clock: Clock) -> None:
    people.add("lin", roles=["viewer"])
    once = people.reset_password("lin")
    clock.now += 72 * 3_600
    for call in (lambda: people.verify_password("lin", once), lambda: people.choose_password("lin", once, GOOD)):
        with pytest.raises(NotAllowed) as wrong:
            call()
        assert type(wrong.value) is NotAllowed
    people.disable("lin")
    once = people.reset_password("lin")
    with pytest.raises(NotAllowed) as wrong:
        people.verify_password("lin", once)
    assert type(wrong.value) is NotAllowed, "a disabled user is not told that it was right"


def test_who_may_less_resets_nobody_who_may_more(people: People) -> None:
    people.first_administrator("chen", GOOD)
    people.add("lin", roles=["viewer"])
    with pytest.raises(NotAllowed):
        acting(people, "lin").reset_password("chen")
    assert people.verify_password("chen", GOOD).name == "chen"


def test_permissions_change_together_or_not_at_all(people: People) -> None:
    people.first_administrator("chen", GOOD)
    read, both = frozenset({"read"}), frozenset({"read", "write"})
    chen = acting(people, "chen")
    assert chen.set_permissions({("viewer", "jobs"): read, ("viewer", "rules"): read, ("analyst", "rules"): both}) == 2
    assert people.roles()["viewer"]["jobs"] == read
    before = people.roles()
    with pytest.raises(PeopleError, match="without reading"):
        chen.set_permissions({("viewer", "jobs"): frozenset(), ("viewer", "rules"): frozenset({"write"})})
    with pytest.raises(PeopleError, match="cannot be changed"):
        chen.set_permissions({("viewer", "jobs"): frozenset(), ("administrator", "people"): read})
    assert people.roles() == before
