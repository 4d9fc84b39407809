"""A gateway for messages as a document: where they are sent, by which request, how long they may be. Checked completely.

What a message says is put into the values of a template that is data already, and a library writes the whole as JSON or as a
form: a text can never become a part of the request's structure. The secret stands apart and is named by ${secret}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from string import Template
from typing import Any
from urllib.parse import quote, urlencode

from engine.care.lengths import MEASURES, cut, over
from engine.errors import CareError, Fault, did_you_mean
from engine.outbound import Refused, check_url

PLACEHOLDERS = ("to", "digits", "text", "subject", "name", "customer", "channel", "plan", "occasion", "id", "secret")
"""What a template may hold: the address, its digits alone, what is said, the customer's name and id, what it is about, the number
of the message (the same at every attempt), and the secret."""

OUTSIDE = ("id", "secret")
"""What may stand in the address and in headers."""

METHODS, FORMATS, OVER = ("POST", "PUT", "GET"), ("json", "form"), ("refuse", "cut")
KEYS = ("title", "channel", "url", "method", "headers", "format", "body", "to", "limits", "over", "accepted")
MOST_HEADERS, LONGEST_VALUE, LONGEST_BODY, DEEPEST = 20, 2_000, 20_000, 8
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
_WORD = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_TO = re.compile(r"(phone|email|custom\.[a-z][a-z0-9_]{0,59})\Z")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
_OURS = ("host", "content-length", "transfer-encoding", "connection", "content-type", "idempotency-key")

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "sms_json": {
        "title": {"en": "SMS", "zh": "短信"},
        "channel": "sms",
        "url": "https://sms.example.com/v1/messages",
        "headers": {"Authorization": "Bearer ${secret}"},
        "body": {"to": "${to}", "message": "${text}", "reference": "${id}"},
        "limits": {"parts": 2},
        "accepted": {"field": "code", "values": ["OK", 0]},
    },
    "sms_form": {
        "title": {"en": "SMS", "zh": "短信"},
        "channel": "sms",
        "url": "https://sms.example.com/send",
        "format": "form",
        "body": {"mobile": "${digits}", "content": "${text}", "key": "${secret}"},
        "limits": {"characters": 140},
        "over": "cut",
    },
    "wecom_group": {
        "title": {"en": "WeCom group", "zh": "企业微信群"},
        "channel": "wecom",
        "url": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=${secret}",
        "body": {"msgtype": "text", "text": {"content": "${name} (${customer}): ${text}"}},
        "to": "",
        "limits": {"bytes": 1_800},
        "over": "cut",
        "accepted": {"field": "errcode", "values": [0]},
    },
    "wecom_customer": {
        "title": {"en": "WeCom customer", "zh": "企业微信客户"},
        "channel": "wecom",
        "url": "https://wecom.example.com/messages",
        "headers": {"Authorization": "Bearer ${secret}"},
        "body": {"external_userid": "${to}", "msgtype": "text", "text": {"content": "${text}"}},
        "to": "custom.wecom",
        "limits": {"bytes": 2_000},
        "accepted": {"field": "errcode", "values": [0]},
    },
}
"""Templates to begin with."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; the secret is in it. text: what is said, cut where it was too long."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """A checked gateway. Read with `Gateway.read(key, document)`.

    channel: the customers who prefer it are reached by it. to: which address of a customer it needs: phone, email, a custom field,
    or "" for a gateway that needs none, such as the robot of a group. limits: characters, bytes (UTF-8) or parts of a short
    message; over: whether a longer text is refused or cut. accepted: which values of a field of the answer mean that it was taken;
    empty goes by the status alone.
    """

    key: str
    title: Mapping[str, str]
    channel: str
    url: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    format: str = "json"
    body: Any = field(default_factory=dict)
    to: str = "phone"
    limits: Mapping[str, int] = field(default_factory=dict)
    over: str = "refuse"
    accepted: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, key: str, document: Any) -> Gateway:
        """Check a document. Raises `CareError` with every fault and its place."""
        return _Reader().gateway(key, document)

    @property
    def needs_secret(self) -> bool:
        """Whether the template names the secret."""
        return "secret" in _named([self.url, dict(self.headers), self.body])

    def as_dict(self) -> dict[str, Any]:
        """The document with every default written out."""
        return {name: value for name, value in asdict(self).items() if name != "key"}

    def request(self, values: Mapping[str, str], secret: str) -> Request:
        """The request for one message. Raises `CareError` for a text that is too long, or a secret that is not there."""
        if self.needs_secret and not secret:
            raise CareError(f"gateway {self.key} has no secret; save one")
        limits = self.limits
        text = values.get("text", "")
        broken = over(text, limits)
        if broken is not None and self.over == "refuse":
            raise CareError(f"the text is too long for gateway {self.key}: {broken}")
        text = cut(text, limits)
        digits = "".join(each for each in values.get("to", "") if each.isdigit())
        known = {**dict.fromkeys(PLACEHOLDERS, ""), **values, "text": text, "digits": digits, "secret": secret}
        headers = {name: Template(value).substitute(known) for name, value in self.headers.items()}
        url = Template(self.url).substitute({**known, "secret": quote(secret, safe="")})
        if any(not each.isascii() or not each.isprintable() for each in headers.values()):
            raise CareError(f"gateway {self.key}: a header can only hold printable ASCII characters")
        filled = _filled(self.body, known)
        if self.method == "GET":
            joint = "&" if "?" in url else "?"
            return Request("GET", f"{url}{joint}{urlencode(filled)}" if filled else url, headers, b"", text)
        written = json.dumps(filled, ensure_ascii=False).encode() if self.format == "json" else urlencode(filled).encode()
        kind = "application/json; charset=utf-8" if self.format == "json" else "application/x-www-form-urlencoded; charset=utf-8"
        return Request(self.method, url, {**headers, "Content-Type": kind}, written, text)

    def refusal(self, status: int, answer: bytes) -> str | None:
        """Why an answer means that the message was not taken; None when it was."""
        words = answer.decode("utf-8", "replace")[:200]
        if not 200 <= status < 300:
            return f"answered {status}: {words}" if words else f"answered {status}"
        if not self.accepted:
            return None
        try:
            found: Any = json.loads(answer)
        except ValueError:
            return f"the answer is no JSON: {words}"
        for name in self.accepted["field"].split("."):
            found = found.get(name) if isinstance(found, dict) else None
        good = any(found == each and isinstance(found, bool) == isinstance(each, bool) for each in self.accepted["values"])
        return None if good else f"{self.accepted['field']} is {json.dumps(found)[:60]}: {words}"


def _filled(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        return Template(template).substitute(values)
    if isinstance(template, Mapping):
        return {name: _filled(each, values) for name, each in template.items()}
    return [_filled(each, values) for each in template] if isinstance(template, list) else template


def _named(template: Any) -> set[str]:
    """The placeholders in a template."""
    if isinstance(template, str):
        return set(Template(template).get_identifiers())
    inner = template.values() if isinstance(template, Mapping) else template if isinstance(template, list) else ()
    return {name for each in inner for name in _named(each)}


class _Reader:
    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, place: str, found: str, expected: str) -> None:
        self.faults.append(Fault("TW423", place, found, expected))

    def gateway(self, key: Any, document: Any) -> Gateway:
        if not isinstance(key, str) or not _KEY.match(key):
            raise CareError(f"key: found {str(key)[:60]!r}; expected up to 60 lower-case letters, digits and _, beginning with a letter")
        if not isinstance(document, Mapping):
            raise CareError("a gateway is an object with channel, url and body")
        for name in document:
            if name not in KEYS:
                self.fault(str(name), f"the unknown key {name!r}", did_you_mean(str(name), KEYS) or f"known keys are {', '.join(KEYS)}")
        given = {name: value for name, value in document.items() if value is not None}
        method, form = self.choice(given, "method", METHODS), self.choice(given, "format", FORMATS)
        values = {
            "title": self.title(given.get("title"), key),
            "channel": self.matched(given.get("channel", ""), "channel", _WORD, "expected a lower-case word such as sms or wecom"),
            "url": self.url(given.get("url", "")),
            "method": method,
            "headers": self.headers(given.get("headers", {})),
            "format": form,
            "body": self.body(given.get("body", {}), flat=form == "form" or method == "GET"),
            "to": self.to(given.get("to", "phone")),
            "limits": self.limits(given.get("limits", {})),
            "over": self.choice(given, "over", OVER),
            "accepted": self.accepted(given.get("accepted") or {}),
        }
        if self.faults:
            raise CareError(f"the gateway {key} is wrong", self.faults)
        return Gateway(key=key, **values)

    def choice(self, given: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
        value = given.get(name, known[0])
        if value not in known:
            self.fault(name, f"{str(value)[:60]!r}", did_you_mean(str(value), known) or f"expected one of {', '.join(known)}")
        return str(value)

    def matched(self, value: Any, place: str, pattern: re.Pattern[str], expected: str) -> str:
        if not isinstance(value, str) or not pattern.match(value):
            self.fault(place, f"{str(value)[:60]!r}", expected)
        return str(value)

    def title(self, value: Any, key: str) -> dict[str, str]:
        texts = {"en": key, "zh": key} if value in (None, "", {}) else {"en": value, "zh": value} if isinstance(value, str) else value
        if not isinstance(texts, Mapping) or set(texts) - {"en", "zh"} or not all(
            isinstance(each, str) and 1 <= len(each.strip()) <= 200 and each.isprintable() for each in texts.values()
        ):  # fmt: skip
            self.fault("title", f"{str(value)[:60]!r}", "expected a text, or texts by language: en and zh")
            return {"en": key, "zh": key}
        first = next(iter(texts.values()))
        return {language: str(texts.get(language, first)) for language in ("en", "zh")}

    def to(self, value: Any) -> str:
        return "" if value == "" else self.matched(value, "to", _TO, "expected phone, email, custom.NAME, or nothing")

    def template(self, text: str, place: str, known: tuple[str, ...]) -> None:
        template = Template(text)
        if not template.is_valid():
            self.fault(place, "a $ that begins no placeholder", "write $$ for a dollar sign")
            return
        for name in template.get_identifiers():
            if name not in known:
                self.fault(place, f"the placeholder {name!r}", did_you_mean(name, known) or f"known ones are {', '.join(known)}")

    def url(self, value: Any) -> str:
        text = str(value)
        self.template(text, "url", OUTSIDE)
        if "$" in text.partition("://")[2].partition("/")[0]:
            self.fault("url", f"{text[:60]!r}", "a placeholder stands behind the host alone")
            return text
        try:
            check_url(re.sub(r"\$\{?\w+\}?", "x", text), ("0.0.0.0/0",))  # http:// is refused when it is sent, unless settings allow it
        except Refused:
            self.fault("url", f"{text[:60]!r}", "expected https://host/path, in ASCII")
        return text

    def headers(self, value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping) or len(value) > MOST_HEADERS:
            self.fault("headers", f"{str(value)[:60]!r}", f"expected an object of at most {MOST_HEADERS} names and texts")
            return {}
        for name, text in value.items():
            place = f"headers.{str(name)[:60]}"
            if not isinstance(name, str) or not _HEADER.match(name):
                self.fault(place, f"{str(name)[:60]!r}", "expected the name of a header")
            elif name.lower() in _OURS:
                self.fault(place, f"{name!r}", "this header is set by the request itself; leave it out")
            if not isinstance(text, str) or len(text) > LONGEST_VALUE or not text.isascii() or not (text.isprintable() and text):
                self.fault(place, f"{str(text)[:60]!r}", "expected printable ASCII characters")
            else:
                self.template(text, place, OUTSIDE)
        return {str(name): str(text) for name, text in value.items()}

    def body(self, value: Any, *, flat: bool) -> Any:
        if not isinstance(value, Mapping):
            self.fault("body", f"{str(value)[:60]!r}", "expected an object")
            return {}
        if len(json.dumps(value, default=str)) > LONGEST_BODY:
            self.fault("body", "a long template", f"expected at most {LONGEST_BODY:,} characters")
            return {}
        self.inner(value, "body", 0, flat)
        return value

    def inner(self, value: Any, place: str, depth: int, flat: bool) -> None:
        if isinstance(value, str):
            self.template(value, place, PLACEHOLDERS)
        elif isinstance(value, Mapping | list) and (depth > DEEPEST or (flat and depth)):
            self.fault(place, "a value within a value", "a form has texts alone" if flat else f"expected at most {DEEPEST} levels")
        elif isinstance(value, Mapping):
            for name, each in value.items():
                self.inner(each, f"{place}.{str(name)[:60]}", depth + 1, flat)
        elif isinstance(value, list):
            for at, each in enumerate(value):
                self.inner(each, f"{place}[{at}]", depth + 1, flat)
        elif value is not None and (not isinstance(value, bool | int | float) or value != value or value in (float("inf"), -float("inf"))):
            self.fault(place, f"{str(value)[:60]!r}", "expected a text, a number, true, false, a list or an object")

    def limits(self, value: Any) -> dict[str, int]:
        if not isinstance(value, Mapping) or set(value) - set(MEASURES):
            self.fault("limits", f"{str(value)[:60]!r}", f"expected an object with some of {', '.join(MEASURES)}")
            return {}
        for name, most in value.items():
            if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 100_000:
                self.fault(f"limits.{name}", f"{str(most)[:60]!r}", "expected a whole number from 1 to 100,000")
        return {} if self.faults else dict(value)

    def accepted(self, value: Any) -> dict[str, Any]:
        good = isinstance(value, Mapping) and (not value or set(value) == {"field", "values"})
        if good and value:
            values = value["values"]
            good = (
                isinstance(value["field"], str) and 1 <= len(value["field"]) <= 100 and isinstance(values, list) and 1 <= len(values) <= 20
            )
            good = good and all(each is None or isinstance(each, str | int | float | bool) for each in values)
        if not good:
            self.fault(
                "accepted", f"{str(value)[:60]!r}", "expected an object with field, such as errcode, and a list of values, such as 0"
            )
            return {}
        return dict(value)


__all__ = ["EXAMPLES", "FORMATS", "METHODS", "OVER", "PLACEHOLDERS", "Gateway", "Request"]
