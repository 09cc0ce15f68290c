"""A journal that lives as long as its process: for rehearsals, replays and tests."""

import threading
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from borough.core.frames import Frame, decode, encode
from borough.storage.journal.journal import Then


class Entry(NamedTuple):
    """A frame and its place in the journal."""

    sequence: int
    frame: Frame


class MemoryJournal:
    """Keeps the promises of the journal on the bus, but for surviving its process.

    It holds bytes, so that what is read has been through the same encoding.
    """

    def __init__(self) -> None:
        self.kept: list[bytes] = []
        self.grown = threading.Condition()

    @property
    def sequence(self) -> int:
        """Say where it ends."""
        return len(self.kept)

    def append(self, frame: Frame) -> int:
        """Write a frame and give its sequence number."""
        return self.extend([frame])[0]

    def extend(self, frames: Iterable[Frame], then: Then | None = None) -> list[int]:
        """Write frames and give their sequence numbers; *then* hears of each once it stands."""
        stored: list[int] = []
        for frame in frames:
            with self.grown:
                self.kept.append(encode(frame))
                stored.append(self.sequence)
                self.grown.notify_all()
            if then:
                then(stored[-1], frame)
        return stored

    def first(self) -> Entry | None:
        """Give the oldest frame, None if there is none."""
        return Entry(1, decode(self.kept[0])) if self.kept else None

    def last(self) -> Entry | None:
        """Give the last frame, None if there is none."""
        return Entry(len(self.kept), decode(self.kept[-1])) if self.kept else None

    def tail(self, after: int = 0) -> "MemoryTail":
        """Open a reading end behind a sequence number."""
        return MemoryTail(self, after)


class MemoryTail:
    """The reading end: all frames behind a sequence number, then those that follow."""

    def __init__(self, journal: MemoryJournal, after: int) -> None:
        self._journal = journal
        self.sequence, self.missed = after, 0

    @property
    def behind(self) -> int:
        """Say how many frames there are still."""
        return self._journal.sequence - self.sequence

    def take(self, wait_s: float) -> list[Entry]:
        """Give what is there, or what arrives within *wait_s*."""
        with self._journal.grown:
            self._journal.grown.wait_for(lambda: self.behind, wait_s)
            fresh = self._journal.kept[self.sequence :]
        first = self.sequence + 1
        self.sequence += len(fresh)
        return [Entry(first + at, decode(data)) for at, data in enumerate(fresh)]

    def rest(self) -> Iterator[Entry]:
        """Give everything up to where the journal ends now."""
        yield from self.take(0)
