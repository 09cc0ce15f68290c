"""The first page in a real browser: it shows what happens, as it happens, and one can act on it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from borough.api.application import create
from borough.api.ports import Ports
from borough.core import errands, moves
from borough.core.plans import Plan
from borough.testing.living import free_ports
from borough.testing.memory import MemoryCases, MemoryDetections
from borough.testing.serving import Served, serving
from borough.testing.town import OPERATOR, PLAN, START_MS, town

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 60_000
WIDTH = "document.documentElement.scrollWidth"
SMALL = """[...document.querySelectorAll("button")].filter((each) => each.offsetWidth
    && !each.classList.contains("link") && each.offsetHeight < 24).length"""
LEVELS = ("quiet", "minor", "major")


def edge(thing: int, level: int) -> dict[str, Any]:
    """Make a change of level as the journal tells it."""
    return {
        "id": f"leak-{thing}-7", "scene": "leak", "thing": thing, "level": level,
        "level_name": LEVELS[level], "position": 7, "time": START_MS, "now": START_MS,
        "values": {"flow": 61.25}, "before": {"level": 0, "night": 12.4},
        "after": {"level": level, "night": 48.2}, "version": "3fa9c21b7d10", "by": "scene",
    }  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the system's own Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def ports() -> Ports:
    """Build a town with one case."""
    made = town(300, credentials={"gw-1": sha256(b"secret").hexdigest()})
    assert isinstance(made.cases, MemoryCases)
    assert isinstance(made.detections, MemoryDetections)
    made.detections.hear(edge(40, 2), case=1)
    opening = moves.opening(
        PLAN, code="TOWN-1", scene="leak", thing=40, grid=3,
        title={"zh": "疑似漏水", "en": "Suspected leak"}, level=2, detection="leak-40-7",
        at_ms=START_MS, by="scene:leak",
    )  # fmt: skip
    made.cases.write(1, opening)
    return made


@pytest.fixture
def served(ports: Ports) -> Iterator[Served]:
    """Serve it on a free port."""
    with serving(create(ports), ports.live) as running:
        yield running


class Watched:
    """A page, and everything that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda m: self.wrong.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.set_default_timeout(PATIENCE_MS)

    def open(self, url: str) -> Page:
        """Go there and wait until the map is drawn."""
        self.page.goto(url)
        self.page.wait_for_selector("html[data-ready=yes]")
        return self.page


@contextmanager
def tab(browser: Browser, **options: Any) -> Iterator[Watched]:
    """Open a tab of a desk's size, in English; whatever went wrong in it fails the test."""
    desk = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB"}
    context = browser.new_context(**{**desk, **options})
    made = Watched(context.new_page())
    yield made
    context.close()
    assert made.wrong == []


@pytest.fixture
def watched(browser: Browser, served: Served) -> Iterator[Watched]:
    """Open a tab that is closed before its server stops."""
    assert served.url
    with tab(browser) as made:
        yield made


def test_it_says_where_it_is_and_what_is_made_up(watched: Watched, served: Served) -> None:
    """Name, badge, clock and speed stand on top, and all of it came from us."""
    page = watched.open(served.url)
    expect(page.locator("#name")).to_have_text("Sample Town")
    expect(page.locator("#synthetic")).to_have_text("Synthetic data")
    expect(page.locator("#clock")).to_contain_text("10 Jul")
    expect(page.locator("#rate")).to_contain_text("60")
    expect(page.locator("#line")).to_have_text("Live")
    assert all(url.startswith(served.url) for url in watched.asked)


def test_a_detection_appears_and_ends_without_reloading(
    watched: Watched, served: Served, ports: Ports
) -> None:
    """It is listed as soon as the stream tells of it, and marked as over when it ends."""
    page = watched.open(served.url)
    expect(page.locator("#alarms .row")).to_have_count(1)
    served.call(lambda: ports.live.publish("detection", edge(50, 1)))
    row = page.locator("#alarms .row", has_text=ports.registry.key[49])
    expect(row).to_contain_text("Minor")
    served.call(lambda: ports.live.publish("detection", edge(50, 0)))
    expect(row).to_contain_text("Ended")


def test_the_operator_lets_a_command_go(watched: Watched, served: Served, ports: Ports) -> None:
    """The page says what would be done, to what and within which limits, and then how it is."""
    assert isinstance(ports.plans, dict)
    assert isinstance(ports.cases, MemoryCases)
    shut = {
        "name": "calm", "title": {"zh": "减压", "en": "Lower the pressure"}, "value": 0.2,
        "property": "pressure", "from_level": 2, "within_s": 60,
    }  # fmt: skip
    step = {"name": "verify", "holder": "w", "within_s": 9, "then": ["closed"], "command": [shut]}
    ports.plans["leak"] = plan = Plan.declared("leak", {"step": [step]})
    case, command = ports.cases.one(1), plan.first.commands[0]
    event = errands.proposing(case, command, 40, "m-39", at_ms=START_MS, by="desk")
    ports.cases.write(1, event)
    page = watched.open(f"{served.url}/#operator={OPERATOR}")
    page.locator("#cases .row").click()
    shown = page.locator(".commands li").first
    expect(shown).to_contain_text("Lower the pressure")
    expect(shown).to_contain_text("m-39 · pressure = 0.2 MPa")
    expect(shown).to_contain_text("Level ≥ 2 · at most 1 an hour · to be proved within 1 min")
    shown.get_by_role("button", name="Confirm: do it").click()
    expect(shown.locator(".state")).to_have_text("Confirmed")
    expect(page.locator(".log")).to_contain_text("Command confirmed")
    failed = errands.carried(1, ports.cases.events(1))[event.data["errand"]]
    late = errands.changing(
        ports.cases.one(1), failed, "failed", at_ms=START_MS, by="desk", says=errands.LATE
    )
    ports.cases.write(1, late)
    served.call(lambda: ports.live.publish("case", {"id": 1}))
    expect(shown.locator(".state")).to_have_text("Not proved")
    expect(shown).to_contain_text("Take it as not done, and send somebody.")


def test_the_operator_moves_a_case(watched: Watched, served: Served, ports: Ports) -> None:
    """With this machine's own token; the log shows it and the address keeps no secret."""
    page = watched.open(f"{served.url}/#operator={OPERATOR}")
    assert OPERATOR not in page.url
    page.locator("#cases .row").click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text("Verify on site")
    expect(drawer.locator(".evidence")).to_contain_text("61.25")
    drawer.locator("textarea").fill("water on the road")
    drawer.get_by_role("button", name="Repair").click()
    expect(drawer.locator(".log")).to_contain_text("water on the road")
    expect(drawer.locator(".facts")).to_contain_text("water_utility")
    assert ports.cases.one(1).step == "repair"


def test_an_overtaken_operator_sees_why_and_what_is_now(
    watched: Watched, served: Served, ports: Ports
) -> None:
    """Somebody else was first: the refusal is said, and the case is shown as it stands."""
    page = watched.open(f"{served.url}/#operator={OPERATOR}")
    page.locator("#cases .row").click()
    button = page.locator("#drawer").get_by_role("button", name="Repair")
    button.wait_for()
    assert isinstance(ports.cases, MemoryCases)
    moved = moves.noting(ports.cases.one(1), "mine", at_ms=START_MS, by="someone")
    ports.cases.write(1, moved)
    button.click()
    expect(page.locator("#toast")).to_contain_text("Somebody else changed it first")
    expect(page.locator("#drawer .log")).to_contain_text("mine")
    # The browser reports every refused request; this one was meant to be refused.
    watched.wrong = [each for each in watched.wrong if "409" not in each]


def test_who_is_not_signed_in_can_read_and_is_told_how_to_act(
    watched: Watched, served: Served
) -> None:
    """No button that would only fail; the way to sign in instead."""
    page = watched.open(served.url)
    page.locator("#cases .row").click()
    drawer = page.locator("#drawer")
    expect(drawer).to_contain_text("Read only")
    expect(drawer.get_by_role("button", name="Repair")).to_have_count(0)
    drawer.get_by_role("link", name="Sign in").click()
    expect(page.get_by_label("password")).to_be_visible()


def test_hands_that_stay_on_the_keyboard_reach_everything(watched: Watched, served: Served) -> None:
    """Enter opens a case, Escape closes it and gives the focus back; the map answers to keys."""
    page = watched.open(served.url)
    row = page.locator("#cases .row")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#drawer .shut")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(row).to_be_focused()
    page.locator("#map").focus()
    for key in ("+", "ArrowLeft", "-", "0"):
        page.keyboard.press(key)


def test_a_point_on_the_map_opens_what_stands_there(watched: Watched, served: Served) -> None:
    """A click near the mark of a detection tells of it."""
    page = watched.open(served.url)
    page.locator("#alarms .row").click()
    expect(page.locator("#drawer")).to_contain_text("Pipe leak")
    page.keyboard.press("Escape")
    box = page.locator("#map").bounding_box()
    assert box is not None
    # Choosing it brought it to the middle of the map.
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#drawer")).to_contain_text("leak-40-7")


def test_both_languages_say_everything(watched: Watched, served: Served) -> None:
    """One press changes the whole page, and it is remembered."""
    page = watched.open(served.url)
    page.locator("#language").click()
    expect(page.locator("#name")).to_have_text("样例镇")
    expect(page.locator("#cases-title")).to_contain_text("案卷")
    expect(page.locator("#cases .row")).to_contain_text("疑似漏水")
    expect(page.locator("html")).to_have_attribute("lang", "zh")
    watched.open(served.url)
    expect(page.locator("#synthetic")).to_have_text("合成数据")


def test_a_lost_line_is_said_and_found_again(browser: Browser, ports: Ports) -> None:
    """While the server is away the page says so; when it is back, it catches up by itself."""
    live = town(300).live
    again = create(
        Ports(**{name: getattr(ports, name) for name in Ports.__slots__} | {"live": live})
    )
    (port,) = free_ports(1)  # nobody else is given it while the server is away
    with tab(browser) as watched:
        with serving(create(ports), ports.live, port) as first:
            page = watched.open(first.url)
        expect(page.locator("#line")).to_contain_text("reconnecting", timeout=PATIENCE_MS)
        assert isinstance(ports.detections, MemoryDetections)
        ports.detections.hear(edge(60, 2))
        with serving(again, live, port):
            expect(page.locator("#line")).to_have_text("Live", timeout=PATIENCE_MS)
            expect(page.locator("#alarms .row")).to_have_count(2)
            page.close()
        # Requests that failed meanwhile are what this test is about.
        watched.wrong = [each for each in watched.wrong if "ERR_" not in each]


def test_it_fits_a_phone(browser: Browser, served: Served) -> None:
    """Nothing is cut off at the side, and what is touched is large enough."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "locale": "zh-CN"}
    with tab(browser, device_scale_factor=2, **phone) as watched:
        page = watched.open(served.url)
        assert page.evaluate(WIDTH) <= 390
        page.locator("#cases .row").tap()
        expect(page.locator("#drawer")).to_contain_text("现场核实")
        assert page.evaluate(WIDTH) <= 390
        assert page.evaluate(SMALL) == 0


def test_the_reference_opens_offline(watched: Watched, served: Served) -> None:
    """`/docs` draws every operation, with nothing asked from elsewhere."""
    watched.page.goto(f"{served.url}/docs")
    operations = watched.page.locator(".opblock")
    expect(operations.nth(20)).to_be_visible(timeout=PATIENCE_MS)
    assert operations.count() > 20
    assert all(url.startswith((served.url, "data:")) for url in watched.asked)
