"""The people of a demonstration: citizens and clerks, through the doors of a district."""

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import httpx
import pytest

from borough.app.requests.practice import learned
from borough.edge.citizens.calling import Citizens
from borough.edge.citizens.clerks import Clerks, streets
from borough.edge.fleet.workers import Workers
from borough.testing.living import Living

LONG_S = 1_000.0
"""Longer than any of them rests."""
CALLS, ROUNDS = 6, 60
PACE = tomllib.loads((files("borough.edge.citizens") / "pace.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a district that has learned to sort, as that of a demonstration has."""
    made = Living.made(tmp_path_factory.mktemp("people") / "data", share=0.0005, rate=60.0)
    try:
        learned(made.settings.folder, made.held.district)
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(name="staff")
def somebody_of_the_centre(living: Living) -> Iterator[httpx.Client]:
    """Somebody with the token of this machine."""
    shown = {"authorization": f"Bearer {living.settings.operator}"}
    with httpx.Client(base_url=f"{living.url}/api/v1", headers=shown, timeout=60) as http:
        yield http


def of_state(staff: httpx.Client, states: str) -> list[dict[str, Any]]:
    """List the requests of some states."""
    told: list[dict[str, Any]] = staff.get("/requests", params={"state": states}).json()["requests"]
    return told


def test_simulated_citizens_are_served_to_the_end_but_for_those_left_to_people(
    living: Living, staff: httpx.Client
) -> None:
    """All that they say is filed once; clerks close what is theirs, fleet workers touch nothing."""
    shown = living.url, living.settings.operator
    citizens = Citizens(*shown, 3, 60.0, {**PACE, "by_form": 0.3})
    clerks = Clerks(*shown, citizens.filed, PACE, 3)
    clerks.learn()
    citizens.places = streets(clerks.form)
    workers = Workers(*shown, lambda *_: False, 3)
    for call in range(CALLS):
        citizens.go_round(call * LONG_S)
        citizens.go_round(call * LONG_S)  # not due: nothing is said
    waiting = staff.get("/cases", params={"open": True}).json()["cases"]

    workers.go_round(0.0)
    for number in range(ROUNDS):
        clerks.go_round(number * LONG_S)

    left = of_state(staff, "waiting,accepted,answered")
    closed = of_state(staff, "closed")
    assert len(citizens.filed) == CALLS == len(left) + len(closed)
    assert citizens.refused == clerks.refused == 0
    assert {each["id"] % PACE["left"] for each in left} <= {0}
    assert all(each["satisfaction"] for each in closed)
    assert waiting
    assert not workers.due
    cases = staff.get("/cases").json()["cases"]
    still = {each["id"] for each in cases if each["closed_ms"] is None}
    assert still == {each["case_id"] for each in left}
