"""Account managers: who looks after which customers, since when and why."""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, fields, validate

from engine.api.answers.managers import Assigned, Capacity, Count, Explained, HandOver, ManagerPolicy, Managers, Returned
from engine.api.answers.managers import Manager as ManagerGiven
from engine.api.answers.managers import Owned as OwnedGiven
from engine.api.answers.parts import page
from engine.api.fields import Flag, Page, Switch, after_number, text, whole
from engine.api.kit import Answer, Call, Routes, Strict, or_404, tagged
from engine.api.problems import Problem
from engine.desk.manager_words import why_words
from engine.errors import ManagerError
from engine.store.managers import Manager, Owned

routes = Routes("managers", "Account managers, their customers, and the pool.")
LANGUAGE = fields.String(load_default="en", validate=validate.OneOf(("en", "zh")), metadata={"description": "Of sentences: en or zh."})


def _words(words: str) -> Any:
    return fields.List(text(200), validate=validate.Length(max=200), metadata={"description": words})


class ManagerEdit(Strict):
    """What changes of a manager."""

    title = text(200)
    user = text(200, "The login name; empty for none.", least=0)
    capacity = whole(0, 1_000_000, None, "How many customers at most.", strict=True)
    regions = _words("Regions that are taken; empty is any.")
    languages = _words("Languages that are spoken; empty is any.")
    grades = _words("Labels of the policy's output that are taken; empty is any.")
    back = Flag()


class ManagerBody(Strict):
    """A new manager."""

    name = text(200, "The word by which facts name the person.", required=True)
    title = text(200)
    user = text(200, "The login name.")
    capacity = whole(0, 1_000_000, None, "How many customers at most.", strict=True, required=True)
    regions = _words("Regions that are taken; empty is any.")
    languages = _words("Languages that are spoken; empty is any.")
    grades = _words("Labels of the policy's output that are taken; empty is any.")


class CustomersBody(Strict):
    """Some customers."""

    customers = fields.List(text(200), required=True, validate=validate.Length(1, 1_000))


class ClaimBody(CustomersBody):
    """Who is taken from the pool."""

    manager = text(200, "For whom; absent: the manager linked to the caller.", load_default=None, allow_none=True)


class GiveBody(CustomersBody):
    """Who is given to whom."""

    to = text(200, "A manager; null for the pool.", required=True, allow_none=True)
    reason = text(200, required=True)


class LeaveBody(Strict):
    """Who takes over."""

    to = text(200, "A manager; null for the pool.", load_default=None, allow_none=True)
    reason = text(200, required=True)


class ManagersQuery(Strict):
    """Which ones."""

    gone = Switch("Those too who left.")


class LanguageQuery(Strict):
    """In which language sentences are."""

    language = LANGUAGE


class PoolQuery(Page):
    """A page of the pool."""

    language = LANGUAGE


class WantedQuery(LanguageQuery):
    """For how many."""

    wanted = whole(0, 10**9, 0, "How many more customers are to have a manager.")


class PolicyBody(Schema):
    """A policy as a document: the engine checks it completely and tells every fault."""

    class Meta:
        """Whatever is unknown is told by the engine, with its place."""

        unknown = INCLUDE


def _manager(found: Manager, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "left_at")


@routes.verb("GET", "/service/managers", "service:read", query=ManagersQuery, gives=Managers)
def list_managers(call: Call) -> Any:
    """All managers with their customers and places."""
    found = call.engine.managers.list(gone=call.query["gone"])
    return {"items": [_manager(each, call) for each in found], "pool": call.engine.managers.pool_size()}


@routes.verb("GET", "/service/managers/<name>", "service:read", gives=ManagerGiven)
def get_manager(call: Call, name: str) -> Any:
    """One manager, with its ETag."""
    found = _found(call, name)
    return tagged(_manager(found, call), found.revision)


@routes.verb(
    "POST", "/service/managers", "service:write", body=ManagerBody, gives=ManagerGiven, status=201, example={"name": "Sun", "capacity": 50}
)
def add_manager(call: Call) -> Any:
    """Add a manager."""
    body = dict(call.body)
    return Answer(_manager(call.engine.managers.add(body.pop("name"), **body), call), 201)


@routes.verb(
    "PATCH", "/service/managers/<name>", "service:write", body=ManagerEdit, gives=ManagerGiven, etag=True, example={"capacity": 60}
)
def edit_manager(call: Call, name: str) -> Any:
    """Change a manager."""
    found, seen = _found(call, name), call.revision()
    if seen != found.revision:
        raise Problem("precondition_failed", f"manager {name} was changed meanwhile; read it again")
    changed = call.engine.managers.edit(name, **call.body)
    return tagged(_manager(changed, call), changed.revision)


@routes.verb("POST", "/service/managers/<name>/leave", "service:write", body=LeaveBody, example={"reason": "left"}, gives=HandOver)
def leave_manager(call: Call, name: str) -> Any:
    """A manager leaves: customers, open tasks and papers go to another or back to the pool."""
    if _found(call, name).left_at is not None:
        raise Problem("conflict", f"manager {name} left already")
    return call.engine.managers.leave(name, **call.body).as_dict()


@routes.verb("GET", "/service/manager-policy", "service:read", gives=ManagerPolicy)
def get_manager_policy(call: Call) -> Any:
    """Who gets a manager, and how."""
    found = call.engine.managers.policy()
    if found is None:
        raise Problem("not_found", "nobody said yet who gets an account manager")
    return found.as_dict()


@routes.verb(
    "PUT",
    "/service/manager-policy",
    "service:write",
    body=PolicyBody,
    example={"output": "abc.class", "grades": ["A", "B"]},
    gives=ManagerPolicy,
)
def set_manager_policy(call: Call) -> Any:
    """Say who gets a manager, and how; refused with every fault."""
    return call.engine.managers.set_policy(call.body).as_dict()


@routes.verb("POST", "/service/managers-assign", "service:write", query=LanguageQuery, heavy=True, gives=Assigned)
def assign_managers(call: Call) -> Any:
    """Give everybody who is to have a manager one that fits."""
    _everybody(call)
    return call.engine.managers.assign(dry_run=call.dry_run).as_dict(call.query["language"])


@routes.verb("POST", "/service/managers-neglected", "service:write", heavy=True, gives=Returned)
def return_neglected(call: Call) -> Any:
    """Return customers without contact for as long as the policy says to the pool."""
    _everybody(call)
    return {"customers": list(call.engine.managers.neglected(dry_run=call.dry_run))}


@routes.verb("GET", "/service/customers/<customer>/manager", "service:read", query=LanguageQuery, gives=Explained)
def explain_manager(call: Call, customer: str) -> Any:
    """Whose a customer is, since when, why, and what speaks for and against every manager."""
    return call.dated(call.engine.managers.explain(customer).as_dict(call.query["language"]), "since")


@routes.verb(
    "POST",
    "/service/managers-give",
    "service:write",
    body=GiveBody,
    gives=Count,
    example={"customers": ["C1"], "to": "Sun", "reason": "knows them"},
)
def give_customers(call: Call) -> Any:
    """Give customers to a manager by hand, or back to the pool."""
    body = call.body
    if body["to"] is None:
        return {"customers": call.engine.managers.release(body["customers"], reason=body["reason"])}
    return {"customers": call.engine.managers.give(body["customers"], body["to"], reason=body["reason"])}


@routes.verb("GET", "/service/pool", "service:read", query=PoolQuery, gives=page(OwnedGiven))
def list_pool(call: Call) -> Any:
    """Customers whom nobody looks after, and why."""
    found = call.engine.managers.pool(after=after_number(call.query["after"]), limit=call.query["limit"])
    items = [{**call.dated(each.as_dict(), "since"), "words": _why(each).in_(call.query["language"])} for _, each in found]
    answer: dict[str, Any] = {"items": items}
    if len(found) == call.query["limit"]:
        answer["next"] = str(found[-1][0])
    return answer


@routes.verb("POST", "/service/pool/claim", "service:write", body=ClaimBody, gives=Count, example={"customers": ["C1"], "manager": "Sun"})
def claim_customers(call: Call) -> Any:
    """Take customers from the pool, within the limits of the policy."""
    return {"customers": call.engine.managers.claim(call.body["customers"], manager=call.body["manager"])}


@routes.verb("GET", "/service/managers-capacity", "service:read", query=WantedQuery, gives=Capacity)
def manager_capacity(call: Call) -> Any:
    """Whether there are places for so many more customers."""
    found = call.engine.managers.capacity(call.query["wanted"])
    return {**found.as_dict(), "words": found.words().in_(call.query["language"])}


def _found(call: Call, name: str) -> Manager:
    with or_404(ManagerError):
        return call.engine.managers.get(name)


def _everybody(call: Call) -> None:
    if not call.engine.sight.reach.everybody:
        raise Problem("forbidden", "only somebody who sees every customer can do this")


def _why(each: Owned) -> Any:
    return why_words(each.why, each.owner, former=each.former, by=each.by, facts=each.facts, note=each.note)
