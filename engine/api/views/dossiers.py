"""What is known behind one customer: why, by which facts, what happened; who moved between two runs; lists as files."""

from __future__ import annotations

import tempfile
from typing import Any, BinaryIO

from flask import Response
from marshmallow import fields, validate

from engine.api.answers.dossiers import Choice, Evidence, Moves, OrderLines, Timeline
from engine.api.answers.explanations import Explanation
from engine.api.answers.parts import listing
from engine.api.answers.together import ColumnInfo
from engine.api.fields import Page, after_number, choice, text, whole
from engine.api.kit import Call, Routes, Strict, or_404
from engine.api.views.customers import ListQuery
from engine.api.views.evaluate import reach_of
from engine.api.views.results import TYPES, parts_of
from engine.api.views.runs import number
from engine.errors import RunError

routes = Routes("dossiers", "Behind one customer and behind a list: reasons, facts, history, moves, files.")

KINDS = ", ".join(kind.partition(";")[0] for kind in TYPES.values())


class RunQuery(Strict):
    """As of which run."""

    run = whole(1, 2**31 - 1, None, "The run; absent: the newest visible one.", load_default=None)
    at = text(40, "Or: of the run in force at this moment.", load_default=None)
    language = choice("en", "zh", words="The language of sentences.", load_default="en")


class WhyQuery(RunQuery):
    """Why what."""

    policy = text(200, "Only this policy.", load_default=None)
    to = text(200, "What it would take to have this outcome, such as A.", load_default=None)


class EvidenceQuery(RunQuery):
    """Which facts."""

    feature = text(200, "Such as orders.count_365d.", required=True)
    only_ = choice("counted", "left out", data_key="only", attribute="only", load_default=None, words="Only these; absent: all.")
    offset = whole(0, 10**7, 0, "How many to leave out.")
    limit = whole(1, 1_000, 100, "How many at most.")


class MovesQuery(Strict):
    """Between which runs, from where to where."""

    run = whole(1, 2**31 - 1, None, "The later run; absent: the newest visible one.", load_default=None)
    since = whole(1, 2**31 - 1, None, "The earlier run; absent: the one before.", load_default=None)
    was = text(200, "Only those who were this; empty is no value.", least=0, load_default=None)
    now = text(200, "Only those who are this; empty is no value.", least=0, load_default=None)
    page = whole(0, 10**7, 0, "From 0 on.")
    size = whole(1, 200, 50, "How many on a page.")


class CustomersExportQuery(Strict):
    """Which customers, and the form of the file."""

    format = choice(*TYPES, words="The form of the file.", load_default="csv")
    filter = fields.List(
        text(500), load_default=list, validate=validate.Length(max=20), metadata={"description": "As of the list of customers."}
    )
    search = ListQuery().fields["search"]
    sort = ListQuery().fields["sort"]
    columns = fields.List(text(200), load_default=list, validate=validate.Length(max=40), metadata={"description": "Which columns."})


def _within(call: Call, customer: str) -> None:
    call.engine.exchange.find(customer, reach=reach_of(call))


@routes.verb("GET", "/customers/<path:customer>/explanations", "customers:read", query=WhyQuery, gives=listing(Explanation))
def explain_customer(call: Call, customer: str) -> Any:
    """Why a customer is where it is, of any run, and what another outcome would take."""
    _within(call, customer)
    query = call.query
    found = call.engine.explain(customer, query["policy"], language=query["language"], run_id=query["run"], at=query["at"], to=query["to"])
    return {"items": [each.as_dict() for each in found]}


@routes.verb("GET", "/customers/<path:customer>/evidence", "customers:read", query=EvidenceQuery, gives=Evidence)
def get_evidence(call: Call, customer: str) -> Any:
    """The facts that a feature counted as of a run, and those it left out, with the reason."""
    _within(call, customer)
    asked = dict(call.query)
    only = asked.pop("only") or ""
    return call.engine.evidence(customer, asked.pop("feature"), run_id=asked.pop("run"), only=only, **asked).as_dict()


@routes.verb("GET", "/customers/<path:customer>/timeline", "customers:read", gives=Timeline)
def get_timeline(call: Call, customer: str) -> Any:
    """What happened to a customer: moves of assignments, how long each value held, ids joined into it, tags."""
    found = call.engine.customers.dossier(customer)
    plain = found.as_dict()
    return {
        **call.dated({name: plain[name] for name in ("customer", "count", "net_amount", "first_at", "last_at", "since", "until")},
                     "first_at", "last_at", "since", "until"),
        "moves": [call.dated(each, "as_of") for each in plain["moves"]],
        "spans": [call.dated(each, "begins", "ends") for each in plain["spans"]],
        "merged": [{"source": source, "id": own} for source, own in found.merged],
        "tags": [{"kind": kind, "name": name, "title": title} for kind, name, title in found.tags],
    }  # fmt: skip


@routes.verb("GET", "/customers/<path:customer>/orders", "customers:read", query=Page, gives=OrderLines)
def list_orders(call: Call, customer: str) -> Any:
    """The orders of a customer, the newest first."""
    _within(call, customer)
    before = after_number(call.query["after"]) or None
    found = call.engine.customers.orders(customer, before=before, limit=call.query["limit"])
    answer: dict[str, Any] = {"items": [{**call.dated(_order(each), "at"), "goods": list(each.goods)} for each in found]}
    if len(found) == call.query["limit"]:
        answer["next"] = str(found[-1].at)
    return answer


def _order(found: Any) -> dict[str, Any]:
    return {name: getattr(found, name) for name in ("id", "at", "refund", "amount", "lines", "goods", "channel", "store", "seller")}


@routes.verb("GET", "/moves/<output>", "results:read", query=MovesQuery, gives=Moves, heavy=True)
def list_moves(call: Call, output: str) -> Any:
    """Who moved in an output between two runs and what is different about them, the largest sales first."""
    asked = dict(call.query)
    run = asked.pop("run")
    for each in (run, asked["since"]):
        with or_404(RunError):
            if each is not None:
                call.engine.run_record(number(each))
    return call.dated(call.engine.customers.moves(output, run_id=run, **asked).as_dict(), "as_of", "since")


@routes.verb("GET", "/customer-columns", "customers:read", gives=listing(ColumnInfo))
def list_columns(call: Call) -> Any:
    """Every column that a list of customers can show, filter or be sorted by, for the caller."""
    return {"items": [_column(each) for each in call.engine.customers.columns()]}


def _column(found: Any) -> dict[str, Any]:
    names = ("name", "kind", "output", "masked", "filters", "sorts")
    return {**{name: getattr(found, name) for name in names}, "title": {"en": found.title.en, "zh": found.title.zh}}


@routes.verb("GET", "/customer-columns/<name>/choices", "customers:read", gives=listing(Choice))
def list_choices(call: Call, name: str) -> Any:
    """What a filter on a column can be set to, with how many customers within reach have it, the most frequent first."""
    return {"items": [{"value": value, "customers": count} for value, count in call.engine.customers.choices(name)]}


@routes.verb(
    "GET",
    "/exports/customers",
    "customers:read",
    query=CustomersExportQuery,
    heavy=True,
    stream=KINDS,
    sends=("Tierwise-Rows", "Content-Disposition"),
)
def export_customers(call: Call) -> Response:
    """A list of customers within reach as one file, masked as the list is; it is entered into the log of exports."""
    customers, format_ = call.engine.customers, call.query["format"]
    query = customers.asked_for({**call.query, "filters": call.query["filter"]})
    file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the answer has been sent
    try:
        rows = customers.export(query, format_, file)
    except BaseException:
        file.close()
        raise
    headers = {"Content-Disposition": f'attachment; filename="customers.{format_}"', "Tierwise-Rows": str(rows)}
    headers["Content-Length"] = str(file.tell())
    return Response(parts_of(file), headers=headers, content_type=TYPES[format_])
