"""Tell rows that follow what history holds of their series from rows that come late.

Rows that follow can repeat nothing, so files of such rows are read side by side; only late
rows must be compared with the rest.  A meter that sends its whole day at once is not late:
each row follows the one before.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from borough.storage.lake.calendar import EARLIEST
from borough.storage.lake.rows import Points, first_of_each


class Lateness:
    """The newest time of every series, 8 bytes each; learnt from the table when in doubt."""

    def __init__(self, latest: Callable[[], Points]) -> None:
        self._latest = latest
        self._newest = np.zeros(0, np.int64)
        self._known: dict[int, int] = {}

    def of(self, rows: Points, partition: int, committed: int) -> NDArray[np.bool_]:
        """Say of each row whether it comes late.

        *committed* is how far the partition is in the table: if somebody else brought it
        there, the table is read again.
        """
        if self._known.get(partition) != committed:
            self._take(self._latest())
            self._known[partition] = committed
        self._grow(int(rows.series.max()) + 1)
        late: NDArray[np.bool_] = rows.time - EARLIEST < self._newest.take(rows.series)
        return late

    def wrote(self, rows: Points, partition: int, position: int) -> None:
        """Remember settled rows that are in the table now."""
        self._take(rows)
        self._known[partition] = position

    def _take(self, rows: Points) -> None:
        """Keep the newest time of each series; stored from 1 up, so that 0 means never."""
        if len(rows):
            first = first_of_each(rows.series)
            series, time = rows.series[first], rows.time[first] - EARLIEST + 1
            self._grow(int(series[-1]) + 1)
            self._newest[series] = np.maximum(self._newest[series], time)

    def _grow(self, size: int) -> None:
        if size > len(self._newest):
            grown = np.zeros(size + size // 4, np.int64)
            grown[: len(self._newest)] = self._newest
            self._newest = grown
