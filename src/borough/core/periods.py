"""The periods that statistics speak of: what stretch of the calendar a number belongs to, and how.

Two numbers with the same dates may still not be compared: the output *of* November, the output
*from January to* November and the number of firms *at the end of* November are three things.  A
period is therefore a stretch of days together with its kind.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

from borough.core.errors import BadFact

POINT, MONTH, QUARTER, HALF, ANNUAL = "point", "month", "quarter", "half", "annual"
CUMULATIVE, RANGE, UNDATED = "cumulative", "range", "undated"
KINDS = (POINT, MONTH, QUARTER, HALF, ANNUAL, CUMULATIVE, RANGE, UNDATED)
"""What a number with a period is: a state at its end; a flow over a month, a quarter, half a year
or a year; a flow from the first of January on; a flow over any other stretch, which may be open
at one side; or something that has no place in the calendar, such as "once in full production".
"""
MONTHS_OF = {MONTH: 1, QUARTER: 3, HALF: 6, ANNUAL: 12}
REMEMBERED = 1024
LABEL = 64
"""Characters that a period outside the calendar may be named with."""
Day = date | None


@dataclass(frozen=True)
class Period:
    """A stretch of the calendar and what a number does with it.

    ``start`` and ``end`` are the first and the last day, both within; one of them is None where
    a range is open.  ``label`` is only for what has no place in the calendar.
    """

    kind: str
    start: Day
    end: Day
    label: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            msg = f"period_kind: {self.kind!r} is not one of {', '.join(KINDS)}"
            raise BadFact(msg)
        wrong = _wrong(self)
        if wrong:
            msg = f"period: {wrong}"
            raise BadFact(msg)

    @cached_property
    def code(self) -> str:
        """The period as one writes it: ``2024``, ``2024-Q1``, ``2024-01/2024-11``, ``2018/``."""
        return self.label if self.kind == UNDATED else written(self.start, self.end)

    @classmethod
    def read(cls, text: str, kind: str = "") -> "Period":
        """Read a period as people write it, in Chinese or in the way of ISO 8601.

        Without *kind* the text decides: a year is annual, January to November is cumulative, a
        day is a point.  Raises `BadFact`, naming ``period`` or ``period_kind``.

        >>> Period.read("2023年1-11月").kind, Period.read("2023年1-11月").code
        ('cumulative', '2023-01/2023-11')
        >>> Period.read("2024年末").code
        '2024-12-31'
        >>> Period.read("2024-11", "point").end
        datetime.date(2024, 11, 30)
        """
        return _read(text, kind)


@lru_cache(REMEMBERED)
def _read(text: str, kind: str) -> Period:
    """Read a period; a file says the same one over and over."""
    said = unicodedata.normalize("NFKC", text).strip()
    if kind == UNDATED:
        return Period(UNDATED, None, None, said)
    start, end, told = _extent(said)
    return Period(kind or told, start, end)


def _wrong(period: Period) -> str:
    """Say what of a period contradicts itself; empty where nothing does."""
    start, end, kind = period.start, period.end, period.kind
    if kind == UNDATED:
        fits = start is None and end is None and 0 < len(period.label) <= LABEL
        return "" if fits else f"what has no date needs a name of 1 to {LABEL} characters"
    if start is None and end is None:
        return "is empty"
    if start is None or end is None:
        return "" if kind == RANGE else f"only a range may be open at one side, not {kind}"
    return _misfit(kind, start, end)


def _misfit(kind: str, start: date, end: date) -> str:
    """Say why two days are not the ends of such a period; empty where they are."""
    if end < start:
        return f"ends on {end}, before it begins on {start}"
    if kind == CUMULATIVE and (start != date(start.year, 1, 1) or end.year != start.year):
        return f"cumulative runs from 1 January within one year, not {start} to {end}"
    months = MONTHS_OF.get(kind)
    if months and (start.day != 1 or (start.month - 1) % months or end != _end(start, months)):
        return f"{start} to {end} is not one calendar {kind}"
    return ""


def _end(start: date, months: int) -> date:
    """Give the last day of so many months."""
    month = start.month - 1 + months
    if start.year + month // 12 > date.max.year:
        return date.max
    return date(start.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def written(start: Day, end: Day) -> str:
    """Write a stretch of days in the shortest way that says exactly it."""
    if start is None or end is None:
        return f"{_edge(start, first=True)}/{_edge(end, first=False)}"
    if start == end:
        return start.isoformat()
    if start.day == 1:
        for months, text in _whole(start):
            if end == _end(start, months):
                return text
    if start.day == 1 and end == _end(end.replace(day=1), 1):
        years = start.month == 1 and end.month == MONTHS_OF[ANNUAL]
        cut = 4 if years else 7
        return f"{start.isoformat()[:cut]}/{end.isoformat()[:cut]}"
    return f"{start.isoformat()}/{end.isoformat()}"


def _whole(start: date) -> list[tuple[int, str]]:
    """List the calendar periods that begin on the first of a month, with how they are written."""
    year = start.isoformat()[:4]
    found = [(1, start.isoformat()[:7])]
    if start.month % 3 == 1:
        found.append((3, f"{year}-Q{start.month // 3 + 1}"))
    if start.month % 6 == 1:
        found.append((6, f"{year}-H{start.month // 6 + 1}"))
    if start.month == 1:
        found.append((12, year))
    return found


def _edge(day: Day, *, first: bool) -> str:
    """Write one end of an open range."""
    if day is None:
        return ""
    if day == (date(day.year, 1, 1) if first else date(day.year, 12, 31)):
        return day.isoformat()[:4]
    if day.day == 1 if first else day == _end(day.replace(day=1), 1):
        return day.isoformat()[:7]
    return day.isoformat()


Extent = tuple[Day, Day, str]
YEAR = r"(\d{4})"
DASH = r"[-~至到—–]"
ORDINAL = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "1": 1, "2": 2, "3": 3, "4": 4}


def _months(year: str, first: int, last: int, kind: str) -> Extent:
    """Give the days from one month of a year to another."""
    start = date(int(year), first, 1)
    return start, _end(date(int(year), last, 1), 1), kind


def _to(year: str, first: str, last: str) -> Extent:
    """Give the days of several months of a year."""
    one, other = int(first), int(last)
    if other < one:
        msg = f"month {other} comes before month {one}"
        raise ValueError(msg)
    if (one, other) == (1, 12):
        return _months(year, 1, 12, ANNUAL)
    return _months(year, one, other, CUMULATIVE if one == 1 else RANGE)


def _day(year: str, month: str, day: str) -> Extent:
    """Give one day."""
    only = date(int(year), int(month), int(day))
    return only, only, POINT


def _last(year: str, month: str = "12") -> Extent:
    """Give the last day of a month or a year."""
    only = _end(date(int(year), int(month), 1), 1)
    return only, only, POINT


def _quarter(year: str, number: str) -> Extent:
    """Give the days of a quarter."""
    last = 3 * ORDINAL[number]
    return _months(year, last - 2, last, QUARTER)


def _first_quarters(year: str, number: str) -> Extent:
    """Give the days of the first so many quarters."""
    return _to(year, "1", str(3 * ORDINAL[number]))


def _half(year: str, which: str) -> Extent:
    """Give the days of half a year."""
    return _months(year, 1, 6, HALF) if which in {"上", "1"} else _months(year, 7, 12, HALF)


WAYS: tuple[tuple[re.Pattern[str], Callable[..., Extent]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (f"{YEAR}年?(?:全年)?", lambda year: _months(year, 1, 12, ANNUAL)),
        (f"{YEAR}-?Q([1-4])", _quarter),
        (f"{YEAR}年第?([一二三四1-4])季度", _quarter),
        (f"{YEAR}年前([二三四两2-4])个?季度", _first_quarters),
        (f"{YEAR}-?H([12])", _half),
        (f"{YEAR}年(上|下)半年", _half),
        (f"{YEAR}-(\\d\\d)", lambda year, month: _months(year, int(month), int(month), MONTH)),
        (
            f"{YEAR}年(\\d\\d?)月份?",
            lambda year, month: _months(year, int(month), int(month), MONTH),
        ),
        (f"{YEAR}年(\\d\\d?)月?{DASH}(\\d\\d?)月份?", _to),
        (f"{YEAR}年前(\\d\\d?)个?月", lambda year, last: _to(year, "1", last)),
        (f"{YEAR}年(?:末|底)", _last),
        (f"{YEAR}年(\\d\\d?)月(?:末|底)", _last),
        (f"{YEAR}-(\\d\\d)-(\\d\\d)", _day),
        (f"{YEAR}年(\\d\\d?)月(\\d\\d?)日", _day),
        (
            f"{YEAR}年?{DASH}{YEAR}年",
            lambda first, last: (date(int(first), 1, 1), date(int(last), 12, 31), RANGE),
        ),
    )
)
"""How people write periods, and what each way of writing means."""


def _extent(said: str) -> Extent:
    """Read the days that a text speaks of, and the kind that it suggests."""
    text = said.replace(" ", "")
    if "/" in text:
        return _slashed(text)
    for pattern, read in WAYS:
        match = pattern.fullmatch(text)
        if match:
            try:
                return read(*match.groups())
            except ValueError as error:
                msg = f"period: {said!r} is not in the calendar ({error})"
                raise BadFact(msg) from error
    msg = f"period: {said!r} is not a period; write 2024, 2024-11, 2024-Q1, 2024-01/2024-11"
    raise BadFact(msg)


def _slashed(text: str) -> Extent:
    """Read two ends with a slash between; either may be missing."""
    first, _, last = text.partition("/")
    if "/" in last:
        msg = f"period: {text!r} has more than two ends"
        raise BadFact(msg)
    start = _extent(first)[0] if first else None
    end = _extent(last)[1] if last else None
    if start is None or end is None or (start.month, start.day) != (1, 1) or start.year != end.year:
        return start, end, RANGE
    return start, end, ANNUAL if end == date(end.year, 12, 31) else CUMULATIVE
