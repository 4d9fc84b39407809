"""Jobs."""

from engine.api.answers.parts import Given, anything, boolean, by_name, integer, moment, number, one_of, string
from engine.jobs import STATUSES


class Job(Given):
    """Something that is done in the background."""

    id = integer(5)
    kind = string("run")
    title = string("run, by key 1")
    actor = string("chen")
    status = one_of(STATUSES)
    attempts = integer(1)
    cancelling = boolean(False)
    step = string("compute", "What it is at.")
    done = integer(3)
    total = integer(11, null=True)
    result = by_name("run", anything(2), "What came of it: `run` is the number of the run.", null=True)
    error = string(None, "Why it failed.", null=True)
    created_at = moment()
    started_at = moment(null=True)
    finished_at = moment(null=True)
    share = number(0.27, "How much is done, 0 to 1; null where nobody knows.", null=True)


class JobAsked(Job):
    """The job that was asked for."""

    id = integer(5, "Null in a rehearsal.", null=True)
