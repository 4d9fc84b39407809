"""Commands about people and programs: users, keys."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import ID, App, Family, json_option, pass_app, print_json
from engine.errors import PeopleError
from engine.permissions import REACHES, ROLES

if TYPE_CHECKING:
    from engine.people import Key, User


@click.group(cls=Family, short_help="Who may sign in, and what they may do.")
def users() -> None:
    """List, add and disable users, and set passwords."""


@users.command("list")
@json_option
@pass_app
def list_users(app: App, as_json: bool) -> None:
    """List every user with its roles."""
    with app.engine() as engine:
        found = engine.people.users()
        if as_json:
            print_json([user.as_dict() for user in found])
            return
        heads = [
            app.text("user", "用户"),
            app.text("name", "姓名"),
            app.text("roles", "角色"),
            app.text("sees", "可见范围"),
            app.text("state", "状态"),
        ]
        _listing(app, app.text("Users", "用户"), heads, [_user_cells(app, user) for user in found])


@users.command("add")
@click.argument("name")
@click.option(
    "--role", "roles", multiple=True, required=True, type=click.Choice(list(ROLES)), help="What the user may do; may be repeated."
)
@click.option("--display-name", default="", help="The name that others see.")
@click.option("--language", "speaks", type=click.Choice(["en", "zh"]), help="The language of the console.")
@click.option("--reach", type=click.Choice(list(REACHES)), default="all", show_default=True, help="Whose customers the user sees.")
@click.option("--unit", help="The word by which facts name the user's unit.")
@click.option("--owner", help="The word by which facts name the user.")
@click.option("--no-password", is_flag=True, help="Nobody signs in as it; it is for keys.")
@pass_app
def add_user(
    app: App,
    name: str,
    roles: tuple[str, ...],
    display_name: str,
    speaks: str | None,
    reach: str,
    unit: str | None,
    owner: str | None,
    no_password: bool,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    password = None if no_password else _password(app)
    with app.engine() as engine:
        user = engine.people.add(
            name,
            roles=roles,
            display_name=display_name,
            password=password,
            language=speaks or app.language,
            reach=reach,
            unit=unit,
            owner=owner,
        )
    click.echo(app.text(f"{user.name} may sign in" if password else f"{user.name} may have keys", f"已添加用户 {user.name}"))


@users.command("disable")
@click.argument("name")
@click.option("--back", is_flag=True, help="Let the user in again.")
@pass_app
def disable_user(app: App, name: str, back: bool) -> None:
    """Let a user in no more: sessions end and keys are dead at once."""
    with app.engine() as engine:
        user = engine.people.disable(name, back=back)
    click.echo(app.text(f"{user.name} is {'enabled' if back else 'disabled'}", f"已{'启用' if back else '停用'}用户 {user.name}"))


@users.command("password")
@click.argument("name")
@pass_app
def set_password(app: App, name: str) -> None:
    """Give a user a new password, asked for or read from standard input; its sessions end."""
    with app.engine() as engine:
        engine.people.user(name)  # an unknown name is told before anything is asked
        engine.people.set_password(name, _password(app))
    click.echo(app.text(f"{name} has a new password", f"已为 {name} 设置新密码"))


@click.group(cls=Family, short_help="Keys by which programs use the HTTP API.")
def keys() -> None:
    """List, make and revoke the keys by which programs use the HTTP API."""


@keys.command("list")
@click.option("--user", help="Only keys that act as this user.")
@json_option
@pass_app
def list_keys(app: App, user: str | None, as_json: bool) -> None:
    """List keys; the secrets are not kept."""
    with app.engine() as engine:
        found = engine.people.keys(user)
        if as_json:
            print_json([key.as_dict() for key in found])
            return
        heads = [
            app.text("key", "编号"),
            app.text("begins", "开头"),
            app.text("title", "名称"),
            app.text("acts as", "身份"),
            app.text("scopes", "权限范围"),
            app.text("state", "状态"),
        ]
        _listing(app, app.text("Keys", "密钥"), heads, [_key_cells(app, key) for key in found])


@keys.command("make")
@click.argument("title")
@click.option("--user", required=True, help="As whom the key acts; it may never do more than this user.")
@click.option("--scope", "scopes", multiple=True, required=True, metavar="AREA:read|write", help="What the key may do; may be repeated.")
@click.option("--days", type=click.IntRange(1, 3_650), help="After how many days it expires; never when left out.")
@click.option("--test", is_flag=True, help="A key for a sandbox only.")
@json_option
@pass_app
def make_key(app: App, title: str, user: str, scopes: tuple[str, ...], days: int | None, test: bool, as_json: bool) -> None:
    """Make a key and print its secret, this once."""
    with app.engine() as engine:
        expires = None if days is None else int(engine.people.clock()) + days * 86_400
        secret, key = engine.people.make_key(title, user=user, scopes=scopes, expires_at=expires, test=test)
    if as_json:
        print_json({"secret": secret, **key.as_dict()})
        return
    click.echo(secret)
    click.echo(app.text("Keep it now: it is not shown again.", "请立即保存：密钥不会再次显示。"), err=True)


@keys.command("revoke")
@click.argument("number", type=ID)
@pass_app
def revoke_key(app: App, number: int) -> None:
    """Make key NUMBER dead."""
    with app.engine() as engine:
        key = engine.people.revoke_key(number)
    click.echo(app.text(f"{key.prefix} is revoked", f"已吊销密钥 {key.prefix}"))


def _password(app: App) -> str:
    if not sys.stdin.isatty():
        line = sys.stdin.readline().rstrip("\r\n")
        if not line:
            raise PeopleError("no password on standard input; type it at a terminal, or pipe one line")
        return line
    return str(click.prompt(app.text("Password", "密码"), hide_input=True, confirmation_prompt=True, err=True))


def _listing(app: App, title: str, heads: list[str], rows: list[list[Any]]) -> None:
    from engine.cli.show import listing

    listing(app, title, [(head, "left") for head in heads], rows)


def _user_cells(app: App, user: User) -> list[str]:
    roles = ", ".join(ROLES[role].title.in_(app.language) for role in user.roles)
    state = app.text("disabled", "已停用") if user.disabled else app.text("", "") if user.has_password else app.text("keys only", "仅密钥")
    return [user.name, user.display_name, roles, REACHES[user.reach].in_(app.language), state]


def _key_cells(app: App, key: Key) -> list[str]:
    state = app.text("revoked", "已吊销") if key.disabled_at else app.text("test", "测试") if key.test else ""
    return [str(key.id), key.prefix, key.title, key.user, ", ".join(key.scopes), state]
