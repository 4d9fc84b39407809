"""Webhooks: what is sent, verified by the receiver's library; retries; replay; machines inside are never reached."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from standardwebhooks import Webhook as Verifier

from engine.outbound import Refused, Reply, is_public, target
from engine.webhooks import WAITS, WebhookError, Webhooks
from tests.api.conftest import Client

PUBLIC = "93.184.216.34"


class Receiver:
    """Somebody who is sent to: what came, and what to answer."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], str]] = []
        self.answers: list[int] = []

    def __call__(self, where: Any, body: bytes, headers: Any) -> Reply:
        assert where.address == PUBLIC
        self.got.append((dict(headers), body.decode()))
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            raise ConnectionRefusedError("nobody there")
        return Reply(status, "words")


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def hooks(api: Client, receiver: Receiver, clock: Clock) -> Webhooks:
    return Webhooks(api.engine, clock=clock, resolve=lambda host, port: [PUBLIC], send=receiver)


def test_an_event_is_signed_and_received_once(api_both: Client) -> None:
    receiver, clock = Receiver(), Clock()
    webhooks = hooks(api_both, receiver, clock)
    secret, hook = webhooks.add("shop", "https://shop.example.com/in?x=1", ["run.visible", "rulebook.published", "assignments.changed"])
    assert webhooks.deliver() == 0, "what happened before is nobody's event"
    api_both.engine.import_facts([{"order": "N", "customer": "C3", "ordered_at": "2026-01-01", "amount": "90000"}], "orders")
    record = api_both.engine.run("2026-01-02")
    if record.status == "held":
        api_both.engine.release(record.id)
    assert webhooks.deliver() == len(receiver.got) >= 2
    assert webhooks.deliver() == 0
    kinds = []
    for headers, body in receiver.got:
        name, moment = headers["webhook-id"], headers["webhook-timestamp"]
        assert Verifier(secret).sign(name, dt.datetime.fromtimestamp(int(moment), dt.UTC), body) == headers["webhook-signature"]
        kinds.append(json.loads(body)["type"])
    assert set(kinds) == {"run.visible", "assignments.changed"}
    changes = next(json.loads(body)["data"] for _, body in receiver.got if "assignments.changed" in body)
    assert any(change["customer"] == "C3" for change in changes["changes"])
    found = webhooks.deliveries(hook.id)
    assert {each.status for each in found} == {"delivered"}
    again = webhooks.replay(hook.id, found[0].id)
    assert again.status == "waiting"
    assert webhooks.deliver() == 1
    assert receiver.got[-1][0]["webhook-id"] in {headers["webhook-id"] for headers, _ in receiver.got[:-1]}


def test_what_is_not_received_is_tried_again_later_and_later(api: Client) -> None:
    receiver, clock = Receiver(), Clock()
    receiver.answers = [500, 0, 302] + [503] * 20
    webhooks = hooks(api, receiver, clock)
    _, hook = webhooks.add("shop", "https://shop.example.com/", ["run.visible"])
    api.engine.run("2026-01-02")
    clock.now = float(max(clock.now, api.engine.run_record().visible_at or 0) + 10)
    for wait in WAITS:
        assert webhooks.deliver() == 0
        tried = len(receiver.got)
        clock.now += wait - 1
        webhooks.deliver()
        assert len(receiver.got) == tried, "not before its time"
        clock.now += 1
    webhooks.deliver()
    found = webhooks.deliveries(hook.id)[0]
    assert (found.status, found.attempts, found.next_at) == ("failed", len(WAITS) + 1, None)
    assert found.last_status == 503


def test_a_receiver_that_is_gone_is_sent_no_more(api: Client) -> None:
    receiver, clock = Receiver(), Clock()
    receiver.answers = [410]
    webhooks = hooks(api, receiver, clock)
    _, hook = webhooks.add("shop", "https://shop.example.com/", ["run.visible"])
    api.engine.run("2026-01-02")
    clock.now += 1e9
    webhooks.deliver()
    assert webhooks.get(hook.id).disabled_at is not None
    assert webhooks.edit(hook.id, enabled=True).disabled_at is None


INSIDE = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "ff02::1",
    "::127.0.0.1",
    "fec0::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_no_address_inside_is_public(address: str) -> None:
    import ipaddress

    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(Refused, match="not public"):
        target("https://innocent.example.com/", resolve=lambda host, port: [PUBLIC, address])


URLS = [
    "https://127.0.0.1/",
    "https://localhost/",
    "https://[::1]/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "http://shop.example.com/",
    "ftp://shop.example.com/",
    "file:///etc/passwd",
    "gopher://x/",
    "https://",
    "https:///x",
    "//x/y",
    "x",
    "",
    "https://user:pw@shop.example.com/",
    "https://shop.example.com/#x",
    "https://shop.example.com:0/",
    "https://shop.example.com:99999/",
    "https://shop.example.com\\@127.0.0.1/",
    "https://shop.example.com /",
    "https://sh\u00f6p.example.com/",
    "https://\u2460\u2461\u2466.0.0.1/",
    "https://[::ffff:7f00:1]/",
    "https://[fe80::1%25eth0]/",
    "https://x" + "a" * 3000,
    "https://[bad/",
    "https://169.254.169.254/latest/meta-data/",
]


@pytest.mark.parametrize("url", URLS)
def test_no_url_leads_inside(shared: Client, url: str) -> None:
    answer = shared.post("/webhooks", {"title": "t", "url": url, "events": ["run.visible"]}, code=422)
    assert answer["code"] == "invalid"
    assert shared.engine.webhooks.list() == []


class _Listener(BaseHTTPRequestHandler):
    hits: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.hits.append(f"{self.path} {self.headers['Host']} {body}")
        self.send_response(302 if self.path == "/redirect" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[ThreadingHTTPServer]:
    _Listener.hits = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_name_that_changes_its_mind_is_not_asked_again(listener: ThreadingHTTPServer) -> None:
    from engine.outbound import post

    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    asked = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    where = target(f"http://shop.example.com:{listener.server_port}/in", ("127.0.0.0/8",), rebinding)
    assert post(where, b"{}", {"Content-Type": "application/json"}).status == 200
    assert asked == ["shop.example.com"]
    assert _Listener.hits == [f"/in shop.example.com:{listener.server_port} {{}}"]


def test_a_redirect_is_not_followed(listener: ThreadingHTTPServer) -> None:
    from engine.outbound import post

    where = target(f"http://x.example.com:{listener.server_port}/redirect", ("127.0.0.0/8",), lambda host, port: ["127.0.0.1"])
    assert post(where, b"{}", {}).status == 302
    assert len(_Listener.hits) == 1


def test_the_address_is_checked_again_at_every_delivery(api: Client) -> None:
    addresses = [PUBLIC]
    receiver, clock = Receiver(), Clock()
    webhooks = Webhooks(api.engine, clock=clock, resolve=lambda host, port: addresses, send=receiver)
    _, hook = webhooks.add("shop", "https://shop.example.com/", ["run.visible"])
    api.engine.run("2026-01-02")
    addresses[0] = "169.254.169.254"
    clock.now += 1e9
    webhooks.deliver()
    assert receiver.got == []
    assert "not public" in webhooks.deliveries(hook.id)[0].last_error


def test_two_senders_send_once(api: Client) -> None:
    from concurrent.futures import ThreadPoolExecutor

    receiver, clock = Receiver(), Clock()
    webhooks = hooks(api, receiver, clock)
    webhooks.add("shop", "https://shop.example.com/", ["run.visible"])
    api.engine.run("2026-01-02")
    clock.now += 1e9
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: hooks(api, receiver, clock).deliver(), range(4))) == 1
    assert len(receiver.got) == 1


def test_mistakes_are_named(api: Client) -> None:
    webhooks = hooks(api, Receiver(), Clock())
    with pytest.raises(WebhookError, match=r"did you mean 'run\.visible'"):
        webhooks.add("x", "https://shop.example.com/", ["run.visibel"])
    with pytest.raises(WebhookError, match="needs an event"):
        webhooks.add("x", "https://shop.example.com/", [])
    with pytest.raises(WebhookError, match="title"):
        webhooks.add("", "https://shop.example.com/", ["run.visible"])
    with pytest.raises(WebhookError, match="no webhook 7"):
        webhooks.get(7)
    with pytest.raises(Refused, match="cannot be resolved"):
        target("https://nowhere.invalid/", resolve=lambda host, port: (_ for _ in ()).throw(OSError()))


@pytest.mark.parametrize("options", [{}, {"headers": {"Idempotency-Key": "k"}}, {"query_string": {"dry_run": "true"}}])
def test_no_transaction_waits_for_a_name_server(api: Client, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]) -> None:
    asked = []

    def resolve(host: str, *given: Any, **more: Any) -> list[Any]:
        def write() -> None:
            with api.engine.store.write():
                asked.append(host)

        other = threading.Thread(target=write)
        other.start()
        other.join(3)
        assert not other.is_alive(), "the write lock is free meanwhile"
        return [(0, 0, 0, "", (PUBLIC, 443))]

    monkeypatch.setattr("engine.outbound.socket.getaddrinfo", resolve)
    body = {"title": "shop", "url": "https://shop.example.com/in", "events": ["run.visible"]}
    api.post("/webhooks", body, code=201, **options)
    assert asked == ["shop.example.com"]
    if not options:
        api("PATCH", "/webhooks/1", json={"url": "https://two.example.com/"}, headers={"If-Match": '"1"', "Idempotency-Key": "e"}, code=200)
        assert asked == ["shop.example.com", "two.example.com"]
