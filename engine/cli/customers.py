"""Commands about who is who: join, separate, flag."""

from __future__ import annotations

import click

from engine.cli.shared import App, Family, pass_app


@click.group(cls=Family, short_help="Join, separate, or leave out customers.")
def customers() -> None:
    """Join customers that are one, separate them again, keep some out of grading."""


@customers.command()
@click.argument("survivor")
@click.argument("other")
@pass_app
def join(app: App, survivor: str, other: str) -> None:
    """Say that OTHER is SURVIVOR: its ids and facts count for the survivor from now on."""
    with app.engine() as engine:
        engine.join_customers(survivor, other)
    click.echo(
        app.text(
            f"{other} is {survivor} from now on; run again to grade them as one", f"{other} 已并入 {survivor}；重新运行后按一位客户分级"
        )
    )


@customers.command()
@click.argument("customer")
@click.option("--source", help="Whose id it is, where two sources use the same.")
@pass_app
def separate(app: App, customer: str, source: str | None) -> None:
    """Undo a join: CUSTOMER gets its own ids and facts back."""
    with app.engine() as engine:
        engine.separate_customer(customer, source)
    click.echo(app.text(f"{customer} stands alone again; run again to grade it", f"{customer} 已拆分；重新运行后单独分级"))


@customers.command()
@click.argument("customer")
@click.option("--reason", help="Why it enters no grading: walk-in account, staff, test, restricted by law.")
@click.option("--clear", is_flag=True, help="Grade it again.")
@pass_app
def flag(app: App, customer: str, reason: str | None, clear: bool) -> None:
    """Keep CUSTOMER out of every policy, quantile and share, with a reason; or let it in again."""
    if bool(reason) == clear:
        raise click.UsageError("give either --reason TEXT or --clear")
    with app.engine() as engine:
        engine.flag_not_graded(customer, reason)
    click.echo(
        app.text(f"{customer} is graded again", f"{customer} 恢复分级")
        if clear
        else app.text(f"{customer} is not graded: {reason}", f"{customer} 不分级：{reason}")
    )
