"""How often a thing may speak: one that talks without end takes nothing from the others."""

import numpy as np

from borough.core.observations import Index


class Pace:
    """Counts what each thing has said in a stretch of time, and marks what is too much.

    A thing that comes a thousand times in a chunk makes a thousand turns of it, and each costs
    as much as the whole chunk would without it.  Less than 0.01 µs a message where nobody is too
    fast (docs/why/hot-path.md).
    """

    def __init__(self, things: int, most: int, stretch_ms: int) -> None:
        self._said = np.zeros(things, np.int64)
        self._most, self._stretch_ms = most, stretch_ms
        self._stretch = -1

    def beyond(self, thing: Index, now: int) -> Index:
        """Give the places of the messages that are too many; *thing* is whose each one is."""
        stretch = now // self._stretch_ms
        if stretch != self._stretch:
            self._stretch = stretch
            self._said[:] = 0
        np.add.at(self._said, thing, 1)
        loud = np.flatnonzero(self._said[thing] > self._most)
        if not len(loud):
            return loud
        order = loud[np.argsort(thing[loud], kind="stable")]
        each, first, many = np.unique(thing[order], return_index=True, return_counts=True)
        before = np.repeat(self._said[each] - many, many)
        rank = np.arange(len(order)) - np.repeat(first, many)
        return np.sort(order[before + rank >= self._most])
