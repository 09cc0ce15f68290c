"""Photos of a case in a real browser: added, seen, and filled in where a step asks for one."""

import io
import shutil
from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from borough.app.desk.desk import Desk
from borough.testing.desks import MORNING
from borough.testing.living import Living

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE_MS = 60_000
PLAN = "fire_lane"


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """A small district with a case about a fire lane."""
    living = Living.made(tmp_path_factory.mktemp("page"), rate=1.0)
    desk = Desk(living.settings)
    thing = int(living.held.registry.id[0])
    told = {"scene": PLAN, "thing": thing, "grid": 0, "level": 1, "detection": "d-1"}
    title = {"zh": "占道", "en": "Blocked lane"}
    with desk.engine.begin() as connection:
        desk.cases.opened(connection, desk.plans[PLAN], title=title, at_ms=MORNING, **told)
    try:
        living.start()
        yield living
    finally:
        living.stop()


@pytest.fixture
def page(district: Living) -> Iterator[Page]:
    """Open the first page as the machine's operator, in English."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=list(FLAGS))
        made = browser.new_page(locale="en-GB")
        made.set_default_timeout(PATIENCE_MS)
        made.goto(f"{district.url}/#operator={district.settings.operator}")
        yield made
        browser.close()


def test_a_photo_is_added_seen_and_answers_the_step_that_asks_for_one(page: Page) -> None:
    """The thumbnail appears, its id stands in the answer, and the log says that it was added."""
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(picture, "JPEG")
    page.locator("#cases .row").first.click()
    drawer = page.locator("#drawer")
    given = {"name": "lane.jpg", "mimeType": "image/jpeg", "buffer": picture.getvalue()}
    drawer.locator("input[type=file]").set_input_files(files=[given])
    row = drawer.locator("[data-file]")
    expect(row).to_have_count(1, timeout=PATIENCE_MS)
    expect(row.get_by_text("lane.jpg")).to_be_visible()
    expect(row.locator("img")).to_be_visible()
    file = row.get_attribute("data-file")
    assert file is not None
    expect(drawer.locator('[name="answer.photo"]')).to_have_value(file)
    expect(drawer.locator(".log").get_by_text("File added")).to_be_visible()
