"""The routine loop from the drawer, in a real browser: more time, a suspension, an appeal."""

import shutil
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from tests.contract.test_desk_rosters import desk_in, doors_of

from borough.api.application import create
from borough.app.desk.desk import Desk
from borough.core.cases import Case
from borough.core.deadlines import DAY_MS
from borough.testing.serving import serving
from borough.testing.town import OPERATOR

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE_MS = 60_000
EVENT, ROW = "own-1:E0110", "E0110-1"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Desk]]:
    """Serve a desk of the smallest district, and open its first page."""
    folder = tmp_path_factory.mktemp("loop")
    desk = desk_in(folder)
    ports = replace(doors_of(desk, folder), plans=desk.plans)
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with serving(create(ports), ports.live) as served, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=list(FLAGS))
        page = browser.new_page(locale="zh-CN", viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{served.url}/#operator={OPERATOR}")
        yield page, desk
        browser.close()
    desk.engine.dispose()


def disposing(desk: Desk, at_ms: int, *further: str) -> Case:
    """Take a report to its disposal, and on."""
    plan = desk.plans["routine"]
    where = {"lon": 106.6, "lat": 29.7, "grid": 0, "event": EVENT, "standard": ROW}
    title = {"zh": "生活垃圾", "en": "refuse"}
    case = desk.cases.report(
        plan, title=title, at_ms=at_ms, by="ann", source="collector", text="满了", **where
    )
    for to in ("open", "dispatch", "dispose", *further):
        seen = desk.cases.one(case.id).version
        how = {"answers": {"finding": "yes", "result": "cleared"}, "by": "ann"}
        late = desk.now() if further and to in further else at_ms
        case = desk.cases.move(case.id, to, plan=plan, at_ms=late, expected_version=seen, **how)
    return case


def opened(page: Page, case: Case) -> None:
    """Open a case in the drawer."""
    page.reload()
    page.wait_for_selector("html[data-ready=yes]")
    page.locator("#cases .row", has_text=case.code).first.click()
    expect(page.locator("#drawer")).to_contain_text(case.code)


def pressed(page: Page, name: str, note: str = "") -> None:
    """Press a button of the drawer, perhaps with a remark."""
    if note:
        page.locator("#drawer textarea[name=note]").fill(note)
    page.locator("#drawer").get_by_role("button", name=name, exact=True).click()


def test_more_time_is_asked_for_and_approved_then_the_case_stands_still_and_goes_on(
    office: tuple[Page, Desk],
) -> None:
    """An extension takes two approvals, a suspension its date and one; it is resumed by hand."""
    page, desk = office
    case = disposing(desk, desk.now())
    opened(page, case)
    drawer = page.locator("#drawer")
    pressed(page, "申请延期", "零件在途")
    expect(drawer).to_contain_text("待审批: 延期")
    pressed(page, "同意")
    expect(drawer).to_contain_text("由 派遣员")
    pressed(page, "同意")
    expect(drawer).to_contain_text("延期 1 次")
    assert desk.cases.one(case.id).due_ms > case.due_ms

    drawer.get_by_label("挂账至").fill("2024-07-20")
    pressed(page, "申请挂账", "道路封闭")
    expect(drawer).to_contain_text("待审批: 挂账")
    pressed(page, "同意")
    expect(drawer).to_contain_text("挂账中")
    expect(drawer.get_by_role("button", name="申请延期")).to_have_count(0)
    pressed(page, "提前恢复")
    expect(drawer).not_to_contain_text("挂账中")
    assert desk.cases.one(case.id).suspended_to_ms is None
    assert desk.cases.verify(case.id) == []


def test_a_lateness_is_appealed_after_closing_and_decided(office: tuple[Page, Desk]) -> None:
    """The lateness stays; the drawer says that it is left out of statistics."""
    page, desk = office
    case = disposing(desk, desk.now() - 5 * DAY_MS, "check", "close")
    opened(page, case)
    drawer = page.locator("#drawer")
    expect(drawer.get_by_role("button", name="超时申诉")).to_have_count(0)
    drawer.locator("input[name=confirm]").check()
    drawer.locator("button.do").filter(has_text="属实").click()
    page.locator("dialog button.first").click()
    expect(drawer.get_by_role("button", name="超时申诉")).to_be_visible()
    pressed(page, "超时申诉", "暴雨红色预警期间")
    expect(drawer).to_contain_text("待审批: 超时申诉")
    pressed(page, "同意")
    expect(drawer).to_contain_text("由 考核员")
    pressed(page, "同意")
    expect(drawer).to_contain_text("超时不计考核")
    expect(drawer.get_by_role("button", name="超时申诉")).to_have_count(0)
    assert desk.cases.one(case.id).exempt
    assert desk.cases.verify(case.id) == []


def test_what_cannot_be_taken_back_is_asked_once_by_keys_alone(office: tuple[Page, Desk]) -> None:
    """The box names the case and what follows; Enter at once and Escape leave all as it was."""
    page, desk = office
    case = disposing(desk, desk.now())
    opened(page, case)
    cancel = page.locator("#drawer").get_by_role("button", name="作废", exact=True)
    page.locator("#drawer textarea[name=note]").fill("重复上报")
    box = page.locator("dialog.ask")
    for leave in ("Enter", "Escape"):
        cancel.press("Enter")
        expect(box).to_contain_text(case.code)
        expect(box).to_contain_text("不能恢复")
        page.keyboard.press(leave)
        expect(box).to_have_count(0)
        expect(cancel).to_be_focused()
    assert desk.cases.one(case.id).closed_ms is None
    cancel.press("Enter")
    expect(box).to_be_visible()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#drawer")).to_contain_text("不再流转")
    assert desk.cases.one(case.id).outcome == "cancelled"
    assert desk.cases.events(case.id)[-1].data["note"] == "重复上报"
