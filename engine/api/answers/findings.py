"""What is wrong with rules, what they lack or contradict, and what stands against publishing them."""

from engine.api.answers.parts import Given, Texts, anything, boolean, by_name, integer, many, nested, one_of, string


class Fault(Given):
    """Something that makes a rulebook wrong."""

    id = string("TW012")
    place = string("policies[abc].params.cuts[1]")
    found = string("0.7")
    expected = string("a number above 0.8")


class Finding(Given):
    """Something that rules lack or contradict."""

    id = string("TW351")
    kind = string("gap")
    severity = one_of(["error", "warning", "note"])
    policy = string("value")
    place = string("segments")
    rows = many(integer(3), "Which rules, counted from 1.")
    witness = by_name("rfm.total", anything(1), "Values that show it.")
    customers = integer(0, "How many customers it is about; null where nothing was counted.", null=True)
    text = nested(Texts)


class Obstacle(Given):
    """Something that stands against publishing."""

    id = string("TW380")
    place = string("rulebook")
    severity = one_of(["error", "warning", "note"])
    text = nested(Texts)
    customers = integer(None, null=True)


class Checked(Given):
    """A rulebook that is right: its hash, and what its rules lack or contradict."""

    hash = string("76ef59272109534d")
    policies = many(string("abc"))
    findings = many(Finding)


class DraftChecked(Given):
    """Every fault of a draft, what its rules lack or contradict, and what would block its publication."""

    draft = integer(7)
    revision = integer(3)
    hash = string("4d774be328dc01df", "Null where it has faults.", null=True)
    sound = boolean(True, "Whether it could be published as far as can be told now.")
    faults = many(Fault, empty=True)
    findings = many(Finding)
    obstacles = many(Obstacle, empty=True)


class Difference(Given):
    """What differs at a place, each side as JSON text."""

    place = string("policies[abc].params.cuts[0]")
    kind = one_of(["added", "removed", "changed"], example="changed")
    was = string("0.8", "Null for what was added.", null=True)
    now = string("0.75", "Null for what was removed.", null=True)


class Differences(Given):
    """What differs, place by place."""

    items = many(Difference)


class VersionDifferences(Differences):
    """What differs between two versions."""

    was = integer(1)
    now = integer(2)
