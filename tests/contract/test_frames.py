"""What a journal frame promises whoever writes or reads the journal."""

import struct
from dataclasses import replace
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, strategies as st

from borough.core.errors import BadBatch, BadFrame
from borough.core.frames import (
    DERIVED,
    KINDS,
    MOST_BYTES,
    MOST_ROWS,
    NOW,
    ROWS,
    TUNED,
    Frame,
    decode,
    encode,
)
from borough.core.narrowing import DECIMALS
from borough.core.observations import Batch, Now
from borough.core.tunings import Change, Tuned

LONG = st.integers(-(2**63), 2**63 - 1)
NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.none()
CHANGE = st.builds(
    Change,
    st.integers(1, 2**63 - 1),
    st.text(max_size=20),
    st.integers(0, 2**63 - 1),
    st.dictionaries(st.text(max_size=20), NUMBER, max_size=5),
)
ROW = st.tuples(st.integers(0, 2), st.integers(0, 2**31 - 1), LONG, st.floats())


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    """Draw any frame that may be written."""
    kind = draw(st.sampled_from([ROWS, NOW, DERIVED, TUNED]))
    rows = [] if kind in {NOW, TUNED} else draw(st.lists(ROW, max_size=40))
    step, series, time, value = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Frame(
        kind,
        *(draw(LONG) for _ in range(5)),
        report=np.cumsum(np.array(step, "u4"), dtype="u4"),
        series=np.array(series, "i4"),
        time=np.array(time, "i8"),
        value=np.array(value, "f8"),
        tuned=draw(LONG),
        change=draw(CHANGE) if kind == TUNED else None,
    )


def rows(report: list[int]) -> Frame:
    """Make a frame whose series tell which row is which."""
    n = len(report)
    columns = np.arange(n)
    return Frame(ROWS, 5, 6, 7, 8, -1, np.array(report, "u4"), columns, columns, columns * 1.0)


@given(frames())
def test_a_frame_comes_back_as_it_was_written(frame: Frame) -> None:
    """Every field and every bit of every column survives, NaN included."""
    back = decode(encode(frame))

    for name in ("kind", "now", "wall", "mqtt", "http", "cause", "tuned", "change"):
        assert getattr(back, name) == getattr(frame, name)
    for name in ("report", "series", "time", "value"):
        np.testing.assert_array_equal(getattr(back, name), getattr(frame, name))


@given(frames().filter(len), frames(), st.sampled_from(["time", "value", "series", "report"]))
def test_what_was_read_is_written_again_as_it_is_now(
    frame: Frame, other: Frame, column: str
) -> None:
    """A new head, or a column that was exchanged, counts; the rest need not be packed anew."""
    read = decode(encode(frame))
    headed = replace(read, now=other.now, mqtt=other.mqtt, tuned=other.tuned)
    assert encode(headed) == encode(replace(headed, packed=None))

    exchanged = np.zeros_like(getattr(read, column))
    changed = replace(headed, **{column: exchanged})
    assert encode(changed) == encode(replace(changed, packed=None))
    assert np.array_equal(getattr(decode(encode(changed)), column), exchanged)
    some = headed.only(np.arange(len(read)) % 2 == 0)
    assert encode(some) == encode(replace(some, packed=None))


@given(frames(), st.data())
def test_a_single_damaged_bit_is_noticed(frame: Frame, data: st.DataObject) -> None:
    """No frame is read that was not written; one bit names the release before, which said as much.

    Plain frames of that release are those of this one but for their first four bytes.
    """
    written = encode(frame)
    damaged = bytearray(written)
    bit = data.draw(st.integers(0, len(damaged) * 8 - 1))
    damaged[bit // 8] ^= 1 << bit % 8

    try:
        read = decode(bytes(damaged))
    except BadFrame:
        return
    assert damaged[:4] == b"BJF2"
    assert encode(read) == written


@given(frames(), st.integers(1, 80))
def test_a_frame_cut_short_or_continued_is_noticed(frame: Frame, by: int) -> None:
    """The length is part of the promise."""
    data = encode(frame)

    for wrong in (data[:-by], data + bytes(by)):
        with pytest.raises(BadFrame):
            decode(wrong)


@given(st.binary(max_size=200))
def test_noise_is_not_a_frame(noise: bytes) -> None:
    """Bytes from anywhere raise BadFrame and nothing else."""
    with pytest.raises(BadFrame):
        decode(noise)


@given(st.lists(st.integers(0, 1), min_size=1, max_size=60), st.integers(20, 40))
def test_parts_hold_every_row_once_and_never_halve_a_report(steps: list[int], most: int) -> None:
    """Cutting changes neither order nor reports nor how far the doors are."""
    steps[::15] = [1] * len(steps[::15])
    whole = rows(np.cumsum(steps).tolist())
    parts = list(whole.parts(most))

    np.testing.assert_array_equal(np.concatenate([p.series for p in parts]), whole.series)
    assert all(len(part) <= most for part in parts)
    seen = [set(whole.report[part.series].tolist()) for part in parts]
    assert sum(map(len, seen)) == len(set().union(*seen))
    assert {(p.mqtt, p.http) for p in parts} == {(7, 8)}


def test_each_part_counts_its_reports_from_nought() -> None:
    """A report has its place in the frame that holds it."""
    parts = rows([0, 0, 1, 1, 2]).parts(2)
    assert [part.report.tolist() for part in parts] == [[0, 0], [0, 0], [0]]


def test_a_frame_without_rows_is_its_only_part() -> None:
    """It moves the marks of the doors all the same."""
    empty = Frame(ROWS, 5, 6, 7, 8)
    assert list(empty.parts()) == [empty]


def test_a_report_longer_than_a_frame_is_refused() -> None:
    """It cannot be cut without giving one report two positions."""
    with pytest.raises(BadBatch, match="report 0"):
        list(rows([0] * 5).parts(4))


def test_the_fullest_frame_fits_the_bus() -> None:
    """The row limit and the byte limit agree where nothing can be kept in fewer bytes."""
    apart = np.arange(MOST_ROWS)
    frame = replace(rows((2 * apart).tolist()), time=apart << 33, value=1 / (apart + 7))
    data = encode(frame)

    assert MOST_BYTES - 24 < len(data) <= MOST_BYTES
    with pytest.raises(BadBatch, match="exceed"):
        encode(rows([0] * (MOST_ROWS + 1)))


@pytest.mark.parametrize("kind", [ROWS, NOW, TUNED])
def test_reports_must_not_fall_and_time_has_no_rows(kind: str) -> None:
    """What cannot be read in order is not written."""
    wrong = Frame(kind, 1, 2, report=np.array([1, 0]), series=np.zeros(2), time=np.zeros(2),
                  value=np.zeros(2))  # fmt: skip

    with pytest.raises(BadBatch, match=r"must not fall|holds 2 rows"):
        encode(wrong)


def test_a_sequence_gives_a_frame_its_positions() -> None:
    """Position is the sequence shifted by the bits of a report, plus the report."""
    batch = rows([0, 0, 1]).record(3)
    now = Frame(NOW, 99, 1).record(4)

    assert isinstance(batch, Batch)
    assert batch.position.tolist() == [3 << 24, 3 << 24, (3 << 24) + 1]
    assert batch.arrived.tolist() == [5, 5, 5]
    assert now == Now(4 << 24, 99)


def test_a_change_of_parameters_is_a_record_of_its_own() -> None:
    """It has a place in the journal and no rows; a frame holds one exactly if it is of its kind."""
    change = Change(3, "warm", 0, {"limit": 40.0})

    assert Frame(TUNED, 99, 1, tuned=3, change=change).record(4) == Tuned(4 << 24, change)
    for wrong in (Frame(TUNED, 1, 2), Frame(NOW, 1, 2, change=change)):
        with pytest.raises(BadBatch, match="holds"):
            encode(wrong)


def plain(frame: Frame, magic: bytes) -> bytes:
    """Write a frame as earlier releases did: every column as it is."""
    places = (frame.now, frame.wall, frame.mqtt, frame.http, frame.cause)
    told = [*places, frame.tuned] if magic == b"BJF2" else places
    kind = KINDS.index(frame.kind)
    head = struct.pack(f"<HHI{len(told)}q", kind, 0, len(frame), *told)
    columns = (frame.time, frame.value, frame.series, frame.report)
    body = head + b"".join(column.tobytes() for column in columns)
    return magic + struct.pack("<I", crc32(body)) + body


ALIKE = st.tuples(st.integers(0, 1), st.integers(0, 99), st.just(7), st.integers(-(10**6), 10**6))


@given(st.lists(ALIKE, min_size=1, max_size=60), st.integers(0, 6), st.integers(0, 2))
def test_what_is_alike_takes_fewer_bytes_and_comes_back(
    rows_: list[tuple[int, int, int, int]], decimals: int, apart: int
) -> None:
    """Times that are one or near, values of few decimals and dense reports come back as they were.

    The plain frame of an earlier release is the oracle.
    """
    step, series, time, whole = (np.array(each) for each in zip(*rows_, strict=True))
    frame = Frame(
        ROWS, 1, 2, 3, 4, 5,
        report=np.cumsum(step * (np.arange(len(step)) > 0), dtype="u4"),
        series=series.astype("i4"),
        time=time + apart * 2**40 * (np.arange(len(time)) % 2) + apart * series,
        value=whole / 10.0**decimals,
        tuned=9,
    )  # fmt: skip
    data, slow = encode(frame), decode(plain(frame, b"BJF2"))
    quick = decode(data)
    for name in ("now", "wall", "mqtt", "http", "cause", "tuned"):
        assert getattr(quick, name) == getattr(slow, name)
    for name in ("report", "series", "time", "value"):
        assert getattr(quick, name).tobytes() == getattr(slow, name).tobytes()
    if decimals < DECIMALS and not apart:
        assert len(data) == 64 + 8 + 8 * len(frame) + -(-len(frame) // 8)


@given(frames())
def test_frames_of_the_first_release_are_read(frame: Frame) -> None:
    """They say nothing of changes; their rows and marks are what they were."""
    before = replace(frame, kind=NOW if frame.kind == TUNED else frame.kind, change=None)
    back = decode(plain(before, b"BJF1"))

    assert (back.kind, back.now, back.http, back.cause) == (
        before.kind, before.now, before.http, before.cause,
    )  # fmt: skip
    assert (back.tuned, back.change) == (0, None)
    np.testing.assert_array_equal(back.value, before.value)


def test_the_first_release_knew_no_changes() -> None:
    """A frame of its kind that claims to hold one was written by nobody."""
    text = Change(1, "warm", 0, {"limit": 1.0}).text().encode()
    body = struct.pack("<HHIqqqqq", 3, 0, len(text), 1, 2, 3, 4, -1) + text
    with pytest.raises(BadFrame, match="makes no sense"):
        decode(b"BJF1" + struct.pack("<I", crc32(body)) + body)


@given(st.binary(max_size=60) | st.sampled_from([b"{}", b"[1]", b'{"number":true}', b"null"]))
def test_noise_is_no_change(noise: bytes) -> None:
    """Bytes from anywhere raise BadFrame and nothing else."""
    with pytest.raises(BadFrame):
        Change.parsed(noise)
