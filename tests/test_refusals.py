"""Bad input is refused clearly, wherever it comes in, and the ledger is the same to the last byte: in the order in which it was asked for.

Redeeming more than there is, twice, of a closed account, in the wrong unit, negative or fractional points, an expired reward, a refund
larger than the sale, a ticket closed before it was opened, overlapping windows, an unknown time zone, level ranges with a gap, a
birthday on 29 February. Each is tried through the engine, the HTTP API, the command line and the console, in both languages
where people read it (programs read English and a code).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select, update

from engine import clock
from engine.chinese import error_in
from engine.cli import cli
from engine.errors import TierwiseError
from engine.service import Engine
from engine.store.models import coupon, metadata, reward_claim
from tests.admin.conftest import PASSWORD, Browser, open_app

DAY = 86_400
ALWAYS = {"feature": "orders.count", "op": ">=", "value": 0}
LEVELS = [{"key": "basic", "from": 0, "below": 800}, {"key": "gold", "from": 1000}]
OVERLAP = {"timezone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-12:00", "11:00-18:00"]}}
NOWHERE = {"timezone": "Asia/Atlantis", "week": {"mon-fri": ["09:00-18:00"]}}
GAP = {"format": 1, "name": "Gap", "policies": [{"key": "club", "type": "membership", "params": {"levels": LEVELS}}]}
WATCHED = ("points_", "reward", "offer_", "ticket", "service_document", "rulebook_version", "customer", "orders", "output", "current")
"""Beginnings of the tables that must not change."""


@dataclass
class Shop:
    """A store behind every way in."""

    engine: Engine
    app: Flask
    url: str
    folder: Path
    key: str = ""
    numbers: dict[str, int] = field(default_factory=dict)
    codes: tuple[str, ...] = ()

    def digest(self) -> str:
        """Everything that is stored of what a refusal must not touch."""
        told = sha256()
        with self.engine.store.read() as connection:
            for table in metadata.sorted_tables:
                if table.name.startswith(WATCHED):
                    told.update(repr((table.name, connection.execute(select(table).order_by(*table.primary_key)).all())).encode())
        return told.hexdigest()

    def program(self, method: str, path: str, body: Any, key: str = "one") -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": key}
        return self.app.test_client().open(f"/api/v1{path}", method=method, json=body, headers=headers)

    def command(self, language: str, *arguments: str) -> Any:
        return CliRunner().invoke(cli, ["--database", self.url, "--language", language, *arguments], env={"COLUMNS": "200"})

    def person(self, language: str) -> Browser:
        return Browser(self.app).sign_in("chen").speak(language)

    def file(self, name: str, document: Any) -> str:
        path = self.folder / name
        path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
        return str(path)


def fill(shop: Shop) -> None:
    """C1 has 100 points of a sale, one redemption that was cancelled, and a coupon that was used; C2's account is closed."""
    engine, now = shop.engine, clock.now()
    engine.import_facts(
        [{"customer": name, "name": f"Name {name}", "birth_date": "2004-02-29"} for name in ("C1", "C2", "C3")], "customers"
    )
    engine.import_facts([{"order": "S1", "customer": "C1", "ordered_at": engine.written(now - 5 * DAY), "amount": "100"}], "orders")
    points = {"key": "points", "type": "points", "params": {"expiry": "never", "hold_days": 0, "birthday": 2, "manual": 500}}
    offer = {"key": "coupon", "title": {"en": "Five off", "zh": "立减五元"}, "when": ALWAYS, "kind": "amount", "value": 5, "coded": True}
    engine.publish({"name": "Shop", "policies": [points, {"key": "offers", "type": "offers", "params": {"offers": [offer]}}]})
    engine.run()
    engine.points.day()
    spent = engine.points.redeem("C1", 30, key="gift")
    engine.points.cancel("C1", spent.number, key="gift back")
    engine.points.earn("C2", 50, key="c2")
    engine.points.close("C2")
    mug = {"title": {"en": "Mug", "zh": "马克杯"}, "points": 30}
    yesterday = engine.written(now - 2 * DAY)[:10]
    engine.rewards.save("old", {**mug, "last": yesterday})
    engine.rewards.save("mug", {**mug, "each": 1})
    lapsed = engine.rewards.reserve("C1", "mug", key="lapsed")
    with engine.store.write() as connection:
        connection.execute(update(reward_claim).values(until=now - 60))
    engine.rewards.release()
    codes = engine.offers.issue("coupon", 2)
    engine.offers.use("C1", 5_000, key="receipt", codes=[codes[0]])
    with engine.store.write() as connection:
        connection.execute(update(coupon).where(coupon.c.code == codes[1]).values(until=now - 60))
    shop.numbers = {"redemption": spent.number, "claim": lapsed.number}
    shop.numbers["earning"] = next(act["number"] for act in engine.points.history("C1") if act["kind"] == "earn")
    shop.numbers["ticket"] = engine.tickets.open("C1", "question", "Where is my parcel?", at=now - DAY).id
    engine.calendars.save("office", {"timezone": "Asia/Shanghai", "week": {"mon-fri": ["09:00-18:00"]}})
    shop.numbers["draft"] = engine.drafts.new(document={**GAP, "policies": [{"key": "club", "type": "membership"}]}).id
    shop.codes = tuple(codes)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("refusals")
    url = f"sqlite:///{folder / 'store.db'}"
    with Engine.open(url, actor="setup") as engine:
        made = Shop(engine, open_app(engine), url, folder)
        fill(made)
        engine.people.first_administrator("chen", PASSWORD)
        made.key, _ = engine.people.make_key(
            "till", user="chen", scopes=("loyalty:write", "loyalty:read", "service:write", "rules:read", "imports:write")
        )
        yield made


@dataclass(frozen=True)
class Way:
    """One bad input through every way in. said, zh: what is answered everywhere. console: None where no form can say it."""

    name: str
    engine: Callable[[Shop], object]
    api: Callable[[Shop], tuple[Any, ...]] | None
    cli: Callable[[Shop], tuple[str, ...]]
    console: Callable[[Shop], tuple[str, Mapping[str, Any]]] | None
    said: str
    zh: str
    api_said: str = ""
    cli_said: str = ""
    cli_zh: str = ""


def _points(shop: Shop, verb: str, body: Any, who: str = "C1", status: int = 422) -> tuple[str, str, Any, int]:
    return "POST", f"/customers/{who}/points/{verb}", body, status


def _form(verb: str, who: str = "C1", **fields: str) -> tuple[str, Mapping[str, Any]]:
    return f"/points/of/{who}", {"act": verb, "key": "k", **fields}


def _calendar(document: Mapping[str, Any]) -> dict[str, str]:
    week = {f"day_{day}": ", ".join(document["week"]["mon-fri"]) for day in ("mon", "tue", "wed", "thu", "fri")}
    return {"name": "new", "timezone": document["timezone"], **week}


WAYS = (
    Way(
        "redeeming more than there is",
        lambda shop: shop.engine.points.redeem("C1", 101, key="x"),
        lambda shop: _points(shop, "redeem", {"points": 101}),
        lambda shop: ("points", "redeem", "C1", "101", "--key", "x"),
        lambda shop: _form("redeem", points="101"),
        "101 points are more than the 100 that can be spent; 1 are missing",
        "101 积分多于可用的 100 积分",
    ),
    Way(
        "redeeming twice with one key but another amount",
        lambda shop: shop.engine.points.redeem("C1", 31, key="gift"),
        lambda shop: (*_points(shop, "redeem", {"points": 31}, status=409), "gift"),
        lambda shop: ("points", "redeem", "C1", "31", "--key", "gift"),
        None,
        "this idempotency key was used for another request",
        "此幂等键已用于其他请求",
    ),
    Way(
        "cancelling a redemption twice",
        lambda shop: shop.engine.points.cancel("C1", shop.numbers["redemption"], key="x"),
        lambda shop: _points(shop, "cancel", {"redemption": shop.numbers["redemption"]}),
        lambda shop: ("points", "cancel", "C1", str(shop.numbers["redemption"]), "--key", "x"),
        lambda shop: _form("cancel", redemption=str(shop.numbers["redemption"])),
        "was cancelled already",
        "已取消过",
    ),
    Way(
        "using a code twice",
        lambda shop: shop.engine.offers.use("C1", 500, key="x", codes=[shop.codes[0]]),
        lambda shop: ("POST", "/customers/C1/offers/use", {"basket": 500, "codes": [shop.codes[0]]}, 422),
        lambda shop: ("offer", "use", "C1", "500", "--code", shop.codes[0], "--key", "x"),
        None,
        "was used already",
        "已使用",
    ),
    Way(
        "redeeming of a closed account",
        lambda shop: shop.engine.points.redeem("C2", 10, key="x"),
        lambda shop: _points(shop, "redeem", {"points": 10}, "C2"),
        lambda shop: ("points", "redeem", "C2", "10", "--key", "x"),
        lambda shop: _form("redeem", "C2", points="10"),
        "the points account of C2 is closed",
        "C2 的积分账户已关闭",
    ),
    Way(
        "a reward for a closed account",
        lambda shop: shop.engine.rewards.reserve("C2", "mug", key="x"),
        lambda shop: ("POST", "/customers/C2/rewards", {"reward": "mug"}, 422),
        lambda shop: ("reward", "reserve", "C2", "mug", "--key", "x"),
        lambda shop: ("/rewards/reserve", {"customer": "C2", "reward": "mug", "key": "x"}),
        "the points account of C2 is closed",
        "C2 的积分账户已关闭",
    ),
    Way(
        "points in the wrong unit",
        lambda shop: shop.engine.points.redeem("C1", "10 CNY", key="x"),  # type: ignore[arg-type]
        lambda shop: _points(shop, "redeem", {"points": "10 CNY"}),
        lambda shop: ("points", "redeem", "C1", "10 CNY", "--key", "x"),
        lambda shop: _form("redeem", points="10 CNY"),
        "points: found '10 CNY'; expected a whole number",
        "积分：现为 '10 CNY'",
        api_said="points",
        cli_said="'10 CNY' is not a valid integer",
        cli_zh="10 CNY",
    ),
    Way(
        "a basket in yuan instead of fen",
        lambda shop: shop.engine.offers.use("C1", 99.99, key="x"),  # type: ignore[arg-type]
        lambda shop: ("POST", "/customers/C1/offers/use", {"basket": 99.99}, 422),
        lambda shop: ("offer", "use", "C1", "99.99", "--key", "x"),
        None,
        "basket: found '99.99'; expected minor units",
        "的最小货币单位",
        api_said="basket",
        cli_said="'99.99' is not a valid integer",
        cli_zh="99.99",
    ),
    Way(
        "negative points",
        lambda shop: shop.engine.points.redeem("C1", -5, key="x"),
        lambda shop: _points(shop, "redeem", {"points": -5}),
        lambda shop: ("points", "redeem", "C1", "--key", "x", "--", "-5"),
        lambda shop: _form("redeem", points="-5"),
        "points: found '-5'; expected a whole number from 1",
        "积分：现为 '-5'",
        api_said="points",
    ),
    Way(
        "no points at all",
        lambda shop: shop.engine.points.transfer("C1", "C3", 0, key="x"),
        lambda shop: _points(shop, "transfer", {"points": 0, "to": "C3"}),
        lambda shop: ("points", "transfer", "C1", "C3", "0", "--key", "x"),
        lambda shop: _form("transfer", points="0", to="C3"),
        "points: found '0'; expected a whole number from 1",
        "积分：现为 '0'",
        api_said="points",
    ),
    Way(
        "fractional points",
        lambda shop: shop.engine.points.earn("C1", 1.5, key="x"),  # type: ignore[arg-type]
        lambda shop: _points(shop, "earn", {"points": 1.5}),
        lambda shop: ("points", "earn", "C1", "1.5", "--key", "x"),
        lambda shop: _form("correct", points="1.5", reason="a mistake"),
        "points: found '1.5'; expected a whole number",
        "积分：现为 '1.5'",
        api_said="points",
        cli_said="'1.5' is not a valid integer",
        cli_zh="1.5",
    ),
    Way(
        "more points than there are in the world",
        lambda shop: shop.engine.points.earn("C1", 10**30, key="x"),
        lambda shop: _points(shop, "earn", {"points": 10**30}, status=400),
        lambda shop: ("points", "earn", "C1", str(10**30), "--key", "x"),
        lambda shop: _form("correct", points=str(10**30), reason="a mistake"),
        "expected a whole number from 1 to 1,000,000,000,000",
        "应为 1 至 1,000,000,000,000 的整数",
        api_said="is too large",
    ),
    Way(
        "an expired reward",
        lambda shop: shop.engine.rewards.reserve("C1", "old", key="x"),
        lambda shop: ("POST", "/customers/C1/rewards", {"reward": "old"}, 422),
        lambda shop: ("reward", "reserve", "C1", "old", "--key", "x"),
        lambda shop: ("/rewards/reserve", {"customer": "C1", "reward": "old", "key": "x"}),
        "reward old cannot be had; ended on",
        "奖励 old 不可兑换；已于",
    ),
    Way(
        "a reservation whose time is over",
        lambda shop: shop.engine.rewards.confirm(shop.numbers["claim"]),
        lambda shop: ("POST", f"/loyalty/claims/{shop.numbers['claim']}/confirm", None, 422),
        lambda shop: ("reward", "confirm", str(shop.numbers["claim"])),
        lambda shop: (f"/rewards/claims/{shop.numbers['claim']}/confirm", {}),
        "has lapsed; reserve again",
        "已失效；请重新预留",
    ),
    Way(
        "a code that is over",
        lambda shop: shop.engine.offers.use("C1", 500, key="x", codes=[shop.codes[1]]),
        lambda shop: ("POST", "/customers/C1/offers/use", {"basket": 500, "codes": [shop.codes[1]]}, 422),
        lambda shop: ("offer", "use", "C1", "500", "--code", shop.codes[1], "--key", "x"),
        None,
        "is over",
        "已过期",
    ),
    Way(
        "a refund larger than the sale",
        lambda shop: shop.engine.points.reverse("C1", shop.numbers["earning"], 101, key="x"),
        lambda shop: _points(shop, "reverse", {"earning": shop.numbers["earning"], "points": 101}),
        lambda shop: ("points", "reverse", "C1", str(shop.numbers["earning"]), "101", "--key", "x"),
        None,
        "101 points are more than the 100 that the sale earned and still counts",
        "101 积分多于该笔销售所得且仍计入的 100 积分",
    ),
    Way(
        "a ticket closed before it was opened",
        lambda shop: shop.engine.tickets.move(shop.numbers["ticket"], "resolved", at=clock.now() - 3 * DAY),
        lambda shop: ("POST", f"/service/tickets/{shop.numbers['ticket']}/state", {"state": "resolved", "at": "2024-01-01"}, 422),
        lambda shop: ("ticket", "move", str(shop.numbers["ticket"]), "resolved", "--at", "2024-01-01"),
        None,
        "was opened",
        "创建",
    ),
    Way(
        "an imported ticket closed before it was opened",
        lambda shop: shop.engine.tickets.import_file(
            shop.file("old.csv", "reference,customer,kind,subject,opened_at,resolved_at\nR1,C1,question,Late,2025-03-02,2025-03-01\n")
        ),
        None,
        lambda shop: (
            "ticket",
            "import",
            shop.file("old.csv", "reference,customer,kind,subject,opened_at,resolved_at\nR1,C1,question,Late,2025-03-02,2025-03-01\n"),
        ),
        None,
        "is before that of opened_at",
        "早于 opened_at 的时刻",
    ),
    Way(
        "overlapping windows",
        lambda shop: shop.engine.calendars.save("new", OVERLAP),
        lambda shop: ("PUT", "/service/calendars/new", {"document": OVERLAP}, 422),
        lambda shop: ("calendar", "save", "new", shop.file("overlap.json", OVERLAP)),
        lambda shop: ("/calendars/", _calendar(OVERLAP)),
        "windows that overlap at 11:00",
        "时段在 11:00 处重叠",
    ),
    Way(
        "an unknown time zone",
        lambda shop: shop.engine.calendars.save("new", NOWHERE),
        lambda shop: ("PUT", "/service/calendars/new", {"document": NOWHERE}, 422),
        lambda shop: ("calendar", "save", "new", shop.file("nowhere.json", NOWHERE)),
        lambda shop: ("/calendars/", _calendar(NOWHERE)),
        "'Asia/Atlantis', which is no time zone",
        "'Asia/Atlantis'，不是有效时区",
    ),
    Way(
        "level ranges with a gap",
        lambda shop: shop.engine.publish(GAP),
        lambda shop: ("POST", "/rulebooks/check", {"document": GAP}, 422),
        lambda shop: ("rulebook", "publish", shop.file("gap.json", GAP)),
        None,
        "leaves a gap up to 1000, where gold begins",
        "在 1000（gold 的起点）之前留有空隙",
    ),
)


def names(way: Way) -> str:
    return way.name.replace(" ", "_")


@pytest.mark.parametrize("way", WAYS, ids=names)
def test_the_engine_refuses_in_both_languages(shop: Shop, way: Way) -> None:
    before = shop.digest()
    with pytest.raises(TierwiseError) as error:
        way.engine(shop)
    assert way.said in error_in(error.value, "en")
    assert way.zh in error_in(error.value, "zh")
    assert shop.digest() == before


@pytest.mark.parametrize("way", [way for way in WAYS if way.api], ids=names)
def test_programs_are_refused_with_a_status_and_a_code(shop: Shop, way: Way) -> None:
    assert way.api is not None
    before = shop.digest()
    method, path, body, status, *key = way.api(shop)
    answer = shop.program(method, path, body, *key)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), answer.text
    assert (way.api_said or way.said) in json.dumps(answer.json, ensure_ascii=False)
    assert answer.json["code"]
    assert shop.digest() == before


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("way", WAYS, ids=names)
def test_the_command_line_refuses_with_exit_code_2(shop: Shop, way: Way, language: str) -> None:
    before = shop.digest()
    found = shop.command(language, *way.cli(shop))
    assert (found.exit_code, found.stdout) == (2, ""), found.output
    assert ((way.cli_said or way.said) if language == "en" else (way.cli_zh or way.zh)) in found.stderr
    assert shop.digest() == before


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("way", [way for way in WAYS if way.console], ids=names)
def test_the_console_refuses_and_says_why(shop: Shop, way: Way, language: str) -> None:
    assert way.console is not None
    before = shop.digest()
    path, form = way.console(shop)
    page = shop.person(language).post(path, dict(form), follow_redirects=True)
    assert page.status_code in (400, 422), page.text
    assert (way.said if language == "en" else way.zh) in unescape(page.text)
    assert shop.digest() == before


def test_redeeming_twice_with_one_key_answers_as_the_first_time_and_changes_nothing(shop: Shop) -> None:
    before, first = shop.digest(), shop.numbers["redemption"]
    assert shop.engine.points.redeem("C1", 30, key="gift").number == first
    answer = shop.program("POST", "/customers/C1/points/redeem", {"points": 30}, "gift")
    assert (answer.status_code, answer.json["number"]) == (201, first)
    assert json.loads(shop.command("en", "points", "redeem", "C1", "30", "--key", "gift", "--json").stdout)["number"] == first
    assert shop.digest() == before


def test_a_stored_refund_larger_than_its_sale_takes_what_the_sale_earned_and_no_more(sqlite_url: str) -> None:
    with Engine.open(sqlite_url, actor="li") as engine:
        now = clock.now()
        engine.import_facts([{"customer": "C1"}], "customers")
        sales = [{"order": name, "customer": "C1", "ordered_at": engine.written(now - DAY), "amount": "100"} for name in ("S1", "S2")]
        engine.import_facts(sales, "orders")
        engine.publish({"name": "Shop", "policies": [{"key": "points", "type": "points", "params": {"expiry": "never", "hold_days": 0}}]})
        engine.points.day()
        back = {
            "order": "R1",
            "customer": "C1",
            "ordered_at": engine.written(now - 60),
            "amount": "250",
            "kind": "refund",
            "refund_of": "S1",
        }
        engine.import_facts([back], "orders")
        assert engine.points.day().points == -100
        account = engine.points.balance("C1")
        assert (account.spendable, account.owed, engine.points.verify()) == (100, 0, ([], []))


def test_level_ranges_with_a_gap_are_told_in_the_editor_of_a_draft(shop: Shop) -> None:
    draft = shop.numbers["draft"]
    entry = {"key": "club", "type": "membership", "params": {"levels": LEVELS}}
    for language, said in (("en", "which leaves a gap up to 1000, where gold begins"), ("zh", "在 1000（gold 的起点）之前留有空隙")):
        person, before = shop.person(language), shop.digest()
        answer = person.client.post(
            f"/rulebook/{draft}/preview", json={"policy": "club", "entry": entry}, headers={"X-CSRFToken": person.token()}
        )
        assert said in json.dumps(answer.json, ensure_ascii=False)
        assert shop.digest() == before


def test_a_birthday_on_29_february_is_one_in_leap_years_only(shop: Shop) -> None:
    before = shop.digest()
    wrong = [{"customer": "C9", "birth_date": "2023-02-29"}]
    report = shop.engine.import_facts(wrong, "customers")
    assert (report.rejected_rows, report.created) == (1, 0)
    assert "2023-02-29" in str(report.rejected)
    answer = shop.program("PATCH", "/facts/customers/C1", {"fields": {"birth_date": "2023-02-29"}})
    assert answer.status_code == 422, answer.text
    assert "impossible date" in answer.text
    for language, said in (("en", "birth_date: impossible date"), ("zh", "birth_date：日期不存在")):
        found = shop.command(language, "patch", "customer", "api", "C1", "birth_date=2023-02-29")
        assert (found.exit_code, said in found.output) == (2, True), found.output
    assert shop.digest() == before
    assert shop.program("PATCH", "/facts/customers/C1", {"fields": {"birth_date": "2000-02-29"}}, "two").status_code == 200


@pytest.mark.parametrize(("day", "points"), [("2025-02-28", 20), ("2025-03-01", 10), ("2024-02-28", 10), ("2024-02-29", 20)])
def test_a_birthday_on_29_february_is_kept_on_the_28th_in_other_years(sqlite_url: str, day: str, points: int) -> None:
    with Engine.open(sqlite_url, actor="li") as engine:
        engine.import_facts([{"customer": "C1", "birth_date": "2004-02-29"}], "customers")
        engine.import_facts([{"order": "S1", "customer": "C1", "ordered_at": f"{day} 12:00", "amount": "10"}], "orders")
        params = {"expiry": "never", "hold_days": 0, "birthday": 2}
        engine.publish({"name": "Shop", "policies": [{"key": "points", "type": "points", "params": params}]})
        engine.points.day()
        assert engine.points.balance("C1").spendable == points
