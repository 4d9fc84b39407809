"""Changes: who moved in a run, or between two, with the matrix above and the customers below."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from flask import Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from admin import labels
from admin.access import acting
from admin.pages import Page
from admin.pictures import Matrix
from admin.views.customer import main_output
from admin.views.customers import TYPES, file_parts
from admin.words import t
from engine import TierwiseError

NONE = "(none)"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for. was, now: None for any, "" for no value."""

    output: str
    run: int | None
    since: int | None
    was: str | None
    now: str | None
    page: int

    def address(self, **changes: Any) -> str:
        """The address with something else."""
        plain: dict[str, Any] = {"of": self.output, "run": self.run, "since": self.since, "was": _word(self.was), "now": _word(self.now)}
        plain |= {"page": self.page or None} | changes
        return url_for("changes.index", **{key: value for key, value in plain.items() if value is not None})


def _word(key: str | None) -> str | None:
    return NONE if key == "" else key


def _asked(looks: Any) -> Asked:
    args = request.args
    number = {name: args.get(name, type=int) for name in ("run", "since", "page")}
    words = {
        name: (None if name not in args or args[name] == "any" else "" if args[name] in (NONE, "") else args[name])
        for name in ("was", "now")
    }
    page = number["page"] or 0
    return Asked(args.get("of") or main_output(looks), number["run"], number["since"], words["was"], words["now"], page)


class Changes(Page):
    """The page."""

    menu_key = "changes"
    area = "results"
    title = ("Changes", "变动")

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """The matrix and the list."""
        engine = acting()
        runs = engine.customers.runs()
        looks = labels.outputs(engine)
        common = {"crumb": t(*self.title), "runs": runs, "looks": looks, "help": _help()}
        asked = _asked(looks)
        if len(runs) < 2 or not looks:
            return self.page(
                "console/changes.html", title=t("Nothing to compare yet", "暂无可比较的运行"), moves=None, fault="", asked=asked, **common
            )
        fault, status = "", 200
        try:
            found = engine.customers.moves(asked.output, **_options(asked))
        except TierwiseError as error:
            if request.args:
                fault, status = str(error), 400
            asked, comparable = _comparable(engine, looks)
            if comparable is None:
                return self.page(
                    "console/changes.html", title=t("Nothing to compare", "无法比较"), moves=None, fault=str(error), asked=asked, **common
                ), status
            found = comparable
        look = looks[found.address] if found.address in looks else labels.OutputLook(found.address, found.address, {})
        return self.page(
            "console/changes.html",
            title=_title(found, look),
            moves=found,
            asked=asked,
            fault=fault,
            look=look,
            matrix=_matrix(found, look, asked),
            up=_direction(found, look, 1),
            down=_direction(found, look, -1),
            way=lambda was, now: _way(look, was, now),
            formats=[(key, key.upper()) for key in TYPES],
            **common,
        ), status

    @expose("/export/<kind>")
    def export(self, kind: str) -> ResponseReturnValue:
        """All that fit, as a file."""
        engine = acting()
        asked = _asked(labels.outputs(engine))
        file = tempfile.TemporaryFile()  # noqa: SIM115  # closed when the answer has been sent
        options = _options(asked)
        options.pop("page")
        try:
            engine.customers.export_moves(asked.output, kind, file, **options)
        except BaseException:
            file.close()
            raise
        headers = {"Content-Disposition": f'attachment; filename="changes.{kind}"', "Content-Length": str(file.tell())}
        return Response(file_parts(file), headers=headers, content_type=TYPES[kind])


def _comparable(engine: Any, looks: Any) -> tuple[Asked, Any]:
    """The main output, or the first that both runs have: one that came with the newest rulebook is in no run before it."""
    for address in dict.fromkeys((main_output(looks), *looks)):
        asked = Asked(address, None, None, None, None, 0)
        with contextlib.suppress(TierwiseError):
            return asked, engine.customers.moves(asked.output, **_options(asked))
    return Asked(main_output(looks), None, None, None, None, 0), None


def _options(asked: Asked) -> dict[str, Any]:
    return {"run_id": asked.run, "since": asked.since, "was": asked.was, "now": asked.now, "page": asked.page}


def _way(look: Any, was: str, now: str) -> int:
    """1 for a rise, -1 for a fall."""
    before, after = look.of(was), look.of(now)
    if before is None or after is None or before.rank is None or after.rank is None:
        return 0
    return int(before.rank > after.rank) - int(before.rank < after.rank)


def _direction(found: Any, look: Any, way: int) -> int:
    return sum(n for (was, now), n in found.cells.items() if _way(look, was, now) == way)


def _matrix(found: Any, look: Any, asked: Asked) -> Any:
    picture = SimpleNamespace(movement=SimpleNamespace(cells=found.cells), bands=list(look.labels.values()))
    return Matrix(picture, lambda was, now: asked.address(was=was or NONE, now=now or NONE, page=None))


def _title(found: Any, look: Any) -> str:
    """How many moved, and which way more of them."""
    f = g.formats
    what = t(look.title)
    moved = sum(n for (was, now), n in found.cells.items() if was != now)
    if not moved:
        return t("{what}: nobody moved", "{what}：无变动", what=what)
    up, down = _direction(found, look, 1), _direction(found, look, -1)
    n = f.number(moved)
    if up == down:
        return t("{what}: {n} moved, as many up as down", "{what}：{n} 位变动，升降相当", what=what, n=n)
    if down > up:
        return t("{what}: {n} moved, more fell than rose", "{what}：{n} 位变动，下降多于上升", what=what, n=n)
    return t("{what}: {n} moved, more rose than fell", "{what}：{n} 位变动，上升多于下降", what=what, n=n)


def _help() -> str:
    return t(
        "A row of the matrix is where customers were, a column where they are; press a number to list them. The list begins with those who "
        "buy most, and says what is different about each. Open a customer for the reason in full.",
        "矩阵的行是之前的取值，列是现在的取值，点击数字可列出对应客户。列表按销售额从高到低排列，并说明每位客户的变化。打开客户可查看完整原因。",
    )


PAGES = [Changes]
