"""Users, roles, keys and sessions."""

from engine.api.answers.parts import Given, Texts, boolean, by_name, integer, many, moment, nested, one_of, string
from engine.permissions import AREAS, REACHES, ROLES, SCOPES


class User(Given):
    """A user."""

    id = integer(2)
    name = string("till", "The login name.")
    display_name = string("Till")
    language = one_of(["en", "zh"])
    theme = one_of(["system", "light", "dark"])
    roles = many(one_of(list(ROLES)))
    reach = one_of(list(REACHES), "Whose customers it sees.")
    unit = string(None, null=True)
    owner = string(None, null=True)
    disabled = boolean(False)
    has_password = boolean(True)
    created_by = string("chen")
    created_at = moment()
    signed_in_at = moment(null=True)
    revision = integer(1)
    grants = by_name("rules", many(one_of(["read", "write"])), "What it may, by area.")


class Me(Given):
    """Who a key is, and what it may do."""

    user = string("till")
    key = integer(1)
    scopes = many(one_of(list(SCOPES)), "What both the key and its user's roles allow.")
    reach = one_of(list(REACHES))
    test = boolean(False, "Whether it is a key of a sandbox.")


class PasswordSet(Given):
    """The password is another."""

    name = string("till")
    changed = boolean(True)


class Role(Given):
    """A role, and what it may."""

    role = one_of(list(ROLES))
    title = nested(Texts)
    grants = by_name("rules", many(one_of(["read", "write"])), "By area.")


class Permission(Given):
    """What a role may in an area."""

    role = one_of(list(ROLES))
    area = one_of(list(AREAS))
    read = boolean(True)
    write = boolean(False)


class Key(Given):
    """A program's key."""

    id = integer(1)
    title = string("the till")
    prefix = string("tw_live_1cf10933", "The start of the secret, by which people recognise it.")
    user = string("till", "As whom it acts.")
    scopes = many(one_of(list(SCOPES)))
    test = boolean(False)
    created_by = string("chen")
    created_at = moment()
    expires_at = moment(null=True)
    disabled_at = moment(null=True)
    used_at = moment(null=True)


class KeyMade(Key):
    """A new key with its secret."""

    secret = string("tw_live_1cf10933_5Ybn0XQe", "Answered this once, and again to the same idempotency key.")


class Session(Given):
    """A browser that is signed in."""

    id = integer(4)
    user = string("chen")
    address = string("10.0.0.7")
    agent = string("Mozilla/5.0")
    created_at = moment()
    seen_at = moment()


class Ended(Given):
    """Whether there was a session to end."""

    ended = boolean(True)
