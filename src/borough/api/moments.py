"""Read the moments that callers write: ms since the epoch, or ISO 8601."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from borough.api.refusals import BadFields

MS = 1_000
FAR = 253_300_000_000_000
"""In the year 9996, in ms: no moment of ours lies beyond, and some years can still be added."""
EARLY = -62_000_000_000_000
"""In the year 5, in ms: calendars know no year before the first."""


def moment(text: str, field: str, zone: str) -> int:
    """Read a moment as ms UTC; one without an offset is local time of the district.

    Raises `BadFields`, naming the field.

    >>> moment("2024-07-10T08:00", "from", "Asia/Shanghai")
    1720569600000
    """
    try:
        return milliseconds(text, zone)
    except ValueError as error:
        detail = f"{text!r} is neither ms since 1970 nor an ISO 8601 time"
        raise BadFields.one(field, detail) from error


def milliseconds(text: str, zone: str = "") -> int:
    """Read a moment as ms UTC; `ValueError` if it is none. Without *zone* an offset is required."""
    digits = text.removeprefix("-")
    if digits.isdecimal() and digits.isascii():
        number = int(text) if len(text) <= len(str(FAR)) else FAR
    else:
        said = datetime.fromisoformat(text)
        if said.tzinfo is None:
            if not zone:
                msg = "a time without an offset"
                raise ValueError(msg)
            said = said.replace(tzinfo=ZoneInfo(zone))
        try:
            number = round(said.astimezone(UTC).timestamp() * MS)
        except OverflowError:
            number = FAR
    if not EARLY < number < FAR:
        msg = "out of the calendar"
        raise ValueError(msg)
    return number
