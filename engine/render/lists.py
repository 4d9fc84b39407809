"""Lists: features, plugins, runs, versions, faults, and what to type next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text as Line

from engine.catalogue import Feature
from engine.errors import Fault
from engine.policy import Text
from engine.registry import PluginHealth
from engine.render import scale
from engine.render.figures import duration, moment, number
from engine.render.page import Page, listing, pairs, widest
from engine.render.phrases import DTYPE, PLUGIN, SOURCE, STATUS, named
from engine.report import RunLine, VersionLine

_FEWEST_CELLS = 88
"""On a narrower page the meaning of a feature stands under its title instead of beside it."""


def features(console: Console, found: Sequence[Feature], language: str) -> None:
    """Print what rules can read, by source."""
    page = Page(console, language)
    count = number(len(found))
    page.title(
        page.say(f"{count} features that rules can read", f"规则可用的特征共 {count} 个")
        if found
        else page.say("No feature matches", "没有匹配的特征")
    )
    if any(feature.windowable for feature in found):
        page.print(Line(page.say("+ takes a window of days: orders.amount_365d", "带 + 的可加时间窗口：orders.amount_365d"), scale.QUIET))
    name_width = widest(feature.name for feature in found) + 2
    order = list(SOURCE)
    ordered = sorted(found, key=lambda f: (order.index(_source(f)) if _source(f) in order else len(order), f.name))
    for source, group in groupby(ordered, key=_source):
        page.title(named(SOURCE, source, page.language))
        heads = [("", "left"), ("", "left"), ("", "left")]
        table = listing(heads, ([_name(f, name_width), Line(_title(page, f)), Line(_kind(page, f), scale.QUIET)] for f in group), fold=1)
        table.show_header = False
        page.print(table)


def _source(feature: Feature) -> str:
    return feature.name.partition(".")[0] if feature.source == "derived" else feature.source


def _name(feature: Feature, width: int) -> Line:
    text = Line.assemble((feature.name, scale.BRAND), "+" if feature.windowable else "")
    text.pad_right(width - text.cell_len)
    return text


def _title(page: Page, feature: Feature) -> str:
    title = feature.title.in_(page.language)
    meaning = feature.meaning.in_(page.language) if feature.meaning else ""
    if not meaning or meaning == title:
        return title
    return f"{title}\n{meaning}" if page.width < _FEWEST_CELLS else page.say(f"{title}: {meaning}", f"{title}：{meaning}")


def _kind(page: Page, feature: Feature) -> str:
    kind = named(DTYPE, feature.dtype, page.language)
    return kind + (page.say(", may be none", "，可无值") if feature.nullable else "")


def plugins(console: Console, found: Sequence[PluginHealth], language: str) -> None:
    """Print every plugin with its health, and loudly what is wrong with the broken ones."""
    page = Page(console, language)
    broken = [plugin for plugin in found if plugin.status == "broken"]
    whole = Text(f"All {number(len(found))} plugins work", f"{number(len(found))} 个插件全部正常")
    some = Text(
        f"{number(len(broken))} of {number(len(found))} plugins broken, the others work",
        f"{number(len(found))} 个插件中有 {number(len(broken))} 个故障，其余正常",
    )
    page.title((some if broken else whole).in_(page.language) if found else page.say("There are no plugins", "没有插件"))
    tones = {"loaded": scale.OK, "broken": scale.BAD, "blocked": scale.STEPS[7]}
    heads = [
        ("", "left"),
        (page.say("version", "版本"), "left"),
        (page.say("state", "状态"), "left"),
        (page.say("offers", "提供"), "left"),
        (page.say("from", "来源"), "left"),
    ]
    rows = [
        [
            Line(plugin.name, scale.STRONG),
            Line(plugin.version),
            Line(named(PLUGIN, plugin.status, page.language), tones[plugin.status]),
            Line(", ".join([*plugin.policies, *plugin.features])),
            Line(plugin.origin, scale.QUIET),
        ]
        for plugin in found
    ]
    if found:
        page.print(listing(heads, rows, fold=3))
    for plugin in broken:
        page.callout(plugin.name, plugin.error.splitlines(), scale.BAD, f"tierwise plugins check {plugin.origin}")


def runs(console: Console, lines: Sequence[RunLine], language: str) -> None:
    """Print the runs, in the order given."""
    page = Page(console, language)
    count = number(len(lines))
    page.title(
        page.say(f"{count} runs" if len(lines) != 1 else "1 run", f"{count} 次运行")
        if lines
        else page.say("Nothing has run yet", "尚未运行")
    )
    tones = {"visible": scale.OK, "held": scale.WARN}
    heads = [(page.say(en, zh), side) for en, zh, side in _RUN_HEADS]
    if page.width < _FEWEST_CELLS:
        heads = heads[:-1]
    rows = [
        [
            Line(number(line.run), scale.STRONG),
            Line(moment(line.as_of, page.language)),
            Line(
                named(STATUS, line.status, page.language) + (page.say(", faults", "，有故障") if line.faults else ""),
                scale.BAD if line.faults else tones.get(line.status, ""),
            ),
            Line(str(line.rulebook_version)),
            Line(number(line.customers)),
            Line(number(line.moved)),
            Line(duration(line.seconds, page.language)),
            Line(line.digest[:12], scale.QUIET),
        ][: len(heads)]
        for line in lines
    ]
    if lines:
        page.print(listing(heads, rows))


_RUN_HEADS = (
    ("run", "运行", "right"),
    ("as of", "截至", "left"),
    ("status", "状态", "left"),
    ("rules", "规则版本", "right"),
    ("customers", "客户", "right"),
    ("moved", "变动", "right"),
    ("took", "用时", "right"),
    ("digest", "摘要", "left"),
)


def versions(console: Console, lines: Sequence[VersionLine], language: str) -> None:
    """Print the versions of the rulebook, in the order given, and which is live."""
    page = Page(console, language)
    live = next((line for line in lines if line.live), None)
    title = (
        Text(f"Version {live.number} is live", f"当前生效的是版本 {live.number}") if live else Text("No version is live", "没有生效的版本")
    )
    page.title(title.in_(page.language))
    heads = [
        ("", "right"),
        (page.say("hash", "哈希"), "left"),
        (page.say("published", "发布时间"), "left"),
        (page.say("author", "作者"), "left"),
        (page.say("note", "说明"), "left"),
    ]
    rows = [
        [
            Line(str(line.number), scale.COMMAND if line.live else scale.STRONG),
            Line(line.hash[:12], scale.QUIET),
            Line(moment(line.published, page.language) if line.published else page.say("never", "未发布")),
            Line(line.author),
            Line(line.note),
        ]
        for line in lines
    ]
    if lines:
        page.print(listing(heads, rows, fold=4))


def check_ok(
    console: Console, name: str, policies: Sequence[str], hash_: str, language: str, version: int | None = None, *, sound: bool = True
) -> None:
    """Print that a rulebook is sound, and what it holds. sound: False where it is well written and its rules conflict."""
    page = Page(console, language)
    known = (
        page.say(f"stored as version {version}", f"已存为版本 {version}")
        if version is not None
        else page.say("not published yet", "尚未发布")
    )
    good = page.say(f"{name} is sound", f"{name} 检查通过")
    page.title(
        good if sound else page.say(f"{name} has rules that conflict", f"{name} 的规则互相冲突"),
        page.dots([", ".join(policies), hash_[:12], known]),
    )


def faults(console: Console, found: Sequence[Fault], language: str, name: str = "") -> None:
    """Print every fault of a document: where it is, what stands there, what would be right."""
    page = Page(console, language)
    count = number(len(found))
    where = name or page.say("the document", "文档")
    page.title(page.say(f"{count} faults in {where}" if len(found) != 1 else f"1 fault in {where}", f"{where} 有 {count} 处错误"))
    for fault in found:
        page.callout(f"{fault.code}  {fault.place}", [fault.found], scale.BAD, fault.expected)


def next_steps(console: Console, steps: Sequence[tuple[str, str]], language: str) -> None:
    """Print what to type next: commands, and what each does."""
    page = Page(console, language)
    page.title(page.say("Next", "接下来"))
    if page.width < 2 + widest(f"{command}  {what}" for command, what in steps):
        for command, what in steps:
            page.print(Line(command, scale.COMMAND))
            page.print(pairs([("", Line(what))], indent=2))
        return
    width = widest(command for command, _ in steps)
    for command, what in steps:
        page.print(Line.assemble((command + " " * (width - widest([command]) + 3), scale.COMMAND), what))
