"""What history promises, whatever the order in which it was written, merged and read again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from borough.core.errors import BadBatch, BadRequest, BadSetting
from borough.storage.lake import Lake, Points

START = 1_720_540_800_000
"""2024-07-10 00:00 in Shanghai, in ms."""
HOUR = 3_600_000
ALWAYS = (START - 100 * 24 * HOUR, START + 100 * 24 * HOUR)

Row = tuple[int, int, float]
Book = dict[tuple[int, int], float]

rows = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(-30, 30).map(lambda hour: START + hour * HOUR),
        st.integers(-9, 9).map(float),
    ),
    min_size=1,
    max_size=12,
)
closed = st.sampled_from(["2024-07-01", "2024-07-10", "2024-08-01"])
steps = st.lists(st.one_of(rows, closed, st.just("again")), min_size=1, max_size=8)
several = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """An empty history in Shanghai's time."""
    made = Lake(tmp_path / "history", "Asia/Shanghai")
    yield made
    made.close()


def columns(batch: list[Row]) -> tuple[list[int], list[int], list[float]]:
    """Rows as the columns that an append takes."""
    series, time, value = zip(*batch, strict=True)
    return list(series), list(time), list(value)


def table(points: Points) -> list[Row]:
    """Columns as rows, to be compared."""
    return list(
        zip(points.series.tolist(), points.time.tolist(), points.value.tolist(), strict=True)
    )


def expected(book: Book) -> list[Row]:
    """What a reader should see of all that was ever written."""
    return [(*key, value) for key, value in sorted(book.items())]


def newest(book: Book, before: int = ALWAYS[1]) -> list[Row]:
    """The last row of each series, the slow way."""
    found: dict[int, Row] = {}
    for (series, time), value in sorted(book.items()):
        if time < before:
            found[series] = (series, time, value)
    return [found[series] for series in sorted(found)]


@several
@given(steps)
def test_a_reader_sees_what_a_dictionary_would_hold(
    tmp_path_factory: pytest.TempPathFactory, plan: list[list[Row] | str]
) -> None:
    """However appends, repeated appends and merges follow each other, the last word counts."""
    lake = Lake(tmp_path_factory.mktemp("lake"), "Asia/Shanghai")
    book: Book = {}
    position, last = -1, [(0, START, 0.0)]
    for step in plan:
        if isinstance(step, list):
            position, last = position + 1, step
            assert lake.append(*columns(step), 0, position) == len(step)
            book |= {(series, time): value for series, time, value in step}
        elif step == "again":
            assert lake.append(*columns(last), 0, position) == 0
        else:
            lake.compact(today=step, loose=2)
        assert table(lake.many(np.arange(5), *ALWAYS)) == expected(book)
        assert table(lake.latest()) == newest(book)
        assert table(lake.latest(np.arange(5))) == newest(book)
        assert table(lake.latest(None, START)) == newest(book, START)
        assert table(lake.latest(np.array([0, 3]), START)) == [
            row for row in newest(book, START) if row[0] in {0, 3}
        ]
    lake.close()


@several
@given(rows, st.integers(-30, 30), st.integers(1, 30), st.integers(1, 3))
def test_a_stretch_and_a_limit_cut_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, batch: list[Row], first: int, hours: int, limit: int
) -> None:
    """A stretch holds its beginning and not its end; a limit keeps the newest rows."""
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for position, row in enumerate(batch):
        lake.append(*columns([row]), 7, position)
    book = {(series, time): value for series, time, value in batch}
    start, end = START + first * HOUR, START + (first + hours) * HOUR
    inside = [row for row in expected(book) if start <= row[1] < end]

    assert table(lake.many(np.arange(5), start, end)) == inside
    assert table(lake.one(2, start, end)) == [row for row in inside if row[0] == 2]
    for series in range(5):
        mine = [row for row in inside if row[0] == series]
        assert table(lake.one(series, start, end, limit)) == mine[-limit:]
        both = lake.many(np.array([series, 9]), start, end, limit)
        assert table(both) == mine[-limit:]
    lake.close()


def test_partitions_keep_their_own_place(lake: Lake) -> None:
    """Each partition's journal counts for itself, and survives closing the table."""
    lake.append([1], [START], [1.0], 0, 40)
    lake.append([2], [START], [2.0], 63, 7)
    again = Lake(lake.folder, "Asia/Shanghai")

    assert [again.committed(each) for each in (0, 63, 5)] == [40, 7, -1]


def test_two_openings_see_each_other_at_once(lake: Lake) -> None:
    """What one process appends another reads, and neither appends the same journal twice."""
    other = Lake(lake.folder, "Asia/Shanghai")
    lake.append([1], [START], [1.0], 0, 1)
    seen = table(other.one(1, *ALWAYS))

    assert seen == [(1, START, 1.0)]
    assert other.append([1], [START], [9.0], 0, 1) == 0
    assert other.append([1], [START + 1], [2.0], 0, 2) == 1
    assert len(lake.one(1, *ALWAYS)) == 2


def test_positions_survive_many_commits(lake: Lake) -> None:
    """The log is folded up now and then; positions and rows come through."""
    for position in range(120):
        lake.append([position], [START + position], [0.5], position % 3, position)
    again = Lake(lake.folder, "Asia/Shanghai")

    assert [again.committed(each) for each in range(3)] == [117, 118, 119]
    assert len(again.latest()) == 120


def test_numbers_come_back_as_they_were(lake: Lake) -> None:
    """Negative zero, the smallest and the largest float, and series above 65,536 are exact."""
    value = np.array([-0.0, 5e-324, 1.7976931348623157e308, 0.1])
    series = np.array([0, 65_535, 65_536, 2_000_000])
    lake.append(series, np.full(4, START), value, 0, 0)
    lake.compact(today="2025-01-01")
    back = lake.many(series, *ALWAYS)

    assert back.series.tolist() == series.tolist()
    assert back.value.tobytes() == value.tobytes()


def at_each_slice(lake: Lake, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen before each slice of rows that a merge reads."""
    read = lake.reader.rows

    def rows(*asked: Any) -> Points:
        act()
        return read(*asked)

    monkeypatch.setattr(lake.reader, "rows", rows)


def test_a_merge_does_not_disturb_an_append(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows appended while a merge is under way stay, and the merge is not lost either."""
    for position in range(4):
        lake.append([1], [START + position], [1.0], 0, position)
    other = Lake(lake.folder, "Asia/Shanghai")
    with monkeypatch.context() as patched:
        at_each_slice(lake, patched, lambda: other.append([1], [START + 1], [2.0], 0, 4))
        done = lake.compact(today="2025-01-01")

    assert (done.files_before, done.files_after, done.put_off) == (4, 1, ())
    assert lake.one(1, *ALWAYS).value.tolist() == [1.0, 2.0, 1.0, 1.0]


def test_a_merge_that_comes_too_late_changes_nothing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds its files merged by somebody else puts the day off."""
    for position in range(4):
        lake.append([1], [START + position], [1.0], 0, position)
    other = Lake(lake.folder, "Asia/Shanghai")
    with monkeypatch.context() as patched:
        at_each_slice(lake, patched, lambda: other.compact(today="2025-01-01"))
        done = lake.compact(today="2025-01-01")

    assert done.put_off == ("2024-07-10",)
    assert len(lake.one(1, *ALWAYS)) == 4
    assert len(list(lake.folder.glob("observations/day=*/*"))) == 4 + 1


def test_only_rows_that_repeat_or_go_back_are_late(lake: Lake) -> None:
    """A whole day at once is not late; files of late rows are few, so reading stays cheap."""
    day = START + np.arange(24) * HOUR
    lake.append(np.zeros(24, int), day, np.ones(24), 0, 0)
    lake.append(np.ones(24, int), day, np.ones(24), 0, 1)
    lake.append([0, 0, 1], [START + 23 * HOUR, START + 24 * HOUR - 1, START + 5], [2.0] * 3, 0, 2)
    reopened = Lake(lake.folder, "Asia/Shanghai")
    reopened.append([0, 1], [START + 24 * HOUR - 1, START + 24 * HOUR - 2], [3.0, 3.0], 0, 3)
    names = sorted(path.name for path in lake.folder.glob("observations/day=*/*"))
    found = lake.buckets(np.array([0, 1]), START, START + 24 * HOUR, "day", "sum")

    assert ["late" in name for name in names] == [False, False, False, False, True, True]
    assert found.value.tolist() == [23 + 2 + 3, 24 + 2 + 3]
    assert found.count.tolist() == [25, 26]


def test_a_merge_of_late_rows_still_repeats_older_ones(lake: Lake) -> None:
    """Late rows that were merged by themselves are not counted beside what they correct."""
    minutes = START + np.arange(100) * 60_000
    lake.append(np.zeros(100, int), minutes, np.ones(100), 0, 0)
    lake.append([9], [START], [1.0], 0, 1)
    lake.compact(loose=2)
    lake.append([0], [START], [5.0], 0, 2)
    lake.append([0], [START + 60_000], [6.0], 0, 3)
    merged = lake.compact(loose=2)
    found = lake.buckets(np.array([0]), START, START + 24 * HOUR, "day", "sum")

    assert (merged.files_before, lake.days()[0].files) == (2, 2)
    assert (found.value.tolist(), found.count.tolist()) == ([98 + 5 + 6], [100])


def test_a_day_that_goes_on_is_merged_now_and_then(lake: Lake) -> None:
    """Appends of an open day gather in few files, and old rows are not rewritten each time."""
    for position in range(40):
        lake.append([1], [START + position], [1.0], 0, position)
        lake.compact(loose=4)
    (day,) = lake.days()

    assert day.rows == 40
    assert day.files < 10


def test_days_expire_by_age_and_by_size(lake: Lake) -> None:
    """Whole days go, oldest first; the newest stays; a vacuum frees the bytes."""
    for position in range(6):
        lake.append([1], [START + position * 24 * HOUR], [1.0], 0, position)
    size = lake.days()[0].bytes
    by_age = lake.expire(older_than_ms=START + 2 * 24 * HOUR)
    by_size = lake.expire(max_bytes=2 * size + size // 2)
    to_nothing = lake.expire(max_bytes=0)
    freed = lake.vacuum(0), lake.vacuum(0)

    assert freed == (5, 0)
    assert by_age == ["2024-07-10", "2024-07-11"]
    assert by_size == ["2024-07-12", "2024-07-13"]
    assert to_nothing == ["2024-07-14"]
    assert table(lake.latest()) == [(1, START + 5 * 24 * HOUR, 1.0)]
    assert len(list(lake.folder.glob("observations/day=*/*"))) == 1
    assert lake.committed(0) == 5


def test_the_latest_forgets_expired_days(lake: Lake) -> None:
    """A series that fell silent long ago has no latest row once its day is dropped."""
    lake.append([1, 2], [START, START + 24 * HOUR], [1.0, 2.0], 0, 0)
    lake.compact(today="2025-01-01")
    lake.expire(max_bytes=0)

    assert table(lake.latest()) == [(2, START + 24 * HOUR, 2.0)]


def test_a_table_keeps_its_time_zone(lake: Lake) -> None:
    """Days of another zone would cut the same table twice."""
    with pytest.raises(BadSetting, match=r"Asia/Shanghai, not Europe/Berlin"):
        Lake(lake.folder, "Europe/Berlin")
    with pytest.raises(BadSetting, match="no such time zone: 'Yubei'"):
        Lake(lake.folder, "Yubei")


def test_what_cannot_be_is_refused(lake: Lake) -> None:
    """Columns of different lengths, times beyond the calendar, limits and buckets of nothing."""
    with pytest.raises(BadBatch, match="differ in shape"):
        lake.append([1, 2], [START], [1.0], 0, 0)
    with pytest.raises(BadBatch, match="beyond the calendar"):
        lake.append([1], [1 << 61], [1.0], 0, 0)
    with pytest.raises(BadRequest, match="leaves nothing"):
        lake.one(1, *ALWAYS, limit=0)
    with pytest.raises(BadRequest, match="no such bucket: 'fortnight'"):
        lake.buckets(np.array([1]), *ALWAYS, "fortnight")
    with pytest.raises(BadRequest, match="cannot count by 'median'"):
        lake.buckets(np.array([1]), *ALWAYS, "day", "median")
    with pytest.raises(BadRequest, match="ends before it begins"):
        lake.buckets(np.array([1]), START, START, "day")

    with pytest.raises(BadBatch, match="series numbers from -1 to 3"):
        lake.append([3, -1], [START, START], [1.0, 1.0], 0, 0)

    assert lake.days() == []
    assert len(lake.many(np.array([], int), *ALWAYS)) == 0
    assert len(lake.buckets(np.array([1]), *ALWAYS, "day")) == 0
    assert len(lake.latest()) == 0
