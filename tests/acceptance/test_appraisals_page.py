"""The page of appraisals in a real browser: count a day, and open a number to its cases."""

import shutil
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from borough.api.application import create
from borough.api.ports import Ports
from borough.core.cases import TRUE, born
from borough.core.moves import closing, moving, opening
from borough.testing.memory import MemoryCases
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, PLAN, SCENE, START_MS, town

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE_MS = 60_000
MIN_MS = 60_000
BEGAN_MS = START_MS - 60 * MIN_MS  # an hour before the clock of the town starts
SIGNED = {"authorization": f"Bearer {OPERATOR}"}


def two_leaks() -> Ports:
    """A town where one leak was closed within the hour and another is still open."""
    ports = town(20)
    assert isinstance(ports.cases, MemoryCases)
    for case in (1, 2):
        event = opening(
            PLAN, code=f"T-{case}", scene="leak", thing=case, grid=0, level=1,
            title={"zh": "疑似漏水", "en": "Suspected leak"}, at_ms=BEGAN_MS + MIN_MS, by="desk",
            agency="water", detection=f"d{case}",
        )  # fmt: skip
        ports.cases.write(case, event)
    now = born(1, ports.cases.events(1)[0])
    for minute, to in ((20, "repair"), (40, "check")):
        event = moving(now, PLAN, to, at_ms=BEGAN_MS + minute * MIN_MS, by="ann")
        ports.cases.write(1, event)
        now = now.then(event)
    ports.cases.write(1, closing(now, PLAN, TRUE, at_ms=BEGAN_MS + 50 * MIN_MS, by="ann"))
    return ports


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Serve the town."""
    ports = two_leaks()
    with serving(create(ports), ports.live) as server:
        yield server.url


@pytest.fixture
def tab() -> Iterator[Page]:
    """Open an empty tab of the system's Chromium; nothing may go wrong in it."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=list(FLAGS))
        opened = browser.new_page(locale="zh-CN", viewport={"width": 1280, "height": 800})
        opened.set_default_timeout(PATIENCE_MS)
        wrong: list[str] = []
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        yield opened
        browser.close()
        assert wrong == []


@pytest.fixture
def page(tab: Page, served: str) -> Page:
    """Open the page in it, with its first answer."""
    tab.goto(address(served))
    tab.wait_for_selector("html[data-ready=yes]")
    return tab


def address(served: str) -> str:
    """Say where the page is, for its operator."""
    return f"{served}/console/appraisals.html#operator={OPERATOR}"


def test_a_day_is_counted_and_a_number_opens_to_its_cases(page: Page) -> None:
    """One of two leaks was closed; the number leads to its code; English says the same."""
    page.locator("select[name=by]").select_option("scene")
    page.get_by_role("button", name="计算").click()
    table = page.locator("#numbers")
    expect(table.locator("th", has_text="上报数").first).to_be_visible()
    row = table.locator("tr", has_text=SCENE.name["zh"])
    row.get_by_role("button", name="2 件").first.click()
    expect(page.locator("#behind")).to_contain_text("T-1")
    expect(page.locator("#behind")).to_contain_text("T-2")
    expect(page.locator("#told")).to_contain_text("100.0 % (1 / 1)")
    page.locator("#language").click()
    expect(page.locator("h1")).to_have_text("Appraisal")
    expect(table).to_contain_text("On-time disposal rate")
    scores = page.locator("#scores tr").first
    expect(scores.locator("th").nth(1)).to_have_text("points")
    expect(scores).to_contain_text("On-time disposal rate")


def test_an_answer_that_comes_late_does_not_take_the_place_of_the_next(
    tab: Page, served: str
) -> None:
    """The numbers shown are those that were asked for last."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    tab.route("**/api/v1/appraisals?*by=agency*", hold)
    tab.goto(address(served))
    tab.locator("select[name=by]").select_option("scene")
    tab.get_by_role("button", name="计算").click()
    row = tab.locator("#numbers tr", has_text=SCENE.name["zh"])
    expect(row).to_be_visible()

    with tab.expect_response(lambda heard: "scores" in heard.url and "by=agency" in heard.url):
        held[0].continue_()
    tab.wait_for_selector("html[data-ready=yes]")

    expect(row).to_be_visible()
    expect(tab.locator("#numbers tr")).to_have_count(2)


def test_the_doors_say_which_period_and_which_field_is_wrong(served: str) -> None:
    """A number comes with its formula and its counts; a wrong question names its field."""
    span = f"from={BEGAN_MS}&to={BEGAN_MS + 60 * MIN_MS}&as_of={BEGAN_MS + 60 * MIN_MS}"
    url = f"{served}/api/v1/appraisals"
    told = httpx.get(f"{url}?{span}&by=agency", headers=SIGNED, timeout=60).json()
    (row,) = told["rows"]
    assert row["group"] == "water"
    assert row["numbers"]["closed"] == {"value": 1, "of": 1, "by": None}
    behind = httpx.get(
        f"{url}/cases?{span}&by=agency&group=water&count=closed", headers=SIGNED, timeout=60
    )
    assert [each["code"] for each in behind.json()["cases"]] == ["T-1"]
    (record,) = httpx.get(f"{url}/records?{span}", headers=SIGNED, timeout=60).json()["records"]
    assert record["close_min"] == {"median": 49, "p90": 49, "of": 1}
    scores = httpx.get(f"{url}/scores?{span}", headers=SIGNED, timeout=60).json()
    assert scores["rows"][0]["points"] == 10 + 15 + 15 + 30  # one of two is past its limit
    assert scores["rows"][0]["grade"] == "C"
    for asked, field in (
        (f"from={quote('tomorrow')}&to=5", "from"), (f"{span}&by=moon", "by"),
        (f"{span}&by=area&level=moon", "level"),
    ):  # fmt: skip
        refused = httpx.get(f"{url}?{asked}", headers=SIGNED, timeout=60)
        assert refused.is_client_error
        assert field in refused.text
