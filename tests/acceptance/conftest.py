"""What acceptance tests stand on: a real bus server, and devices that speak MQTT to it."""

import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from borough.adapters.bus.config import Bus, command, is_ready, prepare
from borough.adapters.bus.link import Link
from borough.adapters.gate import Gate, digest
from borough.adapters.limits import Limits
from borough.core import packets
from borough.core.errors import BusDown
from borough.core.registry import Kind, Property, Registry
from borough.storage.journal.streams import make_streams
from borough.testing.living import Living, free_ports
from borough.testing.spoilt import spoilt_scenes

WAIT_S = 60.0
expect.set_options(timeout=WAIT_S * 1000)


def eventually(true: Callable[[], object], what: str) -> None:
    """Wait until something is so; fail with its name if it never is."""
    until = time.monotonic() + WAIT_S
    while not true():
        if time.monotonic() > until:
            pytest.fail(f"{what} did not happen within {WAIT_S} s")
        time.sleep(0.01)


class BusGround:
    """A bus server in a folder of its own, with a gate, that can be killed and come back."""

    def __init__(self, folder: Path) -> None:
        self.limits = Limits.load()
        self.log = folder / "bus.log"
        self.bus: Bus = prepare(folder / "bus", "127.0.0.1", *free_ports(2), self.limits)
        self.devices: list[Device] = []
        self.credentials = {"gw-1": digest("one"), "gw-2": digest("two")}
        self.gate = Gate(self.bus, self.credentials, self.limits)
        self.start()
        with self.link() as link:
            make_streams(link)
        self.guard()

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        self.server = subprocess.Popen([*command(self.bus), "-l", str(self.log)])  # noqa: S603 - our own command
        eventually(lambda: is_ready(self.bus), "a ready bus")

    def kill(self) -> None:
        """End the server as a power cut would end it for its clients; the gate learns of it."""
        self.server.kill()
        self.server.wait()
        eventually(lambda: not self.gate.listens, "a gate without a bus")

    def guard(self) -> None:
        """Let the gate serve."""
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def unguard(self) -> None:
        """Leave the bus without a gate."""
        self.stop.set()
        self.thread.join()

    def _serve(self) -> None:
        while not self.stop.is_set():
            try:
                self.gate.serve(self.stop)
            except BusDown:
                self.stop.wait(0.05)

    def link(self, user: str = "borough") -> Link:
        """Connect as one of our own."""
        return Link(self.bus.login(user), "test")

    def device(self, client: str = "gw-1", key: str = "gw-1", **given: str) -> "Device":
        """Connect as a device, once the gate is open."""
        eventually(lambda: self.gate.open, "an open gate")
        secret = given.get("secret", "one" if key == "gw-1" else "two")
        self.devices.append(Device(self.bus, key, secret, client))
        return self.devices[-1]

    def close(self) -> None:
        """Stop everything."""
        for device in self.devices:
            device.close()
        self.unguard()
        self.kill()


class Device:
    """A device that publishes over MQTT and keeps a ledger of what was acknowledged."""

    def __init__(self, bus: Bus, key: str, secret: str, client: str) -> None:
        self.socket = socket.create_connection((bus.host, bus.mqtt_port), WAIT_S)
        self.socket.sendall(packets.connect(client, key, secret))
        self.welcome = self._hear() == packets.GOOD_CONNACK
        self.acknowledged: set[int] = set()
        self._rest = b""

    def _hear(self) -> bytes:
        try:
            return self.socket.recv(1 << 16)
        except ConnectionResetError:
            return b""

    def say(self, topic: str, payload: bytes, number: int = 0) -> None:
        """Publish, with QoS 1 if it has a number."""
        self.socket.sendall(packets.publish(topic.encode(), payload, number))

    def listen(self, count: int) -> bool:
        """Read acknowledgements until there are *count*; false if the connection ended."""
        while len(self.acknowledged) < count:
            data = self._hear()
            if not data:
                return False
            numbers, self._rest = packets.acknowledged(self._rest + data)
            self.acknowledged.update(numbers)
        return True

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[BusGround]:
    """Give a bus server of one's own."""
    made = BusGround(tmp_path)
    yield made
    made.close()


@pytest.fixture
def registry() -> Registry:
    """Give a district of two gateways and a meter behind each."""
    meter = (Property("flow", {}, "L/s", -10, 100, (0, 1)), Property("p", {}, "MPa", 0, 2, (0, 1)))
    up = (Property("up", {}, "1", 0, 1, (0, 1)),)
    kinds = (
        Kind("gw", {}, "gateway", up, 60, 60, 0),
        Kind("meter", {}, "device", meter, 60, 60, 0),
    )
    nowhere = np.zeros(4)
    return Registry(
        kinds, np.arange(1, 5), ("gw-1", "gw-2", "m-1", "m-2"), np.array([0, 0, 1, 1]),
        np.array([0, 1, 2, 4]), nowhere, nowhere, np.zeros(4, int), np.array([-1, -1, 0, 1]),
    )  # fmt: skip


def whole_lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Start a small district, given one more good scene and spoilt ones, and end it at last.

    ``before.db`` is its registry as it was before anything happened.
    """
    scenes = spoilt_scenes(tmp_path_factory.mktemp("scenes"))
    made = Living.made(tmp_path_factory.mktemp("living") / "data", scenes=(str(scenes),))
    whole = sqlite3.connect(made.settings.folder / "registry.db")
    whole.execute("VACUUM INTO ?", [str(made.settings.folder / "before.db")])
    whole.close()
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="package")
def one_living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Give a small district to all files of this folder; others were there and left traces.

    It ends when tests of another folder begin, which it would only slow down.
    """
    yield from whole_lives(tmp_path_factory)


@pytest.fixture(scope="module")
def lone_living(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Living]:
    """Give a small district to one file alone, for what looks at all that there is in it."""
    yield from whole_lives(tmp_path_factory)


@pytest.fixture
def living(one_living: Living) -> Living:
    """Give the district, whole again if a test left it in pieces."""
    if one_living.process is None or one_living.process.poll() is not None:
        one_living.start()
    one_living.await_all()
    return one_living
