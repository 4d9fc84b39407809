"""Make texts inert for spreadsheet programs: a customer named `=cmd|...` must stay a name.

Programs take a text for a formula when its first visible character is = + - @ or a full-width form of these, also
after blanks, and some run what follows a tab or a line break. In CSV nothing says "this is text", so such a cell gets
an apostrophe in front (OWASP, CSV injection). XLSX knows types: there the text is kept exactly, as a text cell.
Numbers stay numbers, -5 included.
"""

from __future__ import annotations

import re
from typing import Any

_LIVE = re.compile(r"[\t\r\n\x00]|[\s\x00-\x1f\ufeff\u200b-\u200f\u2060]*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")

XLSX_TEXT_LIMIT = 32_767
"""Characters that a cell of XLSX can hold."""


def inert(cell: Any) -> Any:
    """The cell as CSV may hold it: a text that a spreadsheet could run gets an apostrophe in front."""
    if isinstance(cell, str):
        return f"'{cell}" if _LIVE.match(cell) else cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell


def xlsx_text(text: str) -> str:
    """The text as XML can hold it: control characters become U+FFFD, and what is too long for a cell says so at its end."""
    text = _ILLEGAL.sub("\ufffd", text)
    if len(text) > XLSX_TEXT_LIMIT:
        mark = f"… [{len(text):,} characters]"
        text = text[: XLSX_TEXT_LIMIT - len(mark)] + mark
    return text
