"""Tasks: what somebody is to do by a day."""

from __future__ import annotations

import datetime as dt
from typing import Any

from engine.api.answers.parts import page
from engine.api.answers.tasks import Task as TaskGiven
from engine.api.fields import Page, Switch, choice, text
from engine.api.kit import Answer, Call, Routes, Strict, or_404, tagged
from engine.api.problems import Problem
from engine.api.views.runs import number
from engine.errors import TaskError
from engine.store.tasks import Task

routes = Routes("tasks", "What somebody is to do by a day.")


class TaskBody(Strict):
    """A new task."""

    title = text(200, required=True)
    customer = text(200, "About whom.", load_default=None, allow_none=True)
    due = text(40, "A date; absent: today.", load_default=None, allow_none=True)
    owner = text(200, "Who is to do it; empty for nobody yet.", load_default="", least=0)
    channel = text(40, "How: a word such as phone.", load_default="", least=0)
    kind = text(40, "What it comes from: a word such as escalation.", load_default="manual")
    once = text(300, "The occasion: a second task for it is not made, the first is the answer.", load_default=None, allow_none=True)
    text = text(4_000, "What to say or to know.", load_default="", least=0)


class TaskEdit(Strict):
    """What changes of an open task."""

    title = text(200)
    due = text(40, "A date.")
    owner = text(200, least=0)
    channel = text(40, least=0)
    text = text(4_000, least=0)


class DoneBody(Strict):
    """What came of it."""

    outcome = text(4_000, load_default="", least=0)


class SkipBody(Strict):
    """Why it is not done."""

    reason = text(4_000, required=True)


class TaskQuery(Page):
    """Which ones."""

    status = choice("open", "done", "skipped", "all", words="In which state.", load_default="open")
    owner = text(200, "Whose; empty for those of nobody.", least=0, load_default=None)
    mine = Switch("Only those of the caller.")
    customer = text(200, load_default=None)
    kind = text(40, load_default=None)
    since = text(40, "Due on this date or later.", load_default=None)
    until = text(40, "Due on this date or earlier.", load_default=None)


def _answer(found: Task, call: Call) -> dict[str, Any]:
    return call.dated(found.as_dict(), "created_at", "closed_at")


@routes.verb("GET", "/service/tasks", "service:read", query=TaskQuery, gives=page(TaskGiven))
def list_tasks(call: Call) -> Any:
    """Tasks about customers within reach and one's own, what is due first at the top."""
    chosen = dict(call.query)
    limit, after = chosen.pop("limit"), chosen.pop("after")
    if chosen["status"] == "all":
        chosen["status"] = None
    found = list(call.engine.tasks.list(**chosen, after=_cursor(after), limit=limit))
    answer: dict[str, Any] = {"items": [_answer(each, call) for each in found]}
    if len(found) == limit:
        answer["next"] = f"{found[-1].due.isoformat()}_{found[-1].id}"
    return answer


@routes.verb("GET", "/service/tasks/<int:task>", "service:read", gives=TaskGiven)
def get_task(call: Call, task: int) -> Any:
    """One task, with its ETag."""
    found = _found(call, task)
    return tagged(_answer(found, call), found.revision)


@routes.verb(
    "POST",
    "/service/tasks",
    "service:write",
    body=TaskBody,
    gives=TaskGiven,
    status=201,
    example={"title": "Call about the renewal", "customer": "C1", "due": "2030-03-01", "owner": "chen", "channel": "phone"},
)
def add_task(call: Call) -> Any:
    """Make a task."""
    body = dict(call.body)
    return Answer(_answer(call.engine.tasks.add(body.pop("title"), **body), call), 201)


@routes.verb("PATCH", "/service/tasks/<int:task>", "service:write", body=TaskEdit, gives=TaskGiven, etag=True, example={"owner": "lin"})
def edit_task(call: Call, task: int) -> Any:
    """Change an open task."""
    found = _fresh(call, task)
    changed = call.engine.tasks.edit(found.id, **call.body)
    return tagged(_answer(changed, call), changed.revision)


@routes.verb("POST", "/service/tasks/<int:task>/done", "service:write", body=DoneBody, gives=TaskGiven, example={"outcome": "renewed"})
def finish_task(call: Call, task: int) -> Any:
    """The task is done."""
    return _closed(call, task, "done", outcome=call.body["outcome"])


@routes.verb("POST", "/service/tasks/<int:task>/skip", "service:write", body=SkipBody, gives=TaskGiven, example={"reason": "moved away"})
def skip_task(call: Call, task: int) -> Any:
    """The task is left undone, for a reason."""
    return _closed(call, task, "skip", reason=call.body["reason"])


def _found(call: Call, task: int) -> Task:
    with or_404(TaskError):
        return call.engine.tasks.get(number(task))


def _fresh(call: Call, task: int) -> Task:
    found, seen = _found(call, task), call.revision()
    if seen != found.revision:
        raise Problem("precondition_failed", f"task {task} was changed meanwhile; read it again")
    return found


def _closed(call: Call, task: int, verb: str, **said: str) -> Any:
    found = _found(call, task)
    if found.status != "open":
        raise Problem("conflict", f"task {task} is {found.status} already")
    changed = getattr(call.engine.tasks, verb)(found.id, **said)
    return tagged(_answer(changed, call), changed.revision)


def _cursor(after: str | None) -> tuple[dt.date, int] | None:
    if after is None:
        return None
    due, _, last = after.partition("_")
    try:
        if not (last.isascii() and last.isdigit() and len(last) < 19):
            raise ValueError
        return dt.date.fromisoformat(due), int(last)
    except ValueError:
        raise Problem(
            "invalid",
            f"query.after: found {after!r}; expected the `next` of a page",
            errors=[{"field": "query.after", "reason": "not a cursor"}],
        ) from None
