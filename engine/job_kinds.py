"""What each kind of job does: its parameters, and the verb it calls with progress.

A job that is taken up again after its worker died starts over with the parameters it had. That is safe because every
verb is all or nothing, and a run keeps the moment it was asked for: it ends with the same digest.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import DeskError, did_you_mean
from engine.jobs import KINDS, JobError
from engine.moments import as_moment
from engine.progress import Tell

if TYPE_CHECKING:
    from engine.service import Engine

_DRAFT = re.compile(r"d[0-9]{1,9}")

PARAMS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "run": {"as_of": (int, str), "historical": bool, "partitions": int, "recompute": bool, "months": int},
    "simulate": {"draft": (int, str, dict), "as_of": (int, str), "movers": int},
    "import": {"file": str, "mapping": (str, dict), "name": str, "dry_run": bool},
    "export": {"what": str, "format": str, "options": dict},
    "tick": {},
    "insight": {"question": str, "params": dict},
    "tickets": {"file": str, "columns": dict, "name": str, "dry_run": bool, "acknowledge": bool},
}
TABLES = ("assignments", "changes", "customers", "rejected")
FORMATS = ("csv", "xlsx", "parquet", "jsonl")
NEEDED = {
    "simulate": ("draft",),
    "import": ("file", "mapping"),
    "export": ("what", "format"),
    "insight": ("question", "params"),
    "tickets": ("file", "columns"),
}


def check(engine: Engine, kind: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a job, checked and made definite: a run gets its moment now. Raises `JobError`."""
    if kind not in KINDS:
        raise JobError(f"there is no kind of job {kind!r}; {did_you_mean(kind, KINDS) or 'kinds are ' + ', '.join(KINDS)}")
    known = PARAMS[kind]
    for name, value in params.items():
        if name not in known:
            raise JobError(
                f"a job {kind!r} takes no {name!r}; {did_you_mean(name, known) or 'it takes ' + (', '.join(known) or 'nothing')}"
            )
        wanted = known[name]
        if value is not None and (not isinstance(value, wanted) or (isinstance(value, bool) and wanted is int)):
            raise JobError(f"{name} of a job {kind!r} is {value!r}, which has the wrong type")
    for name in NEEDED.get(kind, ()):
        if params.get(name) in (None, ""):
            raise JobError(f"a job {kind!r} needs {name!r}")
    if kind == "run":
        params["as_of"] = as_moment(params.get("as_of"), engine.zone)
    if kind == "import":
        from engine.store.ingest import built_in_mappings

        _uploaded(engine, params["file"])
        if isinstance(params["mapping"], str):  # a path would read any file of the machine
            _one_of("mapping", params["mapping"], tuple(built_in_mappings()))
    if kind == "tickets":
        _uploaded(engine, params["file"])
    if kind == "simulate" and isinstance(params["draft"], int):
        params["draft"] = f"d{params['draft']}"
    if kind == "simulate" and isinstance(params["draft"], str) and not _DRAFT.fullmatch(params["draft"]):
        raise JobError(f"draft: {params['draft']!r} names no draft; expected one such as d7, or a document")
    if kind == "insight":
        from engine.questions import PARAMS as QUESTIONS

        _one_of("question", params["question"], tuple(QUESTIONS))
    if kind == "export":
        _one_of("what", params["what"], TABLES)
        _one_of("format", params["format"], FORMATS)
    return params


def perform(engine: Engine, kind: str, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Do the work of a job in the engine's name and return its result as JSON."""
    return WORK[kind](engine, params, tell)


def _run(engine: Engine, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    months = params.get("months")
    if months:
        records = [record.id for record in engine.run_history(months, until=params["as_of"], progress=tell)]
        return {"runs": records}
    options = {name: params[name] for name in ("historical", "partitions", "recompute") if params.get(name) is not None}
    record = engine.run(params["as_of"], progress=tell, **options)
    told = {"run": record.id, "status": record.status, "digest": record.digest, "customers": record.customers}
    return told | {"faults": dict(record.faults), "held": list(record.held), "moved": record.report["moved"]}


def _simulate(engine: Engine, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    tell("simulate", 0, 1)
    if _DRAFT.fullmatch(str(params["draft"])):  # a draft of the store: everything that its page shows
        key = engine.simulations.key(params["draft"])
        picture = engine.simulations.of(params["draft"], as_of=params.get("as_of")).as_dict()
        tell("simulate", 1, 1)
        return {
            "key": key,
            "picture": picture,
            "customers": picture["customers"],
            "moved": picture["moved"],
            "amount": picture["moved_amount"],
        }
    found = engine.simulate(params["draft"], as_of=params.get("as_of"), movers=params.get("movers") or 20)
    tell("simulate", 1, 1)
    compared = found.comparison
    outputs = {
        address: {"moved": each.moved, "amount": each.moved_amount, "up": each.up, "down": each.down, "flows": each.flows()}
        for address, each in compared.migrations.items()
    }
    return {"customers": compared.rows, "moved": compared.moved, "amount": compared.moved_amount, "outputs": outputs}


def _import(engine: Engine, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    path = _uploaded(engine, params["file"])
    report = engine.import_facts(
        path, params["mapping"], dry_run=bool(params.get("dry_run")), progress=lambda rows, total: tell("import", rows, total)
    )
    counts = {name: getattr(report, name) for name in ("batch", "kind", "rows", "accepted", "created", "updated", "unchanged", "seconds")}
    rejected = {reason: count for reason, (count, _) in dict(report.rejected).items()}
    return counts | {"rejected": rejected, "ignored": dict(report.ignored), "warnings": list(report.warnings)}


def _export(engine: Engine, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    from engine.export import export_file

    tell("export", 0, None)
    name = f"{params['what']}-{secrets.token_hex(6)}.{params['format']}"
    path = engine.jobs.files() / name
    rows = export_file(engine, params["what"], params["format"], path, **dict(params.get("options") or {}))
    return {"file": name, "rows": rows, "bytes": path.stat().st_size}


def _tick(engine: Engine, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    tell("tick", 0, 1)
    done = [each.as_dict() for each in engine.schedules.tick()]
    told: dict[str, Any] = {"done": done, "escalated": len(engine.tickets.tick())}
    told |= {"points": engine.points.day().as_dict()} if engine.points.due() else {}
    told |= {"lapsed": engine.rewards.release()} if engine.rewards.due() else {}
    told |= {"care": engine.care.run().as_dict()} if engine.care.due() else {}
    return told | ({"neglected": len(engine.managers.day())} if engine.managers.due() else {})


def _tickets(engine: Engine, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Tickets of a file, all or none: rows that are wrong are told one by one, and then nothing is kept."""
    path = _uploaded(engine, params["file"])
    tell("import", 0, None)
    options = {name: bool(params.get(name)) for name in ("dry_run", "acknowledge")}
    try:
        found = engine.tickets.import_file(path, columns=params["columns"], **options)
    except DeskError as error:
        if not error.faults:
            raise
        return {"rows": 0, "opened": 0, "known": 0, "faults": [{"line": each.place, "text": each.found} for each in error.faults]}
    return {"rows": found.rows, "opened": found.opened, "known": found.known, "faults": []}


def _insight(engine: Engine, params: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    return engine.questions.work(params["question"], params["params"], tell)


WORK: dict[str, Callable[[Engine, Mapping[str, Any], Tell], dict[str, Any]]] = {
    "run": _run,
    "simulate": _simulate,
    "import": _import,
    "export": _export,
    "tick": _tick,
    "insight": _insight,
    "tickets": _tickets,
}


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise JobError(f"{name}: there is no {value!r}; {did_you_mean(value, known) or 'expected one of ' + ', '.join(known)}")


def _uploaded(engine: Engine, name: str) -> Path:
    """A file of the folder of jobs by its name, or in one folder of it; no path leads out. Raises `JobError`."""
    folder = engine.jobs.files()
    path = folder / name
    parts = name.split("/")
    if not 1 <= len(parts) <= 2 or any(part in ("", "..") or part.startswith(".") or "\\" in part for part in parts) or not path.is_file():
        raise JobError(f"there is no uploaded file {name!r}")
    return path
