"""Which days of history have had their time."""

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from borough.storage.lake.calendar import midnight


@dataclass(frozen=True, slots=True)
class DaySize:
    """What one local day takes: how many files, rows and bytes."""

    day: str
    files: int
    rows: int
    bytes: int


def overdue(
    days: list[DaySize], older_than_ms: int | None, max_bytes: int | None, zone: ZoneInfo
) -> list[str]:
    """Name the days, oldest first, that ended by a moment or that *max_bytes* has no room for.

    The newest day is never among them.
    """
    gone, total = [], sum(day.bytes for day in days)
    for each in days[:-1]:
        end = midnight(date.fromisoformat(each.day) + timedelta(days=1), zone)
        old = older_than_ms is not None and end <= older_than_ms
        if not old and (max_bytes is None or total <= max_bytes):
            break
        gone.append(each.day)
        total -= each.bytes
    return gone
