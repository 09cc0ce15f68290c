"""The interface as a program meets it: over a socket, from a real server."""

import csv
import gzip
import json
import ssl
import struct
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from io import StringIO
from typing import Any

import httpx
import pytest

from borough.api.application import create
from borough.api.limits import LIMITS
from borough.api.ports import Ports
from borough.core import moves
from borough.testing.memory import (
    MemoryCases,
    MemoryDetections,
    MemoryDoors,
    MemoryHealth,
    MemoryHistory,
    MemoryLatest,
)
from borough.testing.serving import Served, serving
from borough.testing.town import OPERATOR, PLAN, START_MS, town

METERS = 120
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Spares each client from reading the machine's certificates, which plain HTTP has no use for."""
OWN = {"authorization": "Bearer gw-1:secret"}
NEIGHBOUR = {"authorization": "Bearer gw-2:secret"}
ACT = {"authorization": f"Bearer {OPERATOR}"}
EDGE = {
    "id": "leak-5-77", "scene": "leak", "thing": 5, "level": 2, "level_name": "major",
    "position": 77, "time": START_MS, "now": START_MS, "values": {"flow": 61.2},
    "before": {"level": 0}, "after": {"level": 2}, "version": "abcdef012345", "by": "scene",
}  # fmt: skip


@pytest.fixture
def ports() -> Ports:
    """Build a town in which a leak was seen and a case was opened."""
    secret = sha256(b"secret").hexdigest()
    made = town(METERS, credentials={"gw-1": secret, "gw-2": secret})
    assert isinstance(made.detections, MemoryDetections)
    made.detections.hear(EDGE, case=1)
    assert isinstance(made.cases, MemoryCases)
    opening = moves.opening(
        PLAN, code="TOWN-1", scene="leak", thing=5, grid=3, title={"zh": "漏水", "en": "Leak"},
        level=2, detection="leak-5-77", at_ms=START_MS, by="scene:leak",
    )  # fmt: skip
    made.cases.write(1, opening)
    return replace(made, limits=replace(LIMITS, body_bytes=4096))


@pytest.fixture
def served(ports: Ports) -> Iterator[Served]:
    """Serve it on a free port."""
    with serving(create(ports), ports.live) as running:
        yield running


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    """Make a client that speaks to it."""
    with httpx.Client(base_url=served.url, timeout=60, verify=NO_TLS) as made:
        yield made


def observation(**change: Any) -> dict[str, Any]:
    """Make a body with one row."""
    row = {"thing": "m-1", "property": "flow", "time": START_MS, "value": 1.5, **change}
    return {"observations": [row]}


def test_a_thing_is_told_whole(client: httpx.Client, ports: Ports) -> None:
    """Its latest values, open detections and cases stand beside its attributes."""
    assert isinstance(ports.latest, MemoryLatest)
    number = ports.registry.series_of("m-2", "flow")
    ports.latest.time[number], ports.latest.value[number] = START_MS, 61.2
    key = ports.registry.key[4]
    told = client.get(f"/api/v1/things/{key}").json()
    latest = {each["property"]: (each["time"], each["value"]) for each in told["latest"]}
    assert latest == {"flow": (START_MS, 61.2), "pressure": (None, None)}
    assert [each["id"] for each in told["detections"]] == ["leak-5-77"]
    assert [each["code"] for each in told["cases"]] == ["TOWN-1"]


def test_pages_of_things_join_without_gap_or_overlap(client: httpx.Client) -> None:
    """Following `next` to its end gives every thing once, as many as `total` says."""
    seen: list[int] = []
    after: int | None = 0
    total = 0
    while after is not None:
        page = client.get(f"/api/v1/things?kind=meter&limit=50&after={after}").json()
        seen += [each["id"] for each in page["things"]]
        after, total = page["next"], page["total"]
    assert len(seen) == len(set(seen)) == total == METERS


def test_a_box_and_a_count_agree(client: httpx.Client) -> None:
    """`total` counts what a list within the same box shows."""
    page = client.get("/api/v1/things?bbox=106.5,29.6,106.7,29.8&limit=1000").json()
    assert page["total"] == len(page["things"]) > 0
    assert client.get("/api/v1/things?bbox=1,2,3").json()["fields"][0]["field"] == "bbox"


def test_ground_is_sent_once_and_then_known(client: httpx.Client) -> None:
    """A browser that shows the tag it has gets 304 and no body."""
    first = client.get("/api/v1/places/grids")
    assert len(first.json()["features"]) == 64
    assert first.headers["content-encoding"] == "gzip"
    again = client.get("/api/v1/places/grids", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_packed_points_and_states_line_up_with_the_registry(
    client: httpx.Client, ports: Ports
) -> None:
    """Row i of either is thing i; an open detection of level 2 shows as 5."""
    points = client.get("/api/v1/map/points").content
    many = len(ports.registry.id)
    assert (points[:4], struct.unpack_from("<I", points, 4)[0]) == (b"BPT1", many)
    assert len(points) == 8 + 9 * many
    east = struct.unpack_from("<i", points, 8 + 4 * 4)[0] / 1e6
    assert east == pytest.approx(ports.registry.lon[4], abs=1e-6)
    states = client.get("/api/v1/map/states").content
    assert (len(states), states[4], states[5]) == (many, 5, 0)
    assert client.get("/api/v1/map/points/4").json()["key"] == ports.registry.key[4]
    assert client.get(f"/api/v1/map/points/{many}").status_code == 404


def test_a_flood_of_alarms_is_drawn_whole(client: httpx.Client, ports: Ports) -> None:
    """More open detections than a page holds: the map shows the last of them too."""
    assert isinstance(ports.detections, MemoryDetections)
    for n in range(1, 1200):
        ports.detections.hear({**EDGE, "id": f"leak-6-{n}", "thing": 6, "time": START_MS + n})
    states = client.get("/api/v1/map/states").content
    assert (states[4], states[5]) == (5, 5)


def test_a_series_comes_as_columns_as_sums_and_as_a_table(
    client: httpx.Client, ports: Ports
) -> None:
    """The same readings, in the shape that was asked for."""
    assert isinstance(ports.history, MemoryHistory)
    number = ports.registry.series_of("m-1", "flow")
    ports.history.readings += [(number, START_MS + n * 600_000, float(n)) for n in range(12)]
    path = "/api/v1/things/m-1/series/flow?from=2024-07-10T08:00&to=2024-07-10T10:00"
    columns = client.get(path).json()
    assert (columns["of"], columns["value"]) == (["m-1/flow"], [float(n) for n in range(12)])
    assert client.get(f"{path}&width=hour").json()["value"] == [2.5, 8.5]
    table = client.get(path, headers={"accept": "text/csv"}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(StringIO(table)))
    assert rows[3] == {"thing": "m-1", "property": "flow", "time": str(START_MS + 1_800_000),
                       "value": "3.0"}  # fmt: skip
    both = client.get("/api/v1/series?of=m-2/flow&of=m-1/flow&from=0&to=2024-07-11&limit=3").json()
    assert (both["series"], both["value"]) == ([1, 1, 1], [9.0, 10.0, 11.0])
    assert both["complete"] is False


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/things/nobody", 404, "not-found"),
        ("/api/v1/things/m-1/series/colour", 404, "not-found"),
        ("/api/v1/things/m-1/series/flow?from=soon", 422, "bad-fields"),
        ("/api/v1/things/m-1/series/flow?width=fortnight", 422, "bad-fields"),
        ("/api/v1/cases/99", 404, "not-found"),
        ("/api/v1/detections/none", 404, "not-found"),
        ("/api/v1/things?limit=0", 422, "bad-fields"),
        ("/nowhere", 404, "not-found"),
    ],
)
def test_a_mistake_is_answered_with_a_problem_document(
    client: httpx.Client, path: str, status: int, code: str
) -> None:
    """Stable code, titles in both languages, the one that the caller prefers first."""
    answer = client.get(path, headers={"accept-language": "zh-CN"})
    said = answer.json()
    assert (answer.status_code, said["code"], said["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["title"] == said["titles"]["zh"] != said["titles"]["en"]


def test_a_batch_is_answered_only_after_it_was_taken(client: httpx.Client, ports: Ports) -> None:
    """What the answer calls accepted is in the journal's hands; a repeated key adds nothing."""
    assert isinstance(ports.doors, MemoryDoors)
    headers = {**OWN, "idempotency-key": "batch-1"}
    first = client.post("/api/v1/observations", json=observation(), headers=headers)
    again = client.post("/api/v1/observations", json=observation(), headers=headers)
    assert (first.status_code, first.json()["accepted"], first.json()["duplicate"]) == (
        200,
        1,
        False,
    )
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert [rows.value.tolist() for rows in ports.doors.taken] == [[1.5]]


def test_a_key_is_its_holders_own(client: httpx.Client, ports: Ports) -> None:
    """Two gateways that number their nights alike take nothing from each other."""
    assert isinstance(ports.doors, MemoryDoors)
    key = {"idempotency-key": "night-17"}
    rows = observation(thing="m-51", value=2.5)
    client.post("/api/v1/observations", json=observation(), headers={**OWN, **key})
    other = client.post("/api/v1/observations", json=rows, headers={**NEIGHBOUR, **key})
    assert (other.status_code, other.json()["duplicate"]) == (200, False)
    assert [taken.value.tolist() for taken in ports.doors.taken] == [[1.5], [2.5]]


def test_partly_good_is_207_and_nothing_good_is_422(client: httpx.Client) -> None:
    """The status alone tells a sender whether to look at the errors."""
    bad = observation(value=9999)["observations"]
    mixed = {"observations": [*observation()["observations"], *bad]}
    some = client.post("/api/v1/observations", json=mixed, headers=OWN)
    none = client.post("/api/v1/observations", json={"observations": bad}, headers=OWN)
    assert (some.status_code, some.json()["accepted"], some.json()["errors"][0]["row"]) == (
        207,
        1,
        2,
    )
    assert (none.status_code, none.json()["code"]) == (422, "nothing-taken")
    assert none.json()["rejected"] == {"out-of-range": 1}


def test_a_table_can_be_posted(client: httpx.Client) -> None:
    """CSV is told by its content type."""
    answer = client.post(
        "/api/v1/observations",
        content=f"thing,property,time,value\nm-1,flow,{START_MS},2\n",
        headers={**OWN, "content-type": "text/csv; charset=utf-8"},
    )
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)


def test_a_body_over_the_limit_is_refused_declared_or_not(client: httpx.Client) -> None:
    """With a length, and in chunks without one."""
    body = b" " * 5000
    declared = client.post("/api/v1/observations", content=body, headers=OWN)
    chunked = client.post("/api/v1/observations", content=iter([body]), headers=OWN)
    assert [declared.status_code, chunked.status_code] == [413, 413]
    assert declared.json()["code"] == "too-large"


@pytest.mark.parametrize(
    "sign",
    [{}, {"authorization": "Bearer gw-1:guess"}, {"authorization": "Bearer gw-1"},
     {"authorization": "Basic !!!"}, {"authorization": f"Bearer {OPERATOR}"}],
)  # fmt: skip
def test_who_has_no_credential_cannot_write(client: httpx.Client, sign: dict[str, str]) -> None:
    """Not without one, not with a wrong one, not with the operator's."""
    answer = client.post("/api/v1/observations", json=observation(), headers=sign)
    assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


def test_a_credential_may_be_shown_as_basic(client: httpx.Client) -> None:
    """`curl -u key:token` is enough."""
    answer = client.post("/api/v1/observations", json=observation(), auth=("gw-1", "secret"))
    assert answer.status_code == 200


def test_a_case_moves_along_its_plan(client: httpx.Client) -> None:
    """The answer is the case after the move, with the moves that follow."""
    before = client.get("/api/v1/cases/TOWN-1").json()
    assert [each["to"] for each in before["moves"]] == ["repair"]
    assert before["outcomes"] == ["false", "duplicate"]
    act = {"version": before["version"], "to": "repair", "note": "seen"}
    after = client.post("/api/v1/cases/1/move", json=act, headers=ACT)
    assert after.status_code == 200
    assert (after.json()["step"], after.json()["outcomes"]) == ("repair", ["duplicate"])
    assert [each["verb"] for each in after.json()["events"]] == ["opened", "moved"]


@pytest.mark.parametrize(
    ("verb", "act", "status", "code"),
    [
        ("move", {"version": 0, "to": "repair"}, 409, "stale"),
        ("move", {"version": 1, "to": "check"}, 409, "illegal-move"),
        ("close", {"version": 1, "outcome": "true"}, 409, "illegal-move"),
        ("close", {"version": 1, "outcome": "maybe"}, 400, "bad-request"),
        ("move", {"to": "repair"}, 422, "bad-fields"),
    ],
)
def test_what_the_plan_does_not_allow_is_refused(
    client: httpx.Client, verb: str, act: dict[str, Any], status: int, code: str
) -> None:
    """And the case stays as it was."""
    answer = client.post(f"/api/v1/cases/1/{verb}", json=act, headers=ACT)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get("/api/v1/cases/1").json()["version"] == 1


def test_acting_needs_the_operator(client: httpx.Client) -> None:
    """Reading is open to this machine; acting is not."""
    act = {"version": 1, "to": "repair"}
    for sign in ({}, OWN):
        answer = client.post("/api/v1/cases/1/move", json=act, headers=sign)
        assert (answer.status_code, answer.json()["code"]) == (401, "not-signed-in")


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", ""])
def test_a_request_for_another_host_is_refused(client: httpx.Client, host: str) -> None:
    """A page elsewhere cannot reach us by pointing its own name at this machine."""
    answer = client.get("/api/v1/district", headers={"host": host})
    assert answer.status_code in {400, 421}


def test_an_event_is_heard_and_a_dropped_line_is_picked_up(served: Served, ports: Ports) -> None:
    """`Last-Event-ID` gives what was published meanwhile, once."""

    def listen(seen: str, kinds: list[str]) -> list[tuple[str, dict[str, Any]]]:
        heard: list[tuple[str, dict[str, Any]]] = []
        headers = {"last-event-id": seen} if seen else {}
        with httpx.stream(
            "GET", f"{served.url}/api/v1/live", headers=headers, timeout=60, verify=NO_TLS
        ) as line:
            fields: dict[str, str] = {}
            for text in line.iter_lines():
                name, _, value = text.partition(": ")
                if text:
                    fields[name] = value
                elif "event" in fields:
                    heard.append((fields.get("id", ""), json.loads(fields["data"])))
                    if fields["event"] == "hello" and not seen:
                        served.call(lambda: ports.live.publish("detection", EDGE))
                    if len(heard) == len(kinds):
                        return heard
                    fields = {}
        return heard

    first = listen("", ["hello", "detection"])
    served.call(lambda: ports.live.publish("case", {"id": 1}))
    then = listen(first[-1][0], ["hello", "case"])
    assert first[1][1]["data"]["stands"]["key"] == ports.registry.key[4]
    assert then[0][1]["data"] == {"complete": True}
    assert then[1][1]["data"] == {"id": 1}


def test_metrics_begin_with_the_age_of_the_backlog(client: httpx.Client, ports: Ports) -> None:
    """Counters at the door add up: received = accepted + duplicate + rejected."""
    assert isinstance(ports.health, MemoryHealth)
    ports.health.backlog, ports.health.refused = 1.25, {"unreadable": 2}
    client.post("/api/v1/observations", json=observation(), headers=OWN)
    client.post("/api/v1/observations", json=observation(value=-1), headers=OWN)
    lines = client.get("/metrics").text.splitlines()
    values = dict(each.rsplit(" ", 1) for each in lines if not each.startswith("#"))
    assert next(iter(values.items())) == ("borough_backlog_age_seconds", "1.25")
    assert values['borough_rejected_total{reason="unreadable"}'] == "2"
    rows = {name: int(value) for name, value in values.items() if "http_rows" in name}
    received = rows.pop('borough_http_rows_total{outcome="received"}')
    assert received == sum(rows.values()) == 2


def test_a_part_that_does_not_answer_makes_us_unready_but_not_dead(
    client: httpx.Client, ports: Ports
) -> None:
    """Traffic is sent elsewhere; nobody restarts us for it."""
    assert isinstance(ports.health, MemoryHealth)
    ports.health.answering["desk"] = False
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "bus-down")
    assert "desk" in ready.json()["detail"]
    assert client.get("/healthz").status_code == 200


def test_pages_need_nothing_from_elsewhere(client: httpx.Client) -> None:
    """No address but our own stands in the console or the reference, and no script inline."""
    for path in ("/", "/docs"):
        page = client.get(path)
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "unsafe-inline" not in page.headers["content-security-policy"] or path == "/docs"
        assert "http://" not in page.text
        assert "https://" not in page.text
        assert "<script>" not in page.text
    assert client.get("/swagger/swagger-ui-bundle.js").status_code == 200
    assert client.get("/api/v1/openapi.json").json()["openapi"].startswith("3.")


def test_a_list_can_be_had_as_a_table(client: httpx.Client) -> None:
    """Things, detections and cases open in a spreadsheet."""
    for name in ("things", "detections", "cases"):
        answer = client.get(f"/api/v1/{name}?format=csv")
        assert answer.headers["content-type"].startswith("text/csv")
        assert len(answer.text.splitlines()) > 1


def test_what_is_packed_unpacks_to_itself(client: httpx.Client) -> None:
    """Callers that cannot unpack get the same bytes plain."""
    plain = client.get("/api/v1/map/points", headers={"accept-encoding": "identity"})
    with client.stream("GET", "/api/v1/map/points") as packed:
        raw = b"".join(packed.iter_raw())
    assert gzip.decompress(raw) == plain.content
