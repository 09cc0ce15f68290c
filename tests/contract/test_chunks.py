"""What was taken off the bus at one go becomes frames whose marks are never ahead of their rows."""

from collections import Counter

import numpy as np
from hypothesis import given, settings, strategies as st

from borough.adapters.mqtt import Readings
from borough.adapters.reader import Chunk, Marks
from borough.core.frames import MOST_ROWS, ROWS, Frame

BEFORE = Marks(100, 50)


def ack(sequence: int) -> bytes:
    """Name where an acknowledged message is to be acknowledged."""
    return b"$JS.ACK.MQTT.reader.1.%d.1.1720569600000000000.0" % sequence


def door(reports: list[int]) -> Frame:
    """Make a frame of the HTTP door."""
    column = np.arange(len(reports))
    return Frame(ROWS, 1, 1, report=np.array(reports, "u4"), series=column, time=column,
                 value=column * 1.0)  # fmt: skip


def readings(rows: list[int]) -> Readings:
    """Make what messages said, so many rows each, every message one report."""
    message = np.repeat(np.arange(len(rows)), rows)
    column = np.arange(len(message))
    return Readings(message, message.astype("u4"), column.astype("i4"), column, column * 1.0,
                    len(column), 0, Counter(), [])  # fmt: skip


def chunk(live: int, acked: int, doors: list[Frame]) -> Chunk:
    """Take so many messages of each kind, and frames of the HTTP door."""
    many = live + acked
    last = Marks(BEFORE.mqtt + acked, BEFORE.http + len(doors))
    return Chunk(
        [b"d/gw/dev/flow"] * many, [b"1"] * many,
        [ack(BEFORE.mqtt + n) for n in range(1, acked + 1)],
        [(BEFORE.http + n, each) for n, each in enumerate(doors, 1)], BEFORE, last,
    )  # fmt: skip


def test_reports_of_two_doors_stay_apart() -> None:
    """In one frame they are counted on; no report of one joins a report of the other."""
    (frame,) = chunk(1, 1, [door([0, 0, 1]), door([5, 6])]).frames(readings([2, 1]), 7, 8)

    assert frame.report.tolist() == [0, 0, 1, 2, 2, 3, 4, 5]
    assert (frame.now, frame.mqtt, frame.http) == (7, 101, 52)


def test_what_says_nothing_moves_the_marks_all_the_same() -> None:
    """An acknowledged message that was refused is not taken a second time."""
    frames = list(chunk(0, 3, []).frames(readings([0, 0, 0]), 7, 8))

    assert [(len(each), each.mqtt, each.http) for each in frames] == [(0, 103, 50)]
    assert list(chunk(2, 0, []).frames(readings([0, 0]), 7, 8)) == []


@settings(max_examples=25, deadline=None)
@given(
    live=st.lists(st.integers(0, MOST_ROWS // 2), max_size=3),
    acked=st.lists(st.integers(0, MOST_ROWS // 2), max_size=5),
    doors=st.lists(st.integers(1, MOST_ROWS), max_size=3),
)
def test_a_frame_holds_all_that_its_marks_say(
    live: list[int], acked: list[int], doors: list[int]
) -> None:
    """Killed after any frame: what the marks cover is journalled, and what is not will come again.

    A message of QoS 1 is wholly before the mark or wholly after it, and so is a batch.
    """
    rows = [*live, *acked]
    taken = chunk(len(live), len(acked), [door([0] * many) for many in doors])
    frames = list(taken.frames(readings(rows), 7, 8))

    journalled = 0
    for frame in frames:
        journalled += len(frame)
        first = sum(rows[: len(live) + frame.mqtt - BEFORE.mqtt])
        batches = sum(doors[: frame.http - BEFORE.http])
        if frame.mqtt > BEFORE.mqtt or frame.http > BEFORE.http:
            assert journalled >= first + batches
        if frame.http > BEFORE.http:
            assert journalled == sum(rows) + batches
        assert len(frame) <= MOST_ROWS
    assert journalled == sum(rows) + sum(doors)
    if frames:
        assert (frames[-1].mqtt, frames[-1].http) == (taken.after.mqtt, taken.after.http)


def test_marks_reach_as_far_as_the_frame_does() -> None:
    """Else a message that is journalled would be taken again after a crash."""
    half = MOST_ROWS // 2
    frames = list(chunk(1, 4, []).frames(readings([half] * 5), 7, 8))

    assert [each.mqtt for each in frames] == [101, 103, 104]
    assert [len(each) for each in frames] == [2 * half, 2 * half, half]


def test_batches_that_fill_frames_of_their_own_are_marked_one_by_one() -> None:
    """A kill between two of them loses neither and takes neither twice."""
    many = MOST_ROWS // 2 + 1
    frames = list(chunk(0, 1, [door([0] * many)] * 2).frames(readings([1]), 7, 8))

    assert [(len(each), each.mqtt, each.http) for each in frames] == [
        (1, 101, 50), (many, 101, 51), (many, 101, 52),
    ]  # fmt: skip
