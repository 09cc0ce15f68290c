"""Bring a journal into history in the background, in large commits and with bounded memory.

About 0.002 µs a row here, and 0.06 to 0.09 in its thread for Parquet and the commit
(docs/why/hot-path.md).
"""

import threading
from time import monotonic

from numpy.typing import ArrayLike

from borough.core.errors import BoroughError, HistoryFull
from borough.storage.lake.calendar import check_calendar
from borough.storage.lake.lake import Lake
from borough.storage.lake.rows import Points

PAUSE_S = 1.0
"""How long a failed append waits before it is tried again."""


class Appender:
    """One thread that appends what a partition's journal holds, in the journal's order.

    Rows wait here until there are ``every_rows`` or the first has waited ``every_s``; then
    they are appended in one commit.  At most ``most_rows`` wait (20 bytes each; as many
    again while they are sorted and written).  The journal holds them all until `committed`
    has passed them, so what waits here may be lost with the process.

    A failed append is tried again until it works; meanwhile `error` says why.
    """

    def __init__(
        self,
        lake: Lake,
        partition: int,
        *,
        every_rows: int = 2_000_000,
        every_s: float = 10.0,
        most_rows: int = 6_000_000,
    ) -> None:
        self.lake = lake
        self.partition = partition
        self.every_rows, self.every_s, self.most_rows = every_rows, every_s, most_rows
        self.committed = lake.committed(partition)
        self.error: BoroughError | None = None
        self.rows_written = 0
        self._waiting: list[tuple[Points, int]] = []
        self._count = self._mine = 0
        self._since = 0.0
        self._hurry = self._closing = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"history-{partition}", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many rows are not in the table yet."""
        return self._count

    def add(self, series: ArrayLike, time: ArrayLike, value: ArrayLike, position: int) -> bool:
        """Take rows of the journal up to *position*; never waits for the disk.

        False means full, and that nothing was taken: offer the same rows again later, before
        any that follow them.  Rows at or below `committed` are taken and forgotten.  The
        columns are kept, not copied.  `BadBatch` for rows that history can never hold.
        """
        rows = Points.of(series, time, value)
        rows.check_series()
        check_calendar(rows.time)
        with self._change:
            if position <= self.committed or not len(rows):
                return True
            if self._count and self._count + len(rows) > self.most_rows:
                return False
            first = not self._waiting
            if first:
                self._since = monotonic()
            self._waiting.append((rows, position))
            self._count += len(rows)
            if first or self._count >= self.every_rows:  # else the thread wakes by its own clock
                self._change.notify_all()
        return True

    def flush(self, timeout_s: float = 60.0) -> None:
        """Wait until everything taken so far is in the table.

        Raises the error of the last append if it fails meanwhile, `HistoryFull` if the disk
        is only too slow for *timeout_s*; the rows stay here and are tried again.
        """
        with self._change:
            goal = self._waiting[-1][1] if self._waiting else self.committed
            self._hurry, self.error = True, None
            self._change.notify_all()
            done = self._change.wait_for(
                lambda: self.committed >= goal or self.error is not None, timeout_s
            )
            if self.committed >= goal:
                return
            if self.error is not None:
                raise self.error
        if not done:
            msg = f"history is {self.waiting} rows behind after {timeout_s} s"
            raise HistoryFull(msg)

    def close(self, timeout_s: float = 60.0) -> None:
        """Flush and stop; the thread stops even if the flush fails."""
        try:
            self.flush(timeout_s)
        finally:
            with self._change:
                self._closing = True
                self._change.notify_all()
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            taken = self._take()
            if taken is None:
                return
            rows, position = taken
            try:
                written = self.lake.append(
                    rows.series, rows.time, rows.value, self.partition, position
                )
            except BoroughError as error:
                self._failed(error)
            except Exception as error:  # noqa: BLE001 - a thread that ends unseen ends history
                self._failed(HistoryFull(f"history cannot be written: {error!r}"))
            else:
                self._done(written, len(rows), position)

    def _take(self) -> tuple[Points, int] | None:
        """Wait until it is time to write, and say what; None when there will be no more."""
        with self._change:
            while not self._due():
                if self._closing:
                    return None
                wait = self._since + self.every_s - monotonic() if self._waiting else None
                self._change.wait(wait)
            if self._closing and self.error is not None:
                return None
            rows = Points.joined([rows for rows, _ in self._waiting])
            self._mine = len(self._waiting)
            return rows, self._waiting[-1][1]

    def _due(self) -> bool:
        if not self._waiting:
            self._hurry = False
            return False
        late = monotonic() - self._since >= self.every_s
        return self._hurry or late or self._closing or self._count >= self.every_rows

    def _failed(self, error: BoroughError) -> None:
        with self._change:
            self.error = error
            self._hurry = False
            self._change.notify_all()
            self._change.wait_for(lambda: self._closing or self._hurry, PAUSE_S)

    def _done(self, written: int, count: int, position: int) -> None:
        with self._change:
            self.error = None
            self.committed = position
            self.rows_written += written
            self._count -= count
            del self._waiting[: self._mine]
            self._since = monotonic()
            self._change.notify_all()
