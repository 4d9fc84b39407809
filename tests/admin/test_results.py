"""The pages of results: what they say, whom they show it to, and that nothing of a third party runs in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO

import openpyxl
import pytest
from flask import Flask

from admin.shapes.treemap import squarified
from engine.service import Engine
from engine.worker import Worker
from tests.admin.conftest import PASSWORD, Browser, open_app
from tests.small_store import AS_OF
from tests.test_pictures import moody
from tests.test_runner import BOOK, POLICIES
from tests.trust.company import LATER, company

EVIL = "<img src=x onerror=alert(1)>"
PAGES = (
    "/results/",
    "/results/flow",
    "/results/trend",
    "/results/report",
    "/results/?run=1",
    "/results/flow?of=lifecycle.stage&since=1",
    "/insights/why?of=lifecycle.stage",
    "/insights/portrait?of=abc.class",
    "/insights/portrait?of=moody.mood",
    "/insights/ahead?of=lifecycle.stage",
    "/insights/ahead?of=moody.mood&days=30",
)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A company with a third party's policy that draws wrongly and speaks in markup."""
    folder = tmp_path_factory.mktemp("drawn")
    url = f"sqlite:///{folder / 'store.db'}"
    company(url)
    with Engine.open(url, actor="setup", plugins=[moody(folder)]) as engine:
        engine.publish({**BOOK, "policies": [*POLICIES, {"key": "moody", "type": "moody"}]})
        engine.run(AS_OF)
        engine.run(LATER)
        engine.people.first_administrator("administrator", PASSWORD)
        for role in ("viewer", "analyst"):
            engine.people.add(role, roles=[role], password=PASSWORD)
        yield engine


@pytest.fixture(scope="module")
def app_(drawn: Engine) -> Flask:
    return open_app(drawn)


@pytest.fixture(scope="module")
def reader(app_: Flask) -> Browser:
    return Browser(app_).sign_in("administrator")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_is_there_in_both_languages(reader: Browser, path: str, language: str) -> None:
    answer = reader.speak(language).get(path)
    assert answer.status_code == 200
    assert EVIL not in answer.text
    assert " style=" not in answer.text
    assert len(re.findall("<h1", answer.text)) == 1
    assert ("客户" in re.sub(r"<nav.*?</nav>", "", answer.text, flags=re.S)) == (language == "zh")


def test_a_picture_that_fails_says_so_and_the_others_stand(reader: Browser) -> None:
    page = reader.speak("en").get("/results/").text
    assert page.count("This picture could not be drawn") == 2
    assert "its grades are not affected" in page
    for id_ in (
        "rfm.recency_frequency",
        "rfm.segments",
        "abc.pareto",
        "abc.classes",
        "lifecycle.orders",
        "lifecycle.stages",
        "moody.moods",
        "moody.points",
        "moody.flow",
    ):
        assert re.search(rf'id="{id_}".*?<svg class="pic', page, re.S), id_
    assert page.count("There is nobody in this picture") == 1
    assert "&lt;img src=x onerror=alert(1)&gt;good" in page


def test_titles_are_findings(reader: Browser, drawn: Engine) -> None:
    page = reader.speak("en").get("/results/").text
    assert re.search(r"<h1>\d+% of the customers bring \d+%, and [\d.]+% never came back</h1>", page)
    pareto = drawn.pictures.of_run().get("abc.pareto")
    at = pareto.columns["bound"].index(True)
    assert f"<h2>{pareto.columns['customers'][at]} customers, " in page
    assert re.search(r"<h2>One cell, \d+ customers?: \d+% of the sales</h2>", page)
    assert re.search(
        r"<h2>\d+ moved and more fell than rose: \d+ up, \d+ down</h2>|<h2>\d+ moved and more rose than fell",
        reader.get("/results/flow").text,
    )


def test_every_mark_opens_as_many_customers_as_it_says(reader: Browser) -> None:
    page = reader.speak("en").get("/results/").text
    links = re.findall(r'<a href="(/behind/[^"]+)"><rect class="cell[^>]*><title>[^<]*: ([\d,]+) customers', page)
    assert len(links) > 5
    for url, count in links[:6]:
        behind = reader.get(url.replace("&amp;", "&")).text
        assert re.search(rf"<h1>{count} customers?</h1>", behind)
        assert "Recency score is" in behind


def test_a_stream_opens_its_customers(reader: Browser) -> None:
    page = reader.speak("en").get("/results/flow?of=lifecycle.stage").text
    links = re.findall(r'<a href="(/behind/[^"]+)"><path[^>]*><title>[^<]*: ([\d,]+)</title>', page)
    assert links
    for url, count in links[:4]:
        assert re.search(rf"<h1>{count} customers?</h1>", reader.get(url.replace("&amp;", "&")).text)


@pytest.mark.parametrize(
    "query", ["what=rfm.segments", "what=abc.pareto&run=1", "what=flow&of=abc.class&since=1", "what=trend&of=abc.class", "what=moody.moods"]
)
@pytest.mark.parametrize("format_", ["xlsx", "csv"])
def test_the_spreadsheet_holds_what_the_table_shows(reader: Browser, drawn: Engine, query: str, format_: str) -> None:
    before = len(drawn.people.exports())
    answer = reader.speak("en").get(f"/results/file?{query}&format={format_}")
    assert answer.status_code == 200
    assert re.fullmatch(rf"attachment; filename=tierwise-[a-z0-9_.-]+\.{format_}", answer.headers["Content-Disposition"])
    assert len(drawn.people.exports()) == before + 1
    if format_ == "xlsx":
        sheet = openpyxl.load_workbook(BytesIO(answer.data)).active
        assert sheet is not None
        assert sheet.max_row > 1
        assert all(cell.data_type in "sn" for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize(
    "path",
    [
        "/results/?run=99",
        "/results/?run=x",
        "/results/?run=" + "9" * 40,
        "/results/flow?of=nothing.here",
        "/results/flow?since=99",
        "/results/trend?of=" + "%27%22",
        "/results/file?what=abc.nothing",
        "/results/file?what=moody.broken",
        "/results/file?what=abc.pareto&format=exe",
        "/results/file",
        "/behind/?q=1;drop",
        "/behind/?q=abc.class=Z",
        "/behind/?q=abc.klass=A",
        "/behind/?q=orders.count>=many",
        "/behind/?q=abc.class~A",
        "/behind/?page=-1",
    ],
)
def test_wrong_questions_are_refused_with_the_reason(reader: Browser, path: str) -> None:
    answer = reader.speak("en").get(path)
    assert 400 <= answer.status_code < 500, answer.status_code
    assert EVIL not in answer.text


def test_pages_far_behind_the_end_are_empty(reader: Browser) -> None:
    assert "No customer fits" in reader.get("/behind/?q=abc.class=A&q=orders.count<1").text
    assert reader.get("/behind/?page=999999").status_code == 200


def test_names_are_for_those_who_may_see_them(app_: Flask, drawn: Engine) -> None:
    assert '<th scope="col">Name</th>' in Browser(app_).sign_in("analyst").get("/behind/?q=abc.class=A").text
    assert '<th scope="col">Name</th>' not in Browser(app_).sign_in("viewer").get("/behind/?q=abc.class=A").text


def test_an_empty_store_says_what_to_do(empty: Flask) -> None:
    with Browser(empty).client as client:
        assert client.get("/results/").status_code == 302
    engine: Engine = empty.extensions["tierwise_engine"]
    engine.people.first_administrator("administrator", PASSWORD)
    reader = Browser(empty).sign_in("administrator")
    for path in (
        "/results/",
        "/results/flow",
        "/results/trend",
        "/results/report",
        "/insights/why",
        "/insights/portrait",
        "/insights/ahead",
    ):
        assert "Nothing to look at yet" in reader.get(path).text


def test_the_parts_of_a_change_add_up_on_the_page(reader: Browser, drawn: Engine) -> None:
    page = reader.speak("en").get("/insights/why?of=lifecycle.stage").text
    assert re.search(r"<h1>[\w ]+ (grew|shrank) by \d+, most of it through [\w ]+ \([+−]\d+\)</h1>", page)
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = [[re.sub("<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.S)] for row in table.split("<tr>")[1:]]
    for row in rows:
        before, after, change, *parts = [int(cell.replace("−", "-").replace(",", "").replace("=", "0")) for cell in row[1:]]
        assert after - before == change == sum(parts)
    division = drawn.insight.divide()
    assert len(rows) == len(
        [1 for a, b in zip(*(getattr(division.outputs["lifecycle.stage"], side) for side in ("before", "after")), strict=True) if a or b]
    )


def test_a_portrait_names_features_by_title(reader: Browser) -> None:
    page = reader.speak("en").get("/insights/portrait?of=abc.class&label=A").text
    assert "What sets Class A apart most: higher sales" in page
    assert "orders.amount_365d" not in page


def test_who_falls_next_is_what_the_radar_says(reader: Browser, drawn: Engine) -> None:
    radar = drawn.insight.radar("lifecycle.stage", days=30, every=7)
    page = reader.speak("en").get("/insights/ahead?of=lifecycle.stage&days=30").text
    assert f"<h1>{radar.lost} of {int(radar.now[:-1].sum())} lose their label within 30 days of silence" in page


@pytest.mark.parametrize(
    "path", ["/insights/why?of=abc.class", "/insights/portrait?of=abc.class&label=B", "/insights/ahead?of=abc.class&days=60"]
)
def test_large_stores_answer_by_a_job_with_progress(
    reader: Browser, app_: Flask, drawn: Engine, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine import questions

    at_once = reader.speak("en").get(path).text
    monkeypatch.setattr(questions, "AT_ONCE", 10)
    questions._kept.clear()
    page = reader.get(path).text
    assert "Compute it" in page
    fields = dict(
        re.findall(
            r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.partition('action="/insights/ask"')[2].partition("</form>")[0]
        )
    )
    asked = reader.post("/insights/ask", fields)
    assert asked.status_code == 302
    assert "of=abc.class" in asked.location
    page = reader.get(asked.location).text
    assert "Being computed" in page
    place = re.search(r'data-job="([^"]+)"', page)
    assert place is not None
    job = reader.get(place[1]).get_json()
    assert (job["open"], job["status"]) == (True, "queued")
    other = Browser(app_).sign_in("viewer").speak("en")
    assert other.get(place[1]).status_code == 200
    assert place[1].replace("progress", "cancel") not in other.get(path).text
    assert other.post(place[1].replace("progress", "cancel")).status_code == 403
    assert reader.post(place[1].replace("progress", "cancel")).status_code == 302
    assert "Compute it" in reader.get(path).text
    reader.post("/insights/ask", fields)
    Worker(drawn).do(job["id"])
    page = reader.get(path).text
    heading = re.search("<h1>.*?</h1>", page)
    assert heading is not None
    assert heading[0] in at_once
    assert page.count("<tr>") == at_once.count("<tr>")


def test_only_questions_of_these_pages_are_asked(reader: Browser, drawn: Engine) -> None:
    assert reader.post("/insights/ask", {"question": "wanted"}).status_code == 400
    job = drawn.jobs.submit("tick")
    assert reader.get(f"/insights/jobs/{job.id}/progress").status_code == 404


def test_each_point_of_a_trend_opens_its_customers(reader: Browser) -> None:
    page = reader.speak("en").get("/results/trend?of=abc.class").text
    dots = re.findall(r'<a href="([^"]+)" aria-label="[^"]*: ([\d,]+)">', page)
    assert len(dots) >= 4
    for url, count in dots:
        found = reader.get(url.replace("&amp;", "&")).text
        assert re.search(rf"<h1>{count} customers?</h1>", found), (url, count)


def test_the_chart_library_is_served_from_here(reader: Browser) -> None:
    import gzip

    page = reader.get("/results/").text
    path = re.search(r'data-script="([^"]+)"', page)
    assert path is not None
    assert reader.get("/results/charts/0.0.1/plotly.js").status_code == 404
    answer = reader.get(path[1], headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert b"Plotly" in gzip.decompress(answer.data)[:4000]
    assert len(answer.data) < 2_000_000


def test_a_view_is_kept_shared_and_forgotten(app_: Flask, reader: Browser) -> None:
    reader.speak("en")
    answer = reader.post("/results/keep", {"title": "Moves of classes", "tab": "flow", "of": "abc.class", "since": "1", "evil": "x"})
    assert answer.status_code == 302
    opened = reader.get(answer.location)
    assert opened.location == "/results/flow?of=abc.class&since=1"
    assert "Moves of classes" in reader.get("/results/").text
    other = Browser(app_).sign_in("viewer").speak("en")
    assert "Moves of classes" not in other.get("/results/").text
    assert other.get(answer.location).status_code == 400
    assert other.post(answer.location.replace("kept", "drop")).status_code == 400
    assert reader.post("/results/keep", {"title": " ", "tab": "flow"}).status_code == 400
    assert reader.post("/results/keep", {"title": "Odd", "tab": "//elsewhere"}).status_code == 302
    shared = other.post("/results/keep", {"title": EVIL, "tab": "why", "shared": "1"}).location
    assert EVIL not in reader.get("/results/").text
    assert "&lt;img src=x onerror=alert(1)&gt;" in reader.get("/results/").text
    assert other.post(shared.replace("kept", "drop")).status_code == 302
    assert reader.get(shared).status_code == 400


def test_treemap_boxes_fill_the_canvas_and_do_not_overlap() -> None:
    sizes = [40.0, 30, 10, 10, 5, 3, 1, 1]
    boxes = squarified([size * 6 for size in sizes], 30, 20)
    for (x, y, wide, high), size in zip(boxes, sizes, strict=True):
        assert wide * high == pytest.approx(size * 6)
        assert min(x, y) >= -1e-9
        assert x + wide <= 30 + 1e-6
        assert y + high <= 20 + 1e-6
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            apart = a[0] + a[2] <= b[0] + 1e-6 or b[0] + b[2] <= a[0] + 1e-6 or a[1] + a[3] <= b[1] + 1e-6 or b[1] + b[3] <= a[1] + 1e-6
            assert apart
