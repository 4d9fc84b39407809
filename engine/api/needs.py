"""What a route declares of who may use it and what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from marshmallow import Schema

OPEN = ""
"""What a route needs that anybody may use."""

ANY_KEY = "*"
"""What a route needs that any valid key may use."""


Takes: TypeAlias = Mapping[str, tuple[type[Schema] | None, Any]]
"""Bodies that a view reads itself: by content type, the schema (None: a text) and an example."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a route declares. scope: "results:read", `ANY_KEY` or `OPEN`; also: another scope that is enough."""

    scope: str
    mutates: bool
    heavy: bool
    size: int
    stale: bool
    also: str = ""

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes of which any is enough."""
        return (self.scope, self.also) if self.also else (self.scope,)

    @property
    def area(self) -> str:
        """The area of the scope."""
        return self.scope.partition(":")[0]

    @property
    def write(self) -> bool:
        """Whether the scope is one of writing."""
        return self.scope.endswith(":write")
