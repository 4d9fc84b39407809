"""The reference names every route and code, and the calls of the how-to work against a real server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from waitress.server import create_server

from engine.api.problems import CODES
from tests.api.conftest import Client
from tests.api.test_access import ROUTES

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "http-api.md").read_text(encoding="utf-8")
HOW_TO = (DOCS / "how-to" / "integrate.md").read_text(encoding="utf-8")


def test_every_route_stands_on_the_page_with_its_scope() -> None:
    said = set(re.findall(r"^\| `(\w+) (/[^`]*)` \| (.*?) \|", REFERENCE, re.MULTILINE))
    words = {"": "nothing", "*": "any key"}
    routes = {
        (
            method,
            re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path.removeprefix("/api/v1")),
            words.get(need.scope, " or ".join(f"`{scope}`" for scope in need.scopes)),
        )
        for (method, path), need in ROUTES.items()
    }
    only_in_a_sandbox = {("GET", "/sandbox/clock", "any key"), ("PUT", "/sandbox/clock", "`settings:write`")}
    assert said == routes | only_in_a_sandbox


def test_every_code_stands_on_the_page() -> None:
    said = {
        code: (int(status), title) for code, status, title in re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.*?) \|$", REFERENCE, re.MULTILINE)
    }
    assert said == CODES


@pytest.fixture
def served(api: Client) -> Iterator[str]:
    server: Any = create_server(api.app, host="127.0.0.1", port=0, threads=4)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}/api/v1"
    server.close()
    thread.join(5)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the calls are curl's")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # waitress, when its socket closes under it
def test_the_calls_of_the_page_work(api: Client, served: str, tmp_path: Path) -> None:
    api.engine.people.add("shop", roles=["service", "analyst"])
    secret = api.key("imports", "results", "customers", "runs", "jobs", user="shop").secret
    blocks = re.findall(r"```sh\n(.*?)```", HOW_TO, re.DOTALL)
    script = "set -e\n" + "".join(blocks)
    script = script.replace("http://127.0.0.1:8350/api/v1", served).replace("tw_live_...", secret)
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr + done.stdout[-2000:]
    assert done.stdout.count("{") > 8
    assert (tmp_path / "assignments.csv").read_text(encoding="utf-8").startswith("customer,policy,output,value,since")
