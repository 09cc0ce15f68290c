"""The account of the stream: each side is counted by itself, and a restart keeps both."""

from collections import Counter

import numpy as np

from borough.adapters.mqtt import Readings
from borough.adapters.reader import Chunk
from borough.app.counters import Counters
from borough.core.frames import DERIVED, LENT, NOW, ROWS, Frame


def frame(rows: int, kind: str = ROWS) -> Frame:
    """Give a frame of so many rows."""
    return Frame(
        kind, 1, 1, report=np.arange(rows), series=np.arange(rows), time=np.arange(rows),
        value=np.zeros(rows),
    )  # fmt: skip


def read(stored: int, rejected: int, received: int) -> Readings:
    """Give what a decoder says of a stretch of messages."""
    none, rows = np.zeros(0, np.int64), np.arange(stored)
    reasons = Counter({"unreadable": rejected})
    return Readings(rows, none, none, none, np.zeros(0), received, 0, reasons, [])


def fell(counters: Counters) -> int:
    """Say how many readings fell between."""
    return counters.counts["received"] - counters.counts["stored"] - counters.rejected.total()


def test_what_comes_by_both_doors_is_received_and_adds_up() -> None:
    """Messages, batches and damaged frames are received; what another partition lends is not."""
    doors = [(1, frame(5)), (2, frame(0)), (3, frame(7, LENT))]
    chunk = Chunk(subjects=[b"d.g.m"] * 3, doors=doors, damaged=1)
    counters = Counters()
    counters.take(chunk, read(8, 2, 10), {ROWS: 8 + 5, LENT: 7})

    told = {"messages": 3, "received": 16, "stored": 13, "lent": 7, "clamped": 0}
    assert counters.counts == told
    assert counters.rejected == {"unreadable": 2, "damaged": 1}
    assert fell(counters) == 0


def test_a_reading_that_falls_between_is_a_difference() -> None:
    """What is neither journalled nor rejected is missed, wherever it went."""
    counters = Counters()
    counters.take(Chunk(doors=[(1, frame(5))]), read(8, 2, 10), {ROWS: 12})

    assert fell(counters) == 1


def test_a_restart_keeps_both_sides() -> None:
    """What the journal has beyond the checkpoint is on both; what it cannot know is the pulse's."""
    counters = Counters()
    counters.take(Chunk(), read(8, 2, 10), {ROWS: 8})
    kept = counters.save()
    counters.take(Chunk(), read(4, 1, 5), {ROWS: 4})
    pulse = {"counts": dict(counters.counts), "rejected": dict(counters.rejected)}
    again = Counters()
    again.load(kept)
    again.recall(pulse)
    for each in (frame(4), frame(3), frame(2, DERIVED), frame(0, NOW)):
        again.hear(each)

    assert again.counts["stored"] == 8 + 4 + 3
    assert again.rejected.total() == 3
    assert (again.counts["derived"], fell(again)) == (2, 0)


def test_a_difference_outlasts_a_restart_and_an_older_pulse_changes_nothing() -> None:
    """A death does not make good what was lost, and what a checkpoint knows is not unlearned."""
    counters = Counters()
    older = {"counts": dict(counters.counts), "rejected": {}}
    counters.take(Chunk(), read(8, 2, 10), {ROWS: 7})
    again = Counters()
    again.load(counters.save())
    again.recall(older)
    again.hear(frame(3))

    assert again.counts["received"] == 10 + 3
    assert fell(again) == 1
