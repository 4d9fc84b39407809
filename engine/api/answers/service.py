"""Whether the service lives."""

from marshmallow import INCLUDE, Schema

from engine.api.answers.parts import Given, anything, by_name, one_of, string


class Health(Given):
    """Whether the service lives."""

    status = one_of(["ok"])


class Alive(Health):
    """The process lives, in this version."""

    version = string("0.1.0")


class Description(Schema):
    """An OpenAPI document."""

    class Meta:
        """The specification of OpenAPI 3.1 says what more is in it."""

        unknown = INCLUDE

    openapi = one_of(["3.1.0"])
    info = by_name("title", anything("Tierwise"))
    paths = by_name("/api/v1/health", anything({}))
