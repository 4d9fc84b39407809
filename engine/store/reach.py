"""Whose customers somebody sees, as a condition on the customer: it belongs into every query that hands customers out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, exists, func, or_, select, true

from engine.columns import Array, Flags
from engine.store.models import custom_field, custom_value, customer, orders, term

FIELDS = {"own": ("owner", "seller"), "unit": ("unit", "store")}
"""By reach: the custom field of customers that names the person or unit, and the column of orders that counts beside it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """all, or the customers that a word names: by their custom field, or as the seller (store) of one of their orders."""

    kind: str = "all"
    word: str = ""

    @property
    def everybody(self) -> bool:
        """Whether every customer is within reach."""
        return self.kind == "all"

    def clause(self) -> ColumnElement[bool]:
        """The condition on `customer`; one who was joined into another is seen by those who see that one."""
        if self.everybody:
            return true()
        whole = func.coalesce(customer.c.merged_into, customer.c.id)
        field, column = FIELDS[self.kind]
        words = select(term.c.id).where(term.c.value == self.word)
        named = exists().where(
            custom_value.c.customer_id == whole,
            custom_value.c.field_id == custom_field.c.id,
            custom_field.c.name == field,
            custom_field.c.kind == "text",
            custom_value.c.value.in_(words),
        )
        sold = exists().where(
            orders.c.customer_id == whole, orders.c[f"{column}_id"].in_(words.where(term.c.field == column)), orders.c.kind >= 0
        )
        return or_(named, sold)

    def holds(self, connection: Connection, customer_id: int) -> bool:
        """Whether a customer is within reach."""
        return (
            self.everybody or connection.scalar(select(customer.c.id).where(and_(customer.c.id == customer_id, self.clause()))) is not None
        )

    def flags(self, connection: Connection, customers: Array) -> Flags:
        """Which of some customers are within reach."""
        if self.everybody:
            return np.ones(len(customers), dtype=bool)
        return np.isin(customers, np.array(connection.scalars(select(customer.c.id).where(self.clause())).all(), dtype=np.int64))


ALL = Reach()
"""Every customer."""
