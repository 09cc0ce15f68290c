"""Senders that keep a ledger: what they said, and what the doors have answered for."""

import itertools
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

import httpx

from borough.core import packets
from borough.testing.living import Living
from borough.testing.machines import Machine

PAUSE_S = 0.05
ANSWER_S = 8.0
BATCH = 20
IDS = 60_000
BLOCKED_S, ROUND_S = 8.0, 11.0
"""How long a lane is blocked, of each round, in seconds of the wall clock."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading as a device says it: its series, time in ms, value, and how to name it."""

    series: int
    time: int
    value: float
    thing: str
    name: str

    @property
    def row(self) -> tuple[int, int, float]:
        """How the journal holds it."""
        return self.series, self.time, self.value


@dataclass(slots=True)
class Ledger:
    """What was said, and what of it was acknowledged; said once each, never twice."""

    said: set[tuple[int, int, float]] = field(default_factory=set)
    acknowledged: set[tuple[int, int, float]] = field(default_factory=set)


def lanes(living: Living) -> Iterator[Reading]:
    """Say over and over which fire lanes are blocked; each is, for a while, in its turn."""
    began = time.monotonic()
    yield from spoken(
        living,
        "occupied",
        lambda turn: float((time.monotonic() - began + turn * 2) % ROUND_S < BLOCKED_S),
    )


def steady(living: Living, name: str, value: float) -> Iterator[Reading]:
    """Say the same of all devices that have a property, again and again."""
    yield from spoken(living, name, lambda _: value)


def spoken(living: Living, name: str, value: Callable[[int], float]) -> Iterator[Reading]:
    """Say one property of the first gateway's devices, in turns; no moment of a series twice."""
    registry = living.held.registry
    gateway = registry.rows["gw-0001"]
    named = [
        (registry.key[row], int(registry.first[row]) + place)
        for row, kind in enumerate(registry.kind.tolist())
        for place, each in enumerate(registry.kinds[kind].properties)
        if each.code == name and registry.via[row] == gateway
    ]
    last = 0
    for turn, (key, series) in enumerate(itertools.cycle(named)):
        last = max(last + 1, living.now)
        yield Reading(series, last, value(turn % len(named)), key, name)


def mixed(*several: Iterator[Reading]) -> Iterator[Reading]:
    """Take one of each in turn."""
    for some in zip(*several, strict=False):
        yield from some


CALLS = itertools.count(1)
"""Numbers of the connections of this process.

The bus shuts out for a second who connects again under a name that it holds to be there still."""


class Caller:
    """One connection of a device, QoS 1; every word waits for its acknowledgement."""

    def __init__(self, living: Living | Machine, key: str, token: str) -> None:
        where = (living.settings.host, living.settings.mqtt_port)
        self.line = socket.create_connection(where, ANSWER_S)
        self.line.sendall(packets.connect(f"{key}-{next(CALLS)}", key, token))
        self.number = 0
        self.rest = b""
        try:
            self.welcome = self.line.recv(4) == packets.GOOD_CONNACK
        except (ConnectionResetError, TimeoutError):
            self.welcome = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.close()

    def say(self, topic: str, payload: bytes) -> bool:
        """Publish and wait; false if the broker hung up instead of an acknowledgement."""
        self.number += 1
        try:
            self.line.sendall(packets.publish(topic.encode(), payload, self.number))
            while data := self.line.recv(65_536):
                numbers, self.rest = packets.acknowledged(self.rest + data)
                if self.number in numbers:
                    return True
        except OSError:
            return False
        return False


@dataclass
class Sender:
    """Sends in a thread of its own until told to stop, come what may."""

    living: Living
    readings: Iterator[Reading]
    ledger: Ledger = field(default_factory=Ledger)
    over: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hush()

    def hush(self) -> None:
        """Stop, once what is under way is answered for or given up."""
        self.over.set()
        if self.thread is not None:
            self.thread.join(3 * ANSWER_S)

    def work(self) -> None:
        """Send until told to stop."""
        raise NotImplementedError


class MqttSender(Sender):
    """A gateway with QoS 1: what is not acknowledged when the line breaks is not said again."""

    def work(self) -> None:
        """Connect, speak, and connect again."""
        while not self.over.is_set():
            try:
                self.speak()
            except OSError:
                self.over.wait(PAUSE_S)

    def speak(self) -> None:
        """Speak over one connection until it breaks."""
        where = (self.living.settings.host, self.living.settings.mqtt_port)
        with socket.create_connection(where, ANSWER_S) as line:
            line.sendall(packets.connect("gw-0001", "gw-0001", self.living.token))
            if line.recv(4) != packets.GOOD_CONNACK:
                raise ConnectionRefusedError
            waiting: dict[int, Reading] = {}
            rest = b""
            for number in itertools.cycle(range(1, IDS)):
                if self.over.is_set() and not waiting:
                    return
                if not self.over.is_set():
                    reading = next(self.readings)
                    topic = f"d/gw-0001/{reading.thing}/{reading.name}"
                    said = b'{"v": %r, "t": %d}' % (reading.value, reading.time)
                    self.ledger.said.add(reading.row)
                    waiting[number] = reading
                    line.sendall(packets.publish(topic.encode(), said, number))
                    time.sleep(0.002)
                if number % 10 == 0 or self.over.is_set():
                    data = line.recv(65_536)
                    if not data:
                        raise ConnectionResetError
                    numbers, rest = packets.acknowledged(rest + data)
                    for each in numbers:
                        self.ledger.acknowledged.add(waiting.pop(each).row)


class HttpSender(Sender):
    """A program with batches: one that is not answered for is sent again under the same key."""

    def work(self) -> None:
        """Send batch after batch."""
        with httpx.Client(auth=("gw-0001", self.living.token), timeout=ANSWER_S) as door:
            while not self.over.is_set():
                batch = list(itertools.islice(self.readings, BATCH))
                self.ledger.said |= {each.row for each in batch}
                if self.insist(door, batch):
                    self.ledger.acknowledged |= {each.row for each in batch}
                self.over.wait(PAUSE_S)

    def insist(self, door: httpx.Client, batch: list[Reading]) -> bool:
        """Send one batch until the door answers for it; false if told to stop before."""
        rows = [
            {"thing": r.thing, "property": r.name, "time": r.time, "value": r.value} for r in batch
        ]
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        where = f"{self.living.url}/api/v1/observations"
        while True:
            try:
                answer = door.post(where, json={"observations": rows}, headers=headers)
                if answer.is_success:
                    return True
            except httpx.HTTPError:
                pass
            if self.over.wait(PAUSE_S):
                return False
