"""The clock of a sandbox."""

from engine.api.answers.parts import Given, integer, moment


class Clock(Given):
    """What the clock of the sandbox says."""

    now = moment()
    ahead_seconds = integer(86_400, "By how much it is ahead of the real time.")
