"""Every route that changes something: ten times at once with one idempotency key is once; and a rehearsal changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from engine.store.models import idempotency_key, metadata
from engine.webhooks import Webhooks
from tests.api.conftest import Client
from tests.api.test_access import ROUTES

MUTATING = sorted((method, path) for (method, path), need in ROUTES.items() if need.mutates and path != "/api/v1/sandbox/clock")
"""Every route that changes something; that of the sandbox, which is not there elsewhere, is tried in test_sandbox."""


def user(api: Client) -> None:
    api.engine.people.add("till", roles=["service"])


def draft(api: Client, *steps: str) -> None:
    """A draft of till's on its way; who decides is chen, whose key is used."""
    if "till" not in {each.name for each in api.engine.people.users()}:
        user(api)
    author = api.engine.acting_as("till").drafts
    document = {key: value for key, value in api.engine.version().document.items() if key in ("format", "name", "policies", "guards")}
    document["policies"] = [entry for entry in document["policies"] if entry["type"] == "lifecycle"]
    author.new(document={**document, "name": "Another"}, title="one")
    for step in steps:
        if step == "edit":
            author.edit(1, revision=1, document={**document, "name": "Still another"})
        elif step == "back":
            author.back(1, revision=2)
        elif step == "submit":
            author.submit(1)
        elif step == "approve":
            api.engine.acting_as("chen").drafts.approve(1)
        elif step == "publish":
            api.engine.acting_as("chen").drafts.publish(1)


def job(api: Client, status: str = "queued") -> None:
    found = api.engine.jobs.submit("run", {"as_of": "2026-01-01"})
    if status == "cancelled":
        api.engine.jobs.cancel(found.id)


def fix(api: Client, approved: bool = False, asked_by: str = "till") -> None:
    if "till" not in {each.name for each in api.engine.people.users()}:
        user(api)
    import time

    until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 20 * 86_400))
    found = api.engine.acting_as(asked_by).fixed_values.request("C1", "abc.class", "A", reason="contract", until=until)
    if approved:
        api.engine.acting_as("till" if asked_by == "chen" else "chen").fixed_values.approve(found.id)


def webhook(api: Client, delivered: bool = False) -> None:
    hooks = Webhooks(api.engine, resolve=lambda host, port: ["93.184.216.34"])
    hooks.add("shop", "https://shop.example.com/", ["run.visible"])
    if delivered:
        api.engine.run("2026-01-03")
        hooks.collect()


def held(api: Client) -> None:
    from sqlalchemy import update

    from engine.store.models import run

    record = api.engine.run("2026-01-03", historical=True)
    with api.engine.store.write() as connection:
        connection.execute(update(run).where(run.c.id == record.id).values(status="held", historical=0))


def points(api: Client, *acts: str) -> None:
    """A programme, and a member with 50 points and what was done with them."""
    document = {key: value for key, value in api.engine.version().document.items() if key in ("format", "name", "policies", "guards")}
    entry = {**document["policies"][0], "key": "points", "type": "points", "title": None, "params": {"survey": 5}}
    api.engine.publish({**document, "policies": [*document["policies"], {k: v for k, v in entry.items() if v is not None}]})
    api.engine.points.earn("C1", 50, key="before")
    if "redeem" in acts:
        api.engine.points.redeem("C1", 20, key="before, too")
    if "correct" in acts:
        api.engine.points.correct("C1", 20, reason="complaint", key="before, too")


CARE = {"trigger": "silence", "days": 1, "text": "Dear ${name}"}
MANAGER_POLICY = {"output": "abc.class", "grades": ["A", "B", "C"], "rank": "orders.amount", "neglect_days": 30, "contact": ["tasks"]}


def managed(api: Client, assigned: bool = False) -> None:
    api.engine.managers.set_policy(MANAGER_POLICY)
    api.engine.managers.add("Sun", capacity=100)
    if assigned:
        api.engine.managers.give(["C1"], "Sun", reason="known")


def ticket(api: Client, ago: int = 0) -> None:
    import time

    api.engine.tickets.open("C1", "complaint", "late", at=int(time.time()) - ago)


OFFICE = {"timezone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-18:00"]}}


def reward(api: Client, *acts: str) -> None:
    """A reward, and a member who can have it."""
    api.engine.points.earn("C1", 50, key="before")
    api.engine.rewards.save("mug", REWARD)
    if "reserve" in acts:
        api.engine.rewards.reserve("C1", "mug", key="before, too")


def offer(api: Client, *acts: str) -> None:
    """An offer for everybody, by a code and without."""
    document = {key: value for key, value in api.engine.version().document.items() if key in ("format", "name", "policies", "guards")}
    always = {"when": {"feature": "orders.count", "op": ">=", "value": 0}, "kind": "amount", "value": 1}
    given = {"offers": [{"key": "yuan", **always}, {"key": "coupon", "coded": True, **always}]}
    entry = {**document["policies"][0], "key": "offers", "type": "offers", "title": None, "params": given}
    api.engine.publish({**document, "policies": [*document["policies"], {k: v for k, v in entry.items() if v is not None}]})
    api.engine.run("2026-01-02")
    if "use" in acts:
        api.engine.offers.use("C1", 500, key="receipt")


REWARD: dict[str, Any] = {"title": {"en": "Mug", "zh": "马克杯"}, "points": 30, "stock": 3}
VIEW = {"title": "A customers", "query": {"filters": ["abc.class=A"]}}


def tagged(api: Client) -> None:
    api.engine.tags.add("vip")


def kept(api: Client) -> None:
    api.engine.acting_as("chen").views.save("customers", "mine", {"filters": ["abc.class=A"]})


Case = tuple[Callable[[Client], Any], str, Any]
ONE_ORDER = {"rows": [{"order": "N1", "customer": "C1", "ordered_at": "2026-01-01", "amount": "5.00"}]}
NOTHING: Callable[[Client], Any] = lambda api: None  # noqa: E731

SMS = {"channel": "sms", "url": "https://sms.example.com/send", "body": {"to": "${to}", "text": "${text}"}}


def gateway(api: Client) -> None:
    api.engine.gateways.save("sms", SMS, secret="s")


CASES: dict[tuple[str, str], Case] = {
    ("POST", "/facts/<kind>"): (NOTHING, "/facts/orders", ONE_ORDER),
    ("PATCH", "/facts/<kind>"): (NOTHING, "/facts/customers", {"rows": [{"customer": "C1", "region": "South"}]}),
    ("PUT", "/facts/<kind>/voided"): (NOTHING, "/facts/orders/voided", {"rows": [{"order": "O1"}, {"order": "O2"}]}),
    ("PATCH", "/facts/<kind>/<path:fact>"): (NOTHING, "/facts/customers/C1", {"fields": {"region": "South"}}),
    ("PUT", "/facts/<kind>/<path:fact>/voided"): (NOTHING, "/facts/orders/O1/voided", {"voided": True}),
    ("POST", "/batches/<int:batch>/undo"): (NOTHING, "/batches/2/undo", None),
    ("POST", "/users"): (NOTHING, "/users", {"name": "new", "roles": ["viewer"]}),
    ("PATCH", "/users/<name>"): (user, "/users/till", {"language": "zh"}),
    ("POST", "/users/<name>/disable"): (user, "/users/till/disable", None),
    ("POST", "/users/<name>/enable"): (user, "/users/till/enable", None),
    ("PUT", "/users/<name>/password"): (user, "/users/till/password", {"password": "another lake, further down"}),
    ("PUT", "/roles/<role>/<area>"): (NOTHING, "/roles/viewer/rules", {"read": False, "write": False}),
    ("POST", "/keys"): (user, "/keys", {"title": "k", "user": "till", "scopes": ["results:read"]}),
    ("DELETE", "/keys/<int:key>"): (lambda api: (user(api), api.key(user="till")), "/keys/2", None),
    ("DELETE", "/sessions/<int:session>"): (
        lambda api: api.engine.people.start_session(api.engine.people.user("chen")), "/sessions/1", None,
    ),
    ("POST", "/runs"): (NOTHING, "/runs", {"as_of": "2026-01-01"}),
    ("POST", "/runs/<int:run>/release"): (held, "/runs/2/release", None),
    ("POST", "/jobs/<int:job>/cancel"): (job, "/jobs/1/cancel", None),
    ("POST", "/jobs/<int:job>/retry"): (lambda api: job(api, "cancelled"), "/jobs/1/retry", None),
    ("POST", "/schedules"): (NOTHING, "/schedules", {"cron": "0 2 * * *"}),
    ("PUT", "/schedules/<int:schedule>/enabled"): (lambda api: api.engine.schedules.add_run("0 2 * * *"), "/schedules/1/enabled", {"enabled": False}),
    ("DELETE", "/schedules/<int:schedule>"): (lambda api: api.engine.schedules.add_run("0 2 * * *"), "/schedules/1", None),
    ("POST", "/drafts"): (NOTHING, "/drafts", {"title": "one"}),
    ("PATCH", "/drafts/<int:draft>"): (draft, "/drafts/1", {"title": "two"}),
    ("DELETE", "/drafts/<int:draft>"): (draft, "/drafts/1", None),
    ("POST", "/drafts/<int:draft>/undo"): (draft, "/drafts/1/undo", {"to": 1}),
    ("POST", "/drafts/<int:draft>/back"): (lambda api: draft(api, "edit"), "/drafts/1/back", None),
    ("POST", "/drafts/<int:draft>/forth"): (lambda api: draft(api, "edit", "back"), "/drafts/1/forth", None),
    ("POST", "/drafts/<int:draft>/submit"): (draft, "/drafts/1/submit", {}),
    ("POST", "/drafts/<int:draft>/withdraw"): (lambda api: draft(api, "submit"), "/drafts/1/withdraw", {}),
    ("POST", "/drafts/<int:draft>/approve"): (lambda api: draft(api, "submit"), "/drafts/1/approve", {"hash": "..."}),
    ("POST", "/drafts/<int:draft>/reject"): (lambda api: draft(api, "submit"), "/drafts/1/reject", {}),
    ("POST", "/drafts/<int:draft>/publish"): (lambda api: draft(api, "submit", "approve"), "/drafts/1/publish", {}),
    ("POST", "/rulebooks/rollback"): (lambda api: draft(api, "submit", "approve", "publish"), "/rulebooks/rollback", {}),
    ("POST", "/fixed-values"): (NOTHING, "/fixed-values", "fix"),
    ("POST", "/fixed-values/<int:fixed>/approve"): (fix, "/fixed-values/1/approve", None),
    ("POST", "/fixed-values/<int:fixed>/reject"): (fix, "/fixed-values/1/reject", None),
    ("POST", "/fixed-values/<int:fixed>/withdraw"): (lambda api: fix(api, asked_by="chen"), "/fixed-values/1/withdraw", None),
    ("POST", "/fixed-values/<int:fixed>/end"): (lambda api: fix(api, True), "/fixed-values/1/end", None),
    ("POST", "/loyalty/day"): (points, "/loyalty/day", None),
    ("POST", "/customers/<path:customer>/points/earn"): (points, "/customers/C1/points/earn", {"points": 5}),
    ("POST", "/customers/<path:customer>/points/event"): (points, "/customers/C1/points/event", {"event": "survey"}),
    ("POST", "/customers/<path:customer>/points/redeem"): (points, "/customers/C1/points/redeem", {"points": 5}),
    ("POST", "/customers/<path:customer>/points/cancel"): (lambda api: points(api, "redeem"), "/customers/C1/points/cancel", {"redemption": 3}),
    ("POST", "/customers/<path:customer>/points/reverse"): (points, "/customers/C1/points/reverse", {"earning": 1, "points": 5}),
    ("POST", "/customers/<path:customer>/points/undo"): (lambda api: points(api, "correct"), "/customers/C1/points/undo", {"act": 3, "reason": "wrong member"}),
    ("POST", "/customers/<path:customer>/points/correct"): (points, "/customers/C1/points/correct", {"points": -5, "reason": "typing error"}),
    ("POST", "/customers/<path:customer>/points/transfer"): (points, "/customers/C1/points/transfer", {"points": 5, "to": "C2"}),
    ("PUT", "/customers/<path:customer>/points/closed"): (points, "/customers/C1/points/closed", {"closed": True}),
    ("PUT", "/loyalty/rewards/<reward>"): (reward, "/loyalty/rewards/mug", {**REWARD, "points": 31}),
    ("POST", "/customers/<path:customer>/rewards"): (reward, "/customers/C1/rewards", {"reward": "mug"}),
    ("POST", "/loyalty/claims/<int:claim>/confirm"): (lambda api: reward(api, "reserve"), "/loyalty/claims/1/confirm", None),
    ("POST", "/loyalty/claims/<int:claim>/cancel"): (lambda api: reward(api, "reserve"), "/loyalty/claims/1/cancel", None),
    ("POST", "/customers/<path:customer>/offers/use"): (offer, "/customers/C1/offers/use", {"basket": 500}),
    ("POST", "/customers/<path:customer>/offers/cancel"): (lambda api: offer(api, "use"), "/customers/C1/offers/cancel", {"key": "receipt"}),
    ("POST", "/loyalty/offers/<offer>/codes"): (offer, "/loyalty/offers/coupon/codes", {"count": 2}),
    ("POST", "/drafts/<int:draft>/comments"): (draft, "/drafts/1/comments", {"text": "Why so few?"}),
    ("PUT", "/comments/<int:comment>/settled"): (
        lambda api: (draft(api), api.engine.comments.add(1, "Why?")), "/comments/1/settled", {"settled": True},
    ),
    ("POST", "/tags"): (NOTHING, "/tags", {"name": "vip"}),
    ("PATCH", "/tags/<feature>"): (tagged, "/tags/tags.vip", {"title": "Key account"}),
    ("DELETE", "/tags/<feature>"): (tagged, "/tags/tags.vip", None),
    ("PUT", "/tags/<feature>/customers"): (tagged, "/tags/tags.vip/customers", {"give": ["C1", "C2"]}),
    ("POST", "/views"): (NOTHING, "/views", VIEW),
    ("PUT", "/views/<int:view>/shared"): (kept, "/views/1/shared", {"shared": True}),
    ("DELETE", "/views/<int:view>"): (kept, "/views/1", None),
    ("POST", "/customers/<path:customer>/join"): (NOTHING, "/customers/C1/join", {"other": "C2"}),
    ("POST", "/customers/<path:customer>/separate"): (lambda api: api.engine.join_customers("C1", "C2"), "/customers/C2/separate", None),
    ("PUT", "/customers/<path:customer>/not-graded"): (NOTHING, "/customers/C1/not-graded", {"reason": "staff"}),
    ("POST", "/webhooks"): (NOTHING, "/webhooks", {"title": "t", "url": "https://93.184.216.34/", "events": ["run.visible"]}),
    ("PATCH", "/webhooks/<int:webhook>"): (webhook, "/webhooks/1", {"enabled": False}),
    ("POST", "/webhooks/<int:webhook>/deliveries/<int:delivery>/replay"): (lambda api: webhook(api, True), "/webhooks/1/deliveries/1/replay", None),
    ("PUT", "/service/care/<key>"): (lambda api: api.engine.care.save("birthday", CARE), "/service/care/birthday", CARE),
    ("PUT", "/service/care/<key>/enabled"): (lambda api: api.engine.care.save("birthday", CARE), "/service/care/birthday/enabled", {"enabled": False}),
    ("DELETE", "/service/care/<key>"): (lambda api: api.engine.care.save("birthday", CARE), "/service/care/birthday", None),
    ("POST", "/service/care-run"): (lambda api: api.engine.care.save("birthday", CARE), "/service/care-run", {}),
    ("PUT", "/service/gateways/<key>"): (gateway, "/service/gateways/sms", {"document": SMS, "secret": "s2"}),
    ("DELETE", "/service/gateways/<key>"): (gateway, "/service/gateways/sms", None),
    ("POST", "/service/care-messages/retry"): (gateway, "/service/care-messages/retry", {"gateway": "sms"}),
    ("POST", "/customers/<path:customer>/interactions"): (NOTHING, "/customers/C1/interactions", {"channel": "phone", "note": "well"}),
    ("POST", "/service/interactions"): (NOTHING, "/service/interactions", {"rows": [{"customer": "C1", "at": "2026-01-02T10:00"}]}),
    ("DELETE", "/service/interactions/<int:interaction>"): (lambda api: api.engine.interactions.add("C1"), "/service/interactions/1", None),
    ("POST", "/service/managers"): (NOTHING, "/service/managers", {"name": "Sun", "capacity": 5}),
    ("PATCH", "/service/managers/<name>"): (managed, "/service/managers/Sun", {"capacity": 6}),
    ("POST", "/service/managers/<name>/leave"): (lambda api: managed(api, True), "/service/managers/Sun/leave", {"reason": "left"}),
    ("PUT", "/service/manager-policy"): (NOTHING, "/service/manager-policy", MANAGER_POLICY),
    ("POST", "/service/managers-assign"): (managed, "/service/managers-assign", None),
    ("POST", "/service/managers-neglected"): (lambda api: managed(api, True), "/service/managers-neglected", None),
    ("POST", "/service/managers-give"): (managed, "/service/managers-give", {"customers": ["C1"], "to": "Sun", "reason": "known"}),
    ("POST", "/service/pool/claim"): (lambda api: (managed(api, True), api.engine.managers.release(["C1"], reason="far")), "/service/pool/claim", {"customers": ["C1"], "manager": "Sun"}),
    ("POST", "/service/tasks"): (NOTHING, "/service/tasks", {"title": "call", "customer": "C1", "due": "2030-01-01"}),
    ("PATCH", "/service/tasks/<int:task>"): (lambda api: api.engine.tasks.add("call"), "/service/tasks/1", {"owner": "lin"}),
    ("POST", "/service/tasks/<int:task>/done"): (lambda api: api.engine.tasks.add("call"), "/service/tasks/1/done", {"outcome": "well"}),
    ("POST", "/service/tickets"): (NOTHING, "/service/tickets", {"customer": "C1", "kind": "complaint", "subject": "late", "text": "where"}),
    ("POST", "/service/tickets/<int:ticket>/messages"): (ticket, "/service/tickets/1/messages", {"text": "on its way"}),
    ("POST", "/service/tickets/<int:ticket>/state"): (ticket, "/service/tickets/1/state", {"state": "in_progress"}),
    ("PATCH", "/service/tickets/<int:ticket>"): (ticket, "/service/tickets/1", {"priority": "urgent", "compensation": 500}),
    ("POST", "/service/tick"): (lambda api: ticket(api, ago=86_000), "/service/tick", None),
    ("PUT", "/service/calendars/<name>"): (NOTHING, "/service/calendars/office", {"document": OFFICE}),
    ("DELETE", "/service/calendars/<name>"): (lambda api: api.engine.calendars.save("office", OFFICE), "/service/calendars/office", None),
    ("PUT", "/service/answers/<name>"): (NOTHING, "/service/answers/sorry", {"document": {"title": "Sorry", "text": "We are sorry."}}),
    ("DELETE", "/service/answers/<name>"): (
        lambda api: api.engine.desk.save_answer("sorry", {"title": "Sorry", "text": "We are sorry."}), "/service/answers/sorry", None,
    ),
    ("PUT", "/service/setup"): (lambda api: api.engine.desk.save_setup({"kinds": [{"key": "a"}]}), "/service/setup", {"document": {"kinds": [{"key": "b"}]}}),
    ("POST", "/service/tasks/<int:task>/skip"): (lambda api: api.engine.tasks.add("call"), "/service/tasks/1/skip", {"reason": "moved"}),
}  # fmt: skip


def test_every_route_that_changes_something_is_here() -> None:
    assert sorted((method, f"/api/v1{path}") for method, path in CASES) == MUTATING


def prepared(api: Client, case: Case) -> tuple[str, Any]:
    ready, path, body = case
    ready(api)
    if path.startswith("/drafts/1"):
        SEEN[(id(api.app), path)] = api.engine.drafts.get(1).revision
    if body == {"hash": "..."}:
        body = {"hash": api.engine.drafts.get(1).submitted_hash}
    if body == "fix":
        import time

        until = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 20 * 86_400))
        body = {"customer": "C1", "output": "abc.class", "value": "A", "reason": "contract", "until": until}
    return path, body


def tag_of(api: Client, path: str) -> str:
    """The ETag that was read before everything began."""
    return f'"{SEEN.get((id(api.app), path), 1)}"'


SEEN: dict[tuple[int, str], int] = {}


def options(body: Any) -> dict[str, Any]:
    return {} if body is None else {"json": body}


def contents(api: Client) -> dict[str, Any]:
    """Every row of the store but those of answers kept, and moments of use."""
    skipped = {"idempotency_key", "api_key"}
    with api.engine.store.read() as connection:
        return {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables if table.name not in skipped}


@pytest.mark.parametrize("route", list(CASES), ids=[" ".join(route) for route in CASES])
def test_ten_at_once_are_one(api: Client, route: tuple[str, str]) -> None:
    path, body = prepared(api, CASES[route])
    gate = Barrier(10)

    def send(_: int) -> Any:
        gate.wait()
        return api(route[0], path, headers={"Idempotency-Key": "one", "If-Match": tag_of(api, path)}, **options(body))

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(send, range(10)))
    assert {answer.status_code for answer in answers} <= {200, 201, 202}, answers[0].get_data(as_text=True)
    assert len({answer.get_data() for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    after = contents(api)
    again = api(route[0], path, headers={"Idempotency-Key": "one", "If-Match": tag_of(api, path)}, **options(body))
    assert again.get_data() == answers[0].get_data()
    other = {"dry_run": "false"}
    api(route[0], path, headers={"Idempotency-Key": "one", "If-Match": tag_of(api, path)}, query_string=other, code=409, **options(body))
    assert contents(api) == after
    with api.engine.store.read() as connection:
        assert len(connection.execute(select(idempotency_key)).all()) == 1


@pytest.mark.parametrize("route", list(CASES), ids=[" ".join(route) for route in CASES])
def test_a_rehearsal_answers_and_changes_nothing(api: Client, route: tuple[str, str]) -> None:
    path, body = prepared(api, CASES[route])
    before, jobs = contents(api), [each.as_dict() for each in api.engine.jobs.list()]
    answer = api(
        route[0],
        path,
        headers={"If-Match": tag_of(api, path), "Idempotency-Key": "rehearsed"},
        query_string={"dry_run": "true"},
        **options(body),
    )
    assert answer.status_code in (200, 201, 202), answer.get_data(as_text=True)
    assert answer.headers["Dry-Run"] == "true"
    assert contents(api) == before
    assert [each.as_dict() for each in api.engine.jobs.list()] == jobs
    assert re.match("/", path)
