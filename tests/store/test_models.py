"""The tables: every column says what personal data it holds, and the migrations make exactly these tables, up, down and up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from engine.store.models import ASSIGNMENT_VIEW, SLOTS, metadata, slot_name
from engine.store.session import Store
from tests.trust.company import company

PII = {"none", "id", "contact", "sensitive", "derived"}
COLUMNS = [column for table in metadata.sorted_tables for column in table.columns]


@contextmanager
def migrating(store: Store) -> Iterator[tuple[Config, Connection]]:
    """Alembic's configuration on a connection of the store, in one transaction."""
    config = Config()
    config.set_main_option("script_location", "engine.store:migrations")
    with store.write() as connection:
        config.attributes["connection"] = connection
        yield config, connection


def shape(connection: Connection) -> dict[str, Any]:
    """Everything that the database says of its tables, views and indexes."""
    look = inspect(connection)
    tables = sorted(look.get_table_names())
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"], c.get("default")) for c in look.get_columns(name)],
            look.get_pk_constraint(name)["constrained_columns"],
            sorted((tuple(i["column_names"]), bool(i["unique"])) for i in look.get_indexes(name)),
            sorted((tuple(f["constrained_columns"]), f["referred_table"]) for f in look.get_foreign_keys(name)),
            sorted(tuple(u["column_names"]) for u in look.get_unique_constraints(name)),
        )
        for name in tables
    } | {name: re.sub(r"\s+", " ", look.get_view_definition(name) or "") for name in look.get_view_names()}


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_every_column_says_what_personal_data_it_holds(column: Any) -> None:
    assert column.info.get("pii") in PII


def test_what_points_at_a_person_says_so() -> None:
    wrong = []
    for column in COLUMNS:
        person = any(key.column.table.name == "customer" for key in column.foreign_keys)
        named = column.name in {"email", "phone", "name", "actor", "author", "birth_day", "income", "gender"} and column.table.name not in (
            "source",
            "product",
            "custom_field",
            "tag",
        )
        if (person or named) and column.info["pii"] == "none":
            wrong.append(str(column))
    assert wrong == []


def test_the_migrations_make_exactly_the_tables_of_the_models(store_url: str) -> None:
    with Store.open(store_url) as store, store.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert [step for step in compare_metadata(context, metadata) if not about_the_view(step)] == []


def about_the_view(step: Any) -> bool:
    return step[0] == "remove_table" and step[1].name == "assignment"


def test_up_down_and_up_again_gives_the_same_tables(store_url: str) -> None:
    with Store.open(store_url) as store:
        with store.read() as connection:
            first = shape(connection)
        with migrating(store) as (config, connection):
            command.downgrade(config, "base")
            assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
            assert inspect(connection).get_view_names() == []
            command.upgrade(config, "head")
        with store.read() as connection:
            assert shape(connection) == first


def test_a_store_with_facts_and_outcomes_goes_down_too(store_url: str) -> None:
    from engine.service import Engine
    from tests.small_store import AS_OF, DAY

    company(store_url, customers=20)
    with Engine.open(store_url) as engine:
        engine.run(AS_OF)
        engine.run(AS_OF + DAY)
    with Store.open(store_url) as store, migrating(store) as (config, connection):
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}


def test_a_migration_that_fails_leaves_nothing(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic.operations import Operations

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Operations, "create_index", broken)
        with pytest.raises(OSError, match="disk is gone"):
            Store.open(store_url)
    with Store.open(store_url) as store, store.read() as connection:
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())


def test_every_foreign_key_points_at_a_key_and_every_table_has_one() -> None:
    for table in metadata.sorted_tables:
        assert list(table.primary_key.columns), table.name
        for key in table.foreign_keys:
            assert key.column.primary_key, f"{table.name}.{key.parent.name}"


def test_the_view_covers_every_slot(store_url: str) -> None:
    assert [slot_name(1), slot_name(SLOTS)] == ["v01", "v64"]
    assert ASSIGNMENT_VIEW.count("union all") == SLOTS - 1
    with Store.open(store_url) as store, store.read() as connection:
        assert connection.execute(text("select customer_id, address, value from assignment")).all() == []


def test_models_and_migrations_know_no_moment_of_the_database(store_url: str) -> None:
    """Moments are integers: a column of a date type would come back differently from the two databases."""
    kinds = {str(column.type).split("(")[0] for column in COLUMNS}
    assert kinds <= {"BIGINT", "INTEGER", "SMALLINT", "TEXT", "BLOB"}
    folder = Path(__file__).parents[2] / "engine" / "store" / "migrations"
    assert "server_default" not in "".join(path.read_text() for path in folder.rglob("*.py"))
    with Store.open(store_url) as store:
        assert {column["type"].__class__.__name__ for table in metadata.tables for column in inspect(store.sql).get_columns(table)} <= {
            "BIGINT",
            "INTEGER",
            "SMALLINT",
            "TEXT",
            "BLOB",
            "BYTEA",
        }
