"""Gateways over the API: kept without showing the secret, tried, refused; messages with their errors and without their texts."""

from __future__ import annotations

from tests.api.conftest import Client
from tests.api.test_once import SMS


def test_from_saved_to_removed(api: Client) -> None:
    body = {"document": {**SMS, "headers": {"X-Key": "${secret}"}, "limits": {"parts": 1}}, "secret": "hush-hush"}
    made = api("PUT", "/service/gateways/sms", json=body)
    assert "hush" not in made.get_data(as_text=True)
    assert (made.json["has_secret"], made.json["document"]["method"]) == (True, "POST")
    api("PUT", "/service/gateways/sms", json=body, headers={"If-Match": '"7"'}, code=409)
    assert api.get("/service/gateways/sms")["revision"] == 1
    assert [each["key"] for each in api.get("/service/gateways")["items"]] == ["sms"]
    shown = api.post("/service/gateways/sms/trial", {"to": "+86 138", "text": "hello"})
    assert (shown["sent"], shown["headers"]["X-Key"], shown["parts"]) == (False, "hidden", 1)
    api.post("/service/gateways/sms/trial", {"to": "1", "text": "你" * 71}, code=422)
    api.post("/service/gateways/smoke/trial", {"to": "1"}, code=404)
    wrong = api("PUT", "/service/gateways/sms", json={"document": {**SMS, "url": "https://${text}/"}}, code=422)
    assert "TW423" in wrong.get_data(as_text=True)
    api.engine.care.save(
        "quiet", {"trigger": "silence", "days": 1, "text": "x", "delivery": "gateway", "gateway": "sms", "consent": "none"}
    )
    api.post("/service/care-run", {})
    found = api.get("/service/care-messages?status=waiting")["items"]
    assert all(each["gateway"] == "sms" and "text" not in each for each in found)
    assert api.post("/service/care-messages/retry", {"gateway": "sms"}) == {"waiting": 0}
    api.post("/service/care-messages/retry", {}, code=422)
    assert api("DELETE", "/service/gateways/sms").json == {"removed": "sms"}
    api.get("/service/gateways/sms", code=404)


def test_who_may_not_set_webhooks_may_not_set_gateways(api: Client) -> None:
    api.engine.people.add("desk", roles=["service"])
    desk = api.key(user="desk")
    desk.get("/service/care-messages")
    desk.get("/service/gateways", code=403)
    desk.post("/service/gateways/sms/trial", {"to": "1", "send": True}, code=403)
