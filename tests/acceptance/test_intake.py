"""A living district takes new things up: imported, connected and watched without a restart."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from borough.app.intake.jobs import Shelf
from borough.testing.living import Living, eventually
from borough.testing.senders import Caller

FILE = """编号,类别,经度,纬度,网关,名称
new-gw,gateway,106.6,29.7,,新网关
new-lane,firelane_mag,106.61,29.71,new-gw,新车道
new-spare,firelane_mag,106.62,29.71,new-gw,从不说话
"""
LANE, SPARE = "new-lane", "new-spare"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Let a district live for this page alone: its registry changes."""
    made = Living.made(tmp_path_factory.mktemp("intake") / "data")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def client(town: Living) -> Iterator[httpx.Client]:
    """Make a client that may act."""
    key = {"authorization": f"Bearer {town.settings.operator}"}
    with httpx.Client(base_url=town.url, headers=key, timeout=30.0) as made:
        yield made


def done(client: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    """Wait until an import is over."""
    assert answer.status_code == 202, answer.text
    where = answer.headers["location"]
    eventually(lambda: client.get(where).json()["state"] in {"done", "failed"}, "an import's end")
    told: dict[str, Any] = client.get(where).json()
    return told


def sent(client: httpx.Client, text: str, **asked: Any) -> httpx.Response:
    """Send a file of things."""
    return client.post("/api/v1/things/imports", content=text.encode("gb18030"), params=asked)


def latest(client: httpx.Client, key: str) -> dict[str, Any]:
    """Give what a thing said last, by property."""
    told = client.get(f"/api/v1/things/{key}").json()
    return {each["property"]: each["value"] for each in told["latest"]}


def test_an_imported_device_is_heard_and_watched_at_once(
    town: Living, client: httpx.Client
) -> None:
    """From the file to its first alarm nothing is started anew, and nobody is called lost."""
    before = town.pids()
    job = done(client, sent(client, FILE, name="新设备.csv", credentials=True))
    assert (job["state"], job["applied"], job["tokens"]) == ("done", True, 1), job
    tokens = client.post(f"/api/v1/things/imports/{job['number']}/tokens").text
    assert client.post(f"/api/v1/things/imports/{job['number']}/tokens").status_code == 404
    eventually(lambda: client.get(f"/api/v1/things/{LANE}").status_code == 200, "a known thing")
    eventually(lambda: speaks(town, tokens, 1), "an open door")
    eventually(  # the door may know it before the stream does
        lambda: speaks(town, tokens, 1) and latest(client, LANE).get("occupied") == 1.0,
        "its value in the interface",
    )
    eventually(lambda: speaks(town, tokens, 1) and alarms(client, LANE), "an alarm", 60.0)

    assert alarms(client, LANE) == ["fire_lane"]
    assert alarms(client, SPARE) == []
    assert town.pids() == before
    lost = client.get("/api/v1/detections", params={"scene": "lost_device"}).json()["detections"]
    assert lost == []


def speaks(town: Living, tokens: str, value: float) -> bool:
    """Report over MQTT with the fresh token; say whether it was acknowledged."""
    key, token = tokens.splitlines()[1].split(",")
    with Caller(town, key, token) as caller:
        time.sleep(0.3)
        return caller.say(f"d/{key}/{LANE}/occupied", json.dumps({"v": value}).encode())


def alarms(client: httpx.Client, key: str) -> list[str]:
    """List the scenes that have an open detection on a thing."""
    told = client.get(f"/api/v1/things/{key}").json()
    return [each["scene"] for each in told["detections"]]


def test_an_export_of_a_living_district_comes_back_the_same(client: httpx.Client) -> None:
    """Whoever edits the registry in a spreadsheet begins and ends with nothing changed."""
    exported = client.get("/api/v1/things/exports", params={"format": "xlsx"})
    job = done(client, client.post("/api/v1/things/imports", content=exported.content))

    assert job["state"] == "done", job
    assert job["counts"]["same"] == sum(job["counts"].values()) > 10
    assert not job["applied"]


def test_a_bad_file_says_so_over_http(client: httpx.Client) -> None:
    """Rows, a workbook of errors, and a refusal in both languages; an empty body is none."""
    bad = done(client, sent(client, "key,kind,lon,lat\nn-1,lamp,106.6,29.7\n", name="a.csv"))
    rows = client.get(f"/api/v1/things/imports/{bad['number']}/rows").text
    workbook = client.get(f"/api/v1/things/imports/{bad['number']}/errors")
    torn = done(client, client.post("/api/v1/things/imports", content=b"PK\x03\x04torn"))

    assert bad["counts"]["refused"] == 1
    assert "kind-unknown" in rows
    assert workbook.content.startswith(b"PK")
    assert (torn["state"], torn["problem"]["code"]) == ("failed", "bad-sheet")
    assert client.post("/api/v1/things/imports", content=b"").status_code == 422
    nobody = {"authorization": "Bearer wrong"}
    assert client.post("/api/v1/things/imports", content=b"x", headers=nobody).status_code == 401
    assert client.get("/api/v1/things/imports/99").status_code == 404


def test_a_killed_desk_says_what_came_of_an_import(town: Living, client: httpx.Client) -> None:
    """All or nothing, also when the desk dies in the middle; then the same file works."""
    rows = "".join(f"many-{number},firelane_mag,new-gw\n" for number in range(60_000))
    begun = sent(client, f"key,kind,via\n{rows}", name="many.csv")
    shelf, number = Shelf(town.settings.common), begun.json()["number"]
    eventually(lambda: shelf.job(number).phase == "enter", "rows on their way in")
    town.kill("desk")
    job = done(client, begun)
    again = done(client, sent(client, f"key,kind,via\n{rows}", name="many.csv"))
    whole = job["state"] == "done"

    assert job["problem"].get("code") == (None if whole else "interrupted")
    assert again["counts"]["same" if whole else "added"] == 60_000
    held = client.get("/api/v1/things/exports", params={"kind": "firelane_mag"}).text
    assert held.count("many-") == 60_000


def test_what_is_taken_back_is_no_longer_heard(town: Living, client: httpx.Client) -> None:
    """A retired device is unknown to every role, its alarm ends, its numbers are never reused."""
    number = next(
        job["number"]
        for job in client.get("/api/v1/things/imports").json()["imports"]
        if job["file"] == "新设备.csv"
    )
    series = client.get(f"/api/v1/things/{LANE}").json()["first_series"]
    assert still_open(client) == [LANE]
    job = done(client, client.post(f"/api/v1/things/imports/{number}/undo"))
    assert job["applied"], job
    eventually(lambda: still_open(client) == [], "an end of its alarm")
    eventually(lambda: client.get(f"/api/v1/things/{LANE}").status_code == 404, "a thing gone")
    done(client, sent(client, "key,kind\nlater,firelane_mag\n", name="later.csv"))
    eventually(lambda: client.get("/api/v1/things/later").status_code == 200, "a later thing")

    assert client.get("/api/v1/things/later").json()["first_series"] > series
    town.kill("stream")
    town.await_all()
    assert town.pulse("stream").get("broken", {}) == {}


def still_open(client: httpx.Client) -> list[str]:
    """List the things with open detections of fire_lane."""
    found = client.get("/api/v1/detections", params={"scene": "fire_lane", "open": True}).json()
    return [each["key"] for each in found["detections"] if each["ended_ms"] is None]


def test_the_files_of_an_import_are_kept_apart(town: Living) -> None:
    """A name that leads elsewhere leads nowhere."""
    folder = town.settings.folder / "uploads"

    assert {each.parent.name for each in folder.rglob("*.csv")} <= {
        *(each.name for each in (folder / "imports").iterdir()), "upload",
    }  # fmt: skip
    assert not Path(folder / "new.csv").exists()
