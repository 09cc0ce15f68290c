"""An evaluation's whole life through the API of a living district, from returns to frozen."""

import csv
import shutil
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter  # type: ignore[import-untyped] # it ships no types
from playwright.sync_api import Page, expect, sync_playwright

from borough.adapters.sheets import read, write
from borough.testing import firms
from borough.testing.living import Living

RATE = 40_000.0
"""Three days of notice pass in 6.5 s."""
DAY_S = 86_400 / RATE
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a district whose days pass in two seconds."""
    made = Living.made(tmp_path_factory.mktemp("evaluations") / "data", share=0.0005, rate=RATE)
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Clerk:
    """Somebody with the operator's token."""

    def __init__(self, living: Living) -> None:
        token = {"authorization": f"Bearer {living.settings.operator}"}
        self.http = httpx.Client(base_url=f"{living.url}/api/v1", headers=token, timeout=60)

    def get(self, path: str, **query: Any) -> Any:
        """Ask; what is not 200 is a failure."""
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        """Act."""
        answer = self.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def returns(self, path: Path, period: str, status: int = 200, **query: Any) -> Any:
        """Send a workbook."""
        asked = {"scene": "per_mu", "period": period, "name": path.name, **query}
        answer = self.http.post("/evaluations/returns", params=asked, content=path.read_bytes())
        assert answer.status_code == status, answer.text
        return answer.json()

    def frozen(self, number: int) -> Any:
        """Freeze as soon as the notice is over."""
        until = time.monotonic() + 60
        while True:
            now = self.get(f"/evaluations/{number}")
            answer = self.http.post(
                f"/evaluations/{number}/freeze", json={"version": now["version"]}
            )
            if answer.status_code == 200:
                return answer.json()
            assert answer.json()["code"] == "illegal-move", answer.text
            assert time.monotonic() < until, answer.text
            time.sleep(0.3)


@pytest.fixture(scope="module")
def clerk(living: Living) -> Iterator[Clerk]:
    """Give a clerk of the district."""
    made = Clerk(living)
    yield made
    made.http.close()


def spoilt(path: Path, **cells: str) -> Path:
    """Write the sample of 2023 once more, with other cells in its second row."""
    rows = list(csv.reader(StringIO((firms.SAMPLE / "returns-2023.csv").read_text("utf-8-sig"))))
    for name, cell in cells.items():
        (column,) = [i for i, head in enumerate(rows[0]) if head.startswith(name)]
        rows[2][column] = cell
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def test_what_cannot_be_is_refused_by_row_and_field(clerk: Clerk, tmp_path: Path) -> None:
    """No land, less than no value added, a wrong code, the same code twice: nothing is written."""
    path = tmp_path / "returns.csv"
    for cells, field, says in (
        ({"自有土地": "0"}, "用地面积", "above 0"),
        ({"工业增加值": "-3"}, "工业增加值", "below 0"),
        ({"统一社会": "91509900MA900002XX"}, "subject", "place 18"),
        ({"统一社会": firms.code(1)}, "统一社会信用代码", "row 2 has the same"),
        ({"并入": firms.code(999)}, "并入企业", "no row of its own"),
    ):
        done = clerk.returns(spoilt(path, **cells), "2023", 422)
        assert not done["written"]
        assert any(
            each["row"] == 3 and each["field"] == field and says in each["detail"]
            for each in done["refused"]
        ), done["refused"]
    merged = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(merged) as book:
        page = book.add_worksheet()
        page.write_row(0, 0, firms.HEAD)
        page.merge_range(1, 0, 2, 0, firms.code(1))
    united = clerk.returns(merged, "2023", 422)
    future = clerk.returns(firms.SAMPLE / "returns-2023.csv", "2024", 422)
    early = clerk.post("/evaluations", 422, scene="per_mu", period="2030")
    empty = clerk.post("/evaluations", 422, scene="per_mu", period="2021")
    unknown = clerk.http.post("/evaluations", json={"scene": "lost_device", "period": "2023"})

    assert united["code"] == "bad-sheet"
    assert "A2:A3" in united["detail"]
    assert "not over" in future["detail"]
    assert "not over" in early["detail"]
    assert "nothing has been reported" in empty["detail"]
    assert unknown.json()["code"] == "not-found"
    assert clerk.get("/evaluations")["evaluations"] == []
    assert clerk.get("/facts", document="per_mu-2023")["total"] == 0


def test_an_evaluation_is_played_from_returns_to_the_frozen_result(
    clerk: Clerk, tmp_path: Path
) -> None:
    """Import, evaluate, publicise, appeal, freeze with cases, run again: through real processes."""
    workbook = tmp_path / "returns-2022.xlsx"
    write(workbook, read(firms.SAMPLE / "returns-2022.csv"))
    taken = clerk.returns(workbook, "2022")
    again = clerk.returns(workbook, "2022")
    missing = clerk.http.post(
        "/evaluations", json={"scene": "per_mu", "period": "2022", "rules": "nowhere"}
    )
    first = clerk.post("/evaluations", 201, scene="per_mu", period="2022", rules="huangyan")
    number = first["id"]
    public = clerk.post(f"/evaluations/{number}/publicise", version=1)
    withdrawn = clerk.post(
        f"/evaluations/{number}/withdraw", version=public["version"], why="a column was wrong"
    )
    public = clerk.post(f"/evaluations/{number}/publicise", version=withdrawn["version"])
    stale = clerk.http.post(f"/evaluations/{number}/freeze", json={"version": 1})
    clerk.frozen(number)
    over = clerk.http.post(
        f"/evaluations/{number}/withdraw", json={"version": 99, "why": "too late"}
    )

    assert taken["written"]
    assert taken["firms"] == firms.FIRMS
    assert again["same"] == taken["added"]
    assert missing.json()["code"] == "not-found"
    assert "trial" in missing.json()["detail"]
    assert first["state"] == "draft"
    assert public["until_ms"] - public["notice_ms"] == 3 * 86_400_000
    assert withdrawn["state"] == "draft"
    assert stale.json()["code"] == "stale"
    assert over.status_code == 409
    assert clerk.post(f"/evaluations/{number}/run-again")["same"]


def test_a_firm_that_falls_is_heard_and_gets_a_case(clerk: Clerk) -> None:
    """An accepted appeal revises the fact and the score; who fell to D has a case, once."""
    clerk.returns(firms.SAMPLE / "returns-2023.csv", "2023")
    number = clerk.post("/evaluations", 201, scene="per_mu", period="2023")["id"]
    worst = clerk.get(f"/evaluations/{number}/rows", group="above", sort="score")["rows"]
    heard, refused = worst[0], worst[1]
    public = clerk.post(f"/evaluations/{number}/publicise", version=1)
    early = clerk.http.post(f"/evaluations/{number}/freeze", json={"version": public["version"]})
    one, other = (
        clerk.post(
            f"/evaluations/{number}/appeals", 201, subject=firm["subject"], input="tax",
            claimed="99999", reason="a payment of December was left out",
        )["id"]
        for firm in (heard, refused)
    )  # fmt: skip
    version = public["version"] + 2
    clerk.post(
        f"/evaluations/{number}/appeals/{one}/decide", version=version, accepted=True,
        answer="the tax office confirms it",
    )  # fmt: skip
    told = clerk.post(
        f"/evaluations/{number}/appeals/{other}/decide", version=version + 1, accepted=False,
        answer="the receipt is of another year",
    )  # fmt: skip
    after = clerk.get(f"/evaluations/{number}/rows/{heard['subject']}")
    clerk.frozen(number)
    fallen = clerk.get(f"/evaluations/{number}/rows", **{"class": "D"})["rows"]
    cases = clerk.get("/cases", scene="per_mu", limit=500)["cases"]
    (tax,) = after["inputs"]["tax"]["facts"]
    fact = clerk.get(f"/facts/{tax['fact']}")

    assert early.status_code == 409
    assert told["appeals"][0]["state"] == "accepted"
    assert told["appeals"][1]["state"] == "rejected"
    assert after["score"] > heard["score"]
    assert (tax["value"], tax["revision"]) == (99999, 2)
    assert fact["revisions"][0]["row"] > 1
    assert "appeal" in fact["revisions"][1]["note"]
    still = {case_key(clerk, each) for each in cases if each["level"] == 4}
    better = {case_key(clerk, each) for each in cases if each["level"] == 0}
    assert still == {each["subject"] for each in fallen}
    assert better
    assert len(cases) == len(still) + len(better)
    assert heard["subject"] not in still
    assert all("评为D类" in each["title"]["zh"] for each in cases)
    assert all(each["step"] == "notify" for each in cases)


def case_key(clerk: Clerk, case: Any) -> str:
    """Give the key of the thing that a case is about."""
    return str(clerk.get("/detections", scene="per_mu", case=case["id"])["detections"][0]["key"])


def test_a_frozen_result_stays_and_is_traced(clerk: Clerk) -> None:
    """Later returns change nothing that is frozen; it runs again the same, and can be exported."""
    (row,) = clerk.get("/evaluations", period="2022")["evaluations"]
    number = row["id"]
    before = clerk.get(f"/evaluations/{number}/rows", limit=1000)["rows"]
    later = [*csv.reader(StringIO((firms.SAMPLE / "returns-2022.csv").read_text("utf-8-sig")))]
    later[1][7] = "1"
    text = StringIO()
    csv.writer(text).writerows(later)
    clerk.http.post(
        "/evaluations/returns", content=text.getvalue().encode(),
        params={"scene": "per_mu", "period": "2022", "name": "later.csv"},
    ).raise_for_status()  # fmt: skip
    done = clerk.post(f"/evaluations/{number}/run-again")
    other = clerk.get(f"/evaluations/{number}/what-if", rules="huangyan_capped")
    trace = clerk.get(f"/evaluations/{number}/rows/{firms.code(1)}")
    exported = clerk.http.get(f"/evaluations/{number}/export", params={"format": "csv"})
    table = list(csv.reader(StringIO(exported.content.decode("utf-8-sig"))))
    (tax,) = trace["inputs"]["tax"]["facts"]

    assert done["same"]
    assert done["formula_same"]
    assert done["revised"] == 1
    assert done["log"] == []
    assert clerk.get(f"/evaluations/{number}/rows", limit=1000)["rows"] == before
    assert other["rules"] == "huangyan_capped"
    assert (tax["file"], tax["row"]) == ("returns-2022.xlsx", 2)
    assert len(table) == firms.FIRMS + 1
    assert clerk.http.get(f"/evaluations/{number}/export").content.startswith(b"PK")


@pytest.fixture
def page(living: Living) -> Iterator[Page]:
    """Open the page of evaluations in a real browser; nothing may go wrong in it."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert found, "this test needs Chromium: apt-get install chromium"
    wrong: list[str] = []
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=found, args=list(FLAGS))
        opened = started.new_page(locale="zh-CN")
        opened.set_default_timeout(60_000)
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.goto(f"{living.url}/console/evaluations.html#operator={living.settings.operator}")
        yield opened
        started.close()
    assert wrong == []


def hand_in(page: Page, path: Path, period: str) -> None:
    """Choose a workbook on the page and have it tried."""
    page.locator("#returns").click()
    page.locator("dialog [name=period]").fill(period)
    page.locator("dialog [name=file]").set_input_files(path)
    page.locator("dialog button.do").click()


def test_a_clerk_brings_returns_in_on_the_page(page: Page, clerk: Clerk, tmp_path: Path) -> None:
    """What is wrong is told by row and field, what is unlikely is asked, the rest makes a draft."""
    asked = page.locator("dialog.ask")
    hand_in(page, spoilt(tmp_path / "wrong.csv", 自有土地="0"), "2021")
    expect(asked).to_contain_text("行 3 · 用地面积")
    asked.locator("button.do").click()
    hand_in(page, spoilt(tmp_path / "odd.csv", 工业增加值="-3"), "2021")
    expect(asked).to_contain_text("不大可能")
    asked.locator("button:not(.do)").click()
    assert clerk.get("/facts", document="per_mu-2021")["total"] == 0

    hand_in(page, firms.SAMPLE / "returns-2022.csv", "2021")
    expect(asked).to_contain_text("企业 200")
    asked.locator("button.do").click()

    expect(page.locator("#list")).to_contain_text("2021")
    (made,) = clerk.get("/evaluations", period="2021")["evaluations"]
    assert made["state"] == "draft"
