"""Photos of a case in a real browser: added, seen, and filled in where a step asks for one."""

import io
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright
from tests.contract.test_desk_rosters import desk_in, doors_of

from borough.api.application import create
from borough.app.facts.imports import UPLOADS
from borough.app.outward.door import outward
from borough.storage.sql.engines import writing
from borough.testing.serving import serving
from borough.testing.town import OPERATOR

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE_MS = 60_000
PLAN = "fire_lane"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """Serve a desk with a case about a fire lane; open the first page as operator, in English."""
    desk = desk_in(tmp_path)
    told = {"scene": PLAN, "thing": 0, "grid": 0, "level": 1, "detection": "d-1"}
    title = {"zh": "占道", "en": "Blocked lane"}
    with writing(desk.engine) as connection:
        desk.cases.opened(connection, desk.plans[PLAN], title=title, at_ms=desk.now(), **told)
    ports = replace(
        doors_of(desk, tmp_path),
        plans=desk.plans,
        outward=outward(desk.settings, desk.engine, desk.ground.district),
        uploads=desk.settings.common / UPLOADS,
    )
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with serving(create(ports), ports.live) as served, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=list(FLAGS))
        made = browser.new_page(locale="en-GB")
        made.set_default_timeout(PATIENCE_MS)
        made.goto(f"{served.url}/#operator={OPERATOR}")
        yield made
        browser.close()
    desk.engine.dispose()


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
