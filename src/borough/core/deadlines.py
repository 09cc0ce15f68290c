"""Deadlines: when four working hours, two working days or one urgent hour are over.

A limit counts in one of four units.  Urgent hours and natural days run on without a break; work
hours and work days run only while the district's offices are open, so that a matter received on
Friday evening begins to count on Monday morning, or on the Saturday for which everybody has to
come in.  The semantics are those of the Chinese digital city management standards.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np

from borough.core.errors import BadRequest
from borough.core.observations import Index

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
URGENT_HOUR, WORK_HOUR = "urgent_hour", "work_hour"
WORK_DAY, NATURAL_DAY = "work_day", "natural_day"
UNITS = (URGENT_HOUR, WORK_HOUR, WORK_DAY, NATURAL_DAY)
WORDS = {
    "紧急工作时": URGENT_HOUR,
    "紧急工作日": NATURAL_DAY,
    "自然日": NATURAL_DAY,
    "工作时": WORK_HOUR,
    "小时": WORK_HOUR,
    "工作日": WORK_DAY,
    "天": WORK_DAY,
} | {unit: unit for unit in UNITS}
"""How standards write the units; bare hours and days are those of work."""
WRITTEN = re.compile(rf"\s*(\d+(?:\.\d+)?)\s*(?:个)?({'|'.join(WORDS)})s?\s*")
AHEAD_YEARS = 3
"""How far a calendar is carried on by its ordinary weeks beyond the last year it knows."""

Session = tuple[int, int]
"""An open stretch of a day, in minutes after local midnight; it ends after it begins."""
Span = tuple[int, int]
"""A stretch of time, ms UTC."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many of a unit, as a case standard gives them.

    >>> Limit.read("2紧急工作时"), Limit.read("5 天")
    (Limit(amount=2.0, unit='urgent_hour'), Limit(amount=5.0, unit='work_day'))
    """

    amount: float
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            msg = f"unit: {self.unit!r} is not one of {', '.join(UNITS)}"
            raise BadRequest(msg)
        if not 0 < self.amount < float("inf"):
            msg = f"limit: {self.amount} is not above 0"
            raise BadRequest(msg)

    @classmethod
    def read(cls, text: str) -> "Limit":
        """Read a limit as people write it; `BadRequest` where it is none."""
        match = WRITTEN.fullmatch(text)
        if match is None:
            msg = f"limit: {text!r} is not an amount and a unit such as 4工作时 or 2 work_day"
            raise BadRequest(msg)
        return cls(float(match[1]), WORDS[match[2]])

    def __str__(self) -> str:
        return f"{self.amount:.15g} {self.unit}"

    @classmethod
    def of_seconds(cls, seconds: float) -> "Limit":
        """Make a limit that runs on by day and by night."""
        return cls(seconds * 1000 / HOUR_MS, URGENT_HOUR)

    @property
    def lasts_ms(self) -> int:
        """How long it is by day and by night, in ms; `BadRequest` for working time."""
        if self.at_work:
            msg = f"limit: how long {self.amount:g} {self.unit} is depends on a calendar"
            raise BadRequest(msg)
        return round(self.amount * (HOUR_MS if self.unit == URGENT_HOUR else DAY_MS))

    @property
    def at_work(self) -> bool:
        """Tell whether it counts only while offices are open."""
        return self.unit in {WORK_HOUR, WORK_DAY}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """When the offices of a district are open.

    ``week`` holds the sessions of each weekday from Monday on; ``days`` those of the days on
    which it is otherwise: a holiday has none, a make-up Saturday the usual ones, a half day the
    first.  ``years`` are those whose holidays are known; in others only the weeks are.  A work
    day is ``work_day_h`` hours of open time.
    """

    zone: str
    week: tuple[tuple[Session, ...], ...]
    days: Mapping[date, tuple[Session, ...]]
    years: frozenset[int]
    work_day_h: float

    def sessions(self, day: date) -> tuple[Session, ...]:
        """Give the stretches for which offices are open on a day."""
        return self.days.get(day, self.week[day.weekday()])

    def opening(self) -> tuple[Index, Index]:
        """Lay out when each session begins and ends, ms UTC, over all years and a few more."""
        zone = ZoneInfo(self.zone)
        first, last = min(self.years), max(self.years) + AHEAD_YEARS
        span = (date(last, 12, 31) - date(first, 1, 1)).days + 1
        days = (date(first, 1, 1) + timedelta(days=number) for number in range(span))
        found = [
            (moment(day, start, zone), moment(day, end, zone))
            for day in days
            for start, end in self.sessions(day)
        ]
        edges = np.array(found, np.int64).reshape(-1, 2)
        return edges[:, 0].copy(), edges[:, 1].copy()


def moment(day: date, minute: int, zone: ZoneInfo) -> int:
    """Give a minute of a local day as ms UTC."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(minutes=minute)
    return round(local.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Due:
    """When a limit is over, ms UTC; not ``sure`` where it runs into a year not yet announced."""

    at_ms: int
    sure: bool


@dataclass(frozen=True, slots=True)
class Worktime:
    """The calendar as a line of working time on which limits are laid off, for many at once.

    Session *i* runs from ``opens[i]`` to ``shuts[i]`` and ``before[i]`` ms were worked before
    it; ``before`` has one entry more.  Everything is a look-up in these three columns.
    """

    opens: Index
    shuts: Index
    before: Index
    known: tuple[int, int]
    work_day_ms: int

    @classmethod
    def of(cls, calendar: WorkCalendar) -> "Worktime":
        """Lay a calendar out; `BadRequest` where it has no year or never opens."""
        if not calendar.years:
            msg = "calendar: it knows no year"
            raise BadRequest(msg)
        opens, shuts = calendar.opening()
        if not len(opens):
            msg = "calendar: the offices are never open"
            raise BadRequest(msg)
        zone = ZoneInfo(calendar.zone)
        low = moment(date(min(calendar.years), 1, 1), 0, zone)
        high = moment(date(max(calendar.years) + 1, 1, 1), 0, zone)
        before = np.concatenate([[0], np.cumsum(shuts - opens)])
        return cls(opens, shuts, before, (low, high), round(calendar.work_day_h * HOUR_MS))

    def worked(self, time: Index | int) -> Index:
        """Say how much working time had passed at moments (ms UTC), in ms."""
        time = np.asarray(time, np.int64)
        last = self.opens.searchsorted(time, "right") - 1
        at = last.clip(min=0)
        inside = (np.minimum(time, self.shuts[at]) - self.opens[at]).clip(min=0)
        passed: Index = np.where(last >= 0, self.before[at] + inside, 0)
        return passed

    def when(self, worked: Index | int) -> Index:
        """Say at which moment so much working time has passed; the inverse of `worked`."""
        worked = np.asarray(worked, np.int64)
        if (worked > self.before[-1]).any():
            msg = f"limit: it runs beyond the calendar, which ends at {int(self.shuts[-1])} ms"
            raise BadRequest(msg)
        at = (self.before.searchsorted(worked, "left") - 1).clip(min=0)
        found: Index = self.opens[at] + worked - self.before[at]
        return found

    def length(self, limit: Limit) -> int:
        """Give a limit in ms, of working time or of all time."""
        if not limit.at_work:
            return limit.lasts_ms
        return round(limit.amount * (HOUR_MS if limit.unit == WORK_HOUR else self.work_day_ms))

    def due(self, limit: Limit, start_ms: int, paused: Sequence[Span] = ()) -> Due:
        """Say when a limit that began at *start_ms* is over, time *paused* not counted.

        A pause that has not ended yet has no place here: nothing is due while it lasts.
        """
        last = start_ms
        if limit.at_work:
            rest = int(sum(self.worked(end) - self.worked(start) for start, end in paused))
            last = int(self.when(int(self.worked(start_ms)) + self.length(limit) + rest))
        else:
            last += self.length(limit) + sum(end - start for start, end in paused)
        return Due(last, not limit.at_work or self.sure(start_ms, last))

    def sure(self, start_ms: int, due_ms: int) -> bool:
        """Tell whether the holidays of all years between two moments are known."""
        return self.known[0] <= start_ms <= due_ms <= self.known[1]

    def used(self, limit: Limit, start_ms: int, end_ms: int, paused: Sequence[Span] = ()) -> float:
        """Say which share of a limit has been used at *end_ms*: 0.5 is half, above 1 is late."""

        def passed(start: int, end: int) -> int:
            if limit.at_work:
                return int(self.worked(end) - self.worked(start))
            return end - start

        rest = sum(passed(start, min(end, end_ms)) for start, end in paused if start < end_ms)
        return (passed(start_ms, end_ms) - rest) / self.length(limit)

    def dues(self, amount_ms: Index, start_ms: Index, *, at_work: bool) -> Index:
        """Say when many limits are over: columns of ms in, a column of ms out."""
        if not at_work:
            return start_ms + amount_ms
        return self.when(self.worked(start_ms) + amount_ms)


@dataclass(frozen=True, slots=True)
class Bands:
    """The colours in which people see a clock: from which used share on each begins.

    ``steps`` rise from 0: ``((0.0, "green"), (0.5, "blue"), ...)``.
    """

    steps: tuple[tuple[float, str], ...]
    shares: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        shares = tuple(share for share, _ in self.steps)
        if not shares or shares[0] != 0 or list(shares) != sorted(set(shares)):
            msg = "bands: they must rise, beginning with 0"
            raise BadRequest(msg)
        object.__setattr__(self, "shares", shares)

    def of(self, used: float) -> str:
        """Name the colour of a used share."""
        return [name for share, name in self.steps if share <= max(used, 0.0)][-1]

    def beyond(self, band: str) -> tuple[tuple[float, str], ...]:
        """Give the steps that come after a colour; all but the first where there is none such."""
        names = [name for _, name in self.steps]
        return self.steps[(names.index(band) if band in names else 0) + 1 :]


@dataclass(frozen=True, slots=True)
class Countdown:
    """A limit that runs: when it is over, and how long it is, in working time or in all time.

    A pause moves its end and leaves its length; an extension makes it longer.
    """

    until_ms: int
    length_ms: int
    at_work: bool

    @classmethod
    def since(cls, start_ms: int, until_ms: int, *, at_work: bool, clock: Worktime | None) -> Self:
        """Make one that begins at a moment."""
        none = cls(until_ms, 0, at_work and clock is not None)
        return replace(none, length_ms=max(none._span(start_ms, until_ms, clock), 1))

    def longer(self, until_ms: int, clock: Worktime | None) -> Self:
        """Let it end later, because there is more time."""
        more = self._span(self.until_ms, until_ms, clock)
        return replace(self, until_ms=until_ms, length_ms=max(self.length_ms + more, 1))

    def later(self, start_ms: int, end_ms: int, clock: Worktime | None) -> Self:
        """Let it end later by a pause; earlier, where *end_ms* lies before *start_ms*."""
        pause = self._span(start_ms, end_ms, clock)
        if not self.at_work or clock is None:
            return replace(self, until_ms=self.until_ms + pause)
        worked = min(int(clock.worked(self.until_ms)) + pause, int(clock.before[-1]))
        return replace(self, until_ms=int(clock.when(worked)))

    def at(self, share: float, clock: Worktime | None) -> int | None:
        """Say when a share of it has been used, above 1 after its end; None beyond the calendar."""
        rest = round((1 - share) * self.length_ms)
        if not self.at_work or clock is None or rest == 0:
            return self.until_ms - rest
        worked = int(clock.worked(self.until_ms)) - rest
        return int(clock.when(worked)) if worked <= clock.before[-1] else None

    def _span(self, start_ms: int, end_ms: int, clock: Worktime | None) -> int:
        if self.at_work and clock is not None:
            return int(clock.worked(end_ms) - clock.worked(start_ms))
        return end_ms - start_ms
