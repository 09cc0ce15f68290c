"""The tasks of a case in a real browser: a lane for each agency, and the buttons of it."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from borough.api.application import create
from borough.core import moves, tasks
from borough.core.cases import Plan
from borough.testing.memory import MemoryCases
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, START_MS, town

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
MINUTE = 60_000


def task(name: str, zh: str, holder: str, **more: Any) -> dict[str, Any]:
    """Declare a task of half an hour."""
    said = {"name": name, "title": {"zh": zh, "en": name}, "holder": holder, "within": "30 min"}
    return {**said, "basis": "made up", **more}


PLAN = Plan.declared(
    "leak",
    {
        "step": [{"name": "verify", "holder": "w", "within_s": 9, "then": ["closed"]}],
        "task": [
            task("close_road", "封路", "police", acknowledge_within="1 min", required=True),
            task("guide", "疏导", "police"),
            task("evacuate", "撤离", "town", asks=["headcount"], milestone=True),
        ],
    },
)


class Line:
    """A desk in memory that knows how tasks are acknowledged and finished."""

    def __init__(self, cases: MemoryCases) -> None:
        self.cases = cases

    async def ask(self, verb: str, body: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Write the event that an act stands for."""
        case = self.cases.one(1)
        one = tasks.carried(1, self.cases.events(1))[body["task"]]
        how = {"at_ms": START_MS + MINUTE, "by": body["by"]}
        if verb == "task_acknowledge":
            event = tasks.acknowledging(case, one, body["version"], **how)
        else:
            declared = PLAN.tasks[one.name]
            event = tasks.finishing(
                case, declared, one, body["version"], answers=body["answers"], **how
            )
        self.cases.write(1, event)
        return {}


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """Open the page of a town with a case on which three tasks run, in Chinese."""
    made = town(40)
    assert isinstance(made.cases, MemoryCases)
    cases = made.cases
    opening = moves.opening(
        PLAN, code="TOWN-1", scene="leak", thing=5, grid=3, title={"zh": "漏水", "en": "Leak"},
        level=2, detection="leak-5-77", at_ms=START_MS, by="desk",
    )  # fmt: skip
    cases.write(1, opening)
    for each in PLAN.tasks.values():
        told = {"agency": each.holder, "post": "", "at_ms": START_MS, "by": "desk"}
        cases.write(1, tasks.starting(cases.one(1), PLAN, each, **told))  # type: ignore[arg-type]  # texts and a moment
    ports = replace(made, plans={"leak": PLAN}, desk=Line(cases))
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with serving(create(ports), ports.live) as served, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found, args=list(FLAGS))
        opened = browser.new_page(locale="zh-CN", viewport={"width": 1440, "height": 900})
        opened.goto(f"{served.url}/#operator={OPERATOR}")
        opened.wait_for_selector("html[data-ready=yes]")
        opened.locator("#cases .row").first.click()
        opened.wait_for_selector(".lanes")
        yield opened
        browser.close()


def test_each_agency_has_a_lane_with_what_is_left_of_its_time(page: Page) -> None:
    """Police with two tasks, the town with one; it says what keeps the case open."""
    expect(page.locator(".lane")).to_have_count(2)
    lane = page.locator(".lane[data-lane=police]")
    expect(lane.locator("[data-task]")).to_have_count(2)
    expect(lane.locator("[data-task=close_road]")).to_contain_text("待叫应")
    expect(lane.locator("[data-task=close_road] .due").first).not_to_be_empty()
    expect(page.locator(".tasks")).to_contain_text("还有 1 项必办任务")


def test_a_task_is_acknowledged_and_done_with_its_answer(page: Page) -> None:
    """The buttons act, the lane shows it, and an answer that is missing is asked for."""
    page.locator("[data-task=close_road]").get_by_role("button", name="叫应").click()
    expect(page.locator("[data-task=close_road]")).to_contain_text("已叫应")
    mine = page.locator("[data-task=evacuate]")
    mine.get_by_role("button", name="完成").click()
    expect(page.locator("#toast")).to_contain_text("headcount")
    mine.locator("input[name=headcount]").fill("62")
    mine.get_by_role("button", name="完成").click()
    expect(page.locator(".lane[data-lane=town] summary").first).to_contain_text("已结束 1")
    expect(page.locator(".log")).to_contain_text("任务完成")
