"""The commands about users and keys."""

from __future__ import annotations

from click.testing import CliRunner

from engine.cli import cli
from engine.service import Engine
from tests.cli.conftest import Shop


def typed(shop: Shop, words: str, *arguments: str) -> str:
    result = CliRunner().invoke(cli, ["--database", shop.url, *arguments], input=words)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_users_and_keys_from_the_command_line(shop: Shop) -> None:
    assert typed(shop, "a lake above the tree line\n", "users", "add", "chen", "--role", "administrator") == "chen may sign in\n"
    assert shop("users", "add", "till", "--role", "service", "--no-password") == "till may have keys\n"
    assert "chen" in shop("users", "list")
    assert [user["name"] for user in shop.json("users", "list")] == ["chen", "till"]
    made = shop.json("keys", "make", "the till", "--user", "till", "--scope", "results:read", "--days", "3")
    with Engine.open(shop.url) as engine:
        assert engine.people.verify_key(made["secret"]).may("results")
        assert engine.people.verify_password("chen", "a lake above the tree line").name == "chen"
    secret = shop("keys", "make", "another", "--user", "till", "--scope", "results", "--test").strip()
    assert secret.startswith("tw_test_")
    assert "results:read, results:write" in shop("keys", "list")
    assert [key["title"] for key in shop.json("keys", "list", "--user", "till")] == ["another", "the till"]
    shop("keys", "revoke", str(made["id"]))
    assert "revoked" in shop("keys", "list", "--user", "till")
    typed(shop, "another lake, further down\n", "users", "password", "chen")
    assert "disabled" in shop("users", "disable", "till")
    assert "enabled" in shop("users", "disable", "till", "--back")
    assert "已停用用户 till" in shop("--language", "zh", "users", "disable", "till")


def test_mistakes_are_named(shop: Shop) -> None:
    assert "no user 'chne'" in shop.fails("users", "disable", "chne")
    assert "no password on standard input" in shop.fails("users", "add", "chen", "--role", "viewer")
    assert "did you mean 'results:read'" in shop.fails("keys", "make", "k", "--user", "x", "--scope", "result:read")
