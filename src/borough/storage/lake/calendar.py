"""Where the days, weeks and months of a district begin, by its own clock on the wall."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from math import gcd
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from borough.core.errors import BadBatch, BadRequest, BadSetting
from borough.storage.lake.rows import distinct

DAY_MS = 86_400_000
EARLIEST, LATEST = (
    round(datetime(year, month, 15, tzinfo=UTC).timestamp() * 1000)
    for year, month in ((1, 1), (9999, 12))
)
"""Two weeks inside the first and the last moment that a calendar can name."""
STEPS_MS = {"minute": 60_000, "5min": 300_000, "15min": 900_000, "hour": 3_600_000}
"""Buckets that are counted from local midnight in steps of one length."""
FIRSTS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
    "quarter": lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
    "year": lambda day: day.replace(month=1, day=1),
}
"""For each longer bucket, the first day of the one that holds a given day."""
LONGEST_DAYS = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
BUCKETS = (*STEPS_MS, *FIRSTS)
MOST_EDGES = 2_000_000
"""One question may not be cut into more buckets than this (two years of minutes fit)."""


def zone_of(name: str) -> ZoneInfo:
    """Find an IANA time zone by name; `BadSetting` if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        msg = f"no such time zone: {name!r}"
        raise BadSetting(msg) from error


def midnight(day: date, zone: ZoneInfo) -> int:
    """When a local day begins, in ms UTC."""
    return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)


def check_calendar(time: NDArray[np.int64]) -> None:
    """`BadBatch` if one of the times has no local day: before the year 1 or after 9999."""
    if len(time) and (time.min() < EARLIEST or time.max() > LATEST):
        msg = f"times from {time.min()} to {time.max()} ms reach beyond the calendar"
        raise BadBatch(msg)


def local_day(time_ms: int, zone: ZoneInfo) -> date:
    """Give the local day of a moment; `BadBatch` if no calendar reaches that far."""
    try:
        return datetime.fromtimestamp(time_ms / 1000, zone).date()
    except (OverflowError, ValueError, OSError) as error:
        msg = f"{time_ms} ms lies outside the calendar"
        raise BadBatch(msg) from error


def days_of(time: NDArray[np.int64], zone: ZoneInfo) -> tuple[list[str], NDArray[np.intp]]:
    """Name the local days that *time* touches, and say in which of them each row lies."""
    days: set[date] = set()
    for utc_day in distinct(time // DAY_MS).tolist():
        days.add(local_day(utc_day * DAY_MS, zone))
        days.add(local_day((utc_day + 1) * DAY_MS - 1, zone))
    known = sorted(days)
    starts = np.array([midnight(day, zone) for day in known], np.int64)
    return [day.isoformat() for day in known], np.searchsorted(starts, time, "right") - 1


def edges_of(start_ms: int, end_ms: int, bucket: str, zone: ZoneInfo) -> NDArray[np.int64]:
    """Where the buckets that touch ``[start_ms, end_ms)`` begin, and where the last one ends.

    Buckets up to an hour are counted from each local midnight, so a day on which the clocks
    change has 23 or 25 hours; a week begins on Monday.  `BadRequest` names a bucket that
    does not exist, a stretch without length, or one with more than `MOST_EDGES` buckets.
    """
    if bucket not in BUCKETS:
        msg = f"no such bucket: {bucket!r}; there are {', '.join(BUCKETS)}"
        raise BadRequest(msg)
    if end_ms <= start_ms:
        msg = f"the stretch ends before it begins: {start_ms} to {end_ms}"
        raise BadRequest(msg)
    shortest = STEPS_MS.get(bucket, DAY_MS)
    if (end_ms - start_ms) // shortest > MOST_EDGES:
        msg = f"more than {MOST_EDGES} buckets of a {bucket}"
        raise BadRequest(msg)
    if bucket in STEPS_MS:
        edges = _steps(start_ms, end_ms, STEPS_MS[bucket], zone)
    else:
        starts = _firsts(start_ms, end_ms, bucket, zone)
        edges = np.array([midnight(day, zone) for day in starts], np.int64)
    first = int(np.searchsorted(edges, start_ms, "right")) - 1
    last = int(np.searchsorted(edges, end_ms, "left"))
    return edges[first : last + 1]


def grain_of(edges: NDArray[np.int64]) -> int:
    """The longest step, in ms, that lands on every edge."""
    return gcd(*np.diff(edges).tolist())


def _steps(start_ms: int, end_ms: int, step: int, zone: ZoneInfo) -> NDArray[np.int64]:
    days = [midnight(day, zone) for day in _firsts(start_ms, end_ms, "day", zone)]
    parts = [np.arange(day, after, step) for day, after in pairwise(days)]
    return np.concatenate([*parts, [days[-1]]]).astype(np.int64)


def _firsts(start_ms: int, end_ms: int, bucket: str, zone: ZoneInfo) -> list[date]:
    """First days of the buckets from the one that holds *start_ms* to the first after the end."""
    try:
        return list(_walk(start_ms, end_ms, bucket, zone))
    except (OverflowError, BadBatch) as error:
        msg = f"{start_ms} to {end_ms} lies outside the calendar"
        raise BadRequest(msg) from error


def _walk(start_ms: int, end_ms: int, bucket: str, zone: ZoneInfo) -> Iterator[date]:
    first, day = FIRSTS[bucket], FIRSTS[bucket](local_day(start_ms, zone))
    yield day
    while midnight(day, zone) < end_ms:
        day = first(day + timedelta(days=LONGEST_DAYS[bucket]))
        yield day
