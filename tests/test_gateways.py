"""Messages of care plans go out by gateways: over real HTTP, once per occasion, tried again, visible when they fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select, update

from engine.care_delivery import WAITS
from engine.errors import CareError
from engine.service import Engine
from engine.store.models import care_message, gateway
from tests.test_caring import BIRTHDAY, shop


class Provider:
    """A server of somebody who sends short messages: what came, and what it answers next."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, str], str]] = []
        self.answers: list[tuple[int, bytes]] = []
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                told.got.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                status, words = told.answers.pop(0) if told.answers else (200, b'{"code": "OK"}')
                self.send_response(status)
                self.send_header("Content-Length", str(len(words)))
                self.end_headers()
                self.wfile.write(words)

            do_GET = do_PUT = do_POST

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    opened = Provider()
    yield opened
    opened.close()


@pytest.fixture
def engine(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setenv("TIERWISE_QUIET_HOURS", "no")
    monkeypatch.setenv("TIERWISE_WEBHOOK_NETWORKS", "127.0.0.0/8")
    with Engine.open(store_url, actor="li") as opened:
        shop(opened)
        rows = [{"customer": f"C{n}", "phone": f"+86 138 0000 000{n}"} for n in (1, 3)]
        opened.import_facts([*rows, {"customer": "C4", "custom.wecom": 'wm"4'}], "customers")
        yield opened


def sms(provider: Provider, **more: Any) -> dict[str, Any]:
    return {
        "channel": "sms",
        "url": f"{provider.url}/v1/send",
        "headers": {"Authorization": "Bearer ${secret}"},
        "body": {"to": "${digits}", "message": {"text": "${text}"}, "ref": "${id}"},
        "accepted": {"field": "code", "values": ["OK"]},
        **more,
    }


PLAN = {**BIRTHDAY, "delivery": "gateway", "gateway": "sms", "consent": "none"}


def later(engine: Engine) -> None:
    with engine.store.write() as connection:
        connection.execute(update(care_message).values(next_at=0))


def test_each_occasion_goes_out_once(engine: Engine, provider: Provider) -> None:
    engine.gateways.save("sms", sms(provider), secret="top secret")
    engine.care.save("birthday", PLAN)
    report = engine.care.run().plans[0]
    assert (report.made, report.no_address) == (2, 2), "C1 and C3 have a telephone; C2 and C4 have none"
    assert engine.care.deliver() == 2
    assert (engine.care.deliver(), engine.care.run().made) == (0, 0)
    method, path, headers, body = min(provider.got, key=lambda each: json.loads(each[3])["to"])
    assert (method, path, headers["authorization"]) == ("POST", "/v1/send", "Bearer top secret")
    assert headers["content-type"] == "application/json; charset=utf-8"
    sent = json.loads(body)
    assert sent["to"] == "8613800000001"
    assert sent["message"] == {"text": "Happy birthday, Name 1!"}
    assert sent["ref"] == headers["idempotency-key"]
    kept = engine.gateways.get("sms")
    assert kept.messages == {"sent": 2}
    assert [each.status for each in engine.gateways.messages()] == ["sent", "sent"]
    assert "top secret" not in str(kept.as_dict())


def test_a_name_that_is_json_stays_a_value(engine: Engine, provider: Provider) -> None:
    engine.import_facts([{"customer": "C1", "name": '"}, "admin": true, {"x": "'}], "customers")
    engine.gateways.save("sms", sms(provider), secret="s")
    engine.care.save("birthday", PLAN)
    engine.care.run()
    engine.care.deliver()
    assert set(json.loads(provider.got[0][3])) == {"to", "message", "ref"}


def test_the_channel_of_a_customer_names_the_gateway(engine: Engine, provider: Provider) -> None:
    engine.gateways.save("sms", sms(provider), secret="s")
    wecom = {
        "channel": "wecom",
        "url": f"{provider.url}/wecom?key=${{secret}}",
        "format": "form",
        "body": {"user": "${to}", "text": "${text}"},
    }
    engine.gateways.save("wecom", {**wecom, "to": "custom.wecom"}, secret="k&y")
    engine.import_facts([{"customer": "C1", "custom.channel": "sms"}, {"customer": "C4", "custom.channel": "wecom"}], "customers")
    engine.care.save("birthday", {**PLAN, "gateway": ""})
    assert engine.care.run().plans[0].made == 2
    assert engine.care.deliver() == 2
    by_path = {path: (headers, body) for _, path, headers, body in provider.got}
    assert set(by_path) == {"/v1/send", "/wecom?key=k%26y"}
    assert parse_qs(by_path["/wecom?key=k%26y"][1]) == {"user": ['wm"4'], "text": ["Name 4，生日快乐！"]}


def test_what_fails_is_tried_again_and_told(engine: Engine, provider: Provider) -> None:
    engine.gateways.save("sms", sms(provider), secret="pass-word")
    engine.care.save("birthday", PLAN)
    engine.care.run()
    provider.answers = [(200, b'{"code": "BUSY"}'), (400, b"no such number pass-word")]
    assert engine.care.deliver() == 0
    failed = engine.gateways.messages(status="failed")
    assert [(each.last_error, each.attempts) for each in failed] == [("answered 400: no such number ***", 1)]
    waiting = engine.gateways.messages(status="waiting")
    assert waiting[0].last_error.startswith('code is "BUSY"')
    for _ in WAITS:
        later(engine)
        provider.answers = [(503, b"")]
        engine.care.deliver()
    assert len(engine.gateways.messages(status="failed")) == 2
    assert engine.gateways.retry(gateway="sms") == 2
    assert engine.care.deliver() == 2
    assert [each.status for each in engine.gateways.messages(gateway="sms")] == ["sent", "sent"]


def test_a_gateway_that_does_not_answer_or_rests_keeps_the_others_waiting(engine: Engine, provider: Provider) -> None:
    engine.gateways.save("sms", sms(provider), secret="s")
    engine.care.save("birthday", PLAN)
    engine.care.run()
    engine.gateways.enable("sms", False)
    assert engine.care.deliver() == 0
    assert (provider.got, {each.attempts for each in engine.gateways.messages()}) == ([], {0})
    engine.gateways.save("sms", {**sms(provider), "url": "http://127.0.0.1:9/"})
    later(engine)
    assert engine.care.deliver() == 0
    assert sorted(each.attempts for each in engine.gateways.messages()) == [0, 1], "the second was not even tried"
    engine.gateways.remove("sms")
    later(engine)
    engine.care.deliver()
    assert {each.last_error for each in engine.gateways.messages()} == {"there is no gateway sms"}


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://169.254.169.254/latest", "https://[::1]/", "https://10.0.0.1/"])
def test_machines_inside_are_never_reached(engine: Engine, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TIERWISE_WEBHOOK_NETWORKS", "")
    with Engine.open(str(engine.store.sql.url.render_as_string(hide_password=False)), actor="li") as strict:
        strict.gateways.save("sms", {"channel": "sms", "url": url, "body": {"t": "${text}"}})
        assert "Refused" in str(strict.gateways.trial("sms", "1", send=True).refusal)
        strict.care.save("birthday", PLAN)
        strict.care.run()
        assert strict.care.deliver() == 0
        assert "not public" in strict.gateways.messages()[-1].last_error or "https" in strict.gateways.messages()[-1].last_error


def test_a_trial_shows_the_request_and_sends_it_when_asked_to(engine: Engine, provider: Provider) -> None:
    engine.gateways.save("sms", sms(provider, limits={"parts": 1}), secret="top-secret")
    shown = engine.gateways.trial("sms", "+86 139 1234 5678", text="你好")
    assert (provider.got, shown.sent, shown.parts, shown.characters) == ([], False, 1, 2)
    assert shown.headers["Authorization"] == "Bearer hidden"
    assert json.loads(shown.body)["to"] == "8613912345678"
    sent = engine.gateways.trial("sms", "+86 139 1234 5678", text="你好", send=True)
    assert (sent.status, sent.refusal, len(provider.got)) == (200, None, 1)
    assert provider.got[0][2]["authorization"] == "Bearer top-secret"
    provider.answers = [(200, b'{"code": "top-secret is wrong"}')]
    wrong = engine.gateways.trial("sms", "1", text="x", send=True)
    assert wrong.refusal == 'code is "hidden is wrong": {"code": "hidden is wrong"}'
    with pytest.raises(CareError, match="2 parts, and at most 1 are allowed"):
        engine.gateways.trial("sms", "1", text="你" * 71)
    assert engine.gateways.messages() == [], "no customer and no occasion is touched"


def test_a_gateway_is_kept_with_its_secret_until_another_comes(engine: Engine, provider: Provider) -> None:
    first = engine.gateways.save("sms", sms(provider), secret="one", revision=0)
    assert (first.has_secret, first.revision) == (True, 1)
    with pytest.raises(CareError, match="changed by somebody else"):
        engine.gateways.save("sms", sms(provider), revision=0)
    engine.gateways.save("sms", sms(provider), revision=1)
    with engine.store.read() as connection:
        assert connection.scalar(select(gateway.c.secret)) == "one"
    with pytest.raises(CareError, match="did you mean 'sms'"):
        engine.gateways.get("smss")
    with pytest.raises(CareError, match="there is no gateway 'post'"):
        engine.care.save("birthday", {**PLAN, "gateway": "post"})
    with pytest.raises(CareError, match="leave it out"):
        engine.care.save("birthday", {**BIRTHDAY, "gateway": "sms"})
    assert [each.action for each in engine.audit.entries(action="gateway")] == ["gateway.save", "gateway.save"]
    assert "one" not in str([each.details for each in engine.audit.entries(action="gateway")])


def test_a_customer_who_is_gone_gets_nothing(engine: Engine, provider: Provider) -> None:
    engine.gateways.save("sms", sms(provider), secret="s")
    engine.care.save("birthday", PLAN)
    engine.care.run()
    engine.void("customer", "api", "C1")
    assert engine.care.deliver() == 1
    assert [each.last_error for each in engine.gateways.messages(status="failed")] == ["the customer was removed"]
