"""What is fixed per store, and what every write of facts must do first.

Business time zone and currency are stored facts: changing them would change the meaning of every amount and day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update

from engine.errors import FactError
from engine.store.models import fact_clock, setting
from engine.store.session import Store

if TYPE_CHECKING:
    from engine.settings import Settings


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """The business time zone and currency of a store; minor_digits is 2 for cents, 0 for yen."""

    timezone: ZoneInfo
    currency: str
    minor_digits: int


def store_settings(store: Store) -> StoreSettings:
    """Read what is fixed for this store. Raises `FactError` for a store that was never initialised."""
    with store.read() as connection:
        return read_settings(connection)


def read_settings(connection: Connection) -> StoreSettings:
    """The same inside a transaction that is open already."""
    found = dict(connection.execute(select(setting.c.key, setting.c.value)).all())
    if not {"timezone", "currency", "minor_digits"} <= set(found):
        raise FactError("the store has no business time zone and currency yet; make them with: tierwise init")
    return StoreSettings(ZoneInfo(found["timezone"]), found["currency"], int(found["minor_digits"]))


def init_settings(store: Store, timezone: ZoneInfo | str, currency: str, minor_digits: int) -> StoreSettings:
    """Fix time zone and currency of a store. Doing it again with the same values changes nothing; others are refused."""
    wanted = {"timezone": str(timezone), "currency": currency, "minor_digits": str(minor_digits)}
    with store.write() as connection:
        found = dict(connection.execute(select(setting.c.key, setting.c.value)).all())
        for key, value in wanted.items():
            if key not in found:
                connection.execute(insert(setting).values(key=key, value=value))
            elif found[key] != value:
                raise FactError(f"the store's {key.replace('_', ' ')} is {found[key]}, not {value}; it is fixed when a store is made")
    return StoreSettings(ZoneInfo(str(timezone)), currency, minor_digits)


def next_fact_seq(connection: Connection) -> int:
    """Raise the fact clock. The first statement of every write of facts: its row lock puts writers in order (ENGINE 7)."""
    return int(connection.execute(update(fact_clock).values(seq=fact_clock.c.seq + 1).returning(fact_clock.c.seq)).scalar_one())


def fact_seq(connection: Connection) -> int:
    """Where the fact clock stands: every committed write of facts has a number up to this."""
    return int(connection.execute(select(fact_clock.c.seq)).scalar_one())


def fix_settings(store: Store, settings: Settings) -> None:
    """Fix what a new store is; a store that has its settings keeps them, and an environment that says otherwise is refused."""
    try:
        known = store_settings(store)
    except FactError:
        init_settings(store, settings.timezone.key, settings.currency, settings.minor_digits)
        return
    zone = settings.timezone if "timezone" in settings.given else known.timezone
    currency = settings.currency if "currency" in settings.given else known.currency
    digits = settings.minor_digits if "minor_digits" in settings.given else known.minor_digits
    if (zone.key, currency, digits) != (known.timezone.key, known.currency, known.minor_digits):
        init_settings(store, zone.key, currency, digits)  # says what the store is, and what was found
