"""Write a document as YAML that reads back as the same document under our own strict reading (ENGINE 21)."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

_PLAIN = re.compile(r"[^\W\d][\w./%()-]*( [\w./%()-]+)*\Z")
"""Texts that no reading of YAML takes for anything but text: they begin with a letter and hold nothing special."""

_WORDS = frozenset("true false null yes no on off y n nan inf infinity none".split())


class _Writer(yaml.SafeDumper):
    """Quotes every text that could be read as something else, and never writes anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: yaml.SafeDumper, text: str) -> yaml.Node:
    plain = _PLAIN.match(text) and text.lower() not in _WORDS
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


def _float(writer: yaml.SafeDumper, number: float) -> yaml.Node:
    return writer.represent_scalar("tag:yaml.org,2002:float", json.dumps(number, allow_nan=False))


_Writer.add_representer(str, _text)
_Writer.add_representer(float, _float)


def as_yaml(document: Any) -> str:
    """The document as YAML, in its own order of keys."""
    text: str = yaml.dump(document, Dumper=_Writer, allow_unicode=True, sort_keys=False, width=120)
    return text
