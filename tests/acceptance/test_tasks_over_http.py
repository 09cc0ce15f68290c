"""Tasks over HTTP, on the desk itself: mine, acknowledged, done, handed over, and refused."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx
import msgspec
import pytest

from borough.api.application import create
from borough.app.desk.desk import Desk
from borough.app.desk.verbs import answered
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.core.clock import DistrictClock
from borough.testing.living import laid_out
from borough.testing.played import Played
from borough.testing.serving import serving
from borough.testing.town import OPERATOR, town

START = 1_720_569_600_000
ACT = {"authorization": f"Bearer {OPERATOR}"}


class Line:
    """Asks a desk in this very process."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def ask(self, verb: str, body: Mapping[str, Any], /) -> Mapping[str, Any]:
        """Ask as over the bus: the body is text on the way."""
        return answered(self.desk, verb, msgspec.json.encode(body)).ok


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Serve a small part of Yubei with a slope on red."""
    folder = tmp_path_factory.mktemp("http")
    settings = Settings(data=str(folder), district=str(folder_of("yubei")))
    laid_out(settings, share=0.002)
    desk = Desk(settings)
    registry = desk.ground.registry
    codes = [each.code for each in registry.kinds]
    slope = next(r for r, kind in enumerate(registry.kind) if codes[int(kind)] == "slope")
    made = Played(desk, "slope", int(registry.id[slope]), desk.scenes["slope"].levels)
    made.hears("red", START)
    ports = replace(
        town(5), tasks=desk.tasks, cases=desk.cases, desk=Line(desk), plans=desk.plans,
        registry=desk.ground.registry, district=desk.ground.district,
        clock=DistrictClock(START, 1.0, 0),
    )  # fmt: skip
    with (
        serving(create(ports), ports.live) as served,
        httpx.Client(base_url=f"{served.url}/api/v1", headers=ACT, timeout=30) as http,
    ):
        yield http
    desk.engine.dispose()


def mine(client: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    """List tasks."""
    answer = client.get("/tasks", params=asked).raise_for_status().json()
    return list(answer["tasks"])


def test_an_agency_finds_what_it_has_to_do(client: httpx.Client) -> None:
    """Each with its title, its limits, where they come from, and what may be done."""
    found = {each["name"]: each for each in mine(client, agency="traffic_police")}
    assert {"close_road", "close_paths"} <= found.keys()
    road = found["close_road"]
    assert (road["title"]["zh"], road["state"]) == ("交巡警封路", "started")
    assert road["may"] == ["acknowledge", "finish", "skip", "hand"]
    assert road["basis"]
    assert road["due_ms"] - road["started_ms"] == 30 * 60_000


def test_it_is_acknowledged_once_and_then_done(client: httpx.Client) -> None:
    """The second who acts on what was seen before is told; the answers asked for must be there."""
    (task,) = [each for each in mine(client, agency="emergency") if each["name"] == "shelter"]
    path, seen = f"/tasks/{task['id']}", {"version": task["version"]}
    first = client.post(f"{path}/acknowledge", json=seen)
    second = client.post(f"{path}/acknowledge", json=seen)
    assert (first.status_code, second.status_code) == (200, 409)
    assert second.json()["code"] == "stale"
    seen = {"version": first.json()["version"]}
    lacking = client.post(f"{path}/finish", json=seen)
    assert (lacking.status_code, "answers.sheltered" in lacking.json()["detail"]) == (400, True)
    done = client.post(f"{path}/finish", json={**seen, "answers": {"sheltered": 40}})
    assert (done.json()["state"], done.json()["may"]) == ("done", [])


def test_what_is_handed_over_is_with_others(client: httpx.Client) -> None:
    """To an agency of the district, and to no other; a task is skipped with a reason only."""
    (task,) = mine(client, agency="gas_utility")
    path, seen = f"/tasks/{task['id']}", {"version": task["version"]}
    nobody = client.post(f"{path}/hand", json={**seen, "agency": "moon"})
    assert (nobody.status_code, "agency" in nobody.json()["detail"]) == (400, True)
    handed = client.post(f"{path}/hand", json={**seen, "agency": "fire_rescue"})
    assert handed.json()["agency"] == "fire_rescue"
    seen = {"version": handed.json()["version"]}
    assert client.post(f"{path}/skip", json=seen).status_code == 400
    assert client.post(f"{path}/skip", json={**seen, "note": "no gas there"}).status_code == 200
    assert mine(client, agency="gas_utility") == []


def test_nobody_acts_without_signing_in_and_none_on_what_is_not_there(
    client: httpx.Client,
) -> None:
    """401 without a token, 404 for a task that nobody has."""
    (task, *_) = mine(client)
    bare = httpx.post(
        f"{client.base_url}tasks/{task['id']}/acknowledge", json={"version": task["version"]}
    )
    assert bare.status_code == 401
    assert client.post("/tasks/YB-1.9/finish", json={"version": 1}).status_code == 404


def test_people_raise_no_level_that_devices_say(client: httpx.Client) -> None:
    """The slope's level is its stations' business."""
    (task, *_) = mine(client)
    refused = client.post(f"/matters/{task['case']}/level", json={"version": 0, "level": 1})
    assert refused.status_code == 409
