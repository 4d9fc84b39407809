"""What somebody may see: whose customers, and which columns of them. Every surface asks here, and nowhere else.

Lists, the customer page, explanations, evidence, changes, exports and the API all take a `Sight`: `where()` belongs into
every query that hands customers out, `hides` says which columns come out masked. Masked columns cannot be searched,
filtered or sorted by either: an order, or a count, would tell what the mask hides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, select

from engine.store.feature_sql import PROFILE_COLUMNS
from engine.store.models import custom_value, customer
from engine.store.reach import ALL, Reach

if TYPE_CHECKING:
    from engine.catalogue import Catalogue, Feature
    from engine.store.session import Store

PERSONAL = ("contact", "sensitive")
"""The kinds of personal data (`pii` of a column) that need the right to personal data."""

MASK = "***"
"""What stands for a value that is there and may not be seen."""


class Named(Protocol):
    """What names a single customer beside figures of all: a mover, a walker, a fall."""

    @property
    def customer_id(self) -> int:
        """The internal key."""


N = TypeVar("N", bound=Named)


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose customers (`reach`), and whether personal data are seen unmasked (`personal`).

    reasons: whether it is seen why a value was fixed by hand: also by those who decide about it.
    """

    reach: Reach = ALL
    personal: bool = True
    reasons: bool = True

    @classmethod
    def of(cls, who: Any) -> Sight:
        """The sight of a user, or of a program with a key, which also needs the scope."""
        user = getattr(who, "user", who)
        word = {"all": "", "unit": user.unit, "own": user.owner}[user.reach]
        personal = bool(who.may("personal_data"))
        return cls(Reach(user.reach, word or ""), personal, personal or bool(who.may("reviews", write=True)))

    @property
    def everything(self) -> bool:
        """Whether nothing is hidden."""
        return self.personal and self.reach.everybody

    def where(self) -> ColumnElement[bool]:
        """The condition on `customer`."""
        return self.reach.clause()

    def holds(self, connection: Connection, customer_id: int) -> bool:
        """Whether a customer is within sight."""
        return self.reach.holds(connection, customer_id)

    def those(self, store: Store, found: Iterable[N]) -> list[N]:
        """Those of some named customers who are within sight, in their order."""
        named = list(found)
        if self.reach.everybody or not named:
            return named
        with store.read() as connection:
            wanted = customer.c.id.in_([each.customer_id for each in named])
            seen = set(connection.scalars(select(customer.c.id).where(wanted, self.where())))
        return [each for each in named if each.customer_id in seen]

    def hides(self, column: Column[Any]) -> bool:
        """Whether a column of a table comes out masked."""
        return not self.personal and column.info["pii"] in PERSONAL

    def shown(self, column: Column[Any], value: Any) -> Any:
        """A value of a column as it may be shown; what is absent stays absent."""
        return MASK if value is not None and self.hides(column) else value

    def hides_feature(self, feature: Feature, catalogue: Catalogue) -> bool:
        """Whether a feature tells what a hidden column holds: age tells the birthday, a ratio tells its parts."""
        if self.personal:
            return False
        if feature.terms:
            return any(self.hides_feature(catalogue.resolve(term), catalogue) for term in feature.terms)
        if feature.source == "custom":
            return self.hides(custom_value.c.value)
        return feature.source == "profile" and self.hides(customer.c[PROFILE_COLUMNS[feature.of]])

    def masked(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of `customer` by column name, with what is hidden masked."""
        return {name: self.shown(customer.c[name], value) if name in customer.c else value for name, value in row.items()}


EVERYTHING = Sight()
"""The command line and programs that open the store themselves: they hold the file anyway."""

NOTHING = Sight(Reach("own", ""), personal=False, reasons=False)
"""Somebody whom the store does not know."""
