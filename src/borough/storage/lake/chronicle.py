"""History in order of time: all that some series said, slice by slice, in bounded memory.

Files are sorted by series, so a slice is found by looking through the times of its day, and is
sorted anew: 0.1 us a row.  A day of many slices is looked through once for each of them.
"""

from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from borough.core.observations import Index
from borough.core.sorting import in_order
from borough.storage.lake.calendar import edges_of
from borough.storage.lake.reading import Reader
from borough.storage.lake.rows import Points
from borough.storage.lake.table import Listing

STEP_MS = 60_000
"""How finely a day is weighed before it is cut; as many rows as a step has, a slice may exceed."""


class Slice(NamedTuple):
    """All rows of ``[start_ms, end_ms)``, oldest first, those of one moment series by series."""

    start_ms: int
    end_ms: int
    rows: Points


def days(start_ms: int, end_ms: int, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Cut a stretch at local midnights; `BadRequest` where it has no length or no calendar."""
    inner = [each for each in edges_of(start_ms, end_ms, "day", zone) if start_ms < each < end_ms]
    return list(pairwise([start_ms, *map(int, inner), end_ms]))


def cuts(
    reader: Reader, listing: Listing, series: Index, stretch: tuple[int, int], most: int
) -> list[tuple[int, int]]:
    """Cut a stretch of at most a day into slices of about *most* rows, by looking at its times."""
    start, end = stretch
    files = listing.within(int(series[0]), int(series[-1]), start, end)
    if files.rows.sum() <= most:
        return [stretch]
    found = reader.ask(
        "SELECT (time - {start}) // {step} AS step, count(*) AS rows FROM {files}"
        " WHERE time >= {start} AND time < {end} AND {wanted} GROUP BY ALL ORDER BY ALL",
        files,
        series,
        start=start,
        end=end,
        step=STEP_MS,
    )
    number = (np.cumsum(found["rows"]) - 1) // most
    begins = found["step"][1:][number[1:] != number[:-1]].astype(np.int64)
    return list(pairwise([start, *(start + STEP_MS * begins).tolist(), end]))


def told(reader: Reader, listing: Listing, series: Index, stretch: tuple[int, int]) -> Slice:
    """Read one slice; *series* rise, each once."""
    start, end = stretch
    files = listing.within(int(series[0]), int(series[-1]), start, end)
    rows = reader.rows(files, start, end, series)
    since = (rows.time - start).astype(np.int32)  # a day has fewer ms than that holds
    return Slice(start, end, rows.pick(in_order(since)))
