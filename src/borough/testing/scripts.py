"""A script that is told to a district turn by turn, each word until it is acknowledged.

Told to two districts by one clock it is the same input, whatever happens to either meanwhile.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from borough.app.clocks import wall_ms
from borough.app.setup import CREDENTIALS
from borough.core.observations import Index
from borough.engine.catalog import BUILT_IN, find_sound
from borough.engine.derive import Members
from borough.testing.living import Living
from borough.testing.machines import Machine
from borough.testing.senders import Caller

TURN_S = 1.0
"""How often the script speaks, in s of the wall clock; the districts' run many times as fast."""
LANES, EVERY, BLOCKED_S = 8, 3, 840
"""Lanes that are blocked in their turns, how seldom the others speak, how long one is blocked, in
s of the district's clock."""


@dataclass(frozen=True)
class Word:
    """What a device says in a turn: through whom, who, what, and the value."""

    gateway: str
    thing: str
    name: str
    value: float


@dataclass(frozen=True)
class Script:
    """Who speaks in each turn: gateways, meters of the balances, lanes; how many one is blocked."""

    gateways: list[str]
    meters: list[tuple[str, str]]
    lanes: list[tuple[str, str]]
    blocked: int

    @classmethod
    def of(cls, living: Living) -> Self:
        """Choose them out of a registry: meters with a balance, a lane of each gateway."""
        registry = living.held.registry
        via = registry.via.tolist()
        codes = [registry.kinds[kind].code for kind in registry.kind.tolist()]
        fed = set(registry.row_of_series[balance_meters(living)].tolist())

        def named(rows: list[int]) -> list[tuple[str, str]]:
            return [(registry.key[via[row]], registry.key[row]) for row in rows]

        gateways = [registry.key[row] for row, code in enumerate(codes) if code == "gateway"]
        lanes = named([row for row, code in enumerate(codes) if code == "firelane_mag"])
        one_each = sorted(dict(reversed(lanes)).items())
        blocked = round(BLOCKED_S / TURN_S / living.settings.clock_rate)
        return cls(gateways, named(sorted(fed)), one_each[:LANES], blocked)

    def turn(self, number: int) -> Iterator[Word]:
        """Give what is said in a turn; each lane is blocked twice, and some are to the end."""
        if number % EVERY == 0:
            yield from (Word(each, each, "uptime", float(number)) for each in self.gateways)
            yield from (
                Word(gateway, meter, "flow", 16.0 + place % 8)
                for place, (gateway, meter) in enumerate(self.meters)
            )
        for place, (gateway, lane) in enumerate(self.lanes):
            step = (number - place) % (2 * self.blocked)
            if number >= place and step in (0, self.blocked):
                yield Word(gateway, lane, "occupied", float(step == 0))


def balance_meters(living: Living) -> Index:
    """Give the series that the balances of zones are made from."""
    registry = living.held.registry
    (found,) = (each for each in find_sound(BUILT_IN)[0] if each.scene.id == "pipe_leak")
    members = Members.of(found.scene.derives[0], registry)
    return np.flatnonzero(members.many)


@dataclass
class Teller:
    """Tells the script to one district, each word until it is acknowledged."""

    living: Living
    script: Script
    doors: list[Machine]
    began: int
    turn: int = 0
    said: Counter[tuple[int, int, float]] = field(default_factory=Counter)
    last: float = np.inf
    thread: threading.Thread = field(init=False)
    lines: dict[str, Caller] = field(default_factory=dict)

    def __enter__(self) -> Self:
        rows = (self.living.settings.folder / CREDENTIALS).read_text("utf-8").splitlines()[1:]
        self.tokens = dict(row.split(",") for row in rows)
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, wrong: object, *_: object) -> None:
        self.last = 0 if wrong else self.last
        self.thread.join()
        for each in self.lines.values():
            each.line.close()

    def work(self) -> None:
        """Speak turn after turn; one that was kept waiting catches up."""
        clock = self.living.settings.clock
        while self.turn < self.last:
            wall = self.began + round(self.turn * TURN_S * 1000)
            time.sleep(max(0, wall - wall_ms()) / 1000)
            at = clock.now(wall)
            for word in self.script.turn(self.turn):
                self.say(word, at)
            self.turn += 1

    def say(self, word: Word, at: int) -> None:
        """Say one word at one door after the other, until it is acknowledged."""
        row = self.living.series(word.thing, word.name), at, word.value
        topic = f"d/{word.gateway}/{word.thing}/{word.name}"
        payload = b'{"v": %r, "t": %d}' % (word.value, at)
        while True:
            self.said[row] += 1
            with suppress(OSError):
                if self.line(word.gateway).say(topic, payload):
                    return
            if line := self.lines.pop(word.gateway, None):
                line.line.close()
            self.doors.append(self.doors.pop(0))
            time.sleep(0.05)

    def line(self, gateway: str) -> Caller:
        """Give the connection of a gateway, made anew where it broke."""
        if gateway not in self.lines:
            line = Caller(self.doors[0], gateway, self.tokens[gateway])
            line.line.settimeout(2.0)
            self.lines[gateway] = line
        return self.lines[gateway]
