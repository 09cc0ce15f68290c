"""Minutes, days and months of history are those that the district's people live by."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from borough.storage.lake import Buckets, Lake, questions
from borough.storage.lake.calendar import BUCKETS, edges_of
from borough.storage.lake.questions import HOWS

MINUTE = 60_000
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "America/Santiago")
SPRING = round(datetime(2024, 3, 31, tzinfo=UTC).timestamp() * 1000)
"""The night on which Berlin's clocks go from two to three."""

Row = tuple[int, int, float]


def bucket_start(time_ms: int, bucket: str, zone: ZoneInfo) -> int:
    """Where a row's bucket begins, one row at a time and by the calendar alone."""
    local = datetime.fromtimestamp(time_ms / 1000, zone)
    day = local.date()
    if bucket == "week":
        day -= timedelta(days=day.weekday())
    elif bucket == "month":
        day = day.replace(day=1)
    elif bucket == "quarter":
        day = day.replace(day=1, month=(1, 4, 7, 10)[(day.month - 1) // 3])
    elif bucket == "year":
        day = day.replace(day=1, month=1)
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    start = round(begin.timestamp() * 1000)
    step = {"minute": 1, "5min": 5, "15min": 15, "hour": 60}.get(bucket)
    return start if step is None else time_ms - (time_ms - start) % (step * MINUTE)


COUNTED: dict[str, Callable[[list[float]], float]] = {
    "mean": lambda values: sum(values) / len(values),
    "sum": sum,
    "min": min,
    "max": max,
    "count": len,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
}
"""One bucket's answer, its values in the order of their times."""


def expected(rows: list[Row], bucket: str, how: str, zone: ZoneInfo) -> list[tuple[float, ...]]:
    """All buckets, the slow way."""
    book = {(series, time): value for series, time, value in rows}
    held: dict[tuple[int, int], list[float]] = defaultdict(list)
    for (series, time), value in sorted(book.items()):
        held[series, bucket_start(time, bucket, zone)].append(value)
    return [(*key, COUNTED[how](held[key]), len(held[key])) for key in sorted(held)]


def table(buckets: Buckets) -> list[tuple[float, ...]]:
    """Columns as rows, to be compared."""
    columns = (buckets.series, buckets.start, buckets.value, buckets.count)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.fixture(scope="module", params=["merged and loose files", "merged files, counted whole"])
def lake(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Lake, list[Row]]]:
    """Two years of rows around both clock changes, with repeats; small files count as large."""
    made = Lake(tmp_path_factory.mktemp("lake"), "Europe/Berlin")
    chance = np.random.default_rng(5)
    near = SPRING + chance.integers(-3 * 1440, 3 * 1440, 300) * MINUTE
    days = chance.integers(-400, 400, 30)[chance.integers(0, 30, 300)]
    far = SPRING + (days * 1440 + chance.integers(0, 1440, 300)) * MINUTE + 17
    time = np.concatenate([near, far, near[:50]])
    series = np.concatenate([chance.integers(0, 4, 600), chance.integers(0, 4, 50)])
    value = chance.integers(-50, 50, 650) / 4
    for position, part in enumerate(np.array_split(np.arange(650), 3)):
        made.append(series[part], time[part], value[part], 0, position)
        if position == 1:
            made.compact(today="2024-04-01", loose=2)
    rows = list(zip(series.tolist(), time.tolist(), value.tolist(), strict=True))
    with pytest.MonkeyPatch.context() as patch:
        if "whole" in request.param:
            made.compact(today="2026-01-01")
            patch.setattr(questions, "WHOLE_ROWS", 5)
            patch.setattr(questions, "MOST_WHOLE", 10)
        yield made, rows
    made.close()


@settings(max_examples=60, deadline=None)
@given(
    bucket=st.sampled_from(BUCKETS),
    how=st.sampled_from(sorted(HOWS)),
    zone=st.sampled_from(ZONES),
    wanted=st.sets(st.integers(0, 5), min_size=1),
    place=st.tuples(st.integers(-4000, 4000), st.integers(1, 9000)),
)
def test_buckets_are_what_a_calendar_says(
    lake: tuple[Lake, list[Row]],
    *,
    bucket: str,
    how: str,
    zone: str,
    wanted: set[int],
    place: tuple[int, int],
) -> None:
    """Each bucket, each way of counting and each zone agree with going through row by row."""
    history, rows = lake
    stretch = (SPRING + place[0] * MINUTE, SPRING + sum(place) * MINUTE)
    mine = [row for row in rows if row[0] in wanted and stretch[0] <= row[1] < stretch[1]]
    found = history.buckets(np.array(sorted(wanted)), *stretch, bucket, how, zone=zone)

    assert table(found) == expected(mine, bucket, how, ZoneInfo(zone))


@pytest.mark.parametrize("bucket", ["day", "week", "month", "quarter", "year"])
def test_years_of_history_fall_into_long_buckets(lake: tuple[Lake, list[Row]], bucket: str) -> None:
    """Long stretches with both clock changes inside, in the district's own zone."""
    history, rows = lake
    stretch = (SPRING - 401 * 1440 * MINUTE, SPRING + 401 * 1440 * MINUTE)
    found = history.buckets(np.arange(4), *stretch, bucket, "sum")

    assert table(found) == expected(rows, bucket, "sum", ZoneInfo("Europe/Berlin"))


def test_series_can_be_taken_together(lake: tuple[Lake, list[Row]]) -> None:
    """A class of things is one line: the mean of all rows, not of means."""
    history, rows = lake
    stretch = (SPRING - 401 * 1440 * MINUTE, SPRING + 401 * 1440 * MINUTE)
    together = history.buckets(np.array([0, 1, 3]), *stretch, "year", "mean", together=True)
    book = {(s, t): v for s, t, v in rows if s != 2}
    years = defaultdict(list)
    for (_, time), value in book.items():
        years[bucket_start(time, "year", ZoneInfo("Europe/Berlin"))].append(value)

    assert together.start.tolist() == sorted(years)
    assert together.series.tolist() == [-1] * len(years)
    assert together.value.tolist() == pytest.approx([np.mean(years[y]) for y in sorted(years)])


def test_a_question_counts_in_an_array_and_not_by_hashing(lake: tuple[Lake, list[Row]]) -> None:
    """What DuckDB was told once holds for every question, not only for the line it was told on."""
    history, _ = lake
    sql = "SELECT current_setting('perfect_ht_threshold') AS bits FROM {files} LIMIT 1"

    assert int(history.reader.ask(sql, history.table.listing())["bits"][0]) == 18


def test_a_day_has_as_many_hours_as_the_clocks_leave_it() -> None:
    """In Berlin 23 in spring and 25 in autumn; in Shanghai always 24."""
    berlin, shanghai = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
    spring, autumn = (
        round(datetime(2024, *day, tzinfo=berlin).timestamp() * 1000) for day in ((3, 31), (10, 27))
    )

    assert len(edges_of(spring, spring + 23 * 60 * MINUTE, "hour", berlin)) == 24
    assert len(edges_of(autumn, autumn + 25 * 60 * MINUTE, "hour", berlin)) == 26
    assert np.diff(edges_of(spring, spring + 1, "day", berlin)).tolist() == [23 * 60 * MINUTE]
    assert np.diff(edges_of(autumn, autumn + 1, "day", berlin)).tolist() == [25 * 60 * MINUTE]
    assert set(np.diff(edges_of(spring, autumn, "day", shanghai)).tolist()) == {1440 * MINUTE}
