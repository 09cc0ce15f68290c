"""The page of posts in a real browser: who is on duty, leave, and alarms on the shelf."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tests.contract.test_desk_rosters import desk_in, doors_of, opened

from borough.adapters import sheets
from borough.api.application import create
from borough.app.desk.desk import Desk
from borough.testing.serving import serving
from borough.testing.town import OPERATOR

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[str, Browser, Desk]]:
    """Serve a desk of the smallest district, and start the system's Chromium."""
    folder = tmp_path_factory.mktemp("posts")
    desk = desk_in(folder)
    ports = doors_of(desk, folder)
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with serving(create(ports), ports.live) as served, sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=list(FLAGS))
        yield served.url, started, desk
        started.close()
    desk.engine.dispose()


@pytest.fixture
def page(browser: tuple[str, Browser, Desk]) -> Iterator[Page]:
    """Open the page; nothing may go wrong in it."""
    url, started, _ = browser
    made = started.new_page(locale="zh-CN", viewport={"width": 1280, "height": 800})
    made.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.goto(f"{url}/console/posts.html#operator={OPERATOR}")
    yield made
    made.close()
    assert wrong == []


def test_leave_is_given_and_the_case_goes_to_somebody_else(
    page: Page, browser: tuple[str, Browser, Desk]
) -> None:
    """Who is on duty stands there with what they have; leave takes them off at once."""
    case = opened(browser[2])
    page.reload()
    row = page.locator("#rows tr", has=page.locator(f'b[title="{case.post}"]'))
    expect(row).to_contain_text("在班至")
    expect(row).to_contain_text("网格员")
    expect(row.locator(".amount")).to_have_text("1")

    name = row.locator("b").inner_text()
    assert case.post not in row.inner_text()
    row.get_by_role("button", name="批假").click()
    box = page.locator("dialog")
    expect(box).to_contain_text(name)
    box.locator("input[name=hours]").fill("2")
    box.locator("input[name=why]").fill("病假")
    box.get_by_role("button", name="批假").click()
    expect(page.locator("#toast")).to_contain_text(case.code)
    expect(page.locator("#leaves tr", has_text="病假")).to_be_visible()
    expect(row).to_have_count(0)
    page.get_by_label("仅看在班").uncheck()
    expect(row).to_contain_text("请假至")
    with page.expect_download() as saving:
        page.get_by_role("button", name="导出 Excel").click()
    said = sheets.read(saving.value.path()).columns
    assert said["请假至"][said["岗位编号"].index(case.post)]


def test_an_alarm_is_shelved_with_a_reason_and_taken_off_again(page: Page) -> None:
    """In either language; the load of alarms stands above."""
    expect(page.locator("#load")).to_contain_text("正常")
    page.get_by_role("button", name="EN").click()
    expect(page.locator("#title")).to_have_text("Posts and alarms")
    page.locator("#shelve select[name=scene]").select_option(label="Device lost")
    page.get_by_label("Reason").fill("works on the mains")
    page.get_by_role("button", name="Shelve", exact=True).click()
    shelf = page.locator("#shelves tr", has_text="works on the mains")
    expect(shelf).to_contain_text("Device lost")
    shelf.get_by_role("button", name="Take off the shelf").click()
    expect(page.locator("#shelves")).to_contain_text("None")


def test_a_grid_worker_takes_a_case_up_on_a_telephone_and_finds_the_way(
    browser: tuple[str, Browser, Desk],
) -> None:
    """The list needs no sideways scrolling; every button is large enough for a finger.

    Above the list stand the duties of their own post.
    """
    url, started, desk = browser
    case = opened(desk)
    page = started.new_page(
        locale="zh-CN", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{url}/#operator={OPERATOR}")
    page.locator("#cases .row", has_text=case.code).tap()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text(case.code)
    expect(drawer.get_by_role("region", name="附件")).to_contain_text("没有附件")  # comes later
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for each in drawer.locator("button, .do, .acts input").all():
        box = each.bounding_box() or {"height": 0, "width": 0}
        if "pick" not in (each.get_attribute("class") or ""):
            assert min(box["height"], box["width"]) >= (20 if each.text_content() else 40)
    take = drawer.get_by_role("button", name="接单")
    take.tap()
    expect(drawer).to_contain_text("已接单")
    expect(take).to_have_count(0)
    assert "taken up" in desk.cases.events(case.id)[-1].data["note"]
    page.goto(f"{url}/console/queue.html")
    mine = page.locator("#mine")
    mine.get_by_label("我的岗位").select_option(case.post)
    mine.get_by_text("我的排班").tap()
    expect(mine.locator("li.on")).to_have_count(1)
    mine.get_by_label("只看我的案卷").check()
    expect(page).to_have_url(f"{url}/console/queue.html?post={case.post}")
    page.close()
