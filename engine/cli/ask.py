"""Commands about single customers: evaluate, explain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.cli.shared import FAULTS, ID, App, json_option, pass_app, print_json
from engine.errors import FeatureError, TierwiseError

if TYPE_CHECKING:
    from engine.evaluate import Evaluation


@click.command(short_help="Say why a customer is where it is.")
@click.argument("customer")
@click.argument("policy", required=False)
@click.option("--policy", "policy_option", metavar="KEY", help="One policy; the same as naming it after the customer.")
@click.option("--to", metavar="OUTCOME", help="What it would take to have this outcome: A, or class=A, or its title.")
@click.option("--run", "run_id", type=ID, metavar="ID", help="Of this run, however long ago.")
@click.option("--at", metavar="MOMENT", help="Of the run in force at this moment.")
@click.option("--feature", metavar="NAME", help="The facts that this feature counts, and those it leaves out, with the reason.")
@click.option(
    "--page", type=click.IntRange(1, 10_000_000), default=1, metavar="N", help="With --feature: which hundred facts, the newest first."
)
@click.option("--full", is_flag=True, help="Every rule with its verdict, and what was learnt from all customers.")
@json_option
@pass_app
def explain(
    app: App,
    customer: str,
    policy: str | None,
    policy_option: str | None,
    to: str | None,
    run_id: int | None,
    at: str | None,
    feature: str | None,
    page: int,
    full: bool,
    as_json: bool,
) -> None:
    """Say why CUSTOMER is where it is, and the nearest change that would give another outcome.

    Of the newest visible run, or of any other; of one POLICY, or of all.
    """
    if policy and policy_option and policy != policy_option:
        raise click.UsageError(f"two policies, {policy} and {policy_option}; name one")
    if feature and (policy or policy_option or to or full):
        raise click.UsageError("--feature lists facts; it goes with --run, --at and --page, not with a policy, --to or --full")
    if page > 1 and not feature:
        raise click.UsageError("--page goes through the facts of a --feature")
    if feature:
        _evidence(app, customer, feature, run_id, at, page, as_json=as_json)
        return
    with app.engine() as engine:
        explanations = engine.explain(customer, policy or policy_option, language=app.language, run_id=run_id, at=at, to=to)
        if as_json:
            print_json({"customer": customer, "explanations": [explanation.as_dict() for explanation in explanations]})
            return
        from engine import render
        from engine.cli.views import explanation_view

        views = [explanation_view(engine, explanation, full=full) for explanation in explanations]
        as_of = explanations[0].as_of if explanations else ""
        render.explanation(app.console, views, app.language, customer=customer, name=engine.customer_name(customer) or "", as_of=as_of)


def _evidence(app: App, customer: str, feature: str, run_id: int | None, at: str | None, page: int, *, as_json: bool) -> None:
    with app.engine() as engine:
        found = engine.evidence(customer, feature, run_id=run_id, at=at, offset=100 * (page - 1), limit=100, language=app.language)
        if as_json:
            print_json(found.as_dict())
            return
        from engine import render

        render.evidence(app.console, found, app.language, page=page)


@click.command(short_help="Grade some customers now, storing nothing.")
@click.argument("customer", nargs=-1)
@click.option("--features", metavar="JSON|@FILE", help="Feature values instead of stored facts: an object, or a list of objects.")
@click.option("--as-of", metavar="T", help="Read the facts as of this moment; default that of the run.")
@json_option
@pass_app
def evaluate(app: App, customer: tuple[str, ...], features: str | None, as_of: str | None, as_json: bool) -> None:
    """Grade some customers now, with the thresholds of the newest visible run; nothing is stored.

    Give ids of stored customers, or --features '{"orders.count": 3, ...}'; what is not given is missing.
    """
    if bool(customer) == bool(features):
        raise click.UsageError("give customers or --features, one of the two")
    with app.engine() as engine:
        found = engine.evaluate(features=_rows(features)) if features else engine.evaluate(customer, as_of=as_of)
        names = list(customer) if customer else [None] * len(found)
        if as_json:
            from engine.cli.answers import evaluation_answer

            print_json([evaluation_answer(one, name, engine.zone) for one, name in zip(found, names, strict=True)])
        else:
            for number, (one, name) in enumerate(zip(found, names, strict=True), 1):
                _print(app, one, name or f"#{number}", engine.written(one.as_of))
    click.get_current_context().exit(FAULTS if any(one.faults for one in found) else 0)


def _rows(given: str) -> list[dict[str, Any]]:
    """The feature values of --features. Raises `FeatureError` that says where the JSON is wrong."""
    place, text = "--features", given
    if given.startswith("@"):
        place = given[1:]
        try:
            text = Path(place).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise TierwiseError(f"{place} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        rows = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise FeatureError(
            f'{place}, line {error.lineno}, column {error.colno}: not JSON, {error.msg}; expected {{"orders.count": 3}}'
        ) from None
    except ValueError:  # Python reads whole numbers of up to 4,300 digits
        raise FeatureError(f"{place}: a number with thousands of digits; expected a finite number") from None
    except RecursionError:
        raise FeatureError(f"{place}: nested too deeply; expected an object of feature values") from None
    rows = rows if isinstance(rows, list) else [rows]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise FeatureError(f"{place}: expected an object of feature values, or a list of such objects")
    return rows


def _no_constant(name: str) -> Any:
    raise FeatureError(f"--features: found {name}; expected a finite number")


def _print(app: App, one: Evaluation, name: str, as_of: str) -> None:
    from engine.cli.show import listing

    rows = []
    for address, value in one.values.items():
        why = one.withheld.get(address.partition(".")[0], "") if value is None else ""
        rows.append([address, _plain(value), why])
    rows += [[policy, None, fault] for policy, fault in one.faults.items()]
    about = app.text(
        f"as of {as_of}, with the thresholds of run {one.run}; nothing stored", f"截至 {as_of}，采用运行 {one.run} 的阈值；未存储"
    )
    listing(app, name, [("", "left"), (app.text("value", "值"), "left"), ("", "left")], rows, fold=2, about=about)


def _plain(value: Any) -> Any:
    """A value for reading: lists joined, whole numbers without a point."""
    if isinstance(value, list):
        return ", ".join(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value
