"""Exchange rates: facts with a day; an order converts by the last rate on or before its business day."""

from __future__ import annotations

import numpy as np

from engine.store.ingest.clean import Rows
from engine.store.ingest.intake import Intake
from engine.store.ingest.parsed import Array, Ints, distinct


class RateLoader:
    """Brings rows of exchange rates into the store."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self._stored = {
            (currency, day): (rate, batch)
            for currency, day, rate, batch in intake.tables.rows("select currency, day, rate, batch_id from exchange_rate")
        }
        self._lines: dict[tuple[str, int], int] = {}

    def take(self, rows: Rows) -> None:
        """Store one chunk. Rates are few, so they are looked at one by one."""
        own = self.intake.settings.currency
        currencies = rows.texts("currency").to_pylist()
        rows.reject(
            np.array([each == own for each in currencies], bool), "currency", "rate of the business currency", f"another one than {own}"
        )
        report = self.intake.report
        created: dict[tuple[str, int], int] = {}
        for row in np.flatnonzero(rows.alive).tolist():
            key = (currencies[row], int(rows.ints("day")[row]))
            rate, line = int(rows.ints("rate")[row]), int(rows.chunk.lines[row])
            known = self._stored.get(key)
            if known is not None and known[0] < 0:  # a voided rate is negative, and stays so whatever the source says
                rate = -rate
            if known is not None and known[0] == rate:
                report.unchanged += 1
            elif key in self._lines:
                where = np.arange(len(rows)) == row
                expected = f"one rate per currency and day; it stands on row {self._lines[key]} already, with another rate"
                rows.reject(where, "rate", "rate twice in the file", expected)
                continue
            elif known is None:
                created[key] = rate
                report.created += 1
            else:
                self._change(key, rate, known)
                report.updated += 1
            self._lines.setdefault(key, line)
            self._stored[key] = (rate, self.intake.batch if known is None or known[0] != rate else known[1])
        self._insert(created)

    def finish(self) -> None:
        """Nothing waits."""

    def _insert(self, created: dict[tuple[str, int], int]) -> None:
        if created:
            columns = {
                "currency": [currency for currency, _ in created],
                "day": [day for _, day in created],
                "rate": list(created.values()),
            }
            self.intake.tables.insert("exchange_rate", {**columns, "batch_id": self.intake.batch})

    def _change(self, key: tuple[str, int], rate: int, known: tuple[int, int]) -> None:
        currency, day = key
        document = {"currency": currency, "day": day, "rate": known[0], "batch_id": known[1]}
        self.intake.save_former("rate", [rate_key(currency, day)], [known[1]], [document])
        sql = "update exchange_rate set rate = ?, batch_id = ? where currency = ? and day = ?"
        self.intake.tables.run(sql, rate, self.intake.batch, currency, day)


def rate_key(currency: str, day: int) -> int:
    """One number for a currency and day, by which a former rate is kept."""
    letters = [ord(letter) - ord("A") for letter in currency]
    return day * 26**3 + letters[0] * 26**2 + letters[1] * 26 + letters[2]


class RateTable:
    """All stored rates, for converting."""

    def __init__(self, intake: Intake) -> None:
        rows = list(intake.tables.rows("select currency, day, rate from exchange_rate where rate > 0 order by currency, day"))
        self._rates = {
            currency: (
                np.array([day for name, day, _ in rows if name == currency], np.int64),
                np.array([rate for name, _, rate in rows if name == currency], np.int64),
            )
            for currency in {name for name, _, _ in rows}
        }

    def knows(self, currency: str) -> bool:
        """Whether any rate of the currency is stored."""
        return currency in self._rates

    def of(self, currencies: Array, days: Ints) -> Ints:
        """The rate for each row; 0 where there is none on or before the day."""
        names, codes = distinct(currencies)
        found = np.zeros(len(days), np.int64)
        for code, name in enumerate(names.to_pylist()):
            if name in self._rates:
                known, rates = self._rates[name]
                rows = np.flatnonzero(codes == code)
                at = np.searchsorted(known, days[rows], side="right") - 1
                found[rows] = np.where(at >= 0, rates[np.maximum(at, 0)], 0)
        return found
