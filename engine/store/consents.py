"""What customers say now about being written to, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from engine.care.consent import heard
from engine.store.models import custom_field, custom_value, customer, term

FIELD = "consent"
CHUNK = 5_000


def said(connection: Connection, customers: Sequence[int]) -> dict[int, int]:
    """1 for yes, 0 for no, -1 for nothing that is either, by customer; of one who was joined into another, what that one says."""
    found = dict.fromkeys(customers, -1)
    value, owner, field = custom_value.c, customer.c, custom_field.c
    for start in range(0, len(customers), CHUNK):
        some = select(owner.id, owner.merged_into).where(owner.id.in_(customers[start : start + CHUNK]))
        whose = {row.id: row.merged_into or row.id for row in connection.execute(some)}
        whole = value.customer_id.in_(sorted(set(whose.values())))
        query = select(value.customer_id, field.kind, value.value, term.c.value.label("word")).join(
            custom_field, field.id == value.field_id
        )
        query = query.join(term, term.c.id == value.value, isouter=True).where(field.name == FIELD, whole)
        words = {row.customer_id: heard(row.word) if row.kind == "text" else row.value for row in connection.execute(query)}
        found |= {key: words.get(member, -1) for key, member in whose.items()}
    return found
