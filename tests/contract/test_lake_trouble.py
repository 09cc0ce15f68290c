"""Killed processes, full disks and broken files: history loses nothing and says what is wrong."""

import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from borough.core.errors import BadBatch, HistoryDamaged, HistoryFull
from borough.storage.lake import Appender, Lake

START = 1_720_540_800_000
DAY = 86_400_000
ZONE = "Asia/Shanghai"
JOURNAL = 4_000
"""Reports in the journal that the killed process reads; report *p* is told by its position."""
WRITER = """
import sys
from pathlib import Path
import numpy as np
from borough.storage.lake import Appender, Lake

lake = Lake(Path(sys.argv[1]))
appender = Appender(lake, 3, every_rows=100, every_s=0.01)
print("reading", flush=True)
for position in range(lake.committed(3) + 1, int(sys.argv[2])):
    series = np.arange(5)
    while not appender.add(series, np.full(5, int(sys.argv[3]) + position), series + position / 4,
                           position):
        pass
    if position % 50 == 0:
        appender.flush()
    if position % 400 == 0:
        lake.compact(today="2025-01-01", loose=2)
appender.close()
"""


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """A history with four appends, two days each."""
    made = Lake(tmp_path / "history", ZONE)
    for position in range(4):
        made.append([1, 2], [START + position, START + DAY], [1.0, 2.0], 0, position)
    yield made
    made.close()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A disk on which no file grows beyond *size* bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_killed_writer_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    """Killed again and again while it appends and merges, history ends up equal to the journal."""
    chance = random.Random(11)  # noqa: S311 - no secret hangs on it
    command = [sys.executable, "-c", WRITER, str(tmp_path), str(JOURNAL), str(START)]
    for _ in range(4):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:  # noqa: S603 - ours
            assert writer.stdout
            assert writer.stdout.readline() == b"reading\n"
            time.sleep(chance.uniform(0.05, 0.4))
            writer.send_signal(signal.SIGKILL)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    lake = Lake(tmp_path)
    series, position = np.divmod(np.arange(5 * JOURNAL), JOURNAL)
    rows = lake.many(np.arange(5), START - DAY, START + DAY)

    assert lake.committed(3) == JOURNAL - 1
    assert sum(day.rows for day in lake.days()) == 5 * JOURNAL
    assert np.array_equal(rows.series, series)
    assert np.array_equal(rows.time, START + position)
    assert np.array_equal(rows.value, series + position / 4)
    assert len(lake.latest()) == 5


@pytest.mark.parametrize("size", [100, 2_000, 10_000])
def test_a_full_disk_is_told_and_changes_nothing(lake: Lake, size: int) -> None:
    """Whether the rows or the log find no room: nothing is committed, and later it works."""
    rows = np.arange(40), START + np.arange(40) * DAY, np.ones(40)
    with largest_file(size), pytest.raises(HistoryFull, match="cannot be written"):
        lake.append(*rows, 0, 4)
    other = Lake(lake.folder, ZONE)
    before = other.committed(0), sum(day.rows for day in other.days())
    written = lake.append(*rows, 0, 4)

    assert before == (3, 8)
    assert written == 40
    assert len(other.many(np.arange(40), START, START + 40 * DAY)) == 45


def test_a_merge_on_a_full_disk_leaves_the_table_alone(lake: Lake) -> None:
    """Merging needs room; without it the day stays as it was."""
    with largest_file(500), pytest.raises(HistoryFull, match="cannot be written"):
        lake.compact(today="2025-01-01")

    assert sum(day.files for day in lake.days()) == 8
    assert len(list(lake.folder.glob("observations/day=*/*"))) == 8
    assert len(lake.one(1, START, START + DAY)) == 4


def test_a_missing_file_is_named(lake: Lake) -> None:
    """Somebody deleted a file by hand: the answer says which, and other days still answer."""
    victim = next(lake.folder.glob("observations/day=2024-07-10/*"))
    victim.unlink()

    with pytest.raises(HistoryDamaged, match=victim.name):
        lake.latest(np.array([1]))
    assert len(lake.one(2, START + DAY, START + 2 * DAY)) == 1


@pytest.mark.parametrize("damage", ["cut", "overwritten", "empty"])
def test_a_damaged_file_is_named(lake: Lake, damage: str) -> None:
    """A file that is not what it was is an error and never a wrong answer."""
    victim = next(lake.folder.glob("observations/day=2024-07-10/*"))
    whole = victim.read_bytes()
    broken = {"cut": whole[:-40], "overwritten": b"x" * len(whole), "empty": b""}[damage]
    victim.write_bytes(broken)

    with pytest.raises(HistoryDamaged, match=victim.name):
        lake.one(1, START, START + DAY)


def test_a_missing_log_is_told(lake: Lake) -> None:
    """Without its log there is no table, and no new one is begun over its files."""
    shutil.rmtree(lake.folder / "observations" / "_delta_log")

    with pytest.raises(HistoryDamaged, match="log of history is gone"):
        lake.one(1, START, START + DAY)


def test_a_damaged_closing_is_as_good_as_none(lake: Lake) -> None:
    """The latest of all is then read from the files themselves."""
    lake.compact(today="2025-01-01")
    for closing in lake.folder.glob("latest/*"):
        closing.write_bytes(b"nothing")

    assert Lake(lake.folder, ZONE).latest().time.tolist() == [START + 3, START + DAY]


def test_an_appender_keeps_rows_until_there_is_room(tmp_path: Path) -> None:
    """While the disk is full it says so, takes what it can hold, and then goes on by itself."""
    lake = Lake(tmp_path / "history")
    appender = Appender(lake, 0, every_rows=1_000, every_s=60, most_rows=10)
    with largest_file(10):
        taken = [appender.add(np.arange(4), np.full(4, START + p), np.ones(4), p) for p in range(4)]
        with pytest.raises(HistoryFull):
            appender.flush()
        refused, error = appender.waiting, appender.error
    appender.flush()

    assert taken == [True, True, False, False]
    assert (refused, appender.waiting) == (8, 0)
    assert isinstance(error, HistoryFull)
    assert (appender.error, appender.committed, lake.committed(0)) == (None, 1, 1)
    assert all(appender.add(np.arange(4), np.full(4, START + p), np.ones(4), p) for p in range(4))
    appender.close()
    assert len(lake.many(np.arange(4), START, START + DAY)) == 16
    assert appender.rows_written == 16


class SlowLake(Lake):
    """A history whose disk takes nothing until it is told to go on."""

    go_on = Event()

    def append(self, *rows: Any) -> int:
        """Wait for the disk."""
        self.go_on.wait()
        return super().append(*rows)


def test_a_slow_disk_holds_the_appender_back_and_not_the_memory(tmp_path: Path) -> None:
    """While one append takes for ever, no more than so many rows wait; none is lost or doubled."""
    lake = SlowLake(tmp_path / "history")
    appender = Appender(lake, 0, every_rows=4, every_s=60, most_rows=12)
    taken, position, most = 0, 0, 0
    for _ in range(50):
        rows = np.arange(4), np.full(4, START + position), np.ones(4)
        if appender.add(*rows, position):
            position, taken = position + 1, taken + 4
        most = max(most, appender.waiting)
    lake.go_on.set()
    appender.flush()

    assert (most, taken) == (12, 12)
    assert appender.add(np.arange(4), np.full(4, START + position), np.ones(4), position)
    appender.close()
    assert len(lake.many(np.arange(4), START, START + DAY)) == 16 == appender.rows_written


def test_an_appender_writes_by_number_and_by_age(tmp_path: Path) -> None:
    """Many rows go at once, few after a while, and nobody has to ask for it."""
    lake = Lake(tmp_path / "history")
    appender = Appender(lake, 0, every_rows=3, every_s=0.2)
    appender.add([1, 2, 3], [START] * 3, [1.0] * 3, 0)
    appender.add([1], [START + 1], [1.0], 1)
    waited = 0.0
    while appender.committed < 1 and waited < 30:
        time.sleep(0.02)
        waited += 0.02

    assert appender.committed == lake.committed(0) == 1
    with pytest.raises(BadBatch, match="beyond the calendar"):
        appender.add([1], [1 << 62], [1.0], 2)
    with pytest.raises(BadBatch, match="series numbers from -1"):
        appender.add([-1], [START], [1.0], 2)
    appender.close()


def test_closing_with_rows_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """The thread ends all the same; the journal still holds the rows."""
    lake = Lake(tmp_path / "history")
    appender = Appender(lake, 0)
    appender.add([1], [START], [1.0], 0)
    with largest_file(10), pytest.raises(HistoryFull):
        appender.close()

    assert lake.committed(0) == -1
