"""What may be done from the drawer, in a real browser: warn the public, and shelve an alarm."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from borough.api.application import create
from borough.core import moves
from borough.core.cases import Plan
from borough.core.errors import BadRequest
from borough.testing.memory import MemoryCases, MemoryDetections
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, START_MS, town
from borough.testing.unmanned import Unalarmed
from borough.testing.warnings import MemoryWarnings

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
PATIENCE_MS = 60_000
HOUR_MS = 3_600_000
PLAN = Plan.declared(
    "leak", {"step": [{"name": "verify", "holder": "w", "within_s": 9, "then": ["closed"]}]}
)
Opened = tuple[Page, Callable[[], None]]
"""A page, and what lets it hear that its case has changed."""
EDGE = {
    "id": "leak-5-77", "scene": "leak", "thing": 5, "level": 2, "level_name": "major",
    "time": START_MS, "now": START_MS, "version": "0" * 12, "values": {}, "before": {}, "after": {},
}  # fmt: skip


class Shelves(Unalarmed):
    """What is shelved, in a list."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def shelves(self, now_ms: int, /, *, ended: bool) -> list[dict[str, Any]]:
        """Give what still runs."""
        return [each for each in self.rows if ended or each["until_ms"] > now_ms]


class Line:
    """A desk that writes bulletins and shelves down as the real one answers them."""

    def __init__(self, warnings: MemoryWarnings, shelves: Shelves) -> None:
        self.warnings, self.shelves = warnings, shelves

    async def ask(self, verb: str, body: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Do what is asked, or refuse what the real desk refuses."""
        if verb == "shelve":
            if not body["why"].strip():
                msg = "why: say why"
                raise BadRequest(msg)
            self.shelves.rows.append({**body, "id": 1})
        elif verb == "unshelve":
            self.shelves.rows.clear()
        else:
            self._told("Alert" if verb == "confirm_warning" else "Cancel", body)
        return {}

    def _told(self, kind: str, body: Mapping[str, Any]) -> None:
        if kind == "Cancel" and not body["note"].strip():
            msg = "note: say why the warning is taken back"
            raise BadRequest(msg)
        number = len(self.warnings.rows) + 1
        row = {
            "id": number, "identifier": f"W{number}", "case_id": 1, "number": number,
            "scene": "leak", "thing": 5, "kind": kind, "level": 2, "sent_ms": START_MS,
            "level_name": body.get("level") or "major", "expires_ms": START_MS + HOUR_MS,
            "headline": {"zh": "漏水", "en": "Leak"},
        }  # fmt: skip
        self.warnings.rows.insert(0, row)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's own Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture(params=["zh-CN", "en-GB"])
def opened(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Opened]:
    """Open the page of a town with one case and its alarm, in either language."""
    made = town(40)
    assert isinstance(made.cases, MemoryCases)
    assert isinstance(made.warnings, MemoryWarnings)
    title = {"zh": "漏水", "en": "Leak"}
    opening = moves.opening(
        PLAN, code="TOWN-1", scene="leak", thing=5, grid=3, title=title, level=2,
        detection="leak-5-77", at_ms=START_MS, by="desk",
    )  # fmt: skip
    made.cases.write(1, opening)
    assert isinstance(made.detections, MemoryDetections)
    made.detections.hear(EDGE, 1)
    shelves = Shelves()
    line = Line(made.warnings, shelves)
    ports = replace(
        made, plans={"leak": PLAN}, desk=line, alarms=shelves, warns={"leak": ["minor", "major"]}
    )
    with serving(create(ports), ports.live) as served:
        page = browser.new_page(locale=request.param, viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{served.url}/#operator={OPERATOR}")
        page.wait_for_selector("html[data-ready=yes]")
        yield page, lambda: served.call(lambda: ports.live.publish("case", {"id": 1}))
        page.close()


@pytest.fixture
def page(opened: Opened) -> Page:
    """Give the page alone."""
    return opened[0]


def words(page: Page, zh: str, en: str) -> str:
    """Choose by the language of the page."""
    lang = page.locator("html").get_attribute("lang") or ""
    return zh if lang.startswith("zh") else en


def test_the_public_is_warned_and_the_warning_taken_back(page: Page) -> None:
    """At a level that is chosen; taking it back asks why, and the list shows both."""
    page.locator("#cases .row").first.click()
    box = page.locator("#drawer .public")
    expect(box).to_contain_text(words(page, "还没有向公众发布", "Nothing has been told"))
    box.locator("select").select_option("minor")
    box.get_by_role("button", name=words(page, "确认发布", "Warn the public")).click()
    expect(page.locator("dialog")).to_contain_text("TOWN-1")
    page.locator("dialog button.first").click()
    expect(box.locator("[data-bulletin=Alert]")).to_contain_text(words(page, "轻微", "Minor"))
    back = words(page, "撤回预警", "Take it back")
    box.get_by_role("button", name=back).click()
    page.locator("dialog button.first").click()
    expect(page.locator("#toast")).to_contain_text("note")
    box.locator("input").fill("a drill")
    box.get_by_role("button", name=back).click()
    page.locator("dialog button.first").click()
    expect(box.locator("[data-bulletin]")).to_have_count(2)
    expect(box.get_by_role("button", name=back)).to_have_count(0)


def test_an_alarm_is_shelved_for_hours_and_taken_off_again(page: Page) -> None:
    """A reason is asked for; while it is shelved the drawer says until when, by whom and why."""
    page.locator("#alarms .row").first.click()
    box = page.locator("#drawer .shelf")
    shelve = words(page, "搁置", "Shelve")
    box.get_by_role("button", name=shelve, exact=True).click()
    expect(page.locator("#toast")).to_be_visible()
    box.locator("input").nth(1).fill("a valve is changed")
    box.get_by_role("button", name=shelve, exact=True).click()
    expect(box.locator("[data-shelf]")).to_contain_text("a valve is changed")
    box.get_by_role("button", name=words(page, "取消搁置", "Take off the shelf")).click()
    expect(box.get_by_role("button", name=shelve, exact=True)).to_have_count(1)


def test_news_on_its_way_takes_no_note_that_was_begun_meanwhile(opened: Opened) -> None:
    """What is written after the news came, and before the case was read again, stays."""
    page, news = opened
    page.locator("#cases .row").first.click()
    note = page.locator("#drawer textarea[name=note]")
    expect(note).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/cases/1", hold)
    with page.expect_request("**/api/v1/cases/1"):
        news()
    note.fill("the valve is stuck")
    page.wait_for_function("document.activeElement.name === 'note'")
    with page.expect_response("**/api/v1/tasks?**") as tasks:
        held[0].continue_()
    tasks.value.finished()
    page.evaluate("new Promise((done) => setTimeout(done))")
    expect(note).to_have_value("the valve is stuck")


def test_of_two_answers_about_a_case_the_later_questions_is_shown(opened: Opened) -> None:
    """An answer that was overtaken says nothing new, and does not take away what is."""
    page, news = opened
    page.locator("#cases .row").first.click()
    step = page.locator("#drawer dl")
    expect(page.locator("#drawer textarea[name=note]")).to_be_visible()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/cases/1", hold)
    for _ in range(2):
        with page.expect_request("**/api/v1/cases/1"):
            news()
    page.evaluate("document.title")  # the browser answers in order: both questions are held by now
    later = held[1].fetch()
    held[1].fulfill(json={**later.json(), "step_title": {"zh": "later", "en": "later"}})
    expect(step.first).to_contain_text("later")
    with page.expect_response("**/api/v1/tasks?**") as tasks:
        held[0].continue_()
    tasks.value.finished()
    page.evaluate("new Promise((done) => setTimeout(done))")
    expect(step.first).to_contain_text("later")
