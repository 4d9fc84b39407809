"""A text in both languages of the product. Apart from everything else, so that the command line starts without NumPy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A text that people read, in both languages of the product."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en

    def in_(self, language: str) -> str:
        """The text in "zh" or "en"."""
        return self.zh if language.lower().startswith("zh") else self.en
