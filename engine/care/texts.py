"""Texts of care plans: ${name} and a few others are filled in; nothing else can be, and what is filled in is only text."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template

PLACEHOLDERS = ("name", "customer", "level", "manager", "date", "days")
"""What a text may hold: the customer's name and id, the title of the level, the account manager, the occasion's date, days of silence."""


def wrong_placeholders(text: str) -> list[str]:
    """Placeholders that are not known, each once; "" for a $ that begins none."""
    template = Template(text)
    if not template.is_valid():
        return [""]
    return [name for name in template.get_identifiers() if name not in PLACEHOLDERS]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; what is not known is left out."""
    return Template(text).substitute({name: values.get(name, "") for name in PLACEHOLDERS})
