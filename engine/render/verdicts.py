"""Every rule that was looked at, with a mark for its verdict: conditions as trees, tables by row and cell, scorecards by item."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text as Line

from engine.render import scale
from engine.render.page import Page

LONGEST = 400
"""Characters of one threshold; nested edges may be thousands."""


def verdict(page: Page, node: Mapping[str, Any]) -> Iterator[Line]:
    """The lines of one entry of `Explanation.verdicts`; a form that is not known is shown as JSON."""
    match node.get("kind"):
        case "conditions":
            for rule in node["rules"]:
                yield _marked(rule["verdict"], rule["name"], 0, strong=rule["rule"] == node["decided_by"])
                yield from tree(page, rule["condition"], 1)
        case "table":
            yield from _rows(page, node)
        case "scorecard":
            yield from _items(page, node)
        case _:
            yield Line(brief(node))


def tree(page: Page, node: Mapping[str, Any], indent: int = 0) -> Iterator[Line]:
    """A condition, one comparison per line."""
    if "items" in node:
        heads = {"all": page.say("all of", "全部满足"), "any": page.say("any of", "任一满足"), "not": page.say("not", "不满足")}
        yield _marked(node["verdict"], heads.get(node["op"], node["op"]), indent)
        for item in node["items"]:
            yield from tree(page, item, indent + 1)
        return
    yield _marked(node["verdict"], _comparison(page, node), indent)


def _comparison(page: Page, node: Mapping[str, Any]) -> str:
    title, found, test = node.get("title", node.get("feature", node.get("input", ""))), node.get("found_text", ""), node["test_text"]
    why = page.say(f"; {node['why']}", f"；{node['why']}") if node.get("why") else ""
    return page.say(f"{title}: {test} (is {found}){why}", f"{title}：{test}（实为 {found}）{why}")


def _rows(page: Page, node: Mapping[str, Any]) -> Iterator[Line]:
    if node.get("rows_left_out"):
        yield Line(page.say(f"{node['rows_left_out']:,} more rows", f"另有 {node['rows_left_out']:,} 行"), scale.QUIET)
    for row in node["rows"]:
        then = ", ".join(str(value) for value in row["then"])
        head = page.say(f"row {row['row']} → {then}", f"第 {row['row']} 行 → {then}")
        yield _marked(row["matches"], head, 0, strong=row["row"] == node["decided_by"])
        for cell in row["cells"]:
            if cell["test"] != "-":
                yield _marked(cell["verdict"], _comparison(page, cell), 1)
    if node.get("default"):
        yield _marked(True, page.say("default", "默认"), 0, strong=True)


def _items(page: Page, node: Mapping[str, Any]) -> Iterator[Line]:
    for item in node["items"]:
        points = (
            page.say("left out", "剔除") if item["points"] is None else page.say(f"{item['points']:g} points", f"{item['points']:g} 分")
        )
        weight = page.say(f"weight {item['weight']:g}", f"权重 {item['weight']:g}")
        found = item.get("found_text", item["found"])
        yield _marked(
            item["points"] is not None,
            page.say(
                f"{item.get('title', item['input'])} {found}: {points}, {weight}",
                f"{item.get('title', item['input'])} {found}：{points}，{weight}",
            ),
            0,
        )
        for row in item["rows"]:
            test = row["cells"][0].get("test_text", row["cells"][0]["test"])
            yield _marked(row["row"] == item["decided_by"], f"{test} → {row['then'][0]:g}", 1)
    for grade in node["grades"]:
        begins = page.say("below", "以下") if grade["from"] is None else f"≥ {grade['from']:g}"
        yield _marked(grade["reached"], f"{grade['grade']} {begins}", 0)


def _marked(verdict: bool | None, text: str, indent: int, *, strong: bool = False) -> Line:
    sign = {True: "+", False: "-", None: "?"}[verdict]
    style = scale.STRONG if strong else "" if verdict else scale.QUIET
    return Line.assemble(("  " * indent, ""), (f"{sign} ", scale.QUIET), (text, style))


def brief(value: Any) -> str:
    """A value as short JSON."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
