"""What people share: tags and groups, kept lists, comments, and what waits for whom."""

from engine.api.answers.parts import Given, Texts, anything, boolean, by_name, integer, many, moment, nested, one_of, string
from engine.tags import KINDS
from engine.views import PAGES


class Tag(Given):
    """A tag or group that people give by hand."""

    id = integer(1)
    kind = one_of(list(KINDS))
    name = string("vip")
    feature = string("tags.vip", "How rules and filters name it.")
    title = string("VIP")
    note = string("")
    created_by = string("chen")
    created_at = moment()
    members = integer(12, "How many customers bear it.")


class TagRemoved(Given):
    """A tag that is gone."""

    removed = string("tags.vip")
    customers = integer(12, "How many bore it.")


class TagGiven(Given):
    """Who bears a tag now, or no longer."""

    given = integer(2, "How many did not bear it before.")
    taken = integer(0, "How many bore it before.")


class SavedView(Given):
    """A list that somebody keeps."""

    id = integer(1)
    owner = string("chen")
    page = one_of(list(PAGES))
    title = string("A customers of the east")
    shared = boolean(False)
    query = by_name("filters", anything(["grade.grade=A"]), "What its page reads.")
    created_at = moment()
    updated_at = moment()
    revision = integer(1)
    mine = boolean(True)


class Comment(Given):
    """What somebody said about a draft."""

    id = integer(1)
    draft = integer(7)
    revision = integer(3, "Of the state that it is about.")
    place = string("policies[abc].params.cuts[0]")
    text = string("Why so few?")
    actor = string("lin")
    at = moment()
    settled_by = string(None, null=True)
    settled_at = moment(null=True)


class Waiting(Given):
    """One thing that waits."""

    kind = one_of(["approve", "publish", "returned", "comment", "held", "fix", "escalation"])
    number = integer(7, "Of the draft, run, fixed value or ticket.")
    title = string("Wider bands")
    by = string("till")
    at = moment()
    own = boolean(False, "Whether the caller made it, and so cannot decide on it where a second person is required.")
    note = string("as agreed")


class ColumnInfo(Given):
    """A column of a list."""

    name = string("grade.grade")
    title = nested(Texts)
    kind = string("label")
    output = string("grade.grade")
    masked = boolean(False)
    filters = boolean(True)
    sorts = boolean(True)


class CustomerList(Given):
    """A page of customers."""

    query = by_name("filters", anything(["grade.grade=A"]), "The list as it was asked for.")
    columns = many(ColumnInfo)
    items = many(by_name("customer", anything("C1")), "Values by column.")
    total = integer(42)
    run = integer(2, "The run that values come from.", null=True)


class Joined(Given):
    """Who stands for whom now."""

    customer = string("C1")
    joined = string("C2")


class Separated(Given):
    """A customer that stands alone again."""

    customer = string("C2")


class Flagged(Given):
    """Whether a customer is graded."""

    customer = string("C1")
    reason = string("staff", "Null: it is graded.", null=True)


class Setting(Given):
    """A setting of the installation: an environment variable."""

    name = string("TIERWISE_API_RATE")
    value = string("600", "*** for a secret that is set.")
    default = string("600")
    given = boolean(False, "Whether somebody set it.")
    secret = boolean(False)
    help = nested(Texts)


class StoreFigures(Given):
    """The store in numbers."""

    database = one_of(["SQLite", "PostgreSQL"])
    address = string("sqlite:///tierwise.db", "Without a password.")
    size = integer(4_096, "Bytes on disk.", null=True)
    cache = integer(None, "Bytes of files beside it.", null=True)
    counts = by_name("customers", integer(24))
