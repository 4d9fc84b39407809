"""Who holds which label, and what changes."""

from engine.api.answers.parts import Given, boolean, by_name, integer, many, moment, one_of, string


class Member(Given):
    """A customer with its current values by output."""

    customer = string("C1")
    name = string("Lin Mei", "Masked for those who may not see it.", null=True)
    values = by_name("abc.class", string("A", null=True))


class Assignments(Given):
    """A page of customers."""

    items = many(Member)
    next = string("41", "The `after` of the next page; absent on the last one.", maybe=True)
    cursor = string("2-0", "Where the feed of changes goes on from these results.")


class Change(Given):
    """Something that became visible. Which fields there are depends on `type`."""

    type = one_of(["run", "closed", "change"], "Another run is visible; an output is gone; one value moved.", example="change")
    run = integer(2)
    as_of = moment()
    replaces = integer(1, "Of a run: the one it supersedes.", null=True, maybe=True)
    rulebook = integer(1, "Of a run: the version.", maybe=True)
    output = string("abc.class", maybe=True)
    customer = string("C1", maybe=True)
    was = string("B", "What you hold.", null=True, maybe=True)
    now = string("A", null=True, maybe=True)
    reason = string(None, "Why there is no value any more.", null=True, maybe=True)


class Changes(Given):
    """Changes in order. Ask again with `cursor`; `more` says whether there is more already."""

    items = many(Change)
    cursor = string("2-1")
    more = boolean(False)
