"""Schedules."""

from engine.api.answers.parts import Given, anything, boolean, by_name, integer, moment, one_of, string


class Schedule(Given):
    """Something that happens by itself."""

    id = integer(1)
    kind = one_of(["run", "publication"])
    title = string("every night")
    cron = string("0 2 * * *", "In the business zone.", null=True)
    next_at = moment("When it is due next; null when nothing is left to do.", null=True)
    options = by_name("as_of", anything("day"))
    enabled = boolean(True)
    created_by = string("chen")
    created_at = moment()
    last_at = moment(null=True)
    last_result = by_name("status", anything("done"), "`status` started, done, held or failed, with `run`, `version` or `message`.")


class Removed(Given):
    """The number of what was taken away."""

    removed = integer(1)
