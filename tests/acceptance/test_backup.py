"""A backup of a running district is laid down elsewhere and comes to what an undisturbed one says.

The original goes on to the end of its load.  What its journal took in after the backup is then
given to the restored district, record by record: detections, cases and history must be equal.
"""

import json
import os
import random
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from borough.adapters.bus.link import Link
from borough.app.backup import restore
from borough.app.settings import Settings
from borough.app.setup import silent
from borough.app.tuning.replays import bus_running, replayed
from borough.core.errors import BadArchive, BadSetting
from borough.core.frames import encode
from borough.storage.journal.streams import Deposit, store
from borough.storage.sql import SqlCases, connect
from borough.testing.aftermath import at_rest, cases_of, undisturbed
from borough.testing.living import Living, eventually, free_ports
from borough.testing.senders import HttpSender, MqttSender, lanes, mixed, steady

PORTS = ("BOROUGH_BUS_PORT", "BOROUGH_MQTT_PORT", "BOROUGH_HTTP_PORT")
NOTE = "seen before the backup 备份之前"


def borough(*words: str, **variables: object) -> subprocess.CompletedProcess[str]:
    """Run a verb as a person would, with some variables of the environment."""
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "borough", *words],
        env={**os.environ, **{name: str(each) for name, each in variables.items()}},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


class Taken(NamedTuple):
    """An original that has ended, the archive from its middle, and what that says of itself."""

    original: Living
    archive: Path
    manifest: dict[str, Any]
    rows: dict[tuple[int, int, float], int]


@pytest.fixture(scope="module")
def taken(lone_living: Living, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    """Let a district live under load, back it up in the middle, and let it go on to an end."""
    (lone_living.settings.folder / "uploads").mkdir(exist_ok=True)
    (lone_living.settings.folder / "uploads" / "photo.jpg").write_bytes(b"synthetic")
    archive = tmp_path_factory.mktemp("backups") / "middle.borough.tar"
    by_mqtt = mixed(lanes(lone_living), steady(lone_living, "battery", 20.0))
    with (
        MqttSender(lone_living, by_mqtt),
        HttpSender(lone_living, steady(lone_living, "dwell", 1.0)),
    ):
        eventually(lambda: len(cases_of(lone_living.settings)) > 1, "cases")
        note(lone_living)
        before = len(lone_living.edges())
        done = borough("backup", str(archive), "--data", lone_living.settings.data, "--json")
        assert done.returncode == 0, done.stderr
        eventually(lambda: len(lone_living.edges()) > before + 8, "more detections")
    lone_living.await_history()
    lone_living.await_desk()
    lone_living.stop()
    return Taken(lone_living, archive, json.loads(done.stdout), dict(lone_living.archived()))


def note(living: Living) -> None:
    """Write a remark on the first case, as its operator."""
    signed = {"authorization": f"Bearer {living.settings.operator}"}
    with httpx.Client(headers=signed, timeout=60) as http:
        first = http.get(f"{living.url}/api/v1/cases").json()["cases"][-1]["id"]
        done = http.post(f"{living.url}/api/v1/cases/{first}/note", json={"note": NOTE})
        assert done.is_success, done.text


def remarks(settings: Settings) -> list[str]:
    """Give every remark on a case."""
    cases = SqlCases(connect(settings.store))
    return [
        event.data["note"]
        for case in cases.find(limit=1000)
        for event in cases.events(case.id)
        if event.verb == "noted"
    ]


@pytest.fixture
def restored(taken: Taken, tmp_path: Path) -> Iterator[Living]:
    """Lay the archive down in another folder, on other ports; it does not run yet."""
    data = tmp_path / "elsewhere" / "data"
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    done = borough("restore", str(taken.archive), "--data", str(data), **ports)
    assert done.returncode == 0, done.stderr
    living = Living(replace(Settings.read(data), archive_s=1.0, checkpoint_s=2.0))
    with ExitStack() as stack:
        stack.callback(living.stop)
        yield living


def test_the_restored_district_comes_to_what_the_undisturbed_one_says(
    taken: Taken, restored: Living
) -> None:
    """Given the rest of the load, it says the same detections, cases and history, to the digit."""
    original = taken.original
    with bus_running(original.settings):
        rest = original.journal()[taken.manifest["positions"]["JOURNAL.last"] :]
    with bus_running(restored.settings), Link(restored.bus.login("borough"), "test") as link:
        store(link, [Deposit("journal.0", encode(frame)) for _, frame in rest])
    last = rest[-1][0]

    restored.start()
    restored.await_history()
    restored.settled()
    known = [each for each in restored.edges() if each["position"] >> 24 <= last]
    again, cases = at_rest(restored)

    assert len(rest) > 1
    assert known == original.edges()
    assert restored.archived() == taken.rows
    assert cases == undisturbed(restored, original, again)
    assert remarks(restored.settings) == remarks(original.settings) == [NOTE]
    compared = replayed(original.settings).compared(0, 1 << 62)
    assert (compared.missing, compared.extra) == ([], [])


def test_devices_go_on_at_the_restored_district(taken: Taken, restored: Living) -> None:
    """Their credentials hold; what is acknowledged from then on is kept once, as is all before."""
    assert {restored.settings.http_port, restored.settings.mqtt_port}.isdisjoint(
        {taken.original.settings.http_port, taken.original.settings.mqtt_port}
    )
    restored.start()
    before = restored.journalled()
    with (
        MqttSender(restored, steady(restored, "battery", 30.0)) as mqtt,
        HttpSender(restored, steady(restored, "dwell", 2.0)) as http,
    ):
        for each in (mqtt, http):
            eventually(lambda each=each: len(each.ledger.acknowledged) > 40, "acknowledgements")
        restored.kill("stream")
        restored.await_all()
        for each in (mqtt, http):
            each.hush()
    acknowledged = mqtt.ledger.acknowledged | http.ledger.acknowledged
    eventually(lambda: acknowledged <= set(restored.journalled()), "all that was acknowledged")
    restored.await_same()
    after = restored.journalled()

    assert not {*before} - {*after}
    assert {row: n for row, n in after.items() if n != 1} == {}
    assert (restored.settings.folder / "uploads" / "photo.jpg").read_bytes() == b"synthetic"


def test_an_archive_is_for_its_owner_alone(taken: Taken) -> None:
    """It holds tokens; nobody else may read it, and verifying it says what is in it."""
    assert taken.archive.stat().st_mode & 0o077 == 0
    done = borough("backup", "verify", str(taken.archive))

    assert done.returncode == 0, done.stderr
    assert "Synthetic data" in done.stdout
    assert taken.manifest["unjournalled"] == 0


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """Give a folder to restore into; nothing may be left there or beside it."""
    yield tmp_path / "into" / "data"
    left = list((tmp_path / "into").iterdir()) if (tmp_path / "into").exists() else []
    assert left == []


def test_a_cut_archive_is_refused(taken: Taken, target: Path) -> None:
    """Half a file is told as such, and nothing is made."""
    whole = taken.archive.read_bytes()
    half = target.parents[1] / "half.tar"
    half.write_bytes(whole[: len(whole) // 2])

    done = borough("restore", str(half), "--data", str(target))

    assert done.returncode == 1
    assert "[bad-archive]" in done.stderr
    assert "cut short" in done.stderr


@pytest.mark.parametrize("part", ["sql/", "streams/JOURNAL/", "history/", "settings", "manifest.j"])
def test_a_damaged_part_is_named(taken: Taken, target: Path, part: str) -> None:
    """One changed byte anywhere is found, the part is named, and nothing is made."""
    damaged = target.parents[1] / "damaged.tar"
    content = bytearray(taken.archive.read_bytes())
    with tarfile.open(taken.archive) as tar:
        entry = next(each for each in tar if each.name.startswith(part))
    content[entry.offset_data + random.randrange(entry.size)] ^= 1  # noqa: S311 - any byte will do
    damaged.write_bytes(content)

    with pytest.raises(BadArchive, match=f"{re.escape(entry.name)} is damaged"):
        restore(damaged, target, silent)


def test_a_stranger_and_a_later_release_are_refused(taken: Taken, target: Path) -> None:
    """Another program's file is no archive; one of a later release names that release."""
    stranger, later = target.parents[1] / "stranger.tar", target.parents[1] / "later.tar"
    with tarfile.open(stranger, "w") as tar:
        tar.add(__file__, "README")
    content = taken.archive.read_bytes()
    later.write_bytes(content.replace(b'{"format": 1', b'{"format": 9', 1))

    for each, why in ((stranger, "no archive of Borough"), (later, "made by release")):
        with pytest.raises(BadArchive, match=why):
            restore(each, target, silent)


def test_nothing_is_overwritten(taken: Taken, tmp_path: Path) -> None:
    """A folder with anything in it is no target, nor is a file that is there already."""
    (tmp_path / "mine").write_text("precious", "utf-8")

    with pytest.raises(BadSetting, match="is not empty"):
        restore(taken.archive, tmp_path, silent)
    onto = borough("backup", str(taken.archive), "--data", taken.original.settings.data)

    assert onto.returncode == 1
    assert "is there already" in onto.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
