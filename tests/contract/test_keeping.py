"""Keeping house goes on beside the desk, in processes of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from borough.app import housekeeper, keeping
from borough.app.housekeeper import Housekeeper
from borough.app.lake import lake_of
from borough.app.settings import Settings
from borough.testing.living import eventually

ZONE = "Asia/Shanghai"
START = 1_720_540_800_000
"""2024-07-10 00:00 in Shanghai, in ms."""
DAY, MINUTE = 86_400_000, 60_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder whose history has a day in many small files, and the beginning of the next."""
    made = Settings(str(tmp_path), "yubei", history_days=3_650)
    made.write()
    lake = lake_of(made, ZONE)
    for minute in range(30):
        lake.append([1, 2], [START + minute * MINUTE] * 2, [1.0, 2.0], 0, minute)
    lake.append([1], [START + DAY], [3.0], 0, 30)
    lake.close()
    return made


def files(settings: Settings) -> list[int]:
    """Count the files of each day, oldest first."""
    lake = lake_of(settings, ZONE)
    try:
        return [day.files for day in lake.days()]
    finally:
        lake.close()


def test_a_day_that_is_over_is_merged_without_the_desk_lending_a_hand(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round is a process; what it did is in its log, and no row is other than it was."""
    monkeypatch.setattr(housekeeper, "EVERY_S", 0.1)
    monkeypatch.setattr(housekeeper, "BUSY_PCT", 100.0)  # however busy whoever tests keeps us
    lake = lake_of(settings, ZONE)
    before = lake.one(1, START, START + 2 * DAY)
    lake.close()
    log = Path(settings.data) / "logs" / "housekeeper.log"
    house = Housekeeper(settings, ZONE)
    try:
        eventually(lambda: log.exists() and "house-kept" in log.read_text(), "a round")
    finally:
        house.close()
    assert not house.thread.is_alive()
    assert files(settings) == [1, 1]
    lake = lake_of(settings, ZONE)
    after = lake.one(1, START, START + 2 * DAY)
    lake.close()
    assert after.time.tolist() == before.time.tolist()
    assert after.value.tolist() == before.value.tolist()


def test_a_round_ends_with_whoever_began_it(settings: Settings) -> None:
    """Whoever begins rounds may be killed; nobody goes on merging beside the one who follows."""
    begin = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'from borough.app import keeping as k;"
        "import sys, time; k.kept = lambda *_: time.sleep(600); k.main()', *sys.argv[1:]])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    words = [sys.executable, "-c", begin, "--data", settings.data, "--zone", ZONE]
    parent = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    log = Path(settings.data) / "logs" / "housekeeper.log"
    eventually(lambda: log.exists() and "begins" in log.read_text(), "a round under way")
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    eventually(lambda: not alive(child), "the end of the round")


def test_a_round_that_is_killed_leaves_the_history_as_it_was(settings: Settings) -> None:
    """What it had written and not yet said is no part of it, and the next round does it all."""
    stuck = (
        "import time\n"
        "from borough.app import keeping\n"
        "from borough.storage.lake.table import Table\n"
        "Table.commit = lambda *_: (print('written', flush=True), time.sleep(600))\n"
        "keeping.main()\n"
    )
    words = [sys.executable, "-c", stuck, "--data", settings.data, "--zone", ZONE]
    before = files(settings)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as round_:  # noqa: S603 - ours
        assert round_.stdout is not None
        assert round_.stdout.readline() == "written\n"
        round_.kill()
    assert files(settings) == before == [30, 1]
    assert len(on_disk(settings)) == 30 + 1 + 1
    keeping.kept(settings, ZONE)
    assert files(settings) == [1, 1]


def on_disk(settings: Settings) -> list[Path]:
    """Give the files that lie there, part of the history or not."""
    return list(settings.folder.glob("history/observations/day=*/*.parquet"))


def test_the_desk_that_begins_rounds_does_not_load_the_history() -> None:
    """It would use none of its libraries, and hold them for good."""
    code = "import sys, borough.app.desk.desk; print(*sys.modules)"
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert not {"deltalake", "arro3", "duckdb"} & set(done.stdout.split())


def alive(pid: int) -> bool:
    """Whether a process is there and is more than a name in the kernel's table."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
