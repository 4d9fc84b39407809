"""Commands about gateways: gateway list, show, example, save, enable, disable, remove, try, messages, retry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from engine.cli.shared import App, Family, counted, json_option, pass_app, print_json, to_the_minute

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(cls=Family, short_help="By which messages go out, such as SMS and WeCom.")
def gateway() -> None:
    """Gateways by which messages of care plans go out, such as SMS and WeCom (企业微信)."""


@gateway.command("list")
@json_option
@pass_app
def list_(app: App, as_json: bool) -> None:
    """List gateways, and what became of their messages."""
    with app.engine() as engine:
        found = engine.gateways.list()
    if as_json:
        print_json([each.as_dict() for each in found])
        return
    from engine.cli.show import listing

    words = (("gateway", "网关"), ("channel", "渠道"), ("address", "地址"), ("state", "状态"))
    heads: list[Any] = [(app.text(en, zh), "left") for en, zh in words]
    heads += [(app.text(en, zh), "right") for en, zh in (("waiting", "待发送"), ("sent", "已发送"), ("failed", "失败"))]
    on, off = app.text("enabled", "启用"), app.text("disabled", "停用")
    rows = [
        [
            f"{each.gateway.key}: {each.gateway.title[app.language]}",
            each.gateway.channel,
            each.gateway.url,
            on if each.enabled else off,
            *(each.messages.get(state, 0) for state in ("waiting", "sent", "failed")),
        ]
        for each in found
    ]
    listing(app, app.text(f"{len(found)} gateways", f"{len(found)} 个消息网关"), heads, rows)


@gateway.command()
@click.argument("key")
@json_option
@pass_app
def show(app: App, key: str, as_json: bool) -> None:
    """Print gateway KEY as YAML; the secret is not shown."""
    from engine.document_writer import as_yaml

    with app.engine() as engine:
        found = engine.gateways.get(key)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(as_yaml(found.gateway.as_dict()), nl=False)


@gateway.command()
@click.argument("name", required=False)
@pass_app
def example(app: App, name: str | None) -> None:
    """Print example NAME as YAML, or name the examples."""
    from engine.care.gateways import EXAMPLES
    from engine.document_writer import as_yaml

    if name is None:
        click.echo("\n".join(EXAMPLES))
    elif name in EXAMPLES:
        click.echo(as_yaml(EXAMPLES[name]), nl=False)
    else:
        known = ", ".join(EXAMPLES)
        raise click.BadParameter(app.text(f"there is no example {name!r}; there are {known}", f"没有示例 {name!r}；现有 {known}"))


@gateway.command()
@click.argument("key")
@click.argument("file", type=FILE)
@click.option("--secret-file", type=FILE, help="A file that holds the secret; without it the one there is stays.")
@click.option("--disabled", is_flag=True, help="Keep it without letting it be used.")
@json_option
@pass_app
def save(app: App, key: str, file: Path, secret_file: Path | None, disabled: bool, as_json: bool) -> None:
    """Check FILE completely and keep it as gateway KEY."""
    from engine.documents import read_file

    secret = None if secret_file is None else secret_file.read_text(encoding="utf-8").strip()
    with app.engine() as engine:
        found = engine.gateways.save(key, read_file(file).value, secret=secret, enabled=not disabled)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(app.text(f"gateway {key} is saved", f"消息网关 {key} 已保存"))


@gateway.command()
@click.argument("key")
@pass_app
def enable(app: App, key: str) -> None:
    """Let gateway KEY be used from now on."""
    with app.engine() as engine:
        engine.gateways.enable(key)
    click.echo(app.text(f"gateway {key} is enabled", f"消息网关 {key} 已启用"))


@gateway.command()
@click.argument("key")
@pass_app
def disable(app: App, key: str) -> None:
    """Let gateway KEY rest; its messages wait."""
    with app.engine() as engine:
        engine.gateways.enable(key, False)
    click.echo(app.text(f"gateway {key} is disabled", f"消息网关 {key} 已停用"))


@gateway.command()
@click.argument("key")
@pass_app
def remove(app: App, key: str) -> None:
    """Remove gateway KEY and its secret."""
    with app.engine() as engine:
        engine.gateways.remove(key)
    click.echo(app.text(f"gateway {key} is removed", f"消息网关 {key} 已删除"))


@gateway.command("try")
@click.argument("key")
@click.argument("to")
@click.option("--text", default="Tierwise 测试 / test", show_default=True, help="What is said.")
@click.option("--send", is_flag=True, help="Send it, this once; without it the request is only shown.")
@json_option
@pass_app
def try_(app: App, key: str, to: str, text: str, send: bool, as_json: bool) -> None:
    """Show what gateway KEY would send to the address TO."""
    with app.engine() as engine:
        found = engine.gateways.trial(key, to, text=text, send=send)
    if as_json:
        print_json(found.as_dict())
    else:
        click.echo(f"{found.method} {found.url}")
        for name, value in found.headers.items():
            click.echo(f"{name}: {value}")
        click.echo(f"\n{found.body}\n")
        size = f"{found.characters:,}", f"{found.bytes:,}", f"{found.parts:,}"
        click.echo(app.text("{} characters, {} bytes, {} parts".format(*size), "{} 字符，{} 字节，{} 条".format(*size)))
        if not found.sent:
            click.echo(app.text("not sent; --send sends it", "未发送；--send 才会发送"))
        elif found.refusal is None:
            click.echo(app.text(f"sent: answered {found.status}", f"已发送：应答 {found.status}"))
        else:
            click.echo(app.text(f"not accepted: {found.refusal}", f"未被接收：{found.refusal}"))
    if found.refusal is not None:
        raise SystemExit(1)


@gateway.command()
@click.option("--status", type=click.Choice(["waiting", "sent", "failed"]), help="Only those in this state.")
@click.option("--gateway", "key", metavar="KEY", help="Only those of this gateway.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="How many at most.")
@json_option
@pass_app
def messages(app: App, status: str | None, key: str | None, limit: int, as_json: bool) -> None:
    """List the newest messages, and why some failed."""
    with app.engine() as engine:
        found = engine.gateways.messages(status=status, gateway=key, limit=limit)
        moments = [engine.written(each.created_at) for each in found]
    if as_json:
        print_json([each.as_dict() for each in found])
        return
    from engine.cli.show import listing

    words = (
        ("number", "编号"),
        ("since", "时间"),
        ("customer", "客户"),
        ("plan", "计划"),
        ("by", "方式"),
        ("state", "状态"),
        ("error", "错误"),
    )
    heads: list[Any] = [(app.text(en, zh), "left") for en, zh in words]
    states = {"waiting": app.text("waiting", "待发送"), "sent": app.text("sent", "已发送"), "failed": app.text("failed", "失败")}
    rows = [
        [each.id, to_the_minute(moment), each.customer, each.plan, each.gateway or each.kind, states[each.status], each.last_error]
        for each, moment in zip(found, moments, strict=True)
    ]
    listing(app, app.text(counted(len(found), "message"), f"{len(found)} 条消息"), heads, rows)


@gateway.command()
@click.argument("numbers", type=int, nargs=-1)
@click.option("--gateway", "key", metavar="KEY", help="All failed ones of this gateway.")
@pass_app
def retry(app: App, numbers: tuple[int, ...], key: str | None) -> None:
    """Let failed messages NUMBERS wait once more."""
    with app.engine() as engine:
        count = engine.gateways.retry(numbers or None, gateway=key)
    click.echo(app.text(f"{count} messages wait once more", f"{count} 条消息将重发"))
