"""A full disk: what cannot be kept is not acknowledged, and with room everything goes on."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from borough.testing.living import Living, eventually
from borough.testing.senders import HttpSender, MqttSender, Sender, lanes, mixed, steady

DISK_MB, HISTORY_MB = 96, 24
MB = 1 << 20
MORE = 200


@contextmanager
def disk(folder: Path, size_mb: int) -> Iterator[Path]:
    """Make a small disk of its own; only who may mount can."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:  # noqa: S603 - our own words
        pytest.skip("only who may mount a file system can fill one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 - our own words


def fill(folder: Path) -> Path:
    """Take all room that is left."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (MB, 4096, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - what a full disk says
    return ballast


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a district on a small disk, its history on an even smaller one."""
    folder = tmp_path_factory.mktemp("small") / "disk"
    with disk(folder, DISK_MB), disk(folder / "data" / "history", HISTORY_MB):
        living = Living.made(folder / "data")
        try:
            living.start()
            yield living
        finally:
            living.stop()


def test_a_full_history_is_told_and_caught_up_with(small: Living) -> None:
    """History that is full says so and stops; the journal goes on; with room nothing is missing."""
    with MqttSender(small, mixed(lanes(small), steady(small, "battery", 20.0))) as mqtt:
        eventually(small.edges, "a detection")
        ballast = fill(small.settings.folder / "history")
        eventually(lambda: small.pulse("stream")["archive_error"], "a clear error")
        already = len(mqtt.ledger.acknowledged), len(small.edges())
        eventually(partial(has_more, mqtt, already[0] + MORE), "more acknowledgements")
        eventually(lambda: len(small.edges()) > already[1], "another detection")
        ballast.unlink()
        mqtt.hush()
    small.await_history()

    assert not mqtt.ledger.acknowledged - set(small.journalled())
    assert small.archived() == small.journalled()
    eventually(lambda: not small.pulse("stream")["archive_error"], "no error any more")


def test_a_full_disk_loses_nothing_that_was_acknowledged(small: Living) -> None:
    """With no room at all nothing is acknowledged that is not kept; with room all goes on."""
    with (
        MqttSender(small, mixed(lanes(small), steady(small, "battery", 20.0))) as mqtt,
        HttpSender(small, steady(small, "dwell", 1.0)) as http,
    ):
        senders: tuple[Sender, Sender] = (mqtt, http)
        for each in senders:
            eventually(partial(has_more, each, MORE), "readings")
        ballast = fill(small.settings.folder)
        eventually(lambda: silent(senders), "silence of the doors")
        ballast.unlink()
        small.await_all()
        already = [len(each.ledger.acknowledged) for each in senders]
        for each, before in zip(senders, already, strict=True):
            eventually(partial(has_more, each, before + MORE), "more")
            each.hush()
    acknowledged = mqtt.ledger.acknowledged | http.ledger.acknowledged
    small.await_history()
    journalled = small.journalled()

    assert not acknowledged - set(journalled)
    assert {row for row, n in journalled.items() if n != 1} == set()
    assert small.archived() == journalled


def has_more(sender: Sender, than: int) -> bool:
    """Say whether more was acknowledged than before."""
    return len(sender.ledger.acknowledged) > than


def silent(senders: tuple[Sender, Sender]) -> bool:
    """Say whether no door acknowledged anything for a while."""
    before = [len(each.ledger.acknowledged) for each in senders]
    senders[0].over.wait(3.0)
    return [len(each.ledger.acknowledged) for each in senders] == before
