"""A company that does not exist, for trying things out: a tea and home-ware shop with three years of orders.

The same seed gives the same files, byte for byte, and time stands still at `AS_OF`; so results can be compared for ever.

    files = generate(Path(".demo"))
    for path, mapping in files.imports:
        engine.import_facts(path, mapping)
    engine.run(files.as_of)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.demo.baskets import make_lines, make_refunds
from engine.demo.dice import Dice
from engine.demo.files import line_table, make_rates, write_table
from engine.demo.goods import make_goods
from engine.demo.orders import make_orders
from engine.demo.people import STAFF, TESTS, make_people

CUSTOMERS = 24_000
AS_OF = "2025-12-31"
"""When the generated company's time stands still: 00:00 in its business time zone."""
TIMEZONE, CURRENCY = "Asia/Shanghai", "CNY"


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """The files of a generated company, and how many facts are in them."""

    customers: Path
    products: Path
    lines: Path
    rates: Path
    customer_count: int
    order_count: int
    refund_count: int
    line_count: int
    as_of: str = AS_OF

    @property
    def imports(self) -> tuple[tuple[Path, str], ...]:
        """Each file with its mapping, in the order in which they build on one another."""
        return (
            (self.rates, "tierwise/rates"),
            (self.products, "tierwise/products"),
            (self.customers, "tierwise/customers"),
            (self.lines, "tierwise/lines"),
        )


def generate(out: Path, *, customers: int = CUSTOMERS, seed: int = 7) -> DemoFiles:
    """Write customers.csv, products.csv, lines.csv and rates.csv into `out`.

    Persons and companies from China and the west over three years: seasons and festivals, each customer's own rhythm,
    some fall silent and some of these come back, some never buy; refunds, two currencies, sales people, stores,
    channels; staff, test accounts and the till's walk-in account, marked as not to be graded.
    """
    if customers < 100:
        raise ValueError(f"a company of {customers} customers is too small to show anything; at least 100")
    out.mkdir(parents=True, exist_ok=True)
    dice = Dice(seed)
    people, goods, rates = make_people(dice, customers), make_goods(dice), make_rates(dice)
    orders = make_orders(dice, people)
    lines = make_lines(dice, people, goods, orders)
    refunds = make_refunds(dice, orders, lines)
    rows = line_table(people, goods, orders, lines, refunds, rates)
    return DemoFiles(
        customers=write_table(out / "customers.csv", people.table),
        products=write_table(out / "products.csv", goods.table),
        lines=write_table(out / "lines.csv", rows),
        rates=write_table(out / "rates.csv", rates),
        customer_count=customers,
        order_count=len(orders),
        refund_count=len(refunds.order),
        line_count=len(rows["order"]),
    )


__all__ = ["AS_OF", "CURRENCY", "CUSTOMERS", "STAFF", "TESTS", "TIMEZONE", "DemoFiles", "generate"]
