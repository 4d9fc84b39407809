"""Cells of lists as people read them: money, counts, days, moments, labels on their colour; what is masked says so."""

from __future__ import annotations

from typing import Any

from flask import g
from markupsafe import Markup

from admin.words import t

MASK = "***"
NUMERIC = ("amount", "count", "days", "number")


def masked() -> Markup:
    """What stands for a value that the reader may not see."""
    return Markup('<span class="masked" title="{}">•••</span>').format(t("Hidden: it is personal data", "已脱敏：属于个人信息"))


def cell(kind: str, value: Any) -> Any:
    """A value of a column of this kind."""
    f = g.formats
    if value is None:
        return Markup('<span class="muted">–</span>')
    if value == MASK:
        return masked()
    match kind:
        case "amount":
            return f.money(round(value * 10**f.digits))
        case "count" | "days":
            return f.number(value)
        case "number":
            return f.number(value, 0 if float(value).is_integer() else 2)
        case "moment":
            return f.date(value)
        case "flag":
            return t("yes", "是") if str(value).lower() in ("true", "yes") else t("no", "否")
    return str(value)


WORDS = {
    "person": ("Person", "个人"),
    "company": ("Company", "企业"),
    "female": ("Female", "女"),
    "male": ("Male", "男"),
    "(none)": ("none", "无"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "true": ("yes", "是"),
    "false": ("no", "否"),
}
"""Values of filters that have a name in both languages."""


def worded(value: str) -> str:
    """A value of a filter as people read it."""
    return t(*WORDS[value]) if value in WORDS else value
