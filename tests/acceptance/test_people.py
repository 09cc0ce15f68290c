"""People meet a district that lives: first sign-in, accounts, tokens, and what the log tells."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Route, expect, sync_playwright

from borough.app.people import address_of, ask_desk
from borough.testing.living import Living, eventually

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 60_000
SECRET = "a long enough secret"  # noqa: S105 - of accounts that live for a minute


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a small district that nobody has signed in to."""
    made = Living.made(tmp_path_factory.mktemp("people"))
    made.start()
    yield made
    made.stop()


def browser(living: Living) -> httpx.Client:
    """Open a client that keeps cookies and says where it comes from, as browsers do."""
    return httpx.Client(
        base_url=f"{living.url}/api/v1/", headers={"origin": living.url}, timeout=60
    )


def borough(living: Living, *words: str, ends: int = 0) -> str:
    """Type a command; give what it printed, or where it must fail what it said instead."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "borough", *words, "--data", living.settings.data],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == ends, done.stdout + done.stderr
    return (done.stderr if ends else done.stdout).strip()


def printed_link(text: str) -> str:
    """Take the token out of a link."""
    found = re.search(r"#link=([\w-]+)", text)
    assert found, text
    return found[1]


@pytest.fixture(scope="module")
def administrator(living: Living) -> Iterator[httpx.Client]:
    """Sign in by the link that the first start printed."""
    log = living.settings.folder / "up.log"
    eventually(lambda: "#link=" in log.read_text("utf-8"), "a link to sign in first")
    link = printed_link(log.read_text("utf-8"))
    with browser(living) as http:
        first = http.post("sessions/link", json={"link": link})
        assert first.json() == {"needs": ["account", "password"], "account": ""}
        told = {"link": link, "account": "Wang.Fang", "password": SECRET, "title": "王芳"}
        made = http.post("sessions/link", json=told)
        assert made.status_code == 200, made.text
        assert (made.json()["name"], made.json()["title"]) == ("wang.fang", "王芳")
        again = http.post("sessions/link", json=told)
        assert (again.status_code, again.json()["code"]) == (401, "not-signed-in")
        yield http


@contextmanager
def invited(
    living: Living, administrator: httpx.Client, name: str, role: str, **held: list[str]
) -> Iterator[httpx.Client]:
    """Add an account, set its password by its link, and sign in."""
    grant = {"role": role, **held}
    made = administrator.post("accounts", json={"account": name, "grants": [grant]})
    assert made.status_code == 201, made.text
    with browser(living) as http:
        told = {"link": made.json()["link"], "password": SECRET}
        assert http.post("sessions/link", json=told).status_code == 200
        yield http


def test_the_first_link_makes_the_first_administrator_once(
    living: Living, administrator: httpx.Client
) -> None:
    """Who holds it signs in; afterwards no link makes another first one."""
    me = administrator.get("me").json()
    assert me["roles"][0]["role"] == "administrator"
    assert "accounts.write" in me["rights"]
    assert "persons.read" not in me["rights"]
    assert "there is an administrator already" in borough(living, "account", "link", ends=1)


def test_a_cookie_is_no_good_elsewhere(living: Living, administrator: httpx.Client) -> None:
    """No script reads it, and a change that another page sends under it is refused."""
    with browser(living) as http:
        link = printed_link(borough(living, "account", "link", "wang.fang"))
        set_ = http.post("sessions/link", json={"link": link, "password": SECRET})
    kept = set_.headers["set-cookie"].lower()
    assert all(word in kept for word in ("httponly", "samesite=strict", "path=/"))
    with browser(living) as http:
        http.cookies.update(set_.cookies)
        told = {"account": "eve", "grants": []}
        stranger = http.post("accounts", json=told, headers={"origin": "http://evil.example"})
        assert stranger.status_code == 403
        administrator.cookies.update(set_.cookies)
    assert administrator.get("me").json()["name"] == "wang.fang"


def test_passwords_are_not_guessed_for_long_and_names_not_at_all(
    living: Living, administrator: httpx.Client
) -> None:
    """An unknown account is refused as a known one, and both may try as often."""
    answers = []
    with invited(living, administrator, "li.lei", "leader"), browser(living) as http:
        for name in ("li.lei", "nobody.knows"):
            told = [
                http.post("sessions", json={"account": name, "password": f"guess {n}"})
                for n in range(6)
            ]
            answers.append([(each.status_code, each.json()["detail"]) for each in told])
    assert answers[0] == answers[1]
    assert [status for status, _ in answers[0]] == [401] * 5 + [429]


def test_who_is_disabled_is_out_at_once(living: Living, administrator: httpx.Client) -> None:
    """Their session ends with it, and their password opens nothing."""
    with invited(living, administrator, "han.mei", "duty_officer") as http:
        assert http.get("sessions").json()["sessions"]
        assert "han.mei: changed" in borough(living, "account", "disable", "han.mei")
        assert http.get("me").json()["kind"] == "nobody"
        again = http.post("sessions", json={"account": "han.mei", "password": SECRET})
        assert again.status_code == 401
    assert "disabled" in borough(living, "account", "list")


def test_an_account_is_made_or_given_a_post_that_there_is(living: Living) -> None:
    """Its holder is told of it and the list shows it; of another the refusal is in both words."""
    post = living.held.district.posts.code[0]
    made = borough(living, "account", "add", "lin.chong", "--role", "handler", "--post", post)
    with browser(living) as http:
        told = {"link": printed_link(made), "password": SECRET}
        assert http.post("sessions/link", json=told).status_code == 200
        assert http.get("me").json()["post"] == post
    (listed,) = [
        line for line in borough(living, "account", "list").splitlines() if "lin.chong" in line
    ]
    assert listed.split() == ["lin.chong", "handler", post]

    assert borough(living, "account", "post", "lin.chong") == "lin.chong: changed"
    assert borough(living, "account", "list").count(post) == 0
    borough(living, "account", "post", "lin.chong", post)
    assert borough(living, "account", "list").count(post) == 1

    add = ("account", "add", "lu.da", "--role", "handler", "--post", "P-none")
    refused = borough(living, *add, ends=1)
    assert "post：没有这个岗位 'P-none'" in refused
    assert "post: there is no 'P-none'" in refused
    assert "lu.da" not in borough(living, "account", "list")


def test_one_ends_ones_own_sessions_and_changes_ones_password(
    living: Living, administrator: httpx.Client
) -> None:
    """A session left open elsewhere can be ended; another password ends them all."""
    with (
        invited(living, administrator, "zhao.yun", "auditor") as here,
        browser(living) as there,
    ):
        assert (
            there.post("sessions", json={"account": "zhao.yun", "password": SECRET}).status_code
            == 200
        )
        told = here.get("sessions").json()
        (other,) = [
            each["number"] for each in told["sessions"] if each["number"] != told["current"]
        ]
        assert here.delete(f"sessions/{other}").status_code == 200
        assert there.get("me").json()["kind"] == "nobody"
        fresh = {"old": SECRET, "password": "another long secret"}
        assert here.post("me/password", json=fresh).status_code == 200
        assert here.get("me").json()["name"] == "zhao.yun"
        assert here.delete("sessions/current").status_code == 200
        assert here.get("me").json()["kind"] == "nobody"


def test_a_program_has_the_rights_of_its_token_and_no_others(
    living: Living, administrator: httpx.Client
) -> None:
    """Until it is revoked; and nobody hands on what they may not do themselves."""
    made = administrator.post("tokens", json={"name": "map", "rights": ["things.read"], "days": 1})
    assert made.status_code == 201, made.text
    beyond = administrator.post("tokens", json={"name": "spy", "rights": ["persons.read"]})
    assert beyond.status_code == 403
    with httpx.Client(base_url=f"{living.url}/api/v1/", timeout=60) as http:
        http.headers["authorization"] = f"Bearer {made.json()['token']}"
        assert http.get("things?limit=1").status_code == 200
        assert http.get("cases").status_code == 403
        borough(living, "token", "revoke", str(made.json()["number"]))
        assert http.get("things?limit=1").status_code == 401


def test_the_log_tells_all_of_it_and_is_whole(living: Living, administrator: httpx.Client) -> None:
    """Changes, sign-ins and refusals are in it; a changed row is named."""
    with invited(living, administrator, "bao.zheng", "auditor") as http:
        verbs = {each["verb"] for each in http.get("audit?limit=1000").json()["entries"]}
        assert verbs <= http.get("names").json()["verbs"].keys()
    assert verbs >= {"account_added", "link_made", "link_used", "signed_in", "account_changed"}
    assert administrator.get("audit").status_code == 403
    anchor = borough(living, "audit", "anchor")
    assert "whole" in borough(living, "audit", "verify", "--anchor", anchor)


def test_nothing_secret_is_kept_or_logged(living: Living, administrator: httpx.Client) -> None:
    """Neither passwords nor tokens lie in the data folder."""
    cookie = next(iter(administrator.cookies.values()))
    told: dict[Path, bytes] = {}
    for where, _, names in os.walk(living.settings.folder):
        for path in (Path(where, name) for name in names):
            with suppress(FileNotFoundError):  # replaced meanwhile, as pulses are
                told[path] = path.read_bytes()
    assert {"settings.json", "registry.db", "up.log"} <= {path.name for path in told}
    secrets = SECRET.encode(), cookie.encode()
    assert [path for path, data in told.items() if any(each in data for each in secrets)] == []


@contextmanager
def fresh_page() -> Iterator[Page]:
    """Open a browser that nobody has signed in with."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    with sync_playwright() as play:
        browser_ = play.chromium.launch(executable_path=found, args=["--headless", "--no-sandbox"])
        page = browser_.new_context(locale="en-GB").new_page()
        page.set_default_timeout(PATIENCE_MS)
        yield page
        browser_.close()


@contextmanager
def opened(
    living: Living,
    administrator: httpx.Client,
    name: str,
    role: str = "administrator",
    post: str = "",
) -> Iterator[Page]:
    """Make an account, whose holder opens the link in a browser and sets a password."""
    told = {"account": name, "grants": [{"role": role}], "post": post}
    made = administrator.post("accounts", json=told).json()
    with fresh_page() as page:
        page.goto(f"{living.url}/#link={made['link']}")
        page.get_by_label("password", exact=True).fill(SECRET)
        page.get_by_label("the same password again").fill(SECRET)
        page.get_by_role("button", name="Set the password").click()
        page.wait_for_selector("html[data-ready=yes] #my-account")
        yield page


def test_the_pages_sign_in_and_show_who_may_what(
    living: Living, administrator: httpx.Client
) -> None:
    """In a browser: the link, a password, the account's page, a new account, and out again."""
    with opened(living, administrator, "sun.li") as page:
        assert "link=" not in page.url
        page.locator("#my-account").click()
        page.wait_for_selector("html[data-ready=yes] #accounts")
        page.locator("#accounts form.line").last.get_by_label("account").fill("qian.yi")
        page.get_by_role("button", name="Add an account").click()
        page.wait_for_selector("#accounts .made")
        assert "qian.yi" in page.locator("#accounts table").inner_text()
        page.locator("#sign-out").click()
        page.wait_for_url("**/sign_in.html")
        page.get_by_label("account").fill("sun.li")
        page.get_by_label("password", exact=True).fill("wrong password")
        page.get_by_role("button", name="Sign in").click()
        page.locator("#toast", has_text="Say who you are first").wait_for()
        page.get_by_label("password", exact=True).fill(SECRET)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("html[data-ready=yes] #my-account")


def test_a_link_shows_no_form_before_it_is_known_what_it_is_for(
    living: Living, administrator: httpx.Client
) -> None:
    """What is typed meanwhile would be lost; where no answer comes, one tries again."""
    told = {"account": "feng.chen", "grants": [{"role": "leader"}]}
    link = administrator.post("accounts", json=told).json()["link"]
    with fresh_page() as page:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/sessions/link", hold)
        page.goto(f"{living.url}/#link={link}")
        expect(page.locator("#form")).to_have_text("Loading…")
        while not held:
            page.wait_for_timeout(10)
        held[0].abort()
        again = page.get_by_role("button", name="Try again")
        expect(again).to_be_visible()
        expect(page.locator("#form input")).to_have_count(0)
        page.unroute("**/sessions/link")
        again.click()
        page.get_by_label("password", exact=True).fill(SECRET)
        page.get_by_label("the same password again").fill(SECRET)
        assert "link=" not in page.url
        page.get_by_role("button", name="Set the password").click()
        page.wait_for_selector("html[data-ready=yes] #my-account")


def test_the_page_of_accounts_gives_somebody_a_post_and_takes_it_away(
    living: Living, administrator: httpx.Client
) -> None:
    """By its name or code; one that there is not is told, and leaves all as it was."""
    post, other = living.held.district.posts.code[:2]
    names = administrator.get("names").json()["posts"]
    with opened(living, administrator, "zhou.wu") as page:
        page.goto(f"{living.url}/console/accounts.html")
        row = page.locator("#accounts tr", has_text="zhou.wu")
        who, field = row.locator("td").first, row.get_by_label("post")
        for said, shown, kept in (
            (names[post]["en"], names[post]["en"], post),
            (other, names[other]["en"], other),
            ("", "", ""),
        ):
            field.fill(said)
            row.get_by_role("button", name="Set the post").click()
            expect(who).to_have_text(f"zhou.wu {shown}")
            expect(field).to_have_value(shown)
            assert post_of(administrator, "zhou.wu") == kept
        field.fill("P-none")
        row.get_by_role("button", name="Set the post").click()
        expect(page.locator("#toast")).to_contain_text("post: there is no 'P-none'")
        assert post_of(administrator, "zhou.wu") == ""


def test_who_brings_programs_in_is_led_where_they_may_go_and_chooses_rights(
    living: Living, administrator: httpx.Client
) -> None:
    """The map shows no page or list that they may not read; a token needs no typing."""
    with opened(living, administrator, "lu.ban", "integrator") as page:
        expect(page.locator("nav.ways a")).to_have_text(["Map", "Scenes"])
        expect(page.locator("#cases")).to_be_hidden()
        expect(page.locator("#alarms")).to_be_visible()
        page.goto(f"{living.url}/tokens")
        page.get_by_label("name", exact=True).fill("twin")
        page.get_by_label("rights").select_option(["things.read", "series.read"])
        page.get_by_role("button", name="Make").click()
        expect(page.locator("#tokens .made")).to_have_text(re.compile(r"[\w-]{20,}"))
        row = page.locator("#tokens tr", has_text="twin")
        expect(row).to_contain_text("series.read things.read")
        page.get_by_role("link", name="how programs ask").click()
        page.wait_for_url("**/docs")


def test_a_link_that_asks_for_nothing_leads_in(living: Living, administrator: httpx.Client) -> None:
    """As that of a demonstration does, as often as it is opened."""
    told = {"account": "gao.ming", "grants": [{"role": "leader"}]}
    assert administrator.post("accounts", json=told).status_code == 201
    ask = {"account": "gao.ming", "purpose": "enter"}
    link = address_of(living.settings, ask_desk(living.settings, "make_link", ask)["link"])
    for _ in range(2):
        with fresh_page() as page:
            page.goto(link)
            page.wait_for_selector("html[data-ready=yes] #my-account")
            expect(page).to_have_url(f"{living.url}/")


def test_who_answers_for_one_post_begins_with_its_cases(
    living: Living, administrator: httpx.Client
) -> None:
    """All cases are one tick away, and an address that asks for something is kept to."""
    post = living.held.district.posts.code[0]
    with opened(living, administrator, "xu.ning", "collector", post) as page:
        page.goto(f"{living.url}/queue")
        own = page.get_by_label("Only my cases")
        expect(own).to_be_checked()
        expect(page).to_have_url(re.compile(rf"\?post={post}$"))
        own.uncheck()
        expect(page).to_have_url(re.compile(r"queue\.html$"))
        page.goto(f"{living.url}/console/queue.html?urgent=1")
        expect(own).not_to_be_checked()


def post_of(administrator: httpx.Client, name: str) -> str:
    """Ask what post an account has."""
    listed = {each["name"]: each for each in administrator.get("accounts").json()["accounts"]}
    return str(listed[name]["post"])
