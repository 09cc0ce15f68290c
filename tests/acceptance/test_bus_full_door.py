"""A full door: who sends is told to come again later, and nothing waits in the memory of the api.

What the HTTP door has answered for waits on the bus, and there may be so much of it and no more.
"""

import os
import signal
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest

from borough.adapters.bus.link import Link
from borough.adapters.reader import Marks, Reader
from borough.app.pulse import touch
from borough.core.errors import BusDown
from borough.core.frames import ROWS, Frame, encode
from borough.storage.journal.copies import stretch_of
from borough.storage.journal.streams import TABLE, Deposit, make_streams, store
from borough.testing.living import Living, eventually
from borough.testing.senders import HttpSender, steady

ROOM = 32 << 10
"""Bytes of what may wait at the door here; a batch of these tests has less than a thousand."""
MEMORY = 16 << 20
"""By so many bytes at most the api may have grown after hundreds of refusals."""
REFUSALS = 300
WAIT_S = 60.0


def small(folder: Path) -> Path:
    """Write the table of streams with a small door."""
    table = TABLE.read_text("utf-8")
    usual = tomllib.loads(table)["DOORS"]["max_bytes"]
    assert table.count(f"max_bytes = {usual}") == 1
    path = folder / "streams.toml"
    path.write_text(table.replace(f"max_bytes = {usual}", f"max_bytes = {ROOM}"), "utf-8")
    return path


def frame(number: int) -> bytes:
    """Write a frame of the door, as the bus stores it."""
    rows = np.arange(100)
    value = np.random.default_rng(number).uniform(size=100)
    return encode(Frame(ROWS, number, number, 0, 0, -1, rows, rows, rows, value))


def filled(link: Any) -> int:
    """Store frames until the door takes no more; gives how many it took."""
    for number in range(ROOM):
        try:
            store(link, [Deposit("door.http", frame(number))])
        except BusDown:
            return number
    pytest.fail("the door never was full")


def test_a_full_door_has_room_again_once_the_journal_holds_what_was_in_it(
    ground: Any, tmp_path: Path
) -> None:
    """Even if nothing more comes, and even where another reader has read it."""
    with ground.link() as link:
        make_streams(link, small(tmp_path))
        with Reader(ground.bus, Marks(), ground.limits) as reader:
            many = filled(link)
            assert many > 0
            while reader.marks.http < many:
                chunk = reader.take(WAIT_S)
                assert chunk
                reader.ack(chunk)
            eventually(lambda: not reader.take(0) and filled(link) > 0, "room")
            many = stretch_of(link, "DOORS").last
            while reader.marks.http < many:
                assert reader.take(WAIT_S)
        with Reader(ground.bus, reader.marks, ground.limits) as another:
            eventually(lambda: not another.take(0) and filled(link) > 0, "room again")


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Living]:
    """Start a district with a small door, and hold its stream."""
    living = Living.made(tmp_path / "data")
    try:
        living.start()
        with Link(living.bus.login("borough"), "test") as link:
            make_streams(link, small(tmp_path))
        os.kill(living.pids()["stream"], signal.SIGSTOP)
        yield living
    finally:
        living.stop(signal.SIGKILL)


def answers(living: Living) -> Iterator[httpx.Response]:
    """Post reading after reading; whoever watches over the stream believes that it works."""
    with httpx.Client(auth=("gw-0001", living.token), timeout=30.0) as door:
        for each in steady(living, "battery", 50.0):
            row = {"thing": each.thing, "property": each.name, "time": each.time, "value": 50.0}
            touch(living.settings.folder, "stream")
            where = f"{living.url}/api/v1/observations"
            yield door.post(where, json={"observations": [row]})


def test_who_posts_to_a_full_door_waits_and_not_the_memory(behind: Living) -> None:
    """503 with the reason; what was answered for is journalled once, whatever becomes of us."""
    api = behind.pids()["api"]
    with HttpSender(behind, steady(behind, "dwell", 1.0)) as sender:
        told = answers(behind)
        refused = next(each for each in told if not each.is_success)
        before = psutil.Process(api).memory_info().rss
        assert {each.status_code for each in islice(told, REFUSALS)} == {503}
        after = psutil.Process(api).memory_info().rss
        held = len(sender.ledger.acknowledged)
        behind.kill("stream")  # the next one makes the door as large as it is declared
        eventually(lambda: len(sender.ledger.acknowledged) > held, "acknowledgements again")
        sender.hush()
    acknowledged = sender.ledger.acknowledged
    eventually(lambda: not acknowledged - set(behind.journalled()), "all that was acknowledged")
    said = refused.json()

    assert (said["code"], refused.headers["retry-after"]) == ("backlog-full", "5")
    assert "稍后重发" in said["details"]["zh"]
    assert "again later" in said["details"]["en"]
    assert after - before < MEMORY
    assert {row: n for row, n in behind.journalled().items() if n != 1} == {}
