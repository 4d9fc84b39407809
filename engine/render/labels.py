"""The ladder of labels: who is in them and what they bring, side by side on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.text import Text as Line

from engine.policy import Text
from engine.render import scale
from engine.render.figures import amount, bar, number, share, sign
from engine.render.findings import output_finding
from engine.render.page import Page, widest
from engine.report import OutputSummary

LONGEST_TITLE = 28
"""Cells; a longer title is cut with an ellipsis."""

FEWEST, MOST = 6, 26
"""Cells of a bar. Where not even the fewest fit, there are no bars."""

SHARE = 6
"""Cells of a share, with the space before it."""

GAP = 2
EDGE = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a ladder, in figures as they are shown. The shares draw the bars; a row without a step has none."""

    title: str
    customers: str
    size: str
    revenue: str = ""
    part: str = ""
    step: int | None = None
    size_share: float = 0.0
    part_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Ladder:
    """One output as rows: its labels, the customers without a value by reason, the sum."""

    finding: str
    subtitle: str
    rows: Sequence[Row]

    @classmethod
    def of(cls, page: Page, output: OutputSummary, digits: int, withheld: Mapping[Text, int]) -> Ladder:
        """Write an output in the language of the page. digits: of the minor units. withheld: customers by reason."""
        total, revenue = output.customers, output.amount

        def row(title: str, customers: int, minor: int | None, step: int | None = None) -> Row:
            first = (title, number(customers), share(customers, total))
            if minor is None:
                return Row(*first)
            shares = (customers / max(total, 1), max(minor, 0) / max(revenue, 1))
            return Row(*first, amount(minor, digits, exact=False), share(minor, revenue), step, *shares)

        rows = [row(line.title.in_(page.language), line.customers, line.amount, line.step) for line in output.lines]
        reasons = _reasons(output, withheld)
        if len(reasons) == 1:
            rows += [row(f"– {reason.in_(page.language)}", count, output.withheld_amount) for reason, count in reasons.items()]
        elif reasons:
            rows.append(row(page.say("– without a value", "– 无结果"), output.withheld, output.withheld_amount))
            rows += [row(f"    {reason.in_(page.language)}", count, None) for reason, count in reasons.items()]
        rows.append(row(page.say("all", "合计"), total, revenue))
        return cls(output_finding(output).in_(page.language), page.dots([output.title.in_(page.language), output.address]), rows)

    def print(self, page: Page, layout: Layout) -> None:
        """Print the finding and the rows."""
        page.title(self.finding, self.subtitle)
        page.print(layout.head_line())
        top = max((max(row.size_share, row.part_share) for row in self.rows if row.step), default=0.0)
        for row in self.rows:
            page.print(layout.line(row, top))


def _reasons(output: OutputSummary, withheld: Mapping[Text, int]) -> dict[Text, int]:
    """Customers without a value, by reason; the reasons make up exactly `output.withheld`."""
    named = {reason: count for reason, count in withheld.items() if count}
    rest = output.withheld - sum(named.values())
    if rest < 0:  # an output of its own may have a value where another of the policy has none
        named, rest = {}, output.withheld
    return {**named, Text("no value", "无结果"): rest} if rest else named


@dataclass(frozen=True, slots=True)
class Layout:
    """Widths in cells, the same for every ladder of a page."""

    heads: tuple[str, str]
    title: int
    customers: int
    revenue: int
    bars: int

    @classmethod
    def of(cls, page: Page, ladders: Sequence[Ladder], currency: str) -> Layout:
        """Give the bars what the titles and figures leave of the page."""
        rows = [row for ladder in ladders for row in ladder.rows]
        heads = page.say("customers", "客户"), page.say("revenue", "收入") + f" {sign(currency)}".rstrip()
        title = min(LONGEST_TITLE, widest(row.title for row in rows if row.step))
        customers = widest((row.customers for row in rows), cell_len(heads[0]) - SHARE)
        revenue = widest((row.revenue for row in rows), cell_len(heads[1]) - SHARE)
        left = page.width - (EDGE + title + GAP + customers + SHARE + GAP + revenue + SHARE)
        bars = min(MOST, left // 2 - GAP)
        if bars < FEWEST:
            return cls(heads, max(6, title + min(left, 0)), customers, revenue, 0)
        return cls(heads, title, customers, revenue, bars)

    def head_line(self) -> Line:
        """The two heads, each ending where its figures end."""
        bars = self.bars + GAP if self.bars else 0
        first = EDGE + self.title + bars + GAP + self.customers + SHARE
        return Line(_right(self.heads[0], first) + _right(self.heads[1], bars + GAP + self.revenue + SHARE), scale.QUIET)

    def line(self, row: Row, top: float) -> Line:
        """A row; `top` is the share that fills a bar."""
        if row.step is None:
            return self._quiet(row)
        text = Line.assemble(scale.swatch(row.step), " ", _left(row.title, self.title))
        for width, value, part, size in (
            (self.customers, row.customers, row.size, row.size_share),
            (self.revenue, row.revenue, row.part, row.part_share),
        ):
            if self.bars:
                text.append(" " * GAP + _left(bar(size, top, self.bars), self.bars), scale.colour(row.step))
            text.append(_right(value, GAP + width))
            text.append(_right(part, SHARE), scale.QUIET)
        return text

    def _quiet(self, row: Row) -> Line:
        """A row without bars: its title may take their place."""
        bars = self.bars + GAP if self.bars else 0
        first = _left(row.title, self.title + bars) + _right(row.customers, GAP + self.customers) + _right(row.size, SHARE)
        second = _right(row.revenue, bars + GAP + self.revenue) + _right(row.part, SHARE)
        return Line(" " * EDGE + (first + second).rstrip(), scale.QUIET)


def _left(text: str, width: int) -> str:
    """The text in exactly so many cells; a longer one ends in an ellipsis."""
    if cell_len(text) > width:
        text = set_cell_size(text, width - 1).rstrip() + "…"
    return set_cell_size(text, width)


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text
