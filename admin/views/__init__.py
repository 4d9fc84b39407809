"""The pages of the console, one module each; what has PAGES is found by `admin.app`."""

from __future__ import annotations

from dataclasses import dataclass

from flask import g

from admin.access import acting, may, person
from engine import RulebookError, RunError


@dataclass(frozen=True, slots=True)
class LiveState:
    """What every page shows of the installation: the live version, the newest visible run. None where there is none."""

    version: int | None
    name: str
    as_of: int | None
    customers: int
    run: int | None


def live_state() -> LiveState | None:
    """What is live, for the foot of the sidebar and the top bar; read once per request, nothing for strangers."""
    if person() is None or not may("results"):
        return None
    if "live_state" not in g:
        g.live_state = _read()
    found: LiveState = g.live_state
    return found


def _read() -> LiveState:
    engine = acting()
    version, name = None, ""
    try:
        live = engine.version()
        version, name = live.number, str(live.document.get("name", ""))
    except RulebookError:
        pass
    try:
        run = engine.run_record()
    except RunError:
        return LiveState(version, name, None, 0, None)
    return LiveState(version, name, run.as_of, run.customers, run.id)
