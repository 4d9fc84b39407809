"""What the editors of rules ask the server: the rules over all customers, and tables as spreadsheets. Part of the rulebook page."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from typing import Any

from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import preview_answer
from admin.access import acting, person
from admin.words import t
from engine import RulebookError

LARGEST = 8 * 1024 * 1024
"""Bytes of a spreadsheet that holds one table; 10,000 rows are less than one megabyte."""


class RuleRoutes:
    """Routes of the rulebook page that serve `static/js/editors/rules.js`. They read; a draft is saved elsewhere."""

    @expose("/rules", methods=("POST",))
    def rules(self) -> ResponseReturnValue:
        """Hits, findings and mends of the rules in one parameter, as they are typed."""
        started = time.perf_counter()
        asked = request.get_json(silent=True)
        if not isinstance(asked, dict) or not isinstance(asked.get("entry"), dict):
            abort(400)
        policy, place = str(asked.get("policy"))[:200], str(asked.get("place"))[:200]
        document = with_entry(base_document(asked.get("draft")), policy, asked["entry"])
        asker = f"rules:{person().name}:{str(asked.get('tab', ''))[:40]}:{policy}:{place}"
        try:
            found = acting().rules.inspect(document, policy, place, asker=asker)
        except RulebookError as error:
            return jsonify(
                {
                    "faults": [_fault(each, document, policy, place) for each in error.faults],
                    "findings": [],
                    "hits": None,
                    "refused": str(error),
                }
            )
        if found is None:
            return jsonify({"superseded": True})
        return jsonify({"faults": [], **found.as_dict(), "seconds": round(time.perf_counter() - started, 4)})

    @expose("/table/file", methods=("POST",))
    def table_file(self) -> ResponseReturnValue:
        """A table as a spreadsheet, its bytes in base 64: a script saves them under a name."""
        asked = request.get_json(silent=True)
        if not isinstance(asked, dict) or asked.get("ending") not in ("xlsx", "csv"):
            abort(400)
        try:
            data = acting().rules.to_file(asked.get("table"), asked["ending"])
        except RulebookError as error:
            return _refused(error)
        return jsonify({"data": base64.b64encode(data).decode()})

    @expose("/table/read", methods=("POST",))
    def table_read(self) -> ResponseReturnValue:
        """The table in an uploaded spreadsheet."""
        file = request.files.get("file")
        if file is None:
            abort(400)
        data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            return jsonify({"detail": t("the file is larger than {n} MB", "文件超过 {n} MB", n=LARGEST // 2**20), "faults": []}), 400
        try:
            return jsonify({"table": acting().rules.of_file(file.filename or "", data)})
        except RulebookError as error:
            return _refused(error)


def base_document(draft: Any) -> Mapping[str, Any]:
    """The document of a draft, or the live one where none is named; 404 for one that is not there."""
    engine = acting()
    try:
        if draft is None:
            return engine.version().document
        if isinstance(draft, bool) or not isinstance(draft, int) or not 0 < draft < 2**31:
            abort(404)
        found = engine.drafts.get(draft).document
    except RulebookError:
        abort(404)
    return found if isinstance(found, Mapping) else {}


def with_entry(document: Mapping[str, Any], key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The document with another entry in the place of one policy."""
    policies = document.get("policies")
    if not isinstance(policies, list):
        return dict(document)
    return {
        **document,
        "policies": [entry if isinstance(each, Mapping) and each.get("key", each.get("type")) == key else each for each in policies],
    }


def _fault(each: Any, document: Mapping[str, Any], policy: str, place: str) -> dict[str, Any]:
    """A fault with its place inside the rules, where it is in them; else as one of the whole."""
    told = preview_answer.fault(each, document)
    inner = told["inner"].removeprefix("params.")
    inside = told["policy"] == policy and (inner == place or inner.startswith((f"{place}.", f"{place}[")))
    where = inner[len(place) :].lstrip(".") if inside else ""
    text = told["text"] if inside or not told["policy"] else f"{told['policy']}{t(': ', '：')}{told['text']}"
    return {"id": told["code"], "place": where, "text": text, "here": inside}


def _refused(error: RulebookError) -> ResponseReturnValue:
    faults = [
        {"id": each.code, "place": each.place, "text": f"{each.place}{t(': ', '：')}{preview_answer.fault(each, {})['text']}"}
        for each in error.faults
    ]
    return jsonify({"detail": str(error).split("\n")[0], "faults": faults}), 400
