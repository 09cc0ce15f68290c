"""What doors do with what is wrong: it is turned away, counted, kept to look at; others go on."""

import base64
import json
from collections import Counter
from io import BytesIO
from typing import Any

import httpx
import pytest
from arro3.core import Array, DataType, Table
from arro3.io import write_ipc_stream

from borough.adapters.sparkplug.messages import payload_class
from borough.storage.sql import SqlCredentials, connect
from borough.testing.living import Living, eventually
from borough.testing.senders import Caller, MqttSender, steady

METER, NAME = "yb-water_meter-00001", "battery"
TOPIC = f"d/gw-0001/{METER}/{NAME}"
REPORT = f"d/gw-0001/{METER}"
STRANGER = "yb-teapot-00001"
"""It is of a class that the district does not have."""
LIMIT = 32_768
DAY_MS = 86_400_000


def birth() -> bytes:
    """Write what an edge node says at the birth of a device, or of its reading: one metric."""
    payload = payload_class()(timestamp=1_720_569_600_000)
    payload.metrics.add(name="steam", datatype=10, double_value=1.0)
    return bytes(payload.SerializeToString())


BAD = [
    (TOPIC, b'{"v": 1', "unreadable"),
    (TOPIC, b"", "unreadable"),
    (TOPIC, b"\xff\xfe\x00", "unreadable"),
    (TOPIC, b"[" * 20_000, "unreadable"),
    (TOPIC, b'{"v": "warm"}', "unreadable"),
    (TOPIC, b'{"v": null}', "unreadable"),
    (TOPIC, b'{"v": NaN}', "unreadable"),
    (TOPIC, b'{"v": 1e999}', "unreadable"),
    (TOPIC, b'{"v": 50, "t": -5}', "unreadable"),
    (TOPIC, b'{"v": 50, "t": 1e300}', "unreadable"),
    (TOPIC, b'{"v": 50, "t": "yesterday"}', "unreadable"),
    (TOPIC, b'{"v": 1e6}', "out-of-range"),
    (TOPIC, b'{"v": %s}' % (b"1" * LIMIT), "too-large"),
    (f"{REPORT}/colour", b"1", "unknown-property"),
    (f"{TOPIC}/more", b"1", "bad-topic"),
    ("d/gw-0001/nobody/battery", b"1", "unknown-device"),
    (f"d/gw-0001/{STRANGER}/steam", b"1", "unknown-device"),
    (f"d/gw-0001/{STRANGER}", b'{"steam": 1, "battery": 50}', "unknown-device"),
    ("d/gw-0001/yb-lane-00001/occupied", b"1", "unknown-device"),
    (f"spBv1.0/plant/DBIRTH/gw-0001/{STRANGER}", birth(), "unknown-device"),
    (f"spBv1.0/plant/DDATA/gw-0001/{STRANGER}", birth(), "unknown-device"),
    (REPORT, b'{"t": 1}', "unreadable"),
    (REPORT, b"[" * 20_000, "unreadable"),
    (REPORT, b'{"colour": 1}', "unknown-property"),
    (REPORT, b'{"battery": 101}', "out-of-range"),
]
"""Topic, payload, and why it is turned away."""


def subject_of(topic: str) -> str:
    """Write a topic as the bus does."""
    return ".".join(level.replace(".", "//") for level in topic.split("/"))


def settled(living: Living) -> dict[str, Any]:
    """Give the stream's counters, once they stand still."""
    seen: list[Any] = []

    def still() -> bool:
        pulse = living.pulse("stream")
        seen.append({"counts": pulse.get("counts"), "rejected": pulse.get("rejected")})
        fresh = pulse.get("at", 0) != getattr(still, "at", None)
        still.at = pulse.get("at", 0)  # type: ignore[attr-defined] # remembers the last look
        return fresh and len(seen) > 2 and seen[-1] == seen[-2] and bool(pulse)

    eventually(still, "counters that stand still")
    return dict(seen[-1])


def received(living: Living) -> int:
    """Give how many readings the stream has counted so far."""
    return int(living.pulse("stream").get("counts", {}).get("received", 0))


def test_each_bad_message_is_a_dead_letter_with_its_reason(living: Living) -> None:
    """A message that cannot be taken in is acknowledged, counted, and kept for inspection."""
    before, known = settled(living), len(living.letters())

    with Caller(living, "gw-0001", living.token) as caller:
        eventually(lambda: caller.welcome, "a welcome")
        assert all(caller.say(topic, payload) for topic, payload, _ in BAD)
        assert caller.say(TOPIC, b"50")
    eventually(lambda: len(living.letters()) == known + len(BAD), "a letter for each")
    goal = before["counts"]["received"] + len(BAD) + 1
    eventually(lambda: received(living) >= goal, "all of them counted")
    letters, after = living.letters()[known:], settled(living)

    assert Counter(
        (each["subject"], base64.b64decode(each["payload"]), each["reason"]) for each in letters
    ) == Counter((subject_of(topic), said[:2048], reason) for topic, said, reason in BAD)
    grown = {
        name: after["counts"][name] - before["counts"].get(name, 0) for name in after["counts"]
    }
    rejected = Counter(after["rejected"]) - Counter(before["rejected"])
    assert rejected == Counter(reason for _, _, reason in BAD)
    assert grown["stored"] == 1
    assert grown["received"] == grown["stored"] + rejected.total() == len(BAD) + 1


def test_a_clock_that_runs_ahead_is_set_right_and_counted(living: Living) -> None:
    """A reading from the future gets the time of its arrival; one from long ago keeps its own."""
    before, now = settled(living), living.now
    series, long_ago = living.series(METER, NAME), now - 100 * DAY_MS

    with Caller(living, "gw-0001", living.token) as caller:
        assert caller.say(TOPIC, b'{"v": 61, "t": %d}' % (now + 10**12))
        assert caller.say(TOPIC, b'{"v": 62, "t": %d}' % long_ago)
    eventually(lambda: (series, long_ago, 62.0) in living.journalled(), "both in the journal")
    eventually(lambda: received(living) >= before["counts"]["received"] + 2, "both counted")
    after = settled(living)
    times = {value: time for (where, time, value) in living.journalled() if where == series}

    assert now <= times[61.0] <= living.now
    assert after["counts"]["clamped"] == before["counts"]["clamped"] + 1
    living.await_history()
    assert living.archived()[series, long_ago, 62.0] == 1


def test_a_reading_said_twice_is_one_in_history(living: Living) -> None:
    """A device that repeats itself is heard twice; history holds the reading once."""
    said = b'{"v": 70, "t": %d}' % (at := living.now)
    row = (living.series(METER, NAME), at, 70.0)

    with Caller(living, "gw-0001", living.token) as caller:
        assert caller.say(TOPIC, said)
        assert caller.say(TOPIC, said)
    eventually(lambda: living.journalled()[row] == 2, "both in the journal")
    living.await_history()

    assert living.archived()[row] == 1


def test_what_the_broker_turns_away_is_counted_from_its_log(living: Living) -> None:
    """Another's topic, a giant, a wrong password: the broker refuses; the metrics say why."""
    with Caller(living, "gw-0001", living.token) as caller:
        caller.say(f"d/gw-0002/{METER}/{NAME}", b"99")
    with Caller(living, "gw-0001", living.token) as caller:
        assert not caller.say(TOPIC, b" " * 2_000_000)
    with Caller(living, "gw-0001", "guessed") as caller:
        assert not caller.welcome

    def counted() -> bool:
        text = httpx.get(f"{living.url}/metrics", timeout=60).text
        return all(
            f'borough_rejected_total{{reason="bus-{reason}"}}' in text
            for reason in ("forbidden-topic", "too-large", "refused")
        )

    eventually(counted, "all three in the metrics")
    assert living.pulse("bus")["rejected"]["forbidden-topic"] >= 1
    assert 99.0 not in {value for _, _, value in living.journalled()}


def test_bad_rows_of_a_batch_are_told_row_by_row(living: Living) -> None:
    """Over HTTP every bad row has its error; the good ones are taken, and all add up."""
    rows = [
        "thing,property,time,value",
        f"{METER},{NAME},,33",
        f"{METER},{NAME},yesterday,33",
        f"{METER},{NAME},,warm",
        f"{METER},{NAME},,nan",
        f"{METER},{NAME},,101",
        f"{METER},colour,,1",
        f"nobody,{NAME},,1",
        f"{METER},{NAME}",
    ]
    with httpx.Client(base_url=living.url, auth=("gw-0001", living.token), timeout=60) as door:
        answer = door.post(
            "/api/v1/observations", content="\n".join(rows), headers={"content-type": "text/csv"}
        )
        told = answer.json()
        broken = door.post("/api/v1/observations", content=b'{"observations": [')

    assert answer.status_code == 207, told
    assert told["received"] == 8 == told["accepted"] + sum(told["rejected"].values())
    assert [each["row"] for each in told["errors"]] == list(range(2, 9))
    assert 400 <= broken.status_code < 500
    assert broken.json()["detail"]
    row = living.series(METER, NAME)
    eventually(lambda: any(s == row and v == 33.0 for s, _, v in living.journalled()), "the row")


def in_json(rows: list[tuple[str, str, float]]) -> tuple[str, bytes]:
    """Write rows of thing, property and value as JSON, with its media type."""
    told = [dict(zip(("thing", "property", "value"), row, strict=True)) for row in rows]
    return "application/json", json.dumps({"observations": told}).encode()


def in_arrow(rows: list[tuple[str, str, float]]) -> tuple[str, bytes]:
    """Write rows of thing, property and value as an Arrow stream, with its media type."""
    thing, name, value = zip(*rows, strict=True)
    columns: dict[str, Any] = {
        "thing": Array(thing, DataType.utf8()),
        "property": Array(name, DataType.utf8()),
        "value": Array(value, DataType.float64()),
    }
    file = BytesIO()
    write_ipc_stream(Table.from_pydict(columns), file, compression=None)
    return "application/vnd.apache.arrow.stream", file.getvalue()


@pytest.mark.parametrize("written", [in_json, in_arrow])
def test_a_class_that_the_district_does_not_have_is_refused_in_a_batch(
    living: Living, written: Any
) -> None:
    """Its rows are told and counted by reason; those of its neighbours are taken."""
    media, body = written([(METER, NAME, 34.0), (STRANGER, "steam", 1.0), (STRANGER, NAME, 50.0)])
    before, refused = settled(living)["counts"], refusals(living)
    answer = httpx.post(
        f"{living.url}/api/v1/observations", content=body, headers={"content-type": media},
        auth=("gw-0001", living.token), timeout=60,
    )  # fmt: skip
    told = answer.json()
    eventually(
        lambda: living.pulse("stream")["counts"]["stored"] > before["stored"], "the good row"
    )
    after = living.pulse("stream")["counts"]

    assert answer.status_code == 207, told
    assert (told["received"], told["accepted"]) == (3, 1)
    assert told["rejected"] == {"unknown-device": 2}
    assert [(each["row"], each["field"]) for each in told["errors"]] == [(2, "thing"), (3, "thing")]
    assert refusals(living) == refused + 2
    assert [after[name] - before[name] for name in ("received", "stored")] == [1, 1]


def refusals(living: Living) -> int:
    """Ask the metrics how many rows of unknown things the HTTP door has refused."""
    name = 'borough_http_rejected_total{reason="unknown-device"}'
    lines = httpx.get(f"{living.url}/metrics", timeout=60).text.splitlines()
    return sum(int(line.split()[-1]) for line in lines if line.startswith(name))


def test_others_go_on_beside_a_device_that_errs(living: Living) -> None:
    """While one connection sends nothing but rubbish, another's readings all arrive."""
    with (
        MqttSender(living, steady(living, "dwell", 1.0)) as good,
        Caller(living, "gw-0001x", living.token) as stranger,
    ):
        assert not stranger.welcome
        for _ in range(20):
            with Caller(living, "gw-0001", living.token) as bad:
                bad.say(TOPIC, b"{" * 100)
                bad.say(TOPIC, b" " * 2_000_000)
        eventually(lambda: len(good.ledger.acknowledged) > 100, "word of the other one")
        good.hush()
        acknowledged = good.ledger.acknowledged
        eventually(lambda: not acknowledged - set(living.journalled()), "all of it journalled")


def test_a_credential_is_good_while_it_is_not_revoked(living: Living) -> None:
    """A new credential lets its device in within seconds, and a revoked one no longer."""
    credentials = SqlCredentials(connect(living.settings.store))
    token = credentials.issue([METER], at_ms=living.now)[METER]

    def welcome() -> bool:
        with Caller(living, METER, token) as caller:
            return caller.welcome

    eventually(welcome, "a welcome")
    credentials.revoke(METER, at_ms=living.now)
    eventually(lambda: not welcome(), "a closed gate")


def test_metrics_are_whole(living: Living) -> None:
    """The counters of the api are those of the stream, and add up."""
    counts = json.loads(json.dumps(living.counts()))
    rejected = {k: v for k, v in counts["rejected"].items() if not k.startswith("bus-")}

    assert counts["received"] == counts["stored"] + sum(rejected.values())
