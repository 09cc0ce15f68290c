"""What a device says, however badly, stays what that device said."""

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from borough.adapters.limits import Limits
from borough.adapters.mqtt import Decoder
from borough.adapters.payloads import UNSAID, read_many, read_one, read_reports
from borough.core.errors import BadReading
from borough.core.registry import Kind, Property, Registry

NUMBER = st.floats(-1e300, 1e300) | st.integers(-(2**60), 2**60) | st.booleans()
LONG = st.fixed_dictionaries({"v": NUMBER}, optional={"t": st.integers(0, 2**53)})
GOOD = st.builds(lambda said: json.dumps(said).encode(), NUMBER | LONG)
PIECES = st.sampled_from(
    [b"]", b"[", b"]\n,[", b"],[", b"1", b'{"v":1}', b'{"v":', b"}", b'"', b"\\", b",", b" ", b"\n",
     b'{"', b'":1}', b"[[", b"]]", b"null", b"true", b'"t":', b"\r\n", b"\x00", b"\xff", b"NaN"]
)  # fmt: skip
EVIL = st.lists(PIECES, max_size=9).map(b"".join) | st.binary(max_size=12)


def slow(payload: bytes) -> tuple[float, float] | None:
    """Read a payload with the standard library, as its own words in the documents say."""

    def refuse(_: str) -> None:
        raise ValueError

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(pairs)

    try:
        said = json.loads(payload.decode(), parse_constant=refuse, object_pairs_hook=once)
        if isinstance(said, dict):
            if "v" not in said or said.keys() - {"v", "t"}:
                return None
            value, time = said["v"], said.get("t", UNSAID)
            if isinstance(time, bool) or ("t" in said and not 0 <= time <= 2**53):
                return None
        else:
            value, time = said, UNSAID
        number = float(value) if isinstance(value, int | float) else math.inf
        return (number, float(time)) if math.isfinite(number) else None
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None


def as_read(payload: bytes) -> tuple[float, float] | None:
    """Read one payload; nothing if it is bad."""
    try:
        return read_one(payload)
    except BadReading:
        return None


@settings(max_examples=400)
@given(st.lists(GOOD | EVIL, max_size=60))
@example([b"1],[2", b'{"', b'":1}'])
@example([b"1],[2", b"3"])
@example([b"1]\n,[2", b"3"] * 20)
@example([b"1", b"[", b"]", b"2"])
@example([b"1]\n,[2", b'{"v":1,"', b'":3}', b"4"] * 9)
@example([b"", b" ", b"1] ,[1", b"", b"2"])
def test_no_payload_changes_what_another_one_says(payloads: list[bytes]) -> None:
    """Read together or one by one, each payload gives the same, whatever stands beside it."""
    said = read_many(payloads)
    together = [
        None if at in said.why else pair
        for at, pair in enumerate(zip(said.value.tolist(), said.time.tolist(), strict=True))
    ]

    assert together == [as_read(payload) for payload in payloads]


@given(GOOD | EVIL)
@example(b"1e999")
@example(b'{"v":1,"v":2}')
@example(b'{"v":1,"t":1720569600000.0}')
@example(b"9" * 400)
@example(b"-0")
def test_a_payload_means_what_its_json_means(payload: bytes) -> None:
    """An independent reading of the same words agrees."""
    assert as_read(payload) == slow(payload)


@pytest.mark.parametrize(
    "payload",
    [b"", b"null", b'"1"', b"NaN", b"Infinity", b'{"v":NaN}', b"1e999", b"[1]", b'{"t":1}',
     b'{"v":"1"}', b'{"v":1,"x":1}', b'{"v":1,"t":-1}', b'{"v":1,"t":true}', b'{"v":1,"t":1e17}',
     b"1 2", b"{}", b"\xff\xfe"],
)  # fmt: skip
def test_what_is_no_reading_is_refused_with_a_reason(payload: bytes) -> None:
    """Wrong types, NaN, infinities and broken JSON never become a number."""
    said = read_many([b"1", payload, b"2"])

    assert said.value[said.good].tolist() == [1.0, 2.0]
    assert said.why[1]


def test_true_and_false_are_one_and_nought() -> None:
    """A switch is a number like others."""
    said = read_many([b"true", b"false", b'{"v":true}'])

    assert said.value.tolist() == [1.0, 0.0, 1.0]


def test_a_report_may_be_a_list_with_times_of_their_own() -> None:
    """A device that was away sends what it kept."""
    assert read_reports(b'[{"t":5,"a":1,"b":true},{"a":2}]') == [
        (5.0, {"a": 1.0, "b": True}),
        (UNSAID, {"a": 2.0}),
    ]


@given(EVIL)
def test_a_bad_report_is_refused_and_nothing_else_happens(payload: bytes) -> None:
    """Noise gives BadReading or reports, and no other error."""
    try:
        assert read_reports(payload)
    except BadReading as problem:
        assert str(problem)  # noqa: PT017 - both ways are right


DISTRICT = Registry(
    (
        Kind("gw", {}, "gateway", (Property("up", {}, "1", 0, 1, (0, 1)),), 1, 1, 0),
        Kind("m", {}, "device", (Property("a", {}, "1", -10, 10, (0, 1)),
                                 Property("b", {}, "1", 0, 5, (0, 1))), 1, 1, 0),
        Kind("z", {}, "derived", (Property("a", {}, "1", 0, 1, (0, 1)),), 1, 1, 0),
    ),
    np.arange(1, 6), ("gw-1", "gw-2", "m-1", "m-2", "z-1"), np.array([0, 0, 1, 1, 2]),
    np.array([0, 1, 2, 4, 6]), np.zeros(5), np.zeros(5), np.zeros(5, int),
    np.array([-1, -1, 0, 1, -1]),
)  # fmt: skip
TOPIC = st.lists(
    st.sampled_from([b"d", b"gw-1", b"gw-2", b"m-1", b"m-2", b"z-1", b"a", b"b", b"up", b"", b"x"]),
    min_size=1, max_size=5,
).map(b".".join)  # fmt: skip
REPORT = st.dictionaries(st.sampled_from("abtx"), NUMBER, max_size=4)
SAID = GOOD | EVIL | st.builds(lambda said: json.dumps(said).encode(), REPORT | st.lists(REPORT))
NOW = 1_720_569_600_000


@given(st.lists(st.tuples(TOPIC | st.sampled_from([b"d.gw-1.m-1.a", b"d.gw-1.m-1"]), SAID),
                max_size=30))  # fmt: skip
@example([(b"d.gw-1.m-1.a", b""), (b"d.gw-1.m-1", b""), (b"d.gw-1.m-1", b'{"b": 0.0, "a": 0.0}')])
def test_every_message_is_stored_or_counted_with_a_reason(said: list[tuple[bytes, bytes]]) -> None:
    """Read together or alone, the same is found, and each reading is taken in or told of."""
    decoder = Decoder(DISTRICT, Limits.load())
    together = decoder.decode([s for s, _ in said], [p for _, p in said], NOW)
    alone = [Decoder(DISTRICT, Limits.load()).decode([s], [p], NOW) for s, p in said]

    for name in ("series", "time", "value"):
        one_by_one = [getattr(each, name) for each in alone]
        expected = np.concatenate(one_by_one) if one_by_one else np.zeros(0)
        np.testing.assert_array_equal(getattr(together, name), expected)
    assert together.rejected.total() == sum(each.rejected.total() for each in alone)
    assert all(each.received > 0 for each in alone)
    assert together.received == sum(each.received for each in alone)
    assert together.received == len(together.series) + together.rejected.total()
    assert together.rejected.total() == len(together.letters)
    assert (np.diff(together.message) >= 0).all()


@pytest.mark.parametrize("many", [3, 2_000])
@pytest.mark.parametrize("odd", [b'{"a":1,"b":2}', b'{"t":1}', b"{", b'[{"a":1},{"x":2,"b":9}]'])
def test_readings_are_counted_as_they_are_found(many: int, odd: bytes) -> None:
    """Of few or many reports, plain or not: what came in is known before what becomes of it."""
    report, single = b'[{"a":1,"b":99},{"t":7,"a":2}]', b"5"
    payloads = [report, single] * many + [odd]
    subjects = [b"d.gw-1.m-1", b"d.gw-1.m-1.a"] * many + [b"d.gw-1.m-1"]
    readings = Decoder(DISTRICT, Limits.load()).decode(subjects, payloads, NOW)
    beside = Decoder(DISTRICT, Limits.load()).decode(subjects[-1:], payloads[-1:], NOW)

    assert readings.received == many * (3 + 1) + beside.received
    assert beside.received == {b"[": 3, b"{": 1}[odd[:1]] + (b'"b":2' in odd)
    assert readings.received == len(readings.series) + readings.rejected.total()
    assert readings.rejected["out-of-range"] == many + beside.rejected["out-of-range"]


@pytest.mark.parametrize(
    ("subject", "payload", "reason"),
    [
        (b"d.gw-1.m-2.a", b"1", "not-yours"),
        (b"d.gw-1.gw-2.up", b"1", "not-yours"),
        (b"d.gw-1.m-9.a", b"1", "unknown-device"),
        (b"d.z-1.z-1.a", b"1", "unknown-device"),
        (b"d.gw-1.m-1.c", b"1", "unknown-property"),
        (b"d.gw-1.m-1", b'{"c":1}', "unknown-property"),
        (b"d.gw-1", b"1", "bad-topic"),
        (b"d.gw-1.m-1.a.b", b"1", "bad-topic"),
        (b"d.gw-1.m-1.a", b"10.1", "out-of-range"),
        (b"d.gw-1.m-1", b'{"a":-11}', "out-of-range"),
        (b"d.gw-1.m-1.a", b"?", "unreadable"),
        (b"d.gw-1.m-1.a", b" " * 40_000 + b"1", "too-large"),
    ],
)
def test_a_rejected_reading_says_why_and_keeps_its_words(
    subject: bytes, payload: bytes, reason: str
) -> None:
    """The dead letter has the reason, the topic and the payload."""
    readings = Decoder(DISTRICT, Limits.load()).decode([subject], [payload], NOW)

    assert dict(readings.rejected) == {reason: 1}
    assert (readings.letters[0].reason, readings.letters[0].payload) == (reason, payload)
    assert len(readings.series) == 0


def test_a_reading_from_the_future_gets_the_time_of_its_arrival() -> None:
    """A little ahead is a clock that is a little wrong; more is clamped and counted."""
    far, near = NOW + 10**9, NOW + 1000
    payloads = [b'{"v":1,"t":%d}' % t for t in (far, near, NOW - 10**9)] + [b"1"]
    readings = Decoder(DISTRICT, Limits.load()).decode([b"d.gw-1.m-1.a"] * 4, payloads, NOW)

    assert readings.time.tolist() == [NOW, near, NOW - 10**9, NOW]
    assert readings.clamped == 1


def test_a_report_is_one_report_and_a_list_is_several() -> None:
    """Rows that were said together share a number; rows that were not do not."""
    subjects = [b"d.gw-1.m-1", b"d.gw-1.m-1.a", b"d.gw-1.m-1"]
    payloads = [b'{"a":1,"b":2}', b"3", b'[{"a":4},{"a":5,"b":1}]']
    readings = Decoder(DISTRICT, Limits.load()).decode(subjects, payloads, NOW)

    assert readings.report.tolist() == [0, 0, 1, 2, 3, 3]
    assert readings.message.tolist() == [0, 0, 1, 2, 2, 2]
    assert readings.value.tolist() == [1, 2, 3, 4, 5, 1]


def test_topics_that_do_not_exist_are_not_remembered() -> None:
    """Nobody can fill the memory of the decoder with names he makes up."""
    decoder = Decoder(DISTRICT, Limits.load())
    decoder.decode([b"d.gw-1.x-%d.a" % n for n in range(100)], [b"1"] * 100, NOW)

    assert len(decoder._topics) == 0  # noqa: SLF001 - nothing else shows it
