"""Account managers, pool, tasks and care plans in the console: what they show, do and refuse, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from engine import questions
from engine.service import Engine
from engine.worker import Worker
from tests.admin.conftest import PASSWORD as WORD
from tests.admin.conftest import ROLES, Browser, open_app
from tests.small_store import AS_OF
from tests.trust.company import LATER, company

POLICY = {
    "output": "abc.class", "grade_list": "A, B", "region": "profile.region", "language": "custom.language", "rank": "orders.amount", "contact": "orders, tasks",
    "neglect_days": "1", "claims_per_day": "5", "claim_again_days": "30", "sticky": "on", "history": "on",
}  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path_factory.mktemp('service') / 'store.db'}"
    company(url, customers=60)
    with Engine.open(url, actor="setup") as opened:
        opened.run(AS_OF)
        opened.run(LATER)
        opened.people.first_administrator("administrator", WORD)
        for role in ROLES[:-1]:
            opened.people.add(role, roles=[role], password=WORD)
        yield opened


@pytest.fixture(scope="module")
def app(engine: Engine) -> Flask:
    return open_app(engine)


@pytest.fixture(scope="module")
def ada(app: Flask) -> Browser:
    return Browser(app).sign_in("administrator")


def test_managers_from_nothing_to_assigned_and_handed_over(ada: Browser, engine: Engine) -> None:
    alone = ada.get(f"/customers/{engine.customers.find('C', limit=1)[0][0]}").text
    assert "Who gets one is said under" in alone
    assert "nobody looks after" not in alone
    assert "No account managers yet" in ada.get("/managers/").text
    assert ada.post("/managers/", {"name": "Sun", "capacity": "many"}).status_code == 400
    assert ada.post("/managers/", {"name": "Sun", "capacity": "3", "title": "Sun Li", "user": "service"}).status_code == 302
    ada.post("/managers/", {"name": "Moon", "capacity": "40", "grades": "A， B"})
    wrong = ada.post("/managers/policy", {**POLICY, "grade_list": "A, X"})
    assert wrong.status_code == 400
    assert "no label &#39;X&#39;" in wrong.text
    assert ada.post("/managers/policy", POLICY).status_code == 302
    tried = ada.post("/managers/try").text
    assert "are to have a manager" in tried
    assert engine.managers.pool_size() == 0
    assert ada.post("/managers/assign").status_code == 302
    listed = ada.get("/managers/").text
    assert '<progress max="3" value="3"' in listed
    assert "full" in listed
    assert ada.post("/managers/of/Sun", {"title": "Sun", "capacity": "4", "user": "service", "regions": "East"}).status_code == 302
    assert engine.managers.get("Sun").regions == ("East",)
    assert ada.get("/managers/of/nobody").status_code == 404
    engine.managers.edit("Moon", capacity=60)
    had = engine.managers.get("Sun").customers
    assert ada.post("/managers/of/Sun", {"do": "leave", "to": "Moon", "reason": ""}).status_code == 400
    assert ada.post("/managers/of/Sun", {"do": "leave", "to": "Moon", "reason": "left"}).status_code == 302
    assert engine.managers.get("Sun").customers == 0 < had
    assert "Sun" in ada.get("/managers/?gone=1").text


def test_the_pool_is_claimed_from(ada: Browser, engine: Engine) -> None:
    owned = engine.customers.find("C", limit=1)[0][0]
    engine.managers.edit("Sun", back=True)
    customer = (
        next(each.customer for each in engine.managers.assign(dry_run=True).examples)
        if engine.managers.assign(dry_run=True).examples
        else owned
    )
    engine.managers.give([customer], "Moon", reason="test")
    engine.managers.release([customer], reason="too far away")
    page = ada.get("/pool/").text
    assert "too far away" in page
    assert ada.post("/pool/", {"manager": "Moon"}).status_code == 400
    assert ada.post("/pool/", {"manager": "Moon", "customer": customer}).status_code == 302
    assert engine.managers.explain(customer).owned.why == "claimed"
    assert ada.post("/pool/neglected").status_code == 302


def test_tasks_as_a_list_a_month_and_one(ada: Browser, engine: Engine) -> None:
    customer = engine.customers.find("C", limit=1)[0][0]
    made = ada.post("/tasks/", {"title": "Call <b>", "customer": customer, "due": "2026-03-01", "owner": "Moon", "channel": "phone"})
    assert made.status_code == 302
    assert ada.post("/tasks/", {"title": "x", "customer": "nobody"}).status_code == 400
    number = engine.tasks.list()[0].id
    assert "Call &lt;b&gt;" in ada.get("/tasks/").text
    assert "overdue" in ada.get("/tasks/").text
    month = ada.get("/tasks/month?month=2026-03").text
    assert "day=2026-03-01" in month
    assert ada.get("/tasks/month?month=nonsense").status_code == 200
    assert ada.get(f"/tasks/{number}").status_code == 200
    assert ada.get("/tasks/99999999999").status_code == 404
    ada.post(f"/tasks/{number}", {"do": "edit", "due": "2026-03-02", "owner": "", "channel": ""})
    assert engine.tasks.get(number).due.isoformat() == "2026-03-02"
    assert ada.post(f"/tasks/{number}", {"do": "skip", "reason": ""}).status_code == 400
    assert ada.post(f"/tasks/{number}", {"do": "done", "outcome": "well"}).status_code == 302
    assert "well" in ada.get(f"/tasks/{number}").text
    assert ada.get("/tasks/?day=nonsense").status_code == 200


def test_care_plans_are_written_previewed_carried_out_and_measured(ada: Browser, engine: Engine) -> None:
    assert "No care plans yet" in ada.get("/care/").text
    form = {
        "key": "quiet", "trigger": "silence", "days": "10", "title_en": "Silent", "title_zh": "久未联系", "text_en": "Dear ${nmae}", "text_zh": "${name}您好", "delivery": "task",
        "consent": "unless_refused", "control_share": "20", "who_output": "abc.class", "who_labels": "A, B", "months": "3", "late_days": "2", "cap_most": "1", "cap_days": "0",
    }  # fmt: skip
    wrong = ada.post("/care/new", form)
    assert wrong.status_code == 400
    assert "did you mean" in wrong.text
    assert "Dear ${nmae}" in wrong.text
    assert ada.post("/care/new", {**form, "text_en": "Dear ${name}"}).status_code == 302
    page = ada.get("/care/plan/quiet").text
    assert "What it changed" in page
    page = ada.get("/care/").text
    assert "to care for in the next 30 days" in page
    assert ">quiet</a>" not in page
    before = engine.tasks.count()
    assert ada.post("/care/run").status_code == 302
    assert engine.tasks.count() > before
    stale = ada.post("/care/plan/quiet", {**form, "text_en": "x", "revision": "99"})
    assert stale.status_code == 400
    assert ada.post("/care/plan/quiet", {"do": "disable"}).status_code == 302
    assert not engine.care.get("quiet").enabled
    assert ada.get("/care/plan/none").status_code == 404
    assert ada.post("/care/plan/quiet", {"do": "remove"}).status_code == 302


@pytest.mark.parametrize("path", ["/managers/", "/managers/of/Moon", "/pool/", "/tasks/", "/tasks/month", "/care/", "/care/new"])
def test_every_page_in_chinese_and_for_who_may_only_look(app: Flask, engine: Engine, path: str) -> None:
    viewer = Browser(app).sign_in("viewer").speak("zh")
    found = viewer.get(path)
    assert found.status_code == (403 if path == "/care/new" else 200)
    if found.status_code == 200:
        assert 'lang="zh' in found.text
        assert "<textarea" not in found.text


def test_who_may_only_look_changes_nothing(app: Flask, engine: Engine) -> None:
    viewer = Browser(app).sign_in("viewer")
    for path in (
        "/managers/",
        "/managers/policy",
        "/managers/assign",
        "/managers/of/Moon",
        "/pool/",
        "/pool/neglected",
        "/tasks/",
        "/care/new",
        "/care/run",
    ):
        assert viewer.post(path, {}).status_code == 403, path


def test_a_message_gateway_from_an_example_to_a_trial(ada: Browser, app: Flask, engine: Engine) -> None:
    assert "No message gateways yet" in ada.get("/gateways/").text
    assert "wecom_group" in ada.get("/gateways/").text
    assert "qyapi.weixin.qq.com" in ada.get("/gateways/new?example=wecom_group").text
    form = {
        "key": "sms",
        "channel": "sms",
        "url": "https://192.0.2.1/send",
        "method": "POST",
        "format": "json",
        "over": "refuse",
        "to": "phone",
    }
    form |= {"headers": "Authorization: Bearer ${secret}", "secret": "very-secret", "limit_parts": "1", "title_zh": "短信"}
    wrong = ada.post("/gateways/new", {**form, "body": "{", "accepted_field": "code", "accepted_values": "0]"})
    assert wrong.status_code == 400
    assert wrong.text.count("this is no JSON") == 2
    refused = ada.post("/gateways/new", {**form, "body": '{"to": "${phone}"}'})
    assert "TW423" in refused.text
    form |= {"body": '{"to": "${to}", "text": "${text}"}', "accepted_field": "code", "accepted_values": '["OK"]'}
    assert ada.post("/gateways/new", form).status_code == 302
    page = ada.get("/gateways/gateway/sms").text
    assert "Bearer ${secret}" in page
    assert "very-secret" not in page
    shown = ada.post("/gateways/gateway/sms", {"do": "show", "to": "138", "text": "<b>x</b>"}).text
    assert "Bearer hidden" in shown
    assert "&lt;b&gt;x" in shown
    sent = ada.post("/gateways/gateway/sms", {"do": "send", "to": "138", "text": "x"}).text
    assert "leads to an address that is not public" in sent
    assert ada.post("/gateways/gateway/sms", {"do": "show", "to": "138", "text": "你" * 71}).status_code == 400
    assert ada.post("/gateways/gateway/sms", {**form, "revision": "7"}).status_code == 400
    assert ada.post("/gateways/gateway/sms", {**form, "revision": "1", "secret": ""}).status_code == 302
    assert engine.gateways.get("sms").has_secret
    ada.post("/gateways/gateway/sms", {"do": "disable"})
    assert "rests" in ada.get("/gateways/").text
    assert "(sms)" in ada.get("/care/new").text
    reader = Browser(app).sign_in("service")
    assert reader.get("/gateways/").status_code == 403
    ada.post("/gateways/gateway/sms", {"do": "remove"})
    assert engine.gateways.list() == []


def test_contacts_are_written_down_on_the_page_of_the_customer(ada: Browser, app: Flask, engine: Engine) -> None:
    who = engine.customers.list(engine.customers.asked_for({"size": 1})).rows[0]["customer"]
    assert "No contact is written down yet" in ada.get(f"/customers/{who}?tab=service").text
    form = {"customer": who, "channel": "phone", "direction": "in", "note": "<b>asked</b>", "at": "2026-01-02T10:00"}
    assert ada.post("/customers/contact", form).status_code == 302
    page = ada.get(f"/customers/{who}?tab=service").text
    assert "&lt;b&gt;asked" in page
    assert "from the customer, phone" in page
    assert ada.post("/customers/contact", {**form, "at": "2999-01-01T10:00"}).status_code in (302, 400, 422)
    number = engine.interactions.of(who)[0].id
    assert ada.post("/customers/contact", {"customer": who, "void": str(number)}).status_code == 302
    assert engine.interactions.of(who) == []


def test_the_customer_page_says_who_looks_after_her_and_why(ada: Browser, engine: Engine) -> None:
    engine.managers.add("Star", capacity=100)
    who = engine.customers.list(engine.customers.asked_for({"size": 1})).rows[0]["customer"]
    engine.managers.give([who], "Star", reason="asked for her")
    for tab in ("", "?tab=service"):
        page = ada.get(f"/customers/{who}{tab}").text
        assert "Looked after by Star" in page
        assert "asked for her" in page
    assert "客户经理：Star" in ada.get(f"/customers/{who}?language=zh").text or "Star" in page


def test_with_many_customers_the_page_asks_for_a_job(ada: Browser, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "AT_ONCE", 3)
    engine.care.save("ahead", {"trigger": "silence", "days": 1, "text": "x"})
    assert "Compute it" in ada.get("/care/").text
    assert ada.post("/care/ask", {}).status_code == 302
    page = ada.get("/care/").text
    assert "are being computed" in page
    job = engine.jobs.list(kind="insight")[0]
    assert ada.get(f"/care/jobs/{job.id}/progress").json["open"]
    Worker(engine).do(job.id)
    assert "to care for in the next 30 days" in ada.get("/care/").text
    assert ada.post("/care/ask", {"key": "ahead"}).status_code == 302
    job = engine.jobs.list(kind="insight")[0]
    assert "are being computed" in ada.get("/care/plan/ahead").text
    assert ada.post(f"/care/jobs/{job.id}/cancel", {}).status_code == 302
    assert "Compute it" in ada.get("/care/plan/ahead").text
    assert ada.get("/care/jobs/9999/progress").status_code in (400, 404)
    engine.care.remove("ahead")
