"""The doctor finds each fault that was planted for real, says what to do, and nothing else.

A district that does not run is made once; each test gets a copy and spoils one thing.
"""

import json
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from borough.app.clocks import wall_ms
from borough.app.doctor import Finding, declared, examined
from borough.app.pulse import Pulse
from borough.app.settings import Settings
from borough.app.setup import folder_of, set_up
from borough.storage.lake import Lake
from borough.testing.living import free_ports

NOW_MS = 1_720_569_600_000
ANOTHER = 12_345


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small district with a little history."""
    data = tmp_path_factory.mktemp("well") / "data"
    settings = Settings(
        str(data), str(folder_of("template")), clock_start_ms=NOW_MS, clock_origin_ms=wall_ms()
    )
    data.mkdir()
    set_up(settings, seed=1, share=1.0)
    settings.write()
    lake = Lake(data / "history", "Asia/Shanghai")
    for position in range(1, 4):
        lake.append([1], [NOW_MS + position], [1.0], 0, position << 24)
    lake.close()
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """Give a copy of it, on ports of its own."""
    folder = tmp_path / "data"
    shutil.copytree(made, folder)
    bus, mqtt, http = free_ports(3)
    replace(Settings.read(folder), bus_port=bus, mqtt_port=mqtt, http_port=http).write()
    return folder


def faults(data: Path, **limits: float) -> dict[str, Finding]:
    """Give what the doctor finds wrong, by code."""
    found = examined(data, {name.replace("_", "-"): each for name, each in limits.items()})
    return {each.code: each for each in found if not each.ok}


def only(data: Path, code: str) -> Finding:
    """Give the one fault there is, and hold the doctor to saying what to do, twice."""
    found = faults(data)
    assert found.keys() == {code}, {each: dict(f.says) for each, f in found.items()}
    assert all(found[code].do[language] for language in ("zh", "en"))
    assert all("{" not in text for text in (*found[code].says.values(), *found[code].do.values()))
    return found[code]


def test_a_sound_district_has_no_fault(data: Path) -> None:
    """Nothing is called wrong that is not, and every question is asked."""
    assert faults(data) == {}
    assert faults(data.parent / "nothing-here-yet") == {}


def test_more_than_twenty_faults_are_known() -> None:
    """Each is named in both languages, with unit, reason and date where it has a limit."""
    assert len(declared()) > 20
    for row in declared().values():
        assert {"name", "says", "do"} <= row.keys()
        assert all(row[part].keys() == {"zh", "en"} for part in ("name", "says", "do"))
        assert "limit" not in row or row["limit"].keys() == {
            "value", "unit", "why", "source", "date",
        }  # fmt: skip


def test_a_taken_port_is_told_with_who_has_it(data: Path) -> None:
    """The port, the program, and the setting to change."""
    with socket.create_server(("127.0.0.1", Settings.read(data).http_port)):
        found = only(data, "port")

    assert str(os.getpid()) in found.says["en"]
    assert "BOROUGH_HTTP_PORT" in found.do["en"]


@pytest.fixture
def small(data: Path, tmp_path: Path) -> Iterator[Path]:
    """Put the district on a disk of 32 MB that holds 400 files."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m,nr_inodes=400", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603 - our own words
        pytest.skip("only who may mount a file system can fill one")
    shutil.copytree(data, place / "data")
    yield place / "data"
    subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S603, S607 - our own words


def test_a_full_disk_is_found(small: Path) -> None:
    """Low room is told before it is none; a disk without room for more files, too."""
    assert faults(small).keys() == {"disk"}
    number = 0
    try:
        for number in range(1000):
            (small / "history" / f"many-{number}").touch()
    except OSError:
        assert number > 0

    assert {"disk", "inodes", "writable"} <= faults(small).keys()


def test_low_memory_is_found(data: Path) -> None:
    """With a limit that no machine meets, the fault is told with what there is."""
    assert "GB free" in faults(data, memory=1e9)["memory"].says["en"]


def test_too_few_open_files_are_found(data: Path) -> None:
    """A shell that allows few files is told, and which command helps."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, before[1]))
    try:
        assert "ulimit -n" in only(data, "open-files").do["en"]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_clock_that_went_back_is_found(data: Path) -> None:
    """Files that were written later than it is now say so."""
    later = time.time() + 3600
    os.utime(data / "settings.json", (later, later))

    assert "before files" in only(data, "clock").says["en"]


def test_missing_time_zones_are_found(data: Path) -> None:
    """A machine without the data of the district's zone is told what to install."""
    folder = another_district(data)
    text = (folder / "district.toml").read_text("utf-8")
    (folder / "district.toml").write_text(text.replace("Asia/Shanghai", "Asia/Nowhere"), "utf-8")

    assert faults(data).keys() == {"time-zone", "tables"}


def another_district(data: Path, name: str = "template") -> Path:
    """Give the district tables of its own that a test may spoil."""
    folder = data.parent / "district"
    shutil.copytree(folder_of(name), folder)
    replace(Settings.read(data), district=str(folder)).write()
    return folder


def test_a_faulty_table_is_found(data: Path) -> None:
    """How many faults, and the command that lists them row by row."""
    with (another_district(data) / "agencies.csv").open("a", encoding="utf-8") as file:
        file.write("x\n")

    assert "borough district check" in only(data, "tables").do["en"]


def test_an_expired_calendar_is_found(data: Path) -> None:
    """A year that the calendar does not know is told before a deadline is wrong."""
    another_district(data, "yubei")
    replace(Settings.read(data), clock_start_ms=NOW_MS + 20 * 365 * 86_400_000).write()

    assert "it does not know 2044" in only(data, "calendar").says["en"]


def test_a_broken_scene_is_found(data: Path) -> None:
    """The folder is named; the others are still there."""
    scene = data.parent / "scenes" / "mine"
    scene.mkdir(parents=True)
    (scene / "scene.toml").write_text("id = 1", "utf-8")
    replace(Settings.read(data), scenes=(str(scene.parent),)).write()

    assert str(scene) in only(data, "scene").do["en"]


def test_a_database_that_is_damaged_or_away_is_found(data: Path) -> None:
    """It says what the database said."""
    for each in data.glob("registry.db*"):
        each.write_bytes(b"not a database" * 100)

    assert "database" in faults(data)
    url = f"postgresql://nobody:hunter2@127.0.0.1:{free_ports(1)[0]}/none"
    replace(Settings.read(data), database=url).write()
    told = faults(data)["database"]
    assert "hunter2" not in told.says["en"]


def test_a_locked_database_is_found(data: Path) -> None:
    """Who holds it for long keeps the desk from working."""
    holder = sqlite3.connect(data / "registry.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        only(data, "locked")
    finally:
        holder.close()


@pytest.mark.parametrize(
    ("revision", "code", "do"),
    [("0001", "schema-earlier", "borough upgrade"), ("f00d", "schema-later", "newer Borough")],
)
def test_tables_of_another_release_are_found(data: Path, revision: str, code: str, do: str) -> None:
    """Earlier ones are to be upgraded, later ones need a newer program."""
    with sqlite3.connect(data / "registry.db") as database:
        database.execute("UPDATE alembic_version SET version_num = ?", [revision])
    database.close()

    assert do in only(data, code).do["en"]


def test_a_folder_of_somebody_else_is_found(data: Path) -> None:
    """Both users are named."""
    if os.geteuid() != 0:
        pytest.skip("only root may give a folder away")
    os.chown(data, ANOTHER, ANOTHER)

    assert str(ANOTHER) in only(data, "owner").says["en"]


@pytest.mark.parametrize(
    ("file", "code"), [("settings.json", "secrets"), ("credentials.csv", "credentials")]
)
def test_secrets_that_others_may_read_are_found(data: Path, file: str, code: str) -> None:
    """The file is named with the command that closes it."""
    (data / file).chmod(0o644)

    assert f"chmod 600 {data / file}" in only(data, code).do["en"]


def test_a_bad_setting_is_found(data: Path) -> None:
    """With file, line and the nearest name."""
    (data / "borough.toml").write_text("http_prt = 1\n", "utf-8")

    assert "borough.toml:1" in only(data, "settings").says["en"]


def test_a_process_of_an_earlier_run_is_found(data: Path) -> None:
    """Its number is told; nobody keeps the folder running."""
    words = [sys.executable, "-c", "import time; time.sleep(60)", "--role", "desk", str(data)]
    with subprocess.Popen(words) as left:  # noqa: S603 - our own words
        try:
            assert str(left.pid) in only(data, "leftover").says["en"]
        finally:
            left.kill()


def test_a_damaged_checkpoint_is_found(data: Path) -> None:
    """It is named, and the doctor moves nothing."""
    path = data / "checkpoints" / f"{7:020d}.npz"
    path.parent.mkdir()
    path.write_bytes(b"PK half of it")

    assert str(path) in only(data, "checkpoint-damaged").says["en"]
    assert path.exists()


def test_a_missing_file_of_history_is_found(data: Path) -> None:
    """So is one that was cut short."""
    first, second, *_ = sorted((data / "history" / "observations").glob("day=*/*.parquet"))
    first.unlink()
    second.write_bytes(b"short")

    said = only(data, "history").says["en"]
    assert first.name in said
    assert second.name in said


def test_history_that_is_not_merged_is_found(data: Path) -> None:
    """Many small files are told before questions become slow."""
    assert faults(data, loose_files=2).keys() == {"loose-files"}


PLANTED: list[tuple[str, dict[str, object], str]] = [
    ("backlog", {"backlog_s": 99.0}, "99.0 s"),
    ("set-aside", {"broken": {"gas": "ZeroDivisionError"}}, "gas ZeroDivisionError"),
    ("archive", {"archive_error": "no space left"}, "no space left"),
    ("rejected", {"rejected": {"unreadable": 9, "bad-topic": 2}, "counts": {"received": 20}},
     "55.00% of readings; most of them: unreadable 9, bad-topic 2"),
    ("releases", {"release": "0.0.1"}, "stream 0.0.1"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "facts", "says"), PLANTED, ids=[each[0] for each in PLANTED])
def test_what_a_role_says_of_itself_is_found(
    data: Path, code: str, facts: dict[str, object], says: str
) -> None:
    """Its pulse tells backlog, broken scenes, an archive in trouble, refusals and its release."""
    for role in ("stream", "desk", "api"):
        Pulse(data, role).beat(force=True, **(facts if role == "stream" else {}))

    assert says in only(data, code).says["en"]


def test_a_silent_role_and_refusals_of_the_bus_are_found(data: Path) -> None:
    """A role that has not given a sign of life, and what the bus turned away."""
    for role in ("stream", "desk"):
        Pulse(data, role).beat(force=True)
    Pulse(data, "bus").beat(force=True, rejected={"forbidden-topic": 500})

    found = faults(data)
    assert found.keys() == {"role", "bus-refusals"}
    assert "forbidden-topic 500" in found["bus-refusals"].says["en"]
    assert "api" in found["role"].says["en"]


def test_a_role_that_is_started_again_and_again_is_found(data: Path) -> None:
    """The supervisor's log tells it."""
    (data / "logs").mkdir()
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    line = json.dumps({"time": at, "message": "desk ended with 1; it is started anew"})
    (data / "logs" / "supervisor.log").write_text(f"{line}\n" * 5, "utf-8")

    assert "desk 5" in only(data, "flapping").says["en"]


def doctor(data: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Ask the doctor as a person would."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "borough", "doctor", "--data", str(data), *words],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_the_command_ends_with_one_where_anything_is_wrong(data: Path) -> None:
    """Programs read JSON and the exit code, people both languages."""
    (data / "credentials.csv").chmod(0o644)

    told, plain = doctor(data, "--json"), doctor(data)

    assert told.returncode == plain.returncode == 1
    wrong = [each for each in json.loads(told.stdout) if not each["ok"]]
    assert [each["code"] for each in wrong] == ["credentials"]
    assert "设备凭据权限 · credentials" in plain.stdout
