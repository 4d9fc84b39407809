"""What became of facts."""

from engine.api.answers.parts import Given, boolean, integer, many, string


class RowError(Given):
    """A row that was refused."""

    row = integer(2, "Counted from 1; of NDJSON the line.")
    field = string("amount")
    reason = string("not a number")
    found = string("much")
    expected = string("a number such as 1234.50")


class Regraded(Given):
    """An output that would be another for a customer."""

    customer = string("C3")
    output = string("abc.class")
    was = string("B", null=True)
    now = string("A", null=True)


class Taken(Given):
    """What became of the rows."""

    kept = boolean(True)
    batch = integer(12, null=True)
    rows = integer(2)
    accepted = integer(1)
    created = integer(1)
    updated = integer(0)
    unchanged = integer(0)
    ignored = integer(0, "Rows that a rule left out, such as versions older than what is stored.")
    rejected = integer(1, "How many rows were refused; `errors` has the first 1,000.")
    errors = many(RowError)
    changes = many(Regraded, "With `regrade=true`.", maybe=True)
    regraded = integer(1, "With `regrade=true`: how many customers were looked at.", maybe=True)


class RejectedRow(Given):
    """A row that was refused."""

    line = integer(2, "Counted from 1; of a file the line.")
    column = string("amount")
    reason = string("not a number")
    found = string("much")
    expected = string("a number such as 1234.50")
    row = string('{"order": "O-1001", "amount": "much"}', "The row as JSON.")


class Voided(Given):
    """Whether a fact counts."""

    changed = boolean(True, "Whether it was otherwise before.")
    voided = boolean(True)


class Batch(Given):
    """An import."""

    batch = integer(12)
    file = string("orders.csv", "Empty where rows came over the API.")
    kind = string("orders")
    source = string("api")
    mapping = string("rows of orders")
    actor = string("chen")
    rows = integer(120)
    created = integer(118)
    updated = integer(1)
    unchanged = integer(1)
    rejected = integer(0)
    ignored = integer(0)
    undone = boolean(False)


class Undone(Given):
    """What was taken back."""

    batch = integer(12)
    removed = integer(118)
    restored = integer(1)
