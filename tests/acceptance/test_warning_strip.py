"""Warnings in force on the first page, in a real browser."""

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from borough.api.application import create
from borough.testing.serving import serving
from borough.testing.town import START_MS, town
from borough.testing.warnings import MemoryWarnings

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000
ROW = {
    "id": 1, "identifier": "TOWN-1-W1", "case_id": 1, "number": 1, "scene": "leak", "thing": 40,
    "kind": "Alert", "level": 2, "level_name": "major", "sent_ms": START_MS,
    "expires_ms": START_MS + 86_400_000,
    "headline": {"zh": "中街积水红色预警 <b>", "en": "Water at Middle Street: red"},
}  # fmt: skip


@pytest.mark.parametrize(("locale", "told", "button"), [
    ("zh-CN", "已向公众发布预警 (1)中街积水红色预警 <b>", "Told to the public (1)"),
    ("en-GB", "Told to the public (1)Water at Middle Street: red", "已向公众发布预警 (1)"),
])  # fmt: skip
def test_a_warning_in_force_is_plain_to_see(locale: str, told: str, button: str) -> None:
    """It stands above the map in the language of the page, links to its document, and goes away."""
    ports = town(60)
    assert isinstance(ports.warnings, MemoryWarnings)
    ports.warnings.rows.append(dict(ROW))
    ports.warnings.documents["TOWN-1-W1"] = "<alert/>"
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with serving(create(ports), ports.live) as served, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=["--headless", "--no-sandbox"])
        page = browser.new_page(locale=locale)
        page.goto(served.url)
        strip = page.locator("#warnings")
        expect(strip).to_contain_text(told, timeout=PATIENCE_MS)
        link = strip.locator("a")
        assert link.get_attribute("href") == "/cap/TOWN-1-W1.xml"
        page.locator("#language").click()
        expect(strip).to_contain_text(button)
        ports.warnings.rows.clear()
        page.reload()
        expect(page.locator("#cases")).to_be_visible(timeout=PATIENCE_MS)
        expect(strip).to_be_hidden()
        browser.close()
