"""The pages of requests in a real browser: the form on a phone, the acceptor's page."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect, sync_playwright

from borough.api.application import create
from borough.app.clocks import wall_ms
from borough.app.requests.door import RequestDoor
from borough.core.clock import DistrictClock
from borough.storage.sql import SqlPeople, connect, upgrade
from borough.testing.requesting import MORNING, YUBEI, Desk, OfficeDesk, desk, yubei
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, town

PHONE = "13912345678"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE_MS = 60_000
DAY = 86_400_000
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture(name="office", scope="module")
def an_office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Desk]]:
    """Serve a town with a request office, in this process."""
    folder = tmp_path_factory.mktemp("requests")
    engine = connect(folder / "requests.db")
    upgrade(engine)
    made = desk(engine, folder)
    door = RequestDoor(engine, made.cases, yubei(), YUBEI)
    plain = town(50)
    its = OfficeDesk(made, lambda: MORNING, plain.live.publish)
    clock = DistrictClock(MORNING, 1.0, wall_ms())
    people = SqlPeople(engine)
    ports = replace(
        plain, district=yubei(), requests=door, cases=made.cases, desk=its, clock=clock,
        people=people,
    )  # fmt: skip
    with serving(create(ports), ports.live) as served:
        yield served.url, made
    engine.dispose()


@pytest.fixture(name="served", scope="module")
def its_address(office: tuple[str, Desk]) -> str:
    """Where the town is served."""
    return office[0]


@pytest.fixture(name="browser", scope="module")
def a_browser() -> Iterator[Browser]:
    """Start the system's own Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(name="page")
def a_phone(served: str, browser: Browser) -> Iterator[Page]:
    """A page as small as a telephone's; nothing may go wrong in it."""
    page = browser.new_page(locale="zh-CN", viewport={"width": 390, "height": 844})
    page.set_default_timeout(PATIENCE_MS)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(f"{served}/console/request.html")
    yield page
    page.close()
    assert wrong == []


def test_a_citizen_asks_on_a_phone_and_the_acceptor_answers(served: str, page: Page) -> None:
    """The form gives a receipt; the acceptor sees the suggestion, accepts with one key, answers."""
    assert page.evaluate(WIDTH) <= 390
    page.locator("textarea[name=text]").fill("五星路社区的事情没有人过问，请关心一下")
    page.locator("input[name=phone]").fill(PHONE)
    page.locator("canvas").click()
    page.locator("select[name=kind]").select_option("help")
    page.locator("select[name=category]").select_option("sanitation")
    page.locator("input[name=place]").fill("双龙湖街道五星路社区")
    taken: Any = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff"}
    page.locator("input[name=photos]").set_input_files([taken])
    with page.expect_request(lambda sent: "/photos?name=a.jpg" in sent.url) as sent:
        page.locator("button.send").click()
    receipt = page.locator("#receipt").inner_text()
    expect(page.locator("#told")).to_contain_text("渝北区城市管理局")
    assert receipt in sent.value.url

    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{served}/console/requests.html#operator={OPERATOR}")
    page.locator("[data-state=accepted]").click()
    page.locator(".request", has_text="五星路社区的事情").click()
    expect(page.locator("#one")).to_contain_text(PHONE)
    page.locator("textarea[name=text]").fill("已安排专人处理")
    page.locator("form:has(textarea) button").click()
    page.locator("[data-state=answered]").click()
    expect(page.locator("#list")).to_contain_text("五星路社区的事情")
    with page.expect_download() as saved:
        page.locator("#export").click()
    assert "五星路社区的事情" in saved.value.path().read_text("utf-8-sig")
    page.locator("[data-view=rates]").click()
    expect(page.locator("#list table")).to_contain_text("渝北区城市管理局")
    page.locator("[data-view=hot]").click()
    page.locator("#language").click()
    expect(page.locator("#title")).to_have_text("Citizens' requests")

    page.goto(f"{served}/console/request.html")
    page.locator("input[name=receipt]").fill(receipt)
    page.locator("#track button").click()
    expect(page.locator("#told")).to_contain_text("已安排专人处理")


def heard_live(page: Page, url: str) -> None:
    """Open the page, and wait until it hears the live stream."""
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{url}/console/requests.html#operator={OPERATOR}")
    expect(page.locator("#line")).to_have_attribute("data-line", "live")


def test_a_request_appears_by_the_live_stream_while_the_page_is_open(
    office: tuple[str, Desk], page: Page
) -> None:
    """A new one stands in the list, and a late one on its tab, without anybody reading again."""
    url, made = office
    page.set_viewport_size({"width": 1280, "height": 800})
    page.clock.install()
    page.goto(f"{url}/console/requests.html#operator={OPERATOR}")
    late = page.locator("[data-state=late]")
    expect(late).to_have_text("超过答复时限")
    expect(page.locator("#line")).to_have_attribute("data-line", "live")
    page.evaluate("window.kept = true")
    made.filed("下水道堵了一个月没人管", at_ms=MORNING - 30 * DAY, key="long ago")
    said = {"text": "楼道里堆满了纸箱没人清理", "key": "new"}
    httpx.post(f"{url}/api/v1/requests", json=said, trust_env=False, timeout=60).raise_for_status()
    page.clock.run_for(1_000)  # less than the page waits where it hears nothing
    expect(page.locator("#list")).to_contain_text("楼道里堆满了纸箱没人清理")
    expect(late).to_have_text("超过答复时限 1")
    late.click()
    expect(page.locator(".request")).to_contain_text("下水道堵了一个月没人管")
    assert page.evaluate("window.kept")


def test_a_button_that_is_pressed_is_not_drawn_anew_before_it_is_let_go(
    office: tuple[str, Desk], page: Page
) -> None:
    """News that comes between pressing and letting go waits, or nobody would hear the click."""
    url, _ = office
    heard_live(page, url)
    tab, said = page.locator("[data-state=accepted]"), {"text": "窨井盖响了一夜", "key": "pressed"}
    tab.hover()
    page.mouse.down()
    pressed = tab.element_handle()
    with page.expect_response(lambda answer: "state=waiting" in answer.url) as listed:
        httpx.post(f"{url}/api/v1/requests", json=said, timeout=60).raise_for_status()
    listed.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")
    page.mouse.up()
    expect(tab).to_have_attribute("aria-pressed", "true")
    page.locator("[data-state=waiting]").click()
    expect(page.locator("#list")).to_contain_text("窨井盖响了一夜")
    assert not pressed.evaluate("each => each.isConnected")


def test_an_answer_that_another_has_overtaken_is_not_shown(
    office: tuple[str, Desk], page: Page
) -> None:
    """Of two questions for the list the later one counts, whichever is answered first."""
    url, _ = office
    heard_live(page, url)
    older: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if older:
            route.continue_()
        else:
            older.append((route, route.fetch()))

    page.route("**/api/v1/requests?*state=waiting*", hold)
    page.locator("[data-state=waiting]").click()
    said = {"text": "公园长椅断了一根木条", "key": "overtaken"}
    httpx.post(f"{url}/api/v1/requests", json=said, timeout=60).raise_for_status()
    expect(page.locator("#list")).to_contain_text("公园长椅断了一根木条")
    (route, answer), *_ = older
    assert "公园长椅断了一根木条" not in answer.text()
    with page.expect_response(route.request.url) as late:
        route.fulfill(response=answer)
    late.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")
    assert "公园长椅断了一根木条" in page.locator("#list").inner_text()


def test_a_caller_is_erased_once_it_was_shown_what_goes(
    office: tuple[str, Desk], page: Page
) -> None:
    """Theirs, what surely speaks of them, and of the doubtful only what was ticked."""
    url, made = office
    known = {"name": "张三丰", "phone": "13700137000"}
    mine = made.filed("楼上漏水没人管", contact=known, key="erase me")
    sure = made.filed("张三丰（13700137000）家漏水，殃及楼下", key="erase 1")
    film = made.filed("张三丰影视城门口堵车", key="erase 2")
    ticked = made.filed("张三丰又在楼道放自行车", key="erase 3")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{url}/console/requests.html#operator={OPERATOR}")
    page.locator("[data-state=accepted]").click()
    page.locator(".request", has_text="楼上漏水没人管").click()
    page.locator("#erase").click()
    box = page.locator("dialog")
    for each in (mine, sure, film, ticked):
        expect(box).to_contain_text(each.code)
    expect(box).to_contain_text("无法撤销")
    box.locator("label", has_text=ticked.code).locator("input").check()
    box.get_by_role("button", name="永久删除").click()
    expect(page.locator("#toast")).to_contain_text("3")
    for each in (mine, sure, ticked):
        assert "张三丰" not in made.store.one(each.id).text
    assert made.store.one(film.id).text == "张三丰影视城门口堵车"


def test_a_call_is_written_down_and_a_file_is_tried_before_it_comes_in(
    office: tuple[str, Desk], page: Page
) -> None:
    """The call is shown where it stands now; bad rows of a file are told and nothing written."""
    url, made = office
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{url}/console/requests.html#operator={OPERATOR}")
    page.locator("#call").click()
    box = page.locator("dialog")
    box.locator("textarea").fill("楼下商铺半夜放音响，吵得睡不着")
    box.locator("input[name=name]").fill("李四")
    box.get_by_role("button", name="提交").click()
    expect(page.locator("#one")).to_contain_text("楼下商铺半夜放音响")
    expect(page.locator("#one")).to_contain_text("热线")
    page.locator("#import").click()
    sheet = "编号,诉求内容\nf-1,路面塌了一个坑\n,没有编号的一行\n"
    given: Any = {"name": "calls.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    box.locator("input[type=file]").set_input_files([given])
    box.get_by_role("button", name="试算").click()
    expect(box).to_contain_text("可导入 1 · 已有 0 · 有误 1")
    assert made.store.known("import:f-1") is None
    box.get_by_role("button", name="导入").click()
    expect(page.locator("#toast")).to_contain_text("已导入 1")
    assert made.store.known("import:f-1")


def test_a_case_tells_what_citizens_asked_for_and_leads_there(served: str, page: Page) -> None:
    """Their words stand on the case, which is called ordinary or urgent, and open the request."""
    words = "五星路社区的路牌倒在人行道上"
    told = {"text": words, "place": "双龙湖街道五星路社区", "category": "roads"}
    assert httpx.post(f"{served}/api/v1/requests", json=told, timeout=60).status_code == 201
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{served}/#operator={OPERATOR}")
    row = page.locator("#cases button", has_text="市政道路设施").first
    expect(row.locator(".chip")).to_have_text("一般")
    row.click()
    page.locator("#drawer").get_by_role("link", name=words).click()
    expect(page.locator("#one")).to_contain_text(words)
    expect(page.locator("#list .request[aria-current=true]")).to_contain_text(words)
