"""Every page at 320 pixels, which is a small phone and 400 % zoom of a usual window (WCAG 1.4.10): nothing is wider. What axe finds on every page is in `test_browser.py`."""

from __future__ import annotations

from typing import Any

from flask import Flask

from tests.admin.conftest import pages
from tests.admin.test_browser import MORE, address, browser, signed_in  # noqa: F401

SKIPPED = ("/login", "/first", "/choose")


def every_page(app: Flask) -> list[str]:
    return [path for path in (*pages(app), *MORE) if path not in SKIPPED]


def test_no_page_is_wider_than_the_window(signed_in: Any, address: str, app: Flask) -> None:  # noqa: F811
    metrics = {"width": 320, "height": 568, "deviceScaleFactor": 1, "mobile": True}
    signed_in.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        wrong = {}
        for path in every_page(app):
            signed_in.get(f"{address}{path}")
            width = signed_in.execute_script("return document.documentElement.scrollWidth")
            if width > 320:
                wrong[path] = width
    finally:
        signed_in.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wrong == {}
