"""Gateways by which messages go out: their requests, trials, and the messages that failed."""

from __future__ import annotations

import json
from typing import Any

from flask import abort, flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin.access import acting, may
from admin.errors import said
from admin.pages import Page
from admin.views.service_tasks import CHANNELS
from admin.words import plural, t
from engine import CareError

STATES = {"waiting": ("waits", "待发送", ""), "sent": ("sent", "已发送", "ok"), "failed": ("failed", "失败", "bad")}
OVER = {"refuse": ("is not sent", "不发送"), "cut": ("is cut", "截短")}
ADDRESSES = {"phone": ("telephone", "电话"), "email": ("e-mail", "邮箱"), "": ("none: a group or a robot", "无需地址：群或机器人")}
MEASURES = {"characters": ("Characters", "字符数"), "bytes": ("Bytes", "字节数"), "parts": ("Parts of an SMS", "短信条数")}
SHOWN = 50


class Gateways(Page):
    """By which messages go out."""

    menu_key = "gateways"
    area = "settings"
    title = ("Message gateways", "消息网关")
    writes = ("new",)

    @expose("/")
    def index(self) -> str:
        """The gateways, and the newest messages."""
        engine = acting()
        found = engine.gateways.list()
        status = request.args.get("status", "failed")
        status = status if status in STATES else "failed"
        failed = sum(each.messages.get("failed", 0) for each in found)
        title = t("No message gateways yet", "尚无消息网关")
        if found:
            title = t("{n} message gateway{s}", "{n} 个消息网关", n=g.formats.number(len(found)), s=plural(len(found), "", "s"))
        if failed:
            title = t("{n} message{s} failed", "{n} 条消息发送失败", n=g.formats.number(failed), s=plural(failed, "", "s"))
        return self.page(
            "console/gateways.html",
            title=title,
            crumb=t(*self.title),
            found=found,
            status=status,
            messages=engine.gateways.messages(status=status, limit=SHOWN),
            shown=SHOWN,
            failed=failed,
            **_words(),
        )

    @expose("/retry", methods=("POST",))
    def retry(self) -> ResponseReturnValue:
        """Let failed messages wait once more."""
        key = request.form.get("gateway", "")
        count = acting().gateways.retry(gateway=key) if key else 0
        flash(t("{n} wait once more.", "{n} 条将重发。", n=g.formats.number(count)), "success")
        return redirect(url_for("gateways.index", status="waiting"))

    @expose("/new")
    def new(self) -> str:
        """The form of a new gateway, from an example."""
        name = request.args.get("example", "sms_json")
        examples = acting().gateways.examples
        return self._form("", examples.get(name, examples["sms_json"]), new=True)

    @expose("/new", methods=("POST",))
    def create(self) -> ResponseReturnValue:
        """Keep a new gateway."""
        return self._save(request.form.get("key", ""), new=True)

    @expose("/gateway/<key>")
    def gateway(self, key: str) -> str:
        """One gateway."""
        return self._form(key, self._there(key).gateway.as_dict())

    @expose("/gateway/<key>", methods=("POST",))
    def change(self, key: str) -> ResponseReturnValue:
        """Keep a gateway, try it, let it be used or rest, remove it."""
        found = self._there(key)
        do = request.form.get("do")
        if do == "remove":
            acting().gateways.remove(key)
            flash(t("The gateway is removed.", "消息网关已删除。"), "success")
            return redirect(url_for("gateways.index"))
        if do in ("enable", "disable"):
            acting().gateways.enable(key, do == "enable")
            flash(t("Saved.", "已保存。"), "success")
            return redirect(url_for("gateways.gateway", key=key))
        if do in ("show", "send"):
            tried = {"to": request.form.get("to", ""), "text": request.form.get("text", "")}
            try:
                trial = acting().gateways.trial(key, tried["to"], text=tried["text"], send=do == "send")
            except CareError as error:
                return self._form(key, found.gateway.as_dict(), tried=tried, wrong=said(error)), 400
            return self._form(key, found.gateway.as_dict(), tried=tried, trial=trial)
        return self._save(key)

    def _there(self, key: str) -> Any:
        try:
            return acting().gateways.get(key)
        except CareError:
            abort(404)

    def _save(self, key: str, *, new: bool = False) -> ResponseReturnValue:
        document, faults = _document()
        revision = request.form.get("revision", "")
        try:
            enabled = True if new else self._there(key).enabled
            seen = 0 if new else int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else None
            secret = request.form.get("secret", "").strip() or None
            if not faults:
                acting().gateways.save(key, document, secret=secret, enabled=enabled, revision=seen)
        except CareError as error:
            faults = [said(each) for each in error.faults] or [said(error)]
        if faults:
            return self._form(key, document, new=new, faults=faults), 400
        flash(t("The gateway is saved.", "消息网关已保存。"), "success")
        return redirect(url_for("gateways.gateway", key=key))

    def _form(self, key: str, document: Any, *, new: bool = False, faults: Any = (), **more: Any) -> str:
        kept = None if new else self._there(key)
        shown = {"tried": {"to": "", "text": t("This is a trial.", "这是一条测试消息。")}, "trial": None, "wrong": "", **more}
        return self.page(
            "console/gateway.html",
            title=t("A new message gateway", "新建消息网关") if new else t(*kept.gateway.title.values()) if kept else key,
            crumb=t("New", "新建") if new else key,
            crumbs=[(t(*self.title), url_for("gateways.index"))],
            key=key,
            doc=document,
            headers=_lines(document.get("headers")),
            body=_json(document.get("body", {})),
            accepted=_json((document.get("accepted") or {}).get("values", [])),
            kept=kept,
            new=new,
            faults=faults,
            **shown,
            **_words(),
        )


def _words() -> dict[str, Any]:
    room = acting().gateways
    return {
        "words": lambda text: said(CareError(text)),
        "states": STATES,
        "channels": CHANNELS,
        "over": OVER,
        "addresses": ADDRESSES,
        "measures": MEASURES,
        "methods": room.methods,
        "formats": room.formats,
        "placeholders": " ".join(f"${{{name}}}" for name in room.placeholders),
        "examples": {name: each["title"] for name, each in room.examples.items()},
        "may_write": may("settings", "write"),
    }


def _lines(headers: Any) -> str:
    return "\n".join(f"{name}: {value}" for name, value in headers.items()) if isinstance(headers, dict) else str(headers or "")


def _json(value: Any) -> str:
    """JSON as it is edited; what could not be read stays as it was typed."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2 if isinstance(value, dict) else None)


def _document() -> tuple[dict[str, Any], list[str]]:
    """The gateway as the form has it, and what of it is no JSON."""
    form, faults = request.form, []
    found: dict[str, Any] = {name: form.get(name, "").strip() for name in ("channel", "url", "method", "format", "over")}
    found["to"] = form.get("to_custom", "").strip() or form.get("to", "").strip()
    found["title"] = {each: form[f"title_{each}"].strip() for each in ("en", "zh") if form.get(f"title_{each}", "").strip()}
    pairs = [line.partition(":") for line in form.get("headers", "").splitlines() if line.strip()]
    found["headers"] = {name.strip(): value.strip() for name, _, value in pairs}
    found["limits"] = {}
    for name in MEASURES:
        given = form.get(f"limit_{name}", "").strip()
        if given:
            found["limits"][name] = int(given) if given.isascii() and given.isdigit() and len(given) < 10 else given
    parts = {"body": form.get("body", "").strip() or "{}", "values": form.get("accepted_values", "").strip() or "[]"}
    read: dict[str, Any] = {}
    for name, text in parts.items():
        try:
            read[name] = json.loads(text)
        except (ValueError, RecursionError):
            read[name] = text
            label = t("Template", "模板") if name == "body" else t("One of these values", "取值之一")
            faults.append(t("{field}: this is no JSON", "{field}：不是有效的 JSON", field=label))
    found["body"] = read["body"]
    field = form.get("accepted_field", "").strip()
    found["accepted"] = {"field": field, "values": read["values"]} if field else {}
    return found, faults


PAGES = [Gateways]
