"""What rules can be made of."""

from engine.api.answers.parts import Given, Texts, anything, boolean, by_name, integer, many, nested, one_of, string


class Plugin(Given):
    """A plugin that was found."""

    name = string("abc")
    origin = string("built in")
    version = string("0.1.0")
    status = one_of(["loaded", "broken", "blocked"])
    error = string("")
    policies = many(string("abc"))
    features = many(string("orders.count"))


class PolicyType(Given):
    """A policy type."""

    name = string("abc")
    version = integer(1)
    family = string("ranking")
    about = string("Cut customers, largest first, into classes.")
    params = by_name("type", anything("object"), "The JSON Schema (2020-12) of its parameters; texts in both languages under `x-text`.")


class Feature(Given):
    """A feature that rules can read."""

    name = string("orders.count")
    title = nested(Texts)
    meaning = nested(Texts)
    dtype = one_of(["count", "number", "amount", "days", "text", "flag", "date"])
    unit = string("orders")
    nullable = boolean(False)
    windowable = boolean(True, "Whether `_365d` and the like can be added.")
