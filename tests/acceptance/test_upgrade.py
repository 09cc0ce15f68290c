"""Data of the first release are taken up by this one: a backup first, then all steps or none."""

import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from borough.app import checkpoints
from borough.app.settings import Settings
from borough.app.setup import folder_of
from borough.app.supervisor import Supervisor
from borough.app.tuning.replays import bus_running, replayed
from borough.app.upgrading import lacking
from borough.storage.sql import SqlCases, connect
from borough.testing.living import Living, eventually, free_ports
from borough.testing.senders import Caller

FIRST = Path(__file__).parents[1] / "data" / "first_release.tar.gz"


def borough(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb as a person would."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "borough", *words],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Give a data folder as the first release left it, on ports that are free here."""
    folder = tmp_path / "data"
    with tarfile.open(FIRST) as tar:
        tar.extractall(folder, filter="data")
    path = folder / "settings.json"
    ports = dict(zip(("bus_port", "mqtt_port", "http_port"), free_ports(3), strict=True))
    given = json.loads(path.read_text("utf-8")) | ports
    path.write_text(json.dumps({**given, "district": str(folder_of("yubei"))}), "utf-8")
    return folder


def revision(data: Path) -> str:
    """Read which tables a database has."""
    with sqlite3.connect(data / "registry.db") as database:
        return str(database.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def test_a_district_of_the_first_release_is_upgraded_and_lives_on(data: Path) -> None:
    """What it knew is there, what it said is said again, and it takes in what comes."""
    before = sqlite3.connect(data / "registry.db").execute("SELECT count(*) FROM cases").fetchone()
    assert checkpoints.newest(data / "checkpoints") is not None

    told = borough("upgrade", "--data", str(data))
    assert told.returncode == 0, told.stderr
    living = Living(replace(Settings.read(data), archive_s=1.0, checkpoint_s=2.0))
    try:
        with bus_running(living.settings):
            compared = replayed(living.settings).compared(0, 1 << 62)
        living.start()
        with Caller(living, "gw-0001", living.token) as caller:
            assert caller.say("d/gw-0001/yb-hydrant-00001/battery", b"50")
        eventually(lambda: living.journal()[-1][1].now > 0, "a journal that goes on")
        living.await_same()
        cases = SqlCases(connect(living.settings.store)).find(limit=1000)
    finally:
        living.stop()

    assert (compared.missing, compared.same > 1) == ([], True)
    assert len(cases) >= before[0] > 0
    assert lacking(living.settings) == []
    assert len(list(data.parent.glob("data-before-upgrade-*.borough.tar"))) == 1


def test_a_dry_run_says_what_would_be_done_and_does_nothing(data: Path) -> None:
    """Each step is told in a sentence; the tables stay as they were, and no backup is made."""
    told = borough("upgrade", "--data", str(data), "--dry-run")

    assert told.returncode == 0, told.stderr
    assert "would be done" in told.stdout
    assert revision(data) == "0001"
    assert not list(data.parent.glob("*.borough.tar"))


def test_old_data_are_not_started_without_being_asked(data: Path) -> None:
    """`up` says which command to type, and touches nothing."""
    told = borough("up", "--data", str(data))

    assert told.returncode == 1
    assert "borough upgrade --data" in told.stderr
    assert revision(data) == "0001"


def test_the_backup_from_before_is_of_the_first_release_and_can_be_restored(data: Path) -> None:
    """Should an upgrade disappoint, the backup brings the data back, and takes the same steps."""
    borough("upgrade", "--data", str(data), "--backup", str(data.parent / "kept.borough.tar"))

    again = data.parent / "again"
    told = borough("restore", str(data.parent / "kept.borough.tar"), "--data", str(again))

    assert told.returncode == 0, told.stderr
    assert revision(again) == revision(data) != "0001"


def test_a_district_that_runs_is_not_upgraded(data: Path) -> None:
    """Its roles would work on tables that change under them."""
    kept = Supervisor(data, [], lambda _: None)
    kept.start()
    try:
        told = borough("upgrade", "--data", str(data))
    finally:
        kept.stop()

    assert told.returncode == 1
    assert "is running" in told.stderr
    assert revision(data) == "0001"


def test_data_of_a_later_release_are_not_touched(data: Path) -> None:
    """Tables or a settings file from the future are refused in a sentence."""
    later = data.parent / "later"
    shutil.copytree(data, later)
    with sqlite3.connect(data / "registry.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'f00d'")
    given = json.loads((later / "settings.json").read_text("utf-8"))
    (later / "settings.json").write_text(json.dumps({**given, "format": 99}), "utf-8")

    for folder in (data, later):
        told = borough("upgrade", "--data", str(folder))
        assert told.returncode == 1
        assert "later release" in told.stderr
