"""The reference pages: their examples run, and they name every fault that the code can raise."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "docs" / "reference" / name for name in ("conditions.md", "decision-tables.md", "verification.md", "rulebook.md")]


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_examples_print_what_their_comments_say(page: Path) -> None:
    for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, {})  # noqa: S102 the page's own example
        assert printed.getvalue().splitlines() == re.findall(r"print\(.*\) +# (.*)", code)


def test_every_fault_is_listed() -> None:
    code = "".join(
        path.read_text(encoding="utf-8") for path in [*(ROOT / "engine").glob("*.py"), *(ROOT / "engine" / "tables").glob("*.py")]
    )
    raised = set(re.findall(r'"(TW3\d\d)"', code))
    listed = set(re.findall(r"^\| (TW3\d\d) \|", "".join(page.read_text(encoding="utf-8") for page in PAGES), re.MULTILINE))
    assert raised == listed
