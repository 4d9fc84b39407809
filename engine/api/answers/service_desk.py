"""The calendars, prepared answers, setup and levels of the service desk."""

from engine.api.answers.parts import Given, anything, boolean, by_name, integer, many, moment, string


class Calendar(Given):
    """A stored calendar of working time."""

    name = string("office")
    revision = integer(1)
    document = by_name("timezone", anything("Asia/Shanghai"))
    author = string("chen")
    at = moment()
    used_by = many(string("setup"))


class PreparedAnswer(Given):
    """A prepared answer."""

    name = string("sorry")
    title = anything({"en": "Sorry", "zh": "致歉"}, "One text, or one in each language.")
    subject = anything({"en": "Your request {ticket}", "zh": "您的请求 {ticket}"}, "Of the e-mail; absent: a usual one.", maybe=True)
    text = anything({"en": "We are sorry.", "zh": "非常抱歉。"})
    kinds = many(string("complaint"), "Of tickets; absent is any.", maybe=True)
    categories = many(string("delivery"), "Of tickets; absent is any.", maybe=True)
    automatic = boolean(False, "Whether it acknowledges by itself.", maybe=True)
    revision = integer(1)
    author = string("chen")
    at = moment()


class NameRemoved(Given):
    """The name of what was taken away."""

    removed = string("office")


class Setup(Given):
    """How the service desk is set up."""

    document = by_name("kinds", anything([{"key": "complaint"}]))
    revision = integer(1, "0 for the usual setup that nobody changed.")
    author = string("chen")
    at = moment(null=True)


class Levels(Given):
    """What the live rulebook promises."""

    address = string("service.level", "The output that gives the level; empty where no policy does.")
    grade = string("grade.grade")
    items = many(by_name("key", anything("gold")), "The levels, best first: key, title, manager, priority, channels, targets and more.")
