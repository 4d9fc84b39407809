"""Rooms: entered once, by the engine that asks, and there for everybody who reads the class."""

from __future__ import annotations

import importlib

from engine.rooms import Room
from engine.service import Engine

ROOMS = {name: room for name, room in vars(Engine).items() if isinstance(room, Room)}


def test_a_room_is_entered_once_and_belongs_to_the_engine_that_entered_it(sqlite_url: str) -> None:
    with Engine.open(sqlite_url, actor="li") as engine:
        other = engine.acting_as("wang")
        for name in ROOMS:
            assert getattr(engine, name) is getattr(engine, name)
            assert getattr(other, name) is not getattr(engine, name) or name == "previews"


def test_every_room_leads_to_a_class_and_says_what_it_is_for() -> None:
    assert len(ROOMS) > 10
    for room in ROOMS.values():
        module, _, name = room.place.partition(":")
        assert getattr(importlib.import_module(module), name).__doc__
        assert room.__doc__
        assert room.__doc__.endswith(".")
