"""The API as a whole: it offers what the console can do, stands beside it, keeps all or nothing, and hands out inert files."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import engine.api.views as views
from engine.comments import Comments
from engine.customers import Customers
from engine.drafts import Drafts
from engine.feed import Feed
from engine.fixed_values import FixedValues
from engine.insight import Insight
from engine.installation import Installation
from engine.jobs import Jobs
from engine.people import People
from engine.pictures import Pictures
from engine.schedules import Schedules
from engine.tags import Tags
from engine.views import Views
from engine.webhooks import Webhooks
from tests.api.conftest import PASSWORD, Client

ELSEWHERE = {
    "Drafts.bring": "what the command line's publish does, in single steps here",
    "Drafts.document": "a state of a draft is brought back by undo",
    "Drafts.publish_due": "what a schedule does",
    "FixedValues.overview": "a page of the console",
    "Jobs.files": "for workers",
    "Jobs.counts": "a figure of the console",
    "Customers.opened": "what the others read through",
    "Customers.count": "the total of a list",
    "Customers.ids": "the rows of a list",
    "Customers.keys": "internal",
    "Customers.find": "a search of the list",
    "Customers.export_moves": "the pages of moves",
    "Customers.runs": "the list of runs",
    "Pictures.outputs": "every run names its outputs",
    "Pictures.file": "the console's spreadsheets; programs read JSON",
    "Insight.causes": "words",
    "Insight.divide": "asked through engine.questions",
    "Jobs.named": "what engine.questions looks up",
    "People.first_administrator": "before there is any key",
    "People.verify_password": "signing in is the console's; programs show keys",
    "People.start_session": "signing in is the console's",
    "People.session": "signing in is the console's",
    "People.end_sessions": "one by one here; disabling a user ends all",
    "People.verify_key": "what every request does",
    "People.note_use": "what every request does",
    "People.note_evaluations": "what evaluating does",
    "People.log_export": "what exporting does",
    "People.set_permissions": "area by area here",
    "People.reset_password": "a secret for a person's eyes: the console and the command line",
    "People.choose_password": "signing in is the console's",
    "People.may": "what every request does",
    "Schedules.add_run": "",
    "Schedules.due": "for workers",
    "Schedules.tick": "for workers",
    "Webhooks.collect": "for workers",
    "Webhooks.deliver": "for workers",
}


def verbs(kind: type) -> list[str]:
    return [name for name, member in vars(kind).items() if inspect.isfunction(member) and not name.startswith("_")]


ROOMS = [
    Comments, Customers, Drafts, Feed, FixedValues, Insight, Installation, Jobs, People, Pictures, Schedules, Tags, Views, Webhooks,
]  # fmt: skip


@pytest.mark.parametrize("kind", ROOMS)
def test_what_the_console_can_do_programs_can_do(kind: type) -> None:
    folder = Path(str(views.__file__)).parent
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    worker = {"claim", "tell", "finish", "give_back", "reap", "purge"} if kind is Jobs else set()
    said = [name for name in verbs(kind) if f".{name}(" in code or f'"{name}"' in code or f".{name} if" in code]
    missing = set(verbs(kind)) - set(said) - worker - {name.partition(".")[2] for name in ELSEWHERE if name.startswith(f"{kind.__name__}.")}
    assert missing - {"cursor", "sight", "of_publication"} == set()  # what others ask the room for, no act of its own


def test_the_api_stands_beside_the_console(sqlite_url: str) -> None:
    from engine.service import Engine
    from engine.wsgi import application

    with Engine.open(sqlite_url, actor="operator") as engine:
        engine.people.first_administrator("chen", PASSWORD)
        secret, _ = engine.people.make_key("k", user="chen", scopes=["results"])
        client = application(engine).test_client()
        found = client.get("/api/v1/me", headers={"Authorization": f"Bearer {secret}"})
        assert found.json["user"] == "chen"
        assert client.get("/api/v1/nothing").content_type.startswith("application/problem+json")
        assert client.get("/nothing").content_type.startswith("text/html")
        made = client.post("/api/v1/users", json={"name": "ab", "roles": []}, headers={"Authorization": f"Bearer {secret}"})
        assert made.status_code == 403, "no CSRF check of the console, but the scope"


def test_an_effect_without_its_answer_is_no_effect(api_both: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.store import repeats

    def killed(*args: object) -> None:
        raise KeyboardInterrupt  # as near to a kill between effect and answer as a test in one process comes

    with monkeypatch.context() as patch:
        patch.setattr(repeats, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            api_both("POST", "/users", json={"name": "till", "roles": []}, headers={"Idempotency-Key": "k"})
    assert [user.name for user in api_both.engine.people.users()] == ["chen"]
    api_both("POST", "/users", json={"name": "till", "roles": []}, headers={"Idempotency-Key": "k"}, code=201)


FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "=cmd|'/C calc'!A0", "＝1+1"]


def test_files_hold_no_live_formula(api: Client) -> None:
    rows = [{"customer": text} for text in FORMULAS]
    taken = api.post("/facts/customers", {"rows": rows})
    assert taken["created"] >= 5
    api.engine.run("2026-01-02")
    text = api("GET", "/exports/assignments", code=200).get_data(as_text=True)
    assert [line for line in text.splitlines() if line[:1] in "=+-@\t"] == []


def test_rows_that_are_wrong_are_named_each(api_both: Client) -> None:
    rows = [
        {"order": "N1", "customer": "C1", "ordered_at": "2026-01-01", "amount": "5.00"},
        {"order": "N2", "customer": "C1", "ordered_at": "2026-13-01", "amount": "5.00"},
        {"order": "N3", "customer": "nobody", "ordered_at": "2026-01-01", "amount": "5.00"},
        {"order": "N4", "customer": "C1", "ordered_at": "2026-01-01", "amount": "much"},
    ]
    refused = api_both.post("/facts/orders?atomic=true", {"rows": rows}, code=422)
    assert {error["row"] for error in refused["errors"]} >= {2, 4}
    taken = api_both.post("/facts/orders", {"rows": rows})
    assert taken["kept"]
    assert {error["row"] for error in taken["errors"]} >= {2, 4}
    assert taken["created"] == 4 - len(taken["errors"])
    again = api_both.post("/facts/orders", {"rows": rows[:1]})
    assert (again["created"], again["unchanged"]) == (0, 1)
    lines = b'{"order": "L1", "customer": "C1", "ordered_at": "2026-01-01", "amount": 5}\n\n{"order": "L2", "customer": "C2", "ordered_at": "2026-01-01", "amount": 6.5}\n'
    assert api_both("POST", "/facts/orders", data=lines, content_type="application/x-ndjson", code=200).json["created"] == 2
    assert (
        api_both("POST", "/facts/orders", data=b"[1]\n", content_type="application/x-ndjson", code=422).json["errors"][0]["field"]
        == "line 1"
    )
    for bad in ({"rows": []}, {"rows": [{"order": {}}]}, {"rows": [{"nonsense": 1}]}, {"rows": [[]]}, {"rows": [{}]}):
        assert api_both("POST", "/facts/orders", json=bad).status_code in (200, 422)
    api_both("POST", "/facts/nonsense", json={"rows": [{}]}, code=404)


def test_regrading_tells_what_would_change(api_both: Client) -> None:
    rows = [{"order": "BIG", "customer": "C3", "ordered_at": "2025-12-30", "amount": "99999.00"}]
    was = api_both.get("/customers/C3")["assignments"]["abc.class"]
    assert was != "A"
    taken = api_both.post("/facts/orders?regrade=true", {"rows": rows})
    assert taken["regraded"] == 1
    assert {"customer": "C3", "output": "abc.class", "was": was, "now": "A"} in taken["changes"]
    assert api_both.get("/customers/C3")["assignments"]["abc.class"] == was, "assignments change with the next run"


def test_a_patch_changes_what_it_names(api_both: Client) -> None:
    patched = api_both("PATCH", "/facts/orders/O1", json={"fields": {"amount": "7.50"}}, code=200).json
    assert patched["updated"] == 1
    api_both("PATCH", "/facts/orders/none", json={"fields": {"amount": "7.50"}}, code=404)
    api_both("PATCH", "/facts/orders/O1", json={"fields": {"order": "O2"}}, code=422)
    api_both("PATCH", "/facts/orders/O1", json={"fields": {"amount": "NaN"}}, code=422)
    api_both("PATCH", "/facts/products/none", json={"fields": {"name": "x"}}, code=404)
    api_both("PUT", "/facts/orders/O1/voided", json={"voided": True}, code=200)
    assert api_both("PUT", "/facts/orders/O1/voided", json={"voided": True}, code=200).json["changed"] is False
    assert api_both("PUT", "/facts/orders/O1/voided", json={"voided": 1}, code=422).json["errors"]


def test_a_test_key_works_in_a_sandbox_only(api: Client) -> None:
    from engine.api import create_app

    other = api.key("results", test=True)
    other("GET", "/me", code=401)
    sandbox = Client(create_app(api.engine, sandbox=True), api.engine, other.secret)
    assert sandbox.get("/me")["test"] is True
    sandbox.as_(api.secret)("GET", "/me", code=401)
