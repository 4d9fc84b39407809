"""What is written as YAML is read back as the same document, whatever YAML 1.1 would have made of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.document_writer import as_yaml
from engine.documents import canonical, read_text

TREACHEROUS = [
    "no", "NO", "Yes", "on", "off", "y", "true", "null", "~", "", " ", "12:30", "1e3", "0x1F", "0o17", "017", "1_000", "2025-01-01",
    "=", "<<", "&a", "*a", "!t", "- a", "a: b", "a #b", "#a", "'a", '"a', "{a}", "[a]", "a,b", "|", ">", "%a", "@a", "`a", "?", "-",
    "nan", ".inf", "a\nb", "tab\tend", "trailing ", " leading", "北方", "Zürich", "\u2028", "🙂", "a  b", "\\", "...", "---",
]  # fmt: skip


@pytest.mark.parametrize("text", TREACHEROUS)
def test_a_text_stays_the_text_as_value_and_as_key(text: str) -> None:
    document = {"value": text, "list": [text], **({text: 1} if text else {})}
    assert read_text(as_yaml(document)).value == document


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.decimals(-(10**6), 10**6, places=3).map(float)
    | texts
    | st.sampled_from(TREACHEROUS)
)
documents = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts.filter(bool), inner, max_size=4), max_leaves=20
)


@given(st.dictionaries(texts.filter(bool), documents, min_size=1, max_size=5))
def test_every_document_reads_back(document: dict[str, Any]) -> None:
    assert canonical(read_text(as_yaml(document)).value) == canonical(document)


def test_a_shared_part_is_written_out_and_plain_texts_have_no_quotes() -> None:
    shared = {"en": "Loyal customers", "zh": "忠诚客户"}
    assert as_yaml({"a": shared, "b": shared}) == "a:\n  en: Loyal customers\n  zh: 忠诚客户\nb:\n  en: Loyal customers\n  zh: 忠诚客户\n"
