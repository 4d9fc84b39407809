"""Where the customers behind a number are listed, for pages of every kind."""

from __future__ import annotations

from typing import Any

from flask import url_for

from admin.access import may


def members(address: str, key: str) -> str | None:
    """Where the customers of a label are listed, if that page is installed and open to the reader."""
    return _page("customers", of=address, value=key)


def moves(address: str, was: str, now: str) -> str | None:
    """Where the customers that went from one label to another are listed."""
    return _page("changes", of=address, was=was, now=now)


def _page(key: str, **arguments: Any) -> str | None:
    from admin.sidebar import entries

    entry = entries().get(key)
    return url_for(entry.endpoint, **arguments) if entry is not None and may(entry.area) else None
