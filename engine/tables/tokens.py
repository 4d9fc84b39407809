"""Tokens: cut the text of a cell into marks and literals, reading each character once."""

from __future__ import annotations

from dataclasses import dataclass

from engine.kinds import Value, number_problem, parse_date, shown, text_problem, tidy_number, tidy_text

CELL_LIMIT = 10_000
"""Characters of one cell."""

DIGITS = frozenset("0123456789")
SPACE = frozenset(" \t\r\n\u3000\u00a0")
MARKS = ("..", "<=", ">=", "!=", "<", ">", "=", "[", "]", "(", ")", ",")
WIDE = {
    "“": '"',
    "”": '"',
    "‘": '"',
    "’": '"',
    "'": '"',
    "，": ",",
    "（": "(",
    "）": ")",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "【": "[",
    "】": "]",
}
WORDS = {"true": True, "false": False}


class CellError(Exception):
    """A cell cannot be read: what was found, and what would be right. Becomes a `Fault` with its place."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(found, expected)
        self.found = found
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Token:
    """kind: "mark", "literal" or "end"; value: of a literal."""

    kind: str
    text: str
    value: Value | None = None

    def __str__(self) -> str:
        return "the end of the cell" if self.kind == "end" else shown(self.value) if self.kind == "literal" else repr(self.text)


def read_tokens(text: str) -> list[Token]:
    """Cut a cell into tokens, with an "end" token last. Raises `CellError`."""
    if len(text) > CELL_LIMIT:
        raise CellError(f"a cell of {len(text):,} characters", f"at most {CELL_LIMIT:,} are allowed")
    tokens = []
    at = 0
    while at < len(text):
        if text[at] in SPACE:
            at += 1
            continue
        token, at = _token(text, at)
        tokens.append(token)
    return [*tokens, Token("end", "")]


def _token(text: str, at: int) -> tuple[Token, int]:
    letter = text[at]
    if letter == '"':
        return _text(text, at)
    if letter in DIGITS or (letter in "+-" and text[at + 1 : at + 2] in DIGITS):
        return _number_or_date(text, at)
    for mark in MARKS:
        if text.startswith(mark, at):
            return Token("mark", mark), at + len(mark)
    if letter.isascii() and letter.isalpha():
        return _word(text, at)
    if letter in WIDE:
        raise CellError(f"the character {letter}", f"write {WIDE[letter]}")
    raise CellError(f"the character {letter!r}", 'see the forms of a cell: -, 5, >= 5, [1..5), "A", "B", not("A"), null')


def _text(text: str, start: int) -> tuple[Token, int]:
    letters = []
    at = start + 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\\":
            at += 1
            if text[at : at + 1] not in ('"', "\\"):
                raise CellError("a backslash inside a text", 'only \\" and \\\\ may follow a backslash')
        letters.append(text[at])
        at += 1
    if at >= len(text):
        raise CellError(f"a text that is not closed: {shown(text[start + 1 :])}", 'a text ends with "')
    value = tidy_text("".join(letters))
    problem = text_problem(value)
    if problem:
        raise CellError(problem, "a shorter, plain text")
    return Token("literal", value, value), at + 1


def _number_or_date(text: str, start: int) -> tuple[Token, int]:
    day = parse_date(text[start : start + 10])
    if day is not None:
        return Token("literal", text[start : start + 10], day), start + 10
    at = _digits(text, start + (text[start] in "+-"))
    if text[at : at + 1] == "." and text[at + 1 : at + 2] in DIGITS and text[at + 1 : at + 2]:
        at = _digits(text, at + 1)
    if text[at : at + 1] and (text[at].isalnum() or text[at] in "_:" or (text[at] == "-" and text[at + 1 : at + 2] in DIGITS)):
        raise CellError(f"{shown(text[start : at + 12])}", "a number is written 5000 or 5000.10, a date 2025-01-31")
    digits = text[start:at]
    if at - start > 40:
        raise CellError("a number of more than 40 digits", "a shorter number")
    value = tidy_number(float(digits) if "." in digits else int(digits))
    problem = "a number of more than 15 significant digits" if len(digits.strip("+-0.").replace(".", "")) > 15 else number_problem(value)
    if problem:
        raise CellError(problem, "at most 15 significant digits are kept exactly")
    return Token("literal", digits, value), at


def _digits(text: str, at: int) -> int:
    while at < len(text) and text[at] in DIGITS:
        at += 1
    return at


def _word(text: str, start: int) -> tuple[Token, int]:
    at = start
    while at < len(text) and (text[at].isalnum() or text[at] in "_.") and not text.startswith("..", at):
        at += 1
    word = text[start:at]
    if word in WORDS:
        return Token("literal", word, WORDS[word]), at
    if word in ("null", "not"):
        return Token("mark", word), at
    if word == "date":
        return _date_call(text, at)
    raise CellError(f"the word {shown(word)[1:-1]}", f'a text is written in quotes: "{word[:40]}"')


def _date_call(text: str, at: int) -> tuple[Token, int]:
    at = _skip(text, at)
    if text[at : at + 1] == "(":
        at = _skip(text, at + 1)
        if text[at : at + 1] == '"':
            token, at = _text(text, at)
            at = _skip(text, at)
            day = parse_date(token.text)
            if day is not None and text[at : at + 1] == ")":
                return Token("literal", token.text, day), at + 1
    raise CellError("date that is not a date", 'a date is written date("2025-01-31") or 2025-01-31')


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in SPACE:
        at += 1
    return at
