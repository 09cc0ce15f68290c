"""What the door to the open cases promises."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

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
            PLAN, code=f"TOWN-{number}", title={"zh": "井盖", "en": "cover"}, grid=number % 2,
            at_ms=START_MS + number, by="ann", source="citizen", level=number, **told,
        )  # fmt: skip
        ports.cases.write(number, event)
    with (
        serving(create(ports), ports.live) as served,
        httpx.Client(base_url=f"{served.url}/api/v1", timeout=10) as made,
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
