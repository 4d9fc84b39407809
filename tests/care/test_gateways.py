"""Gateways as documents: every fault at once; what is filled in can never become a part of the request's structure."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.care.gateways import EXAMPLES, Gateway
from engine.errors import CareError

SMS: dict[str, Any] = {
    "channel": "sms",
    "url": "https://sms.example.com/send",
    "body": {"to": "${to}", "a": [{"text": "${text}"}, 7, True, None]},
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_right_and_are_read_again(name: str) -> None:
    gateway = Gateway.read(name, EXAMPLES[name])
    assert Gateway.read(name, gateway.as_dict()) == gateway


@given(st.text(max_size=80), st.text(max_size=20))
def test_what_is_filled_in_stays_a_value(text: str, to: str) -> None:
    values = {"text": text, "to": to}
    body = Gateway.read("sms", SMS).request(values, "").body
    assert json.loads(body) == {"to": to, "a": [{"text": text}, 7, True, None]}
    form = Gateway.read("sms", {**SMS, "format": "form", "body": {"t": "${text}", "n": "${to}&x=1"}}).request(values, "")
    assert parse_qs(form.body.decode(), keep_blank_values=True) == {"t": [text], "n": [f"{to}&x=1"]}
    asked = Gateway.read("sms", {**SMS, "method": "GET", "url": "https://h.example.com/?a=1", "body": {"t": "${text}"}}).request(values, "")
    assert parse_qs(urlsplit(asked.url).query, keep_blank_values=True) == {"a": ["1"], "t": [text]}


@pytest.mark.parametrize(
    ("document", "places"),
    [
        ({}, {"channel", "url"}),
        ({**SMS, "bdoy": {}, "method": "DELETE", "format": "xml", "over": "x"}, {"bdoy", "method", "format", "over"}),
        ({**SMS, "url": "ftp://x"}, {"url"}),
        ({**SMS, "url": "https://${secret}.example.com/"}, {"url"}),
        ({**SMS, "url": "https://user:pw@example.com/"}, {"url"}),
        ({**SMS, "url": "https://example.com/${text}"}, {"url"}),
        ({**SMS, "headers": {"Host": "x", "A b": "x", "X": "a\r\nB: c", "Y": "${text}"}}, {"headers.Host", "headers.A b", "headers.X", "headers.Y"}),
        ({**SMS, "body": {"a": "${txet}", "b": "5 $"}}, {"body.a", "body.b"}),
        ({**SMS, "body": "${text}"}, {"body"}),
        ({**SMS, "format": "form"}, {"body.a"}),
        ({**SMS, "to": "name"}, {"to"}),
        ({**SMS, "limits": {"parts": 0}}, {"limits.parts"}),
        ({**SMS, "limits": {"words": 3}}, {"limits"}),
        ({**SMS, "accepted": {"field": "code"}}, {"accepted"}),
        ({**SMS, "title": {"fr": "x"}}, {"title"}),
    ],
)  # fmt: skip
def test_every_fault_with_its_place(document: dict[str, Any], places: set[str]) -> None:
    with pytest.raises(CareError) as caught:
        Gateway.read("sms", document)
    assert {fault.place for fault in caught.value.faults} == places
    assert {fault.code for fault in caught.value.faults} == {"TW423"}


def test_what_is_too_long_is_refused_or_cut_and_a_secret_must_be_there() -> None:
    with pytest.raises(CareError, match="71 characters, and at most 70 are allowed"):
        Gateway.read("sms", {**SMS, "limits": {"characters": 70}}).request({"text": "你" * 71}, "")
    made = Gateway.read("sms", {**SMS, "limits": {"characters": 70}, "over": "cut"}).request({"text": "你" * 71}, "")
    assert made.text == "你" * 69 + "…"
    with pytest.raises(CareError, match="has no secret"):
        Gateway.read("sms", {**SMS, "headers": {"X-Key": "${secret}"}}).request({}, "")
    url = Gateway.read("sms", {**SMS, "url": "https://h.example.com/?key=${secret}"}).request({}, "a&b#c/").url
    assert url == "https://h.example.com/?key=a%26b%23c%2F"


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (200, b'{"errcode": 0}', None),
        (200, b'{"errcode": 45009, "errmsg": "limit"}', "errcode is 45009"),
        (200, b"<html>", "the answer is no JSON"),
        (200, b'{"errcode": false}', "errcode is false"),
        (500, b'{"errcode": 0}', "answered 500"),
        (302, b"", "answered 302"),
    ],
)
def test_an_answer_says_whether_it_was_taken(status: int, answer: bytes, said: str | None) -> None:
    found = Gateway.read("wecom", EXAMPLES["wecom_group"]).refusal(status, answer)
    assert found is None if said is None else found is not None and found.startswith(said)
