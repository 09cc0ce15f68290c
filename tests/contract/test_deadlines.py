"""Limits of cases run by the district's own calendar."""

from datetime import date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import borough.districts
from borough.core.deadlines import (
    HOUR_MS,
    MINUTE_MS,
    Bands,
    Limit,
    WorkCalendar,
    Worktime,
)
from borough.core.errors import BadDistrict, BadRequest
from borough.engine.district import check, read

DISTRICTS = Path(borough.districts.__file__).parent
ZONE = ZoneInfo("Asia/Shanghai")
OPEN = ((480, 720), (840, 1080))
CALENDAR = WorkCalendar(
    zone="Asia/Shanghai",
    week=(OPEN,) * 5 + ((),) * 2,
    days={
        date(2024, 10, 1): (),
        date(2024, 10, 2): (),
        date(2024, 10, 12): OPEN,
        date(2024, 10, 16): OPEN[:1],
    },
    years=frozenset({2024}),
    work_day_h=8,
)
LINE = Worktime.of(CALENDAR)


def at(text: str) -> int:
    """Read a local moment as ms UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp() * 1000)


def local(ms: int) -> str:
    """Write ms UTC as a local moment."""
    return datetime.fromtimestamp(ms / 1000, ZONE).strftime("%Y-%m-%d %H:%M")


def is_open(calendar: WorkCalendar, ms: int) -> bool:
    """Tell the slow way whether offices are open in the minute that begins at a moment."""
    then = datetime.fromtimestamp(ms / 1000, ZONE)
    minute = then.hour * 60 + then.minute
    return any(start <= minute < end for start, end in calendar.sessions(then.date()))


@pytest.mark.parametrize(
    ("limit", "start", "due"),
    [
        ("2紧急工作时", "2024-10-04T23:30", "2024-10-05 01:30"),  # through the night
        ("4工作时", "2024-10-11T17:00", "2024-10-12 11:00"),  # a Saturday that makes up for Monday
        ("4小时", "2024-10-18T17:00", "2024-10-21 11:00"),  # an ordinary weekend
        ("1 work_hour", "2024-10-17T12:30", "2024-10-17 15:00"),  # received at noon: begins at two
        ("2天", "2024-09-30T17:00", "2024-10-04 17:00"),  # two days off in between
        ("1个工作日", "2024-10-16T09:00", "2024-10-17 15:00"),  # only half the day is worked
        ("1自然日", "2024-10-01T10:00", "2024-10-02 10:00"),
        ("4工作时", "2024-10-15T14:00", "2024-10-15 18:00"),  # ends with the session, not after it
    ],
)
def test_limit_ends_where_a_clerk_with_the_calendar_would_put_it(
    limit: str, start: str, due: str
) -> None:
    """Nights, weekends, holidays, make-up Saturdays and half days are as people count them."""
    assert local(LINE.due(Limit.read(limit), at(start)).at_ms) == due


minutes = st.integers(at("2024-09-27T00:00") // MINUTE_MS, at("2024-10-25T00:00") // MINUTE_MS)


@settings(max_examples=60, deadline=None)
@given(start=minutes, length=st.integers(1, 40 * 60))
def test_look_up_agrees_with_counting_every_minute(start: int, length: int) -> None:
    """The three columns say what a walk from minute to minute says."""
    now, left = start * MINUTE_MS, length
    while left:
        left -= is_open(CALENDAR, now)
        now += MINUTE_MS

    due = LINE.when(LINE.worked(start * MINUTE_MS) + length * MINUTE_MS)

    assert int(due) == now


@given(
    start=minutes,
    hours=st.integers(1, 30),
    unit=st.sampled_from(["urgent_hour", "work_hour", "work_day", "natural_day"]),
    pauses=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 3000)), max_size=3),
)
def test_whole_limit_is_used_when_it_is_due(
    start: int, hours: int, unit: str, pauses: list[tuple[int, int]]
) -> None:
    """What is due and what is used are two sides of one clock, whatever was paused before."""
    limit, begun = Limit(hours, unit), start * MINUTE_MS
    paused, last = [], begun
    for gap, lasting in pauses:
        paused.append((last + gap * MINUTE_MS, last + (gap + lasting) * MINUTE_MS))
        last = paused[-1][1]
    due = LINE.due(limit, begun, paused).at_ms
    if due < last:  # it was over before the last pause: that one was never granted
        return

    assert LINE.used(limit, begun, due, paused) == pytest.approx(1.0)


def test_many_limits_are_laid_off_as_one_by_one() -> None:
    """A column of clocks gives what each alone gives."""
    start = np.array([at("2024-10-11T17:00"), at("2024-10-16T09:30"), at("2024-10-19T03:00")])
    amount = np.array([4, 8, 1]) * HOUR_MS

    many = LINE.dues(amount, start, at_work=True)

    singles = [
        LINE.due(Limit(hours, "work_hour"), begun).at_ms
        for hours, begun in zip((4, 8, 1), start.tolist(), strict=True)
    ]
    assert many.tolist() == singles
    assert LINE.dues(amount, start, at_work=False).tolist() == (start + amount).tolist()


def test_year_that_nobody_has_announced_is_not_taken_for_known() -> None:
    """A deadline in it is given by the ordinary week, and says that it is not sure."""
    beyond = LINE.due(Limit.read("2天"), at("2024-12-31T17:00"))

    assert local(beyond.at_ms) == "2025-01-02 17:00"
    assert not beyond.sure
    assert LINE.due(Limit.read("2紧急工作时"), at("2024-12-31T23:00")).sure
    with pytest.raises(BadRequest, match="beyond the calendar"):
        LINE.due(Limit(9_000, "work_day"), at("2024-12-31T17:00"))


@pytest.mark.parametrize("text", ["", "4", "工作时", "-1 天", "0小时", "4 fortnights", "nan 天"])
def test_what_is_no_limit_is_told_so(text: str) -> None:
    """A limit needs an amount above nothing and a unit that the standards know."""
    with pytest.raises(BadRequest, match="limit"):
        Limit.read(text)


def test_calendar_without_years_or_openings_is_refused() -> None:
    """Nothing could ever be due by it."""
    bare = {"zone": "Asia/Shanghai", "days": {}, "work_day_h": 8.0}

    with pytest.raises(BadRequest, match="no year"):
        Worktime.of(WorkCalendar(week=(OPEN,) * 7, years=frozenset(), **bare))
    with pytest.raises(BadRequest, match="never open"):
        Worktime.of(WorkCalendar(week=((),) * 7, years=frozenset({2024}), **bare))


def test_colours_follow_the_share_that_is_used() -> None:
    """A band begins at its share; one that does not rise is refused."""
    bands = Bands(((0.0, "green"), (0.5, "blue"), (1.0, "orange")))

    assert [bands.of(share) for share in (-1, 0, 0.49, 0.5, 1.0, 7.0)] == [
        "green", "green", "green", "blue", "orange", "orange",
    ]  # fmt: skip
    with pytest.raises(BadRequest, match="rise"):
        Bands(((0.5, "blue"),))


def test_clocks_that_change_in_spring_lose_no_work() -> None:
    """Sessions are of local time, so a day is as long as its sessions wherever clocks change."""
    berlin = WorkCalendar(
        zone="Europe/Berlin",
        week=(OPEN,) * 7,
        days={},
        years=frozenset({2024}),
        work_day_h=8,
    )
    line = Worktime.of(berlin)
    start = datetime(2024, 3, 30, 8, tzinfo=ZoneInfo("Europe/Berlin"))

    due = line.due(Limit(2, "work_day"), round(start.timestamp() * 1000)).at_ms

    end = datetime.fromtimestamp(due / 1000, ZoneInfo("Europe/Berlin"))
    assert end.replace(tzinfo=None) == start.replace(tzinfo=None) + timedelta(days=1, hours=10)


def test_yubei_works_on_the_sunday_after_new_year_and_rests_on_the_days_before() -> None:
    """The calendar that ships has the holidays and make-up days that were announced."""
    work = read(DISTRICTS / "yubei").work
    assert work is not None

    due = Worktime.of(work).due(Limit.read("2天"), at("2024-02-09T17:00"))

    assert local(due.at_ms) == "2024-02-19 17:00"
    assert due.sure


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("district.toml", '"14:00-18:00"]', '"11:00-18:00"]', "work.sessions: 11:00-18:00 is out"),
        ("district.toml", "work_day_h = 8", "work_day_h = 0", "work.work_day_h: 0 is outside"),
        ("district.toml", "years      = [2022, ", "years      = [", "does not have 2022"),
        ("calendar.csv", "2024-02-18,work", "2024-02-18,party", "party"),
        ("calendar.csv", "2024-02-18,work", "2024-02-30,work", "there is no day 2024-02-30"),
    ],
)
def test_wrong_calendar_names_its_file_and_field(
    tmp_path: Path, file: str, old: str, new: str, says: str
) -> None:
    """Whoever edits the calendar is told where it went wrong."""
    folder = copytree(DISTRICTS / "yubei", tmp_path / "yubei")
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), "utf-8")

    with pytest.raises(BadDistrict, match=says):
        read(folder)
    assert check(folder)
