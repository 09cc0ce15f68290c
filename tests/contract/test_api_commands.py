"""The interface to commands, as a program meets it: over a socket, from a real server."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from borough.api.application import create
from borough.api.ports import Ports
from borough.core import errands, moves
from borough.core.plans import Plan
from borough.testing.memory import MemoryCases
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, START_MS, town

ACT = {"authorization": f"Bearer {OPERATOR}"}
CALM = {
    "name": "calm", "title": {"zh": "减压", "en": "Lower the pressure"}, "property": "pressure",
    "value": 0.2, "range": [0.1, 0.4], "from_level": 2, "within_s": 60,
    "undo": {"title": {"zh": "恢复", "en": "As before"}, "value": 0.3, "up_to_level": 0},
}  # fmt: skip
PLAN = Plan.declared(
    "leak",
    {
        "step": [
            {"name": "verify", "holder": "grid_worker", "within_s": 1800, "then": ["repair"],
             "command": [CALM]},
            {"name": "repair", "holder": "crew", "within_s": 14400, "then": ["closed"]},
        ]
    },
)  # fmt: skip
COMMAND = PLAN.first.commands[0]


@pytest.fixture
def ports() -> Ports:
    """Build a town with a case of level 2, on which a command was proposed."""
    made = town(20)
    assert isinstance(made.plans, dict)
    assert isinstance(made.cases, MemoryCases)
    made.plans["leak"] = PLAN
    opening = moves.opening(
        PLAN, code="TOWN-1", scene="leak", thing=5, grid=3, title={"zh": "漏水", "en": "Leak"},
        level=2, detection="leak-5-77", at_ms=START_MS, by="desk",
    )  # fmt: skip
    made.cases.write(1, opening)
    case = made.cases.one(1)
    made.cases.write(1, errands.proposing(case, COMMAND, 5, "m-4", at_ms=START_MS, by="desk"))
    return made


@pytest.fixture
def client(ports: Ports) -> Iterator[httpx.Client]:
    """Serve it, and connect."""
    with (
        serving(create(ports), ports.live) as served,
        httpx.Client(base_url=f"{served.url}/api/v1/cases/1", headers=ACT, timeout=60) as made,
    ):
        yield made


def told(client: httpx.Client) -> dict[str, Any]:
    """Read the commands of the case."""
    answer: dict[str, Any] = client.get("/commands").raise_for_status().json()
    return answer


def test_a_command_says_all_that_a_decision_needs(client: httpx.Client) -> None:
    """What, to which thing, in which unit, within which limits; also in the case itself."""
    commands = told(client)
    (shown,) = commands["commands"]

    assert commands["version"] == 2
    assert commands["offers"] == []
    assert client.get(str(client.base_url).rstrip("/")).json()["commands"] == [shown]
    assert (shown["id"], shown["key"], shown["property"], shown["value"], shown["unit"]) == (
        "TOWN-1.2", "m-4", "pressure", 0.2, "MPa",
    )  # fmt: skip
    assert (shown["value_from"], shown["value_to"], shown["level_from"], shown["level_to"]) == (
        0.1, 0.4, 2, None,
    )  # fmt: skip
    assert (shown["may"], shown["objection"], shown["within_ms"]) == (
        ["confirm", "refuse"], "", 60_000,
    )  # fmt: skip
    assert shown["title"] == CALM["title"]


def test_a_person_confirms_with_a_value_of_their_own(client: httpx.Client) -> None:
    """Within the range; the answer is the case with its command as it now is."""
    beyond = client.post("/commands/TOWN-1.2/confirm", json={"version": 2, "value": 0.5})
    assert (beyond.status_code, beyond.json()["code"]) == (400, "bad-request")
    done = client.post("/commands/TOWN-1.2/confirm", json={"version": 2, "value": 0.15}).json()

    (shown,) = done["commands"]
    assert (shown["state"], shown["value"], shown["by"], shown["may"]) == (
        "confirmed", 0.15, "operator", ["undo"],
    )  # fmt: skip
    assert shown["objection"] == "undo_calm is for level 0 and below; it is 2 now"
    assert shown["undo"]["title"] == CALM["undo"]["title"]
    assert [each["verb"] for each in done["events"]] == ["opened", "proposed", "confirmed"]


def test_of_two_people_at_once_the_second_is_told(client: httpx.Client) -> None:
    """Both decided on version 2: one refusal stands, and the confirmation is stale."""
    body = {"version": 2, "note": "the school needs water"}
    assert client.post("/commands/TOWN-1.2/refuse", json=body).status_code == 200
    late = client.post("/commands/TOWN-1.2/confirm", json={"version": 2})

    assert (late.status_code, late.json()["code"]) == (409, "stale")
    (shown,) = told(client)["commands"]
    assert (shown["state"], shown["says"], shown["may"]) == ("refused", body["note"], [])
    (offer,) = told(client)["offers"]
    assert (offer["command"], offer["may"], offer["objection"]) == ("calm", ["propose"], "")
    again = client.post("/commands", json={"version": 3, "command": "calm"}).json()
    assert again["commands"][0]["id"] == "TOWN-1.4"


def test_taking_back_waits_for_the_level(client: httpx.Client, ports: Ports) -> None:
    """409 with the limit that forbids it; then a command of its own."""
    assert client.post("/commands/TOWN-1.2/confirm", json={"version": 2}).status_code == 200
    early = client.post("/commands/TOWN-1.2/undo", json={"version": 3})
    assert (early.status_code, early.json()["code"]) == (409, "over-limit")
    assert early.json()["titles"]["zh"] == "超出指令的限制"
    assert isinstance(ports.cases, MemoryCases)
    quiet = moves.hearing(ports.cases.one(1), "leak-5-77", 0, at_ms=START_MS, by="desk")
    ports.cases.write(1, quiet)
    done = client.post("/commands/TOWN-1.2/undo", json={"version": 4}).json()

    assert [each["command"] for each in done["commands"]] == ["undo_calm", "calm"]
    assert done["commands"][0]["undoes"] == "TOWN-1.2"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/commands/TOWN-1.2/confirm", {}, 422),
        ("/commands/TOWN-1.2/confirm", {"version": 2, "value": "much"}, 422),
        ("/commands/TOWN-1.9/confirm", {"version": 2}, 404),
        ("/commands/TOWN-1.2/refuse", {"version": 2}, 400),
        ("/commands/TOWN-1.2/undo", {"version": 2}, 409),
        ("/commands", {"version": 2, "command": "flood"}, 404),
        ("/commands", {"version": 2}, 422),
    ],
)
def test_bad_requests_change_nothing(
    client: httpx.Client, path: str, body: dict[str, Any], status: int
) -> None:
    """Each says what is wrong, and the case stays at its version."""
    assert client.post(path, json=body).status_code == status
    assert told(client)["version"] == 2


def test_only_the_operator_decides(client: httpx.Client) -> None:
    """Reading is open to this machine; deciding is not."""
    for path in ("/commands", "/commands/TOWN-1.2/confirm", "/commands/TOWN-1.2/undo"):
        refused = client.post(path, json={"version": 2}, headers={"authorization": "Bearer no"})
        assert refused.status_code == 401
    assert client.get("/commands", headers={"authorization": ""}).status_code == 200
