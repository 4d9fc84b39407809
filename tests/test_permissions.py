"""Areas, roles and scopes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.errors import PeopleError
from engine.permissions import AREAS, ROLES, SCOPES, check_roles, check_scopes, granted

PAGE = (Path(__file__).parents[1] / "docs" / "how-to" / "users-and-keys.md").read_text(encoding="utf-8")


def test_the_page_shows_every_area_and_what_each_role_may() -> None:
    rows = {cells[0].strip(" `"): cells[2:] for line in PAGE.splitlines() if len(cells := line.strip("|").split("|")) == 8}
    assert set(AREAS) == set(rows) - {"area", "---"}
    for area in AREAS:
        found = [tuple(word.strip() for word in cell.split(",") if word.strip()) for cell in rows[area]]
        assert found == [tuple(sorted(role.grants[area])) for role in ROLES.values()], area


def test_whoever_may_write_may_read() -> None:
    assert [role.key for role in ROLES.values() if set(role.writes) - set(role.reads)] == []


def test_every_text_is_there_in_both_languages() -> None:
    texts = [*AREAS.values(), *(role.title for role in ROLES.values())]
    assert all(text.en and re.search(r"[\u4e00-\u9fff]", text.zh) for text in texts)


def test_several_roles_give_what_each_gives() -> None:
    both = granted(["service", "approver"], {})
    assert both["reviews"] == {"read", "write"}
    assert both["customers"] == {"read", "write"}
    assert both["people"] == frozenset()


def test_what_was_changed_replaces_what_ships() -> None:
    assert granted(["viewer"], {("viewer", "rules"): frozenset()})["rules"] == frozenset()
    assert granted(["viewer"], {("analyst", "rules"): frozenset()})["rules"] == {"read"}


def test_an_area_alone_is_both_scopes() -> None:
    assert check_scopes(["results", "imports:write"]) == ("results:read", "results:write", "imports:write")
    assert len(SCOPES) == 2 * len(AREAS)


@pytest.mark.parametrize(
    ("call", "given", "message"),
    [
        (check_roles, ["viewr"], "there is no role 'viewr'; did you mean 'viewer'"),
        (check_scopes, ["results:raed"], "there is no scope 'results:raed'; did you mean 'results:read'"),
        (check_roles, ["root"], "expected some of viewer, analyst"),
    ],
)
def test_an_unknown_word_is_refused(call, given, message) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(PeopleError, match=message):
        call(given)
