"""Commands about the whole population: rulebook compare, rulebook wanted, division, portrait, radar."""

from __future__ import annotations

from pathlib import Path

import click

from engine.cli.shared import FAULTS, WRONG, App, json_option, pass_app, print_json


@click.command()
@click.argument("files", nargs=-1, required=True)
@click.option("--as-of", metavar="T", help="The moment. Default: that of the newest visible run.")
@json_option
@pass_app
def compare(app: App, files: tuple[str, ...], as_of: str | None, as_json: bool) -> None:
    """Lay several drafts and the live rulebook side by side, over every customer.

    FILES are rulebooks, or "starter". Nothing is stored. Exit code 1: a policy of a draft failed.
    """
    with app.engine() as engine:
        names = [Path(file).stem for file in files]
        drafts = dict(zip(names if len(set(names)) == len(names) and "live" not in names else files, files, strict=True))
        found = engine.insight.compare(drafts, as_of=as_of)
        moment, business = engine.written(found.as_of), engine.business
    if as_json:
        print_json(found.as_dict() | {"as_of": moment})
    else:
        from engine.render import insight

        insight.side_by_side(app.console, found, moment, app.language, currency=business.currency, minor_digits=business.minor_digits)
    click.get_current_context().exit(FAULTS if any(found.faults[name] for name in found.names[1:]) else 0)


@click.command()
@click.argument("file")
@click.argument("place")
@click.option("--output", "address", required=True, metavar="ADDRESS", help="The label output to count, such as abc.class.")
@click.option("--label", required=True, metavar="KEY", help="The label, such as A.")
@click.option("--count", required=True, type=click.IntRange(0), help="How many customers it should have.")
@click.option("--beyond", is_flag=True, help="More than the count is fine, where that is nearer.")
@click.option("--as-of", metavar="T", help="The moment. Default: that of the newest visible run.")
@click.option("-o", "--to", type=click.Path(path_type=Path), metavar="FILE", help="Write the changed rulebook there.")
@json_option
@pass_app
def wanted(
    app: App,
    file: str,
    place: str,
    address: str,
    label: str,
    count: int,
    beyond: bool,
    as_of: str | None,
    to: Path | None,
    as_json: bool,
) -> None:
    """Find the number at PLACE of FILE with which a label has the wanted count.

    PLACE is such as "abc.cuts[0]". FILE may be "live" or "starter". The count is never exceeded unless --beyond is given;
    exit code 2: not even the smallest count keeps within it.
    """
    with app.engine() as engine:
        draft = engine.version().document if file == "live" else file
        found = engine.insight.wanted(draft, place, address, label, count, beyond=beyond, as_of=as_of)
    if to is not None and found.document is not None:
        from engine.cli.rulebook import as_text
        from engine.export import write_bytes

        write_bytes(to, as_text(found.document, "json" if to.suffix.lower() == ".json" else "yaml").encode())
        click.echo(f"{to}", err=True)
    if as_json:
        print_json(found.as_dict())
    else:
        from engine.render import insight

        insight.wanted(app.console, found, app.language)
    click.get_current_context().exit(0 if found.value is not None else WRONG)


@click.command()
@click.argument("run_id", required=False, type=int, metavar="[RUN]")
@click.option("--since", type=int, metavar="RUN", help="The run to compare with. Default: the one before.")
@click.option("--most", type=click.IntRange(0), default=10, show_default=True, help="How many single customers to list.")
@json_option
@pass_app
def division(app: App, run_id: int | None, since: int | None, most: int, as_json: bool) -> None:
    """Say why labels grew and shrank: time, new facts, corrections, thresholds, rules.

    RUN is the later run, by default the newest visible one. The parts add up to the customer.
    """
    with app.engine() as engine:
        found = engine.insight.divide(run_id, since=since, most=most)
        first, second, business = engine.written(found.first_as_of), engine.written(found.second_as_of), engine.business
    if as_json:
        print_json(found.as_dict() | {"first_as_of": first, "second_as_of": second})
    else:
        from engine.render import insight

        insight.division(app.console, found, first, second, app.language, currency=business.currency, minor_digits=business.minor_digits)


@click.command()
@click.argument("address", metavar="OUTPUT")
@click.argument("label")
@click.option("--run", "run_id", type=int, metavar="RUN", help="Default: the newest visible run.")
@click.option("--feature", "features", multiple=True, metavar="NAME", help="A further feature to look at; may be repeated.")
@click.option("--most", type=click.IntRange(1), default=15, show_default=True, help="How many differences to list.")
@json_option
@pass_app
def portrait(app: App, address: str, label: str, run_id: int | None, features: tuple[str, ...], most: int, as_json: bool) -> None:
    """Say where the customers with LABEL differ from all others.

    OUTPUT is such as abc.class. The strongest difference comes first, each with its 95 % interval.
    """
    from engine.policy import Text

    with app.engine() as engine:
        found = engine.insight.portrait(address, label, run_id=run_id, features=features)
        rulebook = engine.rulebook(str(engine.run_record(run_id).version_id))
    if as_json:
        print_json(found.as_dict())
        return
    from engine.render import insight

    outputs = [o for step in rulebook.plan.steps for o in step.outputs if f"{step.entry.key}.{o.name}" == address]
    titles = {one.key: one.title for output in outputs for one in output.labels}
    insight.portrait(
        app.console,
        found,
        address,
        titles.get(label, Text(label, label)),
        lambda name: rulebook.catalogue.resolve(name).title,
        app.language,
        most=most,
    )


@click.command()
@click.argument("address", metavar="OUTPUT")
@click.argument("label", required=False)
@click.option("--days", type=click.IntRange(1), default=91, show_default=True, help="How far to look.")
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Days between two looks.")
@click.option("--most", type=click.IntRange(0), default=10, show_default=True, help="How many single customers to list.")
@json_option
@pass_app
def radar(app: App, address: str, label: str | None, days: int, every: int, most: int, as_json: bool) -> None:
    """Say who loses a label when, if everyone stays silent from now on.

    OUTPUT is such as lifecycle.stage; single customers are listed of LABEL, or of every label.
    """
    with app.engine() as engine:
        found = engine.insight.radar(address, label, days=days, every=every, most=most)
        moment, business = engine.written(found.as_of), engine.business
    if as_json:
        print_json(found.as_dict() | {"as_of": moment})
    else:
        from engine.render import insight

        insight.radar(app.console, found, moment, app.language, currency=business.currency, minor_digits=business.minor_digits)
