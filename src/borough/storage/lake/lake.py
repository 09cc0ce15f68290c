"""History: every observation of a district in one Delta table that any engine can read."""

from collections.abc import Callable, Iterator
from functools import partial
from math import ceil
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
from deltalake.transaction import AddAction
from numpy.typing import ArrayLike, NDArray

from borough.core.errors import BadRequest, HistoryDamaged, HistoryFull, Stale
from borough.core.observations import Index
from borough.core.registry import Registry
from borough.storage.lake import chronicle, files, naming, questions, retention
from borough.storage.lake.calendar import check_calendar, days_of, zone_of
from borough.storage.lake.closing import Closing
from borough.storage.lake.compaction import Compacted, Merger
from borough.storage.lake.lateness import Lateness
from borough.storage.lake.places import place_of
from borough.storage.lake.reading import Reader
from borough.storage.lake.retention import DaySize
from borough.storage.lake.rows import Buckets, Points, distinct, settled
from borough.storage.lake.table import Listing, Table

MOST_ROWS = 4_000_000
"""Rows in one file: about 10 MB of readings, and 10 ms of a reader's time at the most."""
MEMORY_MB = 384
"""What DuckDB may hold for questions, unless a process allows it less; beyond it, it spills."""
KEPT_MB = 4_096
"""What of an object store is kept on this machine, unless a district says otherwise."""
TRIES = 5
"""How often an append that somebody else overtakes is begun again."""
Answer = TypeVar("Answer")


class Lake:
    """The history of one district; blocking, and safe from several threads.

    ``zone`` is the IANA name of the district's time zone: its days cut the table, and a
    table keeps the zone that it began with (`BadSetting` otherwise).  In *folder*,
    ``observations`` is the table, ``series`` the one that names its series, ``latest`` and
    ``spill`` are ours alone.  *at*, such as ``s3://bucket/borough``, lays the tables into an
    object store, and only ``spill`` and ``kept``, at most *kept_mb* of each, into *folder*.
    DuckDB takes at most ``memory_mb`` and ``threads``.  Several processes may open the same
    folder; one of them compacts.
    """

    def __init__(
        self,
        folder: Path,
        zone: str = "UTC",
        *,
        at: str = "",
        kept_mb: int = KEPT_MB,
        memory_mb: int = MEMORY_MB,
        threads: int = 2,
    ) -> None:
        self.folder = folder.absolute()
        self.place = place_of(self.folder, at, kept_mb)
        self.zone = zone_of(zone)
        self.table = Table(self.place.below("observations"), zone)
        self.reader = Reader(self.table.place, self.folder / "spill", memory_mb, threads)
        self.lateness = Lateness(self.latest)
        self._appending = Lock()
        self.closing = Closing(self.place.below("latest"), self.reader)

    def committed(self, partition: int) -> int:
        """How far a partition's journal is in history; -1 if it never was."""
        return self.table.committed(partition)

    def append(
        self, series: ArrayLike, time: ArrayLike, value: ArrayLike, partition: int, position: int
    ) -> int:
        """Write what a partition's journal holds up to *position*, in one commit.

        Rows come in the journal's order: of the same (series, time) the last counts.  Gives
        the number of rows taken; none if there are none or the partition is already
        committed that far, so a journal may be read again.  `HistoryFull` changes nothing.
        """
        told = Points.of(series, time, value)
        told.check_series()
        check_calendar(told.time)
        with self._appending:
            for _ in range(TRIES):
                before = self.committed(partition)
                if not len(told) or position <= before:
                    return 0
                if self._commit(told, partition, before, position):
                    return len(told)
        msg = f"partition {partition} was changed by others {TRIES} times in a row"
        raise Stale(msg)

    def _commit(self, told: Points, partition: int, before: int, position: int) -> bool:
        """Write files and commit them; False if another owner of the partition was faster."""
        rows = settled(told.backwards())
        late = self.lateness.of(rows, partition, before)
        written: list[AddAction] = []
        try:
            for day, name, part in self._parts(rows, late, partition, position):
                add = files.write_rows(self.table.place, day, name, part, files.LOOSE)
                written.append(add)
            self.table.commit(written, mark=(partition, before, position))
        except (Stale, HistoryFull) as error:
            files.forget(self.table.place, written)
            if isinstance(error, HistoryFull):
                raise
            return False
        self.lateness.wrote(rows, partition, position)
        return True

    def _parts(
        self, rows: Points, late: NDArray[np.bool_], partition: int, position: int
    ) -> Iterator[tuple[str, str, Points]]:
        """Cut settled rows into files by day, late ones apart: day, name and rows of each."""
        days, place = days_of(rows.time, self.zone)
        for day in np.flatnonzero(np.bincount(place)).tolist():
            for apart in (False, True):
                mine = rows.pick((place == day) & (late == apart))
                name = files.append_name(partition, position, late=apart)
                for part in files.slices_of(mine, MOST_ROWS):
                    yield days[day], name, part

    def one(self, series: int, start_ms: int, end_ms: int, limit: int | None = None) -> Points:
        """Rows of one series in ``[start, end)``, oldest first; *limit* keeps the newest."""
        return self.many(np.array([series]), start_ms, end_ms, limit)

    def many(self, series: Index, start_ms: int, end_ms: int, limit: int | None = None) -> Points:
        """Rows of some series in ``[start, end)``, series by series, oldest first.

        *limit* keeps so many of the newest rows of each series.
        """
        if limit is not None and limit < 1:
            msg = f"a limit of {limit} rows leaves nothing"
            raise BadRequest(msg)
        return self._answer(
            lambda listing: questions.many(self.reader, listing, series, (start_ms, end_ms), limit)
        )

    def latest(self, series: Index | None = None, before_ms: int | None = None) -> Points:
        """The newest row, before a moment if one is given, of each series that has one."""
        return self._answer(
            lambda listing: questions.latest(
                self.reader, listing, self.closing, series, before_ms=before_ms, zone=self.zone
            )
        )

    def buckets(
        self,
        series: Index,
        start_ms: int,
        end_ms: int,
        bucket: str,
        how: str = "mean",
        *,
        together: bool = False,
        zone: str | None = None,
    ) -> Buckets:
        """What some series amount to in each minute, hour, day ... that ``[start, end)`` touches.

        Only rows inside the stretch count; a bucket without rows is left out.  *together*
        takes all the series as one.  Days, weeks and so on are those of *zone*, the
        district's own if not given.  `BadRequest` for an unknown *bucket* or *how*.
        """
        asked = questions.Cut(
            (start_ms, end_ms), bucket, how, together, self.zone if zone is None else zone_of(zone)
        )
        return self._answer(lambda listing: questions.buckets(self.reader, listing, series, asked))

    @property
    def reach(self) -> tuple[int, int]:
        """The stretch ``[start, end)``, in ms, of all that it holds; (0, 0) if that is nothing."""
        listing = self.table.listing()
        if not len(listing):
            return 0, 0
        return int(listing.start.min()), int(listing.end.max()) + 1

    def in_time(
        self, series: Index, start_ms: int, end_ms: int, most_rows: int = MOST_ROWS
    ) -> Iterator[chronicle.Slice]:
        """All rows of some series in ``[start, end)``, oldest first, in slices without gaps.

        A slice lies within a local day and holds about *most_rows* at the most, however much
        there is, unless a minute alone holds more.  `BadRequest` for a stretch without length.
        """
        wanted = distinct(series)
        for day in chronicle.days(start_ms, end_ms, self.zone):
            if not len(wanted):
                yield chronicle.Slice(*day, Points.none())
                continue
            cuts = partial(chronicle.cuts, self.reader, series=wanted, stretch=day, most=most_rows)
            for each in self._answer(cuts):
                told = partial(chronicle.told, self.reader, series=wanted, stretch=each)
                yield self._answer(told)

    def compact(self, *, today: str | None = None, loose: int = 24) -> Compacted:
        """Merge small files, while appends and questions go on; one process at a time does it.

        Days before *today* (``YYYY-MM-DD``; the newest day of the table if not given) become
        one sorted run; of a day that goes on, appends are merged once there are *loose* of
        them.  `HistoryFull`, and being killed, leave the table as it was.
        """
        if today is None:
            today = max(self.table.listing().day.tolist(), default="")
        return Merger(self.table, self.reader, self.closing).round(today, loose)

    def expire(self, older_than_ms: int | None = None, max_bytes: int | None = None) -> list[str]:
        """Drop whole days: those that ended before a moment, then the oldest over a size.

        The newest day always stays.  Gives the days dropped; `vacuum` frees their bytes.
        """
        gone = retention.overdue(self.days(), older_than_ms, max_bytes, self.zone)
        listing = self.table.listing()
        which = np.isin(listing.day, gone)
        if which.any():
            self.table.commit([], listing.pick(which))
        return gone

    def vacuum(self, grace_s: float = 3600.0) -> int:
        """Delete files that the table dropped at least so long ago; gives how many.

        Choose more than the longest question and the longest merge may take.  Counted in
        whole hours, rounded up.
        """
        return self.table.vacuum(ceil(grace_s / 3600))

    def days(self) -> list[DaySize]:
        """How much each day takes, oldest first."""
        listing = self.table.listing()
        names, place = np.unique(listing.day, return_inverse=True)
        sums = [
            np.bincount(place, column, len(names)).astype(np.int64).tolist()
            for column in (np.ones(len(listing)), listing.rows, listing.size)
        ]
        return [DaySize(*each) for each in zip(names.tolist(), *sums, strict=True)]

    def publish_series(self, registry: Registry) -> None:
        """Write the table that says which thing and property each series number stands for."""
        naming.publish(self.place.below("series"), registry)

    def close(self) -> None:
        """Give back what DuckDB holds."""
        self.reader.close()

    def _answer(self, question: Callable[[Listing], Answer]) -> Answer:
        """Ask; if a file is gone because the table moved on meanwhile, ask the newer table."""
        listing = self.table.listing()
        try:
            return question(listing)
        except HistoryDamaged:
            newer = self.table.listing()
            if newer.version == listing.version:
                raise
            return question(newer)
