"""The rulebook pages: reading and writing by role, saving, conflicts, undo, the preview, plugins' forms, bad input."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from marshmallow import fields

from engine import Codes, Label, Output, Params, Policy, Text
from engine.service import Engine
from tests.admin.conftest import Browser, open_app
from tests.small_store import AS_OF
from tests.trust.company import company
from tests.trust.company import told as everything

EVIL = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}'


class FavouriteParams(Params):
    letter = fields.String(load_default="A", metadata={"title": Text("Favourite letter", "最喜欢的字母")})


class Favourite(Policy):
    """A policy of a plugin that the console has never heard of."""

    name = "favourite"
    title = Text("Favourite", "最爱")
    help = Text("Everybody gets the favourite letter.", "所有客户得到同一字母。")
    Params = FavouriteParams

    def inputs(self) -> tuple[str, ...]:
        return ("orders.count",)

    def outputs(self) -> tuple[Output, ...]:
        return (Output("letter", labels=tuple(Label(key, Text(key, key)) for key in ("A", "B"))),)

    def apply(self, columns: Any, state: Any) -> Any:
        return {"letter": Codes.of([self.params.letter] * len(columns["orders.count"]), ("A", "B"))}


@pytest.fixture(scope="module")
def drafty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A graded company whose rules may be changed, with a foreign policy installed."""
    url = f"sqlite:///{tmp_path_factory.mktemp('rulebook') / 'store.db'}"
    company(url)
    with Engine.open(url, actor="setup") as engine:
        engine.run(AS_OF)
        engine.registry.policies["favourite"] = Favourite
        engine.people.first_administrator("administrator", "seven dry winters of barley")
        for name, role in (("lin", "rule_author"), ("mei", "rule_author"), ("vera", "viewer")):
            engine.people.add(name, roles=[role], password="seven dry winters of barley")
        yield engine


@pytest.fixture(scope="module")
def console(drafty: Engine) -> Flask:
    return open_app(drafty)


@pytest.fixture(scope="module")
def lin(console: Flask) -> Browser:
    return Browser(console).sign_in("lin")


@pytest.fixture(scope="module")
def mei(console: Flask) -> Browser:
    return Browser(console).sign_in("mei").speak("zh")


@pytest.fixture
def draft(lin: Browser, drafty: Engine) -> int:
    answer = lin.post("/rulebook/new", {"title": "A higher bar"})
    assert answer.status_code == 302
    return int(re.findall(r"\d+", answer.location)[-1])


def ask(who: Browser, path: str, body: Any) -> Any:
    return who.client.post(path, json=body, headers={"X-CSRFToken": who.token(), "Accept": "application/json"})


def data_of(page: Any) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', page.text, re.DOTALL)
    assert found is not None
    made: dict[str, Any] = json.loads(found[1])
    return made


def entry_of(drafty: Engine, draft: int, key: str = "rfm") -> dict[str, Any]:
    return next(dict(each) for each in drafty.drafts.get(draft).document["policies"] if each["key"] == key)


def with_params(entry: dict[str, Any], **params: Any) -> dict[str, Any]:
    return {**entry, "params": {**entry["params"], **params}}


def test_the_pages_of_a_draft(lin: Browser, draft: int) -> None:
    index = lin.get("/rulebook/").text
    assert "A higher bar" in index
    assert 'data-node="rfm"' in index
    page = lin.get(f"/rulebook/{draft}/")
    assert "The draft says the same as the live rulebook" in page.text
    policy = lin.get(f"/rulebook/{draft}/rfm")
    data = data_of(policy)
    assert [field["name"] for field in data["form"]][:3] == ["window_days", "frequency", "monetary"]
    assert data["entry"]["key"] == "rfm"
    assert data["writable"] is True
    assert lin.get("/rulebook/live/abc").status_code == 200
    assert lin.get("/rulebook/live/nobody").status_code == 404
    assert lin.get(f"/rulebook/{draft}/nobody").status_code == 404
    assert lin.get("/rulebook/99999/").status_code == 404
    assert lin.get(f"/rulebook/{10**30}/").status_code == 404


def test_a_viewer_reads_and_does_not_write(console: Flask, drafty: Engine, draft: int) -> None:
    vera = Browser(console).sign_in("vera")
    page = vera.get(f"/rulebook/{draft}/rfm")
    assert page.status_code == 200
    assert data_of(page)["writable"] is False
    assert 'id="do-submit"' not in page.text
    for path, body in ((f"{draft}/save", {}), (f"{draft}/step", {}), ("new", {}), (f"{draft}/submit", {}), (f"{draft}/discard", {})):
        assert ask(vera, f"/rulebook/{path}", body).status_code == 403, path
    assert ask(vera, f"/rulebook/{draft}/preview", {"policy": "rfm"}).json["ok"] is True


def test_the_preview_is_of_what_is_typed_and_saves_nothing(lin: Browser, mei: Browser, drafty: Engine, draft: int) -> None:
    before, entry = everything(drafty), entry_of(drafty, draft)
    typed = with_params(entry, bins=3, segments=None)
    answer = ask(lin, f"/rulebook/{draft}/preview", {"policy": "rfm", "entry": typed, "tab": "one"}).json
    simulated = drafty.simulate(
        {
            **drafty.version().document,
            "policies": [typed if each["key"] == "rfm" else each for each in drafty.version().document["policies"]],
        }
    )
    assert answer["moved"] == simulated.comparison.moved > 0
    assert str(simulated.migrations["rfm.segment"].moved) in answer["title"]
    bars = {bar["key"]: bar["after"] for bar in answer["outputs"][0]["bars"]}
    counted = simulated.migrations["rfm.segment"].counts_after
    assert bars == {key: n for key, n in counted.items() if key}
    assert [each["place"] for each in answer["bands"]] == ["r_cuts", "f_cuts", "m_cuts"]
    assert sum(band["customers"] for band in answer["bands"][0]["bands"]) == answer["bands"][0]["valued"]
    chinese = ask(mei, f"/rulebook/{draft}/preview", {"policy": "rfm", "entry": typed}).json
    assert "位客户" in chinese["title"]
    assert everything(drafty) == before
    assert drafty.drafts.get(draft).revision == 1


def test_faults_come_with_their_places_in_the_readers_language(lin: Browser, mei: Browser, drafty: Engine, draft: int) -> None:
    wrong = with_params(entry_of(drafty, draft), bins=99, frequency="weekly")
    answer = ask(lin, f"/rulebook/{draft}/preview", {"policy": "rfm", "entry": wrong}).json
    assert answer["ok"] is False
    assert {(each["policy"], each["inner"]) for each in answer["faults"]} == {("rfm", "params.bins"), ("rfm", "params.frequency")}
    assert all(each["text"] and each["code"].startswith("TW") for each in answer["faults"])
    nested = {"key": "rfm", "type": "scorecard", "params": {"items": [{"feature": "orders.count", "bands": [{"from": "x", "points": 1}]}]}}
    places = [each["inner"] for each in ask(lin, f"/rulebook/{draft}/preview", {"policy": "rfm", "entry": nested}).json["faults"]]
    assert places == ["params.items[0].bands[0].from"]
    assert ask(mei, f"/rulebook/{draft}/preview", {"policy": "rfm", "entry": wrong}).json["ok"] is False


def test_saving_undoing_and_the_words_of_the_changes(lin: Browser, drafty: Engine, draft: int) -> None:
    entry = entry_of(drafty, draft)
    saved = ask(lin, f"/rulebook/{draft}/save", {"revision": 1, "policy": "rfm", "entry": with_params(entry, window_days=180)})
    assert saved.status_code == 200
    assert (saved.json["revision"], saved.json["back"], saved.json["forth"]) == (2, 1, None)
    assert [each["text"] for each in saved.json["changes"]] == ["RFM segments: Window: 365 → 180 days"]
    assert "Window: 365 → 180 days" in lin.get(f"/rulebook/{draft}/").text
    undone = ask(lin, f"/rulebook/{draft}/step", {"revision": 2, "way": "back", "policy": "rfm"}).json
    assert (undone["entry"]["params"]["window_days"], undone["forth"]) == (365, 2)
    again = ask(lin, f"/rulebook/{draft}/step", {"revision": 3, "way": "forth", "policy": "rfm"}).json
    assert again["entry"]["params"]["window_days"] == 180
    assert ask(lin, f"/rulebook/{draft}/save", {"revision": 4, "title": f" {EVIL} "}).json["title"] == EVIL
    assert EVIL not in lin.get("/rulebook/").text


def test_two_people_lose_nothing(lin: Browser, mei: Browser, drafty: Engine, draft: int) -> None:
    entry = entry_of(drafty, draft)
    assert (
        ask(mei, f"/rulebook/{draft}/save", {"revision": 1, "policy": "rfm", "entry": with_params(entry, window_days=90)}).status_code
        == 200
    )
    late = ask(lin, f"/rulebook/{draft}/save", {"revision": 1, "policy": "rfm", "entry": with_params(entry, window_days=200)})
    assert late.status_code == 409
    assert (late.json["by"], late.json["revision"]) == ("mei", 2)
    assert (late.json["theirs"]["params"]["window_days"], late.json["yours"]["params"]["window_days"]) == (90, 200)
    assert late.json["differences"] == ["RFM segments: Window: 90 → 200 days"]
    assert entry_of(drafty, draft)["params"]["window_days"] == 90
    mine = ask(lin, f"/rulebook/{draft}/save", {"revision": late.json["revision"], "policy": "rfm", "entry": late.json["yours"]})
    assert mine.status_code == 200
    assert [each.actor for each in drafty.drafts.history(draft)] == ["lin", "mei", "lin"]


def test_a_policy_of_a_plugin_is_drawn_added_and_removed(lin: Browser, mei: Browser, drafty: Engine, draft: int) -> None:
    added = lin.post(f"/rulebook/{draft}/add", {"type": "favourite", "key": ""})
    assert added.location.endswith(f"/rulebook/{draft}/favourite")
    data = data_of(mei.get(f"/rulebook/{draft}/favourite"))
    assert [(field["name"], field["title"], field["kind"]) for field in data["form"]] == [("letter", "最喜欢的字母", "text")]
    entry = {"key": "favourite", "type": "favourite", "params": {"letter": "B"}}
    answer = ask(lin, f"/rulebook/{draft}/preview", {"policy": "favourite", "entry": entry}).json
    assert [(bar["key"], bar["after"]) for bar in answer["outputs"][0]["bars"]] == [("A", 0), ("B", answer["customers"])]
    assert answer["policies"]["favourite"] == "new"
    assert lin.post(f"/rulebook/{draft}/add", {"type": "favourite", "key": "favourite"}).status_code == 400
    assert lin.post(f"/rulebook/{draft}/add", {"type": "nothing", "key": "x"}).status_code == 400
    assert lin.post(f"/rulebook/{draft}/remove", {"policy": "favourite"}).status_code == 302
    assert lin.get(f"/rulebook/{draft}/favourite").status_code == 404
    assert lin.post(f"/rulebook/{draft}/remove", {"policy": "favourite"}).status_code == 400


def test_a_plugin_that_is_gone_leaves_a_page_that_says_so(lin: Browser, drafty: Engine, draft: int) -> None:
    lost = {"key": "rfm", "type": "gone", "params": {"x": EVIL}, "title": {"en": EVIL, "zh": EVIL}}
    assert ask(lin, f"/rulebook/{draft}/save", {"revision": 1, "policy": "rfm", "entry": lost}).status_code == 200
    page = lin.get(f"/rulebook/{draft}/rfm")
    assert "No plugin offers this kind of policy any more" in page.text
    assert "<img src=x" not in page.text
    assert lin.get(f"/rulebook/{draft}/").status_code == 200
    checked = ask(lin, f"/rulebook/{draft}/check", {}).json
    assert (checked["sound"], checked["faults"][0]["code"]) == (False, "TW006")


BODIES: list[Any] = [
    [], None, 5, "x", {}, {"revision": None}, {"revision": "1"}, {"revision": True}, {"revision": 10**400}, {"revision": 1},
    {"revision": 1, "policy": "rfm"}, {"revision": 1, "policy": "rfm", "entry": []}, {"revision": 1, "policy": "nobody", "entry": {}},
    {"revision": 1, "policy": EVIL, "entry": {}}, {"revision": 1, "policy": ["rfm"], "entry": {}}, {"revision": 1, "way": "sideways"},
    {"revision": 1, "way": "back"}, {"revision": -1, "title": "x"},
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bad_input_changes_nothing(lin: Browser, drafty: Engine, draft: int, body: Any) -> None:
    before = drafty.drafts.get(draft)
    for verb in ("save", "step"):
        answer = ask(lin, f"/rulebook/{draft}/{verb}", body)
        assert 400 <= answer.status_code < 500, (verb, answer.status_code)
    assert drafty.drafts.get(draft) == before


DOCUMENTS: list[Any] = [
    None, [], "x", 5, {}, {"key": "rfm"}, {"key": 5, "type": []}, {"key": "rfm", "type": "rfm", "params": []},
    {"key": "abc", "type": "rfm", "params": {}}, {"key": "rfm", "type": "rfm", "params": {"bins": float(10**300)}},
    {"key": "rfm", "type": "rfm", "params": {"m_cuts": [{}], "weights": 3, "labels": [[]], "segments": {"rows": 1}}},
    {"key": "rfm", "type": "rfm", "for": {"feature": "abc.class", "op": "=", "value": 3}},
    {"key": "rfm", "type": "decision_table", "params": {"table": {"inputs": ["rfm.grade"], "outputs": ["grade"], "rows": []}}},
    {"key": "rfm", "type": "rfm", "title": 5, "owner": [], "review_by": "never", "damping": 1, "enabled": "yes"},
]  # fmt: skip


@pytest.mark.parametrize("entry", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_any_entry_is_previewed_or_refused_with_reasons_and_its_page_opens(lin: Browser, drafty: Engine, draft: int, entry: Any) -> None:
    answer = ask(lin, f"/rulebook/{draft}/preview", {"policy": "rfm", "entry": entry})
    assert answer.status_code == 200
    assert answer.json["ok"] or answer.json["faults"]
    if isinstance(entry, dict):
        assert ask(lin, f"/rulebook/{draft}/save", {"revision": 1, "policy": "rfm", "entry": entry}).status_code == 200
        assert lin.get(f"/rulebook/{draft}/").status_code == 200
        assert lin.get(f"/rulebook/{draft}/rfm").status_code in (200, 404)
        assert ask(lin, f"/rulebook/{draft}/check", {}).status_code == 200


def test_a_submitted_draft_is_not_edited_until_it_is_taken_back(lin: Browser, drafty: Engine, draft: int) -> None:
    change = with_params(entry_of(drafty, draft), window_days=300)
    ask(lin, f"/rulebook/{draft}/save", {"revision": 1, "policy": "rfm", "entry": change})
    assert lin.post(f"/rulebook/{draft}/submit", {"revision": 1}).status_code == 400, "of an older state"
    assert lin.post(f"/rulebook/{draft}/submit", {"revision": 2, "note": "why"}).status_code == 302
    page = lin.get(f"/rulebook/{draft}/rfm")
    assert data_of(page)["writable"] is False
    assert "This draft is not edited now" in page.text
    assert lin.post(f"/rulebook/{draft}/withdraw").status_code == 302
    assert data_of(lin.get(f"/rulebook/{draft}/rfm"))["writable"] is True
    assert lin.post(f"/rulebook/{draft}/discard").status_code == 302
    assert "A higher bar" not in lin.get("/rulebook/").text or draft > 1
    assert ask(lin, f"/rulebook/{draft}/save", {"revision": 2, "policy": "rfm", "entry": change}).status_code == 400


def test_an_installation_without_rules_says_what_to_do(empty: Flask) -> None:
    engine: Engine = empty.extensions["tierwise_engine"]
    engine.people.first_administrator("ada", "seven dry winters of barley")
    ada = Browser(empty).sign_in("ada")
    assert "Begin with the starter" in ada.get("/rulebook/").text
    begun = ada.post("/rulebook/new", {})
    assert begun.status_code == 302
    page = ada.get(begun.location)
    assert page.status_code == 200
    number = int(re.findall(r"\d+", begun.location)[-1])
    assert data_of(ada.get(f"/rulebook/{number}/rfm"))["live"] is None
    assert ask(ada, f"/rulebook/{number}/preview", {"policy": "rfm"}).json["title"] == "There are no customers yet"
