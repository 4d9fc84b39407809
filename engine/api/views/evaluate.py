"""Evaluate: what some customers would be now, from stored facts, with more facts supposed, or from features given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, g
from marshmallow import ValidationError, fields, validate, validates_schema

from engine.api.answers.evaluate import Evaluated
from engine.api.fields import Flag, choice, text
from engine.api.kit import MB, Call, Routes, Strict, respond
from engine.api.problems import Problem
from engine.errors import RunError
from engine.evaluate import Evaluation
from engine.store.reach import Reach

routes = Routes("evaluate", "What customers would be, one or up to a thousand at a time.")

MOST = 1_000


class Basket(Strict):
    """Facts that are supposed: orders, or lines of one order, without the customer."""

    kind = choice("orders", "lines", load_default="orders")
    rows = fields.List(fields.Dict(keys=fields.String()), required=True, validate=validate.Length(1, 200))


class EvaluateBody(Strict):
    """Who, or what is given; exactly one of `customers` and `features`."""

    customers = fields.List(text(200), validate=validate.Length(1, MOST), metadata={"description": "Ids or aliases of stored customers."})
    features = fields.List(
        fields.Dict(keys=fields.String()),
        validate=validate.Length(1, MOST),
        metadata={"description": "Feature values, one object per customer; what is not given is missing."},
    )
    as_of = text(40, "As of when stored facts are read; default: the moment of the newest run, or now with `suppose`.")
    suppose = fields.Nested(Basket, metadata={"description": "Facts to add in thought, for a single customer."})
    explain = Flag(load_default=False, metadata={"description": "Say why, in words; for at most 20 stored customers."})
    language = choice("en", "zh", words="The language of explanations.", load_default="en")

    @validates_schema
    def _one_of_both(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if ("customers" in data) == ("features" in data):
            raise ValidationError("expected either customers or features")
        if "features" in data and (data.get("suppose") or data.get("explain") or "as_of" in data):
            raise ValidationError("as_of, suppose and explain need stored customers")
        if data.get("suppose") and len(data["customers"]) != 1:
            raise ValidationError("suppose is for a single customer", "suppose")
        if data.get("explain") and len(data["customers"]) > 20:
            raise ValidationError("explanations are for at most 20 customers at once", "explain")


_EXAMPLE = {"features": [{"orders.count_365d": 12, "orders.amount_365d": 5400.0, "orders.recency_days": 9}]}


@routes.verb("POST", "/evaluate", "results:read", body=EvaluateBody, mutates=False, size=8 * MB, example=_EXAMPLE, gives=Evaluated)
def evaluate(call: Call) -> Any:
    """Evaluate one or up to 1,000 customers; nothing is stored.

    Each item has `values` by output, and in `withheld` the reason of each policy that gives none. A policy that fails is
    named in `faults`. Every answer names the rulebook version, the run, the moment and the last import that it rests on.
    """
    body, api = call.body, current_app.extensions["tierwise-api"]
    try:
        evaluator = api.warm.evaluator()
    except RunError as error:
        raise Problem("run_needed", str(error)) from None
    call.engine.__dict__["_evaluator"] = evaluator
    if "features" in body:
        found, names = api.together.of_features(evaluator, body["features"]), [None] * len(body["features"])
        batch = evaluator.record.batch_id
    else:
        names = body["customers"]
        found = _stored(call, names, body)
        batch = call.engine.exchange.last_batch()
    items = [_item(name, each) for name, each in zip(names, found, strict=True)]
    if body["explain"]:
        for name, item in zip(names, items, strict=True):
            item["explanation"] = _explained(call, str(name), body["language"])
    answer = {
        "rulebook": evaluator.record.version_id,
        "run": evaluator.record.id,
        "as_of": call.engine.written(found[0].as_of),
        "batch": batch,
        "items": items,
    }
    response = respond(answer, 200)
    api.ledger.add(call.caller, evaluator.record.id, g.request_id, len(items), response.get_data())
    api.telemetry.evaluated(len(items))
    return response


def _stored(call: Call, names: list[str], body: Mapping[str, Any]) -> list[Evaluation]:
    reach = reach_of(call)
    if not reach.everybody:
        for name in names:
            call.engine.exchange.find(name, reach=reach)
    if body.get("suppose"):
        basket = body["suppose"]
        return [call.engine.exchange.suppose(names[0], basket["kind"], basket["rows"], as_of=body.get("as_of"))]
    return call.engine.evaluate(names, as_of=body.get("as_of"))


def reach_of(call: Call) -> Reach:
    """Whose customers the caller sees."""
    return call.engine.sight.reach


def _item(name: str | None, each: Evaluation) -> dict[str, Any]:
    item: dict[str, Any] = {} if name is None else {"customer": name}
    item["values"] = each.values
    item["withheld"] = each.withheld
    if each.faults:
        item["faults"] = each.faults
    return item


def _explained(call: Call, customer: str, language: str) -> list[dict[str, Any]]:
    return [each.as_dict() for each in call.engine.explain(customer, language=language)]
