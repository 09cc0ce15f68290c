"""What the door to the open cases promises."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from borough.adapters import sheets
from borough.api.application import create
from borough.core.deadlines import WorkCalendar, Worktime
from borough.core.moves import opening
from borough.core.plans import Plan
from borough.testing.memory import MemoryCases
from borough.testing.serving import serving
from borough.testing.town import START_MS, town

OFFICE = ((8 * 60, 18 * 60),)
WORK = WorkCalendar(
    zone="Asia/Shanghai", week=(OFFICE,) * 7, days={}, years=frozenset({1999}), work_day_h=8
)
STEPS: list[dict[str, Any]] = [
    {"name": "look", "stage": "verify", "holder": "worker", "within": "2 work_hour",
     "title": {"zh": "核实", "en": "Look"}, "then": ["mend"]},
    {"name": "mend", "stage": "dispose", "holder": "crew", "within_s": 90, "then": ["closed"]},
]  # fmt: skip
KNOWN = Worktime.of(replace(WORK, years=frozenset({2023, 2024, 2025})))
PLAN = Plan.declared("routine", {"step": STEPS}).by(KNOWN)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    """Serve a town with five open cases in its grids."""
    ports = town()
    ports = replace(ports, plans={"routine": PLAN}, district=replace(ports.district, work=WORK))
    assert isinstance(ports.cases, MemoryCases)
    for number in range(1, 6):
        told: dict[str, Any] = {"agency": f"A{number % 2}", "urgent": number == 3}
        event = opening(
            PLAN, code=f"TOWN-{number}", title={"zh": "井盖", "en": "=1+1"}, grid=number % 2,
            at_ms=START_MS + number, by="ann", source="citizen", level=number, **told,
        )  # fmt: skip
        ports.cases.write(number, event)
    with (
        serving(create(ports), ports.live) as served,
        httpx.Client(base_url=f"{served.url}/api/v1", timeout=60) as made,
    ):
        yield made


def codes(answer: httpx.Response) -> list[str]:
    """Give the codes of a page."""
    return [each["code"] for each in answer.raise_for_status().json()["cases"]]


def test_the_queue_is_chosen_sorted_and_counted(client: httpx.Client) -> None:
    """By any filter, in any order, page by page; each filter with what it would give."""
    first = client.get("/queue", params={"limit": 2})
    told = first.json()
    rest = client.get("/queue", params={"limit": 9, "after": told["next"]})

    assert codes(first) + codes(rest) == [f"TOWN-{number}" for number in range(1, 6)]
    assert (told["total"], rest.json()["next"]) == (5, None)
    assert codes(client.get("/queue?sort=level&limit=1")) == ["TOWN-5"]
    assert codes(client.get("/queue?agency=A1&urgent=true")) == ["TOWN-3"]
    assert codes(client.get("/queue?stage=verify&grid=0")) == ["TOWN-2", "TOWN-4"]
    assert codes(client.get("/queue?stage=dispose")) == []
    assert codes(client.get("/queue?text=N-4&source=citizen&source=sensor")) == ["TOWN-4"]
    counts = client.get("/queue?agency=A1").json()["counts"]
    assert counts["agency"] == [{"value": "A1", "count": 3}, {"value": "A0", "count": 2}]
    assert counts["stage"] == [{"value": "verify", "count": 3}]
    assert counts["step"] == [{"value": "look", "count": 3, "title": STEPS[0]["title"]}]
    assert counts["urgent"] == [{"value": False, "count": 2}, {"value": True, "count": 1}]


def test_a_deadline_in_an_unknown_year_is_not_told_as_certain(client: httpx.Client) -> None:
    """It counts working time up to a year of which nobody knows the holidays."""
    assert {each["sure"] for each in client.get("/queue").json()["cases"]} == {False}


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ("sort=colour", 422, "sort"),
        ("after=x", 400, "after"),
        ("street=nowhere", 404, "street"),
        ("limit=0", 422, "limit"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    client: httpx.Client, asked: str, status: int, says: str
) -> None:
    """The field stands in the problem."""
    answer = client.get(f"/queue?{asked}")
    assert (answer.status_code, says in answer.text) == (status, True), answer.text


def test_all_that_fits_leaves_as_a_file_in_the_words_of_the_page(
    client: httpx.Client, tmp_path: Path
) -> None:
    """CSV and Excel say the same, in either language; nothing that was typed in runs as a formula.

    What does not fit into one file, or is no kind of file, is refused by its field.
    """
    chinese = {"accept-language": "zh-CN"}
    book = tmp_path / "queue.xlsx"
    book.write_bytes(client.get("/queue?format=xlsx&agency=A1", headers=chinese).content)
    said = sheets.read(book)
    assert said.columns["案卷号"] == ("TOWN-1", "TOWN-3", "TOWN-5")
    assert said.columns["紧急"] == ("一般", "紧急", "一般")
    assert said.columns["环节"] == ("核实",) * 3

    text = client.get("/queue?format=csv&sort=level&limit=1").raise_for_status().text
    rows = list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))
    assert [each["code"] for each in rows] == [f"TOWN-{number}" for number in (5, 4, 3, 2, 1)]
    assert {each["title"] for each in rows} == {"'=1+1"}
    assert {each["source"] for each in rows} == {"citizen"}

    odd = client.get("/queue?format=pdf")
    assert (odd.status_code, odd.json()["fields"][0]["field"]) == (422, "format")
    told = {"from": str(START_MS - 1), "to": str(START_MS + 9), "by": "agency", "format": "csv"}
    counted = client.get("/appraisals", params=told, headers=chinese).raise_for_status().text
    assert [each.split(",")[1] for each in counted.splitlines()[1:]] == ["A0", "A1"]
    assert "编号" in counted
    assert client.get("/posts?format=csv", headers=chinese).text.startswith("\ufeff岗位,")


def test_more_than_a_file_takes_is_refused_before_it_is_written() -> None:
    """It says how many there are, in both languages."""
    ports = town()
    ports = replace(ports, limits=replace(ports.limits, export_rows=1))
    assert isinstance(ports.cases, MemoryCases)
    for number in (1, 2):
        told: dict[str, Any] = {"code": f"T-{number}", "title": {}, "at_ms": START_MS, "by": "ann"}
        ports.cases.write(number, opening(PLAN, grid=0, level=1, source="citizen", **told))
    with serving(create(ports), ports.live) as served:
        refused = httpx.get(f"{served.url}/api/v1/queue?format=xlsx", timeout=60)
    assert refused.status_code == 422
    assert "至多 1 行，现有 2 行" in refused.json()["details"]["zh"]
