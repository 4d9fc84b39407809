"""Every page with axe-core in headless Chromium: no serious finding, light and dark; nothing wider than a phone.

axe-core comes from the package axe-playwright-python, as a local file; Playwright itself is not used.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.admin.conftest import pages
from tests.admin.test_browser import MORE, address, browser, signed_in  # noqa: F401

LONG = os.environ.get("TIERWISE_TRIALS") == "long"
"""Every page; otherwise each fourth, to stay quick."""

SKIPPED = ("/login", "/first", "/choose")
RUN = """
const [kind, done] = arguments;
const rules = kind === 'dark' ? {type: 'rule', values: ['color-contrast']} : {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']};
axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(found => done(found.violations
  .filter(each => ['serious', 'critical'].includes(each.impact))
  .flatMap(each => each.nodes.slice(0, 5).map(node => each.id + ': ' + node.html.slice(0, 160) + ' ' + (node.any[0] || {message: ''}).message))));
"""


def source() -> str:
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        pytest.skip("axe-playwright-python is not installed")
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def every_page(app: Flask) -> list[str]:
    found = [path for path in (*pages(app), *MORE) if path not in SKIPPED]
    return found if LONG else found[::4]


def test_no_page_has_a_serious_finding(signed_in: Any, address: str, app: Flask) -> None:  # noqa: F811
    axe, wrong = source(), {}
    still = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}  # a colour on its way is no colour of the page
    signed_in.execute_cdp_cmd("Emulation.setEmulatedMedia", still)
    for path in every_page(app):
        signed_in.get(f"{address}{path}")
        signed_in.execute_script(axe)
        for theme in ("light", "dark"):
            signed_in.execute_script("document.documentElement.dataset.theme = arguments[0]", theme)
            found = signed_in.execute_async_script(RUN, theme)
            if found:
                wrong[f"{path} {theme}"] = found
    assert wrong == {}


def test_no_page_is_wider_than_a_phone(signed_in: Any, address: str, app: Flask) -> None:  # noqa: F811
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    signed_in.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        wrong = {}
        for path in every_page(app):
            signed_in.get(f"{address}{path}")
            width = signed_in.execute_script("return document.documentElement.scrollWidth")
            if width > 390:
                wrong[path] = width
    finally:
        signed_in.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wrong == {}
