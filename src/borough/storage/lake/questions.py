"""What can be asked of history: rows, the latest of each series, and what a bucket amounts to."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from borough.core.errors import BadRequest
from borough.core.observations import Floats, Index
from borough.storage.lake.calendar import edges_of, grain_of, midnight
from borough.storage.lake.closing import Closing
from borough.storage.lake.reading import FEW, Reader
from borough.storage.lake.rows import Buckets, Points, distinct, first_of_each, read_order, settled
from borough.storage.lake.table import Listing

FOREVER = np.iinfo(np.int64).max
HOWS = {
    "mean": "sum(value)",
    "sum": "sum(value)",
    "min": "min(value)",
    "max": "max(value)",
    "count": "count(*)",
    "first": "arg_min(value, time)",
    "last": "arg_max(value, time)",
}
"""What DuckDB is asked for; `fold` puts the pieces of a bucket together."""
FOLDS = {"mean": np.add, "sum": np.add, "count": np.add, "min": np.minimum, "max": np.maximum}


INSIDE = "time >= {start} AND time < {end} AND {wanted}"
ONE_BY_ONE = (
    "(SELECT series, time, arg_min(value, file_index) AS value"  # noqa: S608 - ours
    f" FROM {{files}} WHERE {INSIDE} GROUP BY series, time)"
)
"""Compare every row with every other: seven times the work of adding them up."""
BESIDE = (
    f"(SELECT series, time, value FROM (FROM {{files}} WHERE {INSIDE})"  # noqa: S608 - ours
    f" ANTI JOIN (SELECT series, time FROM {{late}} WHERE {INSIDE}) USING (series, time)"
    " UNION ALL SELECT series, time, arg_min(value, file_index)"
    f" FROM {{late}} WHERE {INSIDE} GROUP BY series, time)"
)
"""Compare each row with the few late ones only."""
WHOLE_ROWS = 65_536
"""From so many rows on it is worth counting a file by itself: 11 ns a row less for a third of a
millisecond.  DuckDB looks at no bound of a row, and has all buckets of a file in an array."""
MOST_WHOLE = 128
"""So many files are counted each by itself; planning takes longer the more there are."""
MOST_LATE = 1_000_000
"""More late rows than this would not fit into a reader's memory beside the question."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How to cut history: a stretch ``[start, end)`` in ms, into buckets, counted one way."""

    stretch: tuple[int, int]
    bucket: str
    how: str
    together: bool
    zone: ZoneInfo

    def __post_init__(self) -> None:
        known = FOLDS if self.together else HOWS
        if self.how not in known:
            msg = f"cannot count by {self.how!r}; there are {', '.join(known)}"
            raise BadRequest(msg)


def many(
    reader: Reader, listing: Listing, series: Index, stretch: tuple[int, int], limit: int | None
) -> Points:
    """Rows of some series, series by series, oldest first.

    With a limit, days are read from the newest back until every series has enough.
    """
    series = distinct(series)
    files = _near(listing, series, stretch)
    if limit is None:
        return read_order(reader.rows(files, *stretch, series)) if len(files) else Points.none()
    found, missing = Points.none(), series
    for day in np.unique(files.day)[::-1]:
        rows = reader.rows(files.pick(files.day == day), *stretch, missing)
        found = settled(Points.joined([found, rows]))
        seen, counts = np.unique(found.series, return_counts=True)
        missing = np.setdiff1d(missing, seen[counts >= limit])
        if not len(missing):
            break
    return read_order(found, limit)


def latest(
    reader: Reader,
    listing: Listing,
    closing: Closing,
    series: Index | None,
    *,
    before_ms: int | None,
    zone: ZoneInfo,
) -> Points:
    """The newest row of each series.

    Of all series, by the closing and the files that it does not cover; of few, or before a
    moment, by reading days from the newest back until all have one.
    """
    if not len(listing):
        return Points.none()
    if before_ms is None and (series is None or len(series) > FEW):
        return _closing_up(reader, listing, closing, series, zone)
    before = FOREVER if before_ms is None else before_ms
    if series is None:
        return _newest(reader, listing.pick(listing.start < before), before, None)
    missing = distinct(series)
    files = _near(listing, missing, (-FOREVER, before))
    found = [Points.none()]
    for day in np.unique(files.day)[::-1]:
        found.append(_newest(reader, files.pick(files.day == day), before, missing))
        missing = np.setdiff1d(missing, found[-1].series)
        if not len(missing):
            break
    return settled(Points.joined(found))


def buckets(reader: Reader, listing: Listing, series: Index, cut: Cut) -> Buckets:
    """What some series amount to in each bucket that holds a row."""
    edges = edges_of(*cut.stretch, cut.bucket, cut.zone)
    series = distinct(series)
    files = _near(listing, series, cut.stretch)
    if not len(files):
        none = np.empty(0, np.int64)
        return Buckets(none.astype(np.int32), none, none.astype(np.float64), none)
    sql, files, late, whole = _pieces(files, series, cut)
    found = reader.ask(
        sql,
        files,
        series,
        late,
        whole,
        start=cut.stretch[0],
        end=cut.stretch[1],
        origin=int(edges[0]),
        grain=(grain := grain_of(edges)),
    )
    start = edges[np.searchsorted(edges, edges[0] + found["slot"] * grain, "right") - 1]
    return fold(found["who"], start, found["value"], found["rows"], cut.how)


def _pieces(
    files: Listing, series: Index, cut: Cut
) -> tuple[str, Listing, Listing | None, Listing | None]:
    """Say how to count buckets in pieces: the question, its files, late ones, whole ones.

    Whole ones are counted each by itself, unless what is first or last in a bucket is asked:
    of two pieces nobody could tell it.
    """
    who, value = "-1" if cut.together else "series", HOWS[cut.how]
    select = (
        f"SELECT {who} AS who, (time - {{origin}}) // {{grain}} AS slot,"
        f" {value} AS value, count(*) AS rows"
    )
    late = files.late
    if files.rows[late].sum() > MOST_LATE:
        return f"{select} FROM {ONE_BY_ONE} GROUP BY ALL ORDER BY ALL", files, None, None
    if late.any():
        sql = f"{select} FROM {BESIDE} GROUP BY ALL ORDER BY ALL"
        return sql, files.pick(~late), files.pick(late), None
    whole = _whole(files, series, cut.stretch) & (cut.how in FOLDS)
    sources = [f"{{whole[{number}]}}" for number in range(int(whole.sum()))]
    if not whole.all():
        sources.append("{apart} WHERE " + INSIDE)
    sql = " UNION ALL ".join(f"({select} FROM {each} GROUP BY ALL)" for each in sources)
    return f"{sql} ORDER BY ALL", files.pick(~whole), None, files.pick(whole)


def _whole(files: Listing, series: Index, stretch: tuple[int, int]) -> NDArray[np.bool_]:
    """Which of the files to count by themselves: large ones, of which each row is asked for."""
    asked = np.searchsorted(series, files.high, "right") - np.searchsorted(series, files.low)
    whole = (files.start >= stretch[0]) & (files.end < stretch[1])
    whole &= (asked == files.high - files.low + 1) & (files.rows >= WHOLE_ROWS)
    whole[np.flatnonzero(whole)[MOST_WHOLE:]] = False
    return whole


def fold(
    series: NDArray[np.int32],
    start: NDArray[np.int64],
    value: Floats,
    count: NDArray[np.int64],
    how: str,
) -> Buckets:
    """Put together neighbouring pieces of one series that lie in the same bucket."""
    if not len(series):
        return Buckets(series.astype(np.int32), start, value.astype(np.float64), count)
    new = (series[1:] != series[:-1]) | (start[1:] != start[:-1])
    first = np.flatnonzero(np.concatenate([[True], new]))
    rows = np.add.reduceat(count, first)
    if how in FOLDS:
        total = FOLDS[how].reduceat(value.astype(np.float64), first)
    else:
        total = value[first if how == "first" else np.append(first[1:], len(value)) - 1]
    if how == "mean":
        total = total / rows
    return Buckets(series[first].astype(np.int32), start[first], total, rows)


def _near(listing: Listing, series: Index, stretch: tuple[int, int]) -> Listing:
    """The files that may hold rows of these series in this stretch."""
    if not len(series):
        return listing.pick(np.zeros(len(listing), bool))
    return listing.within(int(series.min()), int(series.max()), *stretch)


def _closing_up(
    reader: Reader, listing: Listing, closing: Closing, series: Index | None, zone: ZoneInfo
) -> Points:
    """Overlay the closing with the files that it does not cover."""
    known, covers = closing.read()
    oldest = midnight(date.fromisoformat(str(listing.day[0])), zone)
    known = known.pick(known.time >= oldest)
    files = listing.pick(~np.isin(listing.path, list(covers)))
    if series is not None:
        known = known.pick(np.isin(known.series, series))
        files = _near(files, series, (-FOREVER, FOREVER))
    rows = settled(Points.joined([_newest(reader, files, FOREVER, series), known]))
    return rows.pick(first_of_each(rows.series))


def _newest(reader: Reader, files: Listing, before: int, wanted: Index | None) -> Points:
    """The newest row of each series in some files; of equals, that of the newest file."""
    if not len(files):
        return Points.none()
    found = reader.ask(
        "SELECT series, file_index AS age, max(time) AS time, arg_max(value, time) AS value"
        " FROM {files} WHERE time < {end} AND {wanted} GROUP BY ALL ORDER BY age",
        files,
        wanted,
        end=before,
    )
    rows = settled(Points.of(found["series"], found["time"], found["value"]))
    return rows.pick(first_of_each(rows.series))
