"""The page of open cases in a real browser: chosen by filters, walked by keys, opened, and live."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from borough.api.application import create
from borough.core import moves
from borough.core.cases import Event
from borough.testing.memory import MemoryCases
from borough.testing.serving import serving
from borough.testing.town import PLAN, START_MS, town

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 60_000


@pytest.fixture
def page() -> Iterator[Page]:
    """Open the page of a town with sixty open cases, two of them late."""
    ports = town(60)
    assert isinstance(ports.cases, MemoryCases)
    for number in range(1, 61):
        event = moves.opening(
            PLAN, code=f"TOWN-{number:02d}", scene="leak", thing=number, grid=3, level=1,
            title={"zh": "疑似漏水", "en": "Suspected leak"}, at_ms=START_MS + number * 1000,
            by="scene:leak", source="citizen" if number % 10 == 0 else "sensor",
        )  # fmt: skip
        ports.cases.write(number, event)
    for number in (7, 8):
        told = {"step": PLAN.first.name, "due_ms": START_MS, "band": "orange"}
        ports.cases.write(number, Event(2, START_MS, "desk", "late", told))
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with serving(create(ports), ports.live) as served, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=list(FLAGS))
        opened = browser.new_page(locale="en-GB")
        opened.set_default_timeout(PATIENCE_MS)
        wrong: list[str] = []
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.goto(f"{served.url}/console/queue.html")
        if opened.locator("#language").inner_text() == "EN":
            opened.locator("#language").click()
        expect(opened.locator("html")).to_have_attribute("data-ready", "yes", timeout=PATIENCE_MS)
        yield opened
        browser.close()
    assert wrong == []


def test_open_cases_are_chosen_walked_and_opened(page: Page) -> None:
    """Filters with counts, keys instead of a mouse, the next page, and the drawer of a case."""
    rows = page.locator("#rows tr")
    expect(rows).to_have_count(50)
    expect(page.locator("#total")).to_have_text("60 cases")
    page.keyboard.press("n")
    expect(rows).to_have_count(10)

    page.locator('[data-facet="band=orange"]').check()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("TOWN-07")
    assert "band=orange" in page.url
    page.locator("#rows tr").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_contain_text("TOWN-08")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()

    page.get_by_role("button", name="Clear filters").click()
    page.locator('[data-facet="source=citizen"]').check()
    expect(page.locator("#total")).to_have_text("6 cases")
    with page.expect_download() as saving:
        page.get_by_role("button", name="Save as CSV").click()
    saved = saving.value.path().read_text("utf-8-sig").splitlines()
    assert len(saved) == 7
    assert all("citizen" in each for each in saved[1:])
    expect(page.locator("#toast")).to_contain_text("queue.csv")
    page.locator("#language").click()
    expect(page.locator("#total")).to_have_text("6 件")
