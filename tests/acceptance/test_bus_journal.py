"""What a journal promises, wherever it is kept."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from borough.core.errors import BusDown, Stale
from borough.core.frames import NOW, ROWS, Frame
from borough.storage.journal.copies import copied, stretch_of
from borough.storage.journal.journal import Journal, JournalTail
from borough.storage.memory import MemoryJournal
from borough.testing.living import eventually


class Ground:
    """A journal to write, and as many reading ends as wanted."""

    def __init__(self, bus: Any) -> None:
        self.stack = ExitStack()
        self.bus = bus
        self.journal = self.open()

    def open(self) -> Any:
        """Open the writing end."""
        return Journal(self._link()) if self.bus else MemoryJournal()

    def tail(self, after: int = 0) -> Any:
        """Open a reading end."""
        return JournalTail(self._link(), after) if self.bus else self.journal.tail(after)

    def _link(self) -> Any:
        return self.stack.enter_context(self.bus.link())


@pytest.fixture(params=["bus", "memory"])
def kept(request: pytest.FixtureRequest) -> Iterator[Ground]:
    """Give a journal of each sort."""
    bus = request.getfixturevalue("ground") if request.param == "bus" else None
    made = Ground(bus)
    with made.stack:
        yield made


def rows(number: int, size: int = 3) -> Frame:
    """Make a frame that tells its number."""
    column = np.full(size, number)
    return Frame(ROWS, number, number, number, 0, -1, np.arange(size), column, column, column)


def numbers(entries: Any) -> list[tuple[int, int]]:
    """Say which frame was found where."""
    return [(entry.sequence, entry.frame.now) for entry in entries]


def test_frames_are_read_in_the_order_in_which_they_were_written(kept: Ground) -> None:
    """The order of the journal is the truth, and a sequence is a place in it."""
    placed = kept.journal.extend(rows(n) for n in range(50))
    placed.append(kept.journal.append(Frame(NOW, 50, 50)))

    assert placed == list(range(1, 52))
    assert numbers(kept.tail().rest()) == list(zip(placed, range(51), strict=True))


def test_who_writes_hears_of_each_frame_in_its_place(kept: Ground) -> None:
    """He hears in the order of the journal, and what he hears of can be read."""
    heard: list[tuple[int, int]] = []

    def hear(place: int, frame: Frame) -> None:
        heard.append((place, frame.now))
        assert kept.tail(place - 1).take(5)[0].frame.now == frame.now

    placed = kept.journal.extend((rows(number) for number in range(5)), hear)

    assert heard == list(zip(placed, range(5), strict=True))


def test_who_writes_hears_of_each_frame_that_stands_and_of_no_other(ground: Any) -> None:
    """In the order of the journal, with its place; what somebody else came before is not heard."""
    with ExitStack() as stack:
        pen, other = (stack.enter_context(ground.link()) for _ in range(2))
        heard: list[tuple[int, int]] = []

        def frames() -> Iterator[Frame]:
            yield from (rows(number) for number in range(5))
            eventually(lambda: Journal(other).sequence == 5, "five frames")
            Journal(other).append(rows(99))
            yield rows(5)

        with pytest.raises(Stale):
            Journal(pen).extend(frames(), lambda place, frame: heard.append((place, frame.now)))

    assert heard == [(number + 1, number) for number in range(5)]


def test_reading_may_begin_anywhere(kept: Ground) -> None:
    """A reader goes on behind what it has read."""
    kept.journal.extend(rows(n) for n in range(10))

    assert numbers(kept.tail(after=7).rest()) == [(8, 7), (9, 8), (10, 9)]
    assert numbers(kept.tail(after=10).rest()) == []


def test_a_reader_hears_what_is_written_while_it_waits(kept: Ground) -> None:
    """Following is reading that does not end."""
    tail = kept.tail()
    assert tail.take(0.01) == []
    kept.journal.append(rows(7))

    assert numbers(tail.take(60)) == [(1, 7)]
    assert tail.behind == 0


def test_the_last_frame_says_how_far_the_doors_are(kept: Ground) -> None:
    """A restart asks it where to go on."""
    assert kept.journal.last() is None
    kept.journal.extend(rows(n) for n in (3, 4))
    last = kept.journal.last()

    assert (last.sequence, last.frame.mqtt) == (2, 4)


def test_frames_of_a_megabyte_are_read_whole(kept: Ground) -> None:
    """The longest frame passes."""
    kept.journal.extend(rows(n, 43_000) for n in range(20))
    read = list(kept.tail().rest())

    assert [len(entry.frame) for entry in read] == [43_000] * 20
    assert (read[-1].frame.value == 19).all()


def test_frames_that_come_in_pieces_are_copied_whole(ground: Any) -> None:
    """As for a backup: while half of one is there the bus has not fallen silent."""
    chance = np.random.default_rng(7)
    with ground.link() as pen, ground.link() as eye:
        frames = (replace(rows(n, 43_000), value=chance.uniform(size=43_000)) for n in range(60))
        Journal(pen).extend(frames)
        taken = [each.sequence for each in copied(eye, "JOURNAL", stretch_of(eye, "JOURNAL"))]

    assert taken == list(range(1, 61))


def test_of_two_writers_the_one_that_lags_is_stopped(ground: Any) -> None:
    """An older process that still runs cannot write between the frames of the newer one."""
    with ExitStack() as stack:
        older, newer = (Journal(stack.enter_context(ground.link())) for _ in range(2))
        newer.append(rows(1))

        with pytest.raises(Stale):
            older.append(rows(2))
        assert newer.append(rows(3)) == 2


def test_a_bus_that_falls_silent_ends_the_reading(ground: Any) -> None:
    """Who recovers does not wait forever for frames that nobody sends any more."""
    with ground.link() as pen, ground.link() as eye:
        journal = Journal(pen)
        journal.extend(rows(n) for n in range(3))
        tail = JournalTail(eye)
        eye.send(b"UNSUB 9\r\n")
        eye.wait_s = 0.2

        with pytest.raises(BusDown, match="3 more frames"):
            list(tail.rest())
