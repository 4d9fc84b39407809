"""Fifty texts that try to be code, in every column that holds a text, on every page of the console in a real browser.

Nothing of them runs, and the content security policy has nothing to report. Which columns hold texts is read from the tables:
a new one takes part unless it is named among those whose values the product chooses itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import Connection, String, Table, select, text, update

from engine.service import Engine
from engine.store.models import alias, customer, metadata
from tests.admin.conftest import PASSWORD, open_app, pages, served
from tests.admin.test_browser import SEEN, browser, complaints, reports, until
from tests.trust.company import AS_OF, LATER, company, trials

__all__ = ["browser"]

DO = "pwned=1"
EVIL = (
    f"<script>{DO}</script>", f"</script><script>{DO}</script>", f"<ScRiPt>{DO}</sCrIpT>", f"<script>{DO}//", f"<<script>{DO}//<</script>",
    f"<img src=x onerror={DO}>", f"<img src=x onerror=\"{DO}\">", f"\"><img src=x onerror={DO}>", f"'><img src=x onerror={DO}>", f"<img/src=x/onerror={DO}>",
    f"<svg onload={DO}>", f"<svg/onload={DO}>", f"\"><svg/onload={DO}>", f"<svg><script>{DO}</script></svg>", f"<svg><a xlink:href=\"javascript:{DO}\">x</a></svg>",
    f"<body onload={DO}>", f"<iframe src=\"javascript:{DO}\">", f"<iframe srcdoc=\"<script>parent.{DO}</script>\">", f"<object data=\"javascript:{DO}\">", f"<embed src=\"javascript:{DO}\">",
    f"<a href=\"javascript:{DO}\">x</a>", f"javascript:{DO}", f"\" onmouseover={DO} x=\"", f"' onfocus={DO} autofocus x='", f"\" autofocus onfocus={DO} \"",
    f"<input autofocus onfocus={DO}>", f"<select autofocus onfocus={DO}>", f"<textarea autofocus onfocus={DO}>", f"</textarea><script>{DO}</script>", f"</title><script>{DO}</script>",
    f"</style><script>{DO}</script>", f"<style>@import 'javascript:{DO}';</style>", f"<link rel=stylesheet href=\"javascript:{DO}\">", f"<meta http-equiv=refresh content=\"0;url=javascript:{DO}\">", f"<base href=\"javascript:{DO}//\">",
    f"<details open ontoggle={DO}>", f"<video><source onerror={DO}>", f"<audio src=x onerror={DO}>", f"<marquee onstart={DO}>", f"<form><button formaction=\"javascript:{DO}\">x",
    f"{{{{constructor.constructor('{DO}')()}}}}", "{{7*7}}", "{% print(7*7) %}", f"${{{DO}}}", f"`-{DO}-`",
    f"'-{DO}-'", f"\\u003cscript\\u003e{DO}\\u003c/script\\u003e", f"&lt;script&gt;{DO}&lt;/script&gt;", f"\u2028<script>{DO}</script>", f"<math><mtext></form><form><mglyph><style></math><img src onerror={DO}>",
)  # fmt: skip

CHOSEN = {
    "audit_entry": {"action", "details", "previous", "hash"},
    "custom_field": {"name", "kind"},
    "event": {"kind", "ref", "payload"},
    "export_log": {"what", "format", "filters"},
    "idempotency_key": {"owner", "key", "request", "headers"},
    "label": {"address", "policy_type", "key"},
    "role_permission": {"role", "area"},
    "rulebook_version": {"hash", "document"},
    "saved_view": {"owner", "page", "query"},
    "schedule": {"kind", "cron", "options", "last_result", "created_by"},
    "setting": {"key", "value"},
    "sign_in_attempt": {"name", "address"},
    "care_act": {"plan", "occasion"},
    "care_message": {"plan", "occasion", "kind", "channel", "status", "gateway"},
    "interaction": {"channel", "origin", "once"},
    "gateway": {"key", "document", "secret"},
    "manager": {"name", "regions", "languages", "grades"},
    "ownership": {"why", "facts"},
    "service_document": {"kind", "key", "document"},
    "coupon": {"code", "offer"},
    "offer_account": {"offer"},
    "offer_use": {"offer", "idempotency", "request", "code"},
    "points_act": {"kind", "idempotency", "request"},
    "points_entry": {"account"},
    "reward": {"key", "document"},
    "reward_claim": {"idempotency", "status", "code"},
    "tag": {"kind", "name"},
    "task": {"kind", "channel", "status"},
    "term": {"field"},
    "ticket": {"request", "kind", "category", "cause", "priority", "channel", "language", "state", "level", "grade"},
    "ticket_clock": {"clock"},
    "ticket_event": {"kind", "details"},
    "ticket_letter": {"status"},
    "ticket_step": {"clock", "step"},
    "desk_document": {"kind", "slug", "document"},
    "user_account": {"name", "language", "theme", "password", "reach", "owner"},
    "webhook": {"url", "secret", "events"},
    "api_key": {"prefix", "secret_hash", "scopes"},
    "delivery": {"status"},
    "draft": {"document", "status", "submitted_hash"},
    "import_batch": {"kind"},
    "publication": {"kind"},
    "run": {"key", "fingerprint", "base_digest", "status", "digest", "report"},
    "user_role": {"role"},
    "user_session": {"token_hash"},
    "block": {"kind"},
    "customer": {"not_graded"},
    "draft_edit": {"document"},
    "exchange_rate": {"currency"},
    "former_fact": {"kind", "document"},
    "label_summary": {"address", "label"},
    "output": {"address", "policy_type", "kind"},
    "rejected_row": {"row"},
    "review": {"hash", "verdict", "report"},
    "rule_hit": {"policy"},
    "run_state": {"policy", "type", "source_hash", "state"},
    "fixed_value": {"address", "value", "status"},
}
"""Columns whose values the product chooses itself: keys, kinds, states, hashes, JSON."""


def written(table: Table) -> list[str]:
    """The columns of a table in which people's words stand."""
    return [each.name for each in table.columns if isinstance(each.type, String) and each.name not in CHOSEN.get(table.name, ())]


def poison(connection: Connection) -> None:
    """Put an evil text into every text of every row, the next one each time; no two of a column are alike."""
    for guard in connection.scalars(text("select name from sqlite_master where type = 'trigger'")).all():
        connection.execute(text(f"drop trigger {guard}"))
    for table in metadata.sorted_tables:
        for name in written(table):
            keys = list(table.primary_key.columns)
            column = table.c[name]
            for at, row in enumerate(connection.execute(select(*keys).order_by(*keys)).all()):
                limit = column.type.length or 500
                evil = f"{EVIL[at % len(EVIL)]}{at}"[:limit]
                if not column.primary_key:
                    where = [key == value for key, value in zip(keys, row, strict=True)]
                    connection.execute(update(table).where(*where).values({name: evil}))


def evil_label(at: int) -> dict[str, Any]:
    return {"key": f"l{at}", "title": {"en": EVIL[at], "zh": EVIL[at + 10]}}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A company in which something stands in every table that people write into."""
    url = f"sqlite:///{tmp_path_factory.mktemp('evil') / 'store.db'}"
    company(url, customers=60)
    with Engine.open(url, actor="setup") as opened:
        opened.run(AS_OF)
        book = opened.version().document
        titled = [{**each, "title": {"en": EVIL[at], "zh": EVIL[at + 20]}, "owner": EVIL[at]} for at, each in enumerate(book["policies"])]
        table = {
            "inputs": ["orders.count"], "outputs": ["grade"], "hit_policy": "first", "default": ["l3"],
            "rows": [{"when": [f"> {9 - at}"], "then": [f"l{at}"], "note": EVIL[at + 30]} for at in range(3)],
        }  # fmt: skip
        rules = {"key": "evil", "type": "decision_table", "owner": EVIL[7], "review_by": "2099-12-31", "params": {"table": table, "outputs": [{"name": "grade", "title": EVIL[5], "labels": [evil_label(at) for at in range(4)]}]}}  # fmt: skip
        gift = {
            "key": "gift",
            "title": {"en": EVIL[8], "zh": EVIL[9]},
            "when": {"feature": "orders.count", "op": ">=", "value": 0},
            "value": 1,
        }
        gifts = {"key": "gifts", "type": "offers", "owner": EVIL[7], "review_by": "2099-12-31", "params": {"offers": [gift]}}
        opened.publish({**book, "name": "evil", "policies": [*titled, rules, gifts]})
        opened.run(LATER)
        admin = opened.people.first_administrator("administrator", PASSWORD, display_name="Ada")
        opened.people.add("mei", roles=["analyst"], unit="north")
        opened.people.make_key("k", user=admin.name, scopes=["results:read"])
        opened.import_facts(
            [{"customer": f"N{at}", "name": "n", "region": f"r{at}", "city": f"c{at}", "email": "a@b.example"} for at in range(50)],
            "customers",
        )
        opened.import_facts([{"order": f"X{at}", "customer": "N1", "ordered_at": "2025-01-05", "amount": "5", "channel": f"c{at}", "seller": f"s{at}", "status": f"t{at}"} for at in range(50)] + [{"order": "Y", "customer": "N1", "ordered_at": "never", "amount": "x"}], "orders")  # fmt: skip
        opened.points.earn("N1", 50, key="k")
        opened.rewards.save("mug", {"title": {"en": EVIL[11], "zh": EVIL[12]}, "points": 5})
        opened.rewards.reserve("N1", "mug", key="k")
        opened.schedules.add_run("0 2 * * *", title="t")
        opened.tags.add("vip", title="t", note="n")
        opened.managers.add("m", capacity=9, title="t", regions=["r1"])
        opened.managers.set_policy({"output": "abc.class", "grades": ["A", "B"], "rank": "orders.amount"})
        opened.managers.assign()
        opened.care.save("quiet", {"trigger": "silence", "days": 1, "text": "Dear ${name}", "title": EVIL[3]})
        opened.care.save("mail", {"trigger": "silence", "days": 1, "text": "x", "subject": "s", "delivery": "email", "consent": "none"})
        opened.care.run()
        opened.tasks.add("t", customer="N1", text="t", owner="o", once="1")
        opened.tickets.open("N1", "complaint", "s", "t", owner="o", reference="r")
        opened.desk.save_answer("sorry", {"title": EVIL[1], "text": {"en": EVIL[2], "zh": EVIL[3]}})
        opened.calendars.save("office", {"timezone": "UTC", "week": {"mon": ["09:00-10:00"]}})
        opened.acting_as("administrator").views.save("customers", "v", {"sort": "name"})
        draft = opened.drafts.new(title="d", note="n")
        opened.comments.add(draft.id, "c")
        opened.drafts.submit(opened.drafts.new(title="e").id)
        opened.fixed_values.request("N1", "abc.class", "A", reason="r", until=opened.now.replace(year=opened.now.year + 1).date())
        opened.webhooks.add("w", "https://93.184.216.34/hook", ["run.visible"])
        with opened.store.write() as connection:
            poison(connection)
        yield opened


@pytest.fixture(scope="module")
def site(engine: Engine) -> Iterator[str]:
    app = open_app(engine)
    reports(app)
    with served(app) as found:
        yield found


def test_there_are_fifty_and_they_are_in_the_store(engine: Engine) -> None:
    assert len(set(EVIL)) == 50
    with engine.store.read() as connection:
        names = set(connection.scalars(select(customer.c.name)))
    assert {name.rstrip("0123456789") for name in names if name} >= {each.rstrip("0123456789") for each in EVIL}


@pytest.mark.parametrize("language", ["en", "zh"][: trials(1, 2)])
def test_nothing_of_it_runs_on_any_page(browser: Any, site: str, engine: Engine, language: str) -> None:
    engine.people.edit("administrator", language=language)
    browser.delete_all_cookies()
    browser.get(f"{site}/login")
    browser.find_element("name", "name").send_keys("administrator")
    browser.find_element("name", "password").send_keys(PASSWORD)
    browser.find_element("css selector", "form.form button").click()
    until(browser, lambda: browser.current_url == f"{site}/")
    SEEN.clear()
    complaints(browser)
    with engine.store.read() as connection:
        ids = [str(each) for each in connection.scalars(select(alias.c.external_id).limit(trials(3, 50)))]
    draft = "/rulebook/1"
    more = [
        "/runs/1", "/runs/2", "/imports/1", "/imports/2", "/users/1", "/users/2", f"{draft}/", f"{draft}/evil", f"{draft}/rfm", "/simulations/1",
        "/simulations/1/customers", "/reviews/drafts/1", "/reviews/drafts/2", "/reviews/versions/1", "/reviews/versions/2", "/reviews/diff?a=1&b=2",
        "/results/?of=evil.grade", "/results/flow?of=evil.grade", "/insights/why?of=evil.grade", "/customers/?filter=evil.grade%3Dl1", "/plugins/rfm", "/results/report",
        "/rewards/?key=mug", "/rewards/?tab=claims", "/rewards/?tab=offers", "/tickets/1", "/answers/?name=sorry", "/calendars/?name=office",
    ]  # fmt: skip
    more += [f"/customers/{quote(each, safe='')}{tab}" for each in ids for tab in ("", "?tab=orders", "?tab=history", "?tab=service")]
    more += [f"/points/of/{quote(each, safe='')}" for each in ids]
    more += [f"/search/?q={quote(each)}" for each in EVIL[:: trials(10, 1)]]
    wrong: dict[str, Any] = {}
    for path in [*pages(open_app(engine)), *more]:
        SEEN.clear()
        browser.get(f"{site}{path}")
        assert "404" not in browser.title, path
        ran = browser.execute_script("return window.pwned")
        found = [each for each in complaints(browser) if "404 (NOT FOUND)" not in each]
        if ran is not None or SEEN or found:
            wrong[path] = (ran, list(SEEN), found)
    assert wrong == {}
