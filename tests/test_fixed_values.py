"""Values fixed by hand, on both databases: who may do what, what a run makes of them, and what everybody sees."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from engine.errors import FixedValueError, UnknownCustomer
from engine.moments import as_moment
from engine.service import Engine
from engine.store import outcomes
from engine.store.models import audit_entry, fixed_value, run
from tests.small_store import AS_OF, DAY, Order, add_customers, add_orders, open_store
from tests.test_runner import BOOK, cells

POLICIES = [
    {"type": "abc"},
    {
        "key": "served",
        "type": "segments",
        "params": {
            "segments": [{"key": "best", "when": {"feature": "abc.class", "op": "=", "value": "A"}}],
            "otherwise": [{"key": "usual"}],
        },
    },
]


@pytest.fixture
def engine(store_url: str) -> Any:
    store = open_store(store_url)
    add_customers(store, range(1, 11))
    add_orders(store, [Order(n, AS_OF - n * DAY, 100 * 4**n) for n in range(1, 10)])
    store.close()
    with Engine.open(store_url, actor="wang") as opened:
        opened.publish({**BOOK, "policies": POLICIES})
        yield opened


def fix(
    engine: Engine, customer: str = "C1", value: str = "A", *, start: int = AS_OF - DAY, until: int = AS_OF + 30 * DAY, **rest: Any
) -> int:
    asked = engine.fixed_values.request(
        customer, rest.get("address", "abc.class"), value, reason=rest.get("reason", "Chairs the association."), start=start, until=until
    )
    engine.acting_as("li").fixed_values.approve(asked.id)
    return asked.id


def test_a_request_changes_nothing_until_another_person_approves(engine: Engine) -> None:
    engine.settings = replace(engine.settings, four_eyes=True)
    asked = engine.fixed_values.request("C1", "abc.class", "A", reason=" Big heart. ", start=AS_OF, until=AS_OF + DAY)
    assert (asked.status, asked.customer, asked.reason, asked.author, asked.approver) == ("requested", "C1", "Big heart.", "wang", None)
    engine.run(AS_OF)
    assert cells(engine)[1, "abc.class"] == "C"
    with pytest.raises(FixedValueError, match="was asked for by wang, so another person approves it"):
        engine.fixed_values.approve(asked.id)
    with pytest.raises(FixedValueError, match="was asked for by wang"):
        engine.acting_as("wang", authenticated=False).fixed_values.approve(asked.id)
    done = engine.acting_as("li").fixed_values.approve(asked.id)
    assert (done.status, done.approver, done.self_approved) == ("approved", "li", False)
    with pytest.raises(FixedValueError, match="is approved, not requested"):
        engine.acting_as("zhao").fixed_values.approve(asked.id)
    first = engine.run_record()
    again = engine.run(AS_OF)  # the same facts and moment, and yet a new run
    assert again.id != first.id
    assert again.digest != first.digest
    assert cells(engine)[1, "abc.class"] == "A"
    assert cells(engine)[1, "served.segment"] == "best"
    assert engine.run(AS_OF).id == again.id


def test_it_holds_from_its_start_until_its_end_and_the_computed_value_is_beside_it(engine: Engine) -> None:
    number = fix(engine, start=AS_OF, until=AS_OF + 2 * DAY)
    seen = []
    for shift in (-1, 0, 2 * DAY - 1, 2 * DAY):
        done = engine.run(AS_OF + shift)
        seen.append(cells(engine)[1, "abc.class"])
        with engine.store.read() as connection:
            block = outcomes.load_block(connection, done.id)
        assert done.report["fixed"] == ([number] if seen[-1] == "A" else [])
        assert ("abc.class" in block.computed) == (seen[-1] == "A")
    assert seen == ["C", "A", "A", "C"]


def test_explain_says_who_fixed_it_why_until_when_and_what_would_be_without(engine: Engine) -> None:
    number = fix(engine)
    engine.run(AS_OF)
    found = engine.explain("C1", "abc")[0].outputs[0]
    assert found.value == "A"
    assert found.effective is not None
    note = found.effective.fixed
    assert note is not None
    assert (found.effective.computed, note.otherwise, note.number) == ("C", "C", number)
    assert (note.author, note.approver, note.reason, note.ends) == ("wang", "li", "Chairs the association.", "2024-11-03T00:00:00+00:00")
    words = "fixed by hand by wang, approved by li, until 2024-11-03 00:00: Chairs the association. Without it: C."
    assert [sentence.replace("Class ", "") for sentence in found.effective.sentences] == [words]
    chinese = engine.explain("C1", "abc", language="zh")[0].outputs[0].effective
    assert chinese is not None
    assert chinese.sentences[0].startswith("wang 人工指定，由 li 批准，有效期至 2024-11-03 00:00：Chairs the association。否则为：")
    assert "would be computed as" in engine.explain("C1", "abc")[0].nearest[0].sentence
    assert engine.explain("C2", "abc")[0].outputs[0].effective is None
    single = engine.evaluate(["C1"])[0]
    assert (single.values["abc.class"], single.computed["abc.class"], single.values["served.segment"]) == ("A", "C", "best")
    engine.fixed_values.end(number, at=AS_OF + DAY)
    assert engine.explain("C1", "abc")[0].outputs[0].value == "A"  # the run is explained with what it read
    assert engine.evaluate(["C1"], as_of=AS_OF + 2 * DAY)[0].values["abc.class"] == "C"


def test_a_customer_whose_value_is_withheld_can_be_fixed(engine: Engine) -> None:
    fix(engine, "C10", "B")
    done = engine.run(AS_OF)
    assert cells(engine)[10, "abc.class"] == "B"
    assert done.withheld["abc"] == {"no order yet": 1}
    assert done.outputs["abc.class"]["B"] >= 1
    one = engine.explain("C10", "abc")[0]
    assert one.withheld == "no order yet"
    assert one.outputs[0].value == "B"
    assert one.outputs[0].effective.sentences[0].endswith("Without it: no value.")  # type: ignore[union-attr]


def test_a_flag_can_be_fixed_and_a_fixed_value_rests_where_it_cannot_hold(engine: Engine) -> None:
    numbers = [fix(engine, "C1", "A"), fix(engine, "C2", "best", address="served.segment"), fix(engine, "C3", "A")]
    engine.flag_not_graded("C3", "staff")
    engine.publish({**BOOK, "policies": [{"type": "abc", "params": {"cuts": [0.9]}}]})
    done = engine.run(AS_OF)
    assert done.warnings == [
        f"fixed value {numbers[1]} (served.segment = best) rests: this rulebook has no output served.segment",
        f"fixed value {numbers[2]} (abc.class = A) rests: the customer is not graded, or no longer in the store",
    ]
    assert (3, "abc.class") not in cells(engine)
    assert cells(engine)[1, "abc.class"] == "A"
    assert engine.explain("C3", "abc")[0].outputs[0].value is None


def test_simulation_sees_what_a_run_will_see(engine: Engine) -> None:
    engine.run(AS_OF)
    fix(engine)
    draft = {**BOOK, "policies": [{**POLICIES[0], "params": {"cuts": [0.5, 0.9]}}, POLICIES[1]]}
    simulation = engine.simulate(draft)
    predicted = {n: key for n, key in simulation.labels("abc.class").items() if key}
    served = {n: key for n, key in simulation.labels("served.segment").items() if key}
    assert predicted[1] == "A"
    assert served[1] == "best"
    engine.publish(draft)
    engine.run(AS_OF)
    assert predicted == {n: value for (n, address), value in cells(engine).items() if address == "abc.class"}
    assert served == {n: value for (n, address), value in cells(engine).items() if address == "served.segment"}


def test_the_digest_is_the_same_whatever_the_partitions_and_after_a_restart(engine: Engine) -> None:
    fix(engine)
    digests = {engine.run(AS_OF, recompute=True, partitions=parts).digest for parts in (1, 2, 3)}
    assert len(digests) == 1


def test_damping_goes_on_under_a_fixed_value(engine: Engine) -> None:
    engine.publish({**BOOK, "policies": [{"type": "abc", "damping": {"class": {"after_days": 10}}}]})
    engine.run(AS_OF)
    fix(engine, "C1", "B", start=AS_OF + DAY, until=AS_OF + 3 * DAY)
    add_orders(engine.store, [Order(1, AS_OF + DAY, 3 * 10**7)], first_id=500)
    seen = []
    for days in (2, 4, 12, 13):
        engine.run(AS_OF + days * DAY)
        seen.append(cells(engine)[1, "abc.class"])
    assert seen == ["B", "C", "A", "A"]  # computed A since day 2, fixed until day 3, damped until day 12


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"address": "abc.clas"}, "no output 'abc.clas'; did you mean 'abc.class'?"),
        (
            {"address": "abc.to_next"},
            "abc.to_next is of the kind amount; only labels and flags are fixed by hand: abc.class, served.segment",
        ),
        ({"value": "AA"}, "abc.class has no value 'AA'; did you mean 'A'?"),
        ({"value": "gold"}, "abc.class has no value 'gold'; its values are A, B, C"),
        ({"reason": "  "}, "needs a reason"),
        ({"reason": "x" * 1001}, "the reason has 1,001 characters; at most 1,000 are kept"),
        ({"until": None}, "a fixed value needs an end"),
        ({"until": AS_OF}, "the end 2024-10-04T00:00:00+00:00 is not after the start 2024-10-04T00:00:00+00:00"),
        ({"until": AS_OF + 367 * DAY}, "are 367 days; at most 366, then ask again"),
    ],
)
def test_what_cannot_be_fixed_is_refused_in_words(engine: Engine, given: dict[str, Any], words: str) -> None:
    full = {"address": "abc.class", "value": "A", "reason": "because", "start": AS_OF, "until": AS_OF + DAY, **given}
    with pytest.raises(FixedValueError) as caught:
        engine.fixed_values.request("C1", full.pop("address"), full.pop("value"), **full)
    assert words in str(caught.value)
    assert engine.fixed_values.list(ended=True) == []


def test_unknown_customers_and_numbers_are_refused(engine: Engine) -> None:
    with pytest.raises(UnknownCustomer):
        engine.fixed_values.request("X1", "abc.class", "A", reason="r", start=AS_OF, until=AS_OF + DAY)
    with pytest.raises(FixedValueError, match="there is no fixed value 7; tierwise fix list"):
        engine.fixed_values.approve(7)


def test_two_values_of_one_output_never_overlap(engine: Engine) -> None:
    number = fix(engine, start=AS_OF, until=AS_OF + 10 * DAY)
    with pytest.raises(FixedValueError, match=rf"is fixed at A from .* \(number {number}\); end or reject that first"):
        fix(engine, value="B", start=AS_OF + 9 * DAY, until=AS_OF + 20 * DAY)
    fix(engine, value="B", start=AS_OF + 10 * DAY, until=AS_OF + 20 * DAY)
    engine.fixed_values.end(number, at=AS_OF + 5 * DAY)
    fix(engine, value="B", start=AS_OF + 5 * DAY, until=AS_OF + 10 * DAY)
    unborn = fix(engine, value="C", start=AS_OF + 50 * DAY, until=AS_OF + 60 * DAY)
    assert engine.fixed_values.end(unborn, at=AS_OF).ends_at == AS_OF + 50 * DAY  # never held
    fix(engine, value="C", start=AS_OF + 50 * DAY, until=AS_OF + 60 * DAY)


def test_withdraw_reject_and_end_say_who_may_and_when(engine: Engine) -> None:
    verbs = engine.fixed_values
    asked = verbs.request("C1", "abc.class", "A", reason="r", start=AS_OF, until=AS_OF + DAY)
    with pytest.raises(FixedValueError, match="who alone can withdraw it; reject it instead"):
        engine.acting_as("li").fixed_values.withdraw(asked.id)
    assert verbs.withdraw(asked.id).status == "withdrawn"
    with pytest.raises(FixedValueError, match="is withdrawn, not requested"):
        engine.acting_as("li").fixed_values.approve(asked.id)
    asked = verbs.request("C1", "abc.class", "A", reason="r", start=AS_OF, until=AS_OF + DAY)
    with pytest.raises(FixedValueError, match="is requested, not approved"):
        verbs.end(asked.id)
    assert engine.acting_as("li").fixed_values.reject(asked.id).approver == "li"
    number = fix(engine, until=AS_OF + DAY)
    with pytest.raises(FixedValueError, match="anyway; nothing was changed"):
        verbs.end(number, at=AS_OF + DAY)
    assert verbs.end(number, at=AS_OF).ended_by == "wang"
    assert [one.status for one in verbs.list(ended=True)] == ["withdrawn", "rejected", "approved"]
    assert [one.id for one in verbs.list("C1", status="approved", ended=True)] == [number]
    assert verbs.list("C2", ended=True) == verbs.list() == []


def test_every_step_is_in_the_audit_trail_without_value_and_reason(engine: Engine) -> None:
    number = fix(engine, reason="Secret illness.")
    engine.fixed_values.end(number, at=AS_OF)
    with engine.store.read() as connection:
        query = select(audit_entry).where(audit_entry.c.subject == f"fixed_value:{number}").order_by(audit_entry.c.seq)
        rows = connection.execute(query).all()
    steps = [("wang", "fixed_value.request", 0), ("li", "fixed_value.approve", 1), ("wang", "fixed_value.end", 0)]
    assert [(row.actor, row.action, row.authenticated) for row in rows] == steps
    assert all("Secret" not in row.details for row in rows)
    assert '"self_approved":false' in rows[1].details.replace(" ", "")


@pytest.mark.parametrize("name", ["WANG", " wang ", "ｗａｎｇ", "wa\u200bng"])
def test_another_way_to_write_a_name_approves_nothing(engine: Engine, name: str) -> None:
    engine.settings = replace(engine.settings, four_eyes=True)
    asked = engine.fixed_values.request("C1", "abc.class", "A", reason="Chairs.", start=AS_OF, until=AS_OF + DAY)
    with pytest.raises(FixedValueError, match="another person approves it"):
        engine.acting_as(name).fixed_values.approve(asked.id)
    assert engine.acting_as(name).fixed_values.withdraw(asked.id).status == "withdrawn"


def test_without_four_eyes_one_approves_oneself_and_it_stays_marked(engine: Engine) -> None:
    engine.settings = replace(engine.settings, four_eyes=False)
    asked = engine.fixed_values.request("C1", "abc.class", "A", reason="r", start=AS_OF, until=AS_OF + DAY)
    assert engine.fixed_values.approve(asked.id).self_approved
    engine.run(AS_OF)
    note = engine.explain("C1", "abc")[0].outputs[0].effective
    assert note is not None
    assert "approved by the same person" in note.sentences[0]
    engine.settings = replace(engine.settings, four_eyes=True)
    assert engine.fixed_values.get(asked.id).as_dict()["self_approved"] is True


def test_one_of_many_requests_at_once_is_kept(engine: Engine) -> None:
    refused = []

    def ask(name: str) -> None:
        try:
            engine.acting_as(name).fixed_values.request("C1", "abc.class", "B", reason=name, start=AS_OF, until=AS_OF + DAY)
        except FixedValueError as error:
            refused.append(error)

    threads = [threading.Thread(target=ask, args=(f"person {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engine.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(fixed_value)) == 1
    assert len(refused) == 5


def test_a_look_back_sees_what_held_then(engine: Engine) -> None:
    fix(engine, start=AS_OF - 40 * DAY, until=AS_OF - 5 * DAY)
    with engine.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(run)) == 0
    done = engine.run(AS_OF - 6 * DAY, historical=True)
    assert len(done.report["fixed"]) == 1
    assert engine.run(as_moment(AS_OF, engine.zone)).report["fixed"] == []
