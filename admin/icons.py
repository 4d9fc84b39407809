"""The icons of the console: one stroke each on a grid of 16, drawn in the colour of the text around them."""

from __future__ import annotations

from markupsafe import Markup, escape

PATHS = {
    "overview": "M2.5 7 8 2.5 13.5 7v6.5h-4v-4h-3v4h-4z",
    "rulebook": "M3 2.5h7.5A2.5 2.5 0 0 1 13 5v8.5H5.5A2.5 2.5 0 0 1 3 11zM3 11a2.5 2.5 0 0 1 2.5-2.5H13",
    "simulations": "M2.5 4h3c4 0 1 8 5 8h3M11.5 10l2 2-2 2M2.5 12h2.5M10 4h3.5M11.5 2l2 2-2 2",
    "reviews": "M2.5 3h11v8h-6l-3 2.5V11h-2zM5.5 7l1.7 1.6L10.5 5.5",
    "customers": "M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.8 13.5c0-2.3 1.7-4 4.2-4s4.2 1.7 4.2 4M10.5 3.2a2.4 2.4 0 0 1 0 4.6M12 9.8c1.4.6 2.3 1.9 2.3 3.7",
    "results": "M2.5 13.500h11M4 11V8M7 11V4M10 11V6.500M13 11V2.5",
    "changes": "M2.5 5.500h10M10 3l2.5 2.500L10 8M13.5 10.500h-10M6 8l-2.5 2.500L6 13",
    "lists": "M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01",
    "levels": "M8 2l1.8 3.9 4.2.5-3.1 2.9.8 4.200L8 11.400l-3.7 2.1.8-4.200L2 6.400l4.2-.5z",
    "tickets": "M2 4.500h12v2.300a1.3 1.3 0 0 0 0 2.500v2.200H2V9.300a1.3 1.3 0 0 0 0-2.500zM9.5 4.500v7",
    "attainment": "M2.5 13.500h11M3.5 10.500l3-3 2.500 2 4-5M10.5 4.500H13V7",
    "calendars": "M2.5 3.500h11v10h-11zM2.5 6.500h11M5.5 2v3M10.5 2v3",
    "answers": "M2.5 3h11v8h-6l-3 2.500V11h-2zM5 6h6M5 8.500h4",
    "tasks": "M3 3h10v10H3zM5.5 8l1.8 1.800L10.7 6",
    "managers": "M8 7.5a2.5 2.5 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM3 13.500c.3-2.600 2.3-4 5-4s4.700 1.400 5 4M6.500 9.500 8 11l1.500-1.500",
    "pool": "M2 6.500c2-1.500 4-1.500 6 0s4 1.500 6 0M2 10c2-1.500 4-1.500 6 0s4 1.500 6 0M2 13.500c2-1.500 4-1.500 6 0s4 1.500 6 0",
    "care": "M8 13.500 3 8.300a3 3 0 0 1 4.300-4.200L8 4.800l.7-.7A3 3 0 0 1 13 8.300z",
    "gateways": "M2 8 14 2.500 10 13.500 7.5 9.500zM7.5 9.500 14 2.500",
    "members": "M2 4h12v8.500H2zM2 7h12M4.5 10h3",
    "points": "M8 13.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 5v6M6.3 6.500h3.400M6.3 9.300h3.4",
    "rewards": "M2.5 6h11v2.500h-11zM3.5 8.500h9v5h-9zM8 6v7.500M8 6C5 6 4.5 2.5 6.5 2.5 8 2.5 8 6 8 6zM8 6c3 0 3.5-3.5 1.5-3.500C8 2.5 8 6 8 6z",
    "runs": "M4.5 2.800v10.400l8.5-5.200z",
    "imports": "M8 10.500v-8M5 5.500l3-3 3 3M2.5 10.500v3h11v-3",
    "plugins": "M5.5 2v3M10.5 2v3M3.5 5h9v2.500a4.5 4.5 0 0 1-9 0zM8 12v2.5",
    "jobs": "M2.5 3.500h11v3h-11zM2.5 9.500h11v3h-11zM5 5h.01M5 11h.01",
    "users": "M10 9.500a3.5 3.5 0 1 0-3.3-2.300L2.5 11.500v2h2.300v-1.700h1.700V10h1.6",
    "audit": "M8 1.800l5 2v4c0 3.2-2 5.3-5 6.4-3-1.1-5-3.2-5-6.400v-4zM5.7 8l1.7 1.7 3-3.2",
    "settings": "M8 10.200a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.400zM8 1.800v2M8 12.200v2M1.8 8h2M12.2 8h2M3.6 3.600l1.4 1.400M11 11l1.4 1.400M12.4 3.6 11 5M5 11l-1.4 1.4",
    "help": "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM6.3 6.5c0-2.2 3.4-2.2 3.4 0 0 1.3-1.7 1.4-1.7 2.7M8 11.2h.01",
    "moon": "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z",
    "search": "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5l3.5 3.5",
    "print": "M4.5 6V2.5h7V6M4.5 11h-2V6h11v5h-2M4.5 9.5h7v4h-7z",
    "warn": "M8 2.3l6 11H2zM8 6.5v3M8 11.5h.01",
    "menu": "M2.5 4h11M2.5 8h11M2.5 12h11",
    "check": "M3 8.5l3.3 3.3L13 5",
    "cross": "M4 4l8 8M12 4l-8 8",
    "plus": "M8 3v10M3 8h10",
    "download": "M8 2.5v8M5 7.5l3 3 3-3M2.5 10.5v3h11v-3",
    "undo": "M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8h-3",
    "clock": "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 5v3.2l2.2 1.3",
    "stop": "M4 4h8v8H4z",
    "logout": "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
    "copy": "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
    "next": "M6 3.5 10.5 8 6 12.5",
    "edit": "M3 13l.7-2.9L10.8 3l2.2 2.2-7.1 7.1z",
    "trash": "M3 4.5h10M6 4.5v-2h4v2M4.5 4.5l.7 9h5.6l.7-9",
    "info": "M8 13.5a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11zM8 7.5V11M8 5h.01",
    "filter": "M2.5 3.5h11L9.5 8.5v4l-3 1v-5z",
    "person": "M8 8a2.75 2.75 0 1 0 0-5.5A2.75 2.75 0 0 0 8 8zM2.8 13.8c.4-2.6 2.5-4 5.2-4s4.8 1.4 5.2 4",
}
"""Name to path. The pages of the sidebar have theirs under their own keys."""


def icon(name: str, *, title: str = "") -> Markup:
    """An icon; without a title it is decoration and not read aloud. An unknown name is a mistake of the page."""
    named = Markup('role="img" aria-label="{}"').format(title) if title else Markup('aria-hidden="true"')
    return Markup('<svg class="ico" viewBox="0 0 16 16" {}><path d="{}"/></svg>').format(named, escape(PATHS[name]))
