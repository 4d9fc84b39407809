"""Put titles and words beside the names and values of structured verdicts, in the language of the reader.

What a policy hands out (`Policy.verdicts`, `Condition.explain`) names features by address and values as they are;
programs read that. People read `title`, `found_text` and `test_text`, which are added here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.quantities import Comparison
from engine.rule_words import cell_words, wanted
from engine.wording import Words


def told(node: Any, words: Words) -> Any:
    """The same tree with words beside every comparison, cell and item."""
    if isinstance(node, list | tuple):
        return [told(each, words) for each in node]
    if not isinstance(node, Mapping):
        return node
    found = {key: told(value, words) for key, value in node.items()}
    if "feature" in node and "op" in node and "verdict" in node:
        found |= _named(node["feature"], node, words)
        found["test_text"] = wanted(
            Comparison(node["feature"], node["found"], node["verdict"], node["op"], node["bound"], node.get("other"), node.get("days")),
            words,
        )
        if "why" in found:
            missing = [name for name in (node["feature"], node.get("other")) if name and _lacks(node, name)]
            found["why"] = _unknown(missing or [node["feature"]], words)
    elif "input" in node:
        found |= _named(node["input"], node, words)
        if "test" in node:
            found["test_text"] = cell_words(node["input"], node["test"], words)
        if "why" in found:
            found["why"] = _unknown([node["input"]], words)
    return found


def _named(name: str, node: Mapping[str, Any], words: Words) -> dict[str, Any]:
    return {"title": words.title(name), "found_text": words.shown(name, node.get("found"))}


def _lacks(node: Mapping[str, Any], name: str) -> bool:
    return node["found"] is None if name == node["feature"] else node["bound"] is None


def _unknown(names: list[str], words: Words) -> str:
    titles = words.pick(" and ", "、").join(map(words.title, names))
    return words.pick(f"unknown because {titles} is missing", f"因{titles}缺失而无法判断")
