"""What a case says may be done with it is what is not refused to whoever asks."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from borough.api.application import create
from borough.core import moves
from borough.core.cases import Event, Plan
from borough.core.people import Bounds, Grant, Who
from borough.testing.memory import MemoryCases
from borough.testing.people import MemoryPeople
from borough.testing.serving import serving
from borough.testing.town import START_MS, town

PLAN = Plan.declared("rounds", {"step": [
    {"name": "dispatch", "holder": "dispatcher", "stage": "dispatch", "within_s": 60,
     "then": ["dispose"]},
    {"name": "dispose", "holder": "handler", "stage": "dispose", "within_s": 60,
     "then": ["check", "closed"]},
    {"name": "check", "holder": "inspector", "stage": "check", "within_s": 60, "then": ["closed"]},
]})  # fmt: skip
PEOPLE = {
    "handler": Grant("handler"),
    "collector": Grant("collector"),
    "officer": Grant("duty_officer"),
    "elsewhere": Grant("handler", Bounds(frozenset({"fire"}))),
}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """Serve a case of the water agency that is being disposed of, to people of some roles."""
    ports = town(5)
    ports = replace(ports, plans={**ports.plans, PLAN.id: PLAN})
    assert isinstance(ports.cases, MemoryCases)
    opening = moves.opening(
        PLAN, code="TOWN-1", scene="leak", thing=5, grid=3, title={"zh": "漏", "en": "Leak"},
        level=2, detection="leak-5-77", at_ms=START_MS, by="scene:leak",
    )  # fmt: skip
    ports.cases.write(1, replace(opening, data={**opening.data, "agency": "water"}))
    to = {"from": "dispatch", "to": "dispose", "holder": "handler", "due_ms": START_MS, "note": ""}
    ports.cases.write(1, Event(2, START_MS, "ann", "moved", to))
    assert isinstance(ports.people, MemoryPeople)
    for name, grant in PEOPLE.items():
        ports.people.let_in(name, Who(name, "person", (grant, Grant("onlooker"))))
    with (
        serving(create(ports), ports.live) as served,
        httpx.Client(base_url=f"{served.url}/api/v1/cases/", timeout=30) as made,
    ):
        yield made


def seen(client: httpx.Client, who: str) -> dict[str, Any]:
    """Read the case as somebody."""
    told: dict[str, Any] = client.get("1", headers={"authorization": f"Bearer {who}"}).json()
    return told


def test_a_person_is_shown_no_move_of_anothers_stage(client: httpx.Client) -> None:
    """The case says why, in both languages; asked for all the same, it is refused."""
    told = seen(client, "collector")
    assert (told["moves"], told["outcomes"]) == ([], [])
    assert not {"move", "close"} & {*told["may"]}
    assert told["beyond"]["move"]["zh"] == "此环节不由你的角色办理（stages.dispose）"

    act = {"version": told["version"], "to": "check"}
    refused = client.post("1/move", json=act, headers={"authorization": "Bearer collector"})
    assert (refused.status_code, refused.json()["details"]) == (403, told["beyond"]["move"])


def test_nor_one_of_another_agencys_case(client: httpx.Client) -> None:
    """Somebody may read more than they may move."""
    told = seen(client, "elsewhere")
    assert told["moves"] == []
    assert told["beyond"]["move"]["en"] == "case: of another agency or area"


def test_whose_step_it_is_sees_only_what_is_possible_now(client: httpx.Client) -> None:
    """It cannot be closed as done before it is checked, so that is not offered."""
    told = seen(client, "officer")
    assert [each["to"] for each in told["moves"]] == ["check"]
    assert told["outcomes"] == ["false", "duplicate"]
    assert "must be checked" in told["barred"]["closed"]
    assert "move" in told["may"]
    assert told["beyond"] == {}


def test_the_machine_itself_is_shown_all_that_the_plan_allows(client: httpx.Client) -> None:
    """Roles are for people."""
    told = client.get("1").json()
    assert [each["to"] for each in told["moves"]] == ["check"]
    assert told["beyond"] == {}
