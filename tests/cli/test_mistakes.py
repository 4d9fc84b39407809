"""Wrong input: a clear message on standard error, exit code 2, no traceback, nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import AS_OF, TIERWISE, Shop

WRONG_FILES = {
    "empty": (b"", "orders.csv"),
    "encoding": ("order,customer,ordered_at,amount\n1,客户,2025-01-01,5\n".encode("gb18030"), "utf-8"),
    "delimiter": (b"order;customer;ordered_at;amount\n1;M1;2025-01-01;5\n", "delimiter"),
    "no column": (b"order,customer,ordered_on,amount\n1,M1,2025-01-01,5\n", "ordered_at"),
    "not parquet": (b"order,customer\n", "parquet"),
}


@pytest.mark.parametrize("case", list(WRONG_FILES))
def test_a_file_that_cannot_be_read_at_all(graded_shop: Shop, case: str) -> None:
    data, hint = WRONG_FILES[case]
    path = graded_shop.folder / ("wrong.parquet" if case == "not parquet" else "wrong orders.csv")
    path.write_bytes(data)
    before = len(graded_shop.json("batches", "list"))
    said = graded_shop.fails("import", str(path), "--mapping", "tierwise/orders")
    assert path.name in said
    assert hint in said
    assert len(graded_shop.json("batches", "list")) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("import", "nowhere.csv", "--mapping", "tierwise/orders"), "nowhere.csv"),
        (("import", "nowhere.csv", "--mapping", "tierwise/order"), "did you mean 'tierwise/orders'?"),
        (("explain", "M0001"), "there is no customer 'M0001'; did you mean 'M001'?"),
        (("explain", "M001", "rfn"), "no policy 'rfn'; did you mean 'rfm'?"),
        (("explain", "M001", "abc", "--feature", "orders.count"), "--feature lists facts"),
        (("explain", "M001", "--feature", "orders.count", "--to", "A"), "--feature lists facts"),
        (("explain", "M001", "--page", "2"), "--page goes through the facts of a --feature"),
        (("division", "1", "--since", "1"), "run 1 is compared with itself"),
        (("evaluate",), "give customers or --features"),
        (("evaluate", "--features", "{"), "--features, line 1, column 2: not JSON"),
        (("evaluate", "--features", "[1]"), "expected an object of feature values"),
        (("evaluate", "--features", '{"orders.cuont": 1}'), "did you mean 'orders.count'?"),
        (("evaluate", "--features", '{"orders.count": "many"}'), "orders.count: found 'many'; expected a finite number"),
        (("evaluate", "--features", '{"orders.count": NaN}'), "found NaN; expected a finite number"),
        (("evaluate", "--features", '{"orders.count": 1e999}'), "expected a finite number"),
        (("evaluate", "--features", '{"orders.count": ' + "9" * 5000 + "}"), "a number with thousands of digits"),
        (("run", "--release", "9" * 20), "is not in the range"),
        (("export", "assignments", "--run", "9" * 20), "is not in the range"),
        (("batches", "undo", "9" * 20), "is not in the range"),
        (("evaluate", "--features", "@nowhere.json"), "nowhere.json cannot be read"),
        (("export", "assignments", "--format", "xlsx"), "xlsx is not text; name a file for it with -o FILE.xlsx"),
        (("export", "assignments", "--policy", "abcd"), "did you mean 'abc'?"),
        (("export", "assignments", "-o", "nowhere/a.csv"), "the folder nowhere does not exist"),
        (("export", "everything"), "'everything' is not one of"),
        (("exprot",), "there is no command 'exprot'; did you mean 'export'?"),
        (("rulebook", "pubish", "x"), "did you mean 'publish'?"),
        (("customers", "join", "M001", "M001"), "cannot be joined with itself"),
        (("customers", "separate", "M001"), "was not joined into another"),
        (("customers", "flag", "M001"), "give either --reason TEXT or --clear"),
        (("batches", "undo", "99"), "99"),
        (("void", "order", "main", "nothing"), "nothing"),
        (("void", "order", "mian", "x"), "did you mean 'main'?"),
        (("plugins", "check", "nowhere.py"), "there is no plugin at nowhere.py"),
        (("plugins", "new", "Über"), "cannot name a plugin"),
        (("demo", "--dir", "x.txt/y"), "x.txt"),
    ],
)
def test_a_mistake_is_named(graded_shop: Shop, arguments: tuple[str, ...], words: str) -> None:
    if arguments[0] == "demo":
        arguments = ("demo", "--dir", graded_shop.file("x.txt", "a file") + "/y")
    assert words in graded_shop.fails(*arguments)


def test_rows_that_are_wrong_are_rejected_one_by_one(shop: Shop) -> None:
    rows = ["a,M001,2025-02-30,5", "b,M001,2025-02-01,five", "c,M001,2025-02-01,-5", "d,M001,2025-02-01,NaN", "e,M001,2025-02-01,inf"]
    rows += [f"f,M001,2025-02-01,1{'0' * 400}", "g,NOBODY,2025-02-01,5", "h,M001,2025-02-01,5.00", "h,M002,2025-02-01,5.00"]
    path = shop.file("some.csv", "\n".join(["order,customer,ordered_at,amount", *rows]) + "\n")
    report = shop.json("import", path, "--mapping", "tierwise/orders", code=2)
    assert report["accounted"]
    assert report["rows"] == 9
    assert report["rejected_rows"] >= 7
    printed = shop("import", path, "--mapping", "tierwise/orders", code=2)
    assert "tierwise export rejected" in printed


def test_a_store_that_is_not_there(empty: Shop) -> None:
    assert "make one with: tierwise init" in empty.fails("run")
    assert not (empty.folder / "shop.db").exists()


def test_a_damaged_database_is_said(shop: Shop) -> None:
    os.truncate(shop.folder / "shop.db", 50_000)
    assert "is damaged" in shop.fails("runs")


def test_a_database_that_is_none(empty: Shop) -> None:
    (empty.folder / "shop.db").write_text("this is no database, however long it may be " * 50)
    assert "not an SQLite database" in empty.fails("runs")
    empty.url = "mysql://localhost/x"
    assert "expected sqlite:///file or postgresql://" in empty.fails("runs")
    empty.url = "sqlite://"
    assert "needs a file" in empty.fails("runs")


def test_a_store_keeps_its_zone_and_says_so(shop: Shop) -> None:
    done = shop.process("runs", TIERWISE_TIMEZONE="Europe/Berlin")
    assert done.returncode == 2
    assert "the store's timezone is Asia/Shanghai, not Europe/Berlin" in done.stderr
    assert shop.process("runs", TIERWISE_TIMEZONE="Asia/Shanghai").returncode == 0
    assert shop.process("runs", TIERWISE_TIMEZONE="Europe/Berln").returncode == 2


def test_init_with_a_zone_of_its_own_needs_it_only_once(empty: Shop) -> None:
    assert "Europe/Berlin, EUR" in empty("init", "--timezone", "Europe/Berlin", "--currency", "eur")
    assert empty("init", "--timezone", "Europe/Berlin", "--currency", "EUR")
    assert empty.json("run", "--as-of", AS_OF)["as_of"] == "2025-12-31T00:00:00+01:00"
    assert "it is fixed when a store is made" in empty.fails("init", "--currency", "USD")


def test_nothing_published_says_what_to_type(empty: Shop) -> None:
    empty("init", "--no-starter")
    assert "tierwise rulebook publish" in empty.fails("run")
    assert "nothing has run yet" in empty.fails("explain", "M001")


def test_a_full_disk_is_no_bug(graded_shop: Shop) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs Linux's /dev/full")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [TIERWISE, "--database", graded_shop.url, "export", "assignments"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_leaves_no_traceback(graded_shop: Shop) -> None:
    done = subprocess.run(
        f"{TIERWISE} --database {graded_shop.url} export assignments --all-outputs --format jsonl | head -1",
        shell=True,
        capture_output=True,
        text=True,
    )
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_a_bug_keeps_its_traceback_and_has_an_exit_code_of_its_own(shop: Shop) -> None:
    program = "import engine.cli, engine.cli.shared as s; s.App.engine = None; engine.cli.main()"
    done = subprocess.run([sys.executable, "-c", program, "runs"], capture_output=True, text=True)
    assert done.returncode == 70
    assert "Traceback" in done.stderr
    assert "This is a bug" in done.stderr


@pytest.mark.parametrize("ending", ["", "-wal"])
def test_an_export_never_replaces_the_store(graded_shop: Shop, ending: str) -> None:
    store = graded_shop.url.removeprefix("sqlite:///")
    assert "belongs to the store itself" in graded_shop.fails("export", "assignments", "--format", "csv", "-o", store + ending)
