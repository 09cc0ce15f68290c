"""Rosters: who works when, and at whose place, laid out day by day.

A post has a usual shift on some days of the week, or on the days on which offices are open.  A
change says otherwise for one day: another shift, none, or somebody else who works it.  Leave cuts
what is left; whoever stands in works it.  All of it comes to duties: one post looks after the
grids of one post, from a moment to a moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from borough.core.deadlines import WorkCalendar, moment
from borough.core.errors import BadRequest

DAY_MIN = 24 * 60
EVERY_DAY, WORK_DAYS = "1111111", "work"
"""How the days of a shift are written: seven marks from Monday on, or the days of offices."""
USUAL, CHANGED, STAND_IN = "usual", "changed", "stand_in"
"""Why somebody is on duty."""
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Shift:
    """When a shift works: minutes of the local day, and on which days; it may pass midnight.

    >>> Shift.read("22:30-06:30").start_min
    1350
    """

    code: str
    start_min: int
    end_min: int
    days: str = EVERY_DAY

    @classmethod
    def read(cls, text: str, code: str = "", days: str = EVERY_DAY) -> "Shift":
        """Read ``08:00-20:00``; empty is round the clock.  `BadRequest` where it is neither."""
        try:
            start, end = [*map(_minute, text.split("-"))] if text else (0, DAY_MIN)
        except ValueError as error:
            msg = f"shift: must be like 08:00-20:00, not {text!r}"
            raise BadRequest(msg) from error
        return cls(code, start, end, days)

    def span(self, day: date, zone: ZoneInfo) -> Span:
        """Give when it begins and ends if it is worked on *day*, ms UTC."""
        end = self.end_min if self.end_min > self.start_min else self.end_min + DAY_MIN
        return moment(day, self.start_min, zone), moment(day, end, zone)

    def worked(self, day: date, calendar: WorkCalendar | None) -> bool:
        """Tell whether it is usually worked on a day."""
        if self.days == WORK_DAYS and calendar is not None:
            return bool(calendar.sessions(day))
        return (self.days if self.days != WORK_DAYS else "1111100")[day.weekday()] == "1"


def _minute(clock: str) -> int:
    hour, minute = (int(part) for part in clock.split(":"))
    if not (0 <= minute < 60 and 0 <= hour * 60 + minute <= DAY_MIN):  # noqa: PLR2004 - minutes of an hour
        raise ValueError(clock)
    return hour * 60 + minute


@dataclass(frozen=True, slots=True)
class Change:
    """What is otherwise on one day: the duty of *post* is *shift*, and *worker* works it.

    Without a shift nobody works it; without a worker the post does so itself.
    """

    post: str
    shift: Shift | None
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Leave:
    """A post that is away, ms UTC, and who stands in for it, if anybody does."""

    post: str
    from_ms: int
    to_ms: int
    stand_in: str = ""


@dataclass(frozen=True, slots=True)
class Duty:
    """*post* looks after what *covers* looks after, from a moment to a moment (ms UTC)."""

    covers: str
    post: str
    from_ms: int
    to_ms: int
    why: str = USUAL


def duties(
    day: date,
    usual: Mapping[str, Shift | None],
    changes: Mapping[str, Change],
    leaves: Sequence[Leave],
    *,
    zone: ZoneInfo,
    calendar: WorkCalendar | None = None,
) -> list[Duty]:
    """Lay out the duties that begin on a day.

    *usual* is the shift of each post, None for one whose roster is made day by day.
    """
    made: list[Duty] = []
    away: dict[str, list[Leave]] = {}
    for leave in leaves:
        away.setdefault(leave.post, []).append(leave)
    for code, shift in usual.items():
        change = changes.get(code)
        if change is not None:
            shift = change.shift  # noqa: PLW2901 - what holds on this day
        elif shift is not None and not shift.worked(day, calendar):
            continue
        if shift is None:
            continue
        worker = (change.worker if change else "") or code
        duty = Duty(code, worker, *shift.span(day, zone), CHANGED if change else USUAL)
        made += present(duty, away) if away else [duty]
    return made


def present(duty: Duty, away: Mapping[str, Sequence[Leave]]) -> list[Duty]:
    """Cut leave out of a duty and give it to those who stand in; leave of theirs as well.

    Whoever stands in for somebody who stands in for them leaves nobody there.
    """
    waiting, kept = [(duty, frozenset[str]())], list[Duty]()
    while waiting:
        one, seen = waiting.pop()
        leave = next((each for each in away.get(one.post, ()) if _meets(each, one)), None)
        if leave is None:
            kept.append(one)
            continue
        start, end = max(one.from_ms, leave.from_ms), min(one.to_ms, leave.to_ms)
        cut = [(replace(one, to_ms=start), seen), (replace(one, from_ms=end), seen)]
        if leave.stand_in and leave.stand_in not in seen | {one.post}:
            there = Duty(one.covers, leave.stand_in, start, end, STAND_IN)
            cut.append((there, seen | {one.post}))
        waiting += [each for each in cut if each[0].from_ms < each[0].to_ms]
    return sorted(kept, key=lambda each: each.from_ms)


def _meets(leave: Leave, duty: Duty) -> bool:
    return leave.from_ms < duty.to_ms and duty.from_ms < leave.to_ms


def day_at(at_ms: int, zone: ZoneInfo) -> date:
    """Give the local day of a moment."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).date()
