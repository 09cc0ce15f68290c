"""The page of figures in a real browser: filter them, and open one to where it is from."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import borough.districts
from borough.api.application import create
from borough.app.facts.door import FactDoor
from borough.app.facts.imports import brought
from borough.storage.sql import SqlFacts, connect, upgrade
from borough.testing.serving import serving
from borough.testing.town import START_MS, town

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
YUBEI = Path(borough.districts.__file__).parent / "yubei"
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Browser]]:
    """Serve a store with the figures that come with Yubei, and start the system's Chromium."""
    engine = connect(tmp_path_factory.mktemp("facts") / "facts.db")
    upgrade(engine)
    brought(SqlFacts(engine), YUBEI, at_ms=START_MS, today=date(2026, 11, 21))
    ports = replace(town(50), facts=FactDoor(engine))
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with serving(create(ports), ports.live) as served, sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=list(FLAGS))
        yield served.url, started
        started.close()
    engine.dispose()


@pytest.fixture
def page(browser: tuple[str, Browser]) -> Iterator[Page]:
    """Open the page; nothing may go wrong in it."""
    url, started = browser
    opened = started.new_page(locale="zh-CN", viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto(f"{url}/console/facts.html")
    yield opened
    opened.close()
    assert wrong == []


def test_a_figure_is_found_and_opened_to_its_source(page: Page) -> None:
    """All are counted; those in doubt say why; one opens to definition, source and revisions."""
    expect(page.locator("#many")).to_have_text("361")
    page.get_by_label("仅看有疑问的").check()
    doubted = page.locator("#rows tr", has_text="每辆车 10 千瓦时")
    expect(doubted).to_contain_text("25亿瓦时")
    doubted.get_by_role("button").click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text("2.5 GWh")
    expect(drawer).to_contain_text("拔节向上破浪行")
    expect(drawer).to_contain_text("facts.csv · 行")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_a_broken_series_says_so_in_either_language(page: Page) -> None:
    """A name with two definitions is filtered by definition, and the drawer warns."""
    page.locator("#language").click()
    expect(page.locator("h1")).to_have_text("Figures")
    page.locator("select[name=indicator]").select_option("HIGH_LEVEL_TALENT@1")
    expect(page.locator("#many")).to_have_text("1")
    page.locator("#rows button").click()
    expect(page.locator("#drawer")).to_contain_text("the series breaks")
    expect(page.locator("#drawer")).to_contain_text("HIGH_LEVEL_TALENT@1")


def test_more_figures_come_on_demand(page: Page) -> None:
    """The list grows by a page each time, and the button goes when all are there."""
    rows, more = page.locator("#rows tr"), page.locator("#more")
    for many in (200, 300, 361):
        more.click()
        expect(rows).to_have_count(many)
    expect(more).to_be_hidden()
