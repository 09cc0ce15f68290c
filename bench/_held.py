"""What journal and history hold of what was sent, reading by reading.

A reading is known by its series and its time: the history keeps one for each.
"""

import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from borough.adapters.bus.link import Link
from borough.app.bus import bus_of
from borough.app.clocks import wall_ms
from borough.app.lake import lake_of
from borough.app.settings import Settings
from borough.core.frames import ROWS
from borough.core.observations import REPORT_BITS, Index, Mask
from borough.core.registry import Registry
from borough.engine.district.read import read
from borough.storage.journal.journal import JournalTail

PATIENCE_S, LOOK_S = 180.0, 0.5
"""So long a history may be behind the journal before we count what it has."""
MEMORY_MB, SLICE_MS = 2_048, 60_000
"""What counting may hold, and of how much time at once it counts."""
SERIES_BITS = 27


def named(series: Index, time_ms: Index, base_ms: int) -> Index:
    """Give one number for each series and time, which lies within a year of *base_ms*."""
    return ((time_ms - base_ms) << SERIES_BITS) + series


def again(names: list[Index]) -> int:
    """Count the numbers that are not the first of their kind; empties the list, for its memory.

    >>> again([np.array([1, 2]), np.array([1, 1])])
    2
    """
    if not names:
        return 0
    every = np.concatenate(names)
    names.clear()
    every.sort()
    return int((every[1:] == every[:-1]).sum())


class Told(NamedTuple):
    """Of what the journal holds: readings told again, and the last frame that has any rows."""

    twice: int
    last: int


def told(settings: Settings, after: int, watched: Mask | None = None) -> Told:
    """Look through the journal behind *after*, for readings of *watched* series if given."""
    names: list[Index] = []
    last, base_ms = after, 0
    with Link(bus_of(settings).login("borough"), "bench") as link:
        for sequence, frame in JournalTail(link, after).rest():
            last = sequence if len(frame) else last
            if frame.kind == ROWS and len(frame):
                base_ms = base_ms or frame.now
                which = slice(None) if watched is None else watched[frame.series]
                names.append(named(frame.series[which], frame.time[which], base_ms))
    return Told(again(names), last)


def of_devices(registry: Registry) -> Index:
    """Give the series of the devices: those of derived things are told by nobody."""
    roles = np.array([kind.role for kind in registry.kinds])
    of = registry.row_of_series
    return np.flatnonzero((of >= 0) & (roles[registry.kind[of]] == "device"))


def in_history(settings: Settings, registry: Registry, last: int, since_ms: int) -> int:
    """Count the readings of devices that the history holds, of the time from a moment to now, ms.

    It may first take in the journal up to *last*, for which it has `PATIENCE_S`.
    """
    until_ms = settings.clock.now(wall_ms()) + 1
    lake = lake_of(settings, read(Path(settings.district)).zone, memory_mb=MEMORY_MB)
    try:
        until = time.monotonic() + PATIENCE_S
        while lake.committed(0) >> REPORT_BITS < last and time.monotonic() < until:
            time.sleep(LOOK_S)
        series, found = of_devices(registry), 0
        for start in range(since_ms, until_ms, SLICE_MS):
            end = min(start + SLICE_MS, until_ms)
            found += int(
                lake.buckets(series, start, end, "hour", "count", together=True).count.sum()
            )
        return found
    finally:
        lake.close()
