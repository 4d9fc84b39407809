"""Areas of verbs that an engine hands out: `engine.drafts.submit(...)`. A room is entered, and its module loaded, when first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from engine.service import Engine

T = TypeVar("T")


class Room(Generic[T]):
    """An area of verbs as an attribute of `Engine`; the same object each time.

    place: "module:Class"; the class takes the engine. help: what the area is for.
    """

    def __init__(self, place: str, help: str) -> None:
        self.place = place
        self.__doc__ = help

    def __set_name__(self, owner: type, name: str) -> None:
        """Remember under which name the engine keeps the room."""
        self._name = name

    @overload
    def __get__(self, engine: None, owner: type) -> Room[T]: ...
    @overload
    def __get__(self, engine: Engine, owner: type) -> T: ...
    def __get__(self, engine: Engine | None, owner: type) -> Any:
        """Enter the room. It stays in the engine's own attributes, which are looked up before this."""
        if engine is None:
            return self
        module, _, name = self.place.partition(":")
        engine.__dict__[self._name] = room = getattr(importlib.import_module(module), name)(engine)
        return room
