"""The console on PostgreSQL: the same pages over the other database."""

from __future__ import annotations

import pytest

from engine.service import Engine
from engine.worker import Worker
from tests.admin.conftest import PASSWORD, Browser, open_app
from tests.small_store import AS_OF
from tests.trust.company import LATER, company


def test_every_page_over_the_other_database(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    company(postgres_url)
    with Engine.open(postgres_url) as engine:
        engine.run(AS_OF)
        engine.people.first_administrator("ada", PASSWORD)
        who = Browser(open_app(engine)).sign_in("ada")
        assert who.post("/runs/start", {"as_of": "2024-11-03T00:00"}).status_code == 302
        (job,) = engine.jobs.list()
        assert job.params == {"as_of": LATER}
        assert "waiting for a worker" in who.get("/runs/").text
        assert who.get(f"/jobs/{job.id}/progress").json["open"]
        Worker(engine).do(job.id)
        assert not who.get(f"/jobs/{job.id}/progress").json["open"]
        assert engine.run_record().as_of == LATER
        for path in (
            "/",
            "/?since=7",
            "/runs/",
            "/runs/2",
            "/runs/schedules",
            "/jobs/",
            "/imports/",
            "/imports/1",
            "/plugins/",
            "/profile",
            "/search/?q=C1",
        ):
            assert who.get(path).status_code == 200, path
        assert who.get("/imports/?sort=3&desc=1&search=te&page=3").status_code == 200
