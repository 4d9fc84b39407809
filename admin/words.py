"""Every text of the console as a pair, English and Chinese, side by side where it is used.

`t("Save", "保存")` picks by the reader's language; in templates it has the same name. Values stand in braces:
`t("{n} customers", "{n} 位客户", n=5)`. There is no catalogue to fall behind: a test reads every call.
"""

from __future__ import annotations

import re
from typing import Any

from flask import g, has_request_context, request
from markupsafe import Markup, escape

LANGUAGES = ("en", "zh")
_BRACES = re.compile(r"\{(\w+)\}")


def language() -> str:
    """The reader's language: of the user, else of this visit, else of the browser."""
    return str(g.get("language", "en")) if has_request_context() else "en"


def choose_language(*wishes: str | None) -> str:
    """The first wish that is a language of the console, else the browser's best, else English."""
    for wish in wishes:
        if wish and wish[:2].lower() in LANGUAGES:
            return wish[:2].lower()
    best = request.accept_languages.best_match(["en", "zh", "zh-CN", "zh-Hans", "zh-Hans-CN", "zh-TW"], "en")
    return "zh" if str(best).lower().startswith("zh") else "en"


def locale() -> str:
    """The locale that Flask-Admin's own texts are written for; plain `zh` would leave them English."""
    return "zh_Hans_CN" if language() == "zh" else "en"


def t(en: Any, zh: str | None = None, /, **values: Any) -> str:
    """One of two texts in the reader's language, values in braces filled in.

    en: the English text with zh the Chinese one, or an engine `Text` (anything with `in_`), or a plain word that is the
    same in both. Values that are markup stay markup; everything else is escaped along with the text.
    """
    text = _picked(en, zh, language())
    return fill(text, values) if values else text


def _picked(en: Any, zh: str | None, which: str) -> str:
    if zh is not None:
        return zh if which == "zh" else str(en)
    return str(en.in_(which)) if hasattr(en, "in_") else str(en)


def fill(text: str, values: dict[str, Any]) -> str:
    """Put values into braces. A brace that names no value stays as it is; values are never read as templates."""
    marked = any(hasattr(value, "__html__") for value in values.values())

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        return str(escape(values[match[1]])) if marked else str(values[match[1]])

    filled = _BRACES.sub(value, str(escape(text)) if marked else text)
    return Markup(filled) if marked else filled


def plural(count: int, one: str, many: str) -> str:
    """The English word for a count: plural(1, "customer", "customers")."""
    return one if count == 1 else many
