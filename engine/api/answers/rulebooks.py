"""Versions of the rules."""

from engine.api.answers.parts import Given, anything, by_name, integer, moment, string


class Version(Given):
    """A version without its document."""

    number = integer(2)
    hash = string("4d774be328dc01df")
    author = string("till")
    note = string("from Monday")
    created_at = moment()
    published_at = moment("When it became live last; null for one that never was.", null=True)


class VersionWithDocument(Version):
    """A version."""

    document = by_name("name", anything("Retail"), "The rulebook.")
