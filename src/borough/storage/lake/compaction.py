"""Merge the many files that appends leave behind into few, while appends go on.

A merge takes all loose files of a day and the younger of its earlier merges, the way a
log-structured tree does: an earlier merge joins in when it is not larger than what is
newer than it.  So a row is rewritten about as often as its day doubles.  A day that is over
becomes one run, sorted throughout and without doubles.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from deltalake.transaction import AddAction
from numpy.typing import NDArray

from borough.core.errors import HistoryFull, Stale
from borough.storage.lake.closing import Closing
from borough.storage.lake.files import (
    FINAL,
    MERGED,
    Packing,
    forget,
    is_late,
    is_merged,
    run_name,
    run_number,
    write_rows,
)
from borough.storage.lake.reading import Reader
from borough.storage.lake.rows import Points, first_of_each
from borough.storage.lake.table import Listing, Table

FOREVER = np.iinfo(np.int64).max
SLICE_ROWS = 2_000_000
"""Rows in a merged file, and in memory while it is made: about 5 MB and 200 MB."""
LATE_SHARE = 0.02
"""A closed day is rewritten whole when late rows are this share of it; before, they wait."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a round of merging did: files read and written, rows, days, days put off."""

    files_before: int = 0
    files_after: int = 0
    rows: int = 0
    days: tuple[str, ...] = ()
    put_off: tuple[str, ...] = ()

    def and_then(self, other: "Compacted") -> "Compacted":
        """Add up two."""
        return Compacted(
            self.files_before + other.files_before,
            self.files_after + other.files_after,
            self.rows + other.rows,
            self.days + other.days,
            self.put_off + other.put_off,
        )


def choose(day: Listing, *, closed: bool, loose: int) -> Listing:
    """Pick the files of one day that should become one run; none if it is well as it is."""
    runs, place = np.unique(day.run, return_inverse=True)
    rows = np.bincount(place, day.rows, len(runs))
    merged = np.array([is_merged(run) for run in runs.tolist()], bool)
    nothing = day.pick(np.zeros(len(day), bool))
    if len(runs) == 1 and (merged[0] or not closed):
        return nothing
    oldest = int(rows[0]) if merged[0] else 0
    if closed and rows.sum() - oldest >= LATE_SHARE * rows.sum():
        return day
    if np.count_nonzero(~merged) < loose:
        return nothing
    first = int(np.flatnonzero(~merged)[0])
    while first and rows[first - 1] <= rows[first:].sum():
        first -= 1
    return day.pick(place >= first)


class Merger:
    """Merges of some files of one day into a run; memory is that of one slice."""

    def __init__(self, table: Table, reader: Reader, closing: Closing) -> None:
        self.table, self.reader, self.closing = table, reader, closing

    def round(self, today: str, loose: int) -> Compacted:
        """Look at each day once, oldest first, and merge what should be merged."""
        done = Compacted()
        for day in np.unique(self.table.listing().day).tolist():
            listing = self.table.listing()
            files_of_day = listing.pick(listing.day == day)
            over = day < today
            sources = choose(files_of_day, closed=over, loose=loose)
            packing = FINAL if over and len(sources) == len(files_of_day) else MERGED
            if len(sources):
                done = done.and_then(self.merge(files_of_day, sources, packing))
        return done

    def merge(self, day: Listing, sources: Listing, packing: Packing) -> Compacted:
        """Merge some files of a day and commit.

        The table is as before if this raises, is killed, or comes too late because somebody else
        merged or expired the day meanwhile (it is *put off*).  Appends do not disturb.
        """
        name = str(day.day[0])
        late = len(sources) < len(day) and any(map(is_late, sources.run.tolist()))
        newest: list[Points] = []
        written: list[AddAction] = []
        total = 0
        try:
            for rows in self._slices(sources):
                total += len(rows)
                newest.append(rows.pick(first_of_each(rows.series)))
                add = write_rows(
                    self.table.place, name, run_name(run_after(day), late=late), rows, packing
                )
                written.append(replace(add, data_change=False))
            self._cover(newest, written)
        except BaseException as error:
            forget(self.table.place, written)
            if isinstance(error, Stale):
                return Compacted(put_off=(name,))
            raise
        try:
            self.table.commit(written, sources)
        except (Stale, HistoryFull) as error:
            forget(self.table.place, written)
            if isinstance(error, HistoryFull):
                raise
            return Compacted(put_off=(name,))
        return Compacted(len(sources), len(written), total, (name,))

    def _slices(self, sources: Listing) -> Iterator[Points]:
        """Cut the sources by series into pieces of about `SLICE_ROWS`, and read each."""
        found = self.reader.ask(
            "SELECT series, count(*) AS rows FROM {files} GROUP BY series ORDER BY series",
            sources,
        )
        for low, high in cuts(found["series"], found["rows"], SLICE_ROWS):
            near = sources.within(low, high, -FOREVER, FOREVER)
            yield self.reader.rows(near, -FOREVER, FOREVER, range(low, high + 1))

    def _cover(self, newest: list[Points], written: list[AddAction]) -> None:
        listing = self.table.listing()
        self.closing.cover(
            Points.joined(newest),
            [add.path for add in written],
            frozenset(listing.path.tolist()),
            listing.version,
        )


def run_after(day: Listing) -> int:
    """A number for a merge that makes it younger than every merge of the day so far."""
    merged = [run_number(run) for run in day.run.tolist() if is_merged(run)]
    return max(merged, default=0) + 1


def cuts(
    series: NDArray[np.int32], rows: NDArray[np.int64], most: int
) -> Iterator[tuple[int, int]]:
    """Cut series into ranges, ends included, that hold about *most* rows each."""
    begin = np.concatenate([[0], np.cumsum(rows)[:-1]])
    first = first_of_each(begin // most)
    last = np.append(first[1:], len(series)) - 1
    yield from zip(series[first].tolist(), series[last].tolist(), strict=True)
