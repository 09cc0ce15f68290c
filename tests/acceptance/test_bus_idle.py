"""Lines on which nothing comes: the bus asks whether anybody is there, and is answered."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from borough.adapters.bus.config import command, config_path, is_ready
from borough.adapters.bus.link import Link
from borough.app.bus import prepared
from borough.app.desk.desk import Desk
from borough.app.desk.errands import Errands
from borough.storage.journal.streams import make_streams
from borough.testing.living import Living, eventually, free_ports

ASKS = 'http: "127.0.0.1:{port}"\nping_interval: "1s"\nping_max: 2\n'
"""A bus that asks every second, and tells who is connected and who was cut off."""
ERRANDS = {"commands", "proofs", "news"}
"""The lines of the desk's errands."""


class Asking:
    """A bus that asks often, for a district of which nothing else runs."""

    def __init__(self, living: Living) -> None:
        bus, (port,) = prepared(living.settings), free_ports(1)
        with config_path(bus).open("a") as file:
            file.write(ASKS.format(port=port))
        self.url = f"http://127.0.0.1:{port}/connz"
        self.server = subprocess.Popen(command(bus), stderr=subprocess.DEVNULL)  # noqa: S603 - ours
        eventually(lambda: is_ready(bus), "a bus")

    def lines(self, state: str) -> dict[str, int]:
        """Give the numbers of the lines that are ``open`` or ``closed``, by their names."""
        told = httpx.get(self.url, params={"state": state}, timeout=60).json()["connections"]
        return {each["name"]: each["cid"] for each in told if "name" in each}


@pytest.fixture
def asking(tmp_path: Path) -> Iterator[tuple[Living, Asking]]:
    """Give a district with such a bus."""
    living = Living.made(tmp_path / "data", share=0.0005)
    made = Asking(living)
    with Link(living.bus.login("borough"), "streams") as link:
        make_streams(link)
    yield living, made
    made.server.kill()
    made.server.wait()


def test_a_desk_without_commands_keeps_its_lines(asking: tuple[Living, Asking]) -> None:
    """Whoever leaves the questions of the bus lie is cut off, and the desk's errands are not."""
    living, bus = asking
    errands = Errands(Desk(living.settings))
    errands.start()
    try:
        eventually(lambda: bus.lines("open").keys() == ERRANDS, "the lines of the errands alone")
        first = bus.lines("open")
        with Link(living.bus.login("borough"), "mute"):
            eventually(lambda: "mute" in bus.lines("closed"), "one cut off")
            eventually(lambda: "mute" not in bus.lines("open"), "one less")
        assert bus.lines("open") == first
        assert first.keys() == ERRANDS
    finally:
        errands.close()
