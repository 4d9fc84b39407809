"""The generated company: the same for ever, free of contradictions, and with something to find in it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import Engine
from engine.demo import AS_OF, CURRENCY, STAFF, TESTS, TIMEZONE, DemoFiles, generate, house
from engine.demo.dice import Dice
from engine.demo.seasons import DAYS, Clock
from engine.store.facts import init_settings
from engine.store.session import Store


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return generate(tmp_path_factory.mktemp("demo"), customers=4_000)


@pytest.fixture(scope="module")
def customers(files: DemoFiles) -> pd.DataFrame:
    frame = pd.read_csv(files.customers, dtype=str, keep_default_na=False).set_index("customer")
    assert frame.index.is_unique
    return frame


@pytest.fixture(scope="module")
def lines(files: DemoFiles) -> pd.DataFrame:
    frame = pd.read_csv(files.lines, keep_default_na=False)
    frame["moment"] = pd.to_datetime(frame["ordered_at"])
    frame["amount"] = frame["quantity"] * frame["unit_price"] * np.where(frame["currency"] == "USD", 7.15, 1.0)
    return frame


@pytest.fixture(scope="module")
def orders(lines: pd.DataFrame) -> pd.DataFrame:
    """One row per order; every head field must be the same on all of its lines."""
    head = ["customer", "moment", "kind", "refund_of", "currency", "seller", "store", "channel", "status"]
    assert (lines.groupby("order")[head].nunique(dropna=False) == 1).all(axis=None)
    return lines.groupby("order").agg({**dict.fromkeys(head, "first"), "amount": "sum"})


def digest(files: DemoFiles) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path, _ in files.imports)).hexdigest()


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    first, again = (generate(tmp_path / name, customers=300) for name in ("first", "again"))
    assert digest(first) == digest(again)
    assert digest(generate(tmp_path / "other", customers=300, seed=8)) != digest(first)


def test_the_bytes_are_those_of_last_year(tmp_path: Path):
    """Whoever changes the generated company on purpose changes this number, and says so in the change log."""
    assert digest(generate(tmp_path, customers=300))[:16] == "c5aa398f4cedd7bf"


def test_the_counts_are_those_of_the_files(files: DemoFiles, customers: pd.DataFrame, lines: pd.DataFrame, orders: pd.DataFrame):
    assert files.customer_count == len(customers) == 4_000
    assert files.line_count == len(lines)
    assert files.order_count == (orders["kind"] == "sale").sum()
    assert files.refund_count == (orders["kind"] == "refund").sum() > 0


def test_a_company_that_is_too_small_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="99 customers is too small"):
        generate(tmp_path, customers=99)


def test_every_reference_is_there(files: DemoFiles, customers: pd.DataFrame, lines: pd.DataFrame, orders: pd.DataFrame):
    products = pd.read_csv(files.products)
    assert products["product"].is_unique
    assert set(lines["product"]) <= set(products["product"])
    assert set(lines["customer"]) <= set(customers.index)
    assert set(orders.loc[orders["kind"] == "refund", "refund_of"]) <= set(orders.index[orders["kind"] == "sale"])
    assert (orders.loc[orders["kind"] == "sale", "refund_of"] == "").all()


def test_a_refund_gives_back_later_no_more_than_was_paid_to_the_same_customer(orders: pd.DataFrame):
    refunds = orders[orders["kind"] == "refund"]
    sales = orders.loc[refunds["refund_of"]]
    assert (refunds["customer"].to_numpy() == sales["customer"].to_numpy()).all()
    assert (refunds["currency"].to_numpy() == sales["currency"].to_numpy()).all()
    assert (refunds["moment"].to_numpy() > sales["moment"].to_numpy()).all()
    assert (refunds["amount"].to_numpy() <= sales["amount"].to_numpy() + 0.005).all()


def test_nothing_happens_before_a_customer_joins_or_after_the_end(customers: pd.DataFrame, lines: pd.DataFrame):
    joined = pd.to_datetime(customers["joined_at"]).dt.tz_localize("Asia/Shanghai")
    assert (lines["moment"] >= lines["customer"].map(joined)).all()
    assert lines["moment"].max() < pd.Timestamp(AS_OF, tz="Asia/Shanghai")
    assert lines["moment"].is_monotonic_increasing


def test_the_lines_of_an_order_stay_together(lines: pd.DataFrame):
    changes = lines["order"].ne(lines["order"].shift())
    assert changes.sum() == lines["order"].nunique()


def test_amounts_make_sense(lines: pd.DataFrame):
    assert (lines["quantity"] >= 1).all()
    assert (lines["unit_price"] > 0).all()
    assert (lines["cost"] > 0).all()
    sales = lines[lines["kind"] == "sale"]
    cost = sales["cost"] * np.where(sales["currency"] == "USD", 7.15, 1.0)
    assert 0.3 < 1 - cost.sum() / sales["amount"].sum() < 0.6


def test_there_is_a_rate_for_every_foreign_order(files: DemoFiles, lines: pd.DataFrame):
    rates = pd.read_csv(files.rates)
    assert set(lines["currency"]) == {"CNY", "USD"}
    assert set(rates["currency"]) == {"USD"}
    assert rates["day"].min() <= lines["ordered_at"].min()[:10]
    assert rates["rate"].between(6.5, 7.7).all()
    assert rates["day"].is_unique


def test_festivals_show(lines: pd.DataFrame):
    sales = lines[lines["kind"] == "sale"].drop_duplicates("order")
    per_day = sales.groupby(sales["moment"].dt.strftime("%Y-%m-%d")).size()
    for year in ("2023", "2024", "2025"):
        ours = per_day[per_day.index.str.startswith(year)]
        assert ours.idxmax() == f"{year}-11-11"
    for quiet, busy in (
        (("2024-02-09", "2024-02-14"), ("2024-01-20", "2024-02-04")),
        (("2025-01-28", "2025-02-02"), ("2025-01-08", "2025-01-23")),
    ):
        assert per_day[quiet[0] : quiet[1]].mean() < per_day[busy[0] : busy[1]].mean() / 2


def test_few_bring_most(customers: pd.DataFrame, orders: pd.DataFrame):
    graded = orders[(orders["kind"] == "sale") & orders["customer"].map(customers["not_graded"]).eq("")]
    amount = graded.groupby("customer")["amount"].sum().sort_values(ascending=False)
    assert 0.7 < amount.iloc[: len(amount) // 5].sum() / amount.sum() < 0.9


def test_some_never_buy_some_buy_once_some_come_back(customers: pd.DataFrame, orders: pd.DataFrame):
    graded = customers[customers["not_graded"] == ""]
    sales = orders[(orders["kind"] == "sale") & orders["customer"].isin(graded.index)].sort_values("moment")
    count = sales.groupby("customer").size()
    assert 0.04 < 1 - len(count) / len(graded) < 0.2
    assert 0.2 < (count == 1).mean() < 0.5
    silence = sales.groupby("customer")["moment"].diff().dt.days
    assert (silence > 330).sum() > 20
    assert count.max() > 20


def test_who_is_not_a_customer_is_marked(customers: pd.DataFrame, orders: pd.DataFrame):
    marked = customers.loc[customers["not_graded"] != "", "not_graded"]
    assert marked.value_counts().to_dict() == {"staff": STAFF, "test account": TESTS, "walk-in account": 1}
    walk_in = marked.index[marked == "walk-in account"][0]
    assert (orders["customer"] == walk_in).sum() > 100
    assert set(orders.loc[orders["customer"] == walk_in, "channel"]) == {"store"}


def test_persons_and_companies_from_china_and_the_west(customers: pd.DataFrame):
    graded = customers[customers["not_graded"] == ""]
    companies, persons = graded[graded["kind"] == "company"], graded[graded["kind"] == "person"]
    assert len(companies) + len(persons) == len(graded)
    assert 0.05 < len(companies) / len(graded) < 0.2
    assert (companies[["gender", "birth_date", "education", "income"]] == "").all(axis=None)
    assert (companies["industry"] != "").all()
    assert (persons["industry"] == "").all()
    chinese = persons["name"].str.fullmatch(r"[\u4e00-\u9fff]{2,4}")
    assert (chinese == (persons["country"] == "CN")).all()
    assert {"CN", "US", "GB", "DE", "FR", "CA", "AU"} == set(graded["country"])
    assert companies.loc[companies["country"] == "CN", "name"].str.endswith("有限公司").all()


def test_no_address_and_no_number_is_anybodys(customers: pd.DataFrame):
    emails, phones = customers["email"], customers["phone"]
    assert emails[emails != ""].str.fullmatch(r"[a-z.]+\d+@example\.(com|org|net)").all()
    assert emails[emails != ""].is_unique
    kept = r"\+86 100 \d{4} \d{4}|\+1 (202|604) 555 01\d\d|\+44 7700 900\d{3}|\+49 30 23125 \d{3}|\+33 1 99 00 \d\d \d\d|\+61 2 5550 \d{4}"
    assert phones[phones != ""].str.fullmatch(kept).all()


def test_stores_and_sellers(orders: pd.DataFrame):
    in_store = orders["channel"] == "store"
    assert (orders.loc[in_store, "store"] != "").all()
    assert (orders.loc[~in_store, "store"] == "").all()
    assert (orders.loc[in_store | (orders["channel"] == "phone"), "seller"] != "").all()
    assert orders["seller"].nunique() > 20
    assert set(orders["channel"]) == {"store", "wechat", "web", "phone"}


def test_the_clock_turns_back_to_the_day():
    day = np.linspace(0, DAYS, 5_000)
    for market in ("CN", "west"):
        clock = Clock(market)
        assert np.allclose(clock.day(clock.running(day)), day)
        assert np.all(np.diff(clock.running(day)) > 0)
        assert clock.running(np.array([DAYS, DAYS + 9.0])).tolist() == pytest.approx([DAYS, DAYS + 9.0])


def test_the_dice_are_fair():
    dice = Dice(1)
    assert dice.normal(40_000).mean() == pytest.approx(0, abs=0.02)
    assert dice.normal(40_000).std() == pytest.approx(1, abs=0.02)
    assert dice.erlang(40_000, 3).std() == pytest.approx(3**-0.5, abs=0.02)
    assert dice.poisson(40_000, 2.5).var() == pytest.approx(2.5, abs=0.1)
    assert np.bincount(dice.pick(40_000, [1, 0, 3])) / 40_000 == pytest.approx([0.25, 0, 0.75], abs=0.01)
    assert set(dice.whole(2, 4, 1_000).tolist()) == {2, 3, 4}
    each = dice.pick_each(np.tile([0.0, 1.0, 1.0], (4_000, 1)))
    assert set(each.tolist()) == {1, 2}
    assert (each == 1).mean() == pytest.approx(0.5, abs=0.04)


def test_the_company_is_imported_whole_and_every_label_is_met(sqlite_url: str, files: DemoFiles):
    with Engine.open(sqlite_url) as engine:
        for path, mapping in files.imports:
            report = engine.import_facts(path, mapping)
            assert report.accounted
            assert report.rejected == {}
            assert report.ignored == {}
        engine.publish("starter")
        run = engine.run(files.as_of)
    assert run.status == "visible"
    assert run.report["faults"] == {}
    assert run.customers == files.customer_count
    for address in ("rfm.segment", "abc.class", "lifecycle.stage"):
        assert all(count > 0 for count in run.report["outputs"][address].values()), address
    assert re.fullmatch("[0-9a-f]{64}", run.digest)


def test_the_company_serves_and_rewards_its_customers(files: DemoFiles, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people bring the policies in; then there is something to see on every page of service and loyalty, set up once."""
    monkeypatch.setenv("TIERWISE_FOUR_EYES", "on")
    with Store.open(sqlite_url) as store:
        init_settings(store, TIMEZONE, CURRENCY, 2)
    with Engine.open(sqlite_url, actor="setup") as engine:
        for path, mapping in files.imports:
            engine.import_facts(path, mapping)
        engine.publish("starter")
        house.publish(engine.acting_as("lin"), engine.acting_as("chen"))
        newest = engine.drafts.log()[0]
        assert (newest.actor, newest.approved_by) == ("chen", "chen")
        engine.run(files.as_of)
        house.furnish(engine)
        first = _seen(engine)
        house.furnish(engine)
        assert _seen(engine) == first
        assert first["tickets"] == 16
        assert first["levels"] == {"premium", "preferred", "standard"}
        assert all(first[name] for name in ("managed", "tasks", "points", "claims", "members")), first
        assert engine.points.verify() == ([], [])
        assert len(engine.care.preview(days=3)) > 0


def _seen(engine: Engine) -> dict[str, Any]:
    tickets = engine.tickets.list(limit=100)
    return {
        "tickets": len(tickets),
        "levels": {each.level for each in tickets},
        "managed": sum(each.customers for each in engine.managers.list()),
        "tasks": engine.tasks.count(),
        "points": engine.points.liability().spendable,
        "claims": len(engine.rewards.claims()),
        "members": len(engine.assignments("membership", value="treasure")),
    }
